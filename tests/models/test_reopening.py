"""A closed referral goes on: what stands again, and what begins anew (policy.md rule 16).

Day 0 is Monday 12 January 2026, the referral comes at 10:00; the clinic is open 8 to 18.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from models import cadence, dues
from models.facts import (
    AnyFact,
    CallLogged,
    CallOutcome,
    ClosedReason,
    MessageSent,
    ReferralClosed,
    ReferralWithdrawn,
    Reopened,
    TaskOpened,
    WhyReopened,
)
from models.kinds import Kind
from models.referral import Referral, Stage
from tests.lives import Life, evaluated, local, on, received, rules

START = datetime(2026, 1, 12, 15, tzinfo=UTC)
ASKED = received(START)


def at(day: int, clock: str = "10:00") -> datetime:
    return on(START, day, clock)


def closed(day: int, reason: ClosedReason = ClosedReason.UNABLE_TO_REACH) -> AnyFact:
    return ReferralClosed(at=at(day), by="lee", reason=reason)


def back(day: int) -> AnyFact:
    return Reopened(at=at(day), by="lee", why=WhyReopened.CAME_BACK)


TEXTED = MessageSent(
    at=at(0, "10:05"),
    message="schedule_text:patient:bd-0",
    message_kind=Kind.SCHEDULE_TEXT,
    channel="sms",
)
WITHDRAWN = ReferralWithdrawn(at=at(3))

ROWS: list[tuple[str, Life, Stage]] = [
    ("closed", [closed(5)], Stage.CLOSED),
    ("reopened", [closed(5), back(9)], Stage.RECEIVED),
    ("closed once more", [closed(12), back(9)], Stage.CLOSED),
    ("reopened once more", [back(9), closed(12), back(15)], Stage.RECEIVED),
    ("withdrawn", [WITHDRAWN], Stage.DISCHARGING),
    ("withdrawn in error", [WITHDRAWN, closed(3, ClosedReason.WITHDRAWN), back(9)], Stage.RECEIVED),
    ("withdrawn once more", [back(2), WITHDRAWN], Stage.DISCHARGING),
    ("taken back again", [closed(5), back(9),
     back(9).model_copy(update={"as_of": at(10), "retracted": True})], Stage.CLOSED),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "stage"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_where_it_stands(facts: Life, stage: Stage) -> None:
    for seed in range(3):
        told = [ASKED, *facts, *facts]
        random.Random(seed).shuffle(told)
        assert Referral(told).stage() is stage


def test_every_date_towards_the_patient_counts_from_the_reopening() -> None:
    overdue = TaskOpened(at=at(30), task="evaluation_overdue:1", role="lead", due=at(31))
    r = Referral([ASKED, TEXTED, overdue, closed(32), back(40)])
    assert local(START, r.clock_start) == "day 40 10:00"
    act = cadence.next_reach(r, rules())
    window = dues.evaluation_window(r, rules())
    assert act is not None
    assert window is not None
    assert (act.key, local(START, act.at)) == (
        "reach:schedule_text:patient:r2-bd-0",
        "day 40 10:05",
    )
    assert (window.occasion, local(START, window.at)) == ("1-r2", "day 70 10:00")
    assert r.open_tasks() == []


def test_a_no_of_before_does_not_stand_in_the_way() -> None:
    no = CallLogged(at=at(2), by="dana", call_id="c1", outcome=CallOutcome.DECLINED)
    before = Referral([ASKED, no])
    act = cadence.next_reach(before, rules())
    assert act is not None
    assert act.key == "reach:propose_close:declined"
    after = Referral([ASKED, no, closed(3, ClosedReason.DECLINED_BY_PATIENT), back(9)])
    act = cadence.next_reach(after, rules())
    assert act is not None
    assert act.key == "reach:schedule_text:patient:bd-0"


def test_who_was_asked_to_tell_the_source_need_not() -> None:
    tell = TaskOpened(at=at(5), task="tell_source:declined_by_clinic", role="front_desk", due=at(6))
    lost: Life = [ASKED, closed(5, ClosedReason.DECLINED_BY_CLINIC), tell]
    assert [task.task for task in Referral(lost).open_tasks()] == [tell.task]
    assert Referral([*lost, back(6)]).open_tasks() == []


def test_care_that_began_is_not_undone_by_it() -> None:
    r = Referral([ASKED, closed(5), back(9), *evaluated(START, day=12)])
    assert r.stage() is Stage.EVALUATED
