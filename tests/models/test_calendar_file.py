"""A visit as a calendar file: read by others, silent about the patient."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.calendar_file import visit

AT = datetime(2026, 1, 12, 14, 30, tzinfo=UTC)


def a_visit(starts_at: datetime = AT, as_of: datetime = AT - timedelta(days=3)) -> bytes:
    return visit(
        appointment_id="A-1",
        starts_at=starts_at,
        as_of=as_of,
        summary="Riverside PT East",
        place="12 Harbor Street; Suite 3, Albany, NY 12207, beside the old lighthouse on the pier",
        phone="518-555-0142",
    )


def field(file: bytes, name: str) -> str:
    whole = file.decode().replace("\r\n ", "")
    return next(line.partition(":")[2] for line in whole.split("\r\n") if line.startswith(name))


def test_the_file_says_when_and_where() -> None:
    file = a_visit()
    assert file.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert file.endswith(b"END:VEVENT\r\nEND:VCALENDAR\r\n")
    assert field(file, "DTSTART") == "20260112T143000Z"
    assert field(file, "DTEND") == "20260112T153000Z"
    assert field(file, "LOCATION").startswith("12 Harbor Street\\; Suite 3\\, Albany")


def test_no_line_is_longer_than_75_octets() -> None:
    assert max(len(line) for line in a_visit().split(b"\r\n")) <= 75
    spanish = visit(
        appointment_id="A-1", starts_at=AT, as_of=AT, summary="ñ" * 80, place="", phone=""
    )
    assert field(spanish, "SUMMARY") == "ñ" * 80
    assert max(len(line) for line in spanish.split(b"\r\n")) <= 75


def test_a_visit_that_moved_takes_the_place_of_the_first() -> None:
    first, moved = a_visit(), a_visit(AT + timedelta(days=1), AT)
    assert field(first, "UID") == field(moved, "UID")
    assert int(field(moved, "SEQUENCE")) > int(field(first, "SEQUENCE"))
    assert "A-1" not in first.decode()
