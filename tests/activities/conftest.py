"""A real store and an office on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.engine import Store
from tests.activities.office import Office
from tests.doors import Door


@pytest.fixture
def door(store: Store) -> Door:
    """An intake on the store, with a stand-in for the engine."""
    return Door(store)


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Office:
    """The example clinic with one referral from a provider."""
    made = Office(store, tmp_path / "outbox")
    made.receive()
    return made
