"""From the booking to the first visit."""

from __future__ import annotations

from datetime import time

from models.base import Model
from models.hours import Span
from models.policy.base import Count, span


class Evaluation(Model):
    """From referral to the first visit."""

    target_routine: Span = span("7 d")
    target_urgent: Span = span("2 bd")
    window: Span = span("30 d")  # [D2]
    propose_close: Span = span("45 d")
    no_show_ask_at: time = time(10)  # local, next business day: did the patient attend? (rule 9)
    no_show_call: Span = span("1 bd")  # after a confirmed first miss
    no_show_call_only_from: Count = 2  # which miss gets a call and no text
    no_show_lead_from: Count = 3  # which miss the lead decides, and the office hears of


class Reminders(Model):
    """Before a visit, where ``[owner] reminder`` is us."""

    first_before: Span = span("2 bd")
    second_before: Span = span("3 wh")  # only if unconfirmed


class Intake(Model):
    """Forms before the first visit: sent at booking [W12]."""

    reminder_before: Span = span("48 wh")
    desk_task_before: Span = span("24 wh")
    max_messages: Count = 2


class Booking(Model):
    """Times that patients may ask for on our own page; judgment (rule 18)."""

    answer: Span = span("2 bh")  # booked by the desk, or another time offered
    hold: Span = span("1 bd")  # a time asked for is kept that long for who asked first
    notice: Span = span("4 bh")  # nothing sooner than this is offered
    ahead: Span = span("14 d")  # nothing later
    most: Count = 12  # times on one page


class Authorization(Model):
    """Waiting for a payer."""

    request: Span = span("1 bd")
    chase_every: Span = span("3 bd")
    lead_after: Span = span("10 bd")
    warn_visits_left: Count = 3
    warn_before_end: Span = span("14 d")
    tell_patient: Span = span("2 bd")  # into the hold, once
