"""A message made into the parcel of one channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from activities.letters import Letter
from activities.wording import Words, render
from models import calendar_file
from models.contracts import Attachment, Channel, Parcel
from models.kinds import Kind
from models.messages import MESSAGES, AboutVisit, Language
from models.organization import Clinic
from reports import bundle
from store.contacts import Contact

__all__ = ["Sheet", "Words", "bound", "kept", "parcel", "words_for"]


class Sheet(NamedTuple):
    """One letter of a fax, and whom it is for."""

    to: Contact
    letter: Letter


_NO_WORDS = Words("", "")


def words_for(kind: Kind, channel: Channel, language: str, letter: Letter) -> Words:
    """Subject and body; a fax is its page and has none."""
    if channel == "fax":
        return _NO_WORDS
    spoken: Language = "es" if language == "es" and "es" in MESSAGES[kind].languages else "en"
    return render(kind, channel, spoken, letter.context)


def parcel(
    org: str,
    reference: str,
    channel: Channel,
    to: str,
    clinic: Clinic,
    words: Words,
    letter: Letter,
) -> Parcel:
    """The parcel; ``sender`` is a number for fax and text, the name shown for an email."""
    senders = {"fax": clinic.fax, "sms": clinic.phone, "email": clinic.short_name}
    attached: tuple[Attachment, ...] = ()
    if letter.pdf is not None and channel in {"fax", "email"}:
        attached = (
            Attachment(filename=letter.filename, media_type="application/pdf", content=letter.pdf),
        )
    if letter.calendar is not None and channel == "email":
        visit = Attachment(
            filename="visit.ics", media_type=calendar_file.MEDIA_TYPE, content=letter.calendar
        )
        attached = (*attached, visit)
    return Parcel(
        reference=reference,
        channel=channel,
        to=to,
        org=org,
        sender=senders.get(channel, ""),
        subject=words.subject,
        body=words.body,
        attachments=attached,
    )


def bound(given: Parcel, sheets: Sequence[Sheet]) -> Parcel:
    """The parcel of several letters: one file, each letter on pages of its own.

    In the order in which an office hands them out: by the provider they are for. A text or an email
    for several visits says it all in its words.
    """
    if len(sheets) < 2 or given.channel != "fax":
        return given
    ordered = sorted(sheets, key=lambda one: (one.to.name, one.letter.filename))
    pdf = bundle.build([bundle.Part(one.to.name, one.letter.pdf or b"") for one in ordered])
    attached = Attachment(filename="letters.pdf", media_type="application/pdf", content=pdf)
    return given.model_copy(update={"attachments": (attached,)})


def kept(words: Words, letter: Letter) -> dict[str, Any]:
    """What the delivery's row keeps of it, until the purge: the page can be drawn again."""
    told = {
        "subject": words.subject,
        "body": words.body,
        "document": letter.filename,
        "return_code": letter.return_code,
    }
    if isinstance(letter.context, AboutVisit):
        told["starts_at"] = letter.context.when.isoformat()
    return {name: value for name, value in told.items() if value}
