"""A patient calls and nobody answers: one text at once, whatever else waits."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from models.facts import CallMissed
from tests.lives import local, monday, on, received, rules
from tests.theater import on_stage

pytestmark = pytest.mark.engine


async def test_the_first_of_a_run_of_calls_gets_one_text(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_rang", received(start), rules())
        calls = [
            CallMissed(at=on(start, 1, clock), call_id=f"c{number}")
            for number, clock in enumerate(("11:00", "11:02", "15:00"))
        ]
        script = [(call.at, "ref_rang", call) for call in (*calls, calls[0])]
        await theater.play(sorted(script, key=lambda one: one[0]), on(start, 2), watched=True)
        sent = theater.fakes.sent_on("ref_rang")
        texted = {key: local(start, at) for key, at in sent.items() if "missed_call" in key}
        assert texted == {"missed_call:patient:c0": "day 1 11:00"}
        assert max(theater.fakes.messages("ref_rang").values()) == 1
