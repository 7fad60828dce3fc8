"""Templates turned into words: ``templates/messages/<kind>/<channel>.<language>.j2``.

An email's or a letter's first line is its subject. A text is folded into the GSM alphabet and
kept within one segment: where it would be longer, the link loses its scheme, then the phone
number goes, then the link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound

from models.contracts import Channel
from models.errors import ConfigError, NotFound
from models.kinds import BY_HAND, Kind
from models.messages import MESSAGES, Context, Language, ToPatient
from models.texting import LONGEST, SEGMENT, fits, gsm7

Medium = Channel | Literal["letter"]

_FOLDER = Path(__file__).resolve().parent.parent / "templates" / "messages"
_LINKS = ("link", "page")  # fields of a patient's context
_MANY_LINES = re.compile(r"\n{3,}")
# Our own names: strftime would follow the locale of the machine.
_DAYS: dict[str, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "es": ("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
}
_MONTHS: dict[str, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}


class Words(NamedTuple):
    """What a template came to; a text has no subject."""

    subject: str
    body: str


def render(kind: Kind, medium: Medium, language: Language, context: Context) -> Words:
    """The words of one message; a language without a template falls back to English.

    Raises NotFound (``no_template``) where there is none at all, jinja2's UndefinedError for a
    field the context lacks, and ConfigError (``text_too_long``) for a text that no shortening
    brings into one segment.
    """
    if not isinstance(context, MESSAGES[kind].context):
        raise TypeError(f"{kind} is written from {MESSAGES[kind].context.__name__}")
    if medium == "sms":
        return Words("", _text(kind, language, context))
    return _titled(_filled(kind, medium, language, context))


def _filled(kind: Kind, medium: Medium, language: Language, context: Context) -> str:
    for tried in dict.fromkeys((language, "en")):
        try:
            template = _environment(tried).get_template(f"{kind}/{medium}.{tried}.j2")
        except TemplateNotFound:
            continue
        return template.render(
            **{name: getattr(context, name) for name in type(context).model_fields}
        )
    raise NotFound(f"There is no {medium} template for {kind}.", code="no_template")


def _text(kind: Kind, language: Language, context: Context) -> str:
    text = ""
    for variant in _shorter(context):
        text = gsm7(_filled(kind, "sms", language, variant))
        if fits(text, LONGEST if kind in BY_HAND else SEGMENT):
            return text
    raise ConfigError(
        f"The text {kind} has {len(text)} characters and does not fit into one message; "
        "shorten its template.",
        code="text_too_long",
    )


def _shorter(context: Context) -> Iterator[Context]:
    yield context
    bare = context
    if isinstance(context, ToPatient):
        short = {name: getattr(context, name).removeprefix("https://") for name in _LINKS}
        bare = context.model_copy(update=short)
        yield bare
    yield bare.model_copy(update={"phone": ""})
    if isinstance(context, ToPatient):
        none = dict.fromkeys(_LINKS, "")
        yield context.model_copy(update=none)
        yield context.model_copy(update={**none, "phone": ""})


def _titled(text: str) -> Words:
    first, _, rest = text.strip().partition("\n")
    title, colon, subject = first.partition(":")
    if title != "Subject" or not colon:
        return Words("", text.strip() + "\n")
    return Words(" ".join(subject.split()), _MANY_LINES.sub("\n\n", rest).strip() + "\n")


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - plain text; nothing here is ever shown as HTML
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def moment(when: datetime) -> str:
        """A local time: ``Mon Jan 12, 9:30 AM``, ``lun 12 ene, 9:30 AM``."""
        month, weekday = _MONTHS[language][when.month - 1], _DAYS[language][when.weekday()]
        date = f"{month} {when.day}" if language == "en" else f"{when.day} {month}"
        half = "AM" if when.hour < 12 else "PM"
        return f"{weekday} {date}, {when.hour % 12 or 12}:{when.minute:02d} {half}"

    def moments(when: datetime, also: Sequence[datetime]) -> str:
        """Several in their order: ``Mon Jan 12, 9:30 AM and Tue Jan 13, 8:00 AM``."""
        word = {"en": " and ", "es": " y "}[language]
        return word.join(moment(at) for at in sorted({when, *also}))

    environment.filters["moment"] = moment
    environment.filters["moments"] = moments
    return environment
