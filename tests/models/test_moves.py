"""Moves: what is offered, when a card is not what somebody saw, and what can be undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.contracts import Card
from models.facts import AnyFact, AppointmentBooked, CallLogged, CallOutcome, MessageSent
from models.facts import EvaluationCompleted as Evaluated
from models.kinds import Kind
from models.moves import TITLES, WAYS, Move, Seen, offered, undoable
from models.referral import Referral, Stage

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=5)


def card(stage: str, version: str = "call:1") -> Card:
    return Card(
        referral_id="ref_1",
        org="riverside",
        clinic_id="east",
        stage=stage,
        certification="needs_signature",
        version=version,
    )


def booked(as_of: datetime = AT, *, retracted: bool = False) -> AppointmentBooked:
    return AppointmentBooked(
        at=AT, as_of=as_of, appointment_id="A-1", starts_at=as_of + timedelta(days=3),
        retracted=retracted,
    )  # fmt: skip


def sent(at: datetime) -> MessageSent:
    return MessageSent(
        at=at, as_of=at, message="booked:patient:A-1", message_kind=Kind.BOOKED, channel="sms"
    )


def code(*facts: AnyFact, key: str = "appointment:A-1") -> str | None:
    """Why the fact of this key cannot be undone, once these were told."""
    refused = undoable(Referral(facts), key, facts)
    return refused.code if refused is not None else None


def test_every_stage_has_a_title_and_every_move_leads_somewhere_else() -> None:
    assert set(TITLES) == set(Stage)
    assert set(WAYS) == set(Move)
    for way in WAYS.values():
        assert way.to not in way.start


@pytest.mark.parametrize(
    ("stage", "moves"),
    [
        (Stage.RECEIVED, {Move.CALLED, Move.BOOKED, Move.EVALUATED, Move.CLOSED}),
        (Stage.CONTACTING, {Move.BOOKED, Move.EVALUATED, Move.CLOSED}),
        (Stage.SCHEDULED, {Move.FORMS, Move.EVALUATED, Move.CLOSED}),
        (Stage.INTAKE, {Move.EVALUATED, Move.CLOSED}),
        (Stage.EVALUATED, {Move.VISITED, Move.DISCHARGED}),
        (Stage.IN_CARE, {Move.DISCHARGED}),
        (Stage.DISCHARGING, set()),
        (Stage.CLOSED, {Move.REOPENED}),
    ],
)
def test_only_what_can_follow_is_offered(stage: Stage, moves: set[Move]) -> None:
    assert set(offered(stage, confirmed=True)) == moves
    assert offered(stage, confirmed=False) == ()


def test_what_a_page_has_seen_survives_its_form() -> None:
    seen = Seen.of(card(Stage.SCHEDULED, "appointment:A|1"))
    assert Seen.parse(str(seen)) == seen
    assert not Seen.parse("").holds(card(Stage.SCHEDULED))
    assert not Seen.parse("nonsense").holds(card(Stage.SCHEDULED))


def test_a_person_s_change_makes_a_card_stale_and_the_machine_s_does_not() -> None:
    assert Seen(Stage.RECEIVED, "call:1").holds(card(Stage.CONTACTING))
    assert Seen(Stage.SCHEDULED, "call:1").holds(card(Stage.INTAKE))
    assert not Seen(Stage.RECEIVED, "call:1").holds(card(Stage.SCHEDULED))
    assert not Seen(Stage.CONTACTING, "call:1").holds(card(Stage.RECEIVED))
    assert not Seen(Stage.RECEIVED, "").holds(card(Stage.RECEIVED))


def test_a_fact_is_taken_back_until_somebody_outside_was_told() -> None:
    assert code(booked()) is None
    assert code(sent(AT - timedelta(minutes=1)), booked()) is None
    assert code(booked(), sent(LATER)) == "already_told"
    assert code(booked(), booked(LATER)) == "told_before"
    assert code(booked(), booked(LATER, retracted=True)) == "nothing_to_undo"
    again = LATER + timedelta(minutes=1)
    assert code(booked(), booked(LATER, retracted=True), booked(again)) is None
    assert code(key="appointment:A-9") == "nothing_to_undo"


def test_a_call_tells_nobody_anything() -> None:
    call = CallLogged(at=AT, as_of=AT, by="dana", call_id="1", outcome=CallOutcome.VOICEMAIL)
    assert code(call, sent(LATER), key="call:1") is None


def test_what_is_said_instead_depends_on_the_fact() -> None:
    facts = (Evaluated(at=AT, as_of=AT, day=AT.date()), sent(LATER))
    refused = undoable(Referral(facts), "evaluation_completed", facts)
    assert refused is not None
    assert "Correct it in the EMR" in refused.sentence
