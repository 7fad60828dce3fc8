"""Free times as a file: every row becomes a time of its clinic, or one names itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integrations.emr import slot_file
from integrations.emr.slot_file import FreeTime, read_slots
from models.errors import BadRequest, TooLarge

ZONES = {"east": "America/New_York", "west": "America/Chicago"}
NINE = datetime(2026, 1, 12, 14, tzinfo=UTC)


def csv(*rows: str, header: str = "starts,clinic") -> bytes:
    return "\r\n".join((header, *rows, "")).encode()


def test_times_are_local_to_their_clinic_unless_they_say_otherwise() -> None:
    found = read_slots(
        csv("2026-01-12 09:00,east", "2026-01-12 08:00,west", "2026-01-12T14:00:00Z,east"), ZONES
    )
    assert [one.starts_at for one in found] == [NINE] * 3
    assert [one.clinic_id for one in found] == ["east", "west", "east"]


def test_a_row_may_name_its_length_its_places_and_itself() -> None:
    header = "ID, Starts ,minutes,places"
    found = read_slots(csv("A-1,2026-01-12 09:00,45,2", header=header), {"east": ZONES["east"]})
    assert found == [FreeTime("east", "A-1", NINE, 45), FreeTime("east", "A-1#2", NINE, 45)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (csv("soon,east"), "row 2, column starts: expected a time such as"),
        (csv("2026-01-12 09:00,north"), "row 2, column clinic: expected one of east, west"),
        (csv("2026-01-12 09:00"), "row 2, column clinic"),
        (csv("2026-03-08 02:30,east"), "row 2, column starts: the clock is put forward"),
        (csv("2026-01-12 09:00,east,1"), "row 2: more cells than headers"),
        (csv("2026-01-12 09:00,0", header="starts,minutes"), "row 2, column clinic"),
        (csv("2026-01-12 09:00,east,four", header="starts,clinic,minutes"), "column minutes"),
        (csv("2026-01-12 09:00,east,99", header="starts,clinic,places"), "column places"),
        (csv("x,y", header="start,clinic"), "row 1, column 1: expected the headers"),
        (csv("x,y", header="clinic,id"), "row 1: expected the headers"),
        (csv(), "holds no time"),
        (b"starts\n\xff", "not UTF-8"),
        (b'starts,clinic\n"2026', "row 2: not valid CSV"),
    ],
)
def test_a_wrong_row_names_itself(content: bytes, says: str) -> None:
    with pytest.raises(BadRequest) as wrong:
        read_slots(content, ZONES)
    assert says in wrong.value.sentence


def test_a_file_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot_file, "MOST_ROWS", 2)
    with pytest.raises(TooLarge):
        read_slots(csv(*["2026-01-12 09:00,east"] * 3), ZONES)
