"""Every test of the store runs on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.engine import Store
from tests.databases import empty, postgres_store, sqlite_store

__all__ = ["empty", "store"]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A migrated, empty store of this test's own."""
    with sqlite_store(tmp_path) if request.param == "sqlite" else postgres_store() as opened:
        yield opened
