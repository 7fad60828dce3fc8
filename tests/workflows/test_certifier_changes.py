"""Who certifies leaves in the middle: the plan goes out anew, or somebody is asked for a name."""

from __future__ import annotations

from datetime import datetime

import pytest
from temporalio.client import Client

from models.facts import AnyFact, CertifierNamed, ProviderLeft
from tests.lives import (
    Life,
    booked,
    certified,
    discharged,
    evaluated,
    local,
    monday,
    on,
    planned,
    received,
    reported,
    rules,
    visits,
)
from tests.theater import Theater, on_stage

pytestmark = pytest.mark.engine


def care(start: datetime) -> Life:
    """Evaluated on day 7, the plan out the same day; nobody has signed it."""
    return [*booked(start), *evaluated(start), *planned(start), *visits(start, 10, 14, 17)]


def leaves(start: datetime, day: int, successor: str | None) -> Life:
    """Told of the provider who certifies, as intake tells every referral of theirs."""
    at = on(start, day)
    return [
        ProviderLeft(at=at, provider_id="prv_1", on=at.date(), successor_id=successor),
        CertifierNamed(at=at, by="system", provider_id=successor, instead_of="prv_1"),
    ]


async def play(theater: Theater, start: datetime, who: str, life: Life, until: int) -> None:
    await theater.begin(who, received(start, recipients=("prv_1", "prv_9")), rules())
    script: list[tuple[datetime, str, AnyFact]] = [(f.as_of, who, f) for f in life]
    for at, _, fact in sorted(script, key=lambda line: line[0]):
        await theater.advance(max(at, theater.skipper.now))
        await theater.check_promises()
        if isinstance(fact, CertifierNamed) and fact.by == "system":
            await theater.signal(who, fact.kind, fact)  # as it follows from who has left
        else:
            await theater.tell(who, fact)
    await theater.advance(on(start, until))


def plans(theater: Theater, start: datetime, who: str) -> dict[str, str]:
    return {
        key: local(start, at)
        for key, at in theater.fakes.sent_on(who).items()
        if key.startswith(("plan_of_care", "signature_request"))
    }


async def test_the_successor_gets_the_plan_and_is_chased(client: Client) -> None:
    start = monday()
    life = [
        *care(start),
        *leaves(start, 16, "prv_2"),
        *reported(start, 18),
        *certified(start, day=30),
        *discharged(start, 40),
    ]
    async with on_stage(client, start) as theater:
        await play(theater, start, "ref_left", life, 80)
        assert plans(theater, start, "ref_left") == {
            "plan_of_care:certifier:v1": "day 7 15:00",
            "signature_request:certifier:v1-day-7": "day 14 11:00",
            "plan_of_care:certifier:v1-prv_2": "day 16 10:00",
            "signature_request:certifier:v1-day-14": "day 23 08:00",  # five days after the plan
        }
        sent = theater.fakes.messages("ref_left")
        assert "progress_report:recipient:prv_2:r1" in sent
        assert not [key for key in sent if "summary" in key and "prv_1" in key]
        assert {key for key in sent if "summary" in key} == {
            "discharge_summary:recipient:prv_2:1",
            "discharge_summary:recipient:prv_9:1",
        }
        assert max(sent.values()) == 1
        await theater.end("ref_left")


async def test_without_a_successor_somebody_is_asked_and_the_plan_waits(client: Client) -> None:
    start = monday()
    named = CertifierNamed(at=on(start, 18), by="dana", provider_id="prv_3")
    life = [*care(start), *leaves(start, 16, None), named, *certified(start, day=25)]
    async with on_stage(client, start) as theater:
        await play(theater, start, "ref_alone", life, 27)
        role, at = theater.fakes.asked_on("ref_alone")["name_certifier:1"]
        assert (role, local(start, at)) == ("front_desk", "day 16 10:00")
        sent = plans(theater, start, "ref_alone")
        assert sent["plan_of_care:certifier:v1-prv_3"] == "day 18 10:00"
        assert not [key for key, when in sent.items() if when.startswith("day 17")]
        known = await theater.known("ref_alone")
        assert known.certified()
        assert known.open_tasks() == []


async def test_what_waited_for_the_one_who_left_is_stopped(client: Client) -> None:
    start = monday()
    async with on_stage(client, start) as theater:
        theater.fakes.busy["plan_of_care"] = 20  # a line that never answers
        await play(theater, start, "ref_busy", care(start)[:3], 7)
        theater.fakes.busy.clear()
        for fact in leaves(start, 7, "prv_2"):
            await theater.signal("ref_busy", fact.kind, fact)
        await theater.advance(on(start, 9))
        sent = theater.fakes.messages("ref_busy")
        assert [key for key in sent if "plan_of_care" in key] == ["plan_of_care:certifier:v1-prv_2"]


async def test_a_certified_plan_is_sent_to_nobody_again(client: Client) -> None:
    start = monday()
    life = [*care(start), *certified(start, day=12), *leaves(start, 16, "prv_2")]
    async with on_stage(client, start) as theater:
        await play(theater, start, "ref_signed", life, 30)
        assert plans(theater, start, "ref_signed") == {"plan_of_care:certifier:v1": "day 7 15:00"}


async def test_the_next_version_goes_to_who_certifies_by_then(client: Client) -> None:
    start = monday()
    life = [
        *care(start),
        *certified(start, day=12, changed=True),
        *leaves(start, 13, "prv_2"),
        *planned(start, day=14, version=2),
    ]
    async with on_stage(client, start) as theater:
        await play(theater, start, "ref_next", life, 16)
        assert "plan_of_care:certifier:v2-prv_2" in plans(theater, start, "ref_next")
