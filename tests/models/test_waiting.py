"""What the waiting list says of a referral, and what it does not guess."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from models.facts import AppointmentBooked, AuthorizationChanged, VisitCompleted
from models.referral import Referral
from models.waiting import booked, left
from tests.lives import approval, evaluated, on, received, rules

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # a Monday, 10:00 in New York
RULES = rules()


def visit(day: int) -> VisitCompleted:
    at = on(START, day, "11:00")
    return VisitCompleted(at=at, visit_id=f"v{day}", day=at.date())


def ahead(day: int, told: int = 3) -> AppointmentBooked:
    at = on(START, told)
    return AppointmentBooked(
        at=at,
        as_of=at,
        appointment_id=f"a{day}",
        starts_at=on(START, day, "11:00"),
        purpose="visit",
    )


def life(*more: object) -> Referral:
    return Referral([received(START), *evaluated(START, day=2), *more])


def test_visits_left_are_those_granted_less_the_days_treated_since() -> None:
    given = approval(START, 1, "granted", visits=6, ends_on=date(2026, 4, 1))
    r = life(*given, visit(4), visit(7))
    found = left(r, RULES, on(START, 8))
    assert found is not None
    assert (found.visits, found.granted, found.low) == (3, 6, True)
    early = left(life(*given), RULES, on(START, 3))
    assert early is not None
    assert (early.visits, early.low) == (5, False)


def test_what_nobody_told_is_not_counted() -> None:
    (given,) = approval(START, 1, "granted")
    assert isinstance(given, AuthorizationChanged)
    found = left(life(given), RULES, on(START, 3))
    assert found is not None
    assert (found.visits, found.ends_on, found.low) == (None, None, False)
    assert left(life(), RULES, on(START, 3)) is None


def test_an_authorization_near_its_end_is_low() -> None:
    given = approval(START, 1, "granted", ends_on=(START + timedelta(days=20)).date())
    assert [
        found.low
        for day in (3, 19)
        if (found := left(life(*given), RULES, on(START, day))) is not None
    ] == [False, True]


def test_too_few_visits_are_said_only_where_the_emr_tells_of_visits() -> None:
    r = life(ahead(4), ahead(6), visit(4))
    found = booked(r, RULES, 2, on(START, 4))
    assert found is not None
    assert (found.booked, found.planned, found.weeks) == (2, 8, 4)
    assert found.short(0.5)
    enough = life(*(ahead(day) for day in (4, 7, 9, 11)))
    full = booked(enough, RULES, 2, on(START, 4))
    assert full is not None
    assert not full.short(0.5)


@pytest.mark.parametrize(
    ("more", "often", "day"),
    [
        ([], 2, 4),  # no visit was ever told
        ([ahead(4)], None, 4),
        ([ahead(4)], 2, 2),  # the day of the evaluation
        ([ahead(4)], 2, 40),  # the first weeks are over
    ],
)
def test_what_cannot_be_said_is_not(more: list[object], often: int | None, day: int) -> None:
    assert booked(life(*more), RULES, often, on(START, day)) is None
