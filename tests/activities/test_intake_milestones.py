"""What is told of a referral: found, applied once, taken back, and heard after its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.errors import Conflict
from models.facts import (
    MILESTONES,
    ClosedReason,
    MessageSent,
    PatientDied,
    ReferralClosed,
)
from models.kinds import Kind
from models.tasks import TaskKind, task_key
from store import documents
from store.tables import InboxRow, TaskRow
from tests.doors import LATER, ORG, START, Door, event, kinds, referral_event, start_of

DAY = timedelta(days=1)


async def test_every_milestone_is_written_and_signalled_as_one_fact(door: Door) -> None:
    referral_id = await door.refer()
    for kind in MILESTONES:
        if kind not in {"referral_received", "patient_died", "referral_withdrawn"}:
            row = await door.tell(event(kind))
            assert (row.state, row.reason, row.referral_id) == ("applied", None, referral_id), kind
    signals = door.engine.run(referral_id).signals
    assert len(signals) == len(MILESTONES) - 3
    known = door.referral(referral_id).facts
    for name, fact in signals:
        assert fact in known
        assert name == fact.kind


async def test_the_same_event_again_changes_nothing(door: Door) -> None:
    referral_id = await door.refer()
    first = await door.tell(event("evaluation_completed"), "once")
    again = await door.tell(event("evaluation_completed"), "once")
    assert again.id == first.id
    assert door.engine.told(referral_id) == ["evaluation_completed"]


async def test_the_same_id_with_another_body_is_refused_and_both_are_kept(door: Door) -> None:
    await door.refer()
    await door.tell(event("evaluation_completed"), "once")
    with pytest.raises(Conflict) as refused:
        door.accept(event("evaluation_completed", day="2026-01-13"), "once")
    assert (refused.value.code, refused.value.http_status) == ("event_id_reused", 409)
    kept = [row for row in door.rows(InboxRow) if row.event_id == "once"]
    assert sorted(row.state for row in kept) == ["applied", "rejected"]
    assert [kind for kind, _ in door.open_tasks()] == ["unreadable_event"]


async def test_a_milestone_before_its_referral_waits_and_attaches_itself(door: Door) -> None:
    early = await door.tell(event("appointment_booked"))
    assert (early.state, early.wait_value) == ("waiting", "R-1001")
    # 90 days by the clinic's own clock, which changes in between
    assert early.wait_until == START.replace(hour=17) + 90 * DAY
    referral_id = await door.refer()
    attached = door.intake.status(ORG, early.id)
    assert (attached.state, attached.referral_id) == ("applied", referral_id)
    assert door.engine.told(referral_id) == ["appointment_booked"]


async def test_after_ninety_days_a_person_looks(door: Door) -> None:
    early = await door.tell(event("appointment_booked"))
    assert await door.intake.dispatch_left(START + 89 * DAY) == 0
    assert await door.intake.dispatch_left(START + 91 * DAY) == 1
    assert door.intake.status(ORG, early.id).state == "task"
    assert [kind for kind, _ in door.open_tasks()] == ["unmatched_event"]


async def test_ids_of_two_referrals_are_a_persons(door: Door) -> None:
    first = await door.refer()
    await door.refer(external="R-2", patient={"family_name": "Other"})
    ref = {"id": first, "external": {"assigner": "example-emr", "value": "R-2"}}
    row = await door.tell(event("appointment_booked", referral=ref))
    assert (row.state, row.reason) == ("task", "several_referrals")


async def test_a_document_is_stored_before_the_fact_that_names_it(door: Door) -> None:
    referral_id = await door.refer()
    await door.tell(event("plan_of_care_signed"))
    plan = door.referral(referral_id).plan()
    assert plan is not None
    assert plan.document_id is not None
    with door.store.read() as session:
        document = documents.get(session, ORG, plan.document_id)
    assert document.kind == "plan_of_care"
    assert document.signed_by_therapist
    assert document.content is not None
    assert document.content["plan"]["frequency"] == "2 times a week"
    assert plan.weekly == 2, "a number is no clinical word, and the workflow asks by it"
    assert document.content["update"]["scores"][0]["measure"]["name"] == "LEFS"
    ((_, fact),) = door.engine.run(referral_id).signals
    assert fact.document_id == plan.document_id


async def test_an_order_finds_its_provider_by_npi(door: Door) -> None:
    referral_id = await door.refer()
    await door.tell(event("order_received"))
    await door.tell(event("order_received", order_id="O-2", provider_npi="1114567898"))
    orders = {f.key: f for f in door.referral(referral_id).facts if f.kind == "order_received"}
    certifier = door.referral(referral_id).received.certifier_id
    assert orders["order:O-1"].provider_id == certifier
    assert orders["order:O-2"].provider_id == "npi-1114567898"


async def test_a_death_concerns_every_open_referral_of_the_patient(door: Door) -> None:
    first = await door.refer(external="R-1")
    second = await door.refer(external="R-2", at=START + 20 * DAY)
    ref = {"external": {"assigner": "example-emr", "value": "R-2"}}
    await door.tell(event("patient_died", referral=ref))
    for referral_id in (first, second):
        assert door.referral(referral_id).all(PatientDied)
        assert door.engine.told(referral_id) == ["patient_died"]


def _ref(external: str) -> dict[str, Any]:
    return {"external": {"assigner": "example-emr", "value": external}}


@pytest.mark.parametrize(
    ("kind", "data"), [("patient_died", {}), ("discharged", {"reason": "deceased"})]
)
async def test_a_death_stops_a_referral_that_came_to_be_known_after_it(
    door: Door, kind: str, data: dict[str, Any]
) -> None:
    await door.refer(external="R-1")
    await door.tell(event(kind, referral=_ref("R-1"), **data))
    late = await door.tell(referral_event("R-2", at=START + 20 * DAY))
    assert (late.state, late.reason) == ("task", "needs_a_person")
    assert len(door.engine.runs) == 2  # the first referral and its source: nobody else is texted


async def test_care_that_ended_by_death_concerns_every_open_referral(door: Door) -> None:
    await door.refer(external="R-1")
    second = await door.refer(external="R-2", at=START + 20 * DAY, region="shoulder")
    await door.tell(event("discharged", referral=_ref("R-1"), reason="deceased"))
    assert door.referral(second).died()
    assert door.engine.told(second) == ["patient_died"]
    better = event("discharged", referral=_ref("R-1"), reason="moved", as_of="2026-03-11T15:00:00Z")
    await door.tell(better)
    assert not door.referral(second).died()
    # Taken back; and the patient is reached for this one now (rule 12).
    assert door.engine.told(second) == ["patient_died", "patient_died", "cadence_shared"]


async def test_a_death_told_in_error_is_taken_back_wherever_it_was_heard(door: Door) -> None:
    first = await door.refer(external="R-1")
    second = await door.refer(external="R-2", at=START + 20 * DAY)
    await door.tell(event("patient_died", referral=_ref("R-1")))
    for referral_id in (first, second):
        done = ReferralClosed(at=LATER, by="system", reason=ClosedReason.DECEASED)
        door.intake.record.write(ORG, referral_id, done, recorded_at=LATER)
        door.engine.close(referral_id)
    back = event("patient_died", referral=_ref("R-1"), as_of="2026-03-21T15:00:00Z", retracted=True)
    await door.tell(back)
    assert not any(door.referral(one).died() for one in (first, second))
    # Both were closed for it: somebody decides about each how to go on.
    assert [kind for kind, _ in door.open_tasks()] == ["after_closing", "after_closing"]
    await door.tell(back, "the same under another id")
    assert len(door.open_tasks()) == 2


async def test_two_events_of_one_moment_end_the_same_in_either_order(door: Door) -> None:
    ids = []
    for order in (1, -1):
        external = f"R-{order}"
        ref = {"external": {"assigner": "example-emr", "value": external}}
        ids.append(await door.refer(external=external, patient={"family_name": f"No {order}"}))
        told = [
            event("appointment_booked", referral=ref, starts_at="2026-01-12T14:00:00Z"),
            event("appointment_booked", referral=ref, starts_at="2026-01-13T14:00:00Z"),
        ]
        for one in told[::order]:
            assert (await door.tell(one)).state == "applied"
    booked = [door.referral(referral_id).appointment() for referral_id in ids]
    assert booked[0] == booked[1]


@pytest.mark.parametrize(
    ("kind", "at", "data"),
    [
        ("discharged", "2026-01-02T15:00:00Z", {}),
        ("evaluation_completed", "2025-12-01T15:00:00Z", {"day": "2025-12-01"}),
    ],
)
async def test_what_contradicts_the_chart_changes_nothing_until_a_person_says(
    door: Door, kind: str, at: str, data: dict[str, Any]
) -> None:
    referral_id = await door.refer()
    row = await door.tell(event(kind, at=at, **data))
    assert (row.state, row.reason, row.referral_id) == ("task", "needs_a_person", referral_id)
    assert kinds(door.referral(referral_id).facts) == ["referral_received", "task_opened"]
    assert door.engine.told(referral_id) == ["task_opened"]
    (task,) = door.rows(TaskRow)
    assert (task.kind, task.inbox_id) == ("unmatched_event", row.id)


async def test_what_is_taken_back_after_a_letter_is_a_persons(door: Door) -> None:
    referral_id = await door.refer()
    await door.tell(event("plan_of_care_signed"))
    sent_at = START + 8 * DAY
    key = "plan_of_care:certifier:v1"
    door.write(
        referral_id,
        MessageSent(at=sent_at, message=key, message_kind=Kind.PLAN_OF_CARE, channel="fax"),
    )
    back = event("plan_of_care_signed", as_of="2026-01-20T15:00:00Z", retracted=True)
    back.pop("document")
    await door.tell(back)
    assert door.referral(referral_id).plan() is None
    wanted = task_key(TaskKind.RETRACTED_AFTER_LETTER, key)
    assert door.referral(referral_id).task(wanted) is not None
    assert door.engine.told(referral_id)[-2:] == ["plan_of_care_signed", "task_opened"]


async def test_what_is_taken_back_before_any_letter_asks_nobody(door: Door) -> None:
    referral_id = await door.refer()
    await door.tell(event("evaluation_completed"))
    later = "2026-01-20T15:00:00Z"
    await door.tell(event("evaluation_completed", as_of=later, retracted=True))
    assert not door.referral(referral_id).evaluated()
    assert door.open_tasks() == []


# --- after closing --------------------------------------------------------------------------------


async def test_a_lost_referral_reopens_for_an_evaluation(door: Door) -> None:
    referral_id = await door.closed(ClosedReason.UNABLE_TO_REACH)
    row = await door.tell(event("evaluation_completed"))
    assert row.state == "applied"
    runs = door.engine.runs[f"referral/{ORG}/{referral_id}"]
    assert len(runs) == 2
    assert kinds(start_of(runs[1]).facts) == [
        "referral_received",
        "evaluation_completed",
        "referral_closed",
    ]
    assert runs[1].signals == []


async def test_a_fact_no_letter_names_is_only_written(door: Door) -> None:
    referral_id = await door.closed(ClosedReason.COMPLETED, "discharged")
    row = await door.tell(event("appointment_cancelled"))
    assert row.state == "applied"
    assert "appointment_cancelled" in kinds(door.referral(referral_id).facts)
    assert door.open_tasks() == []
    assert len(door.engine.runs[f"referral/{ORG}/{referral_id}"]) == 1


async def test_a_fact_a_letter_would_have_named_asks_a_person(door: Door) -> None:
    referral_id = await door.closed(ClosedReason.COMPLETED, "evaluation_completed", "discharged")
    await door.tell(event("visit_completed", visit_id="V-9"))
    assert [kind for kind, _ in door.open_tasks()] == ["after_closing"]
    # the same fact under another event id asks nobody twice
    await door.tell(event("visit_completed", visit_id="V-9"))
    # and one that was known before closing asks nobody at all
    door.now = LATER + 2 * DAY
    again = event("evaluation_completed")
    await door.tell(again)
    assert [kind for kind, _ in door.open_tasks()] == ["after_closing"]
    assert door.referral(referral_id).closed()


async def test_a_late_low_score_asks_a_person_and_a_good_one_nobody(door: Door) -> None:
    await door.closed(ClosedReason.COMPLETED, "discharged")
    door.now = LATER + 3 * DAY
    at = (LATER + 2 * DAY).isoformat()
    await door.tell(event("check_in_answered", score=9, at=at))
    assert door.open_tasks() == []
    await door.tell(event("check_in_answered", score=2, at=at, as_of=door.now.isoformat()))
    assert [kind for kind, _ in door.open_tasks()] == ["after_closing"]
