"""The fold: the same referral in whatever order and however often its facts were told."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import certification, dues
from models.card import card_of
from models.facts import (
    AnyFact,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    CallLogged,
    CallOutcome,
    CheckInAnswered,
    ClosedReason,
    Discharged,
    Ending,
    IntakeCompleted,
    MessageDelivered,
    MessageSent,
    PatientDied,
    PatientReplied,
    PlanOfCareReturned,
    ReferralClosed,
    ReferralWithdrawn,
    TaskCompleted,
    TaskOpened,
)
from models.kinds import Kind
from models.referral import MessageRef, Referral, Stage
from tests.lives import (
    LIVES,
    Life,
    booked,
    certified,
    discharged,
    evaluated,
    local,
    on,
    planned,
    received,
    rules,
    visits,
)

START = datetime(2026, 1, 12, 15, tzinfo=UTC)
ASKED = received(START)
RULES = rules()

# --- order and repetition -------------------------------------------------------------------------

POOL: Life = [fact for life in LIVES.values() for fact in life(START)]
OTHERS: Life = [
    ASKED,
    received(START, certifier_id=None, source_verified=False),
    AppointmentMissed(at=on(START, 7), appointment_id="a1"),
    PlanOfCareReturned(at=on(START, 9)),
    PatientReplied(at=on(START, 2), reply_id="r1"),
    CallLogged(at=on(START, 2), by="dana", call_id="c1", outcome=CallOutcome.DECLINED),
    TaskOpened(at=on(START, 8), task="sign_plan:1", role="therapist", due=on(START, 9)),
    MessageSent(
        at=on(START, 7),
        message="plan_of_care:certifier:v1",
        message_kind=Kind.PLAN_OF_CARE,
        channel="fax",
    ),
    ReferralWithdrawn(at=on(START, 5)),
    PatientDied(at=on(START, 30)),
    ReferralClosed(at=on(START, 9), by="lee", reason=ClosedReason.NOT_EVALUATED),
]


@st.composite
def tellings(draw: st.DrawFn) -> list[AnyFact]:
    """Facts of several lives at once, corrected, taken back, and told at one moment twice."""
    told = []
    for fact in draw(st.lists(st.sampled_from(POOL + OTHERS), min_size=1, max_size=25)):
        later = timedelta(hours=draw(st.sampled_from((0, 0, 1, 24))))
        moved = timedelta(hours=draw(st.sampled_from((0, 0, 5))))
        back = draw(st.sampled_from((False, False, False, True)))
        change = {"at": fact.at + moved, "as_of": fact.as_of + later, "retracted": back}
        told.append(fact.model_copy(update=change))
    return told


def everything(referral: Referral) -> tuple[object, ...]:
    """All that is ever asked of a referral, as far as it can be asked."""
    card = card_of(referral, RULES, org="o", clinic_id="c", referral_id="r")
    return (
        referral.facts,
        referral.stage(),
        certification.state(referral),
        dues.agenda(referral, RULES),
        referral.open_tasks(),
        card,
    )


@given(told=tellings(), seed=st.integers(0, 10_000))
@settings(max_examples=150, deadline=None)
def test_neither_order_nor_repetition_matters(told: list[AnyFact], seed: int) -> None:
    dice = random.Random(seed)
    again = [*told, *dice.choices(told, k=5)]
    dice.shuffle(again)
    assert everything(Referral(again)) == everything(Referral(told))


@given(told=tellings())
@settings(max_examples=100, deadline=None)
def test_a_new_page_knows_the_same(told: list[AnyFact]) -> None:
    referral = Referral(told)
    assert everything(Referral(referral.facts)) == everything(referral)
    assert not any(referral.learn(fact) for fact in told)


@given(told=tellings())
@settings(max_examples=100, deadline=None)
def test_every_open_referral_has_a_next_action(told: list[AnyFact]) -> None:
    """policy.md rule 24: also when all that people are asked is done, and done in vain."""
    known = [ASKED, *told]
    for _ in range(4):
        referral = Referral(known)
        if referral.over() or referral.discharged():
            return  # after the discharge the story may simply be at its end
        ahead = dues.agenda(referral, RULES)
        assert ahead or referral.open_tasks()
        asked = {f"{due.task}:{due.occasion}": due.at for due in ahead if due.task}
        asked |= {task.task: task.at for task in referral.open_tasks()}
        for task, at in asked.items():
            known.append(TaskOpened(at=at, task=task, role="lead", due=at))
            known.append(TaskCompleted(at=at, by="lee", task=task))


def test_a_later_telling_corrects_and_an_older_one_is_late() -> None:
    first = AppointmentBooked(at=START, appointment_id="a1", starts_at=on(START, 7))
    moved = first.model_copy(update={"as_of": on(START, 1), "starts_at": on(START, 9)})
    referral = Referral([ASKED, moved])
    assert not referral.learn(first)
    assert not referral.learn(moved)
    assert referral.appointment() == moved
    assert referral.learn(moved.model_copy(update={"as_of": on(START, 2), "retracted": True}))
    assert referral.appointment() is None


# --- messages -------------------------------------------------------------------------------------

WORD = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)


@given(
    message=st.builds(
        MessageRef,
        st.sampled_from(Kind),
        st.one_of(WORD, WORD.map(lambda one: f"recipient:{one}")),
        WORD,
    )
)
def test_a_message_is_read_back_from_its_key(message: MessageRef) -> None:
    assert MessageRef.parse(message.key) == message


@pytest.mark.parametrize("key", ["", "thank_you", "thank_you:source", "poem:patient:1"])
def test_what_names_no_message(key: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        MessageRef.parse(key)


# --- where it stands ------------------------------------------------------------------------------

DELIVERED = MessageDelivered(
    at=START,
    message="schedule_text:patient:bd-0",
    message_kind=Kind.SCHEDULE_TEXT,
    channel="sms",
)
SENT_INTAKE = MessageSent(
    at=START, message="intake:patient:a1", message_kind=Kind.INTAKE, channel="sms"
)
CARE: Life = [*evaluated(START), *planned(START)]
LOST = ReferralClosed(at=on(START, 3), by="lee", reason=ClosedReason.UNABLE_TO_REACH)
DONE = ReferralClosed(at=on(START, 40), by="system", reason=ClosedReason.COMPLETED)
CANCELLED = AppointmentCancelled(at=on(START, 1), appointment_id="a1")

STAGES: list[tuple[str, Life, Stage]] = [
    ("just in", [], Stage.RECEIVED),
    ("a text arrived", [DELIVERED], Stage.CONTACTING),
    (
        "a call was made",
        [CallLogged(at=START, by="dana", call_id="c1", outcome=CallOutcome.NO_ANSWER)],
        Stage.CONTACTING,
    ),
    ("booked", booked(START), Stage.SCHEDULED),
    ("forms are out", [*booked(START), SENT_INTAKE], Stage.INTAKE),
    ("forms are in", [*booked(START), IntakeCompleted(at=START)], Stage.INTAKE),
    ("cancelled", [*booked(START), CANCELLED, DELIVERED], Stage.CONTACTING),
    ("evaluated", evaluated(START), Stage.EVALUATED),
    ("evaluated, as the plan implies", planned(START), Stage.EVALUATED),
    ("the second visit", [*CARE, *visits(START, 8)], Stage.IN_CARE),
    ("two visits on one day", [*CARE, *visits(START, 7)], Stage.EVALUATED),
    ("discharged", [*CARE, *discharged(START, 20)], Stage.DISCHARGING),
    ("discharged, and nothing else told", discharged(START, 20), Stage.DISCHARGING),
    ("withdrawn", [ReferralWithdrawn(at=START)], Stage.DISCHARGING),
    ("completed", [*CARE, *discharged(START, 20), DONE], Stage.CLOSED),
    ("lost", [LOST], Stage.CLOSED),
    ("lost, then booked", [LOST, *booked(START, made=4)], Stage.SCHEDULED),
    ("lost, with an older booking", [*booked(START), CANCELLED, LOST], Stage.CLOSED),
    ("lost, then evaluated", [LOST, *evaluated(START)], Stage.EVALUATED),
    ("completed, then booked", [DONE, *booked(START, made=41, day=45)], Stage.CLOSED),
]


@pytest.mark.parametrize(
    ("facts", "stage"), [row[1:] for row in STAGES], ids=[row[0] for row in STAGES]
)
def test_the_stage_follows_from_the_facts(facts: Life, stage: Stage) -> None:
    assert Referral([ASKED, *facts]).stage() is stage


@pytest.mark.parametrize(
    ("facts", "over", "reason"),
    [
        ([], False, ClosedReason.COMPLETED),
        ([LOST], True, ClosedReason.COMPLETED),
        ([PatientDied(at=START)], True, ClosedReason.DECEASED),
        ([*CARE, Discharged(at=START, reason=Ending.DECEASED)], True, ClosedReason.DECEASED),
        ([ReferralWithdrawn(at=START)], True, ClosedReason.WITHDRAWN),
        ([*CARE, ReferralWithdrawn(at=START)], False, ClosedReason.COMPLETED),
        ([received(START, as_of=on(START, 1), retracted=True)], True,
         ClosedReason.ENTERED_IN_ERROR),
    ],
)  # fmt: skip
def test_what_ends_a_referral(facts: Life, over: bool, reason: ClosedReason) -> None:
    referral = Referral([ASKED, *facts])
    assert (referral.over(), referral.closing_reason()) == (over, reason)


def test_a_milestone_may_come_before_the_request() -> None:
    early = Referral(evaluated(START))
    assert not early.is_received()
    assert early.stage() is Stage.RECEIVED
    with pytest.raises(LookupError):
        _ = early.received


def test_clocks_start_at_the_latest_of_request_confirmation_and_surgery() -> None:
    """policy.md rule 15."""
    later = received(START, confirmed_at=on(START, 1), not_before=on(START, 9))
    assert local(START, Referral([later]).clock_start) == "day 9 10:00"
    assert local(START, Referral([received(START, confirmed_at=on(START, 1))]).clock_start) == (
        "day 1 10:00"
    )


def missed(name: str, day: int) -> AppointmentMissed:
    return AppointmentMissed(at=on(START, day, "12:00"), appointment_id=name)


VISIT = AppointmentBooked(at=START, appointment_id="w1", starts_at=on(START, 10), purpose="visit")


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ([], None),
        (booked(START), None),
        ([*booked(START), missed("a1", 7)], "miss-1"),
        ([*booked(START), CANCELLED], "cancelled-a1"),
        ([*booked(START), missed("a1", 7), *booked(START, made=8, day=9, name="a2")], None),
        ([*booked(START, name="a0"), missed("a0", 7), *booked(START, made=8, day=9),
          AppointmentCancelled(at=on(START, 8, "17:00"), appointment_id="a1")], "cancelled-a1"),
        ([*booked(START), missed("a1", 7), VISIT, missed("w1", 10)], "miss-1"),
        ([*booked(START), CANCELLED, *evaluated(START)], None),
    ],
)  # fmt: skip
def test_why_an_evaluation_must_be_booked_again(facts: Life, why: str | None) -> None:
    assert Referral([ASKED, *facts]).rebooking() == why


def test_a_missed_appointment_that_was_moved_stands_again() -> None:
    [first] = booked(START)
    moved = first.model_copy(update={"as_of": on(START, 8), "starts_at": on(START, 10)})
    assert Referral([ASKED, first, missed("a1", 7)]).appointment() is None
    assert Referral([ASKED, moved, missed("a1", 7)]).appointment() == moved


def test_a_returned_page_is_judged_by_a_signature_or_by_a_person() -> None:
    page = PlanOfCareReturned(at=on(START, 9), document_id="d1")
    judged = TaskCompleted(at=on(START, 9), by="dana", task="judge_returned_plan:v1-d1")
    another = page.model_copy(update={"as_of": on(START, 12), "document_id": "d2"})
    assert Referral([ASKED, *CARE, page]).returned_unjudged() == page
    assert Referral([ASKED, *CARE, page, judged]).returned_unjudged() is None
    assert Referral([ASKED, *CARE, page, judged, another]).returned_unjudged() == another
    assert Referral([ASKED, *CARE, page, *certified(START, day=9)]).returned_unjudged() is None


def test_the_version_is_the_last_decision() -> None:
    call = CallLogged(at=START, by="dana", call_id="c1", outcome=CallOutcome.NO_ANSWER)
    assert Referral([ASKED]).version == ""
    assert Referral([ASKED, call, CheckInAnswered(at=on(START, 1), score=3)]).version == "call:c1"
