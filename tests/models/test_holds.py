"""Holds: when a referral waits, when it no longer does, and what starts again then (rule 15).

Day 0 is Monday 12 January 2026, the referral comes at 10:00; the clinic is open 8 to 18.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from models import cadence, dues, holds
from models.facts import (
    AnyFact,
    AppointmentCancelled,
    HoldReason,
    MessageSent,
    NotBeforeChanged,
    Resumed,
    TaskOpened,
)
from models.referral import MessageRef, Referral
from tests.lives import (
    Life,
    approval,
    booked,
    evaluated,
    lifted,
    local,
    on,
    paused,
    planned,
    received,
    rules,
    visits,
    waits,
)

START = datetime(2026, 1, 12, 15, tzinfo=UTC)
ASKED = received(START)
AWAY = waits(START, 1, check=3, limit=21)
DENIED_THEN_GRANTED = [
    *approval(START, 0, "required"),
    *approval(START, 1, "requested"),
    *approval(START, 6, "denied"),
    *approval(START, 7, "requested"),
    *approval(START, 14, "granted", visits=12),
]


def sent(key: str, day: int, clock: str = "10:05") -> AnyFact:
    kind = MessageRef.parse(key).kind
    return MessageSent(at=on(START, day, clock), message=key, message_kind=kind, channel="sms")


def opened(task: str, day: int, clock: str = "10:00") -> AnyFact:
    due = on(START, day + 1)
    return TaskOpened(at=on(START, day, clock), task=task, role="front_desk", due=due)


ROWS: list[tuple[str, Life, list[str], str]] = [  # what stands, and when deadlines start
    ("nothing", [], [], "day 0 10:00"),
    ("a person's hold", AWAY, ["h1"], "day 0 10:00"),
    ("lifted", [*AWAY, *lifted(START, 8)], [], "day 8 12:00"),
    ("placed again", [*AWAY, *lifted(START, 8), *waits(START, 9, check=12, limit=20)], ["h1"],
     "day 0 10:00"),
    ("on other terms", [*AWAY, *waits(START, 3, check=9, limit=30)], ["h1"], "day 0 10:00"),
    ("required", approval(START, 0, "required"), ["au1"], "day 0 10:00"),
    ("denied", DENIED_THEN_GRANTED[:3], ["au1"], "day 0 10:00"),
    ("asked for again", DENIED_THEN_GRANTED[:4], ["au1"], "day 0 10:00"),
    ("granted", DENIED_THEN_GRANTED, [], "day 14 12:00"),
    ("granted without ever having been waited for", approval(START, 3, "granted"), [],
     "day 0 10:00"),
    ("expired", [*DENIED_THEN_GRANTED, *approval(START, 40, "expired")], [], "day 14 12:00"),
    ("the patient pays", [*DENIED_THEN_GRANTED[:3], *lifted(START, 8, "au1")], [], "day 8 12:00"),
    ("and the payer says yes after all",
     [*DENIED_THEN_GRANTED[:3], *lifted(START, 8, "au1"), *approval(START, 14, "granted")], [],
     "day 8 12:00"),
    ("asked again after that",
     [*DENIED_THEN_GRANTED[:3], *lifted(START, 8, "au1"), *approval(START, 14, "requested")],
     ["au1"], "day 0 10:00"),
    ("one of two", [*approval(START, 0, "required"), *AWAY, *lifted(START, 8)], ["au1"],
     "day 8 12:00"),
    ("two", [*approval(START, 0, "required"), *AWAY], ["au1", "h1"], "day 0 10:00"),
    ("told in error",
     [*AWAY, AWAY[0].model_copy(update={"as_of": on(START, 2), "retracted": True})], [],
     "day 0 10:00"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "standing", "start"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_what_is_waited_for(facts: Life, standing: list[str], start: str) -> None:
    for seed in range(3):  # in any order, and twice
        told = [ASKED, *facts, *facts]
        random.Random(seed).shuffle(told)
        r = Referral(told)
        assert [hold.hold_id for hold in holds.standing(r)] == standing
        assert local(START, r.clock_start) == start


def test_the_wait_for_an_authorization_began_when_it_was_first_needed() -> None:
    (hold,) = holds.standing(Referral([ASKED, *DENIED_THEN_GRANTED[:4]]))
    assert local(START, hold.since) == "day 0 12:00"
    assert (hold.reason, hold.owner, hold.denied) == (HoldReason.AUTHORIZATION, "billing", False)


def test_the_surgery_moves_and_every_date_follows() -> None:
    first = received(START, not_before=on(START, 9))
    moved = NotBeforeChanged(at=on(START, 3), not_before=on(START, 20))
    again = received(START, as_of=on(START, 5), not_before=on(START, 15))
    off = NotBeforeChanged(at=on(START, 6), not_before=None)
    starts = [
        local(START, Referral(facts).clock_start)
        for facts in ([first], [first, moved], [first, moved, again], [first, moved, again, off])
    ]
    assert starts == ["day 9 10:00", "day 20 10:00", "day 15 10:00", "day 0 10:00"]
    r = Referral([first, moved, again])
    window = dues.evaluation_window(r, rules())
    reach = dues.reach(r, rules())
    assert window is not None
    assert reach is not None
    assert (local(START, window.at), local(START, reach.at)) == ("day 45 10:00", "day 15 10:05")


# --- what rests meanwhile, and begins anew --------------------------------------------------------


OFF = AppointmentCancelled(at=on(START, 1), appointment_id="a1")


@pytest.mark.parametrize(
    ("rule", "before"),
    [
        (dues.reach, []),
        (dues.evaluation_window, []),
        (dues.rebooking, [*booked(START, day=2), OFF]),
    ],
)
def test_nobody_is_asked_to_reach_a_patient_who_waits(rule: dues.DueRule, before: Life) -> None:
    assert rule(Referral([ASKED, *before]), rules()) is not None
    assert rule(Referral([ASKED, *before, *AWAY]), rules()) is None
    assert rule(Referral([ASKED, *before, *AWAY, *lifted(START, 8)]), rules()) is not None


def test_the_cadence_begins_anew_when_the_wait_ends() -> None:
    done = [sent("schedule_text:patient:bd-0", 0), opened("call_patient:bd-0-1", 0, "12:00")]
    act = cadence.next_reach(Referral([ASKED, *done]), rules())
    assert act is not None
    assert act.key == "reach:call_patient:bd-1-2"
    r = Referral([ASKED, *done, *AWAY, *lifted(START, 8)])
    act = cadence.next_reach(r, rules())
    assert act is not None
    assert (act.key, local(START, act.at)) == (
        "reach:schedule_text:patient:r2-bd-0",
        "day 8 12:05",
    )
    again = [sent("schedule_text:patient:r2-bd-0", 8, "12:05")]
    act = cadence.next_reach(Referral([*r.facts, *again]), rules())
    assert act is not None
    assert act.key == "reach:call_patient:r2-bd-0-1"


def test_nothing_done_before_the_wait_is_nothing_to_begin_anew() -> None:
    r = Referral([ASKED, *approval(START, 0, "required"), *approval(START, 7, "granted")])
    act = cadence.next_reach(r, rules())
    assert act is not None
    assert (act.key, local(START, act.at)) == ("reach:schedule_text:patient:bd-0", "day 7 12:05")


def test_the_window_is_counted_from_the_end_of_the_wait() -> None:
    late = [opened("evaluation_overdue:1", 30), opened("propose_close:window", 45)]
    r = Referral([ASKED, *late, *waits(START, 46, check=50, limit=60), *lifted(START, 50)])
    due = dues.evaluation_window(r, rules())
    assert due is not None
    assert (due.occasion, local(START, due.at)) == ("1-r2", "day 80 12:00")
    assert not r.open_tasks(), "what was asked about the wait before is overtaken"


def test_a_wait_in_care_is_no_dropping_out() -> None:
    care: Life = [ASKED, *evaluated(START, day=1), *planned(START, day=1), *visits(START, 3)]
    assert dues.engagement(Referral(care), rules()) is not None
    away = waits(START, 4, check=14, limit=30)
    assert dues.engagement(Referral([*care, *away]), rules()) is None
    due = dues.engagement(Referral([*care, *away, *lifted(START, 15)]), rules())
    assert due is not None
    assert local(START, due.at) == "day 22 12:00"


def test_closing_is_not_proposed_while_it_waits() -> None:
    assert cadence.may_propose_close(Referral([ASKED]))
    assert not cadence.may_propose_close(Referral([ASKED, *AWAY]))


def test_every_reason_has_words_and_two_are_the_insurers() -> None:
    assert set(holds.WORDS) == set(HoldReason)
    assert [one for one in HoldReason if one.insurer] == ["authorization", "benefits"]


# --- paused ---------------------------------------------------------------------------------------


def test_a_pause_keeps_the_cadence_back_and_no_date_of_the_law() -> None:
    facts: Life = [ASKED, sent("schedule_text:patient:bd-0", 0), *paused(START, 0, until=9)]
    act = cadence.next_reach(Referral(facts), rules())
    assert act is not None
    assert (act.key, local(START, act.at)) == ("reach:call_patient:bd-0-1", "day 9 09:00")
    window = dues.evaluation_window(Referral(facts), rules())
    assert window is not None
    assert local(START, window.at) == "day 30 10:00"
    again: Life = [*facts, Resumed(at=on(START, 2), by="lee")]
    act = cadence.next_reach(Referral(again), rules())
    assert act is not None
    assert local(START, act.at) == "day 0 12:00", "what was kept back is due at once"


def test_a_condition_that_has_passed_is_no_news() -> None:
    r = Referral([ASKED, *paused(START, 0, until=9)])
    before = [due.key for due in dues.ahead(r, rules(), on(START, 8))]
    assert "pause_end" in before
    assert "pause_end" not in [due.key for due in dues.ahead(r, rules(), on(START, 10))]
