"""Where pages lie while they are read, and that none are left behind by a killed process."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from integrations.reading import folders

_READS_FOR_EVER = """
import sys
from integrations.reading.folders import reading_folder
with reading_folder() as folder:
    (folder / "fax").write_bytes(b"%PDF-1 about a patient")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_a_folder_is_its_owners_alone_and_gone_afterwards(here: Path) -> None:
    with folders.reading_folder() as folder:
        (folder / "fax").write_bytes(b"%PDF-1")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folders.clear_left() == 0  # somebody reads in it
        assert (folder / "fax").exists()
    assert list(here.iterdir()) == []


def test_what_a_killed_reader_left_is_cleared_at_once(here: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _READS_FOR_EVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    ) as reader:
        assert reader.stdout is not None
        left = Path(reader.stdout.readline().decode().strip())
        assert folders.clear_left() == 0
        reader.kill()
        reader.wait()
        assert (left / "fax").exists()
        assert folders.clear_left() == 1
    assert list(here.iterdir()) == []


def test_links_and_files_of_that_name_are_left_alone(here: Path) -> None:
    kept = here / "kept"
    kept.mkdir()
    (here / f"{folders.PREFIX}link").symlink_to(kept)
    (here / f"{folders.PREFIX}file").write_bytes(b"")
    assert folders.clear_left() == 0
    assert kept.exists()
    assert len(list(here.iterdir())) == 3
