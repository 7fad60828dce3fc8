"""Where reminders are ours they go out on the real engine: twice, once, or at another time."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from models.facts import AppointmentBooked, PatientReplied
from models.kinds import Kind
from tests.lives import booked, evaluated, local, monday, on, received, rules
from tests.theater import on_stage

pytestmark = pytest.mark.engine


async def test_reminded_twice_unless_confirmed_and_anew_when_it_moved(client: Client) -> None:
    start = monday()
    ours = rules(owner=dict.fromkeys(Kind, "us"))
    (first,) = booked(start)
    moved = AppointmentBooked(
        at=first.at, as_of=on(start, 4), appointment_id="a1", starts_at=on(start, 9, "14:00")
    )
    yes = PatientReplied.model_validate(
        {"at": on(start, 3, "12:00"), "reply_id": "m1", "meaning": "confirm"}
    )
    async with on_stage(client, start) as theater:
        told = [(first.at, who, first) for who in ("ref_silent", "ref_sure", "ref_moved")]
        for who in ("ref_silent", "ref_sure", "ref_moved"):
            await theater.begin(who, received(start), ours)
        told += [(yes.at, "ref_sure", yes), (moved.as_of, "ref_moved", moved)]
        for who, day in (("ref_silent", 7), ("ref_sure", 7), ("ref_moved", 9)):
            told += [(fact.at, who, fact) for fact in evaluated(start, day=day)]
        await theater.play(told, on(start, 9, "16:00"))

        def reminded(who: str) -> list[str]:
            sent = theater.fakes.sent_on(who).items()
            return [local(start, at) for key, at in sent if key.startswith(Kind.REMINDER)]

        assert reminded("ref_silent") == ["day 3 08:00", "day 7 08:00"]
        assert reminded("ref_sure") == ["day 3 08:00"]
        assert reminded("ref_moved") == ["day 3 08:00", "day 7 08:00", "day 9 11:00"]
