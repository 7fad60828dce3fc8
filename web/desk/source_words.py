"""What the pages about sources call things, and what each viewer may be told of a source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from models.access import May, holders_of
from models.errors import NotFound
from models.months import month_of, up_to
from models.organization import Staff
from models.people import SourceKind
from models.source_states import SourceState
from models.verdicts import Verdict
from reports.kit.scene_svg import to_hidden_svg
from reports.monthly_charts import sparkline
from store import book
from store.tables import SourceRow
from web.desk.door import Desk, Viewer

MONTHS: Final = 12
STATES: Final[dict[str, str]] = {
    SourceState.ACTIVE: "sending",
    SourceState.COOLING: "cooling",
    SourceState.QUIET: "quiet",
    SourceState.LAPSED: "lapsed",
    SourceState.RETURNED: "back",
}
VERDICTS: Final[dict[str, str]] = {
    Verdict.GROWING: "growing",
    Verdict.HOLDING: "holding",
    Verdict.FADING: "fading",
    Verdict.TOO_FEW: "too few to say",
}
KINDS: Final[dict[str, str]] = {
    SourceKind.PROVIDER: "Provider",
    SourceKind.PRACTICE: "Practice",
    SourceKind.CASE_MANAGER: "Case manager",
    SourceKind.EMPLOYER: "Employer",
    SourceKind.ATTORNEY: "Attorney",
    SourceKind.SCHOOL: "School",
    SourceKind.PAST_PATIENT: "Past patient",
    SourceKind.SELF: "Self-referral",
}
SAID: Final[dict[str, str]] = {
    "touch": "It is on record.",
    "answered": "It is on record, and the task that asked for it is done.",
    "strike": "Struck out; it stays readable.",
    "prefer": "Kept.",
    "owner": "Kept.",
    "away": "Kept. Days of leave are no silence.",
    "left": "They have left: open plans are with their successor or with a person.",
    "left-back": "Taken back.",
    "gift": "The gift is on record.",
    "gift-back": "Taken back. The first line stays, with its opposite.",
    "merge": "They are one source now.",
    "merge-back": "They are two sources again.",
}


def called(viewer: Viewer, row: SourceRow) -> str:
    """A source by name; one that is a patient only for those who see patients by name."""
    return KINDS[row.kind] if hidden(viewer, row) else row.name


def hidden(viewer: Viewer, row: SourceRow) -> bool:
    """Whether a source is a patient whose name this viewer does not see."""
    return row.kind in book.PRIVATE and not viewer.named


def check_named(viewer: Viewer, *rows: SourceRow) -> None:
    """Raises NotFound for a source that to this viewer is nobody by name."""
    if any(hidden(viewer, row) for row in rows):
        raise NotFound("There is no such source.")


def keepers(desk: Desk, viewer: Viewer) -> Sequence[Staff]:
    """Who may own a relationship: whoever keeps the book."""
    return holders_of(desk.tenants.get(viewer.org).staff, May.SOURCES)


def last_months(desk: Desk, viewer: Viewer, number: int = MONTHS) -> tuple[str, ...]:
    """The last months by the clock of the viewer's first clinic, this one last."""
    return up_to(month_of(today_of(desk, viewer)), number)


def today_of(desk: Desk, viewer: Viewer) -> date:
    """Today by the clock of the viewer's first clinic."""
    return desk.clock().astimezone(ZoneInfo(desk.home(viewer).zone)).date()


def spark(months: Sequence[int]) -> Markup:
    """Twelve months as a small line, hidden from readers who have the numbers beside it."""
    return to_hidden_svg(sparkline([float(one) for one in months])) if months else Markup("")
