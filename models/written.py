"""What people at the desk write to a patient, and what they stop: pure, from the facts.

A person's text is a message like any other (kind ``desk_text``, its occasion is the text's id): row
first, judged at the last moment, sent by the one outbox. Consent, a STOP and the hours hold for it
as for every text; caps do not where it answers a patient who has just written (policy.md §2
text.cap), nor does a pause, which is about what goes by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from models.facts import MessageStopped, PatientReplied, TextWritten
from models.kinds import Kind
from models.referral import MessageRef, Referral

PATIENT: Final = "patient"
LIVE: Final = timedelta(hours=24)  # an answer within a day belongs to the talk; judgment


def message(text_id: str) -> MessageRef:
    """The message that a text is."""
    return MessageRef(Kind.DESK_TEXT, PATIENT, text_id)


def names(r: Referral) -> tuple[str, ...]:
    """The texts that go out by this referral and are not settled, by their ids, oldest first."""
    if not r.is_received():
        return ()
    mine = [one for one in r.all(TextWritten) if one.carried_by is None]
    return tuple(one.text_id for one in mine if not r.settled(message(one.text_id)))


def live(r: Referral, text_id: str) -> bool:
    """Whether a text answers one the patient had just sent, as it was when it was written."""
    return any(one.live for one in r.all(TextWritten) if one.text_id == text_id)


def not_before(r: Referral, text_id: str) -> datetime | None:
    """The moment somebody chose for a text; None where it goes as soon as the hours allow."""
    found = (one.not_before for one in r.all(TextWritten) if one.text_id == text_id)
    return next(found, None)


def stopped(r: Referral, which: MessageRef) -> bool:
    """Whether a person has stopped this one message."""
    return any(one.message == which.key for one in r.all(MessageStopped))


def just_wrote(r: Referral, now: datetime) -> bool:
    """Whether the patient has sent a text lately, so that an answer is part of a live talk."""
    return any(now - LIVE <= one.at <= now for one in r.all(PatientReplied))
