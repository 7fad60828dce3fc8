"""A referral goes on at another clinic: its hours and people, and nothing doubled."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client

from engine.attributes import CLINIC, STAGE
from models.facts import CallLogged, CallOutcome, Fact
from models.hours import Hours
from models.kinds import Kind
from models.policy import Rules
from tests.lives import CALENDAR, booked, evaluated, local, monday, on, planned, received, rules
from tests.lives import transferred as moved
from tests.theater import Theater, on_stage

pytestmark = pytest.mark.engine

AFTERNOONS = Hours.model_validate(
    {day: ["13:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
)


def west() -> Rules:
    """A clinic that is open in the afternoon only."""
    return rules().model_copy(
        update={"calendar": CALENDAR.model_copy(update={"hours": AFTERNOONS})}
    )


def call(at: datetime, name: str = "c1") -> CallLogged:
    return CallLogged(at=at, by="wes", call_id=name, outcome=CallOutcome.REACHED)


async def play(theater: Theater, name: str, until: datetime, *facts: Fact) -> None:
    await theater.play([(fact.at, name, fact) for fact in facts], until, watched=True)


def of_move(theater: Theater, name: str, start: datetime) -> dict[str, Any]:
    sent = theater.fakes.sent_on(name).items()
    return {
        key.rsplit(":", 1)[0]: local(start, at)
        for key, at in sent
        if key.startswith((Kind.TRANSFERRED, Kind.NEW_CLINIC))
    }


async def test_it_goes_on_there_with_its_hours_and_nothing_twice(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        theater.fakes.clinics = {"west": west()}
        await theater.begin("ref_west", received(start), rules())
        move = moved(on(start, 1, "09:00"))
        await play(theater, "ref_west", on(start, 1, "16:00"), move)
        assert of_move(theater, "ref_west", start) == {
            "transferred:source": "day 1 09:00",
            "new_clinic:patient": "day 1 09:00",
        }
        shown = (await theater.handle("ref_west").describe()).typed_search_attributes
        assert (shown[CLINIC], shown[STAGE]) == ("west", "contacting")
        (asked,) = [t for t in theater.fakes.tasks["ref_west"] if "transfer" in t.task]
        assert (asked.role, local(start, asked.due)) == ("front_desk", "day 1 18:00")
        assert theater.fakes.asked_at["ref_west", asked.task] == "west"
        await theater.restart()
        await theater.signal("ref_west", "turn_the_page")
        await theater.play([(on(start, 1, "17:00"), "ref_west", call(on(start, 1, "17:00")))],
                           on(start, 12), watched=True)  # fmt: skip
        assert max(theater.fakes.messages("ref_west").values()) == 1
        follow_up = next(k for k in theater.fakes.sent_on("ref_west") if "reach_followup" in k)
        at = theater.fakes.sent_on("ref_west")[follow_up]
        # business day 2 from the original receipt, at the new clinic's opening
        assert local(start, at) == "day 2 13:00"
        assert theater.fakes.sent_from["ref_west", follow_up] == "west"
        assert theater.fakes.sent_from["ref_west", "thank_you:source:1"] == "east"
        known = await theater.known("ref_west")
        assert asked.task not in [one.task for one in known.open_tasks()]


async def test_there_and_back_again_only_the_last_word_goes_out(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        theater.fakes.clinics = {"west": west(), "east": rules()}
        for kind in (Kind.TRANSFERRED, Kind.NEW_CLINIC):
            theater.fakes.hold["ref_back", kind] = timedelta(hours=3)
        await theater.begin("ref_back", received(start), rules())
        there = moved(on(start, 1, "13:30"))
        back = moved(on(start, 1, "15:00"), "east", "west")
        await play(theater, "ref_back", on(start, 3), there, back)
        sent = [k for k in theater.fakes.sent_on("ref_back") if back.occasion in k]
        assert sorted(k.split(":")[0] for k in sent) == ["new_clinic", "transferred"]
        assert not [k for k in theater.fakes.sent_on("ref_back") if there.occasion in k]
        shown = (await theater.handle("ref_back").describe()).typed_search_attributes
        assert shown[CLINIC] == "east"


async def test_a_letter_that_is_not_out_by_evening_is_a_call(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        theater.fakes.clinics = {"west": west()}
        theater.fakes.hold["ref_busy", Kind.TRANSFERRED] = timedelta(days=1)
        await theater.begin("ref_busy", received(start), rules())
        move = moved(on(start, 1, "15:00"))
        await play(theater, "ref_busy", on(start, 3), move)
        role, at = theater.fakes.asked_on("ref_busy")[f"tell_source:moved-{move.occasion}"]
        assert (role, local(start, at)) == ("front_desk", "day 1 18:00")
        known = await theater.known("ref_busy")
        assert "tell_source" not in str([one.task for one in known.open_tasks()])  # it came


async def test_the_plan_is_chased_from_there_from_the_first_day_on(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        theater.fakes.clinics = {"west": west()}
        await theater.begin("ref_care", received(start), rules())
        life = [*booked(start), *evaluated(start), *planned(start)]
        await play(theater, "ref_care", on(start, 20), *life, moved(on(start, 10, "14:00")))
        sent = theater.fakes.sent_on("ref_care")
        chase = next(key for key in sent if key.startswith("signature_request"))
        assert local(start, sent[chase]) == "day 14 13:00"  # seven days after the evaluation
        assert theater.fakes.sent_from["ref_care", chase] == "west"
        plans = [key for key in sent if key.startswith("plan_of_care")]
        assert len(plans) == 1
