"""Makes any text safe to print: what came in from outside is never markup and never breaks a page.

Two steps: ``tidy`` (also for HTML) normalises and drops invisible controls; ``printable`` (PDF)
also swaps what the font cannot draw for a visible box and orders right-to-left words.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.errors import BadRequest
from reports.kit import fonts
from reports.kit.bidi import visual

#: Stands for a character the font cannot draw: visible, so that a reader knows one is there.
BOX = "▯"
ELLIPSIS = "…"

_JOINERS = "\u200c\u200d"  # part of Persian and Indic spelling on screen; no glyph on paper
_NO_JOINERS = dict.fromkeys(map(ord, _JOINERS))
_SPACE = re.compile(r"[^\S\n\u00a0]+")
_STACKED = re.compile(r"([\u0300-\u036f]{2})[\u0300-\u036f]+")
# Our own names: strftime would follow the locale of the machine.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def tidy(text: str) -> str:
    """NFC, line ends as ``\\n``, no control, zero-width or direction-override characters."""
    if text.isascii() and text.isprintable():  # nearly all of it: nothing to drop, only spaces
        return _SPACE.sub(" ", text).strip()
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _STACKED.sub(r"\1", text)  # towers of accents would climb over the line above
    kept = "".join(c for c in text if c in "\n\t" or not _invisible(c))
    return _SPACE.sub(" ", kept).strip()


def _invisible(c: str) -> bool:
    if c in _JOINERS:
        return False
    return unicodedata.category(c) in ("Cc", "Cf", "Cs") or "\ufe00" <= c <= "\ufe0f"


def printable(text: str) -> str:
    """``tidy``, then a box for every character without a glyph; not yet in drawing order."""
    known = fonts.drawable()
    text = tidy(text).translate(_NO_JOINERS)
    return "".join(c if c == "\n" or ord(c) in known else BOX for c in text)


def drawn(text: str) -> str:
    """One line ready for the canvas: printable and in drawing order."""
    return visual(printable(text).replace("\n", " "))


def markup(text: str) -> str:
    """The same for a Paragraph: escaped, line ends kept."""
    return "<br/>".join(escape(visual(line)) for line in printable(text).split("\n"))


def shortened(text: str, limit: int | None, note: str = "") -> str:
    """Cut at a word to at most ``limit`` characters, with an ellipsis and a note that it was cut.

    None means no limit. The cut is always visible; nothing is dropped silently.
    """
    text = tidy(text)
    if limit is None or len(text) <= limit:
        return text
    head = text[:limit]
    at_word = head.rsplit(" ", 1)[0]
    if len(at_word) > limit * 0.6:
        head = at_word
    return f"{head.rstrip(' ,;.')}{ELLIPSIS}{note}"


def fitted(text: str, font: str, size: float, room: float) -> str:
    """One drawn line no wider than ``room`` points, with an ellipsis when it had to be cut."""
    return visual(cut(text, font, size, room))


def cut(text: str, font: str, size: float, room: float) -> str:
    """The same in reading order, for those who order right-to-left words themselves."""
    line = printable(text).replace("\n", " ")
    if fonts.width(visual(line), font, size) <= room:
        return line
    low, high = 0, len(line)
    while low < high:  # the longest beginning that still fits
        middle = (low + high + 1) // 2
        if fonts.width(visual(line[:middle].rstrip()) + ELLIPSIS, font, size) <= room:
            low = middle
        else:
            high = middle - 1
    return line[:low].rstrip() + ELLIPSIS


def wrapped(text: str, font: str, size: float, room: float, most: int) -> list[str]:
    """Lines no wider than ``room`` points, broken at words; the last of ``most`` holds the rest."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and (len(lines) == most or fits(longer, font, size, room)):
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def fits(text: str, font: str, size: float, room: float) -> bool:
    """Whether the whole text goes on one line of ``room`` points."""
    return fonts.width(drawn(text), font, size) <= room


def day(value: date) -> str:
    """``Mar 12, 2026``: month in letters, so no office reads it as 3 December."""
    return f"{_MONTHS[value.month - 1]} {value.day}, {value.year}"


def moment(value: datetime, zone: str) -> str:
    """``Mar 12, 2026 at 4:10 PM CDT`` in the clinic's zone.

    Raises BadRequest (``unknown_time_zone``) for a zone this machine does not know.
    """
    try:
        local = value.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadRequest(
            "The letterhead names a time zone that does not exist; use one like America/Chicago.",
            code="unknown_time_zone",
            field="letterhead.time_zone",
        ) from error
    hour = local.hour % 12 or 12
    half = "AM" if local.hour < 12 else "PM"
    return f"{day(local.date())} at {hour}:{local.minute:02d} {half} {local.tzname()}"
