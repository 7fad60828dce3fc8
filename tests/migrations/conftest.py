"""Migrations are walked from an empty database, on both kinds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.engine import Store, open_store
from tests.databases import postgres_url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store without a single table."""
    if request.param == "sqlite":
        store = open_store(f"sqlite:///{tmp_path / 'loop.db'}")
        yield store
        store.close()
        return
    with postgres_url() as url:
        store = open_store(url)
        yield store
        store.close()
