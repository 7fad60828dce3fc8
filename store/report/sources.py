"""Referrals by source: the month's figures of each, and twelve months of how many it sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, and_, func
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from models.ledger import Counted
from models.monthly import Amount, SourceLine
from models.sources import public_name
from store.ledger import known_at
from store.report.measures import MEASURES, Measure
from store.report.scope import Period
from store.report.series import how_many, median_of
from store.tables import LedgerRow, ReferralRow, SourceRow

L = LedgerRow
_SHARES = ("contacted_24h", "converted")


def by_source(session: Session, period: Period) -> tuple[SourceLine, ...]:
    """Every source that sent somebody in the thirteen months, the biggest of the month first.

    Named as they are called today, who was a patient by kind alone; a source merged since then is
    still itself in a closed month.
    """
    sent = _sent(session, period)
    also = _also(session, period)
    shares = _shares(session, period)
    days = _days(session, period)
    before = period.year[-2]
    lines = []
    for row in _named(session, period, {*sent, *also}):
        counts = sent.get(row.id, {})
        contacted, evaluated = shares.get(row.id, (Amount(), Amount()))
        lines.append(
            SourceLine(
                source_id=row.id,
                name=row.name,
                kind=row.kind,
                received=counts.get(period.month, 0),
                before=counts.get(before, 0),
                year_ago=counts.get(period.compared[0], 0),
                also=also.get(row.id, 0),
                twelve=tuple(counts.get(month, 0) for month in period.year),
                contacted=contacted,
                evaluated=evaluated,
                days=days.get(row.id, Amount()),
                last_on=row.last_on,
            )
        )
    lines.sort(key=lambda one: (-one.received, -sum(one.twelve), one.name, one.source_id))
    return tuple(lines)


class _Source:
    """A source's name and when it was last heard from."""

    __slots__ = ("id", "kind", "last_on", "name")

    def __init__(self, row: Any) -> None:
        self.id, name, self.kind, self.last_on = row
        self.name = public_name(self.kind, name)


def _named(session: Session, period: Period, wanted: set[str]) -> Iterable[_Source]:
    """Names and last referral, by the same lines as the counts."""
    last = (
        columns(col(L.source_id).label("source_id"), func.max(col(L.received_on)).label("last_on"))
        .where(period.referrals())
        .group_by(col(L.source_id))
        .subquery()
    )
    query = (
        columns(col(SourceRow.id), col(SourceRow.name), col(SourceRow.kind), last.c.last_on)
        .join(last, last.c.source_id == col(SourceRow.id), isouter=True)
        .where(col(SourceRow.org) == period.org)
    )
    return (_Source(row) for row in session.connection().execute(query) if row[0] in wanted)


def _sent(session: Session, period: Period) -> dict[str, dict[str, int]]:
    query = (
        columns(col(L.source_id), col(L.received_month), func.count())
        .where(period.referrals(), col(L.received_month).in_(period.compared))
        .group_by(col(L.source_id), col(L.received_month))
    )
    found: dict[str, dict[str, int]] = {}
    for source, month, number in session.connection().execute(query):
        found.setdefault(source, {})[month] = int(number)
    return found


def _also(session: Session, period: Period) -> dict[str, int]:
    """Patients a source sent as well, whom another one is credited with.

    A self-referral gives way, so whoever comes second may be the one who is credited: then the
    same patient is not counted for it twice.
    """
    first = aliased(LedgerRow)
    its_own = (
        columns(col(first.id))
        .where(
            col(first.org) == period.org,
            col(first.referral_id) == col(ReferralRow.duplicate_of),
            col(first.source_id) == col(L.source_id),
            col(first.counted) == Counted.REFERRAL,
            known_at(period.known, first),
        )
        .exists()
    )
    query = (
        columns(col(L.source_id), func.count())
        .join(ReferralRow, col(ReferralRow.id) == col(L.referral_id))
        .where(
            period.lines(),
            col(L.counted) == Counted.CO_SOURCE,
            col(L.received_month) == period.month,
            ~its_own,
        )
        .group_by(col(L.source_id))
    )
    return {source: int(number) for source, number in session.connection().execute(query)}


def _shares(session: Session, period: Period) -> dict[str, tuple[Amount, Amount]]:
    asked: list[Any] = []
    for one in _chosen():
        of = one.of(period)
        yes = one.counts(period) if one.counts is not None else of
        still = one.still(period) if one.still is not None else ~of
        open_ones = and_(of, still, ~func.coalesce(yes, False))
        asked += [how_many(of), how_many(and_(of, yes)), how_many(open_ones)]
    query = (
        columns(col(L.source_id), *asked)
        .where(period.referrals(), col(L.received_month) == period.month)
        .group_by(col(L.source_id))
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
    """Median days to evaluation of those received in the month."""
    source: Any = col(L.source_id)
    rows: Select[Any] = columns(
        source.label("source_id"), col(L.evaluation_days).label("value")
    ).where(
        period.referrals(),
        col(L.received_month) == period.month,
        col(L.evaluation_days).is_not(None),
    )
    told = session.connection().execute(median_of(rows, "source_id"))
    return {name: Amount(value=float(value), n=int(n)) for name, value, n in told}
