"""What fax lines and scanners do to a page."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pypdfium2
from PIL import Image, ImageFilter

Sheet = Image.Image


def drawn(pdf: bytes, dpi: int = 200) -> list[Sheet]:
    """The pages as pictures in grey."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=dpi / 72).to_pil().convert("L") for page in document]
    finally:
        document.close()


def tilted(sheet: Sheet, rng: random.Random) -> Sheet:
    """Fed in askew."""
    angle = rng.choice((-2.0, -1.4, 1.2, 2.0))
    return sheet.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=255)


def noisy(sheet: Sheet, rng: random.Random) -> Sheet:
    """A bad line: dust, and a streak down the page."""
    out = sheet.copy()
    pixels = out.load()
    assert pixels is not None
    for _ in range(out.width * out.height // 400):
        x, y = rng.randrange(out.width), rng.randrange(out.height)
        pixels[x, y] = rng.choice((0, 0, 255))
    x = rng.randrange(out.width // 8)
    for y in range(out.height):
        pixels[x, y] = 0
    return out


def grey(sheet: Sheet, _rng: random.Random) -> Sheet:
    """Copied once too often."""
    return sheet.filter(ImageFilter.GaussianBlur(1.1)).point(lambda value: 60 + value * 190 // 255)


def coloured(sheet: Sheet, _rng: random.Random) -> Sheet:
    """A yellow form, scanned in colour."""
    return Image.merge(
        "RGB", (sheet, sheet.point(lambda v: v * 245 // 255), sheet.point(lambda v: v * 170 // 255))
    )


def upside_down(sheet: Sheet, _rng: random.Random) -> Sheet:
    return sheet.rotate(180)


def sideways(sheet: Sheet, _rng: random.Random) -> Sheet:
    return sheet.rotate(90, expand=True, fillcolor=255)


def nothing(sheet: Sheet, _rng: random.Random) -> Sheet:
    return sheet


def two_tone(sheet: Sheet) -> Sheet:
    """What every fax line makes of it."""
    return sheet.convert("L").point(lambda value: 255 if value > 140 else 0).convert("1")


def as_tiff(sheets: list[Sheet], *, fine: bool = True) -> bytes:
    """1-bit G4 at 204 by 196, or by 98 dots an inch."""
    down = 196 if fine else 98
    squeezed = [
        two_tone(
            one.resize(
                (round(one.width * 204 / 200), round(one.height * down / 200)),
                Image.Resampling.LANCZOS,
            )
        )
        for one in sheets
    ]
    out = io.BytesIO()
    squeezed[0].save(
        out,
        "TIFF",
        compression="group4",
        dpi=(204, down),
        save_all=True,
        append_images=squeezed[1:],
    )
    return out.getvalue()


def as_pdf(sheets: list[Sheet], *, one_bit: bool = True) -> bytes:
    """A PDF of pictures, as fax vendors hand them over."""
    kept = [two_tone(one) if one_bit else one for one in sheets]
    out = io.BytesIO()
    kept[0].save(out, "PDF", save_all=True, append_images=kept[1:], resolution=200)
    return out.getvalue()


def as_png(sheets: list[Sheet]) -> bytes:
    out = io.BytesIO()
    sheets[0].save(out, "PNG", dpi=(200, 200))
    return out.getvalue()


def as_jpeg(sheets: list[Sheet]) -> bytes:
    out = io.BytesIO()
    sheets[0].save(out, "JPEG", quality=60, dpi=(200, 200))
    return out.getvalue()


SPOILS: dict[str, Callable[[Sheet, random.Random], Sheet]] = {
    "clean": nothing,
    "tilted": tilted,
    "noisy": noisy,
    "grey": grey,
    "coloured": coloured,
    "upside_down": upside_down,
    "sideways": sideways,
}
