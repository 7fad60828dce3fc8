"""What was told of a month after it was closed: counted apart, in none of its figures."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, false, func, or_
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.ledger import Counted
from models.monthly import Late
from store.report.asks import Month
from store.report.scope import Period
from store.report.series import how_many
from store.tables import LedgerRow
from store.tables_ledger import FOR_EVER

#: Months of events that others tell us of, which may be late. What we do ourselves never is.
TOLD: Final = (Month.RECEIVED, Month.EVALUATED, Month.DISCHARGED)


class _Told(NamedTuple):
    """The newest lines of the organization against those that stood when the month was closed."""

    now: Any
    then: Any
    fresh: ColumnElement[bool]
    stood: ColumnElement[bool]
    came: ColumnElement[bool]
    otherwise: ColumnElement[bool]


def late(session: Session, period: Period) -> Late:
    """Referrals of the month learned of since its closing, and others that count otherwise now.

    Changed are those that came into the month or left it by an evaluation or a discharge told
    late, that left it altogether, that changed their source or clinic, or whose first try or
    evaluation from before the closing was told late. What has simply gone on since is no change.
    """
    told = _told(period)
    here = _here(told, period, how_many(told.came), how_many(and_(~told.came, told.otherwise)))
    came, otherwise = session.execute(here).one()
    gone = session.scalar(_gone(told, period, func.count()))
    return Late(arrived=int(came), changed=int(otherwise) + int(gone or 0))


def arrived(period: Period) -> ColumnElement[bool]:
    """The newest lines of those learned of since the closing."""
    told = _told(period)
    return col(LedgerRow.id).in_(_here(told, period, col(told.now.id)).where(told.came))


def changed(period: Period) -> ColumnElement[bool]:
    """Those that count otherwise now: their newest line, of one that left the last that counted."""
    told = _told(period)
    here = _here(told, period, col(told.now.id)).where(~told.came, told.otherwise)
    return col(LedgerRow.id).in_(here.union_all(_gone(told, period, col(told.then.id))))


def _told(period: Period) -> _Told:
    now, then = aliased(LedgerRow), aliased(LedgerRow)
    fresh = and_(col(now.known_until) == FOR_EVER, col(now.known_from) > period.at)
    stood = and_(
        col(then.referral_id) == col(now.referral_id),
        col(then.known_from) <= period.at,
        col(then.known_until) > period.at,
    )
    came = and_(_in(now, period, Month.RECEIVED), ~_in(then, period, Month.RECEIVED))
    otherwise = or_(
        *(_in(now, period, one) != _in(then, period, one) for one in TOLD),
        and_(
            _in(now, period, Month.RECEIVED),
            or_(
                col(now.source_id) != col(then.source_id),
                _told_late(now.attempted_at, then.attempted_at, period),
                _told_late(now.evaluated_at, then.evaluated_at, period),
            ),
        ),
    )
    return _Told(now, then, fresh, stood, came, otherwise)


# Asked from either side, so that an index finds the lines of the month on both.


def _here(told: _Told, period: Period, *what: Any) -> Select[Any]:
    query = columns(*what).select_from(told.now).outerjoin(told.then, told.stood)
    return query.where(told.fresh, _counts(told.now, period))


def _gone(told: _Told, period: Period, what: Any) -> Select[Any]:
    query = columns(what).select_from(told.then).join(told.now, told.stood)
    left = ~func.coalesce(_counts(told.now, period), false())
    return query.where(told.fresh, _counts(told.then, period), left)


def _counts(line: Any, period: Period) -> ColumnElement[bool]:
    """A line counts in one of the month's figures."""
    in_month = (  # an index for each of the months
        and_(col(line.org) == period.org, col(getattr(line, one.value)) == period.month)
        for one in TOLD
    )
    return and_(_valid(line, period), or_(*in_month))


def _in(line: Any, period: Period, month: Month) -> ColumnElement[bool]:
    """It counts in the figures of what happened in the month; no where it holds no line."""
    in_month = col(getattr(line, month.value)) == period.month
    return func.coalesce(and_(_valid(line, period), in_month), false())


def _valid(line: Any, period: Period) -> ColumnElement[bool]:
    return and_(col(line.clinic_id).in_(period.clinics), col(line.counted) == Counted.REFERRAL)


def _told_late(now: Any, then: Any, period: Period) -> ColumnElement[bool]:
    told = func.coalesce(col(now), col(then))
    return and_(col(now).is_distinct_from(col(then)), told <= period.at)
