"""A referral that waits: who is told, what rests, and what begins anew; on the real engine.

Days are counted from a Monday at 10:00; the clinic is open Monday to Friday 8 to 18.
"""

from __future__ import annotations

from datetime import datetime

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError

from models.facts import NotBeforeChanged, Resumed
from models.kinds import Kind
from tests.lives import (
    Life,
    approval,
    booked,
    evaluated,
    lifted,
    local,
    monday,
    on,
    paused,
    received,
    rules,
    waits,
)
from tests.theater import Theater, on_stage

pytestmark = pytest.mark.engine


def went_out(theater: Theater, who: str, start: datetime) -> dict[str, str]:
    return {key: local(start, at) for key, at in theater.fakes.sent_on(who).items()}


async def test_a_patient_is_reached_once_the_insurer_has_said_yes(client: Client) -> None:
    start = monday()
    life: Life = [
        *approval(start, 0, "requested"),
        *approval(start, 8, "denied"),
        *approval(start, 9, "requested"),
        *approval(start, 15, "granted", visits=12),
        *booked(start, made=16, day=18),
        *evaluated(start, day=18),
    ]
    async with on_stage(client, start) as theater:
        await theater.begin("ref_1", received(start), rules(), *approval(start, 0, "required"))
        await theater.play([(f.at, "ref_1", f) for f in life], on(start, 19), watched=True)
        out = went_out(theater, "ref_1", start)
        assert {key: at for key, at in out.items() if ":patient:" in key} == {
            "waiting_on_insurer:patient:au1": "day 2 08:00",
            "schedule_text:patient:bd-0": "day 15 12:05",
            "intake:patient:a1": "day 16 13:00",
        }
        asked = theater.fakes.task_keys("ref_1")
        assert not [key for key in asked if key.startswith("evaluation_overdue")]
        calls = [key for key in asked if key.startswith("call_patient")]
        assert calls == ["call_patient:bd-0-1", "call_patient:bd-1-2"]  # of days 15 and 16


async def test_where_no_text_may_go_somebody_calls(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        theater.fakes.refuse = {(Kind.WAITING_ON_INSURER, rung) for rung in range(2)}
        await theater.begin("ref_1", received(start), rules(), *approval(start, 0, "required"))
        await theater.advance(on(start, 3))
        role, at = theater.fakes.asked_on("ref_1")["tell_waiting:au1"]
        assert (role, local(start, at)) == ("front_desk", "day 2 08:00")


async def test_the_surgery_moves_twice_and_the_texts_with_it(client: Client) -> None:
    start = monday()
    life: Life = [
        NotBeforeChanged(at=on(start, 3), not_before=on(start, 21)),
        received(start, as_of=on(start, 8), not_before=on(start, 14)),
    ]
    async with on_stage(client, start) as theater:
        await theater.begin("ref_1", received(start, not_before=on(start, 9)), rules())
        await theater.play([(f.at, "ref_1", f) for f in life], on(start, 43), watched=True)
        out = went_out(theater, "ref_1", start)
        assert out["schedule_text:patient:bd-0"] == "day 14 10:05"
        await theater.advance(on(start, 45))
        asked = theater.fakes.asked_on("ref_1")
        assert local(start, asked["evaluation_overdue:1"][1]) == "day 44 10:00"


async def test_a_hold_without_an_end_is_refused_and_one_with_is_shown(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_1", received(start), rules())
        await theater.advance(on(start, 1, "12:00"))
        (endless,) = waits(start, 1, check=3, limit=1)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await theater.decide("ref_1", endless)
        assert getattr(refused.value.cause, "type", None) == "limit_passed"
        (hold,) = waits(start, 1, check=3, limit=20)
        assert await theater.decide("ref_1", hold) == "hold:h1"
        await theater.settle()
        meta = await theater.handle("ref_1").query("__temporal_workflow_metadata")
        assert "**Waits for:** the patient to come back, since" in meta.current_details
        (lift,) = lifted(start, 2)
        await theater.advance(on(start, 2, "12:00"))
        await theater.decide("ref_1", lift)
        await theater.advance(on(start, 2, "13:00"))
        assert went_out(theater, "ref_1", start)["schedule_text:patient:r2-bd-0"] == "day 2 12:05"


async def test_a_pause_ends_by_itself_or_when_somebody_says_so(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        for who in ("ref_rest", "ref_on"):
            await theater.begin(who, received(start), rules())
        await theater.advance(on(start, 1, "12:00"))
        for who in ("ref_rest", "ref_on"):
            await theater.decide(who, paused(start, 1, until=9)[0])
            (visit,) = booked(start, made=1)
            await theater.tell(who, visit)  # its confirmation is kept back
        await theater.advance(on(start, 2, "12:00"))
        with pytest.raises(WorkflowUpdateFailedError):
            await theater.decide("ref_rest", Resumed(at=on(start, 9, "10:00"), by="lee"))
        await theater.decide("ref_on", Resumed(at=on(start, 2, "12:00"), by="lee"))
        await theater.advance(on(start, 10))
        out = [went_out(theater, who, start) for who in ("ref_rest", "ref_on")]
        assert out[1]["intake:patient:a1"] == "day 2 12:00"
        assert "intake:patient:a1" not in out[0], "the visit had begun by then"
        for sent in out:
            assert sent["thank_you:source:1"] == "day 0 10:15"


async def test_the_cadence_goes_on_after_a_pause(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        await theater.begin("ref_1", received(start), rules())
        script = [(fact.at, "ref_1", fact) for fact in paused(start, 1, until=9)]
        await theater.play(script, on(start, 10), watched=True)
        out = went_out(theater, "ref_1", start)
        assert out["reach_followup:patient:bd-2"] == "day 9 09:00"
        asked = {key: local(start, at) for key, (_, at) in theater.fakes.asked_on("ref_1").items()}
        assert asked == {
            "call_patient:bd-0-1": "day 0 12:00",
            "call_patient:bd-1-2": "day 1 08:00",
            "call_patient:bd-4-4": "day 10 08:00",  # the next business day, never all at once
        }
