"""``refer``, ``milestone``, ``decide`` with nothing running: kept, or told what to change."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cli import feeding, workplace
from cli.workplace import UP_FILE, find_referral
from models.errors import BadRequest, EngineUnavailable, LoopError, NotFound
from settings import Settings
from web.examples import NEW_REFERRAL

MINE = "example-emr:R-1001"


@pytest.fixture
async def referred(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """One referral, kept while no engine runs; its row as ``--json`` told it."""
    file = tmp_path / "referral.json"
    file.write_text(json.dumps(NEW_REFERRAL))
    assert await feeding.refer(file, None, as_json=True) == 0
    (row,) = json.loads(capsys.readouterr().out)
    return dict(row)


async def milestone(kind: str, *data: str, at: datetime | None = None) -> int:
    return await feeding.milestone(MINE, kind, data, at, None, retracted=False, as_json=True)


async def test_a_referral_is_kept_while_nothing_runs(referred: dict[str, Any]) -> None:
    assert (referred["status"], referred["reason"]) == ("received", "engine_unavailable")


async def test_another_directorys_server_is_never_asked(settings: Settings) -> None:
    assert await workplace.try_connect(settings) is None


async def test_what_an_up_left_behind_counts_only_while_it_lives(settings: Settings) -> None:
    settings.data_dir.mkdir()
    note = settings.data_dir / UP_FILE
    where = {"temporal": "127.0.0.1:7233", "http": "", "ui": ""}
    gone = 2**22 + 1  # above every process id Linux gives
    for stale in ({**where, "pid": gone}, where, {**where, "pid": "x"}, []):
        note.write_text(json.dumps(stale))
        assert workplace.addresses(settings) == {}
    note.write_text(json.dumps({**where, "pid": 1}))
    assert workplace.addresses(settings)["temporal"] == "127.0.0.1:7233"


@pytest.mark.usefixtures("referred")
@pytest.mark.parametrize(
    "wanted", ["", ":", "a:", ":b", "a:b:c", "ref_none", "\x01", "\udcff", "x" * 5000 + ":y"]
)
def test_a_name_that_names_nothing_is_not_found(wanted: str) -> None:
    record, tenants = (
        workplace.open_record(workplace.load_settings()),
        workplace.load_tenants(workplace.load_settings()),
    )
    with pytest.raises(NotFound):
        find_referral(record, tenants, wanted)


@pytest.mark.usefixtures("referred")
@pytest.mark.parametrize(
    ("data", "at", "code"),
    [
        (("day",), None, "bad_request"),
        (("day=2026-01-05", "day=2026-01-06"), None, "bad_request"),
        (("day=2026-01-05",), datetime.fromisoformat("9999-12-31T23:59:59"), "impossible_date"),
        (("day=2026-01-05",), datetime.fromisoformat("1899-12-31"), "impossible_date"),
        (("day=" + "[" * 100_000,), None, "invalid_event"),
        (("day=NaN",), None, "malformed_json"),
    ],
)
async def test_a_milestone_that_cannot_be_says_why(
    data: tuple[str, ...], at: datetime | None, code: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        await milestone("evaluation_completed", *data, at=at)
    assert refused.value.code == code


@pytest.mark.usefixtures("referred")
@pytest.mark.parametrize(
    ("kind", "data", "code"),
    [
        ("no_such_thing", (), "invalid_decision"),
        ("call_logged", (), "invalid_decision"),
        ("call_logged", ("by=dana", "call_id=C", "outcome=reached", "bogus=1"), "invalid_decision"),
        ("call_logged", ("by=nobody", "call_id=C", "outcome=reached"), "unknown_staff"),
        (
            "call_logged",
            ("by=dana", "call_id=C", "outcome=reached", "at=3000-01-01T00:00:00Z"),
            "impossible_date",
        ),
        # what is decided is the word of the command, never of a field
        ("referral_closed", ("by=dana", "kind=call_logged", "call_id=C"), "invalid_decision"),
    ],
)
async def test_a_decision_that_cannot_be_says_why(
    kind: str, data: tuple[str, ...], code: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        await feeding.decide(MINE, kind, data, as_json=True)
    assert refused.value.code == code


@pytest.mark.usefixtures("referred")
@pytest.mark.parametrize("address", [None, "127.0.0.1:1"])
async def test_a_decision_without_an_engine_is_asked_to_come_again(
    environment: pytest.MonkeyPatch, address: str | None
) -> None:
    if address:
        environment.setenv("TEMPORAL_ADDRESS", address)
    with pytest.raises(EngineUnavailable):
        await feeding.decide(
            MINE, "call_logged", ("by=dana", "call_id=C", "outcome=reached"), as_json=True
        )


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.json", None, "no_file"),
        ("a.json", b"", "malformed_json"),
        ("a.json", b"[" * 100_000, "malformed_json"),
        ("a.csv", b"\xff\xfe", "malformed_csv"),
        ("a.txt", b"x", "unknown_file_type"),
        ("a.json", b" " * (feeding.MAX_FILE_BYTES + 1), "too_large"),
    ],
)
async def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(LoopError) as refused:
        await feeding.refer(tmp_path / name, None, as_json=True)
    assert refused.value.code == code


@pytest.mark.usefixtures("referred")
async def test_a_provider_who_left_is_told_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    told = {"successor": None, "org": None, "retracted": False, "as_json": True}
    on = datetime.fromisoformat("2026-01-05").date()
    assert await feeding.provider_left("1234567893", on, by="dana", **told) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["status"], row["reason"]) == ("received", "engine_unavailable")
    with pytest.raises(BadRequest) as refused:
        await feeding.provider_left("1234567893", on, by="nobody", **told)
    assert refused.value.code == "unknown_staff"
