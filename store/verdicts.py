"""What every source sent, week by week, for its verdict; and the verdicts, kept for good.

An organization is read in the order of its sources, some hundreds at a time, and of each the weeks
that are compared: neither how many there are nor how many years they have sent takes more memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from math import isfinite
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, func, insert
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.ledger import Counted
from models.people import SourceKind
from models.sources import watched
from models.verdicts import BEFORE, RECENT, Counts, Judged, bursts
from store import ledger
from store.tables import SourceRow
from store.tables_ledger import FOR_EVER, LedgerRow
from store.tables_sources import SourceVerdictRow

_WEEK: Final = timedelta(days=7)
_AT_ONCE: Final = 500  # sources in one statement
_KINDS: Final = sorted(str(kind) for kind in SourceKind if watched(kind))


class Sent(NamedTuple):
    """What one source sent, as its verdict needs it."""

    source_id: str
    counts: Counts


def sent(session: Session, org: str, week: date) -> Iterator[Sent]:
    """Each source that sent somebody within the weeks compared, up to the day before a Monday.

    By the credited source and the local day (models/attribution.py, models/ledger.py). Sources
    whose silence means nothing are left out.
    """
    query = select(SourceRow.id).where(SourceRow.org == org).order_by(col(SourceRow.id))
    every = session.exec(query).all()
    for first in range(0, len(every), _AT_ONCE):
        yield from _sent(session, org, week, every[first : first + _AT_ONCE])


def _sent(session: Session, org: str, week: date, some: Sequence[str]) -> Iterator[Sent]:
    begin = week - (RECENT + BEFORE) * _WEEK
    line, older = LedgerRow, aliased(LedgerRow)
    before = select(older.id).where(
        _counted(older, org), older.source_id == SourceRow.id, col(older.received_on) < begin
    )
    known = select(SourceRow.id).where(col(SourceRow.id).in_(some), before.exists())
    known_before = set(session.exec(known))
    query = (
        select(col(line.source_id), col(line.received_on), func.count())
        .where(
            _counted(line, org),
            col(line.source_id).in_(some),
            col(line.received_on) >= begin,
            col(line.received_on) < week,
        )
        .group_by(col(line.source_id), col(line.received_on))
        .order_by(col(line.source_id), col(line.received_on))
    )
    for source_id, rows in groupby(session.execute(query), key=itemgetter(0)):
        days = [(day, number) for _, day, number in rows]
        # Of one that sent before, the first day lies somewhere ahead of all that is compared.
        begun = begin - _WEEK if source_id in known_before else days[0][0]
        yield Sent(source_id, _counts(days, begun, week))


def keep(
    session: Session, org: str, week: date, judged: Sequence[tuple[Sent, Judged]], at: datetime
) -> int:
    """Write verdicts of a week that are not there yet; how many. One that is there stays.

    What a month was closed without is known from after that closing on.
    """
    at = ledger.learned(session, org, at)
    ids = [one.source_id for one, _ in judged]
    there = set(
        session.exec(
            select(SourceVerdictRow.source_id).where(
                SourceVerdictRow.org == org,
                SourceVerdictRow.week == week,
                col(SourceVerdictRow.source_id).in_(ids),
            )
        )
    )
    rows = [
        {
            "org": org,
            "week": week,
            "source_id": one.source_id,
            "known_at": at,
            "verdict": str(found.verdict),
            "low": found.low,
            "high": found.high if found.high is not None and isfinite(found.high) else None,
            **one.counts._asdict(),
        }
        for one, found in judged
        if one.source_id not in there
    ]
    if rows:
        session.connection().execute(insert(SourceVerdictRow), rows)
    return len(rows)


def of_source(session: Session, org: str, source_id: str) -> Sequence[SourceVerdictRow]:
    """Every verdict of one source, the newest first."""
    query = select(SourceVerdictRow).where(
        SourceVerdictRow.org == org, SourceVerdictRow.source_id == source_id
    )
    return session.exec(query.order_by(col(SourceVerdictRow.week).desc())).all()


def _counted(line: Any, org: str) -> ColumnElement[bool]:
    """The lines that hold now, of valid referrals from sources whose silence means something."""
    return and_(
        col(line.org) == org,
        col(line.counted) == Counted.REFERRAL,
        col(line.known_until) == FOR_EVER,
        col(line.source_kind).in_(_KINDS),
    )


def _counts(days: Sequence[tuple[date, int]], first: date, week: date) -> Counts:
    """Whole weeks only: a source first heard of lately is watched from the day after that."""
    recent = week - RECENT * _WEEK
    weeks = min(max((recent - first).days // 7, 0), BEFORE)
    begin = recent - weeks * _WEEK
    weekly = [0] * weeks
    lately = 0
    for day, number in days:
        if day >= recent:
            lately += number
        elif day >= begin and day > first:
            weekly[(day - begin).days // 7] += number
    return Counts(lately, sum(weekly), weeks, bursts(weekly))
