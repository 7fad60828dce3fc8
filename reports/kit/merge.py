"""Puts somebody else's PDF behind our own page, unchanged and always the same way."""

from __future__ import annotations

from io import BytesIO

from pypdf import PdfReader, PdfWriter


def put_behind(ours: bytes, theirs: bytes) -> bytes:
    """Our pages, then theirs; title, language and bytes depend on the two inputs only.

    ``theirs`` must have passed ``check_pdf.require_plain``. Its pages are not drawn on: they are
    the clinician's signed original.
    """
    writer = PdfWriter(clone_from=PdfReader(BytesIO(ours)))
    for page in PdfReader(BytesIO(theirs)).pages:
        writer.add_page(page)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
