"""The board: cards as the front desk sees them, read without the engine.

A board is two queries, however many cards there are: the lane of what people must do, and the
columns, each cut to what fits on a page.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, case, func, select, union_all
from sqlmodel import Session, and_, col, or_

from models.contracts import Card
from models.referral import OPEN, Stage
from models.roles import Role
from store.tables import PatientRow, ReferralRow, SourceRow, TaskRow, TaskState
from store.tasks import for_role

PER_COLUMN: Final = 25
PER_LANE: Final = 12
MORE: Final = 400
RECENT: Final = timedelta(days=14)  # how long a closed referral stays in its column


class Filters(NamedTuple):
    """What somebody wants to see; nothing in here but ``name`` says who a patient is."""

    clinics: tuple[str, ...]
    mine: str | None = None  # a staff id: in whose hands it is
    source_id: str | None = None
    overdue: bool = False
    urgency: str | None = None
    payer: str | None = None
    name: str = ""  # part of the patient's name
    more: str | None = None  # the column, or "needs", that is shown whole


class Ask(NamedTuple):
    """The most pressing task of a card for the people of one role."""

    task_id: str
    says: str
    due: datetime
    role: str
    owner: str | None  # a staff id, while their lease lasts
    leased_until: datetime | None


class Tile(NamedTuple):
    """A card with the names on it; they stay between the store and the page."""

    card: Card
    given_name: str
    family_name: str
    born: date
    source_id: str
    source: str
    urgency: str
    asks: Ask | None = None


class Pile(NamedTuple):
    """The cards of one column that are shown, and how many there are in all."""

    tiles: tuple[Tile, ...]
    total: int


class Board(NamedTuple):
    """Everything on one board."""

    needs: Pile
    columns: dict[Stage, Pile]


def read(
    session: Session, org: str, role: Role, staff_id: str, wanted: Filters, now: datetime
) -> Board:
    """The board of one person: what their role must do first, and every column.

    A card in the lane is in no column as well; a column's total counts it all the same. Duplicates
    are left out, and what closed longer ago than ``RECENT``.
    """
    needs = _lane(session, org, role, staff_id, wanted, now)
    shown = {tile.card.referral_id for tile in needs.tiles}
    columns = {stage: Pile((), 0) for stage in Stage}
    for row in session.execute(_columns(org, wanted, now)):
        tile = _tile(row)
        if tile.card.referral_id in shown:
            tile = tile._replace(asks=None)
        pile = columns[Stage(tile.card.stage)]
        tiles = pile.tiles if tile.card.referral_id in shown else (*pile.tiles, tile)
        columns[Stage(tile.card.stage)] = Pile(tiles, row.total)
    return Board(needs, columns)


def sources(session: Session, org: str, clinics: tuple[str, ...]) -> list[tuple[str, str]]:
    """Who has sent the open referrals of these clinics: id and name, by name."""
    query = (
        select(col(SourceRow.id), col(SourceRow.name))
        .join(ReferralRow, col(ReferralRow.source_id) == col(SourceRow.id))
        .where(
            col(ReferralRow.org) == org,
            col(ReferralRow.clinic_id).in_(clinics),
            col(ReferralRow.stage).in_(OPEN),
            col(SourceRow.kind) != "past_patient",
        )
        .distinct()
        .order_by(col(SourceRow.name), col(SourceRow.id))
        .limit(MORE)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


_CARD: Final = tuple(name for name in Card.model_fields if name != "referral_id")
_SHOWN: Final = (
    col(ReferralRow.id).label("referral_id"),
    *(getattr(ReferralRow, name).label(name) for name in _CARD),
    col(PatientRow.given_name).label("given_name"),
    col(PatientRow.family_name).label("family_name"),
    col(PatientRow.born).label("born"),
    col(SourceRow.id).label("source_id"),
    col(SourceRow.name).label("source_name"),
    col(ReferralRow.urgency).label("urgency"),
)


def _columns(org: str, wanted: Filters, now: datetime) -> Select[Any]:
    """The first cards of each column and how many there are; ranked by ids alone."""
    card = ReferralRow
    meant = (
        select(col(card.id), col(card.stage), col(card.next_at), col(card.closed_at))
        .join(PatientRow, col(PatientRow.id) == col(card.patient_id))
        .where(*_meant(org, wanted, now))
    )
    # Apart, so that an index serves each: closed referrals pile up for years.
    cards = union_all(*(meant.where(current) for current in _current(now))).subquery()
    order = (
        cards.c.next_at.is_(None),  # those without a next action last, on both databases
        cards.c.next_at,
        cards.c.closed_at.desc(),
        cards.c.id,
    )
    place = func.row_number().over(partition_by=cards.c.stage, order_by=order)
    total = func.count().over(partition_by=cards.c.stage)
    ranked = select(cards.c.id, place.label("place"), total.label("total")).subquery()
    room = case((col(ReferralRow.stage) == wanted.more, MORE), else_=PER_COLUMN)
    return (
        select(*_SHOWN, ranked.c.total)
        .join(ranked, ranked.c.id == col(ReferralRow.id))
        .join(PatientRow, col(PatientRow.id) == col(ReferralRow.patient_id))
        .join(SourceRow, col(SourceRow.id) == col(ReferralRow.source_id))
        .where(ranked.c.place <= room)
        .order_by(ranked.c.place)
    )


def _lane(
    session: Session, org: str, role: Role, staff_id: str, wanted: Filters, now: datetime
) -> Pile:
    """The cards with a task for this role, or in this person's hands; the soonest due first."""
    free = or_(
        col(TaskRow.owner).is_(None),
        col(TaskRow.leased_until).is_(None),
        col(TaskRow.leased_until) <= now,
    )
    nth = func.row_number().over(
        partition_by=col(TaskRow.referral_id), order_by=(col(TaskRow.due), col(TaskRow.key))
    )
    tasks = (
        select(TaskRow, nth.label("nth"))
        .where(
            col(TaskRow.org) == org,
            col(TaskRow.state) == TaskState.OPEN,
            col(TaskRow.referral_id).is_not(None),
            col(TaskRow.gathered_in).is_(None),
            or_(
                col(TaskRow.owner) == staff_id,
                and_(free, for_role(role)),
            ),
        )
        .subquery()
    )
    query = (
        select(
            *_SHOWN,
            tasks.c.id.label("task_id"),
            tasks.c.says,
            tasks.c.due,
            tasks.c.role,
            tasks.c.owner,
            tasks.c.leased_until,
            func.count().over().label("total"),
        )
        .join(tasks, tasks.c.referral_id == col(ReferralRow.id))
        .join(PatientRow, col(PatientRow.id) == col(ReferralRow.patient_id))
        .join(SourceRow, col(SourceRow.id) == col(ReferralRow.source_id))
        .where(tasks.c.nth == 1, or_(*_current(now)), *_meant(org, wanted, now))
        .order_by(tasks.c.due, col(ReferralRow.id))
        .limit(MORE if wanted.more == "needs" else PER_LANE)
    )
    rows = session.execute(query).all()
    tiles = [
        _tile(row)._replace(
            asks=Ask(row.task_id, row.says, row.due, row.role, row.owner, row.leased_until)
        )
        for row in rows
    ]
    return Pile(tuple(tiles), rows[0].total if rows else 0)


