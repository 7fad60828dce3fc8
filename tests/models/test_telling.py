"""Declined by the clinic: who is told by letter, by when, and who by phone (policy.md rule 14)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from models import dues, parties, telling
from models.facts import AnyFact, MessageSent, ReferralClosed, Reopened, TaskOpened
from models.facts.codes import WhyReopened
from models.kinds import Kind
from models.policy import Decline
from models.referral import MessageRef, Referral
from tests.lives import co_source, local, on, received, rules

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # a Monday; open 8 to 18
LETTER = MessageRef(Kind.DECLINED, "source", "closed")


def at(day: int, clock: str = "10:00") -> datetime:
    return on(START, day, clock)


def declined(day: int = 1, clock: str = "10:00", **more: object) -> ReferralClosed:
    fields = {"at": at(day, clock), "by": "lee", "reason": "declined_by_clinic"}
    return ReferralClosed.model_validate({**fields, "declined_for": "capacity", **more})


def told(*facts: AnyFact, **first: object) -> Referral:
    return Referral([received(START, **first), *facts])


def letters(r: Referral) -> list[str]:
    found = [dues.telling.decline_letter(r, rules(), one) for one in parties.senders(r)]
    return [one.key for one in found if one is not None]


def test_every_source_that_treats_and_is_known_gets_a_letter() -> None:
    others = [
        co_source(at(0), "src_2"),
        co_source(at(0), "src_3", verified=False),
        co_source(at(0), "src_4", "employer"),
        co_source(at(0), "src_5", "past_patient"),
    ]
    assert letters(told(*others, declined())) == [
        "declined:source:closed",
        "declined:source:src_2:closed",
    ]


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ({}, None),
        ({"source_verified": False}, "capacity"),
        ({"source_kind": "attorney"}, "capacity"),
    ],
)
def test_else_a_person_tells_them(first: dict[str, object], reason: str | None) -> None:
    assert letters(told(declined(declined_for=reason), **first)) == []


def test_who_was_told_is_told_again_when_it_is_closed_once_more() -> None:
    back = Reopened(at=at(2), by="lee", why=WhyReopened.PLACE_FREE)
    assert letters(told(declined(), back)) == []
    assert letters(told(declined(), back, declined(3))) == ["declined:source:closed-2"]


@pytest.mark.parametrize(
    ("closing", "limit"),
    [
        (declined(1, "10:00"), "day 1 18:00"),
        (declined(1, "17:59"), "day 1 18:00"),
        (declined(4, "19:00"), "day 7 18:00"),  # decided on a Friday night
    ],
)
def test_the_source_hears_the_same_business_day(closing: ReferralClosed, limit: str) -> None:
    r = told(closing)
    (due,) = dues.agenda(r, rules())
    assert (local(START, due.at), due.owner, due.task, due.occasion) == (
        limit,
        "front_desk",
        "tell_source",
        "declined_by_clinic",
    )
    asked = TaskOpened(
        at=due.at, task="tell_source:declined_by_clinic", role="front_desk", due=due.at
    )
    gone = MessageSent(at=at(2), message=LETTER.key, message_kind=Kind.DECLINED, channel="fax")
    assert dues.agenda(told(closing, asked), rules()) == []
    assert dues.agenda(told(closing, gone), rules()) == []


def test_the_limit_is_the_clinics_own() -> None:
    slower = rules(decline=Decline.model_validate({"tell_source": "1 bd"}))
    (due,) = dues.agenda(told(declined()), slower)
    assert local(START, due.at) == "day 2 18:00"


def test_a_letter_that_is_out_after_all_spares_the_call() -> None:
    gone = MessageSent(at=at(2), message=LETTER.key, message_kind=Kind.DECLINED, channel="fax")
    other = co_source(at(0), "src_2")
    r = told(other, declined(), gone)
    assert telling.written(r, "declined_by_clinic")
    assert not telling.written(r, "declined_by_clinic-src_2")
