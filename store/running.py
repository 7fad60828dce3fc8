"""What should be running in the engine, by the record alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from models.people import SourceKind
from models.referral import Stage
from models.sources import watched
from store.tables import FactRow, ReferralRow, SourceRow

_CLOSED = "referral_closed"
_KNOWN = (ReferralRow.org, ReferralRow.id, ReferralRow.source_id, ReferralRow.recorded_at)


class Known(NamedTuple):
    """A referral by its ids, and when the store learned of it (wall time)."""

    org: str
    referral_id: str
    source_id: str
    recorded_at: datetime


class Watched(NamedTuple):
    """A source whose silence is watched."""

    org: str
    source_id: str
    quiet: bool


def open_referrals(session: Session, orgs: Iterable[str]) -> list[Known]:
    """Every referral of these organizations that is not closed; duplicates have no life."""
    query = select(*_KNOWN).where(
        col(ReferralRow.org).in_(list(orgs)),
        col(ReferralRow.duplicate_of).is_(None),
        ReferralRow.stage != Stage.CLOSED,
    )
    return [Known(*row) for row in session.exec(query.order_by(col(ReferralRow.id)))]


def closed_since(session: Session, orgs: Iterable[str], since: datetime) -> list[Known]:
    """Referrals that are closed, and were told so since a moment (wall time)."""
    lately = select(FactRow.referral_id).where(
        FactRow.kind == _CLOSED, FactRow.recorded_at >= since
    )
    query = select(*_KNOWN).where(
        col(ReferralRow.org).in_(list(orgs)),
        col(ReferralRow.id).in_(lately),
        ReferralRow.stage == Stage.CLOSED,
    )
    return [Known(*row) for row in session.exec(query.order_by(col(ReferralRow.id)))]


def watched_sources(session: Session, orgs: Iterable[str]) -> list[Watched]:
    """Every source that has sent a patient and whose silence would mean something."""
    kinds = [str(kind) for kind in SourceKind if watched(kind)]
    query = select(SourceRow.org, SourceRow.id, SourceRow.quiet_since).where(
        col(SourceRow.org).in_(list(orgs)),
        col(SourceRow.kind).in_(kinds),
        col(SourceRow.last_received_at).is_not(None),
        col(SourceRow.left_on).is_(None),
        col(SourceRow.merged_into).is_(None),
    )
    rows = session.exec(query.order_by(col(SourceRow.id)))
    return [Watched(org, source_id, quiet is not None) for org, source_id, quiet in rows]
