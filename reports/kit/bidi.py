"""Puts right-to-left words into the order a left-to-right drawing library needs.

reportlab draws characters in the order given and joins no Arabic letters. This module turns each
right-to-left run of one line into visual order and picks the joined letter forms. It is meant for
names and short phrases: a run that wraps over two lines would be read from its last line.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_CLASS = {"R": "R", "AL": "R", "L": "L", "EN": "D", "AN": "D", "NSM": "M"}
# From a right-to-left letter to the last one before left-to-right text, with what lies between.
_RUN = re.compile(r"R(?:[RNMD]*R)?M*")
_DIGITS = re.compile(r"\d(?:[\d.,/:-]*\d)?")
_MIRROR = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def visual(text: str) -> str:
    """Return ``text`` as it should be drawn from left to right; other text is unchanged."""
    if text.isascii():
        return text
    classes = "".join(_CLASS.get(unicodedata.bidirectional(c), "N") for c in text)
    out: list[str] = []
    done = 0
    for run in _RUN.finditer(classes):
        out.append(text[done : run.start()])
        out.append(_turned(text[run.start() : run.end()]))
        done = run.end()
    out.append(text[done:])
    return "".join(out)


def _turned(run: str) -> str:
    # Vowel points sit on their letter by font tables reportlab does not read; names go without.
    letters = "".join(c for c in run if unicodedata.category(c) != "Mn")
    backward = _joined(letters)[::-1].translate(_MIRROR)
    return _DIGITS.sub(lambda m: m.group()[::-1], backward)


@cache
def _forms() -> dict[str, dict[str, str]]:
    """Letter → {"isolated" | "final" | "initial" | "medial": presentation form}."""
    forms: dict[str, dict[str, str]] = {}
    for block in (range(0xFB50, 0xFC00), range(0xFE80, 0xFF00)):
        for code in block:
            parts = unicodedata.decomposition(chr(code)).split()
            if len(parts) in (2, 3) and parts[0].startswith("<"):
                base = "".join(chr(int(p, 16)) for p in parts[1:])
                forms.setdefault(base, {})[parts[0].strip("<>")] = chr(code)
    return forms


def _joined(run: str) -> str:
    forms = _forms()
    units: list[str] = []
    for c in run:
        if units and units[-1] == "ل" and units[-1] + c in forms:  # lam + alef is one letter
            units[-1] += c
        else:
            units.append(c)
    shaped: list[str] = []
    for i, unit in enumerate(units):
        mine = forms.get(unit)
        if mine is None:
            shaped.append(unit)
            continue
        before = i > 0 and "initial" in forms.get(units[i - 1], {}) and "final" in mine
        after = i + 1 < len(units) and "initial" in mine and "final" in forms.get(units[i + 1], {})
        form = {(True, True): "medial", (True, False): "final", (False, True): "initial"}.get(
            (before, after), "isolated"
        )
        shaped.append(mine.get(form, unit))
    return "".join(shaped)
