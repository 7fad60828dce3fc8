"""What comes in reaches the record and the workflows, however often, late or wrong it is told."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from models.errors import BadRequest, Conflict, EngineUnavailable, Refused, UserError
from models.facts import (
    MILESTONES,
    CallLogged,
    CallOutcome,
    ClosedReason,
    MessageSent,
    PatientDied,
    ReferralClosed,
    Reopened,
    TaskCompleted,
    TaskOpened,
    WhyReopened,
)
from models.kinds import Kind
from models.tasks import TaskKind, task_key
from store import audit, documents, inbox
from store.engine import Store
from store.tables import InboxRow, ProviderRow, ReferralRow, SourceRow, TaskRow
from tests.doors import LATER, ORG, START, Door, event, kinds, referral_event, start_of
from web.examples import EVENTS

DAY = timedelta(days=1)


@pytest.fixture
def door(store: Store) -> Door:
    return Door(store)


def rows(door: Door, table: Any) -> Sequence[Any]:
    with door.store.read() as session:
        return session.exec(select(table)).all()


def open_tasks(door: Door) -> list[tuple[str, str]]:
    return sorted((t.kind, t.says) for t in rows(door, TaskRow) if t.state == "open")


# --- a new referral -------------------------------------------------------------------------------


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
    assert len(rows(door, ReferralRow)) == 1


async def test_a_second_referral_of_one_patient_by_one_source_is_linked_not_started(
    door: Door,
) -> None:
    first = await door.refer(external="R-1")
    second = await door.tell(referral_event(external="R-2", at=START + DAY))
    assert (second.state, second.reason) == ("applied", "duplicate")
    linked = next(row for row in rows(door, ReferralRow) if row.id == second.referral_id)
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
    assert [kind for kind, _ in open_tasks(door)] == ["unmatched_event"]


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
    ((found, sentence),) = open_tasks(door)
    assert (found, sentence[: len(says)]) == (kind, says)
    (task,) = rows(door, TaskRow)
    assert task.inbox_id is not None, "the original is attached"
    start = start_of(door.engine.run(referral_id))
    assert kinds(start.facts).count("task_opened") == 1


async def test_a_wrong_npi_identifies_nobody_and_holds_the_thanks(door: Door) -> None:
    referral_id = await door.refer(source={"npi": "1234567890"})
    assert not door.referral(referral_id).received.source_verified
    (provider,) = rows(door, ProviderRow)
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
    (source,) = rows(door, SourceRow)
    assert source.name == name.replace("\u202e", "")


# --- milestones -----------------------------------------------------------------------------------


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
    kept = [row for row in rows(door, InboxRow) if row.event_id == "once"]
    assert sorted(row.state for row in kept) == ["applied", "rejected"]
    assert [kind for kind, _ in open_tasks(door)] == ["unreadable_event"]


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
    assert [kind for kind, _ in open_tasks(door)] == ["unmatched_event"]


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
    assert [kind for kind, _ in open_tasks(door)] == ["after_closing", "after_closing"]
    await door.tell(back, "the same under another id")
    assert len(open_tasks(door)) == 2


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
    (task,) = rows(door, TaskRow)
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
    assert open_tasks(door) == []


# --- after closing --------------------------------------------------------------------------------


async def closed(door: Door, reason: ClosedReason, *facts: str) -> str:
    referral_id = await door.refer()
    for kind in facts:
        await door.tell(event(kind))
    door.now = LATER
    door.write(referral_id, ReferralClosed(at=LATER, by="lee", reason=reason))
    door.engine.close(referral_id)
    door.now = LATER + DAY
    return referral_id


async def test_a_lost_referral_reopens_for_an_evaluation(door: Door) -> None:
    referral_id = await closed(door, ClosedReason.UNABLE_TO_REACH)
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
    referral_id = await closed(door, ClosedReason.COMPLETED, "discharged")
    row = await door.tell(event("appointment_cancelled"))
    assert row.state == "applied"
    assert "appointment_cancelled" in kinds(door.referral(referral_id).facts)
    assert open_tasks(door) == []
    assert len(door.engine.runs[f"referral/{ORG}/{referral_id}"]) == 1


async def test_a_fact_a_letter_would_have_named_asks_a_person(door: Door) -> None:
    referral_id = await closed(door, ClosedReason.COMPLETED, "evaluation_completed", "discharged")
    await door.tell(event("visit_completed", visit_id="V-9"))
    assert [kind for kind, _ in open_tasks(door)] == ["after_closing"]
    # the same fact under another event id asks nobody twice
    await door.tell(event("visit_completed", visit_id="V-9"))
    # and one that was known before closing asks nobody at all
    door.now = LATER + 2 * DAY
    again = event("evaluation_completed")
    await door.tell(again)
    assert [kind for kind, _ in open_tasks(door)] == ["after_closing"]
    assert door.referral(referral_id).closed()


async def test_a_late_low_score_asks_a_person_and_a_good_one_nobody(door: Door) -> None:
    await closed(door, ClosedReason.COMPLETED, "discharged")
    door.now = LATER + 3 * DAY
    at = (LATER + 2 * DAY).isoformat()
    await door.tell(event("check_in_answered", score=9, at=at))
    assert open_tasks(door) == []
    await door.tell(event("check_in_answered", score=2, at=at, as_of=door.now.isoformat()))
    assert [kind for kind, _ in open_tasks(door)] == ["after_closing"]


# --- when things are away -------------------------------------------------------------------------


async def test_what_came_while_temporal_was_away_is_applied_when_it_is_back(door: Door) -> None:
    door.engine.down = True
    received = await door.tell(referral_event())
    assert (received.state, received.reason, received.attempts) == (
        "received",
        "engine_unavailable",
        1,
    )
    assert received.referral_id is None or received.settled_at is None
    booked = await door.tell(event("appointment_booked"))
    assert booked.state == "received"
    # the record and its card are right all the same
    (row,) = rows(door, ReferralRow)
    assert row.stage == "scheduled"
    door.engine.down = False
    door.now = booked.received_at + timedelta(minutes=5)
    assert await door.intake.dispatch_left(door.now) == 2
    assert {r.state for r in rows(door, InboxRow)} == {"applied"}
    facts = [*start_of(door.engine.run(row.id)).facts]
    facts += [fact for _, fact in door.engine.run(row.id).signals]
    assert {"referral_received", "appointment_booked"} <= set(kinds(facts))


async def test_what_is_put_off_waits_longer_each_time(door: Door) -> None:
    door.engine.down = True
    row = await door.tell(referral_event())
    pauses = []
    for _ in range(9):
        assert row.next_try_at is not None
        pauses.append((row.next_try_at - door.now).total_seconds())
        assert await door.intake.dispatch_left(row.next_try_at - timedelta(seconds=1)) == 0
        door.now = row.next_try_at
        assert await door.intake.dispatch_left(door.now) == 1
        row = door.intake.status(ORG, row.id)
    assert pauses == [15, 30, 60, 120, 240, 480, 600, 600, 600]


async def test_fresh_rows_are_left_to_whoever_accepted_them(door: Door) -> None:
    row = door.accept(referral_event())
    assert await door.intake.dispatch_left(row.received_at + timedelta(seconds=14)) == 0
    assert await door.intake.dispatch_left(row.received_at + timedelta(seconds=15)) == 1


async def test_half_an_apply_is_finished_by_the_next(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the engine's answer and the row: told again, nothing twice."""

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    row = door.accept(referral_event())
    with monkeypatch.context() as once:
        once.setattr(door.intake._apply, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            await door.intake.dispatch(row.id)
    await door.intake.dispatch(row.id)
    await door.intake.dispatch(row.id)
    after = door.intake.status(ORG, row.id)
    assert after.state == "applied"
    assert len(rows(door, ReferralRow)) == 1
    assert len(door.engine.runs[f"referral/{ORG}/{after.referral_id}"]) == 1


async def test_a_bug_of_ours_loses_nothing_and_says_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("Jordan Sample")

    monkeypatch.setattr(door.intake._apply, "apply", broken)
    row = door.accept(referral_event())
    for _ in range(5):
        await door.intake.dispatch(row.id)
    assert door.intake.status(ORG, row.id).state == "task"
    assert [kind for kind, _ in open_tasks(door)] == ["unreadable_event"]
    assert "ZeroDivisionError" in caplog.text
    assert "Jordan" not in caplog.text


# --- what the sender must change ------------------------------------------------------------------


def changed(kind: str, **changes: Any) -> dict[str, Any]:
    told = copy.deepcopy(EVENTS[kind])
    for path, value in changes.items():
        *parents, last = path.split("__")
        inner: Any = told
        for parent in parents:
            inner = inner[parent]
        inner[last] = value
    return told


@pytest.mark.parametrize(
    ("content", "code", "field"),
    [
        (b"{", "malformed_json", None),
        (b"\xff", "malformed_json", None),
        (b"[" * 100_000, "malformed_json", None),
        (b'{"type": NaN}', "malformed_json", None),
        ([], "invalid_event", None),
        ({"type": "discharged"}, "invalid_event", "at"),
        (changed("discharged", type="discharge"), "unknown_event_type", "type"),
        (changed("discharged", at="2026-01-05"), "invalid_event", "at"),
        (changed("discharged", at="1899-12-31T00:00:00Z"), "impossible_date", "at"),
        (changed("discharged", at="3000-01-01T00:00:00Z"), "impossible_date", "at"),
        (changed("discharged", at="0001-01-01T00:00:00+14:00"), "impossible_date", None),
        (changed("discharged", at="9999-12-31T23:59:59-14:00"), "impossible_date", None),
        (
            changed("referral_received", data__not_before="9999-12-31T23:59:59-14:00"),
            "impossible_date",
            None,
        ),
        (b'{"type": "outcome_recorded", "score": 1e999}', "malformed_json", None),
        (changed("discharged", referral=None), "invalid_event", "referral"),
        (changed("discharged", data__reason="bored"), "invalid_event", "data.reason"),
        (changed("discharged", data__raeson="goals_met"), "invalid_event", "data"),
        (changed("discharged", data__kind="visit_completed"), "invalid_event", "data"),
        (changed("visit_completed", data__day="1899-01-01"), "impossible_date", "data.day"),
        (changed("visit_completed", data__day="3000-01-01"), "impossible_date", "data.day"),
        (
            changed("appointment_booked", data__starts_at="3000-01-01T00:00:00Z"),
            "impossible_date",
            "data.starts_at",
        ),
        (changed("plan_of_care_signed", data__document_id="doc_1"), "invalid_event", "data"),
        (changed("order_received", data__provider_npi="12"), "invalid_event", "data.provider_npi"),
        (
            changed("referral_received", data__patient__born="1899-12-31"),
            "impossible_date",
            "data.patient.born",
        ),
        (
            changed("referral_received", data__patient__born="3000-01-01"),
            "impossible_date",
            "data.patient.born",
        ),
        (
            changed("referral_received", data__patient__family_name="A" * 301),
            "invalid_event",
            "data.patient.family_name",
        ),
        (
            changed("referral_received", data__patient__family_name="\u202e"),
            "bad_name",
            "data.patient.family_name",
        ),
        (
            changed("referral_received", data__patient__state="XX"),
            "bad_state",
            "data.patient.state",
        ),
        (changed("referral_received", data__clinic="north"), "unknown_clinic", "clinic"),
        (changed("discharged", document={"fields": {}}), "document_not_expected", "document"),
        (changed("plan_of_care_signed", document={}), "invalid_document", "document"),
        (
            changed("plan_of_care_signed", document={"pdf": "aGVsbG8="}),
            "not_a_pdf",
            None,
        ),
        (
            changed("plan_of_care_signed", document__fields__plan__frequency=""),
            "missing_elements",
            None,
        ),
        (
            changed("plan_of_care_signed", document__fields__plan__frequencey="twice"),
            "invalid_document",
            "document.fields.plan",  # a name that is not ours is not repeated
        ),
        (
            changed("progress_report_signed", document__fields__signature=None),
            "unsigned_document",
            "document.fields.signature",
        ),
        (
            changed("progress_report_signed", document__fields__patient={}),
            "invalid_document",
            "document.fields",
        ),
    ],
)
def test_what_the_sender_can_fix_is_refused_and_kept(
    door: Door, content: Any, code: str, field: str | None
) -> None:
    door.now = LATER
    with pytest.raises(UserError) as refused:
        door.accept(content)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert refused.value.http_status == 400
    (kept,) = rows(door, InboxRow)
    assert (kept.state, kept.reason) == ("rejected", code)


def test_a_refusal_repeats_nothing_that_was_sent(door: Door) -> None:
    told = changed("referral_received", data__patient__born="Jordan was born in May")
    with pytest.raises(BadRequest) as refused:
        door.accept(told)
    assert "Jordan" not in str(refused.value)
    assert refused.value.field == "data.patient.born"


async def test_a_rejected_row_stays_rejected(door: Door) -> None:
    for _ in range(2):
        with pytest.raises(BadRequest):
            door.accept({"type": "discharged"}, "e-bad")
    (kept,) = rows(door, InboxRow)
    await door.intake.dispatch(kept.id)
    assert door.intake.status(ORG, kept.id).state == "rejected"


async def test_the_api_names_fields_as_its_sender_wrote_them(door: Door) -> None:
    content = copy.deepcopy(EVENTS["referral_received"]["data"])
    content["patient"]["born"] = "1899-01-01"
    with pytest.raises(BadRequest) as refused:
        door.accept(content, origin="api")
    assert refused.value.field == "patient.born"
    assert refused.value.sentence.startswith("The birth date is impossible")


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
    referral_id = await closed(door, ClosedReason.COMPLETED, "evaluation_completed", "discharged")
    with pytest.raises(Refused) as refused:
        await door.intake.decide(ORG, referral_id, a_call())
    assert refused.value.code == "closed"
    await door.tell(event("visit_completed", visit_id="V-9"))
    key = task_key(TaskKind.AFTER_CLOSING, "visit-V-9")
    done = TaskCompleted(at=door.now, by="lee", task=key)
    assert (await door.intake.decide(ORG, referral_id, done)).state == "done"
    assert open_tasks(door) == []


async def test_a_closed_referral_is_reopened_into_a_new_run(door: Door) -> None:
    referral_id = await closed(door, ClosedReason.DECLINED_BY_PATIENT)
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
    referral_id = await closed(door, ClosedReason.UNABLE_TO_REACH)
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
    referral_id = await closed(door, ClosedReason.COMPLETED, "evaluation_completed", "discharged")
    before = kinds(door.referral(referral_id).facts)
    back = Reopened(at=door.now, by="lee", why=WhyReopened.IN_ERROR)
    with pytest.raises(Refused) as refused:
        await door.intake.decide(ORG, referral_id, back)
    assert refused.value.code == "completed"
    assert kinds(door.referral(referral_id).facts) == before
    with door.store.read() as session:
        assert inbox.pending(session, door.now + timedelta(days=1)) == []


async def test_a_closing_that_is_taken_back_begins_a_new_run_as_well(door: Door) -> None:
    referral_id = await closed(door, ClosedReason.UNABLE_TO_REACH)
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
