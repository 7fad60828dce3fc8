"""A message made into the parcel of one channel."""

from __future__ import annotations

from typing import Any

from activities.letters import Letter
from activities.wording import Words, render
from models.contracts import Attachment, Channel, Parcel
from models.kinds import Kind
from models.messages import MESSAGES, AboutVisit, Language
from models.organization import Clinic

_NO_WORDS = Words("", "")


def words_for(kind: Kind, channel: Channel, language: str, letter: Letter) -> Words:
    """Subject and body; a fax is its page and has none."""
    if channel == "fax":
        return _NO_WORDS
    spoken: Language = "es" if language == "es" and "es" in MESSAGES[kind].languages else "en"
    return render(kind, channel, spoken, letter.context)


def parcel(
    reference: str, channel: Channel, to: str, clinic: Clinic, words: Words, letter: Letter
) -> Parcel:
    """The parcel; ``sender`` is a number for fax and text, the name shown for an email."""
    senders = {"fax": clinic.fax, "sms": clinic.phone, "email": clinic.short_name}
    attached: tuple[Attachment, ...] = ()
    if letter.pdf is not None and channel in {"fax", "email"}:
        attached = (
            Attachment(filename=letter.filename, media_type="application/pdf", content=letter.pdf),
        )
    return Parcel(
        reference=reference,
        channel=channel,
        to=to,
        sender=senders.get(channel, ""),
        subject=words.subject,
        body=words.body,
        attachments=attached,
    )


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
