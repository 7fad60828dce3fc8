"""A referral's timeline in words: what was heard, sent, decided, asked and noted, in one list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from models.facts import (
    AnyFact,
    Decision,
    MessageSent,
    MessageSentAgain,
    PatientReplied,
    TaskOpened,
)
from models.referral import MessageRef
from models.tasks import SPECS, kind_of
from store.story import Story
from web.desk.cards import words
from web.pages import Here


class Entry(NamedTuple):
    """One line of the timeline."""

    at: datetime
    when: str
    label: str  # what sort of line it is, in a word
    says: str
    detail: str
    who: str
    quote: str  # words of a person, or of a text
    delivery_id: str  # where what was sent can be read
    struck: bool  # taken back, or corrected by a later telling


_HEARD, _SENT, _DECIDED, _ASKED, _NOTE = "Heard", "Message", "Decision", "Task", "Note"

# What a line says beside its kind; ids, dates and codes only.
_DETAILS: Final = (
    "status", "starts_at", "day", "by", "version", "reason", "declined_for", "outcome", "verdict",
    "why", "score", "measure", "visits", "ends_on", "not_before", "next_check", "limit", "until",
    "owner", "code", "to",
)  # fmt: skip
_SAYS: Final[dict[str, str]] = {
    "referral_received": "Referral received",
    "not_before_changed": "First possible day changed",
    "authorization_changed": "Authorization",
    "appointment_booked": "Appointment booked",
    "booking_requested": "The patient asked for a time",
    "appointment_cancelled": "Appointment cancelled",
    "appointment_missed": "The patient did not come",
    "intake_completed": "The patient’s forms are complete",
    "intake_opened": "The patient opened the forms",
    "evaluation_completed": "First visit complete",
    "order_received": "Order on file",
    "plan_of_care_signed": "Plan of care signed",
    "plan_of_care_returned": "A page of the plan came back",
    "visit_completed": "Visit",
    "outcome_recorded": "Score recorded",
    "progress_report_signed": "Progress report signed",
    "discharged": "Care has ended",
    "discharge_summary_signed": "Discharge summary signed",
    "referral_withdrawn": "Taken back by whoever sent it",
    "patient_died": "The patient has died",
    "patient_replied": "Text from the patient",
    "check_in_answered": "Answer to the check-in",
    "call_logged": "Call",
    "referral_closed": "Closed",
    "request_confirmed": "Confirmed, or corrected, by a person",
    "handed_over": "Handed over",
    "co_source_added": "A second source sent the same patient",
    "cadence_shared": "Shares its texts and calls with another referral",
}
_MESSAGES: Final[dict[str, str]] = {
    "message_held": "Waits for its time",
    "message_sent": "Sent",
    "message_delivered": "Delivered",
    "message_failed": "Not delivered",
    "message_came_back": "Came back undelivered",
    "message_sent_again": "Sent again",
    "message_dropped": "Will not be sent",
}


def entries(story: Story, here: Here, staff: Mapping[str, str]) -> list[Entry]:
    """Everything that happened, the newest first; staff are names by id."""
    sent: dict[tuple[str, str, int | None], str] = {}
    for one in story.messages:
        if one.delivery is not None:
            about = (one.message.key, one.delivery.channel)
            sent.setdefault((*about, None), one.delivery.id)  # the first try
            sent[*about, one.delivery.rung] = one.delivery.id
    standing = {(fact.key, fact.as_of) for fact in story.referral.facts if not fact.retracted}
    lines = [
        _entry(one.fact, story, here, staff, sent, (one.fact.key, one.fact.as_of) in standing)
        for one in story.told
    ]
    lines += [
        Entry(
            at=note.at,
            when=here.moment(note.at),
            label=_NOTE,
            says="Note",
            detail="",
            who=staff.get(note.by, note.by),
            quote=note.text,
            delivery_id="",
            struck=False,
        )
        for note in story.notes
    ]
    return sorted(lines, key=lambda line: line.at, reverse=True)


def _entry(
    fact: AnyFact,
    story: Story,
    here: Here,
    staff: Mapping[str, str],
    sent: Mapping[tuple[str, str, int | None], str],
    stands: bool,
) -> Entry:
    label, says, detail = _words(fact, story, here, staff)
    quote = story.replies.get(fact.reply_id, "") if isinstance(fact, PatientReplied) else ""
    if fact.retracted:
        detail = f"taken back; {detail}" if detail else "taken back"
    elif not stands:
        detail = f"{detail}; corrected since" if detail else "corrected since"
    sent_as: tuple[str, str, int | None] | None = None
    if isinstance(fact, MessageSent):
        sent_as = (fact.message, str(fact.channel), None)
    elif isinstance(fact, MessageSentAgain):
        sent_as = (fact.message, str(fact.channel), fact.rung)
    return Entry(
        at=fact.at,
        when=here.moment(fact.at),
        label=label,
        says=says,
        detail=detail,
        who=staff.get(fact.by, fact.by) if isinstance(fact, Decision) else "",
        quote=quote,
        delivery_id=sent.get(sent_as, "") if sent_as is not None else "",
        struck=fact.retracted or not stands,
    )


def _words(
    fact: AnyFact, story: Story, here: Here, staff: Mapping[str, str]
) -> tuple[str, str, str]:
    kind: str = fact.kind
    if kind in _MESSAGES:
        ref = MessageRef.parse(str(getattr(fact, "message", "")))
        channel = str(getattr(fact, "channel", ""))
        how = f" by {'text' if channel == 'sms' else channel}" if channel else ""
        about = f"{words(ref.kind)} to the {words(ref.to.partition(':')[0])}{how}"
        return (
            _SENT,
            f"{_MESSAGES[kind]}: {about}",
            _details(fact, here, staff, ("why", "code", "again_at")),
        )
    task = getattr(fact, "task", None)
    if task is not None:
        says = story.asked.get(task) or SPECS[kind_of(task)].says
        if isinstance(fact, TaskOpened):
            return _ASKED, says, f"asked of the {words(fact.role)}, due {here.moment(fact.due)}"
        return _ASKED, f"{words(kind).capitalize()}: {says}", _details(fact, here, staff)
    label = _DECIDED if isinstance(fact, Decision) else _HEARD
    return label, _SAYS.get(kind, words(kind).capitalize()), _details(fact, here, staff)


def _details(
    fact: AnyFact, here: Here, staff: Mapping[str, str], names: tuple[str, ...] = _DETAILS
) -> str:
    told = []
    for name in names:
        value: Any = getattr(fact, name, None)
        if value in (None, "", False) or (name == "by" and isinstance(fact, Decision)):
            continue
        told.append(_LABELS.get(name, "{}").format(_value(name, value, here, staff)))
    return ", ".join(told)


_LABELS: Final[dict[str, str]] = {
    "by": "by {}",
    "version": "version {}",
    "to": "to {}",
    "until": "until {}",
    "again_at": "tried again {}",
    "ends_on": "until {}",
    "next_check": "next check {}",
    "limit": "at the latest {}",
    "visits": "{} visits",
    "owner": "{}",
    "score": "{}",
}


def _value(name: str, value: Any, here: Here, staff: Mapping[str, str]) -> str:
    if isinstance(value, datetime):
        return here.moment(value)
    if name == "to":
        return staff.get(str(value), words(str(value)))
    return words(str(value))
