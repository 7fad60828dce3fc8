"""Looks into a PDF that somebody sent us before anything else touches it.

Used by intake for attachments of events and for uploads, and before the EMR's plan goes behind our
sheet. Nothing found inside is ever put into an error sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from models.errors import BadRequest, TooLarge

MAX_BYTES = 10 * 1024 * 1024
MAX_PAGES = 100
_MAX_OBJECTS = 50_000
_MAX_TEXT = 200_000

_SCRIPT_KEYS = ("/JS", "/JavaScript", "/XFA")
_SCRIPT_ACTIONS = ("/JavaScript", "/Launch", "/ImportData", "/SubmitForm")


@dataclass(frozen=True)
class PdfFacts:
    """What a PDF is; ``pages`` is 0 and ``text`` empty while it is encrypted.

    ``has_script`` covers JavaScript, program launches, form submission and XFA forms. ``text`` is
    what a machine can read (none for a scan), cut at 200,000 characters.
    """

    pages: int
    encrypted: bool
    has_script: bool
    text: str


def inspect(pdf: bytes, *, max_bytes: int = MAX_BYTES, max_pages: int = MAX_PAGES) -> PdfFacts:
    """Open a PDF and report its facts.

    Raises TooLarge over ``max_bytes`` or ``max_pages``, and BadRequest (``not_a_pdf``) for
    anything that is no PDF, is damaged, or has no pages. Has no effect, so running it twice is
    harmless.
    """
    if len(pdf) > max_bytes:
        raise TooLarge(f"The PDF is larger than {max_bytes // 1024} KiB; send a smaller one.")
    if b"%PDF-" not in pdf[:1024]:
        raise BadRequest("The file is not a PDF; send a PDF.", code="not_a_pdf")
    try:
        return _facts(PdfReader(BytesIO(pdf)), max_pages)
    except TooLarge:
        raise
    # A damaged file can make the parser fail in any way; whichever it is, the file is the cause.
    except (Exception, RecursionError) as error:
        raise BadRequest(
            "The PDF is damaged and cannot be read; export or scan it again.", code="not_a_pdf"
        ) from error


def require_plain(pdf: bytes, *, max_bytes: int = MAX_BYTES) -> PdfFacts:
    """``inspect``, and refuse what must not be passed on to a provider.

    Raises BadRequest with code ``pdf_encrypted`` or ``pdf_has_script``.
    """
    facts = inspect(pdf, max_bytes=max_bytes)
    if facts.encrypted:
        raise BadRequest(
            "The PDF is protected by a password; export it without one.", code="pdf_encrypted"
        )
    if facts.has_script:
        raise BadRequest(
            "The PDF contains a script or program action; print it to a plain PDF.",
            code="pdf_has_script",
        )
    return facts


def _facts(reader: PdfReader, max_pages: int) -> PdfFacts:
    if reader.is_encrypted:
        return PdfFacts(pages=0, encrypted=True, has_script=False, text="")
    pages = len(reader.pages)
    if pages == 0:
        raise ValueError("no pages")
    if pages > max_pages:
        raise TooLarge(f"The PDF has more than {max_pages} pages; send fewer.")
    script = _has_script(reader)
    return PdfFacts(pages=pages, encrypted=False, has_script=script, text=_text(reader))


def _text(reader: PdfReader) -> str:
    parts: list[str] = []
    length = 0
    for page in reader.pages:
        part = page.extract_text()
        parts.append(part)
        length += len(part)
        if length >= _MAX_TEXT:
            break
    return "\n".join(parts)[:_MAX_TEXT]


def _has_script(reader: PdfReader) -> bool:
    """Walk every object that can be reached; an object tree that never ends counts as a script."""
    waiting: list[Any] = [reader.trailer]
    seen: set[tuple[int, int]] = set()
    steps = 0
    while waiting:
        steps += 1
        if steps > _MAX_OBJECTS * 20 or len(seen) > _MAX_OBJECTS:
            return True
        item = waiting.pop()
        if isinstance(item, IndirectObject):
            key = (item.idnum, item.generation)
            if key in seen:
                continue
            seen.add(key)
            item = item.get_object()
        if isinstance(item, DictionaryObject):
            if any(k in item for k in _SCRIPT_KEYS) or _action(item) in _SCRIPT_ACTIONS:
                return True
            waiting.extend(item.values())
        elif isinstance(item, ArrayObject):
            waiting.extend(item)
    return False


def _action(item: DictionaryObject) -> str:
    action = item.get("/S")
    return str(action.get_object()) if action is not None else ""
