"""The clinic cannot take a patient: one letter the same day, a call, and nothing after it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from temporalio.client import Client

from models.facts import (
    AppointmentBooked,
    CallLogged,
    CallOutcome,
    ClosedReason,
    DeclinedFor,
    ReferralClosed,
    Reopened,
    WhyReopened,
)
from models.kinds import Kind
from tests.lives import co_source, local, monday, on, received, rules
from tests.theater import Theater, on_stage

pytestmark = pytest.mark.engine


def declined(at: datetime, **more: object) -> ReferralClosed:
    fields = {"at": at, "by": "lee", "reason": ClosedReason.DECLINED_BY_CLINIC}
    return ReferralClosed.model_validate({**fields, "declined_for": DeclinedFor.CAPACITY, **more})


async def decline(theater: Theater, name: str, at: datetime, *, until: datetime) -> None:
    await theater.play([(at, name, declined(at))], until, watched=True)


async def test_one_letter_a_call_and_nothing_after(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        beside = co_source(on(start, 0, "11:00"), "src_2")
        await theater.begin("ref_full", received(start), rules(), beside)
        await decline(theater, "ref_full", on(start, 1, "09:00"), until=on(start, 20))
        sent = theater.fakes.sent_on("ref_full")
        after = {key: local(start, at) for key, at in sent.items() if at >= on(start, 1, "09:00")}
        assert after == {
            "declined:source:closed": "day 1 09:00",
            "declined:source:src_2:closed": "day 1 09:00",
        }
        (task,) = [t for t in theater.fakes.tasks["ref_full"] if t.task == "tell_patient:declined"]
        assert (task.role, local(start, task.due)) == ("front_desk", "day 1 18:00")
        assert not [key for key in theater.fakes.task_keys("ref_full") if "tell_source" in key]
        assert (await theater.end("ref_full")).reason is ClosedReason.DECLINED_BY_CLINIC


async def test_a_letter_that_is_not_out_by_evening_is_a_call(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        theater.fakes.hold["ref_busy", Kind.DECLINED] = timedelta(days=1)
        await theater.begin("ref_busy", received(start), rules())
        at = on(start, 1, "15:00")
        await theater.play([(at, "ref_busy", declined(at))], on(start, 1, "17:00"), watched=True)
        call = CallLogged(
            at=on(start, 1, "17:00"), by="dana", call_id="c1", outcome=CallOutcome.REACHED
        )
        await theater.decide("ref_busy", call)  # closed, and yet it is owed
        await theater.advance(on(start, 3))
        asked = theater.fakes.asked_on("ref_busy")
        role, when = asked["tell_source:declined_by_clinic"]
        assert (role, local(start, when)) == ("front_desk", "day 1 18:00")
        assert theater.fakes.messages("ref_busy")["declined:source:closed"] == 1
        known = await theater.known("ref_busy")
        assert known.open_tasks() == []  # the letter came after all, and the patient knows
        await theater.end("ref_busy")


async def test_what_goes_on_after_all_is_not_declined_by_letter(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        theater.fakes.hold["ref_back", Kind.DECLINED] = timedelta(days=2)
        await theater.begin("ref_back", received(start), rules())
        back = Reopened(at=on(start, 1, "16:00"), by="lee", why=WhyReopened.PLACE_FREE)
        booked = AppointmentBooked(at=on(start, 2), appointment_id="a1", starts_at=on(start, 9))
        script = [
            (on(start, 1, "15:00"), "ref_back", declined(on(start, 1, "15:00"))),
            (back.at, "ref_back", back),
            (booked.at, "ref_back", booked),
        ]
        await theater.play(script, on(start, 5), watched=True)
        assert "declined:source:closed" not in theater.fakes.messages("ref_back")
        known = await theater.known("ref_back")
        assert known.booked()
        assert "tell_patient:declined" not in [one.task for one in known.open_tasks()]
