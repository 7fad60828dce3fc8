"""Two open referrals of one patient in the record: who leads is told to all whom it concerns."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.book import Book
from activities.loop import Loop
from models.contracts import RecordInput, TaskInput
from models.facts import (
    AnyFact,
    CadenceShared,
    CallLogged,
    CallOutcome,
    ClosedReason,
    HoldEnd,
    HoldLifted,
    HoldPlaced,
    HoldReason,
    ReferralClosed,
    Transferred,
)
from models.roles import Role
from models.tasks import TaskKind
from store import tasks
from tests.doors import ORG, START, Door, event, referral_event, start_of

HOUR = timedelta(hours=1)
SURGEON: dict[str, Any] = {
    "npi": "1114567898",
    "name": "Sam Other",
    "practice": "Harbor Orthopedics",
    "fax": "(518) 555-0122",
}


async def two(door: Door, **changes: Any) -> tuple[str, str]:
    """A knee, and an hour later a shoulder by somebody else."""
    knee = await door.refer(region="knee")
    return knee, await shoulder(door, **changes)


async def shoulder(door: Door, at: datetime = START + HOUR, **changes: Any) -> str:
    changes = {"source": SURGEON, "region": "shoulder", "external": "R-2002", **changes}
    row = await door.tell(referral_event(at=at, **changes))
    assert row.state == "applied", row.reason
    assert row.referral_id is not None
    return row.referral_id


async def decide(door: Door, referral_id: str, *facts: AnyFact) -> tuple[AnyFact, ...]:
    """What a workflow writes of a decision; what it learns by it."""
    loop = Loop(cast(Client, door.engine), "tests")
    book = Book(door.store, door.tenants, lambda: door.now, loop)
    given = RecordInput(org=ORG, referral_id=referral_id, facts=facts)
    return (await ActivityEnvironment().run(book.record, given)).learned


async def booked(door: Door, external: str, at: datetime) -> None:
    about = {"external": {"assigner": "example-emr", "value": external}}
    starts = (at + timedelta(days=5)).isoformat()
    told = event(
        "appointment_booked",
        at=at.isoformat(),
        referral=about,
        appointment_id=f"A-{external}",
        starts_at=starts,
        purpose="evaluation",
    )
    assert (await door.tell(told)).state == "applied"


def waits_with(door: Door, referral_id: str) -> str | None:
    return door.referral(referral_id).reached_with()


async def test_the_second_waits_with_the_first_from_its_very_beginning(door: Door) -> None:
    knee, other = await two(door)
    assert waits_with(door, other) == knee
    assert waits_with(door, knee) is None
    assert door.referral(knee).last(CadenceShared) is None, "the first goes on as it was"
    began = start_of(door.engine.run(other))
    assert [f for f in began.facts if isinstance(f, CadenceShared)], "before it could act"
    assert door.engine.told(knee) == []


async def test_an_urgent_second_takes_the_lead_and_the_first_is_told(door: Door) -> None:
    knee, other = await two(door, urgency="post_op")
    assert (waits_with(door, knee), waits_with(door, other)) == (other, None)
    assert door.engine.told(knee) == ["cadence_shared"]


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("another person on the same phone", {"patient": {"given_name": "Robin"}}),
        ("the same name and day, another number", {"patient": {"phone": "(518) 555-0177"}}),
        ("at another clinic", {"clinic": "west"}),
    ],
)
async def test_what_is_not_one_patient_at_one_clinic_shares_nothing(
    door: Door, why: str, changes: dict[str, Any]
) -> None:
    knee, other = await two(door, **changes)
    assert (waits_with(door, knee), waits_with(door, other)) == (None, None), why


async def test_a_booking_hands_the_lead_on_and_tells_both(door: Door) -> None:
    knee, other = await two(door)
    await booked(door, "R-1001", START + 2 * HOUR)
    shared = door.referral(other).last(CadenceShared)
    assert shared is not None
    assert (shared.led_by, shared.began) == (None, None)
    assert shared.spoken_at is not None
    assert door.engine.told(knee) == ["appointment_booked"]
    assert door.engine.told(other) == ["cadence_shared"]


async def test_a_row_applied_again_tells_it_again_and_writes_nothing(door: Door) -> None:
    knee, other = await two(door)
    door.now = START + HOUR
    before = door.referral(other).facts
    door.engine.down = True
    starts = (START + timedelta(days=5)).isoformat()
    told = event("appointment_booked", at=(START + HOUR).isoformat(), starts_at=starts)
    told["referral"] = {"external": {"assigner": "example-emr", "value": "R-1001"}}
    row = await door.tell(told)
    assert row.state == "received", "written, not told yet"
    written = door.referral(other).facts
    assert written != before
    door.engine.down = False
    door.now += HOUR
    await door.intake.dispatch(row.id)
    assert door.referral(other).facts == written
    assert door.engine.told(other) == ["cadence_shared"]
    assert door.engine.told(knee) == ["appointment_booked"]


async def test_a_call_about_one_is_known_to_the_other(door: Door) -> None:
    knee, other = await two(door)
    call = CallLogged(at=START + 2 * HOUR, by="dana", call_id="c1", outcome=CallOutcome.DECLINED)
    learned = await decide(door, other, call)
    (heard,) = door.referral(knee).calls()
    assert heard.outcome is CallOutcome.REACHED, "what was declined is the one on the card"
    assert door.engine.told(knee) == ["call_logged"]
    assert learned[0] == call


async def test_a_call_to_the_office_is_nobody_elses(door: Door) -> None:
    knee, other = await two(door)
    at = START + 2 * HOUR
    await decide(
        door,
        other,
        CallLogged(at=at, by="dana", call_id="c1", party="source", outcome=CallOutcome.REACHED),
    )
    assert door.referral(knee).all(CallLogged) == []


async def test_a_hold_hands_the_lead_on_and_its_end_hands_nothing_back(door: Door) -> None:
    knee, other = await two(door)
    at = START + 2 * HOUR
    hold = HoldPlaced(
        at=at,
        by="dana",
        hold_id="h1",
        reason=HoldReason.ORDER_MISSING,
        owner=Role.FRONT_DESK,
        next_check=at + timedelta(days=2),
        limit=at + timedelta(days=9),
    )
    learned = await decide(door, knee, hold)
    assert [fact.kind for fact in learned] == ["hold_placed", "cadence_shared"]
    assert (waits_with(door, knee), waits_with(door, other)) == (other, None)
    assert door.engine.told(other) == ["cadence_shared"]
    over = HoldLifted(at=at + HOUR, by="dana", hold_id="h1", why=HoldEnd.OVER)
    await decide(door, knee, over)
    assert (waits_with(door, knee), waits_with(door, other)) == (other, None)


async def test_the_end_of_the_leader_hands_the_lead_on(door: Door) -> None:
    knee, other = await two(door)
    end = ReferralClosed(at=START + 2 * HOUR, by="lee", reason=ClosedReason.DECLINED_BY_CLINIC)
    await decide(door, knee, end)
    shared = door.referral(other).last(CadenceShared)
    assert shared is not None
    assert (shared.led_by, shared.began) == (None, START), "where it stood"


async def test_who_goes_on_at_another_clinic_leaves_the_others(door: Door) -> None:
    knee, other = await two(door)
    moves = Transferred(at=START + 2 * HOUR, by="lee", clinic_id="west", from_clinic_id="east")
    await decide(door, knee, moves)
    assert (waits_with(door, knee), waits_with(door, other)) == (None, None)
    shared = door.referral(other).last(CadenceShared)
    assert shared is not None
    assert shared.began == START, "each clinic goes on where both stood"


async def test_a_referral_that_proves_to_be_somebody_elses_leaves_the_others(door: Door) -> None:
    knee, other = await two(door)
    right = {"given_name": "Robin", "family_name": "Elsewhere"}
    told = referral_event(external="R-1001", region="knee", patient=right)
    told["referral"] = {"id": knee}
    told["as_of"] = (START + 2 * HOUR).isoformat()
    row = door.accept(told, origin="hand")
    await door.intake.dispatch(row.id)
    assert door.intake.status(ORG, row.id).state == "applied"
    assert (waits_with(door, knee), waits_with(door, other)) == (None, None)
    assert "cadence_shared" in door.engine.told(other)


async def test_who_calls_is_told_of_the_other_referral(door: Door) -> None:
    knee, other = await two(door)
    book = Book(door.store, door.tenants, lambda: door.now, Loop())
    given = TaskInput(
        org=ORG,
        clinic_id="east",
        referral_id=knee,
        kind=TaskKind.CALL_PATIENT,
        occasion="bd-0-1",
        role=Role.FRONT_DESK,
        due=START + HOUR,
        says="Call the patient",
    )
    book.open(given, START + HOUR)
    with door.store.read() as session:
        (row,) = tasks.of_referral(session, knee)
        assert row.says == "Call the patient, and that of their other open referral"
    assert waits_with(door, other) == knee
