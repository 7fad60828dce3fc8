"""One machine's clock is wrong by five minutes: what depends on it, and what must not.

Hours and caps are judged by the engine's time, promises by the facts'; a machine's own clock says
when something arrived, how long a turn has lasted, and when a receipt is due.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.post import Post
from activities.receipts import Receipts
from activities.turns import IN_HAND, LATEST_START
from integrations.emr.signature import sign, verify
from models.contracts import Receipt, ReceiptState
from models.errors import Conflict, NotAllowed
from models.facts import MessageHeld, MessageSent
from models.kinds import Kind
from settings import EXAMPLE_WEBHOOK_SECRET
from store.engine import Store
from tests.activities.office import MONDAY, Crash, Office
from tests.doors import ORG, Door, referral_event

FIVE = timedelta(minutes=5)
SECOND = timedelta(seconds=1)
WRONG = pytest.mark.parametrize("wrong", [FIVE, -FIVE], ids=["fast", "slow"])


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Office:
    made = Office(store, tmp_path / "outbox")
    made.receive()
    return made


# --- the web machine ------------------------------------------------------------------------------


@WRONG
def test_a_signature_is_taken_up_to_five_minutes_and_then_says_whose_clock(
    wrong: timedelta,
) -> None:
    body, window = b"{}", FIVE
    headers = sign(EXAMPLE_WEBHOOK_SECRET, "e-1", MONDAY, body)

    def taken(by_our_clock: datetime) -> str:
        secrets = [EXAMPLE_WEBHOOK_SECRET]
        return verify(headers, body, secrets=secrets, now=by_our_clock, window=window)

    assert taken(MONDAY + wrong) == "e-1"
    with pytest.raises(NotAllowed, match="clock") as told:
        taken(MONDAY + wrong + (SECOND if wrong > timedelta(0) else -SECOND))
    assert told.value.code == "stale_timestamp"  # counted by its code, see deploy/alerts.yml


@WRONG
async def test_the_same_event_at_two_web_machines_is_one(store: Store, wrong: timedelta) -> None:
    right, off = Door(store), Door(store)
    off.now = right.now + wrong
    told = referral_event(at=right.now)
    first, again = off.accept(told, "e-1"), right.accept(told, "e-1")
    assert first.id == again.id
    await right.intake.dispatch(first.id)
    await off.intake.dispatch(first.id)
    assert off.intake.status(ORG, first.id).state == "applied"
    assert len(off.engine.runs) + len(right.engine.runs) == 2  # a referral, and its source


@WRONG
async def test_the_same_patient_at_two_web_machines_is_linked(
    store: Store, wrong: timedelta
) -> None:
    right, off = Door(store), Door(store)
    off.now = right.now + wrong
    first = await off.tell(referral_event("R-1", at=off.now))
    second = await right.tell(referral_event("R-2", at=right.now))
    assert (first.state, second.state, second.reason) == ("applied", "applied", "duplicate")


async def test_an_event_taken_by_a_fast_clock_is_still_picked_up(store: Store) -> None:
    """The chore runs by another machine's clock, for which the event lies ahead."""
    fast, chore = Door(store), Door(store)
    fast.now += FIVE
    row = fast.accept(referral_event(at=fast.now), "e-1")
    assert await chore.intake.dispatch_left(chore.now) == 0
    chore.now += FIVE + timedelta(seconds=15)
    assert await chore.intake.dispatch_left(chore.now) == 1
    assert chore.intake.status(ORG, row.id).state == "applied"


# --- a worker's machine ---------------------------------------------------------------------------


def worker(office: Office, wrong: timedelta) -> Post:
    """A worker whose clock is off by so much."""
    return Post(office.store, office.tenants, office.clients, lambda: office.wall + wrong)


@WRONG
def test_hours_are_not_judged_by_the_workers_clock(office: Office, wrong: timedelta) -> None:
    """A text at two minutes to nine waits, and one at two past goes, whatever the worker thinks."""
    nine = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)  # Tuesday 09:00 in Albany
    post, given = worker(office, wrong), office.given(Kind.SCHEDULE_TEXT, "patient")
    for minutes, expected in ((-2, MessageHeld), (2, MessageSent)):
        at = nine + timedelta(minutes=minutes)
        office.wall = at
        assert any(isinstance(one, expected) for one in post.turn(given, at).learned), minutes
    assert len(office.sms.accepted) == 1


@WRONG
def test_a_turn_cut_off_is_taken_over_once_whoevers_clock_is_wrong(
    office: Office, wrong: timedelta
) -> None:
    """One worker dies with a letter in its hands; the other's clock is five minutes off."""
    given = office.given(Kind.THANK_YOU, "source")
    office.fax.after = [Crash()]
    with pytest.raises(Crash):
        worker(office, timedelta(0)).turn(given, MONDAY)
    other = worker(office, wrong)
    if wrong < timedelta(0):  # by its clock the first may still be at it: it waits
        with pytest.raises(Conflict, match="in its hands"):
            other.turn(given, MONDAY + IN_HAND)
    office.wall += IN_HAND + FIVE
    for _ in range(2):
        other.turn(given, MONDAY + IN_HAND + FIVE)
    assert (len(office.fax.accepted), office.duplicates()) == (1, 0)
    assert len(office.fax.asked) == 1, "the vendor was asked before anything was sent"


@pytest.mark.parametrize("set_by", [-FIVE, timedelta(0), FIVE], ids=["back", "right", "ahead"])
def test_a_clock_put_right_in_the_middle_of_a_turn_hides_no_delay(
    office: Office, set_by: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn was held up beyond its limit while somebody set the clock."""
    watch = [100.0]
    post = Post(office.store, office.tenants, office.clients, lambda: office.wall, lambda: watch[0])
    letter = post._letter

    def slowly(turn: object) -> object:
        held_up = LATEST_START + SECOND
        watch[0] += held_up.total_seconds()
        office.wall += held_up + set_by
        return letter(turn)

    monkeypatch.setattr(post, "_letter", slowly)
    given = office.given(Kind.THANK_YOU, "source")
    with pytest.raises(Conflict, match="held up too long"):
        post.turn(given, MONDAY)
    assert office.fax.accepted == []
    monkeypatch.undo()
    office.wall += IN_HAND
    post.turn(given, MONDAY + IN_HAND)
    assert len(office.fax.accepted) == 1


@WRONG
def test_a_receipt_is_asked_for_whatever_the_clock(office: Office, wrong: timedelta) -> None:
    """Its limit is written and read by clocks that differ: minutes early or late, never lost."""
    office.fax.delivers = False
    worker(office, wrong).turn(office.given(Kind.THANK_YOU, "source"), MONDAY)
    [delivery] = office.deliveries()
    asking = Receipts(office.store, office.tenants, office.clients)
    assert asking.due(office.wall) == []
    due = asking.due(office.wall + timedelta(hours=1) + FIVE)
    assert [one.id for one in due] == [delivery.id]
    office.fax.say[delivery.reference] = Receipt(
        reference=delivery.reference, state=ReceiptState.DELIVERED, at=office.wall
    )
    heard = asking.ask(due[0], office.wall)
    assert heard is not None
    heard.save()
    assert office.deliveries()[0].state == "delivered"
