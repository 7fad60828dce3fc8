"""What one text message can carry, and what it must never say."""

from __future__ import annotations

import re
import unicodedata

SEGMENT = 160  # characters of the GSM alphabet; the health exemption asks for about as many [K1]

LONGEST = 459  # three segments joined: what a person at the desk may write at once

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "^{}\\[~]|€"  # an escape before each: two places
_PLAIN = {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "}

# policy.md §3 and rule 17. Words, not meanings: templates are read by people as well.
NEVER_IN_TEXT: dict[str, re.Pattern[str]] = {
    "an answer word carriers or patients read otherwise": re.compile(
        r"\b(YES|NO|CANCEL|END|INFO)\b|\bcancel", re.ASCII
    ),
    "diagnosis": re.compile(
        r"\b[A-TV-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}\b|diagnos|arthritis|fracture|tear\b|surgery|injur"
        r"|pain\b|dolor|cirug|lesi[oó]n",
        re.IGNORECASE,
    ),
    "body part": re.compile(
        r"\b(knee|shoulder|hip|back pain|neck|spine|ankle|wrist|elbow|foot|hand"
        r"|rodilla|hombro|cadera|espalda|cuello|columna|tobillo|mu[nñ]eca|codo|pie|mano)s?\b",
        re.IGNORECASE,
    ),
    "physician's name": re.compile(r"\b(Dr|Dra|Doctora?|M\.?D|D\.?O)\b\.?", re.IGNORECASE),
    "payer": re.compile(r"medicare|medicaid|insur|segur|payer|copay", re.IGNORECASE),
    "money": re.compile(r"[$€£]|\bfees?\b|\bcharge|\bbill|\bpago|\bcuota|\btarifa", re.IGNORECASE),
    "blame": re.compile(r"you missed|final notice|last notice|falt[oó] a|[uú]ltimo aviso", re.I),
}


def never_in_text(text: str) -> list[str]:
    """What of policy.md §3 a text breaks; empty when it may go."""
    return [what for what, pattern in NEVER_IN_TEXT.items() if pattern.search(text)]


def gsm7(text: str) -> str:
    """The text in the GSM alphabet: one character outside it would more than halve the room.

    Typographic marks become plain, accents the alphabet lacks are dropped from their letters, and
    what has no counterpart is left out.
    """
    folded = []
    for char in "".join(_PLAIN.get(c, c) for c in unicodedata.normalize("NFC", text)):
        if char in _BASIC or char in _EXTENDED:
            folded.append(char)
        else:
            folded += [c for c in unicodedata.normalize("NFKD", char) if c in _BASIC]
    return " ".join("".join(folded).split())


def places(text: str) -> int:
    """How many of a segment's places a GSM text takes."""
    return len(text) + sum(char in _EXTENDED for char in text)


def fits(text: str, within: int = SEGMENT) -> bool:
    """Whether it goes out as one message, or within the places given."""
    return places(text) <= within
