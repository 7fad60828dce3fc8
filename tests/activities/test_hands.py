"""Tasks in people's hands, and the number they call; the workflow is a stand-in here."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.book import Book
from activities.hands import Hands
from activities.loop import Loop
from models.contracts import RecordInput
from models.errors import BadRequest, NotFound, Refused
from models.facts import (
    CallLogged,
    CallOutcome,
    CallWhy,
    ClosedReason,
    DeclinedFor,
    ReferralClosed,
    TaskOpened,
    TaskTaken,
)
from models.roles import Role
from models.tasks import TaskKind
from store import audit, calls, consent, contacts, sources, tasks
from store.engine import Store
from tests.doors import ORG, Door

HOUR = timedelta(hours=1)
CALL = "call_patient:bd-0-1"


async def a_task(door: Door, task: str = CALL, role: str = "front_desk") -> tuple[str, str]:
    """A referral with a task; both ids."""
    referral_id = await door.refer()
    due = door.now + 9 * HOUR
    door.write(referral_id, TaskOpened(at=door.now, task=task, role=role, due=due))
    with door.store.read() as session:
        (row,) = tasks.of_referral(session, referral_id)
    return referral_id, row.id


def of_the_clinic(store: Store, door: Door) -> str:
    with store.write() as session:
        kind = TaskKind.UNMATCHED_EVENT
        return tasks.open_for_org(session, ORG, kind, "1", due=door.now, at=door.now).id


async def test_a_referrals_task_is_taken_by_a_decision_with_our_own_end(door: Door) -> None:
    referral_id, task_id = await a_task(door)
    hands = Hands(door.intake)
    for act, to in (("take", None), ("hand-over", "lee"), ("return", None), ("done", None)):
        await hands.act(ORG, task_id, act, by="dana", to=to)
    decided = [fact for _, fact, _ in door.engine.updates]
    assert [fact.kind for fact in decided] == [
        "task_taken",
        "task_handed_over",
        "task_returned",
        "task_completed",
    ]
    assert {fact.task for fact in decided} == {CALL}
    assert decided[0].until == door.tenants.calendar(ORG, door.now, "east").after(
        door.now, door.tenants.get(ORG).policy.task.lease
    )
    assert decided[1].to == "lee"
    assert referral_id


async def test_what_a_caller_says_of_the_end_does_not_count(door: Door) -> None:
    referral_id, _ = await a_task(door)
    greedy = TaskTaken(at=door.now, by="dana", task=CALL, until=door.now + 9999 * HOUR)
    await door.intake.decide(ORG, referral_id, greedy)
    ((_, fact, _),) = door.engine.updates
    assert fact.until < door.now + 48 * HOUR
    nonsense = greedy.model_copy(update={"task": "dance"})
    with pytest.raises(NotFound):
        await door.intake.decide(ORG, referral_id, nonsense)


async def test_a_closed_referrals_task_is_taken_in_the_record(door: Door) -> None:
    referral_id, task_id = await a_task(door, "low_score:1", "lead")
    lost = ReferralClosed(at=door.now, by="lee", reason=ClosedReason.DECLINED_BY_CLINIC)
    door.write(referral_id, lost)
    door.engine.close(referral_id)
    hands = Hands(door.intake)
    assert (await hands.act(ORG, task_id, "take", by="lee")).owner == "lee"
    with pytest.raises(Refused) as refused:
        await hands.act(ORG, task_id, "take", by="dana")
    assert refused.value.code == "taken"
    assert refused.value.sentence.startswith("lee has this task")
    door.now += 99 * HOUR
    assert (await hands.act(ORG, task_id, "take", by="dana")).owner == "dana"


async def test_a_call_after_the_end_hangs_up_and_spares_a_stranger(door: Door) -> None:
    referral_id, _ = await a_task(door, "tell_patient:declined", "front_desk")
    full = ReferralClosed(
        at=door.now,
        by="lee",
        reason=ClosedReason.DECLINED_BY_CLINIC,
        declined_for=DeclinedFor.CAPACITY,
    )
    door.write(referral_id, full)
    door.engine.close(referral_id)
    hands = Hands(door.intake)
    number = (await hands.open_call(ORG, referral_id, "dana")).number
    wrong = {"outcome": CallOutcome.WRONG_NUMBER, "why": CallWhy.STRANGER}
    told = CallLogged(at=door.now, as_of=door.now, by="dana", call_id="c1", **wrong)
    await door.intake.decide(ORG, referral_id, told)
    with door.store.read() as session:
        assert consent.opted_out(session, ORG, number)
        assert calls.current(session, ORG, number, door.now) is None


async def test_a_task_of_the_organization_goes_through_the_same_hands(door: Door) -> None:
    task_id, hands = of_the_clinic(door.store, door), Hands(door.intake)
    assert (await hands.act(ORG, task_id, "take", by="dana")).owner == "dana"
    with pytest.raises(Refused) as refused:
        await hands.act(ORG, task_id, "take", by="wes")
    assert refused.value.code == "taken"
    assert (await hands.act(ORG, task_id, "hand-over", by="dana", to="wes")).owner == "wes"
    assert (await hands.act(ORG, task_id, "return", by="wes")).owner is None
    done = await hands.act(ORG, task_id, "dismiss", by="lee")
    assert (done.state, done.outcome, done.done_by) == ("done", "dismissed", "lee")
    with door.store.read() as session:
        lines = [(line.who, line.what) for line in audit.about(session, ORG, task_id)]
    assert lines[0] == ("dana", "task_take")
    assert lines[-1] == ("lee", "task_dismiss")
    assert len(lines) == 4, "what was refused leaves no line"


async def test_everybody_sees_what_they_have_and_may_take(door: Door) -> None:
    referral_id, task_id = await a_task(door)
    common, hands = of_the_clinic(door.store, door), Hands(door.intake)
    await hands.act(ORG, common, "take", by="wes")

    def seen(**by: str) -> list[str]:
        return [row.id for row in hands.open_tasks(ORG, **by)]

    assert seen(who="dana") == [task_id]  # wes has the other one
    assert seen(who="wes") == [common]  # and works at another clinic
    assert seen(who="drew") == []
    assert set(seen(role=Role.FRONT_DESK)) == {common, task_id}
    door.now += 99 * HOUR  # his lease is over; the chore will return it
    assert set(seen(who="dana")) == {common, task_id}
    with pytest.raises(BadRequest):
        seen(who="nobody")
    assert referral_id


@pytest.mark.parametrize(("by", "to", "field"), [("x", "lee", "by"), ("dana", "x", "to")])
async def test_only_staff_have_hands(door: Door, by: str, to: str, field: str) -> None:
    _, task_id = await a_task(door)
    with pytest.raises(BadRequest) as wrong:
        await Hands(door.intake).act(ORG, task_id, "hand-over", by=by, to=to)
    assert (wrong.value.code, wrong.value.field) == ("unknown_staff", field)


# --- calling --------------------------------------------------------------------------------------


async def test_opening_the_call_script_locks_the_number_for_all_its_referrals(door: Door) -> None:
    first = await door.refer()
    other = await door.refer(
        external="R-2", source={"npi": None, "name": "Omar Second", "practice": "Elsewhere"}
    )
    hands = Hands(door.intake)
    lock = await hands.open_call(ORG, first, "dana")
    assert lock.until == door.now + timedelta(minutes=10)
    with pytest.raises(Refused) as refused:
        await hands.open_call(ORG, other, "lee")
    assert refused.value.code == "number_locked"
    book = Book(door.store, door.tenants, lambda: door.now, Loop())
    call = CallLogged(at=door.now, by="dana", call_id="C-1", outcome=CallOutcome.VOICEMAIL)
    book.note(RecordInput(org=ORG, referral_id=first, facts=(call,)))
    assert (await hands.open_call(ORG, other, "lee")).by == "lee"
    door.now += timedelta(minutes=10)
    assert (await hands.open_call(ORG, first, "dana")).by == "dana"


async def test_without_a_number_there_is_no_call(door: Door) -> None:
    referral_id = await door.refer(patient={"phone": None})
    with pytest.raises(Refused) as refused:
        await Hands(door.intake).open_call(ORG, referral_id, "dana")
    assert refused.value.code == "no_number"


async def test_a_call_to_a_source_has_its_watch_look_again(door: Door) -> None:
    referral_id = await door.refer()
    with door.store.write() as session:
        source = contacts.source_of(session, ORG, referral_id)
        task, _ = sources.open_quiet(session, source, since=door.now, at=door.now, due=door.now)
    told = door.engine.runs[f"source/{ORG}/{source.id}"][-1].signals
    before = len(told)
    hands = Hands(door.intake)
    await hands.act(ORG, task.id, "take", by="lia")
    assert len(told) == before
    await hands.act(ORG, task.id, "done", by="lia")
    assert [name for name, _ in told[before:]] == ["look_again"]
    door.engine.down = True
    assert (await hands.act(ORG, task.id, "done", by="lia")).state == "done"  # it stays done
