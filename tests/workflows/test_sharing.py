"""One patient, two referrals, on the engine: one is walked, the other waits and takes over."""

from __future__ import annotations

from datetime import datetime

import pytest
from temporalio.client import Client

from models.facts import AnyFact, CadenceShared, CallLogged, CallOutcome
from models.kinds import Kind
from tests.lives import booked, local, monday, on, received, rules
from tests.theater import Theater, on_stage

pytestmark = pytest.mark.engine

KNEE, BACK = "ref_knee", "ref_back"


def happened(theater: Theater, start: datetime, referral_id: str) -> dict[str, str]:
    """What went to the patient, and the calls people were asked for, with their times."""
    sent = theater.fakes.sent_on(referral_id)
    to_patient = {key: at for key, at in sent.items() if ":patient:" in key}
    asked = {key: at for key, (_, at) in theater.fakes.asked_on(referral_id).items()}
    calls = {key: at for key, at in asked.items() if key.startswith("call_patient")}
    return {key: local(start, at) for key, at in (to_patient | calls).items()}


async def test_who_waits_does_nothing_and_goes_on_where_the_other_stood(client: Client) -> None:
    start = monday()
    waits = CadenceShared(at=start, led_by=KNEE)
    leads = CadenceShared(at=on(start, 2, "07:00"), began=start)
    async with on_stage(client, start) as theater:
        await theater.begin(KNEE, received(start), rules())
        await theater.begin(BACK, received(start), rules(), waits)
        hand_over: list[tuple[datetime, str, AnyFact]] = [
            (leads.at, BACK, leads),
            (leads.at, KNEE, CadenceShared(at=leads.at, led_by=BACK)),
        ]
        await theater.play(hand_over, on(start, 5), watched=True)
        assert happened(theater, start, KNEE) == {
            "schedule_text:patient:bd-0": "day 0 10:05",
            "call_patient:bd-0-1": "day 0 12:00",
            "call_patient:bd-1-2": "day 1 08:00",
        }
        assert happened(theater, start, BACK) == {
            "reach_followup:patient:bd-2": "day 2 08:00",
            "call_patient:bd-4-4": "day 4 08:00",
        }


async def test_a_held_text_is_dropped_once_another_referral_leads(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        theater.fakes.hold[KNEE, Kind.SCHEDULE_TEXT] = on(start, 1) - start
        await theater.begin(KNEE, received(start), rules())
        shared = CadenceShared(at=on(start, 0, "11:00"), led_by=BACK)
        await theater.play([(shared.at, KNEE, shared)], on(start, 3), watched=True)
        assert happened(theater, start, KNEE) == {}
        assert (await theater.known(KNEE)).held() == []


async def test_a_booking_lets_the_other_begin_anew_and_calls_count_for_both(
    client: Client,
) -> None:
    start = monday()
    spoken = on(start, 3)
    leads = CadenceShared(at=spoken, spoken_at=spoken)
    call = CallLogged(
        at=on(start, 4, "07:30"), by="dana", call_id="c1", outcome=CallOutcome.REACHED
    )
    async with on_stage(client, start) as theater:
        await theater.begin(BACK, received(start), rules(), CadenceShared(at=start, led_by=KNEE))
        script: list[tuple[datetime, str, AnyFact]] = [(leads.at, BACK, leads)]
        await theater.play(script, on(start, 4, "07:00"))
        await theater.signal(BACK, "call_logged", call)  # about the other one
        visit = booked(start, made=8, day=14)
        await theater.play([(fact.as_of, BACK, fact) for fact in visit], on(start, 9))
        calls = happened(theater, start, BACK)
        # The day of the booking and the day of the call rest (rule 18); then it goes its way.
        assert calls == {
            "reach_followup:patient:bd-2": "day 7 08:00",
            "intake:patient:a1": "day 8 13:00",
        }
