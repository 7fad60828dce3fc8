"""The HTML twin of every PDF: the same data object, the same sentences, readable by a machine.

reportlab writes no structure tree, so whoever needs headings, tables and a screen reader reads the
twin.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from models.documents import Document
from models.errors import NotFound
from reports import figures, plan_words, report_words, scorecard_words, words
from reports.kit.text import day, tidy
from reports.registry import BUILDERS

_TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "reports"


def render_html(kind: str, data: Document, attachment: bytes | None = None) -> str:
    """A complete page in the document's language, with headings and captioned tables.

    ``attachment`` is the PDF that went behind ours, so that both show the same content hash.
    Raises NotFound for an unknown kind. Never cuts a text, so it holds in full whatever the
    one-page promise shortened on paper.
    """
    if kind not in BUILDERS or kind != data.kind:
        raise NotFound(f"There is no document of kind {kind!r}.", code="unknown_kind")
    template = environment().get_template(f"{kind}.html")
    return template.render(
        d=data,
        w=words,
        p=plan_words,
        r=report_words,
        f=figures,
        s=scorecard_words,
        day=day,
        attachment=attachment,
    )


@cache
def environment() -> Environment:
    """The environment of every twin: everything is escaped and tidied, nothing may be undefined."""
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_tidied,
    )


def _tidied(value: object) -> object:
    return tidy(value) if isinstance(value, str) and not isinstance(value, Markup) else value
