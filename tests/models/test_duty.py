"""Whose a task is: leases that end, and the way up when it lies too long (policy.md §2 task)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from models import duty
from models.facts import (
    AnyFact,
    TaskEscalated,
    TaskHandedOver,
    TaskOpened,
    TaskReturned,
    TaskTaken,
)
from models.organization import Absence, Staff
from models.referral import Referral
from models.roles import Role
from models.tasks import SPECS, TaskKind
from tests.lives import CALENDAR, local, on, received, rules

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # Monday 10:00; the clinic is open 8 to 18
TASK = "call_patient:bd-0-1"
POLICY = rules().policy


def at(day: int, clock: str = "10:00") -> datetime:
    return on(START, day, clock)


def taken(day: int, by: str = "dana", *, until: int | None = None, clock: str = "10:00") -> AnyFact:
    end = at(until, "18:00") if until is not None else None
    return TaskTaken(at=at(day, clock), by=by, task=TASK, until=end)


def handed(day: int, to: str) -> AnyFact:
    return TaskHandedOver(at=at(day), by="lee", task=TASK, to=to)


def returned(day: int) -> AnyFact:
    return TaskReturned(at=at(day), by="system", task=TASK)


def dana(**more: Any) -> Staff:
    fields = {"id": "dana", "name": "Dana Example", "role": "front_desk", "clinics": ["east"]}
    return Staff.model_validate({**fields, "email": "dana@example.org", **more})


@pytest.mark.parametrize(
    ("facts", "who"),
    [
        ([], None),
        ([taken(0)], "dana"),
        ([taken(0), returned(1)], None),
        ([taken(0), returned(1), taken(2, "wes")], "wes"),
        ([taken(0), handed(1, "wes")], "wes"),
        ([handed(1, "wes"), taken(2)], "dana"),
        ([TaskTaken(at=START, by="dana", task="ask_office:bd-7")], None),
    ],
)
def test_the_last_word_says_who_has_a_task(facts: list[AnyFact], who: str | None) -> None:
    for told in (facts, facts[::-1]):
        held = duty.lease(Referral([received(START), *told]), TASK)
        assert (held.who if held else None) == who


def test_a_lease_stands_until_its_end() -> None:
    held = duty.lease(Referral([taken(0, until=1)]), TASK)
    assert held is not None
    assert [held.stands(at(1, clock)) for clock in ("17:59", "18:00")] == [True, False]


SHIFT = {"mon": ["08:00-12:00"], "tue": ["08:00-12:00"], "thu": ["13:00-18:00"]}
AWAY = [{"first": date(2026, 1, 13), "last": date(2026, 1, 14)}]


@pytest.mark.parametrize(
    ("who", "taken_at", "pressing", "ends"),
    [
        (dana(), at(0), False, "day 1 18:00"),  # task.lease
        (dana(), at(0), True, "day 0 11:00"),  # task.lease_urgent
        (dana(), at(0, "17:30"), True, "day 1 08:30"),
        (None, at(0), False, "day 1 18:00"),  # not on the staff: the chore returns it
        (dana(hours=SHIFT), at(0), False, "day 0 12:00"),  # the shift ends
        (dana(hours=SHIFT), at(2), False, "day 3 18:00"),  # taken on a day off
        (dana(hours=SHIFT), at(0, "11:30"), True, "day 0 12:00"),
        (dana(away=AWAY), at(0), False, "day 1 00:00"),
        (dana(away=AWAY), at(2), False, "day 3 18:00"),  # away and there after all
        (dana(away=AWAY), at(4), False, "day 7 18:00"),
    ],
)
def test_when_a_task_returns(
    who: Staff | None, taken_at: datetime, pressing: bool, ends: str
) -> None:
    found = duty.lease_ends(taken_at, who, POLICY, CALENDAR, pressing=pressing)
    assert local(START, found) == ends


def test_an_absence_has_a_first_and_a_last_day() -> None:
    away = dana(away=AWAY)
    assert [duty.absent(away, at(day), CALENDAR) for day in range(4)] == [False, True, True, False]
    with pytest.raises(ValidationError):
        Absence(first=date(2026, 1, 14), last=date(2026, 1, 13))


# --- up -------------------------------------------------------------------------------------------


def test_every_role_but_the_director_has_somebody_above_it() -> None:
    assert {role for role, above in duty.LADDER.items() if not above} == {Role.DIRECTOR}
    assert set(duty.LADDER) == set(Role)
    assert all(above[-1] is Role.DIRECTOR for above in duty.LADDER.values() if above)


@pytest.mark.parametrize(
    ("role", "raised", "held", "to"),
    [
        (Role.FRONT_DESK, None, set(Role), Role.LEAD),
        (Role.FRONT_DESK, Role.LEAD, set(Role), Role.DIRECTOR),
        (Role.FRONT_DESK, Role.DIRECTOR, set(Role), None),
        (Role.FRONT_DESK, None, {Role.DIRECTOR}, Role.DIRECTOR),  # nobody is the lead
        (Role.FRONT_DESK, None, set(), None),
        (Role.THERAPIST, None, set(Role), Role.DIRECTOR),
        (Role.LIAISON, None, set(Role), Role.DIRECTOR),
        (Role.ADMIN, None, set(Role), Role.DIRECTOR),
        (Role.DIRECTOR, None, set(Role), None),
    ],
)
def test_who_hears_next(role: Role, raised: Role | None, held: set[Role], to: Role | None) -> None:
    assert duty.next_up(role, raised, held) is to


@pytest.mark.parametrize(
    ("to", "pressing", "when"),
    [
        (Role.LEAD, False, "day 1 10:00"),  # two of the four hours are tomorrow's
        (Role.DIRECTOR, False, "day 2 18:00"),
        (Role.LEAD, True, "day 0 17:00"),
        (Role.DIRECTOR, True, "day 1 10:00"),
    ],
)
def test_when_they_hear_in_the_hours_of_the_location(to: Role, pressing: bool, when: str) -> None:
    due = at(0, "16:00")
    found = duty.raised_at(due, to, POLICY, CALENDAR, pressing=pressing)
    assert local(START, found) == when


def test_the_highest_who_heard_has_it() -> None:
    raised = [
        TaskEscalated(at=at(n), task=TASK, to=to) for n, to in enumerate(["lead", "director"])
    ]
    assert duty.raised_to(Referral(raised[::-1]), TASK) is Role.DIRECTOR
    assert duty.raised_to(Referral(raised[:1]), TASK) is Role.LEAD
    assert duty.raised_to(Referral(raised), "ask_office:bd-7") is None


def test_who_was_passed_over_still_sees_it() -> None:
    assert duty.upwards(Role.LEAD) == [Role.LEAD, Role.DIRECTOR]
    assert duty.below(Role.LEAD) == [Role.FRONT_DESK, Role.BILLING]
    assert duty.below(Role.FRONT_DESK) == []


@pytest.mark.parametrize(
    ("kind", "urgency", "pressing"),
    [
        (TaskKind.CALL_PATIENT, "routine", False),
        (TaskKind.CALL_PATIENT, "post_op", True),
        (TaskKind.REBOOK_CALL, "urgent", True),
        (TaskKind.SIGN_PLAN, "post_op", False),
        (TaskKind.LOW_SCORE, "routine", True),
    ],
)
def test_what_cannot_wait_for_days(kind: TaskKind, urgency: str, pressing: bool) -> None:
    assert duty.urgent(kind, urgency) is pressing


def test_a_promise_that_asks_the_director_itself_is_not_raised_twice() -> None:
    """Those kinds are asked of the director by their own due (models/dues)."""
    assert {kind for kind, spec in SPECS.items() if spec.own_ladder} == {
        TaskKind.SIGN_PLAN,
        TaskKind.SIGN_SUMMARY,
        TaskKind.RECERTIFY,
        TaskKind.REVIEW_CHANGED_PLAN,
        TaskKind.WRITE_PROGRESS,
        TaskKind.RE_ENGAGEMENT,
        TaskKind.QUIET_PRACTICE,
        TaskKind.SORT_FAX,  # asked of lead and director by its own ladder (models/fax.py)
    }


def test_the_card_and_the_view_say_who_has_it_now() -> None:
    from models.card import card_of
    from models.view import view_of

    opened = TaskOpened(at=START, task=TASK, role="front_desk", due=START)
    up = TaskEscalated(at=at(1), task=TASK, to=Role.DIRECTOR)
    r = Referral([received(START), opened])
    assert not view_of(r).needs_attention
    raised = Referral([*r.facts, up])
    assert view_of(raised).needs_attention
    card = card_of(raised, rules(), org="o", clinic_id="c", referral_id="r")
    assert (card.next_key, card.next_owner) == (f"task:{TASK}", "director")
