"""A file as pages: how many there are, the text a PDF carries, and pictures of each page."""

from __future__ import annotations

import io
import re
import struct
from datetime import timedelta
from pathlib import Path
from typing import Final

from PIL import Image

from integrations.reading.tools import PDF_PROGRAMS, Slow, has, run
from models.fax import Media, Trouble

READ_DPI: Final = 200  # what OCR wants; a fine fax has 196 lines an inch
SHOWN_DPI: Final = 100
MOST_PIXELS: Final = 60_000_000  # one page of 20 × 30 inches at 300 dpi
INFO_TIME: Final = timedelta(seconds=20)
PAGE_TIME: Final = timedelta(seconds=30)
_PAGES = re.compile(r"^Pages:\s+(\d+)", re.MULTILINE)
_SIZE = re.compile(r"size:\s+([\d.]+) x ([\d.]+) pts")
# What the decoders of pictures trip over in a damaged file.
_BROKEN: Final = (OSError, ValueError, SyntaxError, EOFError, TypeError, LookupError, struct.error)
_LONGEST_SIDE: Final = 5000  # pixels; a page drawn larger is made smaller


class Unopened(Exception):
    """The file cannot be opened; ``trouble`` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble = trouble


class Opened:
    """One file, written where programs can see it; pages are counted from 1."""

    def __init__(self, content: bytes, media: Media, folder: Path) -> None:
        """Raises Unopened for what has no pages we can draw."""
        if not content:
            raise Unopened(Trouble.EMPTY)
        if media is Media.UNKNOWN:
            raise Unopened(Trouble.NOT_A_FAX)
        self.media = media
        self.folder = folder
        self.path = folder / "fax"
        self.path.write_bytes(content)
        self.count = self._pdf_pages() if media is Media.PDF else self._frames()
        if self.count == 0:
            raise Unopened(Trouble.DAMAGED)

    def text(self, page: int) -> str:
        """The text a PDF carries on a page, laid out as it stands; empty for pictures."""
        if self.media is not Media.PDF:
            return ""
        where = ("-f", str(page), "-l", str(page))
        found = run(("pdftotext", "-layout", *where, self.path, "-"), self.folder, PAGE_TIME)
        return found.out.decode("utf-8", "replace").replace("\f", "") if found.ok else ""

    def picture(self, page: int, dpi: int = READ_DPI) -> Image.Image:
        """A page in shades of grey; raises Unopened ``damaged`` or Slow."""
        try:
            drawn = self._drawn(page, dpi) if self.media is Media.PDF else self._frame(page, dpi)
            drawn.load()
        except (*_BROKEN, Image.DecompressionBombError):
            raise Unopened(Trouble.DAMAGED) from None
        return drawn

    # --- PDF --------------------------------------------------------------------------------------

    def _pdf_pages(self) -> int:
        if not has(*PDF_PROGRAMS):
            raise Unopened(Trouble.NO_READER)
        try:
            found = run(("pdfinfo", self.path), self.folder, INFO_TIME)
        except Slow:
            raise Unopened(Trouble.TOO_SLOW) from None
        count = _PAGES.search(found.out.decode("utf-8", "replace"))
        if found.ok and count is not None:
            return int(count[1])
        locked = "password" in found.said.lower() or "encrypt" in found.said.lower()
        raise Unopened(Trouble.PASSWORD if locked else Trouble.DAMAGED)

    def _drawn(self, page: int, dpi: int) -> Image.Image:
        where = ("-f", str(page), "-l", str(page), "-singlefile")
        # A page of any size comes out no larger than this, whatever its box says.
        fits = self._inches(page) * dpi <= _LONGEST_SIDE
        size = ("-r", str(dpi)) if fits else ("-scale-to", str(_LONGEST_SIDE))
        ran = run(("pdftoppm", *where, *size, "-gray", self.path, "page"), self.folder, PAGE_TIME)
        made = self.folder / "page.pgm"
        if not ran.ok or not made.exists():
            raise OSError
        with Image.open(made) as image:
            return _bounded(image.convert("L"))

    def _inches(self, page: int) -> float:
        """The longer side of a page; a size nobody tells is taken for endless."""
        where = ("-f", str(page), "-l", str(page))
        found = run(("pdfinfo", *where, self.path), self.folder, INFO_TIME)
        size = _SIZE.search(found.out.decode("utf-8", "replace"))
        return max(float(size[1]), float(size[2])) / 72 if size else float("inf")

    # --- pictures ---------------------------------------------------------------------------------

    def _frames(self) -> int:
        try:
            with Image.open(self.path) as image:
                return int(getattr(image, "n_frames", 1))
        except _BROKEN:
            raise Unopened(Trouble.DAMAGED) from None
        except Image.DecompressionBombError:
            raise Unopened(Trouble.TOO_LONG) from None

    def _frame(self, page: int, dpi: int) -> Image.Image:
        if not 1 <= page <= self.count:
            raise EOFError
        with Image.open(self.path) as image:
            image.seek(page - 1)
            if image.width * image.height > MOST_PIXELS:  # each frame has a size of its own
                raise OSError
            return _square(image, dpi)


def png(image: Image.Image) -> bytes:
    """A picture as the browser gets it; nothing of the original file is in it."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _square(frame: Image.Image, dpi: int) -> Image.Image:
    """As many dots an inch across as down: a standard fax has 204 by 98.

    What a file says of its resolution makes no page larger than ours are.
    """
    across, down = frame.info.get("dpi") or (READ_DPI, READ_DPI)
    across, down = float(across) or READ_DPI, float(down) or READ_DPI
    if not (20 <= across <= 1200 and 20 <= down <= 1200):
        across = down = READ_DPI
    size = _within(frame.width * dpi / across, frame.height * dpi / down)
    grey = frame.convert("L")
    return grey if size == grey.size else grey.resize(size, Image.Resampling.LANCZOS)


def _bounded(image: Image.Image) -> Image.Image:
    size = _within(*image.size)
    return image if size == image.size else image.resize(size)


def _within(width: float, height: float) -> tuple[int, int]:
    """The size of a page, or the largest of its shape that is drawn."""
    share = min(1.0, _LONGEST_SIDE / max(width, height))
    return max(1, round(width * share)), max(1, round(height * share))
