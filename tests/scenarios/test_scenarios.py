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

SEEDS = 1  # `make scenarios` plays twenty; all of it here would take the suite's whole time
pytestmark = [pytest.mark.timeout(900), pytest.mark.slow, pytest.mark.engine]


class Both(NamedTuple):
    """A case as it is told, and as bad feeds tell it."""

    ordered: Played
    shuffled: Judgement


@pytest.fixture(scope="module")
async def played(client: Client) -> dict[str, Both]:
    """All cases, each played once in order and then shuffled."""
    with workshop() as folder:
        house = House(client, Path(folder))
        today = datetime.now(UTC).date()
        ordered = await play_all(house, names(), today, lambda _: None)
        shuffled = await asyncio.gather(
            *(play_seeds(house, one, SEEDS, lambda *_: None) for one in ordered)
        )
    return {one.case.name: Both(one, told) for one, told in zip(ordered, shuffled, strict=True)}


@pytest.mark.parametrize("name", names())
def test_it_comes_out_as_it_says(played: dict[str, Both], name: str) -> None:
    assert played[name].ordered.wrong == []


@pytest.mark.parametrize("name", names())
def test_told_badly_nothing_is_doubled_lost_or_unexplained(
    played: dict[str, Both], name: str
) -> None:
    assert played[name].shuffled.runs == SEEDS
    assert played[name].shuffled.wrong == []


@pytest.mark.parametrize("name", names())
def test_the_second_opinion_agrees_with_what_went_out_in_order(
    played: dict[str, Both], name: str
) -> None:
    found = played[name].ordered.found
    assert [sent.message.key for sent in found.sent if not was_right(found, sent)] == []
