"""Events that find their referral late, by another id, or by a person's word; none is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.errors import EngineUnavailable, NotFound, Refused
from models.events import ExternalId
from models.facts import AppointmentBooked, ClosedReason, MatchChosen, ReferralClosed
from models.tasks import TaskKind
from store import inbox, tasks
from store.tables import InboxState
from tests.databases import on_either
from tests.doors import ORG, START, Door, event, referral_event

pytestmark = on_either

DAY = timedelta(days=1)
LONG_AGO = "2025-11-01T15:00:00Z"  # before its referral came


async def chosen(door: Door, referral_id: str, event_id: str, by: str = "dana") -> str:
    """A person says what an event is about; the state of the decision."""

    def taken(decision: Any) -> str:  # as the workflow would have it written
        door.write(referral_id, decision)
        return "v1"

    door.engine.answer = taken
    decision = MatchChosen(at=door.now, by=by, event_id=event_id)
    return (await door.intake.decide(ORG, referral_id, decision)).state


def of(assigner: str, value: str, id: str | None = None) -> dict[str, Any]:
    external = {"assigner": assigner, "value": value}
    return {"external": external} | ({"id": id} if id else {})


def booked(ref: dict[str, Any], name: str = "A-1") -> dict[str, Any]:
    return event("appointment_booked", referral=ref, appointment_id=name)


def appointments(door: Door, referral_id: str) -> list[str]:
    return [one.appointment_id for one in door.referral(referral_id).all(AppointmentBooked)]


def asked(door: Door) -> list[tuple[str, str]]:
    with door.store.read() as session:
        rows = tasks.open_tasks(session, ORG, kind=TaskKind.UNMATCHED_EVENT)
        return [(row.id, row.says) for row in rows]


# --- by themselves --------------------------------------------------------------------------------


async def test_another_systems_id_is_learned_from_an_event_that_names_both(door: Door) -> None:
    referral_id = await door.refer()
    early = await door.tell(booked(of("other-emr", "77"), "A-1"))
    assert early.state == "waiting"
    both = await door.tell(booked(of("other-emr", "77", id=referral_id), "A-2"))
    assert both.state == "applied"
    assert door.intake.status(ORG, early.id).referral_id == referral_id
    later = await door.tell(booked(of("other-emr", "77"), "A-3"))
    assert (later.state, later.referral_id) == ("applied", referral_id)
    assert appointments(door, referral_id) == ["A-1", "A-2", "A-3"]


async def test_an_event_that_waits_by_our_own_id_finds_the_referral(door: Door) -> None:
    row = door.accept(referral_event())
    ours = f"ref_{row.id.partition('_')[2]}"
    early = await door.tell(booked({"id": ours}))
    assert early.state == "waiting"
    await door.intake.dispatch(row.id)
    assert door.intake.status(ORG, early.id).state == "applied"
    assert appointments(door, ours) == ["A-1"]


async def test_what_waits_for_a_learned_id_is_found_by_the_chore_as_well(door: Door) -> None:
    """Two writers can put a row among those that wait while the id is being learned."""
    referral_id = await door.refer()
    await door.tell(booked(of("other-emr", "77", id=referral_id), "A-2"))
    late = door.accept(booked(of("other-emr", "77"), "A-1")).id
    other = ExternalId(assigner="other-emr", value="77")
    with door.store.write() as session:
        inbox.wait(session, late, at=door.now, until=door.now + DAY, external=other)
    await door.intake.dispatch_left(door.now + DAY)
    assert door.intake.status(ORG, late).state == "applied"


async def test_an_id_that_names_a_referral_already_is_not_taken_from_it(door: Door) -> None:
    first = await door.refer()
    other = await door.refer(external="R-2", patient={"family_name": "Other"})
    await door.tell(booked(of("example-emr", "R-2", id=first)))
    row = await door.tell(booked(of("example-emr", "R-2"), "A-2"))
    assert row.referral_id == other


# --- by a person's word ---------------------------------------------------------------------------


async def test_two_candidates_are_named_and_a_person_says_which(door: Door) -> None:
    first = await door.refer()
    other = await door.refer(external="R-2", patient={"family_name": "Other"})
    row = await door.tell(booked(of("example-emr", "R-2", id=first)))
    assert (row.state, row.reason) == ("task", "several_referrals")
    ((_, says),) = asked(door)
    assert first in says
    assert other in says
    assert await chosen(door, first, row.id) == "done"
    applied = door.intake.status(ORG, row.id)
    assert (applied.state, applied.referral_id, applied.matched_to) == ("applied", first, first)
    assert appointments(door, first) == ["A-1"]
    assert appointments(door, other) == []
    assert asked(door) == []
    with door.store.read() as session:
        task = tasks.find(session, ORG, tasks.ORG, f"unmatched_event:{row.id}")
        assert task is not None
        assert (task.state, task.done_by) == ("done", "dana")


async def test_said_twice_it_is_applied_once(door: Door) -> None:
    first = await door.refer()
    row = await door.tell(booked(of("other-emr", "77")))
    for _ in range(2):
        assert await chosen(door, first, row.id) == "done"
    assert door.engine.told(first).count("appointment_booked") == 1
    other = await door.refer(external="R-2", patient={"family_name": "Other"})
    with pytest.raises(Refused) as refused:
        await chosen(door, other, row.id)
    assert refused.value.code == "already_placed"


async def test_of_two_who_place_it_at_once_one_is_told_that_it_went_elsewhere(door: Door) -> None:
    first = await door.refer()
    other = await door.refer(external="R-2", patient={"family_name": "Other"})
    row = await door.tell(booked(of("other-emr", "77")))

    def meanwhile(_: Any) -> str:
        with door.store.write() as session:  # a colleague, by another process
            inbox.match(session, row.id, other)
        return "v1"

    door.engine.answer = meanwhile
    with pytest.raises(Refused) as refused:
        await door.intake.decide(ORG, first, MatchChosen(at=door.now, by="dana", event_id=row.id))
    assert refused.value.code == "already_placed"
    await door.intake.dispatch(row.id)
    assert appointments(door, other) == ["A-1"]
    assert appointments(door, first) == []


async def test_what_could_not_be_applied_where_it_was_placed_is_tried_again(door: Door) -> None:
    first = await door.refer()
    row = await door.tell(booked(of("other-emr", "77")))
    with door.store.write() as session:  # placed, and asked about before it was applied
        inbox.match(session, row.id, first)
        inbox.mark(session, row.id, InboxState.TASK, at=door.now, reason="no_referral")
    assert await chosen(door, first, row.id) == "done"
    assert door.intake.status(ORG, row.id).state == "applied"
    assert appointments(door, first) == ["A-1"]


async def test_a_placed_event_is_taken_back_where_it_came_from(door: Door) -> None:
    first = await door.refer()
    row = await door.tell(booked(of("other-emr", "77")))
    await chosen(door, first, row.id)
    back = MatchChosen(at=door.now + DAY, by="dana", event_id=row.id, retracted=True)
    with pytest.raises(Refused) as refused:
        await door.intake.decide(ORG, first, back)
    assert refused.value.code == "event_stands"
    assert appointments(door, first) == ["A-1"]


async def test_what_waits_or_waited_too_long_is_placed_and_its_id_remembered(door: Door) -> None:
    referral_id = await door.refer()
    rows = [await door.tell(booked(of("other-emr", "77"), f"A-{n}")) for n in range(3)]
    assert await door.intake.dispatch_left(START + 91 * DAY) == 3
    assert len(asked(door)) == 3
    assert await chosen(door, referral_id, rows[0].id) == "done"
    later = await door.tell(booked(of("other-emr", "77"), "A-9"))
    assert later.referral_id == referral_id
    assert len(asked(door)) == 2, "what a person has been asked stays theirs"
    early = await door.tell(booked(of("third-emr", "5"), "A-5"))
    more = await door.tell(booked(of("third-emr", "5"), "A-6"))
    assert await chosen(door, referral_id, early.id) == "done"
    assert door.intake.status(ORG, more.id).state == "applied", "its id is known by now"


async def test_a_question_about_another_referral_is_answered_with_it(door: Door) -> None:
    first = await door.refer()
    other = await door.refer(external="R-2", patient={"family_name": "Other"})
    wrong = await door.tell(event("evaluation_completed", at=LONG_AGO, day="2025-11-01"))
    assert (wrong.state, wrong.reason, wrong.referral_id) == ("task", "needs_a_person", first)
    decisions: list[str] = []

    def taken(decision: Any) -> str:
        decisions.append(decision.kind)
        door.write(other if decision.kind == "match_chosen" else first, decision)
        return "v1"

    door.engine.answer = taken
    decision = MatchChosen(at=door.now, by="dana", event_id=wrong.id)
    await door.intake.decide(ORG, other, decision)
    assert decisions == ["match_chosen", "task_completed"]
    assert door.referral(first).open_tasks() == []
    assert door.referral(other).evaluation_on_record(), "as it was told: a person vouches for it"
    assert not door.referral(first).evaluation_on_record()


async def test_a_contradiction_that_is_none_is_settled_where_it_was_asked(door: Door) -> None:
    first = await door.refer()
    odd = await door.tell(event("evaluation_completed", at=LONG_AGO, day="2025-11-01"))
    assert [one.task for one in door.referral(first).open_tasks()] == [f"unmatched_event:{odd.id}"]
    await chosen(door, first, odd.id)
    assert door.referral(first).open_tasks() == []
    assert door.referral(first).evaluation_on_record()


async def test_a_closed_referral_can_be_the_right_one(door: Door) -> None:
    referral_id = await door.refer()
    row = await door.tell(booked(of("other-emr", "77")))
    lost = ReferralClosed(
        at=door.now - DAY, as_of=door.now - DAY, by="lee", reason=ClosedReason.UNABLE_TO_REACH
    )
    door.write(referral_id, lost)
    door.engine.close(referral_id)
    await chosen(door, referral_id, row.id)
    assert len(door.engine.runs[f"referral/{ORG}/{referral_id}"]) == 2, "a booking reopens it"


async def test_what_is_no_event_about_a_referral_cannot_be_placed(door: Door) -> None:
    referral_id = await door.refer()
    again = await door.tell(referral_event(patient={"given_name": "Casey", "born": "1990-01-01"}))
    assert again.state == "task"
    with pytest.raises(Refused) as refused:
        await chosen(door, referral_id, again.id)
    assert refused.value.code == "not_about_a_referral"
    with pytest.raises(NotFound):
        await chosen(door, referral_id, "evt_none")
    done = await door.tell(booked(of("example-emr", "R-1001")))
    with pytest.raises(Refused) as refused:
        await chosen(door, referral_id, done.id)
    assert refused.value.code == "already_placed"


async def test_while_temporal_is_away_the_row_is_applied_later(door: Door) -> None:
    referral_id = await door.refer()
    row = await door.tell(booked(of("other-emr", "77")))
    tell = door.intake.loop.tell

    async def away(*_: Any) -> bool:
        raise EngineUnavailable("away")

    door.intake.loop.tell = away
    assert await chosen(door, referral_id, row.id) == "done"
    assert door.intake.status(ORG, row.id).state == "received"
    door.intake.loop.tell = tell
    door.now += DAY
    await door.intake.dispatch_left(door.now)
    applied = door.intake.status(ORG, row.id)
    assert (applied.state, applied.referral_id) == ("applied", referral_id)
