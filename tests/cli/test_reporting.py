"""``report``: the files of a month of a real record, which agree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.reporting import report
from cli.workplace import open_record
from models.errors import BadRequest, NotFound
from models.monthly import MonthlyReport
from reports.forms import FORMS
from settings import Settings
from tests.doors import Door
from tests.example_desk import seed
from tests.reports.agreement import seen


async def test_a_month_is_written_as_files_that_agree_and_stay(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_record(settings).store
    door = Door(store)
    await seed(door)
    store.close()
    month, out = f"{door.now:%Y-%m}", tmp_path / "out"
    report("east", month, out, None, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert {Path(name).name for name in told["files"]} == set(FORMS)
    forms = seen(out)
    assert int(forms["report.json"]["Referrals received"]) > 5
    for form, figures in forms.items():
        assert figures == forms["report.json"], form
    assert not MonthlyReport.model_validate_json((out / "report.json").read_bytes()).preliminary
    first = {name: (out / name).read_bytes() for name in FORMS}
    report("east", month, out, None, as_json=True)  # closed by the first one
    assert first == {name: (out / name).read_bytes() for name in FORMS}


@pytest.mark.usefixtures("settings")
def test_what_cannot_be_reported_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such clinic"):
        report("nowhere", "2026-01", tmp_path, None, as_json=True)
    with pytest.raises(BadRequest, match="not begun"):
        report("east", "2999-01", tmp_path, None, as_json=True)
