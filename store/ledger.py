"""The ledger: each referral's line, kept as it was known when a month was closed.

Between two closings a line is changed in place; the first change after a closing ends the old line
and begins another. So the ledger holds as many lines for a referral as there were closings during
its life, and a closed month is the same SELECT with ``known_at`` its closing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, func, insert, update
from sqlmodel import Session, col, select

from models.attribution import Heard
from models.kinds import Kind
from models.ledger import Asked, Line, ScoreLine, line, scores
from models.linking import Link
from models.policy import Rules
from models.referral import Referral
from models.regions import Region
from store.engine import Store
from store.rows import LOCKED, insert_unless_there
from store.tables import ReferralRow, SourceRow
from store.tables_ledger import FOR_EVER, ClosingRow, LedgerBookRow, LedgerRow, LedgerScoreRow

_Kept = TypeVar("_Kept", LedgerRow, LedgerScoreRow)
_NEXT = timedelta(microseconds=1)
_AT_ONCE = 500  # ids in one statement


def known_at(
    at: datetime | None, table: type[LedgerRow | LedgerScoreRow] = LedgerRow
) -> ColumnElement[bool]:
    """The lines that held at a moment; None: those that hold now."""
    if at is None:
        return col(table.known_until) == FOR_EVER
    return and_(col(table.known_from) <= at, col(table.known_until) > at)


def follow(
    session: Session, row: ReferralRow, referral: Referral, rules: Rules, at: datetime
) -> None:
    """Bring a referral's line in step with its facts; told again it changes nothing.

    ``at`` is when the store learned what is new. Call it in the transaction that writes the facts.
    """
    source = standing(session, row.source_id)
    asked = Asked(
        clinic_id=row.clinic_id,
        source_id=source.id,
        source_kind=source.kind,
        received_at=row.received_at,
        linked_as=Link(row.linked_as) if row.linked_as and row.duplicate_of else None,
        region=Region(row.region) if row.region else None,
        heard=Heard(row.heard) if row.heard else None,
        campaign=row.campaign,
        thanks_ours=rules.policy.ours(Kind.THANK_YOU),
    )
    told = line(asked, referral, rules.calendar)
    if told.source_id != source.id and session.get(SourceRow, told.source_id) is not None:
        source = standing(session, told.source_id)  # another one is credited
    told = told.model_copy(update={"source_id": source.id, "source_kind": source.kind})
    closed = _closed_at(session, row.org)
    since = _since(at, closed)
    _keep_line(session, row, told, since, closed)
    _keep_scores(session, row, scores(referral), since, closed)


def standing(session: Session, source_id: str) -> SourceRow:
    """The source that an id stands for by now: the one it was merged into, if any."""
    row = session.get_one(SourceRow, source_id)
    while row.merged_into is not None:
        row = session.get_one(SourceRow, row.merged_into)
    return row


def reassign(
    session: Session,
    org: str,
    gone: str,
    into: SourceRow,
    at: datetime,
    *,
    only: Sequence[str] | None = None,
) -> int:
    """A source turned out to be another one: its lines count for that from now on; how many.

    *only*: the lines of these referrals, where a merge is taken back. Closed months keep it as it
    was. Doing it again finds no line to change.
    """
    if only is not None:
        parts = [only[first : first + _AT_ONCE] for first in range(0, len(only), _AT_ONCE)]
        return sum(_reassign(session, org, gone, into, at, part) for part in parts)
    return _reassign(session, org, gone, into, at, None)


def _reassign(
    session: Session,
    org: str,
    gone: str,
    into: SourceRow,
    at: datetime,
    only: Sequence[str] | None,
) -> int:
    closed = _closed_at(session, org)
    own = and_(
        col(LedgerRow.org) == org,
        col(LedgerRow.source_id) == gone,
        col(LedgerRow.known_until) == FOR_EVER,
        *([] if only is None else [col(LedgerRow.referral_id).in_(only)]),
    )
    number = session.scalar(select(func.count()).select_from(LedgerRow).where(own)) or 0
    if closed is not None:
        since = _since(at, closed)
        seen = and_(own, col(LedgerRow.known_from) <= closed)
        stood = session.exec(select(LedgerRow).where(seen)).all()
        copies = [{**old.model_dump(exclude={"id"}), "known_from": since} for old in stood]
        session.exec(update(LedgerRow).where(seen).values(known_until=since))
        if copies:
            session.connection().execute(insert(LedgerRow), copies)
    left = update(LedgerRow).where(own).values(source_id=into.id, source_kind=into.kind)
    session.exec(left)
    return number


def learned(session: Session, org: str, at: datetime) -> datetime:
    """From when what is written now counts as known: never before a month closed without it.

    For rows beside the lines that a report reads as of its closing. A closing waits until this
    transaction ends, so that none of them can appear in a month that was just closed.
    """
    return _since(at, _closed_at(session, org))


def close(store: Store, org: str, clinic_id: str, month: str, *, at: datetime, by: str) -> datetime:
    """Close a month of a clinic (``*``: of all) as known at a moment; when it was closed.

    A month that was closed before stays as it was closed.
    """
    with store.write() as session:
        known = session.get(ClosingRow, (org, clinic_id, month))
        if known is not None:
            return known.closed_at
        book = _book(session, org, exclusive=True)
        if book.closed_at is None or book.closed_at < at:
            book.closed_at = at
            session.add(book)
        row = ClosingRow(org=org, clinic_id=clinic_id, month=month, closed_at=at, by=by)
        insert_unless_there(session, row)
        return session.get_one(ClosingRow, (org, clinic_id, month)).closed_at


def closed_at(session: Session, org: str, clinic_id: str, month: str) -> datetime | None:
    """When a month was closed; None while it is open."""
    row = session.get(ClosingRow, (org, clinic_id, month))
    return row.closed_at if row is not None else None


def first_month(session: Session, org: str, at: datetime | None = None) -> str | None:
    """The first month in which the organization received anything, as known at a moment.

    None before there was anything; without a moment as known now.
    """
    query = select(LedgerRow.received_month).where(LedgerRow.org == org, known_at(at))
    return session.exec(query.order_by(col(LedgerRow.received_month)).limit(1)).first()


def clinics(session: Session, org: str) -> Sequence[str]:
    """Every clinic that has ever had a line; one may have left the policy file since.

    From one month to the next and in each from clinic to clinic, a look into their index each:
    the lines themselves are not read.
    """
    month, clinic = col(LedgerRow.received_month), col(LedgerRow.clinic_id)

    def least(of: Any, *where: ColumnElement[bool]) -> Any:
        return select(func.min(of)).where(LedgerRow.org == org, *where).scalar_subquery()

    months = select(least(month).label("month")).cte("months", recursive=True)
    months = months.union_all(
        select(least(month, month > months.c.month)).where(months.c.month.is_not(None))
    )
    found = (
        select(months.c.month, least(clinic, month == months.c.month).label("clinic"))
        .where(months.c.month.is_not(None))
        .cte("found", recursive=True)
    )
    after = least(clinic, month == found.c.month, clinic > found.c.clinic)
    found = found.union_all(select(found.c.month, after).where(found.c.clinic.is_not(None)))
    every = select(found.c.clinic).where(found.c.clinic.is_not(None)).distinct()
    return sorted(session.execute(every).scalars())


def lines_of(session: Session, referral_id: str) -> Sequence[LedgerRow]:
    """Every line of one referral, the oldest first."""
    query = select(LedgerRow).where(LedgerRow.referral_id == referral_id)
    return session.exec(query.order_by(col(LedgerRow.known_from))).all()


def _keep_line(
    session: Session, row: ReferralRow, told: Line, since: datetime, closed: datetime | None
) -> None:
    values = told.model_dump()
    for old in _newest(session, LedgerRow, row.id):
        if all(getattr(old, name) == value for name, value in values.items()):
            return
        if not _stood(old, closed):
            for name, value in values.items():
                setattr(old, name, value)
            session.add(old)
            session.flush()
            return
        old.known_until = since
        session.add(old)
    session.add(LedgerRow(org=row.org, referral_id=row.id, known_from=since, **values))
    session.flush()


def _keep_scores(
    session: Session,
    row: ReferralRow,
    told: tuple[ScoreLine, ...],
    since: datetime,
    closed: datetime | None,
) -> None:
    fields = set(ScoreLine.model_fields)
    wanted = {one.model_dump_json(): one for one in told}
    for old in _newest(session, LedgerScoreRow, row.id):
        same = ScoreLine(**old.model_dump(include=fields)).model_dump_json()
        if wanted.pop(same, None) is not None:
            continue
        if _stood(old, closed):
            old.known_until = since
            session.add(old)
        else:
            session.delete(old)
    for one in wanted.values():
        told_as = one.model_dump()
        session.add(LedgerScoreRow(org=row.org, referral_id=row.id, known_from=since, **told_as))
    session.flush()


def _stood(old: LedgerRow | LedgerScoreRow, closed: datetime | None) -> bool:
    """Whether a closed month was counted with it, so that it must be kept as it is."""
    return closed is not None and old.known_from <= closed


def _since(at: datetime, closed: datetime | None) -> datetime:
    """From when something new is known: never before a month that was closed without it."""
    return at if closed is None or at > closed else closed + _NEXT


def _newest(session: Session, table: type[_Kept], referral_id: str) -> Sequence[_Kept]:
    query = select(table).where(
        col(table.referral_id) == referral_id, col(table.known_until) == FOR_EVER
    )
    return session.exec(query).all()


def _closed_at(session: Session, org: str) -> datetime | None:
    """When a month was last closed, held still until this transaction ends."""
    return _book(session, org, exclusive=False).closed_at


def _book(session: Session, org: str, *, exclusive: bool) -> LedgerBookRow:
    """The organization's book, locked: writers of lines share it, a closing has it alone."""
    session.flush()
    lock = LOCKED if exclusive else {"read": True}
    if session.get(LedgerBookRow, org) is None:
        insert_unless_there(session, LedgerBookRow(org=org))
    return session.get_one(LedgerBookRow, org, with_for_update=lock, populate_existing=True)
