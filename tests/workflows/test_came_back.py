"""A fax that came back is sent again by the running workflow, at the policy's times."""

from __future__ import annotations

from datetime import datetime

import pytest
from temporalio.client import Client

from models.facts import (
    AnyFact,
    ClosedReason,
    MessageCameBack,
    MessageDelivered,
    MessageFailed,
    MessageSent,
    ReferralClosed,
)
from models.kinds import Kind
from tests.lives import local, monday, on, received, rules
from tests.theater import Theater, on_stage

pytestmark = pytest.mark.engine

THANKS = "thank_you:source:1"


def back(at: datetime, again: datetime | None, rung: int = 0) -> MessageCameBack:
    return MessageCameBack(
        at=at, message=THANKS, rung=rung, channel="fax", code="user_busy", again_at=again
    )


def went(theater: Theater, start: datetime) -> list[tuple[int, str]]:
    return [(rung, local(start, at)) for _, rung, at in theater.fakes.sent_again]


async def test_each_try_at_its_time_until_a_late_receipt_or_the_next_channel(
    client: Client,
) -> None:
    start = monday()
    nine, ten, noon = (on(start, 1, clock) for clock in ("09:00", "10:00", "12:00"))
    spent = MessageFailed(at=noon, message=THANKS, rung=2, channel="fax", code="user_busy")
    late = MessageDelivered(at=nine, message=THANKS, message_kind=Kind.THANK_YOU, channel="fax")
    used_up = [
        (on(start, 0, "11:00"), back(on(start, 0, "11:00"), on(start, 0, "11:15"))),
        (on(start, 0, "11:16"), back(on(start, 0, "11:16"), on(start, 0, "12:16"), 1)),
        (noon, back(noon, None, 2)),
        (noon, spent),
    ]
    arrived = [
        (on(start, 0, "17:00"), back(on(start, 0, "17:00"), ten)),
        (nine, late),
    ]
    async with on_stage(client, start) as theater:
        theater.fakes.came_back.add(THANKS)
        script: list[tuple[datetime, str, AnyFact]] = []
        for name, told in (("ref_busy", used_up), ("ref_late", arrived)):
            await theater.begin(name, received(start), rules())
            script += [(at, name, fact) for at, fact in told]
        await theater.play(script, on(start, 2), watched=True)
        assert went(theater, start) == [(1, "day 0 11:15"), (2, "day 0 12:16"), (3, "day 1 12:00")]
        assert not (await theater.known("ref_late")).back()
        assert not (await theater.known("ref_busy")).back()


async def test_a_referral_that_is_closed_runs_once_more_for_its_letter(client: Client) -> None:
    start = monday()
    sent = MessageSent(at=start, message=THANKS, message_kind=Kind.THANK_YOU, channel="fax")
    closed = ReferralClosed(at=start, by="dana", reason=ClosedReason.COMPLETED)
    async with on_stage(client, start) as theater:
        theater.fakes.came_back.add(THANKS)
        theater.fakes.learned["ref_over", f"sent:{THANKS}"] = sent
        facts = (sent, closed, back(start, on(start, 0, "10:15")))
        await theater.begin("ref_over", received(start), rules(), *facts)
        await theater.advance(on(start, 1))
        assert went(theater, start) == [(1, "day 0 10:15")]
        assert (await theater.end("ref_over")).reason is ClosedReason.COMPLETED
