"""``explain`` asks what was really asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli import feeding
from cli.showing import explain, show
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


async def test_a_wait_is_told_with_its_reason_and_its_beginning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "referral.json"
    file.write_text(json.dumps(NEW_REFERRAL))
    await feeding.refer(file, None, as_json=True)
    data = ["authorization_id=AU-1", "status=required"]
    await feeding.milestone(
        "example-emr:R-1001",
        "authorization_changed",
        data,
        None,
        None,
        retracted=False,
        as_json=True,
    )
    capsys.readouterr()
    explain(*located("example-emr:R-1001"), as_json=False)
    told = capsys.readouterr().out
    assert "It waits for an authorization since " in told
    assert "Ask the insurer for the authorization; then it is the billing's." in told
    show(*located("example-emr:R-1001"), as_json=False)
    assert "Waits for: authorization" in capsys.readouterr().out
    explain(*located("example-emr:R-1001"), as_json=True)
    (hold,) = json.loads(capsys.readouterr().out)["holds"]
    assert (hold["hold_id"], hold["authorization"]) == ("AU-1", "required")


async def test_every_moment_is_told_in_the_time_of_the_clinic(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "referral.json"
    file.write_text(json.dumps(NEW_REFERRAL))
    await feeding.refer(file, None, as_json=True)
    data = ["appointment_id=A-1", "starts_at=2027-03-01T15:00:00Z"]
    await feeding.milestone(
        "example-emr:R-1001", "appointment_booked", data, None, None, retracted=False, as_json=True
    )
    capsys.readouterr()
    show(*located("example-emr:R-1001"), as_json=False)
    assert "starts at Mon 01 Mar 2027 10:00" in " ".join(capsys.readouterr().out.split())
