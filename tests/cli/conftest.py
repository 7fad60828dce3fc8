"""The command line on a data directory of its own, with no engine running."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from settings import PREFIX, Settings, load
from tests.doors import POLICY


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in list(os.environ):
        if name.startswith((PREFIX, "TEMPORAL_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)  # no .env of the developer's
    monkeypatch.setenv(f"{PREFIX}DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv(f"{PREFIX}POLICY_FILES", str(POLICY))
    return monkeypatch


@pytest.fixture
def settings(environment: pytest.MonkeyPatch) -> Settings:
    del environment
    return load()
