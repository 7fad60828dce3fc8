"""Facts: keys, times, and what may come in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from models.facts import (
    DECISIONS,
    MILESTONES,
    AnyFact,
    AppointmentBooked,
    ClosedReason,
    Discharged,
    Ending,
    OutcomeRecorded,
    PlanOfCareReturned,
    PlanOfCareSigned,
    Signer,
    TaskCompleted,
    VisitCompleted,
    parse_fact,
)

AT = datetime(2026, 1, 12, 15, tzinfo=UTC)
KEYS: list[tuple[AnyFact, str]] = [
    (Discharged(at=AT, reason=Ending.MOVED), "discharged"),
    (AppointmentBooked(at=AT, appointment_id="a1", starts_at=AT), "appointment:a1"),
    (PlanOfCareSigned(at=AT, by=Signer.THERAPIST), "plan:1:therapist"),
    (PlanOfCareSigned(at=AT, by=Signer.PROVIDER, version=3, verbal=True), "plan:3:provider:verbal"),
    (PlanOfCareReturned(at=AT, version=2), "plan:2:returned"),
    (VisitCompleted(at=AT, visit_id="v1", day=AT.date()), "visit:v1"),
    (OutcomeRecorded(at=AT, measure="ndi", score=4, day=AT.date()), "outcome:ndi:2026-01-12"),
    (TaskCompleted(at=AT, by="lee", task="sign_plan:1"), "task_done:sign_plan:1"),
]


@pytest.mark.parametrize(("fact", "key"), KEYS)
def test_a_fact_is_about_one_thing(fact: AnyFact, key: str) -> None:
    assert fact.key == key
    assert parse_fact(fact.model_dump_json()) == fact
    assert parse_fact(fact.model_dump(mode="json")) == fact


def test_a_fact_is_known_when_it_happened_unless_told_otherwise() -> None:
    east = timezone(timedelta(hours=-5))
    fact = Discharged(at=datetime(2026, 1, 12, 10, tzinfo=east), reason=Ending.MOVED)
    assert (fact.at, fact.as_of) == (AT, AT)
    assert fact.at.tzinfo is UTC
    late = Discharged(at=AT, as_of=AT + timedelta(days=1), reason=Ending.MOVED)
    assert late.as_of == AT + timedelta(days=1)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "discharged", "at": "2026-01-12T10:00:00", "reason": "moved"},  # no zone
        {"kind": "discharged", "at": "2026-01-12T10:00:00Z", "reason": "bored"},
        {"kind": "visit_completed", "at": "2026-01-12T10:00:00Z", "visit_id": "a:b",
         "day": "2026-01-12"},  # a colon would break the keys
        {"kind": "check_in_answered", "at": "2026-01-12T10:00:00Z", "score": 11},
        {"kind": "danced", "at": "2026-01-12T10:00:00Z"},
    ],
)  # fmt: skip
def test_what_is_not_a_fact(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        parse_fact(body)


def test_a_newer_sender_may_say_more() -> None:
    body = {"kind": "discharged", "at": "2026-01-12T15:00:00Z", "reason": "moved", "mood": "good"}
    assert parse_fact(body) == Discharged(at=AT, reason=Ending.MOVED)


def test_every_kind_is_named_once() -> None:
    kinds = [one.model_fields["kind"].default for one in get_args(get_args(AnyFact)[0])]
    assert len(kinds) == len(set(kinds))
    assert set(MILESTONES) | set(DECISIONS) < set(kinds)


def test_good_endings_and_lost_referrals() -> None:
    """policy.md rule 22; ARCHITECTURE §7."""
    assert {one for one in Ending if one.good} == {
        Ending.GOALS_MET, Ending.PLATEAU, Ending.PATIENT_CHOICE, Ending.MOVED,
    }  # fmt: skip
    assert {one for one in ClosedReason if one.lost} == {
        ClosedReason.UNABLE_TO_REACH,
        ClosedReason.DECLINED_BY_PATIENT,
        ClosedReason.NOT_EVALUATED,
    }


def test_days_are_local_and_need_no_zone() -> None:
    fact = VisitCompleted(at=AT, visit_id="v1", day=date(2026, 1, 11))
    assert fact.day == date(2026, 1, 11)
