"""What every source sent, week by week, for its verdict; and the verdicts, kept for good.

One statement reads a whole organization, in the order of its sources, so that memory holds one
source at a time however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from math import isfinite
from operator import itemgetter
from typing import Final, NamedTuple

from sqlalchemy import case, func, insert
from sqlmodel import Session, col, select

from models.ledger import Counted
from models.people import SourceKind
from models.sources import watched
from models.verdicts import BEFORE, RECENT, Counts, Judged, bursts
from store import ledger
from store.tables_ledger import FOR_EVER, LedgerRow
from store.tables_sources import SourceVerdictRow

_WEEK: Final = timedelta(days=7)
_AT_ONCE: Final = 2_000  # rows fetched
_KINDS: Final = sorted(str(kind) for kind in SourceKind if watched(kind))


class Sent(NamedTuple):
    """What one source sent, as its verdict needs it."""

    source_id: str
    counts: Counts


def sent(session: Session, org: str, week: date) -> Iterator[Sent]:
    """Each source that sent somebody within the weeks compared, up to the day before a Monday.

    By the credited source and the local day (models/attribution.py, models/ledger.py). Sources
    whose silence means nothing are left out. Read it to its end, or close the session.
    """
    day = case(
        (col(LedgerRow.received_on) >= week - (RECENT + BEFORE) * _WEEK, LedgerRow.received_on)
    )
    query = (
        select(col(LedgerRow.source_id), day, func.count(), func.min(LedgerRow.received_on))
        .where(
            LedgerRow.org == org,
            LedgerRow.counted == Counted.REFERRAL,
            col(LedgerRow.known_until) == FOR_EVER,
            col(LedgerRow.source_kind).in_(_KINDS),
            col(LedgerRow.received_on) < week,
        )
        .group_by(col(LedgerRow.source_id), day)  # all that is older is one line
        .order_by(col(LedgerRow.source_id))
        .execution_options(yield_per=_AT_ONCE)
    )
    for source_id, rows in groupby(session.execute(query), key=itemgetter(0)):
        told = [(day, number, begun) for _, day, number, begun in rows]
        days = [(day, number) for day, number, _ in told if day is not None]
        if days:
            yield Sent(source_id, _counts(days, min(begun for *_, begun in told), week))


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
