"""What a scanner leaves in the watched folder becomes a fax, once."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities import fax_folder
from activities.fax_folder import FaxFolder
from store.engine import Store
from store.tables import FaxArrivalRow, FaxRow, TaskRow
from tests.activities.test_fax_intake import Mailroom
from tests.doors import ORG

WRITTEN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
NOW = WRITTEN + timedelta(minutes=1)


@pytest.fixture
def mailroom(store: Store) -> Mailroom:
    return Mailroom(store)


def put(folder: Path, name: str, content: bytes, clinic: str = "east") -> Path:
    path = folder / ORG / clinic / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (WRITTEN.timestamp(), WRITTEN.timestamp()))
    return path


async def test_each_file_is_taken_once_and_moved_aside(mailroom: Mailroom, tmp_path: Path) -> None:
    watched = FaxFolder(tmp_path, mailroom.door.tenants, mailroom.intake)
    first = put(tmp_path, "scan.pdf", b"%PDF-1 a")
    put(tmp_path, "scan.tif", b"II*\x00", "west")
    assert await watched.sweep(WRITTEN + timedelta(seconds=9)) == 0  # may be on its way still
    assert await watched.sweep(NOW) == 2
    assert await watched.sweep(NOW) == 0
    rows = {row.clinic_id: row for row in mailroom.rows(FaxRow)}
    assert {name: row.media for name, row in rows.items()} == {"east": "pdf", "west": "tiff"}
    assert rows["east"].received_at == WRITTEN
    assert not first.exists()
    put(tmp_path, "scan.pdf", b"%PDF-1 a")  # the same pages again, under the same name
    assert await watched.sweep(NOW) == 1
    assert sorted(one.name for one in (first.parent / "taken").iterdir()) == [
        "scan-2.pdf",
        "scan.pdf",
    ]
    assert len(mailroom.rows(FaxRow)) == 2


async def test_what_lies_elsewhere_or_hides_is_left_alone(
    mailroom: Mailroom, tmp_path: Path
) -> None:
    watched = FaxFolder(tmp_path, mailroom.door.tenants, mailroom.intake)
    outside = put(tmp_path, "secret.pdf", b"%PDF-1", clinic="nowhere")
    put(tmp_path, ".half-written.pdf", b"%PDF-1")
    (tmp_path / ORG / "east" / "link.pdf").symlink_to(outside)
    assert await watched.sweep(NOW) == 0
    assert mailroom.rows(FaxArrivalRow) == []


async def test_what_is_too_large_is_put_aside_and_the_rest_goes_on(
    mailroom: Mailroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.fax_intake.MAX_FAX_BYTES", 20)
    monkeypatch.setattr(fax_folder, "MAX_FAX_BYTES", 20)
    watched = FaxFolder(tmp_path, mailroom.door.tenants, mailroom.intake)
    large = put(tmp_path, "a.pdf", b"%PDF-1" + b"x" * 40)
    put(tmp_path, "b.pdf", b"%PDF-1")
    assert await watched.sweep(NOW) == 2
    assert (large.parent / "refused" / "a.pdf").exists()
    assert len(mailroom.rows(FaxRow)) == 1
    [asked] = mailroom.rows(TaskRow)
    assert (asked.role, "a.pdf" in asked.says) == ("front_desk", False)


async def test_a_folder_that_cannot_be_used_keeps_the_others_from_nothing(
    mailroom: Mailroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.pdf", b"%PDF-1 a")
    put(tmp_path, "b.pdf", b"%PDF-1 b", clinic="west")
    closed, scandir, rename = tmp_path / ORG / "east", os.scandir, Path.rename
    watched = FaxFolder(tmp_path, mailroom.door.tenants, mailroom.intake)

    def no_entry(path: Path) -> object:
        if path == closed:
            raise PermissionError
        return scandir(path)

    def no_writing(path: Path, target: Path) -> Path:
        if path.parent == closed:
            raise PermissionError
        return rename(path, target)

    with monkeypatch.context() as broken:
        broken.setattr(os, "scandir", no_entry)
        assert await watched.sweep(NOW) == 1
    put(tmp_path, "c.pdf", b"%PDF-1 c", clinic="west")
    with monkeypatch.context() as broken:
        broken.setattr(Path, "rename", no_writing)
        assert await watched.sweep(NOW) == 2
        assert await watched.sweep(NOW) == 1  # what could not be put aside is the same fax again
    assert len(mailroom.rows(FaxRow)) == len(mailroom.rows(FaxArrivalRow)) == 3
