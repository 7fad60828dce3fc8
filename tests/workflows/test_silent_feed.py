"""While the EMR's feed is silent nobody is asked what only its silence suggests (policy.md rule 9).

On the real engine. Days are counted from a Monday at 10:00; the clinic is open 8 to 18.
"""

from __future__ import annotations

import pytest
from temporalio.client import Client

from tests.lives import booked, evaluated, local, monday, on, planned, received, rules, told_late
from tests.theater import on_stage

pytestmark = pytest.mark.engine


async def test_two_silent_days_ask_nobody_and_what_is_told_late_answers(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        theater.fakes.silent_until = on(start, 9, "10:00")  # from the evaluation on, two days
        for who in ("ref_came", "ref_not"):
            await theater.begin(who, received(start), rules())
        script = [(fact.at, who, fact) for who in ("ref_came", "ref_not") for fact in booked(start)]
        await theater.play(script, on(start, 8, "23:00"), watched=True)
        assert theater.fakes.task_keys("ref_came")[-1].startswith("intake_help")
        times = [
            local(start, at)
            for who, key, at in theater.fakes.put_off
            if (who, key) == ("ref_not", "confirm_attendance:a1")
        ]
        assert times == ["day 8 10:00", "day 8 14:00", "day 8 18:00", "day 8 22:00"]
        back = on(start, 9, "09:00")  # the feed speaks again, of what happened meanwhile
        told = [told_late(fact, back - fact.at) for fact in [*evaluated(start), *planned(start)]]
        await theater.play([(back, "ref_came", fact) for fact in told], on(start, 10), watched=True)
        asked = theater.fakes.asked_on("ref_not")
        assert local(start, asked["confirm_attendance:a1"][1]) == "day 9 10:00"
        assert "confirm_attendance:a1" not in theater.fakes.asked_on("ref_came")
