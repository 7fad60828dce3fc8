"""A visit as a calendar file (RFC 5545): the clinic and the time, not a word about the patient."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

MEDIA_TYPE = "text/calendar"
_LINE = 75  # octets


def visit(
    *,
    appointment_id: str,
    starts_at: datetime,
    as_of: datetime,
    summary: str,
    place: str,
    phone: str,
    minutes: int = 60,
) -> bytes:
    """One event; the same appointment at another time takes the place of the first.

    ``as_of`` is when the time was told: a later telling is a later version of the event.
    """
    uid = hashlib.sha256(f"visit\0{appointment_id}\0{phone}".encode()).hexdigest()[:24]
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//referral-loop//visits//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{uid}@referral-loop",
        f"SEQUENCE:{int(as_of.timestamp()) - 1577836800}",  # seconds since 2020: it only grows
        f"DTSTAMP:{_utc(as_of)}",
        f"DTSTART:{_utc(starts_at)}",
        f"DTEND:{_utc(starts_at + timedelta(minutes=minutes))}",
        f"SUMMARY:{_text(summary)}",
        f"LOCATION:{_text(place)}",
        f"DESCRIPTION:{_text(phone)}",
        "STATUS:CONFIRMED",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) for line in lines)


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return " ".join(escaped.split())


def _folded(line: str) -> bytes:
    """A line of at most 75 octets, continued on lines that begin with a space."""
    pieces: list[bytes] = []
    piece = b""
    for char in line:
        more = char.encode()
        if len(piece) + len(more) > _LINE - (1 if pieces else 0):
            pieces.append(piece)
            piece = b""
        piece += more
    return b"\r\n ".join([*pieces, piece]) + b"\r\n"
