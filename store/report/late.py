"""What was told of a month after it was closed: counted apart, in none of its figures."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, exists, func, or_
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.ledger import Counted
from models.monthly import Late
from store.report.scope import Period
from store.tables import LedgerRow
from store.tables_ledger import FOR_EVER


def late(session: Session, period: Period) -> Late:
    """Referrals of the month learned of since its closing, and those that count otherwise now.

    Changed are those that left the month, changed their source or clinic, or of which something
    was told late: a first try or an evaluation from before the closing. What has simply gone on
    since is no change.
    """
    now, then = aliased(LedgerRow), aliased(LedgerRow)
    fresh = [
        col(now.org) == period.org,
        col(now.known_until) == FOR_EVER,
        col(now.known_from) > period.at,
    ]
    counts_now = and_(
        col(now.clinic_id).in_(period.clinics),
        col(now.received_month) == period.month,
        col(now.counted) == Counted.REFERRAL,
    )
    counted_then = and_(
        col(then.referral_id) == col(now.referral_id),
        col(then.known_from) <= period.at,
        col(then.known_until) > period.at,
        col(then.clinic_id).in_(period.clinics),
        col(then.received_month) == period.month,
        col(then.counted) == Counted.REFERRAL,
    )
    how_many = columns(func.count()).select_from(now)
    arrived = session.scalar(how_many.where(*fresh, counts_now, ~exists().where(counted_then)))
    otherwise = or_(
        ~counts_now,
        col(now.source_id) != col(then.source_id),
        _told_late(now.attempted_at, then.attempted_at, period),
        _told_late(now.evaluated_at, then.evaluated_at, period),
    )
    changed = session.scalar(how_many.join(then, counted_then).where(*fresh, otherwise))
    return Late(arrived=int(arrived or 0), changed=int(changed or 0))


def _told_late(now: Any, then: Any, period: Period) -> Any:
    told = func.coalesce(col(now), col(then))
    return and_(col(now).is_distinct_from(col(then)), told <= period.at)
