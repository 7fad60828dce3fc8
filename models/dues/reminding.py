"""Reminders before the evaluation, where they are ours to send (policy.md §2 reminders)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from models import answers
from models.due import Due
from models.dues.asking import PATIENT, DueRule
from models.facts import AppointmentBooked
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral


def reminder(r: Referral, rules: Rules) -> Due | None:
    """The next reminder: two business days ahead, and three hours ahead only if unconfirmed.

    None for a visit that was booked, or moved, after a reminder's time: its confirmation has just
    gone out.
    """
    found = _next(r, rules)
    if found is None:
        return None
    return Due(key=f"reminder:{found[0].occasion}", at=found[1], says="Wait to remind the patient")


def next_reminder(r: Referral, rules: Rules) -> MessageRef | None:
    """The message that ``reminder`` waits for."""
    found = _next(r, rules)
    return found[0] if found else None


def _next(r: Referral, rules: Rules) -> tuple[MessageRef, datetime] | None:
    booked = r.appointment()
    if booked is None or r.evaluated_or_discharged() or not rules.policy.ours(Kind.REMINDER):
        return None
    ahead = (
        (message, at)
        for message, at in _reminders(r, booked, rules)
        if at > booked.as_of and not (r.settled(message) or r.stopped(message))
    )
    return next(ahead, None)


def _reminders(
    r: Referral, booked: AppointmentBooked, rules: Rules
) -> Iterator[tuple[MessageRef, datetime]]:
    policy, cal = rules.policy.reminders, rules.calendar
    # Each time the visit moves it is reminded of anew.
    visit = f"{booked.appointment_id}@{booked.starts_at:%Y%m%dT%H%M%S}"
    at = cal.before(booked.starts_at, policy.first_before)
    yield MessageRef(Kind.REMINDER, PATIENT, f"{visit}-first"), at
    if not answers.confirmed(r, booked):
        at = cal.before(booked.starts_at, policy.second_before)
        yield MessageRef(Kind.REMINDER, PATIENT, f"{visit}-second"), at


RULES: tuple[DueRule, ...] = (reminder,)
