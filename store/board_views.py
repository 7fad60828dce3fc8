"""The views of the board that people have saved under a name of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from models.errors import BadRequest, NotFound
from models.ids import new_id
from store.rows import find_or_insert
from store.tables import BoardViewRow

MOST = 12


def of(session: Session, org: str, staff_id: str) -> Sequence[BoardViewRow]:
    """Somebody's views, by name."""
    query = select(BoardViewRow).where(BoardViewRow.org == org, BoardViewRow.staff_id == staff_id)
    return session.exec(query.order_by(col(BoardViewRow.name))).all()


def save(
    session: Session, org: str, staff_id: str, name: str, query: str, at: datetime
) -> BoardViewRow:
    """Keep a view; the same name again means the newer filters.

    Raises BadRequest ``too_many_views`` once there are ``MOST``.
    """
    mine = of(session, org, staff_id)
    if len(mine) >= MOST and all(one.name != name for one in mine):
        raise BadRequest(f"Keep at most {MOST} views; remove one first.", code="too_many_views")
    row = BoardViewRow(
        id=new_id("vw"), org=org, staff_id=staff_id, name=name, query=query, created_at=at
    )
    same = select(BoardViewRow).where(
        BoardViewRow.org == org, BoardViewRow.staff_id == staff_id, BoardViewRow.name == name
    )
    found, _ = find_or_insert(session, row, lambda: session.exec(same).first())
    found.query = query
    session.add(found)
    session.flush()
    return found


def drop(session: Session, org: str, staff_id: str, view_id: str) -> None:
    """Forget a view; raises NotFound for one of somebody else's."""
    row = session.get(BoardViewRow, view_id)
    if row is None or (row.org, row.staff_id) != (org, staff_id):
        raise NotFound("There is no such view of yours.")
    session.delete(row)
    session.flush()
