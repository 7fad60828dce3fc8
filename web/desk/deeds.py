"""Forms of the desk read into what they tell: a milestone or a decision, checked; pure.

Days and times are typed as the clinic's clock on the wall shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from models.errors import BadRequest
from models.facts import DECISIONS, CallOutcome, ClosedReason, DeclinedFor, Ending, WhyReopened
from models.ids import new_id
from models.moves import Move

FARTHEST = timedelta(days=400)
_NOON = time(12)


class Deed(NamedTuple):
    """One fact to be told: its kind, its fields, and when it happened."""

    kind: str
    data: dict[str, Any]
    at: datetime

    @property
    def decides(self) -> bool:
        """Whether it is a decision, which may be refused, and no milestone."""
        return self.kind in DECISIONS


# What is asked of whoever makes a move: the name of the field, its label, and what can be chosen.
CHOICES: dict[Move, tuple[str, str, dict[str, str]]] = {
    Move.CALLED: (
        "outcome",
        "What came of the call",
        {
            CallOutcome.REACHED: "Reached",
            CallOutcome.VOICEMAIL: "Left a voicemail",
            CallOutcome.NO_ANSWER: "No answer",
            CallOutcome.WRONG_NUMBER: "Wrong number",
            CallOutcome.DECLINED: "Does not want to come",
        },
    ),
    Move.DISCHARGED: (
        "reason",
        "Why care has ended",
        {
            Ending.GOALS_MET: "Goals met",
            Ending.PLATEAU: "No further gain expected",
            Ending.PATIENT_CHOICE: "The patient’s choice",
            Ending.MOVED: "The patient moved away",
            Ending.STOPPED_COMING: "The patient stopped coming",
            Ending.MEDICAL: "Medical reasons",
            Ending.PAYER: "The payer ended it",
            Ending.TRANSFERRED: "Care goes on elsewhere",
            Ending.DECEASED: "The patient has died",
        },
    ),
    Move.CLOSED: (
        "reason",
        "Why it will not go on",
        {
            ClosedReason.UNABLE_TO_REACH: "We could not reach the patient",
            ClosedReason.DECLINED_BY_PATIENT: "The patient does not want to come",
            ClosedReason.DECLINED_BY_CLINIC: "We cannot take the patient",
            ClosedReason.NOT_EVALUATED: "The patient never came to the evaluation",
            ClosedReason.WITHDRAWN: "Whoever sent it took it back",
            ClosedReason.DECEASED: "The patient has died",
            ClosedReason.ENTERED_IN_ERROR: "Entered in error",
        },
    ),
    Move.REOPENED: (
        "why",
        "Why it goes on",
        {
            WhyReopened.CAME_BACK: "The patient wants to come after all",
            WhyReopened.PLACE_FREE: "There is a free place now",
            WhyReopened.IN_ERROR: "It was closed by mistake",
        },
    ),
}
# Reasons that are facts of their own: whoever hears of them acts on the fact.
_MILESTONES: dict[str, str] = {
    ClosedReason.DECEASED: "patient_died",
    ClosedReason.WITHDRAWN: "referral_withdrawn",
}
DECLINED: dict[str, str] = {
    DeclinedFor.CAPACITY: "No free place in time",
    DeclinedFor.PAYER: "No contract with the insurer",
    DeclinedFor.SCOPE: "Not offered here",
}


def texts(form: Mapping[str, object]) -> dict[str, str]:
    """The fields of a form that are text."""
    return {name: value.strip() for name, value in form.items() if isinstance(value, str)}


def deed(move: Move, form: Mapping[str, str], *, by: str, zone: str, now: datetime) -> Deed:
    """What a move tells, from the fields of its form.

    Raises BadRequest naming the field that must be filled in differently.
    """
    if move is Move.BOOKED:
        starts = ahead(form, zone, now)
        told = {"appointment_id": new_id("apt"), "starts_at": starts.isoformat()}
        return Deed("appointment_booked", told, now)
    if move is Move.FORMS:
        return Deed("intake_completed", {}, now)
    if move is Move.EVALUATED:
        day, at = treated(form, zone, now)
        return Deed("evaluation_completed", {"day": day.isoformat()}, at)
    if move is Move.VISITED:
        day, at = treated(form, zone, now)
        return Deed("visit_completed", {"visit_id": new_id("vis"), "day": day.isoformat()}, at)
    if move in {Move.DISCHARGED, Move.CLOSED} and chosen(move, form) in _MILESTONES:
        # Everything else about this patient stops with it, in all referrals (policy.md rule 22).
        return Deed(_MILESTONES[chosen(move, form)], {}, now)
    if move is Move.DISCHARGED:
        planned = form.get("planned") == "1"
        return Deed("discharged", {"reason": chosen(move, form), "planned": planned}, now)
    content: dict[str, Any] = {"by": by, "at": now.isoformat()}
    if move is Move.CALLED:
        content |= {"call_id": new_id("call"), "outcome": chosen(move, form)}
        return Deed("call_logged", content, now)
    if move is Move.REOPENED:
        return Deed("reopened", content | {"why": chosen(move, form)}, now)
    content["reason"] = chosen(move, form)
    if content["reason"] == ClosedReason.DECLINED_BY_CLINIC:
        content["declined_for"] = among(form, "declined_for", DECLINED)
        content |= {"sister_clinic_id": one} if (one := form.get("sister_clinic_id")) else {}
    return Deed("referral_closed", content, now)


def chosen(move: Move, form: Mapping[str, str]) -> str:
    """What somebody picked of a move's choices; raises BadRequest."""
    field, _, choices = CHOICES[move]
    return among(form, field, choices)


