"""A fax that a machine read: a person first, then everything begins (policy.md rule 7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from temporalio.client import Client

from models.facts import (
    ClosedReason,
    ReferralClosed,
    Reopened,
    RequestConfirmed,
    RequestRejected,
    WhyReopened,
)
from tests.lives import booked, local, monday, on, received, rules
from tests.theater import Theater, on_stage

pytestmark = pytest.mark.engine

READ: dict[str, Any] = {
    "confirmed": False,
    "origin": "fax",
    "pages": 2,
    "fax_verified": True,
    "source_verified": False,
}


def sent(theater: Theater, who: str, start: datetime) -> dict[str, str]:
    return {key: local(start, at) for key, at in theater.fakes.sent_on(who).items()}


async def test_nobody_hears_of_it_before_a_person_has_vouched_for_it(client: Client) -> None:
    start = monday()
    friday = on(start, 4, "16:50")
    async with on_stage(client, start) as theater:
        await theater.advance(friday)
        await theater.begin("ref_fax", received(friday, **READ), rules())
        await theater.begin(
            "ref_stranger", received(friday, **READ | {"fax_verified": False}), rules()
        )
        await theater.advance(on(start, 5))
        await theater.signal("ref_fax", "turn_the_page")
        await theater.advance(on(start, 7, "08:19"))
        await theater.check_promises()
        assert sent(theater, "ref_fax", start) == {"receipt_notice:sender:1": "day 4 16:50"}
        assert sent(theater, "ref_stranger", start) == {}
        vouched = RequestConfirmed(at=on(start, 7, "08:20"), by="dana")
        script = [(vouched.at, "ref_fax", vouched)]
        script += [(fact.at, "ref_fax", fact) for fact in booked(start, made=7, day=9)]
        await theater.play(script, on(start, 8), watched=True)
        first = [key for key in sent(theater, "ref_fax", start) if "intake" not in key]
        assert first == [
            "receipt_notice:sender:1",
            "schedule_text:patient:bd-0",
            "thank_you:source:1",
        ]
        assert sent(theater, "ref_fax", start)["schedule_text:patient:bd-0"] == "day 7 08:25"
        asked = {k: local(start, at) for k, (_, at) in theater.fakes.asked_on("ref_fax").items()}
        assert asked == {
            "confirm_request:1": "day 4 16:50",
            "call_patient:bd-0-1": "day 7 10:20",
        }


async def test_what_is_rejected_ends_without_a_word(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        for who, why in (("ref_junk", "junk"), ("ref_astray", "another_clinic")):
            await theater.begin(who, received(start, **READ | {"fax_verified": False}), rules())
            no = RequestRejected.model_validate(
                {"at": on(start, 0, "11:00"), "by": "dana", "why": why}
            )
            await theater.play([(no.at, who, no)], on(start, 1))
            assert (await theater.end(who)).reason is ClosedReason.ENTERED_IN_ERROR
            assert sent(theater, who, start) == {}
        assert theater.fakes.task_keys("ref_junk") == ["confirm_request:1"]
        assert "tell_source:another_clinic" in theater.fakes.task_keys("ref_astray")


async def test_what_was_rejected_by_mistake_is_asked_about_again(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        no = RequestRejected.model_validate(
            {"at": on(start, 0, "11:00"), "by": "dana", "why": "junk"}
        )
        ended = ReferralClosed(at=no.at, by="system", reason=ClosedReason.ENTERED_IN_ERROR)
        back = Reopened(at=on(start, 0, "14:00"), by="lee", why=WhyReopened.IN_ERROR)
        await theater.advance(back.at)
        fax = received(start, **READ | {"fax_verified": False})
        await theater.begin("ref_back", fax, rules(), no, ended, back)
        assert sent(theater, "ref_back", start) == {}
        await theater.advance(on(start, 0, "15:00"))
        yes = RequestConfirmed(at=on(start, 0, "15:00"), by="dana")
        await theater.play([(yes.at, "ref_back", yes)], on(start, 1))
        assert "schedule_text:patient:bd-0" in sent(theater, "ref_back", start)
