"""A whole fax, read page by page: text layer first, OCR where there is none, bar codes always."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Final

from PIL import Image

from integrations.reading import ocr
from integrations.reading.folders import reading_folder
from integrations.reading.pages import MOST_PIXELS, SHOWN_DPI, Opened, Unopened, png
from integrations.reading.tools import OCR_PROGRAM, Slow, has
from models.fax import Media, Trouble
from models.fax_pages import PageText, Reading

MOST_PAGES: Final = 30  # read; of a longer fax a person looks at the rest
MOST_TIME: Final = timedelta(minutes=6)  # below the limit of the activity that reads
ENOUGH_LETTERS: Final = 40  # a text layer with fewer is a stamp on a scanned page
_UNDATED = (2000, 1, 1, 0, 0, 0, 5, 1, 0)  # the same pages are the same PDF


def read(content: bytes, media: Media, clock: Callable[[], float] = time.monotonic) -> Reading:
    """Everything a machine can read; never raises for what the file is.

    Pages that ran out of time or could not be drawn are left empty and named as the trouble.
    """
    until = clock() + MOST_TIME.total_seconds()
    with reading_folder() as folder:
        try:
            opened = Opened(content, media, folder)
        except Unopened as error:
            return Reading(trouble=error.trouble)
        found, trouble = [], None
        for number in range(1, min(opened.count, MOST_PAGES) + 1):
            if clock() > until:
                trouble = Trouble.TOO_SLOW
                break
            try:
                found.append(_page(opened, number))
            except Slow:
                trouble = Trouble.TOO_SLOW
                found.append(PageText(number=number, trouble=trouble))
            except Unopened as error:
                trouble = error.trouble
                found.append(PageText(number=number, trouble=trouble))
        if opened.count > MOST_PAGES:
            trouble = Trouble.TOO_LONG
        return Reading(pages=tuple(found), count=opened.count, trouble=trouble or _trouble(found))


def shown(content: bytes, media: Media, page: int, rotate: int = 0) -> bytes:
    """One page as a PNG, upright; raises Unopened for what cannot be drawn, and Slow."""
    with reading_folder() as folder:
        picture = Opened(content, media, folder).picture(page, SHOWN_DPI)
        return png(picture.rotate(-rotate, expand=True, fillcolor=255) if rotate else picture)


def flattened(content: bytes, media: Media, rotations: dict[int, int]) -> bytes:
    """A PDF of nothing but pictures of these pages, upright: what scripts it had are gone.

    ``rotations``: page and degrees clockwise. The same pages are the same bytes. Raises Unopened
    and Slow.
    """
    with reading_folder() as folder:
        opened = Opened(content, media, folder)
        sheets = []
        for page, rotate in sorted(rotations.items()):
            picture = opened.picture(page)
            turned = picture.rotate(-rotate, expand=True, fillcolor=255) if rotate else picture
            sheets.append(turned.convert("1"))
    out = BytesIO()
    day = time.struct_time(_UNDATED)
    sheets[0].save(
        out,
        "PDF",
        save_all=True,
        append_images=sheets[1:],
        resolution=200,
        creationDate=day,
        modDate=day,
    )
    return out.getvalue()


def _page(opened: Opened, number: int) -> PageText:
    text = opened.text(number)
    picture = opened.picture(number)
    found = ocr.codes(picture)
    if sum(letter.isalnum() for letter in text) >= ENOUGH_LETTERS:
        return PageText(number=number, text=text, source="text", quality=100, codes=found)
    if ocr.is_blank(picture):
        return PageText(number=number, codes=found, trouble=Trouble.BLANK)
    if not has(OCR_PROGRAM):
        return PageText(number=number, codes=found, trouble=Trouble.NO_READER)
    words, rotate = ocr.upright(picture, opened.folder)
    return PageText(
        number=number,
        text=words.text,
        source="ocr",
        quality=words.quality,
        doubtful=words.doubtful,
        rotate=rotate,
        codes=found,
        trouble=None if words.readable else Trouble.UNREADABLE,
    )


def _trouble(pages: list[PageText]) -> Trouble | None:
    """Why nothing could be read, where nothing could: the first page's reason that is no blank."""
    if any(page.trouble is None for page in pages):
        return None
    reasons = [page.trouble for page in pages if page.trouble is not Trouble.BLANK]
    return reasons[0] if reasons else Trouble.BLANK


Image.MAX_IMAGE_PIXELS = MOST_PIXELS