def ahead(form: Mapping[str, str], zone: str, now: datetime) -> datetime:
    """The moment of an appointment, from ``day`` and ``time``; raises BadRequest."""
    at = typed(form, zone)
    if at <= now:
        raise BadRequest(
            "This time has passed. Give the time the patient will come; a first visit that took "
            "place already is “First visit complete”.",
            code="in_the_past",
            field="day",
        )
    if at > now + FARTHEST:
        raise BadRequest("This is more than a year away.", code="too_far", field="day")
    return at


def typed(form: Mapping[str, str], zone: str) -> datetime:
    """The moment that ``day`` and ``time`` name by a clinic's clock, in UTC; raises BadRequest."""
    return local(_day(form), _time(form), zone)


def treated(form: Mapping[str, str], zone: str, now: datetime) -> tuple[date, datetime]:
    """The local day of a treatment that took place, and a moment on it; raises BadRequest."""
    day, today = _day(form), now.astimezone(ZoneInfo(zone)).date()
    if day > today:
        raise BadRequest(
            "This day has not come yet. Tell it once the patient was here.",
            code="not_yet",
            field="day",
        )
    if day < today - FARTHEST:
        raise BadRequest("This is more than a year ago.", code="too_far", field="day")
    return day, now if day == today else local(day, _NOON, zone)


def local(day: date, when: time, zone: str) -> datetime:
    """A moment by a clinic's clock, in UTC; raises BadRequest for an hour the clocks skip."""
    there = datetime.combine(day, when, ZoneInfo(zone))
    try:
        at = there.astimezone(UTC)
    except OverflowError:
        raise BadRequest("Give a date of this century.", code="no_date", field="day") from None
    if at.astimezone(ZoneInfo(zone)).time() != when:
        raise BadRequest(
            "The clocks go forward that night; this time does not exist.",
            code="no_such_time",
            field="time",
        )
    return at


def _day(form: Mapping[str, str]) -> date:
    try:
        return date.fromisoformat(form.get("day", ""))
    except ValueError:
        raise BadRequest("Give a date.", code="no_date", field="day") from None


def _time(form: Mapping[str, str]) -> time:
    try:
        return time.fromisoformat(form.get("time", "")).replace(tzinfo=None)
    except ValueError:
        raise BadRequest("Give a time of day.", code="no_time", field="time") from None


def among(form: Mapping[str, str], field: str, choices: Mapping[str, str]) -> str:
    """What somebody picked in a field of choices; raises BadRequest."""
    value = form.get(field, "")
    if value not in {str(one) for one in choices}:
        raise BadRequest("Pick one of the choices.", code="not_chosen", field=field)
    return value
