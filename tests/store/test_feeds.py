"""A feed is heard when what it told could be read."""

from __future__ import annotations

from datetime import datetime

from store import inbox
from store.engine import Store
from store.feeds import last_heard
from store.tables import InboxState
from tests.store.world import DAY, HOUR, ORG, START


def tell(store: Store, at: datetime, state: InboxState | None = None, **changes: str) -> None:
    given = {"org": ORG, "origin": "events", **changes}
    with store.write() as session:
        row, _ = inbox.accept(session, event_id=at.isoformat(), body=b"{}", received_at=at, **given)
        if state is not None:
            inbox.mark(session, row.id, state, at=at)


def heard(store: Store, org: str = ORG, now: datetime | None = None) -> datetime | None:
    with store.read() as session:
        return last_heard(session, org, "events", now=now)


def test_the_latest_of_each_organization_and_feed(store: Store) -> None:
    assert heard(store) is None
    tell(store, START + HOUR, InboxState.APPLIED)
    tell(store, START, InboxState.TASK)
    tell(store, START + DAY, org="elsewhere")
    tell(store, START + DAY, InboxState.APPLIED, origin="file")
    assert heard(store) == START + HOUR
    assert heard(store, "elsewhere") == START + DAY


def test_what_could_not_be_read_was_not_heard(store: Store) -> None:
    tell(store, START)
    tell(store, START + HOUR, InboxState.REJECTED)
    assert heard(store) == START


def test_what_came_later_is_left_out_of_an_earlier_look(store: Store) -> None:
    tell(store, START, InboxState.APPLIED)
    tell(store, START + DAY, InboxState.WAITING)
    assert heard(store, now=START + HOUR) == START
    assert heard(store, now=START + DAY) == START + DAY
