"""How the sources stood at the end of a month, and which of them came back during it.

"Lapsed" in the monthly report is quiet or lapsed at the month's end (policy.md rule 19). Both are
read from the history of states as it was known at the moment of the report. Sources belong to the
organization, not to a clinic: callers give days and midnights of its first clinic, by which their
states are dated (models/rhythm.py), whichever clinic the report is of.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, true
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models import re_engagement
from models.monthly import Relationship, Value
from models.re_engagement import Facts
from models.source_states import SourceState
from models.sources import public_name
from store.engine import unindexed
from store.report.scope import Period
from store.tables import LedgerRow, SourceRow, SourceStateRow, SourceVerdictRow

S, V = SourceStateRow, SourceVerdictRow
SILENT = (SourceState.QUIET, SourceState.LAPSED)


class Judged(NamedTuple):
    """The last weekly verdict on a source in the month."""

    verdict: str
    recent: int
    before: int
    weeks: int


def silent(session: Session, period: Period, until: datetime, day: Any) -> tuple[Relationship, ...]:
    """Sources that stood quiet or lapsed at *until*, the end of the month; the longest first.

    Only those that ever sent to these clinics, so that a source merged by then into another one,
    to which its referrals went, is not told of; ``day`` makes a local day of a moment.
    """
    told = aliased(SourceStateRow)
    newest = (
        columns(func.max(col(told.id)))
        .where(
            col(told.source_id) == col(SourceRow.id), col(told.since) < until, _known(period, told)
        )
        .correlate(SourceRow)
        .scalar_subquery()
    )
    query = (
        columns(SourceRow, S)
        .join(S, col(S.id) == newest)
        .where(col(SourceRow.org) == period.org, col(S.state).in_(SILENT), _ours(period))
        .order_by(col(S.since), col(SourceRow.id))
    )
    at = min(until, period.at)  # a month that is not over has not been silent to its end
    return tuple(
        _told(source, state, day, _still(state, at)) for source, state in session.execute(query)
    )


def _still(state: SourceStateRow, at: datetime) -> str:
    """The facts as they were written when it fell silent, its days counted on until a moment."""
    if not state.facts:
        return ""
    known = Facts.model_validate({k: v for k, v in state.facts.items() if k in Facts.model_fields})
    days = max(at - state.last_at, timedelta(0)).days
    return re_engagement.silence(known.model_copy(update={"silent": days})).capitalize()


def returned(
    session: Session, period: Period, since: datetime, until: datetime, day: Any
) -> tuple[Relationship, ...]:
    """Sources that came back during the month, after having been quiet or lapsed."""
    query = (
        columns(SourceRow, S)
        .join(S, col(S.source_id) == col(SourceRow.id))
        .where(
            col(S.org) == period.org,
            col(S.state) == SourceState.RETURNED,
            col(S.since) >= since,
            col(S.since) < until,
            _stands(period),
            _ours(period),
            _known(period),
        )
        .order_by(col(S.since), col(SourceRow.id))
    )
    found = {
        source.id: _told(source, state, day, str(state.facts.get("says", "")))
        for source, state in session.execute(query)
    }
    return tuple(found.values())


def verdicts(session: Session, period: Period, first: date, last: date) -> dict[str, Judged]:
    """The newest verdicts of a week that lies in the month, or of the one in which it began.

    None where nobody was judged in these weeks: an older verdict says nothing of this month.
    """
    seen = and_(
        col(V.org) == period.org,
        col(V.week).between(first - timedelta(days=6), last),
        _known(period, V),
    )
    week = session.scalar(columns(func.max(col(V.week))).where(seen))
    if week is None:
        return {}
    query = columns(
        col(V.source_id), col(V.verdict), col(V.recent), col(V.before), col(V.weeks)
    ).where(seen, col(V.week) == week)
    return {source: Judged(*told) for source, *told in session.execute(query)}


def protected(session: Session, period: Period, per_episode: float | None) -> Value:
    """What sources that came back in the last twelve months have brought since.

    Evaluated referrals received from the day they came back on, times the organization's own value
    of an episode; without one there is a count and no value.
    """
    back = _came_back(period).subquery()
    query = (
        columns(func.count(func.distinct(col(LedgerRow.source_id))), func.count())
        .select_from(LedgerRow)
        .join(back, back.c.source_id == col(LedgerRow.source_id))
    )
    query = query.where(
        period.referrals(),
        col(LedgerRow.source_id).in_(columns(back.c.source_id)),  # each looked up by itself
        col(LedgerRow.received_at) >= back.c.since,
        _brought(period),
    )
    sources, episodes = session.execute(query).one()
    worth = None if per_episode is None else round(per_episode * int(episodes), 2)
    return Value(
        returned=int(sources), episodes=int(episodes), per_episode=per_episode, protected=worth
    )


def brought_back(period: Period) -> ColumnElement[bool]:
    """The same referrals: evaluated, and received since their source came back."""
    back = _came_back(period).subquery()
    since = columns(back.c.since).where(back.c.source_id == col(LedgerRow.source_id))
    return and_(
        col(LedgerRow.source_id).in_(columns(back.c.source_id)),
        col(LedgerRow.received_at) >= since.scalar_subquery(),
        _brought(period),
    )


def _came_back(period: Period) -> Select[str, datetime]:
    """Who came back in the twelve months, and when first."""
    in_time = () if period.begins is None else (col(S.since) >= period.begins,)
    return (
        columns(col(S.source_id), func.min(col(S.since)).label("since"))
        .where(
            col(S.org) == period.org,
            col(S.state) == SourceState.RETURNED,
            *in_time,
            _stands(period),
            _known(period),
        )
        .group_by(col(S.source_id))
    )


def _brought(period: Period) -> ColumnElement[bool]:
    evaluated = col(LedgerRow.evaluated_at).is_not(None)
    return and_(unindexed(LedgerRow.received_month).in_(period.year), evaluated)


def _known(period: Period, table: Any = S) -> ColumnElement[bool]:
    """What was known at the moment of the report; of an open month everything."""
    return true() if period.newest else col(table.known_at) <= period.at


def _ours(period: Period) -> Any:
    """They have sent somebody to one of these clinics."""
    sent = columns(col(LedgerRow.id)).where(
        period.referrals(), col(LedgerRow.source_id) == col(SourceRow.id)
    )
    return sent.exists()


def _stands(period: Period) -> Any:
    """No later word has taken it back."""
    later = aliased(SourceStateRow)
    wrong = [
        col(later.source_id) == col(S.source_id),
        col(later.id) > col(S.id),
        col(later.since) <= col(S.since),
        _known(period, later),
    ]
    return ~columns(col(later.id)).where(and_(*wrong)).exists()


def _told(source: SourceRow, state: SourceStateRow, day: Any, says: str) -> Relationship:
    return Relationship(
        source_id=source.id,
        name=public_name(source.kind, source.name),
        kind=source.kind,
        state=state.state,
        since=day(state.since),
        last_on=day(state.last_at),
        owner=source.owner_id,
        says=says,
    )
