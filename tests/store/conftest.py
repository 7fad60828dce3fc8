"""Every test of the store runs on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.engine import Store
from tests.databases import EITHER, empty, migrated_store

__all__ = ["empty", "store"]


@pytest.fixture(params=EITHER)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A migrated, empty store of this test's own."""
    with migrated_store(request.param, tmp_path) as opened:
        yield opened
