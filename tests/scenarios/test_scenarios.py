"""Every case is played on the real engine, and comes out as it says, however badly it is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from temporalio.client import Client

from tests.scenarios.kit.cases import names
from tests.scenarios.kit.company import play_all, play_seeds, workshop
from tests.scenarios.kit.judge import Judgement, was_right
from tests.scenarios.kit.scene import House, Played

# `make scenarios` plays twenty seeds of every case; here the cases where most can go wrong.
SEEDS = 1
SHUFFLED = (
    "closed_and_reopened",
    "one_practice_one_fax_line",
    "order_renewed_in_care",
    "stop_then_start",
    "transfer_between_clinics",
    "two_referrals_one_phone",
)
pytestmark = [pytest.mark.timeout(900), pytest.mark.slow, pytest.mark.engine]


class All(NamedTuple):
    """The cases as they are told, and some as bad feeds tell them."""

    ordered: dict[str, Played]
    shuffled: dict[str, Judgement]


@pytest.fixture(scope="module")
async def played(client: Client) -> All:
    """All cases, each played once in order; then some of them shuffled."""
    with workshop() as folder:
        house = House(client, Path(folder))
        today = datetime.now(UTC).date()
        ordered = await play_all(house, names(), today, lambda _: None)
        known = {one.case.name: one for one in ordered}
        shuffled = await asyncio.gather(
            *(play_seeds(house, known[name], SEEDS, lambda *_: None) for name in SHUFFLED)
        )
    return All(known, dict(zip(SHUFFLED, shuffled, strict=True)))


@pytest.mark.parametrize("name", names())
def test_it_comes_out_as_it_says(played: All, name: str) -> None:
    assert played.ordered[name].wrong == []


@pytest.mark.parametrize("name", SHUFFLED)
def test_told_badly_nothing_is_doubled_lost_or_unexplained(played: All, name: str) -> None:
    assert played.shuffled[name].runs == SEEDS
    assert played.shuffled[name].wrong == []


@pytest.mark.parametrize("name", names())
def test_the_second_opinion_agrees_with_what_went_out_in_order(played: All, name: str) -> None:
    found = played.ordered[name].found
    assert [sent.message.key for sent in found.sent if not was_right(found, sent)] == []
