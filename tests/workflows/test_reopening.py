"""Closed as lost, then reopened: in the middle of its last words, and long after; on the engine.

Days are counted from a Monday at 10:00; the clinic is open Monday to Friday 8 to 18.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from temporalio.client import Client

from models.facts import ClosedReason, ReferralClosed, Reopened, WhyReopened
from models.kinds import Kind
from tests.lives import did, local, monday, on, received, rules, slow_life
from tests.theater import on_stage

pytestmark = pytest.mark.engine


def back(at: datetime) -> Reopened:
    return Reopened(at=at, by="lee", why=WhyReopened.CAME_BACK)


async def test_reopened_long_after_it_is_walked_anew_from_the_record(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_1", received(start), rules())
        script = [(fact.at, "ref_1", fact) for fact in slow_life(start)]
        await theater.play(script, on(start, 18))
        assert (await theater.end("ref_1")).reason is ClosedReason.UNABLE_TO_REACH
        said = theater.fakes.sent_on("ref_1")
        assert "unable_to_reach:source:closed" in said
        known = (await theater.known("ref_1")).facts

        await theater.advance(on(start, 30))
        again = back(on(start, 30))
        first = received(start)
        facts = tuple(fact for fact in known if fact.key != "referral_received")
        await theater.begin("ref_1", first, rules(), *facts, again)
        lost = ReferralClosed(at=on(start, 33), by="lee", reason=ClosedReason.UNABLE_TO_REACH)
        calls = [
            *did(start, 30, "call_patient:r2-bd-0-1", "13:00"),
            *did(start, 31, "call_patient:r2-bd-1-2", "13:00"),
        ]
        script = [(fact.at, "ref_1", fact) for fact in [*calls, lost]]
        await theater.play(script, on(start, 34), watched=True)
        new = {
            key: local(start, at)
            for key, at in theater.fakes.sent_on("ref_1").items()
            if key not in said
        }
        assert new == {
            "schedule_text:patient:r2-bd-0": "day 30 10:05",
            "reach_followup:patient:r2-bd-2": "day 32 08:00",
            "unable_to_reach:source:closed-2": "day 33 10:00",
        }
        assert set(theater.fakes.messages("ref_1").values()) == {1}, "nothing goes out twice"
        assert (await theater.end("ref_1")).reason is ClosedReason.UNABLE_TO_REACH


async def test_reopened_while_its_last_words_wait_it_goes_on_and_they_are_not_said(
    client: Client,
) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        theater.fakes.hold["ref_1", Kind.UNABLE_TO_REACH] = timedelta(days=2)
        await theater.begin("ref_1", received(start), rules())
        await theater.advance(on(start, 1, "07:00"))
        for fact in did(start, 1, "call_patient:bd-0-1", "07:00"):
            await theater.tell("ref_1", fact)
        lost = ReferralClosed(
            at=on(start, 1, "07:00"), by="lee", reason=ClosedReason.UNABLE_TO_REACH
        )
        await theater.decide("ref_1", lost)
        await theater.advance(on(start, 2))
        await theater.decide("ref_1", back(on(start, 2)))
        await theater.advance(on(start, 2, "12:00"))
        out = theater.fakes.sent_on("ref_1")
        assert local(start, out["schedule_text:patient:r2-bd-0"]) == "day 2 10:05"
        assert "unable_to_reach:source:closed" not in out
        assert await theater.open_at_end() != []
