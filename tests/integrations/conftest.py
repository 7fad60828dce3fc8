"""A server's place for the vendors' simulators."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.vendors import Stage, stages


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    """One server for the apps of a module's tests."""
    async with stages(1) as (made,):
        yield made
