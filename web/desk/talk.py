"""A talk by text as a page shows it: every text in and out, with what became of it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from models.facts import Meaning
from models.kinds import BY_HAND, Kind
from models.sending import CHOSEN, Go, Hold, Never
from store import replies
from store.conversations import Going
from store.tables import DeliveryState, DeskTextRow, MessageState, ReplyRow

_WHY_NOT: Final[dict[str, str]] = {
    "opted_out": "They have asked for no more texts. Call instead; a text would break the law.",
    "dead_number": "This number takes no texts any more. Call, or ask the office for another one.",
    "no_consent": "Nobody has said that they may be texted. Call, or have them write first.",
    "no_address": "There is no number to write to.",
    "deceased": "The patient has died; nothing is sent.",
    "no_guardian": "The patient is under 18: write to the guardian alone; name one first.",
}
_DROPPED: Final[dict[str, str]] = {
    "opted_out": "not sent: they asked for no more texts",
    "dead_number": "not sent: the number takes no texts",
    "no_address": "not sent: the number is not theirs any more",
    "no_guardian": "not sent: only the guardian is texted",
    "stopped": "stopped by the desk",
    "overtaken": "not sent: it was no longer needed",
    "over": "not sent: the referral had ended",
    "uncertain": "nobody can say whether it arrived; see the task",
    "deceased": "not sent: the patient has died",
}
_STATES: Final[dict[str, str]] = {
    DeliveryState.QUEUED: "on its way",
    DeliveryState.SENDING: "on its way",
    DeliveryState.ACCEPTED: "sent",
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.FAILED: "not delivered",
    DeliveryState.UNKNOWN: "nobody can say whether it arrived",
}
_HELD: Final[dict[str, str]] = {
    "quiet_hours": "outside texting hours",
    "closed_day": "no texts on this day",
    "cap": "enough texts for now",
    "approval": "waits for approval",
    "release": "waits for approval",
    CHOSEN: "waits for the time that was chosen",
}
_MEANT: Final[dict[str, str]] = {
    Meaning.STOP: "wants no more texts",
    Meaning.START: "wants texts again",
    Meaning.RED_FLAG: "may be urgent",
    Meaning.WRONG_NUMBER: "not the patient",
    Meaning.CANCEL: "cancels",
    Meaning.RESCHEDULE: "another time",
    Meaning.CONFIRM: "confirms",
    Meaning.HELP: "asks for help",
}
_NAMES: Final[dict[str, str]] = {
    Kind.SCHEDULE_TEXT: "first text with the link to choose a time",
    Kind.REACH_FOLLOWUP: "text that asks again for a time",
    Kind.LAST_TEXT: "last text of the cadence",
    Kind.BOOKED: "confirmation of the appointment",
    Kind.INTAKE: "confirmation with the forms",
    Kind.INTAKE_REMINDER: "reminder of open forms",
    Kind.REMINDER: "reminder of the appointment",
    Kind.MISSED: "text after a missed appointment",
    Kind.NEW_CLINIC: "text that names the new clinic",
    Kind.WAITING_ON_INSURER: "word that we wait for the insurer",
    Kind.PATIENT_THANKS: "thank-you",
    Kind.CHECK_IN: "question how it went",
    Kind.OPT_OUT_CONFIRMATION: "confirmation of STOP",
    Kind.CLOSED_HOURS: "word that we are closed",
    Kind.HELP: "answer to HELP",
}


class Bubble(NamedTuple):
    """One text of a talk."""

    at: datetime
    theirs: bool
    words: str | None  # None: not kept here, or not any more
    who: str
    state: str
    bad: bool = False  # it did not, or will not, arrive
    held_until: datetime | None = None
    stop: str | None = None  # the key of a message that can still be stopped
    referral_id: str | None = None


def bubbles(
    received: Sequence[ReplyRow], sent: Sequence[Going], names: dict[str, str]
) -> list[Bubble]:
    """The talk, oldest first; *names* are the staff's by id."""
    found = [_theirs(one) for one in received]
    found += [_ours(one, names) for one in sent]
    return sorted(found, key=lambda one: (one.at, not one.theirs))


def name(kind: str) -> str:
    """A message in words, as the desk calls it."""
    return _NAMES.get(kind, kind.replace("_", " "))


def why_not(verdict: Go | Hold | Never) -> str:
    """Why nothing can be written, as a sentence; empty where it can."""
    if not isinstance(verdict, Never):
        return ""
    return _WHY_NOT.get(verdict.why, "Nothing may be sent to this number. Call instead.")


def _theirs(row: ReplyRow) -> Bubble:
    said = [_MEANT[one] for one in replies.meanings_of(row) if one in _MEANT]
    return Bubble(row.at, True, row.text, "", ", ".join(said))


def _ours(one: Going, names: dict[str, str]) -> Bubble:
    text, message, delivery = one.written, one.message, one.delivery
    kept = delivery.payload.get("body") if delivery is not None and delivery.payload else None
    by_hand = text is not None or (message is not None and message.kind in BY_HAND)
    if by_hand:
        who = names.get(text.by, text.by) if text is not None else "the desk"
    else:
        who = f"by itself: {name(message.kind)}" if message is not None else "by itself"
    at = text.at if text is not None else message.created_at if message is not None else None
    if delivery is not None and delivery.claimed_at is not None:
        at = delivery.claimed_at
    assert at is not None  # it has a row of its own or a delivery
    words = kept or (text.body if text is not None else None)
    if message is None:
        return _not_handed(at, words, who, text)
    state, bad = _STATES[DeliveryState.QUEUED], False
    if delivery is not None:
        state, bad = _STATES[delivery.state], delivery.state in _BAD
    if message.state == MessageState.DROPPED:
        state, bad = _DROPPED.get(message.why or "", "not sent"), True
    held = message.state == MessageState.HELD
    if held:
        state = _HELD.get(message.why or "", "tried again")
    return Bubble(
        at,
        False,
        words,
        who,
        state,
        bad,
        message.held_until if held else None,
        message.key if held else None,
        message.referral_id,
    )


_BAD: Final = (DeliveryState.FAILED, DeliveryState.UNKNOWN)


def _not_handed(at: datetime, words: str | None, who: str, text: DeskTextRow | None) -> Bubble:
    """Written, and no message yet: it is about to be, or the referral did not take it."""
    if text is not None and text.refused:
        return Bubble(at, False, words, who, "not sent: the referral did not take it", True)
    return Bubble(at, False, words, who, "on its way")
