"""``slots``: a file of free times becomes what patients are offered."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from cli.offering import offer
from cli.workplace import open_record, wall_clock
from models.errors import BadRequest
from settings import Settings
from store import slots
from tests.doors import ORG


def free(settings: Settings) -> int:
    store = open_record(settings).store
    now = wall_clock()
    with store.read() as session:
        found = slots.offered(
            session, ORG, "east", after=now, before=now + timedelta(days=99), now=now
        )
    store.close()
    return len(found)


def test_a_file_is_offered_and_the_next_one_may_take_its_place(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = wall_clock() + timedelta(days=3)
    file = tmp_path / "free.csv"
    file.write_text(f"starts,clinic\n{day:%Y-%m-%d} 09:00,east\n{day:%Y-%m-%d} 10:00,east\n")
    offer(file, None, replace=False, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"times": 2, "new": 2}
    offer(file, None, replace=False, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"times": 2, "new": 0}
    assert free(settings) == 2
    file.write_text(f"starts,clinic\n{day:%Y-%m-%d} 10:00,east\n")
    offer(file, None, replace=True, as_json=False)
    assert "1 times, 0 of them new" in capsys.readouterr().out
    assert free(settings) == 1


@pytest.mark.usefixtures("settings")
def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadRequest) as wrong:
        offer(tmp_path / "none.csv", None, replace=False, as_json=False)
    assert "cannot be read" in wrong.value.sentence
