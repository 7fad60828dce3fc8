"""The book of sources as its tests set it up."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from activities.tenants import Tenants
from models.policy import Policy
from models.policy.house import Gifts
from store import sources
from store.tables import ReferralRow, SourceRow
from tests.doors import ORG
from tests.web.conftest import Site


async def a_source(site: Site, **source: str) -> str:
    """Somebody who has sent a patient; the id of the source."""
    changes: dict[str, Any] = {}
    if source:
        patient = {"family_name": f"Sample{source['npi'][-3:]}", "phone": "(518) 555-0166"}
        changes = {"source": source, "external": f"S-{source['npi']}", "patient": patient}
    referral = await site.door.refer(**changes)
    with site.door.store.read() as session:
        return session.get_one(ReferralRow, referral).source_id


def row(site: Site, source_id: str) -> SourceRow:
    with site.door.store.read() as session:
        return sources.get(session, ORG, source_id)


def give_freely(site: Site, cap: dict[int, Decimal]) -> None:
    """The organization lets gifts be given, with these limits."""
    known = site.door.tenants.get(ORG)
    policy: Policy = known.policy.model_copy(update={"gifts": Gifts(enabled=True, cap=cap)})
    changed = Tenants([known.model_copy(update={"policy": policy})])
    site.door.tenants.__dict__.update(changed.__dict__)


def form_id(text: str, name: str = "form_id") -> str:
    found = re.search(rf'name="{name}" value="([a-z]+_\w+)"', text)
    assert found
    return found[1]
