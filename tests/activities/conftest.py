"""A real store and an office on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.engine import Store
from tests.activities.office import Office
from tests.databases import sqlite_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A migrated, empty store of this test's own."""
    with sqlite_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Office:
    """The example clinic with one referral from a provider."""
    made = Office(store, tmp_path / "outbox")
    made.receive()
    return made