def _current(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """What is open, and what closed lately."""
    stage, closed_at = col(ReferralRow.stage), col(ReferralRow.closed_at)
    return stage.in_(OPEN), and_(stage == Stage.CLOSED, closed_at >= now - RECENT)


def _meant(org: str, wanted: Filters, now: datetime) -> list[Any]:
    """What a card must be to be on this board, as far as somebody says."""
    card = ReferralRow
    rules: list[Any] = [
        col(card.org) == org,
        col(card.duplicate_of).is_(None),
        col(card.clinic_id).in_(wanted.clinics),
    ]
    if wanted.mine is not None:
        rules.append(col(card.in_hands_of) == wanted.mine)
    if wanted.source_id is not None:
        rules.append(col(card.source_id) == wanted.source_id)
    if wanted.urgency is not None:
        rules.append(col(card.urgency) == wanted.urgency)
    if wanted.payer is not None:
        rules.append(col(card.payer) == wanted.payer)
    if wanted.overdue:
        rules.append(col(card.next_at) < now)
    rules += [_named(word) for word in wanted.name.split()]
    return rules


def _named(word: str) -> ColumnElement[bool]:
    """A word of a name, in any case; SQLite folds no accented letter by itself."""
    full = col(PatientRow.given_name) + " " + col(PatientRow.family_name)
    return or_(
        func.lower(full).contains(word.lower(), autoescape=True),
        full.contains(word, autoescape=True),
        full.contains(word.capitalize(), autoescape=True),
    )


def _tile(row: Row[Any]) -> Tile:
    told = row._mapping
    return Tile(
        card=Card(referral_id=told["referral_id"], **{name: told[name] for name in _CARD}),
        given_name=told["given_name"],
        family_name=told["family_name"],
        born=told["born"],
        source_id=told["source_id"],
        source=told["source_name"],
        urgency=told["urgency"],
    )
