"""The chore of the faxes: what came is taken in, and nothing of a killed reader stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.fax_folder import FaxFolder
from activities.fax_round import FaxRound
from integrations.reading import folders
from store.engine import Store
from store.tables import FaxRow
from tests.activities.test_fax_folder import NOW, put
from tests.activities.test_fax_intake import Mailroom


async def test_a_round_takes_in_and_clears_what_a_killed_reader_left(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailroom = Mailroom(store)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = tmp_path / f"{folders.PREFIX}left"
    left.mkdir(mode=0o700)
    (left / "page.pgm").write_bytes(b"a patient")
    put(tmp_path, "scan.pdf", b"%PDF-1 a")
    folder = FaxFolder(tmp_path, mailroom.door.tenants, mailroom.intake)
    made = FaxRound(mailroom.intake, mailroom.vouching, folder)
    assert await made.begin_left(NOW) == 1
    assert not left.exists()
    assert len(mailroom.rows(FaxRow)) == 1
    assert await FaxRound(mailroom.intake, mailroom.vouching).begin_left(NOW) == 0
