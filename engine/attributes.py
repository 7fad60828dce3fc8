"""What an administrator can search workflows by; never anything about a patient.

Search attributes are not encrypted: ids and codes only.
"""

from __future__ import annotations

from typing import Any, Final

from temporalio.common import SearchAttributeKey

ORGANIZATION: Final = SearchAttributeKey.for_keyword("Organization")
CLINIC: Final = SearchAttributeKey.for_keyword("Clinic")
SOURCE: Final = SearchAttributeKey.for_keyword("Source")
STAGE: Final = SearchAttributeKey.for_keyword("Stage")
NEEDS_ATTENTION: Final = SearchAttributeKey.for_bool("NeedsAttention")

# SQL visibility has room for 10 Keyword and 3 Bool attributes (engine-traps.md §5).
ALL: Final[tuple[SearchAttributeKey[Any], ...]] = (
    ORGANIZATION,
    CLINIC,
    SOURCE,
    STAGE,
    NEEDS_ATTENTION,
)
