"""Referrals by source: the month's figures of each, and twelve months of how many it sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.ledger import Counted
from models.monthly import Amount, SourceLine
from models.sources import public_name
from store.engine import unindexed
from store.ledger import known_at
from store.report.asks import Measure
from store.report.measures import MEASURES
from store.report.scope import Period
from store.report.series import asked_in, how_many, median_of
from store.tables import LedgerRow, ReferralRow, SourceRow

L = LedgerRow
# Grouped by its value: for the order of its index a month would be read out of all that ever was.
_SOURCE: Any = unindexed(L.source_id)
_SHARES = ("contacted_24h", "converted")


def by_source(session: Session, period: Period, first: str = "") -> tuple[SourceLine, ...]:
    """Every source that sent somebody in the thirteen months, the biggest of the month first.

    Of months before the organization's *first* referral nothing is known: None, and not 0. Named
    as they are called today, who was a patient by kind alone; a source merged since then is still
    itself in a closed month.
    """
    sent = _sent(session, period)
    also = _also(session, period)
    shares = _shares(session, period)
    days = _days(session, period)
    compared, year = period.compared, period.year
    lines = []

    def sent_in(counts: Mapping[str, int], month: str) -> int | None:
        return counts.get(month, 0) if month >= first else None

    for row in _named(session, period, {*sent, *also}):
        theirs = sent.get(row.id)
        counts = theirs.months if theirs else {}
        contacted, evaluated = shares.get(row.id, (Amount(), Amount()))
        lines.append(
            SourceLine(
                source_id=row.id,
                name=public_name(row.kind, row.name),
                kind=row.kind,
                received=counts.get(period.month, 0),
                before=sent_in(counts, year[-2]),
                year_ago=sent_in(counts, compared[0]),
                also=also.get(row.id, 0),
                twelve=tuple(sent_in(counts, month) for month in year),
                contacted=contacted,
                evaluated=evaluated,
                days=days.get(row.id, Amount()),
                last_on=theirs.last_on if theirs else None,
            )
        )

    def place(one: SourceLine) -> tuple[int, int, str, str]:
        return -one.received, -sum(number or 0 for number in one.twelve), one.name, one.source_id

    return tuple(sorted(lines, key=place))


class _Sent:
    """How many a source sent in each month, and on which day the last of them came."""

    __slots__ = ("last_on", "months")

    def __init__(self) -> None:
        self.months: dict[str, int] = {}
        self.last_on: date | None = None

    def add(self, month: str, number: int, last_on: date) -> None:
        """One month of theirs."""
        self.months[month] = number
        self.last_on = last_on if self.last_on is None else max(self.last_on, last_on)


def _named(session: Session, period: Period, wanted: Collection[str]) -> Iterable[Any]:
    """Id, name and kind of the sources that are wanted."""
    query = columns(col(SourceRow.id), col(SourceRow.name), col(SourceRow.kind)).where(
        col(SourceRow.org) == period.org
    )
    return (row for row in session.connection().execute(query) if row.id in wanted)


def _sent(session: Session, period: Period) -> dict[str, _Sent]:
    query = (
        columns(_SOURCE, col(L.received_month), func.count(), func.max(L.received_on))
        .where(period.referrals(), col(L.received_month).in_(period.compared))
        .group_by(_SOURCE, col(L.received_month))
    )
    found: defaultdict[str, _Sent] = defaultdict(_Sent)
    for source, month, number, last_on in session.connection().execute(query):
        found[source].add(month, int(number), last_on)
    return found


def _also(session: Session, period: Period) -> dict[str, int]:
    """Patients a source sent as well, whom another one is credited with."""
    query = (
        columns(_SOURCE, func.count())
        .where(also_sent(period), sent_by_another(period), col(L.received_month) == period.month)
        .group_by(_SOURCE)
    )
    return {source: int(number) for source, number in session.connection().execute(query)}


def also_sent(period: Period) -> ColumnElement[bool]:
    """The lines of whoever sent a patient as well."""
    return and_(period.lines(), col(L.counted) == Counted.CO_SOURCE)


def sent_by_another(period: Period) -> ColumnElement[bool]:
    """Not credited to the same source.

    A self-referral gives way, so whoever comes second may be the one who is credited: then the
    same patient is not counted for it twice.
    """
    first = aliased(LedgerRow)
    its_own = (
        columns(col(first.id))
        .join(ReferralRow, col(ReferralRow.duplicate_of) == col(first.referral_id))
        .where(
            col(ReferralRow.id) == col(L.referral_id),
            unindexed(first.org) == period.org,  # its referral finds it
            col(first.source_id) == col(L.source_id),
            col(first.counted) == Counted.REFERRAL,
            known_at(period.known, first),
        )
    )
    return ~its_own.exists()


def _shares(session: Session, period: Period) -> dict[str, tuple[Amount, Amount]]:
    asked: list[Any] = []
    for one in _chosen():
        of = one.of(period)
        yes = one.counts(period) if one.counts is not None else of
        still = one.still(period) if one.still is not None else ~of
        open_ones = and_(of, still, ~func.coalesce(yes, False))
        asked += [how_many(of), how_many(and_(of, yes)), how_many(open_ones)]
    query = (
        columns(_SOURCE, *asked)
        .where(period.referrals(), col(L.received_month) == period.month)
        .group_by(_SOURCE)
    )
    found = {}
    for source, *told in session.connection().execute(query):
        found[source] = (_share(*told[:3]), _share(*told[3:]))
    return found


def _chosen() -> Iterable[Measure]:
    return (MEASURES[name] for name in _SHARES)


def _share(n: int, number: int, still: int) -> Amount:
    value = 100 * int(number) / int(n) if n else None
    return Amount(value=value, n=int(n), number=int(number), open=int(still))


def _days(session: Session, period: Period) -> dict[str, Amount]:
    """Days to evaluation as the registry has them: of those evaluated in the month."""
    measure = MEASURES["evaluation_days"]
    rows: Select[Any] = columns(
        _SOURCE.label("source_id"), col(measure.column).label("value")
    ).where(asked_in(measure, period, [period.month]), col(measure.column).is_not(None))
    told = session.connection().execute(median_of(rows, "source_id"))
    return {name: Amount(value=float(value), n=int(n)) for name, value, n in told}
