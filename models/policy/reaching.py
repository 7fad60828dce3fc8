"""Texts and calls: when, how often, and the way to a patient who has not booked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from models.base import Model
from models.hours import Hours, Span
from models.policy.base import Count, span


def _hours(weekdays: str, saturday: str = "", sunday: str = "") -> Hours:
    days: dict[str, Any] = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (weekdays,))
    days |= {"sat": (saturday,)} if saturday else {}
    days |= {"sun": (sunday,)} if sunday else {}
    return Hours(**days)


_STATE_HOURS = {  # [K11]
    **dict.fromkeys(("FL", "MD", "MS", "NJ", "OK"), _hours("08:00-20:00", *["08:00-20:00"] * 2)),
    "CT": _hours("09:00-20:00", "09:00-20:00", "09:00-20:00"),
    "RI": _hours("09:00-18:00", "10:00-17:00", "10:00-17:00"),
    "TX": _hours("09:00-21:00", "09:00-21:00", "12:00-21:00"),
}


class Text(Model):
    """When and how often one phone number may be texted, in the recipient's local time.

    ``window`` never opens on holidays; ``states`` (by the patient's address, never by area code)
    may only narrow it, and a state that a file leaves out keeps the hours known here. What is
    outside is held, not dropped. Caps count per phone number.
    """

    window: Hours = _hours("09:00-19:00", "10:00-16:00")
    states: dict[str, Hours] = Field(default_factory=lambda: dict(_STATE_HOURS))  # [K11]
    cap_per_day: Count = 1  # [K1][K3]
    cap_per_week: Count = 3  # any 7 days [K1][K3]
    outside_cap: tuple[Literal["live_reply", "opt_out_confirmation", "same_day_change"], ...] = (
        "live_reply",
        "opt_out_confirmation",
        "same_day_change",
    )

    @field_validator("states")
    @classmethod
    def _law_stays(cls, given: dict[str, Hours]) -> dict[str, Hours]:
        return _STATE_HOURS | given

    def hours(self, state: str | None) -> Hours:
        """The window for a patient of this state: the state table can only take time away."""
        law = self.states.get(state) if state else None
        return self.window.narrowed(law) if law else self.window


class Call(Model):
    """Calls per patient; a voicemail says the clinic's name only."""

    cap_per_day: Count = 2
    voicemail_per_day: Count = 1
    voicemail_in_all: Count = 3
    lock: Span = span("10 min")  # opening the call script locks the number (rule 18)


Move = Literal["text", "call", "ask_office", "last_text", "propose_close"]

HalfDay = Literal["any", "other"]


class CadenceStep(Model):
    """What is done on one day of reaching a patient.

    ``day`` counts business days after the confirmation. ``after`` counts from the confirmation on
    day 0, from the opening of the day on later ones. ``half = "other"``: the half of the day in
    which the call before was not made.
    """

    day: Annotated[int, Field(ge=0, le=250)]
    do: Annotated[tuple[Move, ...], Field(min_length=1)]
    after: Span = span("0 bm")
    half: HalfDay = "any"


class Urgent(Model):
    """Post-op and stat referrals."""

    call_within: Span = span("30 bm")
    calls_per_day: Count = 2
    for_days: Count = 2  # business days
    tell_office_day: Count = 2  # business day


class Reach(Model):
    """Reaching the patient until booked [E2][C3]."""

    cadence: tuple[CadenceStep, ...] = (
        CadenceStep(day=0, do=("text",), after=span("5 min")),
        CadenceStep(day=0, do=("call",), after=span("2 bh")),
        CadenceStep(day=1, do=("call",), half="other"),
        CadenceStep(day=2, do=("text",)),
        CadenceStep(day=4, do=("call",)),
        CadenceStep(day=7, do=("text", "call", "ask_office")),
        CadenceStep(day=10, do=("last_text",)),
        CadenceStep(day=12, do=("propose_close",)),
    )
    urgent: Urgent = Urgent()
    together: Span = span("15 min")  # a booking waits for the patient's other one (rule 12)


class InboundText(Model):
    """Texts from patients."""

    answer: Span = span("15 bm")
    lead_after: Span = span("1 bh")
    opt_out_confirmation: Span = span("5 min")
    closed_hours_reply_every: Span = span("12 wh")  # rule 17


class MissedCall(Model):
    """Calls that nobody answered: a word by text while it is news, and a call back."""

    call_back: Span = span("15 bm")
    text_within: Span = span("1 wh")  # later the call back is all there is


class StopOrCancel(Model):
    """A patient wrote STOP or cancel: suppressed at once, then a person calls [K4] (rule 17)."""

    task: Span = span("1 bh")
    urgent_task: Span = span("15 min")  # post-op, or booked within:
    urgent_if_booked_within: Span = span("24 wh")
