"""``tasks`` and ``task``: the desk's list and hands, with nothing running."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli import feeding
from cli.handing import task, tasks
from models.errors import BadRequest, Refused
from web.examples import NEW_REFERRAL


@pytest.fixture
async def known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """A task of the organization: two referrals contradict one event."""
    file = tmp_path / "referral.json"
    file.write_text(json.dumps(NEW_REFERRAL))
    await feeding.refer(file, None, as_json=True)
    other = {**NEW_REFERRAL["patient"], "given_name": "Casey", "born": "1990-01-01"}
    file.write_text(json.dumps({**NEW_REFERRAL, "patient": other}))
    await feeding.refer(file, None, as_json=True)  # the same id, another patient
    capsys.readouterr()
    await tasks(None, None, None, None, as_json=True)
    (found,) = json.loads(capsys.readouterr().out)
    return dict(found)


async def test_a_task_is_listed_in_its_own_words(
    known: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert known["says"].startswith("This referral came again with another patient")
    await tasks(None, "front_desk", "east", None, as_json=False)
    assert known["id"] in capsys.readouterr().out
    await tasks(None, "director", None, None, as_json=False)
    assert "Nothing is to be done" in capsys.readouterr().out
    with pytest.raises(BadRequest, match="no such role"):
        await tasks(None, "boss", None, None, as_json=False)


@pytest.mark.parametrize(
    ("act", "data"), [("dance", ["by=dana"]), ("take", []), ("take", ["by=dana", "why=x"])]
)
async def test_what_makes_no_sense_is_said(
    known: dict[str, Any], act: str, data: list[str]
) -> None:
    with pytest.raises(BadRequest):
        await task(known["id"], act, data, None, as_json=False)
    assert Refused.http_status == 409
