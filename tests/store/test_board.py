"""The board and the counts behind the demo's summary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event

from models.errors import BadRequest, NotFound
from models.facts import ClosedReason, HandedOver, ReferralClosed, TaskOpened, TaskTaken
from models.kinds import Kind
from models.referral import MessageRef, Stage
from models.roles import Role
from store import board, board_views, post, settling, sources
from store.board import Board, Filters, Pile
from store.engine import Store
from store.record import Record
from store.stats import stats
from store.tables import DeliveryState, MessageState, ReferralRow
from tests.store.world import CLINIC, DAY, HOUR, ORG, START, a_referral, source_of


def shown(
    store: Store, now: datetime = START, role: Role = Role.FRONT_DESK, **filters: Any
) -> Board:
    wanted = Filters(**{"clinics": (CLINIC,), **filters})
    with store.read() as session:
        return board.read(session, ORG, role, "dana", wanted, now)


def ids(pile: Pile) -> list[str]:
    return [tile.card.referral_id for tile in pile.tiles]


def everybody(found: Board) -> set[str]:
    return {one for pile in (found.needs, *found.columns.values()) for one in ids(pile)}


def test_a_board_shows_what_presses_first(store: Store) -> None:
    _, later = a_referral(store, at=START + DAY)
    _, first = a_referral(store, patient={"given_name": "Bo"}, source={"npi": "1245319599"})
    found = shown(store)
    new = found.columns[Stage.RECEIVED]
    assert (ids(new), new.total) == ([first, later], 2)
    assert (new.tiles[0].given_name, new.tiles[0].source) == ("Bo", "Dr. Pat Sample")
    assert everybody(shown(store, clinics=("another",))) == set()
    assert everybody(shown(store, clinics=())) == set()


def test_what_closed_stays_for_two_weeks(store: Store) -> None:
    record, closed = a_referral(store)
    end = ReferralClosed(at=START, by="dana", reason=ClosedReason.UNABLE_TO_REACH)
    record.write(ORG, closed, end, recorded_at=START)
    assert ids(shown(store).columns[Stage.CLOSED]) == [closed]
    assert everybody(shown(store, now=START + 15 * DAY)) == set()


def test_the_lane_holds_what_this_role_must_do_and_no_card_stands_twice(store: Store) -> None:
    record, desk = a_referral(store)
    _, other = a_referral(store, patient={"given_name": "Bo"})
    ask(record, desk, "call_patient:1", Role.FRONT_DESK, START + DAY)
    ask(record, desk, "call_patient:2", Role.FRONT_DESK, START + HOUR)
    ask(record, other, "sign_plan:1", Role.THERAPIST, START)
    found = shown(store)
    assert (ids(found.needs), found.needs.total) == ([desk], 1)
    asks = found.needs.tiles[0].asks
    assert asks is not None
    assert asks.due == START + HOUR
    assert ids(found.columns[Stage.RECEIVED]) == [other]
    assert found.columns[Stage.RECEIVED].total == 2
    assert ids(shown(store, role=Role.THERAPIST).needs) == [other]


def test_what_a_colleague_has_taken_is_not_in_my_lane(store: Store) -> None:
    record, ref = a_referral(store)
    ask(record, ref, "call_patient:1", Role.FRONT_DESK, START)
    taken = TaskTaken(at=START, by="lee", task="call_patient:1", until=START + HOUR)
    record.write(ORG, ref, taken, recorded_at=START)
    assert ids(shown(store).needs) == []
    assert ids(shown(store, now=START + 2 * HOUR).needs) == [ref]


def test_filters_narrow_every_column_and_the_lane(store: Store) -> None:
    record, ref = a_referral(store, patient={"given_name": "Álva", "family_name": "O'Neil_1"})
    _, other = a_referral(store, patient={"given_name": "Bo"})
    with store.write() as session:
        row = session.get_one(ReferralRow, other)
        row.urgency, row.payer = "urgent", "medicaid"
        session.add(row)
    ask(record, ref, "call_patient:1", Role.FRONT_DESK, START)
    record.write(ORG, ref, HandedOver(at=START, by="lee", to="dana"), recorded_at=START)
    assert everybody(shown(store, mine="dana")) == {ref}
    assert everybody(shown(store, urgency="urgent")) == {other}
    assert everybody(shown(store, payer="medicaid")) == {other}
    assert everybody(shown(store, source_id="src_nobody")) == set()
    assert everybody(shown(store, overdue=True)) == set()
    assert everybody(shown(store, overdue=True, now=START + 9 * DAY)) == {ref, other}
    for name in ("o'neil_", "álv o'n", "NEIL"):
        assert everybody(shown(store, name=name)) == {ref}, name
    assert everybody(shown(store, name="o%l")) == set()


def test_a_column_is_cut_to_what_fits_and_shown_whole_on_demand(store: Store) -> None:
    for number in range(board.PER_COLUMN + 2):
        a_referral(store, patient={"given_name": f"N{number}"})
    cut = shown(store).columns[Stage.RECEIVED]
    assert (len(cut.tiles), cut.total) == (board.PER_COLUMN, board.PER_COLUMN + 2)
    whole = shown(store, more="received").columns[Stage.RECEIVED]
    assert len(whole.tiles) == whole.total


def test_a_board_is_two_queries_however_many_cards(store: Store) -> None:
    counts: list[int] = []
    for _ in range(2):
        for number in range(3):
            record, ref = a_referral(store, patient={"given_name": f"N{number}-{len(counts)}"})
            ask(record, ref, "call_patient:1", Role.FRONT_DESK, START)
        with counted(store) as asked:
            shown(store)
        counts.append(len(asked))
    assert counts == [2, 2]


def test_views_are_kept_by_name_for_one_person(store: Store) -> None:
    with store.write() as session:
        first = board_views.save(session, ORG, "dana", "Late", "overdue=1", START)
        again = board_views.save(session, ORG, "dana", "Late", "overdue=1&mine=1", START)
        assert (again.id, again.query) == (first.id, "overdue=1&mine=1")
        assert [one.name for one in board_views.of(session, ORG, "dana")] == ["Late"]
        assert board_views.of(session, ORG, "lee") == []
        with pytest.raises(NotFound):
            board_views.drop(session, ORG, "lee", first.id)
        board_views.drop(session, ORG, "dana", first.id)
        assert board_views.of(session, ORG, "dana") == []


def test_nobody_keeps_more_views_than_fit(store: Store) -> None:
    with store.write() as session:
        for number in range(board_views.MOST):
            board_views.save(session, ORG, "dana", f"v{number}", "", START)
        board_views.save(session, ORG, "dana", "v0", "mine=1", START)
        with pytest.raises(BadRequest, match="at most"):
            board_views.save(session, ORG, "dana", "one more", "", START)


def ask(record: Record, ref: str, task: str, role: Role, due: datetime) -> None:
    fact = TaskOpened(at=START, task=task, role=role, due=due)
    record.write(ORG, ref, fact, recorded_at=START)


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """Every statement sent to the database meanwhile, but for what frames a transaction."""
    asked: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def test_counts_of_everything(store: Store) -> None:
    record, ref = a_referral(store)
    fact = TaskOpened(at=START, task="call_patient:1", role=Role.FRONT_DESK, due=START)
    record.write(ORG, ref, fact, recorded_at=START)
    source = source_of(store, ref)
    with store.write() as session:
        for kind in (Kind.THANK_YOU, Kind.CHECK_IN):
            message, _ = post.queue_message(
                session,
                org=ORG,
                referral_id=ref,
                message=MessageRef(kind, "source", "1"),
                at=START,
                recorded_at=START,
            )
            delivery, _ = post.queue_delivery(
                session, message, channel="fax", rung=0, address="+1", at=START, recorded_at=START
            )
            if kind is Kind.THANK_YOU:
                settling.claim(session, delivery.id, 0, at=START)
                settling.settle(
                    session, delivery.id, DeliveryState.ACCEPTED, at=START, vendor_id="1"
                )
                settling.mark_message(session, message.id, MessageState.SENT, at=START)
        sources.open_quiet(session, source, since=START, at=START, due=START)
    with store.read() as session:
        found = stats(session, ORG)
        assert found == stats(session)
        assert stats(session, "elsewhere").referrals == 0
    assert (found.referrals, found.stages) == (1, {"received": 1})
    assert found.messages == {"thank_you": {"fax": 1}}
    assert found.deliveries == {"fax": {"accepted": 1, "queued": 1}}
    assert found.tasks == {"call_patient": 1, "re_engagement": 1}
    assert found.tasks_open == found.tasks
    assert (found.sources_quiet, found.duplicate_sends) == (1, 0)
