"""``explain`` asks what was really asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli import feeding
from cli.showing import explain
from cli.workplace import located
from web.examples import NEW_REFERRAL


@pytest.mark.parametrize("as_json", [True, False])
async def test_a_task_is_told_in_its_own_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    wrong: dict[str, Any] = {**NEW_REFERRAL["source"], "npi": "1234567890"}
    file = tmp_path / "referral.json"
    file.write_text(json.dumps({**NEW_REFERRAL, "source": wrong}))
    await feeding.refer(file, None, as_json=True)
    capsys.readouterr()
    explain(*located("example-emr:R-1001"), as_json=as_json)
    assert "The NPI of the source is not valid: look it up" in capsys.readouterr().out
