"""A new referral comes in, however often, late or wrong it is told; decisions and receipts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from models.errors import EngineUnavailable, Refused
from models.facts import (
    CallLogged,
    CallOutcome,
    ClosedReason,
    ReferralClosed,
    Reopened,
    TaskCompleted,
    TaskOpened,
    WhyReopened,
)
from models.tasks import TaskKind, task_key
from store import audit, inbox
from store.tables import ProviderRow, ReferralRow, SourceRow, TaskRow
from tests.doors import ORG, START, Door, event, kinds, referral_event, start_of

DAY = timedelta(days=1)


async def test_a_referral_becomes_a_row_a_fact_and_two_workflows(door: Door) -> None:
    referral_id = await door.refer()
    received = door.referral(referral_id).received
    assert received.at == START
    assert received.confirmed_at == START
    assert received.origin == "events"
    assert received.order_signed_and_dated
    assert received.certifier_id == received.recipients[0]
    run = door.engine.run(referral_id)
    start = start_of(run)
    assert start.facts == (received,)
    assert (start.clinic_id, start.source_id) == ("east", received.source_id)
    assert start.rules.calendar.zone == "America/New_York"
    assert run.signals == []
    assert run.options["id_reuse_policy"] is WorkflowIDReusePolicy.REJECT_DUPLICATE
    assert run.options["id_conflict_policy"] is WorkflowIDConflictPolicy.USE_EXISTING
    (watch,) = door.engine.runs[f"source/{ORG}/{received.source_id}"]
    assert watch.signals == [("referral_received", START)]


async def test_what_the_engine_shows_names_no_patient(door: Door) -> None:
    referral_id = await door.refer(patient={"given_name": "Sentinelle", "family_name": "Zz"})
    options = door.engine.run(referral_id).options
    attributes = {pair.key.name: pair.value for pair in options["search_attributes"]}
    assert attributes == {
        "Organization": ORG,
        "Clinic": "east",
        "Source": start_of(door.engine.run(referral_id)).source_id,
        "Stage": "received",
        "NeedsAttention": False,
    }
    shown = repr((options, door.engine.run(referral_id).start, list(door.engine.runs)))
    assert "Sentinelle" not in shown
    assert "0117" not in shown


async def test_the_same_referral_again_changes_nothing(door: Door) -> None:
    first = await door.refer()
    calls = door.engine.calls
    again = await door.tell(referral_event())  # another event id, the same words
    assert (again.state, again.reason, again.referral_id) == ("applied", "known", first)
    assert door.engine.calls == calls
    assert len(door.rows(ReferralRow)) == 1


async def test_a_second_referral_of_one_patient_by_one_source_is_linked_not_started(
    door: Door,
) -> None:
    first = await door.refer(external="R-1")
    second = await door.tell(referral_event(external="R-2", at=START + DAY))
    assert (second.state, second.reason) == ("applied", "duplicate")
    linked = next(row for row in door.rows(ReferralRow) if row.id == second.referral_id)
    assert linked.duplicate_of == first
    assert f"referral/{ORG}/{second.referral_id}" not in door.engine.runs
    # its milestones go to the first
    ref = {"external": {"assigner": "example-emr", "value": "R-2"}}
    booked = await door.tell(event("appointment_booked", referral=ref))
    assert booked.referral_id == first
    assert door.engine.told(first) == ["appointment_booked"]


async def test_fifteen_days_later_it_is_a_new_referral(door: Door) -> None:
    await door.refer(external="R-1")
    again = await door.tell(referral_event(external="R-2", at=START + 15 * DAY))
    assert again.reason is None
    assert again.referral_id is not None
    assert again.referral_id == start_of(door.engine.run(again.referral_id)).referral_id


async def test_a_corrected_referral_is_told_to_its_workflow(door: Door) -> None:
    referral_id = await door.refer()
    told = referral_event(at=START + DAY, payers=["commercial"])
    assert (await door.tell(told)).state == "applied"
    received = door.referral(referral_id).received
    assert received.payers == ("commercial",)
    assert received.at == START, "when it was received does not move"
    assert door.engine.told(referral_id) == ["referral_received"]


async def test_the_same_external_id_for_another_patient_is_a_persons(door: Door) -> None:
    referral_id = await door.refer()
    other = await door.tell(referral_event(patient={"family_name": "Other"}))
    assert (other.state, other.referral_id) == ("task", referral_id)
    assert door.referral(referral_id).received.at == START
    assert [kind for kind, _ in door.open_tasks()] == ["unmatched_event"]


async def test_an_order_of_somebody_else_certifies_nothing(door: Door) -> None:
    certifier = {"name": "Sam Other", "credential": "DC", "npi": "1114567898"}
    referral_id = await door.refer(certifier=certifier)
    received = door.referral(referral_id).received
    assert not received.order_signed_and_dated
    assert not received.certifier_may_certify, "a chiropractor may not"
    assert len(received.recipients) == 2


@pytest.mark.parametrize(
    ("changes", "kind", "says"),
    [
        ({"source": {"npi": "1234567890"}}, "verify_sender", "The NPI of the source is not valid"),
        ({"source": {"fax": "555"}}, "verify_sender", "The fax number of the source"),
        ({"patient": {"phone": "12"}}, "ask_office", "The phone number of the patient"),
        ({"patient": {"email": "at home"}}, "ask_office", "The e-mail address of the patient"),
    ],
)
async def test_a_doubtful_value_is_set_aside_and_a_person_looks_it_up(
    door: Door, changes: dict[str, Any], kind: str, says: str
) -> None:
    referral_id = await door.refer(**changes)
    ((found, sentence),) = door.open_tasks()
    assert (found, sentence[: len(says)]) == (kind, says)
    (task,) = door.rows(TaskRow)
    assert task.inbox_id is not None, "the original is attached"
    start = start_of(door.engine.run(referral_id))
    assert kinds(start.facts).count("task_opened") == 1


async def test_a_wrong_npi_identifies_nobody_and_holds_the_thanks(door: Door) -> None:
    referral_id = await door.refer(source={"npi": "1234567890"})
    assert not door.referral(referral_id).received.source_verified
    (provider,) = door.rows(ProviderRow)
    assert provider.npi is None


@pytest.mark.parametrize("kind", ["self", "past_patient"])
async def test_nobody_watches_who_can_never_fall_silent(door: Door, kind: str) -> None:
    source = {"kind": kind, "npi": None, "name": "Robin Former", "fax": None}
    referral_id = await door.refer(source=source)
    assert list(door.engine.runs) == [f"referral/{ORG}/{referral_id}"]
    assert not door.referral(referral_id).received.may_thank, "nobody has allowed it (rule 8)"
    assert door.referral(referral_id).received.certifier_id is None


@pytest.mark.parametrize(
    "name",
    [
        "<b>Ana</b>",
        "🦵 Ana 🦵",
        "אנה \u202eabc",
        "A" * 300,
        "'; DROP TABLE patients; --",
        "{{7*7}}",
    ],
)
async def test_any_name_is_a_name(door: Door, name: str) -> None:
    referral_id = await door.refer(patient={"family_name": name}, source={"name": name})
    assert door.engine.run(referral_id).workflow == "ReferralWorkflow"
    (source,) = door.rows(SourceRow)
    assert source.name == name.replace("\u202e", "")


# --- decisions and receipts -----------------------------------------------------------------------


def a_call(at: Any = START) -> CallLogged:
    return CallLogged(at=at, by="dana", call_id="C-1", outcome=CallOutcome.REACHED)


async def test_a_decision_is_an_update_with_an_id_of_its_own(door: Door) -> None:
    referral_id = await door.refer()
    decided = await door.intake.decide(ORG, referral_id, a_call())
    assert decided == ("done", "v1")
    ((name, fact, update_id),) = door.engine.updates
    assert (name, fact) == ("decide", a_call())
    assert update_id is not None
    assert "C-1" not in update_id, "ids lie readable in the engine"
    await door.intake.decide(ORG, referral_id, a_call())
    other = a_call().model_copy(update={"outcome": CallOutcome.VOICEMAIL})
    await door.intake.decide(ORG, referral_id, other)
    _, again, another = (id for _, _, id in door.engine.updates)
    assert again == update_id
    assert another != update_id, "it must be judged, not taken for the first"


async def test_a_decision_on_a_closed_referral_is_judged_by_the_record(door: Door) -> None:
    referral_id = await door.closed(ClosedReason.COMPLETED, "evaluation_completed", "discharged")
    with pytest.raises(Refused) as refused:
        await door.intake.decide(ORG, referral_id, a_call())
    assert refused.value.code == "closed"
    await door.tell(event("visit_completed", visit_id="V-9"))
    key = task_key(TaskKind.AFTER_CLOSING, "visit-V-9")
    done = TaskCompleted(at=door.now, by="lee", task=key)
    assert (await door.intake.decide(ORG, referral_id, done)).state == "done"
    assert door.open_tasks() == []


async def test_a_closed_referral_is_reopened_into_a_new_run(door: Door) -> None:
    referral_id = await door.closed(ClosedReason.DECLINED_BY_PATIENT)
    back = Reopened(at=door.now, by="lee", why=WhyReopened.CAME_BACK)
    decided = await door.intake.decide(ORG, referral_id, back)
    assert (decided.state, decided.version) == ("done", back.key)
    runs = door.engine.runs[f"referral/{ORG}/{referral_id}"]
    assert len(runs) == 2
    assert start_of(runs[-1]).facts == door.referral(referral_id).facts
    assert door.referral(referral_id).closing() is None
    assert await door.intake.decide(ORG, referral_id, back) == ("done", "v1"), "it runs again"
    assert len(runs) == 2
    with door.store.read() as session:
        lines = [(line.who, line.what) for line in audit.about(session, ORG, referral_id)]
    assert lines == [("lee", "reopened")]


async def test_a_reopening_is_owed_while_temporal_is_away(door: Door) -> None:
    referral_id = await door.closed(ClosedReason.UNABLE_TO_REACH)
    back = Reopened(at=door.now, by="lee", why=WhyReopened.IN_ERROR)
    start = door.intake.loop.reopen

    async def away(_: Any) -> None:
        door.intake.loop.reopen = start
        raise EngineUnavailable("away")

    door.intake.loop.reopen = away
    assert (await door.intake.decide(ORG, referral_id, back)).state == "pending"
    assert len(door.engine.runs[f"referral/{ORG}/{referral_id}"]) == 1
    door.now += timedelta(minutes=5)
    assert await door.intake.dispatch_left(door.now) == 1
    assert len(door.engine.runs[f"referral/{ORG}/{referral_id}"]) == 2


async def test_what_may_not_go_on_is_refused_and_leaves_nothing(door: Door) -> None:
    referral_id = await door.closed(ClosedReason.COMPLETED, "evaluation_completed", "discharged")
    before = kinds(door.referral(referral_id).facts)
    back = Reopened(at=door.now, by="lee", why=WhyReopened.IN_ERROR)
    with pytest.raises(Refused) as refused:
        await door.intake.decide(ORG, referral_id, back)
    assert refused.value.code == "completed"
    assert kinds(door.referral(referral_id).facts) == before
    with door.store.read() as session:
        assert inbox.pending(session, door.now + timedelta(days=1)) == []


async def test_a_closing_that_is_taken_back_begins_a_new_run_as_well(door: Door) -> None:
    referral_id = await door.closed(ClosedReason.UNABLE_TO_REACH)
    (lost,) = door.referral(referral_id).all(ReferralClosed)
    undone = lost.model_copy(update={"as_of": door.now + timedelta(hours=1), "retracted": True})
    assert (await door.intake.decide(ORG, referral_id, undone)).state == "done"
    assert len(door.engine.runs[f"referral/{ORG}/{referral_id}"]) == 2


async def test_a_receipt_is_only_signalled(door: Door) -> None:
    referral_id = await door.refer()
    opened = TaskOpened(at=START, task="low_score:1", role="lead", due=START)
    assert await door.intake.tell(ORG, referral_id, opened)
    assert door.engine.told(referral_id) == ["task_opened"]
    assert kinds(door.referral(referral_id).facts) == ["referral_received"]
    door.engine.close(referral_id)
    assert not await door.intake.tell(ORG, referral_id, opened)
