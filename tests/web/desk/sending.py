"""An office that has sent patients, as scorecards and letters are tested with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import select

from store import ledger
from store.tables import LedgerRow, ReferralRow
from tests.doors import ORG
from tests.web.conftest import Site

MONTH = "2026-01"
CLOSING = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)


async def office_sends(site: Site, number: int, *, first: int = 0, **source: Any) -> str:
    """So many patients of one source, all tried at once and seen after five days; its id."""
    referrals = []
    for one in range(first, first + number):
        patient = {"family_name": f"Sample{one}", "born": f"19{60 + one}-01-04"}
        referrals.append(
            await site.door.refer(
                external=f"R-{one}", patient=patient, source=source, clinic="east"
            )
        )
    with site.door.store.write() as session:
        for referral in referrals:
            (line,) = session.exec(select(LedgerRow).where(LedgerRow.referral_id == referral))
            line.attempted_at = line.received_at + timedelta(hours=1)
            line.evaluated_at = line.received_at + timedelta(days=5)
            line.evaluated_month, line.evaluation_days = MONTH, 5
            session.add(line)
        return session.get_one(ReferralRow, referrals[0]).source_id


def close(site: Site) -> None:
    """The month is over and closed."""
    site.door.now = CLOSING
    ledger.close(site.door.store, ORG, "*", MONTH, at=CLOSING, by="schedule")
