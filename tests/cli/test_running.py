"""``up`` refuses before it starts anything."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from cli.running import LOCK_FILE, up
from cli.workplace import UP_FILE, make_folder
from demo.crew import clean
from engine.process import try_lock
from models.errors import ConfigError
from settings import Settings
from store.engine import open_store


async def test_a_second_up_on_one_data_directory_is_refused(settings: Settings) -> None:
    lock = try_lock(settings.data_dir / LOCK_FILE)
    assert lock is not None
    note = settings.data_dir / UP_FILE
    note.write_text("{}")
    with pytest.raises(ConfigError) as refused:
        await up(settings, workers=1)
    os.close(lock)
    assert refused.value.code == "already_up"
    assert sorted(path.name for path in settings.data_dir.iterdir()) == [UP_FILE, LOCK_FILE]


async def test_a_port_that_is_taken_is_said_before_anything_is_started(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = settings.model_copy(update={"http_port": other.getsockname()[1]})
        with pytest.raises(ConfigError, match="taken"):
            await up(taken, workers=1)
    assert [path.name for path in settings.data_dir.iterdir()] == [LOCK_FILE]


async def test_a_host_that_is_not_ours_is_a_setting_to_change(settings: Settings) -> None:
    for host in ("203.0.113.1", "no such host", "x" * 300):
        elsewhere = settings.model_copy(update={"http_host": host})
        with pytest.raises(ConfigError, match="REFERRAL_LOOP_HTTP_HOST"):
            await up(elsewhere, workers=1)


def test_a_data_directory_that_cannot_be_made_is_a_setting_to_change(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for wrong in (file, file / "below"):
        with pytest.raises(ConfigError, match="REFERRAL_LOOP_DATA_DIR"):
            make_folder(wrong)
        with pytest.raises(ConfigError):
            clean(wrong)
    with pytest.raises(ConfigError, match="folder"):
        open_store(f"sqlite:///{file}/below/loop.db")
