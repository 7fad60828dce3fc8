"""``sources import``: a book as it comes from a spreadsheet, with everything wrong that can be."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func
from sqlmodel import select

from cli.sources import take_in
from cli.workplace import open_record
from models.book_file import COLUMNS, template
from models.errors import BadRequest
from settings import Settings
from store import sources
from store.book_import import BATCH
from store.tables import PracticeRow, ProviderRow, SourceRow

DAY, NOW = date(2029, 3, 1), datetime(2029, 3, 1, 15, tzinfo=UTC)
HEAD = "kind,name,npi,practice,fax,owner\n"


def taken(capsys: pytest.CaptureFixture[str], file: Path, **more: bool) -> dict[str, Any]:
    """What an import says of a file, as JSON."""
    given = {"dry_run": False, "strict": False, **more}
    code = take_in(file, None, as_json=True, **given)
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == (2 if told["rows"]["wrong"] or told["rows"]["doubtful"] else 0)
    return told


def numbers(settings: Settings) -> tuple[int, int, int]:
    """How many sources, providers and practices there are."""
    store = open_record(settings).store
    with store.read() as session:
        found = [
            session.exec(select(func.count()).select_from(table)).one()
            for table in (SourceRow, ProviderRow, PracticeRow)
        ]
    store.close()
    return found[0], found[1], found[2]


def test_the_template_is_read_and_changes_nothing_twice(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "book.csv"
    file.write_text(template())
    assert template().splitlines()[0] == ",".join(COLUMNS)
    rehearsed = taken(capsys, file, dry_run=True)
    assert (rehearsed["rows"]["new"], rehearsed["written"]) == (2, False)
    assert numbers(settings) == (0, 0, 0)
    assert taken(capsys, file)["rows"]["new"] == 2
    assert numbers(settings) == (2, 1, 1)
    assert taken(capsys, file)["rows"] == {
        "new": 0,
        "filled": 0,
        "same": 2,
        "twice": 0,
        "doubtful": 0,
        "wrong": 0,
    }
    assert numbers(settings) == (2, 1, 1)


def test_wrong_rows_are_named_and_stop_no_other(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "book.csv"
    rows = [
        "provider,Dr. A Sample,1234567893,Sample Clinic,518-555-0143,lia",
        "provider,Dr. B Sample,1234567890,Sample Clinic,518-555-0143,",
        "provider,,1558598797,,,",
        "provider,Dr. C Sample,,Sample Clinic,12,",
        "wizard,Dr. D Sample,,,,",
        "provider,Dr. E Sample,,,,dana",
        "practice,Other Clinic,,,518-555-0143,",
        "provider,Dr. Zed Else,1234567893,,,",
        "provider,Dr. A Sample,1234567893,Sample Clinic,518-555-0143,lia",
        "employer,Example Mill,,,,,,,",
        "past_patient,Robin Former,,,,",
        "employer,\u0130stanbul Mill \U0001f3ed,,,,",
    ]
    file.write_text("\ufeff" + HEAD + "\n".join(rows) + "\n\n", encoding="utf-8")
    told = taken(capsys, file)
    assert told["rows"] == {
        "new": 2,
        "filled": 0,
        "same": 0,
        "twice": 1,
        "doubtful": 2,
        "wrong": 7,
    }
    where = {(one["row"], one["column"]) for one in told["troubles"]}
    assert {(3, "npi"), (4, "name"), (5, "fax"), (6, "kind"), (7, "owner"), (8, "fax")} <= where
    assert {(11, ""), (12, "kind")} <= where
    before = numbers(settings)
    strict = taken(capsys, file, strict=True)
    assert (strict["written"], numbers(settings)) == (False, before)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"kind,npi\nprovider,1\n", "lacks name"),
        (b"name,name\nA,B\n", "twice"),
        (b"", "lacks name"),
        (b"name\n\xff\xfe\n", "UTF-8"),
        (b'name\n"never closed\n', "no CSV"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_what_is_no_book_says_so(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "book.csv"
    file.write_bytes(content)
    with pytest.raises(BadRequest) as wrong:
        take_in(file, None, dry_run=False, strict=False, as_json=True)
    assert says in wrong.value.sentence


def test_what_is_known_is_filled_and_never_overwritten(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "book.csv"
    row = "provider,Dr. A Sample,1234567893,Sample Clinic,518-555-0143,"
    file.write_text(HEAD + row + "\n")
    taken(capsys, file)
    file.write_text(HEAD + row + "lia\n")
    assert taken(capsys, file)["rows"]["filled"] == 1
    file.write_text(HEAD + row + "drew\n")
    assert taken(capsys, file)["rows"]["same"] == 1
    store = open_record(settings).store
    with store.read() as session:
        assert session.exec(select(SourceRow.owner_id)).all() == ["lia"]
        assert all(session.exec(select(SourceRow.next_touch_at)))
    store.close()


def test_what_a_later_file_knows_better_is_learned_once(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "book.csv"
    file.write_text(HEAD + "provider,Bo Li,,Sample Clinic,,\n")
    taken(capsys, file)
    better = "kind,name,npi,practice,fax,phone,wants_thanks\n"
    better += "provider,Bo Li,1234567893,Sample Clinic,518-555-0143,518-555-0144,no\n"
    file.write_text(better)
    for dry, came in ((True, "filled"), (False, "filled"), (False, "same")):
        assert taken(capsys, file, dry_run=dry)["rows"][came] == 1
    assert numbers(settings) == (1, 1, 1)
    store = open_record(settings).store
    with store.read() as session:
        (who,) = session.exec(select(ProviderRow))
        (office,) = session.exec(select(PracticeRow))
        (source,) = session.exec(select(SourceRow))
    store.close()
    assert (who.npi, who.phone) == ("1234567893", "+15185550144")
    assert (office.fax, office.fax_verified) == ("+15185550143", False)
    assert not source.wants_thanks


def test_what_a_person_may_want_to_know_is_said_and_stops_nothing(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "book.csv"
    heading = "kind,name,practice,fax,next_touch\n"
    rows = ["practice,Harbor Clinic,,518-555-0143,2030-01-05"]
    file.write_text(heading + "\n".join(rows) + "\n")
    assert taken(capsys, file)["troubles"] == []
    rows[0] = "practice,Harbor Clinic,,518-555-0143,2030-02-05"
    rows += ["practice,Harbor Clinic,,518-555-0145,", "wizard,Dr. A,,12,2030-13-01"]
    file.write_text(heading + "\n".join(rows) + "\n")
    for dry in (True, False):
        told = taken(capsys, file, dry_run=dry)
        rows_came = {name: number for name, number in told["rows"].items() if number}
        assert rows_came == {"same": 1, "new": 1, "wrong": 1}
        named = [(one["row"], one["column"]) for one in told["troubles"]]
        assert named == [
            (2, "next_touch"),
            (3, "fax"),
            (4, "kind"),
            (4, "fax"),
            (4, "next_touch"),
        ]
    assert numbers(settings)[0] == 2


def test_nobody_is_to_be_in_touch_with_whoever_has_left(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "book.csv"
    file.write_text("kind,name,next_touch\nprovider,Dr. A Sample,2030-01-05\n")
    taken(capsys, file)
    store = open_record(settings).store
    with store.write() as session:
        sources.leave(session, session.exec(select(SourceRow)).one(), on=DAY, at=NOW)
    assert taken(capsys, file)["rows"]["same"] == 1
    with store.read() as session:
        assert session.exec(select(SourceRow)).one().next_touch_at is None
    store.close()


def test_a_number_learned_in_an_earlier_row_is_known_in_a_later_one(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "book.csv"
    file.write_text(HEAD + "practice,Sample Clinic,,,,\n")
    taken(capsys, file)
    rows = [
        "provider,Dr. A Sample,1234567893,Sample Clinic,518-555-0143,",
        "practice,Other Clinic,,,518-555-0143,",
    ]
    file.write_text(HEAD + "\n".join(rows) + "\n")
    told = taken(capsys, file)
    assert (told["rows"]["new"], told["rows"]["doubtful"]) == (1, 1)
    assert numbers(settings) == (2, 1, 1)


@pytest.mark.parametrize("apart", [0, BATCH])
def test_what_is_rehearsed_is_what_is_done(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], apart: int
) -> None:
    file = tmp_path / "book.csv"
    rows = ["provider,Dr. A Sample,1234567893,Sample Clinic,518-555-0143,"]
    rows += [f"employer,Mill {one},,,," for one in range(apart)]
    rows += ["practice,Other Clinic,,,518-555-0143,", "practice,Sample Clinic,,,518-555-0143,"]
    file.write_text(HEAD + "\n".join(rows) + "\n")
    rehearsed = taken(capsys, file, dry_run=True)
    assert taken(capsys, file, strict=True) == rehearsed
    assert numbers(settings) == (0, 0, 0)
    assert taken(capsys, file)["rows"] == rehearsed["rows"]
    assert numbers(settings) == (2 + apart, 1, 1)
