"""What a source likes, from its form to where each wish and number is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from sqlmodel import Session, select

from models.errors import BadRequest, Refused
from models.people import SourceKind
from models.shapes import email as read_email
from models.shapes import phone as read_phone
from models.sources import watched
from store.tables import PracticeRow, ProviderRow, SourceRow

_LONGEST: Final = 2_000  # letters of a note


class Likes(NamedTuple):
    """What a source prefers, as its form tells it; empty strikes out."""

    prefers: str
    fax: str
    phone: str
    email: str
    best_hours: str
    hears: str
    wants_thanks: bool
    key_source: bool


def prefer(session: Session, source: SourceRow, likes: Likes, country: str) -> None:
    """Write what a source prefers: of its provider, its practice, or itself.

    A phone without its country's code is read as one of *country*. Raises BadRequest naming the
    field, Refused ``fax_of_another`` for a number that is another practice's (policy.md rule 13).
    """
    if likes.prefers not in {"fax", "email"}:
        raise BadRequest("Pick one of the choices.", code="not_chosen", field="prefers")
    fax = read_field(lambda text: read_phone(text, country), likes.fax, "fax")
    phone = read_field(lambda text: read_phone(text, country), likes.phone, "phone")
    email = read_field(read_email, likes.email, "email")
    provider = session.get(ProviderRow, source.provider_id) if source.provider_id else None
    practice = session.get(PracticeRow, source.practice_id) if source.practice_id else None
    if watched(SourceKind(source.kind)):  # the numbers of the others are a patient's own
        reach: SourceRow | ProviderRow | PracticeRow = provider or practice or source
        reach.phone, reach.email = phone, email
        session.add(reach)
        _set_fax(session, practice or source, fax)
        # What a referral once told of the source itself is looked at first: it follows.
        for name, told in (("fax", fax), ("phone", phone), ("email", email)):
            if getattr(source, name) is not None:
                setattr(source, name, told)
    source.prefers = likes.prefers
    if provider is not None:
        provider.prefers = likes.prefers
    if practice is not None and source.kind == SourceKind.PRACTICE:
        practice.prefers = likes.prefers
        practice.wants_thanks = likes.wants_thanks  # it binds the number (rule 13)
    source.wants_thanks = likes.wants_thanks
    source.best_hours, source.hears = words_of(likes.best_hours), words_of(likes.hears)
    source.key_source = likes.key_source


def words_of(text: str | None) -> str | None:
    """What somebody typed, cut to a length that is kept; None for nothing."""
    return (text or "").strip()[:_LONGEST] or None


def read_field(reader: Callable[[str], str], given: str, field: str) -> str | None:
    """A field as its reader normalises it, None where it is empty; raises BadRequest naming it."""
    if not given.strip():
        return None
    try:
        return reader(given)
    except BadRequest as error:
        raise BadRequest(error.sentence, code=error.code, field=field) from None


def _set_fax(session: Session, holder: PracticeRow | SourceRow, fax: str | None) -> None:
    if fax == holder.fax:
        return
    if isinstance(holder, PracticeRow):
        query = select(PracticeRow).where(PracticeRow.org == holder.org, PracticeRow.fax == fax)
        other = session.exec(query).first() if fax else None
        if other is not None:
            raise Refused(
                f"This fax number is that of {other.name}. Two practices cannot share one: if they "
                "are the same, merge the sources.",
                code="fax_of_another",
            )
        holder.fax_verified = False  # until somebody has seen that it is theirs (rule 7)
    else:
        holder.verified = False
    holder.fax = fax
    session.add(holder)
    session.flush()
