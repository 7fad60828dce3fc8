"""What stands on a picture: the words tesseract sees, how sure it is, and the bar codes."""

from __future__ import annotations

import csv
import io
import re
import statistics
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

import zxingcpp
from PIL import Image, ImageFilter, ImageOps

from integrations.reading.tools import run

OCR_TIME: Final = timedelta(seconds=60)
ANGLES: Final = (0, 90, 180, 270)
DOUBTFUL: Final = 70  # of 100: a word below is not believed without a person
_ROTATE = re.compile(rb"Rotate: (\d+)")
_WORD = re.compile(r"[A-Za-z]{3,}")
_COLUMN_GAP: Final = 2.2  # heights of a line: words further apart stand in two columns


class Words(NamedTuple):
    """The words of one page, as lines; ``doubtful`` are those hardly made out."""

    text: str
    quality: int  # 0-100, the mean over its letters
    doubtful: tuple[str, ...]
    good: int  # words of letters that were well made out

    @property
    def readable(self) -> bool:
        """Whether this is writing, the right way up, rather than marks taken for letters."""
        return self.good >= 6 and self.quality >= 55


NO_WORDS = Words("", 0, (), 0)


def is_blank(picture: Image.Image) -> bool:
    """Whether nothing stands on the page but dust: under 0.06 % of it is dark."""
    small = picture.resize((max(1, picture.width // 4), max(1, picture.height // 4)))
    edge = max(2, min(small.size) // 40)  # the shadow of a scanner's lid
    inner = ImageOps.crop(small, edge)
    dark = sum(inner.histogram()[:128])
    return dark <= inner.width * inner.height * 0.0006


def codes(picture: Image.Image) -> tuple[str, ...]:
    """The texts of the bar codes on a page, whichever way up it is.

    Bars of a fax line are frayed and full of specks; a second look takes those out.
    """
    found = zxingcpp.read_barcodes(picture)
    found = found or zxingcpp.read_barcodes(picture.filter(ImageFilter.MedianFilter(3)))
    return tuple(dict.fromkeys(one.text.strip().upper() for one in found if one.text))


def upright(picture: Image.Image, folder: Path) -> tuple[Words, int]:
    """The words, and by how many degrees clockwise the page must be turned to read them."""
    words = read(picture, folder)
    if words.readable and words.quality >= 70:
        return words, 0
    best = (words, 0)
    for angle in _angles(picture, folder):
        turned = read(picture.rotate(-angle, expand=True, fillcolor=255), folder)
        if (turned.good, turned.quality) > (best[0].good * 1.3, 0):
            best = (turned, angle)
        if turned.readable and turned.quality >= 70:
            break
    return best


def read(picture: Image.Image, folder: Path) -> Words:
    """The words of a page that stands as it is; raises Slow."""
    page = folder / "ocr.png"
    picture.save(page, "PNG", compress_level=1)
    ran = run(
        ("tesseract", page, "stdout", "-l", "eng", "--psm", "4", "--dpi", "200", "tsv"),
        folder,
        OCR_TIME,
    )
    return laid_out(ran.out.decode("utf-8", "replace")) if ran.ok else NO_WORDS


def laid_out(tsv: str) -> Words:
    """Rows from tesseract's table of words; what stands far apart keeps its distance.

    Rows are made anew from where each word stands: tesseract reads columns one after another, and
    of a page fed in askew it takes the two halves of a row for two rows.
    """
    lines: dict[tuple[str, ...], list[_Word]] = {}
    for row in csv.DictReader(io.StringIO(tsv), delimiter="\t", quoting=csv.QUOTE_NONE):
        if row.get("level") == "5" and (row.get("text") or "").strip():
            place = (row["block_num"], row["par_num"], row["line_num"])
            lines.setdefault(place, []).append(_Word.of(row))
    words = [word for line in lines.values() for word in line]
    letters = sum(len(word.text) for word in words)
    sure = sum(word.conf * len(word.text) for word in words)
    doubtful = [word.text.casefold() for word in words if word.conf < DOUBTFUL]
    return Words(
        "\n".join(_line(row) for row in _rows(words, _slope(list(lines.values())))),
        round(sure / letters) if letters else 0,
        tuple(dict.fromkeys(doubtful)),
        sum(word.conf >= DOUBTFUL and _WORD.search(word.text) is not None for word in words),
    )


class _Word(NamedTuple):
    """A word and where it stands, in dots from the top left."""

    text: str
    conf: float
    left: int
    top: int
    width: int
    height: int

    @classmethod
    def of(cls, row: dict[str, str]) -> _Word:
        where = (int(row[name]) for name in ("left", "top", "width", "height"))
        return cls(row["text"].strip(), float(row["conf"]), *where)

    def middle(self, slope: float) -> float:
        """How far down its row stands at the left edge of the page."""
        return self.top + self.height / 2 - slope * self.left


def _slope(lines: list[list[_Word]]) -> float:
    """How far a row falls for each dot to the right: the median of the long ones."""
    slopes = []
    for line in lines:
        first, last = min(line, key=lambda w: w.left), max(line, key=lambda w: w.left)
        if last.left - first.left > 300:
            bottom = (last.top + last.height) - (first.top + first.height)
            slopes.append(bottom / (last.left - first.left))
    return statistics.median(slopes) if slopes else 0.0


def _rows(words: list[_Word], slope: float) -> list[list[_Word]]:
    """Words at one height, from the top down."""
    rows: list[list[_Word]] = []
    for word in sorted(words, key=lambda one: one.middle(slope)):
        row = rows[-1] if rows else None
        if row is not None:
            middle = statistics.mean(one.middle(slope) for one in row)
            tall = max(statistics.median(one.height for one in row), 14)
            if abs(word.middle(slope) - middle) < 0.55 * tall:
                row.append(word)
                continue
        rows.append([word])
    return rows


def _line(words: list[_Word]) -> str:
    words = sorted(words, key=lambda word: word.left)
    out, end = "", 0
    for word in words:
        gap = "   " if word.left - end > _COLUMN_GAP * max(word.height, 12) else " "
        out += (gap if out else "") + word.text
        end = word.left + word.width
    return out


def _angles(picture: Image.Image, folder: Path) -> tuple[int, ...]:
    """The other ways up, the likeliest first."""
    page = folder / "osd.png"
    picture.save(page, "PNG", compress_level=1)
    ran = run(("tesseract", page, "stdout", "--psm", "0"), folder, OCR_TIME)
    told = _ROTATE.search(ran.out)
    first = int(told[1]) if told else 180
    rest = [angle for angle in (180, 90, 270) if angle != first]
    return (first, *rest) if first in {90, 180, 270} else tuple(rest)
