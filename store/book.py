"""The book of sources read for its pages: the list, and what stands on one source's page.

A list of 50,000 sources is one query and the counts of its page another. No patient is read here;
names of sources that are patients themselves are the page's to hide.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from models.ledger import Counted
from models.people import SourceKind
from models.source_states import SourceState
from models.sources import watched
from store.engine import unindexed
from store.rows import fold
from store.sources import also_known_as
from store.tables import (
    DeliveryRow,
    DeliveryState,
    LedgerRow,
    MergeRow,
    MessageRow,
    PracticeRow,
    ProviderRow,
    ReferralRow,
    SourceRow,
    SourceVerdictRow,
)
from store.tables_ledger import FOR_EVER
from store.tables_post import SubjectType

PAGE: Final = 50
PRIVATE: Final = sorted(str(kind) for kind in SourceKind if not watched(kind))
SORTS: Final = ("matter", "next", "name")
_SILENT: Final = (SourceState.QUIET, SourceState.LAPSED)
_SENT: Final = 3  # over a year and a quarter: below it nothing was lost yet (policy.md rule 20)


class Wanted(NamedTuple):
    """Which sources somebody looks for; an empty word leaves the choice open."""

    state: str = ""
    verdict: str = ""
    kind: str = ""
    owner: str = ""  # a staff id, or "nobody"
    due: bool = False  # whose next touch has come
    search: str = ""
    sort: str = "matter"
    page: int = 1


class Listed(NamedTuple):
    """One line of the list; ``months`` are referrals of each of the months asked for."""

    source: SourceRow
    practice: str | None
    verdict: str | None
    months: tuple[int, ...] = ()

    @property
    def sent(self) -> int:
        """Referrals of those months."""
        return sum(self.months)


def listed(
    session: Session, org: str, wanted: Wanted, months: Sequence[str], now: datetime
) -> tuple[list[Listed], bool]:
    """One page of sources and whether there are more; two queries, whatever their number.

    *months* (``YYYY-MM``, oldest first) are those whose referrals are counted.
    """
    week = select(func.max(SourceVerdictRow.week)).where(SourceVerdictRow.org == org)
    sent = func.coalesce(SourceVerdictRow.recent + SourceVerdictRow.before, 0)
    query = (
        select(SourceRow, PracticeRow.name, SourceVerdictRow.verdict)
        .join(PracticeRow, col(PracticeRow.id) == col(SourceRow.practice_id), isouter=True)
        .join(
            SourceVerdictRow,
            and_(
                col(SourceVerdictRow.org) == org,
                col(SourceVerdictRow.week) == week.scalar_subquery(),
                col(SourceVerdictRow.source_id) == col(SourceRow.id),
            ),
            isouter=True,
        )
        .where(*_which(org, wanted, now))
        .order_by(*_order(wanted.sort, sent))
        .offset((max(wanted.page, 1) - 1) * PAGE)
        .limit(PAGE + 1)
    )
    rows = session.exec(query).all()
    found = rows[:PAGE]
    counts = by_month(session, org, [row.id for row, _, _ in found], months[0] if months else "")
    return [
        Listed(row, practice, verdict, tuple(counts.get((row.id, month), 0) for month in months))
        for row, practice, verdict in found
    ], len(rows) > PAGE


def by_month(
    session: Session, org: str, source_ids: Collection[str], first: str
) -> dict[tuple[str, str], int]:
    """Referrals of some sources by source and month from one month on; those of none are absent."""
    if not source_ids or not first:
        return {}
    query = (
        columns(col(LedgerRow.source_id), col(LedgerRow.received_month), func.count())
        .where(
            *_counted(org, source_ids),
            col(LedgerRow.received_on) >= date.fromisoformat(f"{first}-01"),
        )
        .group_by(col(LedgerRow.source_id), col(LedgerRow.received_month))
    )
    return {(source, month): number for source, month, number in session.execute(query)}


def by_stage(session: Session, org: str, source_id: str) -> dict[str, dict[str, int]]:
    """All referrals of one source: how many of each stage by month, the newest month first."""
    received = unindexed(
        LedgerRow.received_month
    )  # or its order would be looked up, of all sources
    query = (
        columns(received, col(LedgerRow.stage), func.count())
        .where(*_counted(org, [source_id]))
        .group_by(received, col(LedgerRow.stage))
        .order_by(received.desc())
    )
    found: dict[str, dict[str, int]] = {}
    for month, stage, number in session.execute(query):
        found.setdefault(month, {})[stage] = number
    return found


class Sent(NamedTuple):
    """One message of ours that reached a source; about whom it was is not said."""

    kind: str
    channel: str
    at: datetime


def sent_to(session: Session, source_ids: Collection[str], most: int = 20) -> list[Sent]:
    """What we have sent to a source, the newest first: thank-yous, questions, notices."""
    at = func.coalesce(DeliveryRow.settled_at, DeliveryRow.created_at)
    theirs = select(ReferralRow.id).where(col(ReferralRow.source_id).in_(source_ids))
    query = (
        select(MessageRow.kind, DeliveryRow.channel, DeliveryRow.settled_at, DeliveryRow.created_at)
        .join(MessageRow, col(MessageRow.id) == col(DeliveryRow.subject_id))
        .where(
            col(DeliveryRow.referral_id).in_(theirs),
            unindexed(DeliveryRow.subject_type) == SubjectType.MESSAGE,
            unindexed(DeliveryRow.state).in_([DeliveryState.ACCEPTED, DeliveryState.DELIVERED]),
            col(DeliveryRow.channel) != "crm",
            or_(
                col(MessageRow.to_party) == "source", col(MessageRow.to_party).startswith("source:")
            ),
        )
        .order_by(at.desc())
        .limit(most)
    )
    return [
        Sent(kind, channel, settled or created)
        for kind, channel, settled, created in session.exec(query)
    ]


class Who(NamedTuple):
    """Whom a source stands for, with every number we have of them."""

    source: SourceRow
    provider: ProviderRow | None
    practice: PracticeRow | None
    colleagues: Sequence[ProviderRow]  # of the same practice


def who(session: Session, source: SourceRow) -> Who:
    """The provider and the practice behind a source, and who else works there."""
    provider = session.get(ProviderRow, source.provider_id) if source.provider_id else None
    practice = session.get(PracticeRow, source.practice_id) if source.practice_id else None
    colleagues: Sequence[ProviderRow] = ()
    if practice is not None:
        query = select(ProviderRow).where(
            ProviderRow.org == source.org,
            ProviderRow.practice_id == practice.id,
            col(ProviderRow.left_on).is_(None),
        )
        colleagues = session.exec(query.order_by(col(ProviderRow.name)).limit(100)).all()
    return Who(source, provider, practice, colleagues)


def merges_of(session: Session, source_id: str) -> Sequence[MergeRow]:
    """Every decision that this source and another are one, the newest first."""
    query = select(MergeRow).where((MergeRow.gone == source_id) | (MergeRow.into == source_id))
    return session.exec(query.order_by(col(MergeRow.at).desc())).all()


def all_names_of(session: Session, source_id: str) -> list[str]:
    """The ids that stand for this source by now, its own first."""
    return also_known_as(session, source_id)


def _counted(org: str, source_ids: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return (
        col(LedgerRow.org) == org,
        col(LedgerRow.source_id).in_(list(source_ids)),
        col(LedgerRow.known_until) == FOR_EVER,
        col(LedgerRow.counted) == Counted.REFERRAL,
    )


def _which(org: str, wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = [
        col(SourceRow.org) == org,
        col(SourceRow.merged_into).is_(None),
    ]
    if wanted.kind:
        which.append(col(SourceRow.kind) == wanted.kind)
    else:
        which.append(col(SourceRow.kind).not_in(PRIVATE))
    if wanted.state == "silent":
        which.append(col(SourceRow.state).in_(_SILENT))
    elif wanted.state:
        which.append(col(SourceRow.state) == wanted.state)
    if wanted.verdict:
        which.append(col(SourceVerdictRow.verdict) == wanted.verdict)
    if wanted.owner == "nobody":
        which.append(col(SourceRow.owner_id).is_(None))
    elif wanted.owner:
        which.append(col(SourceRow.owner_id) == wanted.owner)
    if wanted.due:
        which.append(col(SourceRow.next_touch_at) <= now)
    if wanted.search.strip():
        which.append(_named(org, wanted.search))
    return which


def _named(org: str, text: str) -> ColumnElement[bool]:
    """By part of a name or of the practice's, by NPI, or by the digits of a number."""
    wanted = fold(text)
    found = [
        func.lower(SourceRow.name).contains(wanted, autoescape=True),
        func.lower(PracticeRow.name).contains(wanted, autoescape=True),
    ]
    digits = "".join(sign for sign in wanted if sign.isdigit())
    if len(digits) >= 7:
        found += [
            col(PracticeRow.fax).endswith(digits),
            col(PracticeRow.phone).endswith(digits),
            col(SourceRow.fax).endswith(digits),
            col(SourceRow.phone).endswith(digits),
            col(SourceRow.provider_id).in_(
                select(ProviderRow.id).where(ProviderRow.org == org, ProviderRow.npi == digits)
            ),
        ]
    return or_(*found)


def _order(sort: str, sent: ColumnElement[int]) -> tuple[Any, ...]:
    tie: tuple[Any, ...] = (func.lower(SourceRow.name), col(SourceRow.id))
    if sort == "name":
        return tie
    if sort == "next":
        unset = case((col(SourceRow.next_touch_at).is_(None), 1), else_=0)
        return (unset, col(SourceRow.next_touch_at), *tie)
    silent = col(SourceRow.state).in_(_SILENT)
    worthy = or_(col(SourceRow.key_source).is_(True), sent >= _SENT)
    urgency = case(
        (col(SourceRow.left_on).is_not(None), 7),
        (and_(silent, worthy), 0),
        (and_(col(SourceRow.state) == SourceState.COOLING, worthy), 1),
        (col(SourceVerdictRow.verdict) == "fading", 2),
        (silent, 3),
        (col(SourceRow.state) == SourceState.COOLING, 4),
        (col(SourceRow.state) == SourceState.RETURNED, 5),
        else_=6,
    )
    key = case((col(SourceRow.key_source).is_(True), 0), else_=1)
    return (urgency, key, sent.desc(), *tie)
