"""Calls that nobody answered: one task and one text for a run of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from models import dues, missed_calls
from models.facts import AnyFact, CallLogged, CallMissed, CallOutcome, TaskCompleted, TaskOpened
from models.letters import changes_a_letter
from models.referral import Referral, Stage
from tests.lives import Life, local, on, received, rules

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # a Monday, 10:00 in New York; open 8 to 18
ASKED = received(START)


def missed(name: str = "c1", day: int = 0, clock: str = "10:30", **changes: Any) -> AnyFact:
    return CallMissed(at=on(START, day, clock), call_id=name, **changes)


def we_called(day: int = 0, clock: str = "10:40") -> AnyFact:
    at = on(START, day, clock)
    return CallLogged(
        at=at, by="dana", call_id=f"l{day}-{clock[:2]}", outcome=CallOutcome.NO_ANSWER
    )


def done(name: str = "c1", day: int = 0, clock: str = "10:40") -> AnyFact:
    told = {"at": on(START, day, clock), "by": "dana", "task": f"call_back:{name}"}
    return TaskCompleted.model_validate(told)


RUNS: list[tuple[str, Life, tuple[str, ...], str | None]] = [
    ("one call", [missed()], ("c1",), "c1"),
    (
        "three in a row are one",
        [missed(), missed("c2"), missed("c3", clock="11:00")],
        ("c1",),
        "c1",
    ),
    ("answered", [missed(), we_called()], ("c1",), None),
    ("seen to without a call", [missed(), done()], ("c1",), None),
    ("our call came before", [we_called(clock="10:00"), missed()], ("c1",), "c1"),
    (
        "and again after our call",
        [missed(), we_called(), missed("c2", clock="11:00")],
        ("c1", "c2"),
        "c2",
    ),
    ("told out of order", [missed("c2", clock="11:00"), missed()], ("c1",), "c1"),
    ("another referral answers", [missed(here=False)], (), None),
    ("taken back", [missed(retracted=True)], (), None),
]


@pytest.mark.parametrize(("why", "facts", "texted", "stands"), RUNS)
def test_a_run_of_calls_is_answered_once(
    why: str, facts: Life, texted: tuple[str, ...], stands: str | None
) -> None:
    r = Referral([ASKED, *facts])
    assert missed_calls.names(r) == texted, why
    standing = missed_calls.standing(r)
    assert (standing.call_id if standing else None) == stands, why


@pytest.mark.parametrize(
    ("day", "clock", "by"),
    [(0, "10:30", "day 0 10:45"), (0, "17:55", "day 1 08:10"), (5, "12:00", "day 7 08:15")],
)
def test_it_is_called_back_within_fifteen_business_minutes(day: int, clock: str, by: str) -> None:
    r = Referral([ASKED, missed(day=day, clock=clock)])
    due = dues.call_back(r, rules())
    assert due is not None
    assert due.by is not None
    assert (due.occasion, local(START, due.by)) == ("c1", by)
    asked = TaskOpened(at=due.at, task="call_back:c1", role="front_desk", due=due.by)
    assert dues.call_back(Referral([ASKED, missed(day=day, clock=clock), asked]), rules()) is None


def test_a_missed_call_is_no_word_with_the_patient_and_changes_no_letter() -> None:
    r = Referral([ASKED, missed()])
    assert r.stage() is Stage.RECEIVED
    assert not changes_a_letter(missed(), rules())
