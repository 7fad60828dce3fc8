"""The one wide, open-licence font family that every PDF embeds.

The standard PDF fonts and reportlab's own miss letters of many patients' names; DejaVu Sans
Condensed draws Latin, Greek, Cyrillic, Hebrew, Arabic, arrows and check boxes. Its licence is
beside the files.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from reportlab.graphics import shapes
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR = "DejaVuCondensed"
BOLD = "DejaVuCondensed-Bold"
OBLIQUE = "DejaVuCondensed-Oblique"

_FOLDER = Path(__file__).resolve().parent / "fonts"
_FILES = {
    REGULAR: "DejaVuSansCondensed.ttf",
    BOLD: "DejaVuSansCondensed-Bold.ttf",
    OBLIQUE: "DejaVuSansCondensed-Oblique.ttf",
}


@cache
def register() -> None:
    """Make the fonts known to reportlab; running it twice does nothing."""
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(_FOLDER / file)))
    # No bold italic is used; the bold stands in so that nested markup cannot fail.
    pdfmetrics.registerFontFamily(
        REGULAR, normal=REGULAR, bold=BOLD, italic=OBLIQUE, boldItalic=BOLD
    )
    # A drawing starts in this font even if it holds no text; Helvetica would not be embedded.
    shapes.STATE_DEFAULTS["fontName"] = REGULAR


@cache
def drawable() -> frozenset[int]:
    """Code points that both the regular and the bold font can draw."""
    register()
    regular, bold = (_glyphs(name) for name in (REGULAR, BOLD))
    return frozenset(regular & bold)


def _glyphs(name: str) -> set[int]:
    font = pdfmetrics.getFont(name)
    assert isinstance(font, TTFont)
    return set(font.face.charToGlyph)


def width(text: str, font: str, size: float) -> float:
    """Width of one line in points."""
    register()
    return float(pdfmetrics.stringWidth(text, font, size))
