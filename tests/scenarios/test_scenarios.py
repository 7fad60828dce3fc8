"""Every case is played on the real engine, and comes out as it says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.scenarios.kit.cases import names
from tests.scenarios.kit.company import play_all, workshop
from tests.scenarios.kit.scene import House, Played

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
async def played(client: Client) -> dict[str, Played]:
    """All cases, each played once as it is told."""
    heard: list[Played] = []
    with workshop() as folder:
        await play_all(House(client, Path(folder)), names(), datetime.now(UTC).date(), heard.append)
    return {one.case.name: one for one in heard}


@pytest.mark.parametrize("name", names())
@pytest.mark.slow
@pytest.mark.engine
def test_it_comes_out_as_it_says(played: dict[str, Played], name: str) -> None:
    assert played[name].wrong == []
