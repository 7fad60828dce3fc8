"""What a patient's page shows: pure, from the facts, for the moment somebody looks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from models import answers, holds, requests
from models.clock import Calendar
from models.facts import CheckInAnswered
from models.links import Link, Purpose
from models.policy import Policy

if TYPE_CHECKING:
    from models.referral import Referral


class State(StrEnum):
    """What the patient is there for."""

    CHOOSE = "choose"  # a time, of those on offer
    ASKED = "asked"  # they have asked for one; nothing is booked yet (policy.md rule 18)
    BOOKED = "booked"  # the EMR has it
    QUESTION = "question"  # how was it with us?
    ANSWERED = "answered"


class View(NamedTuple):
    """Everything a page says about its referral: times, and what was done about them."""

    state: State
    starts_at: datetime | None = None  # the time asked for, or booked
    answer_by: datetime | None = None  # when the desk has seen to a request
    turned_down: bool = False  # the time they asked for cannot be had
    confirmed: bool = False
    forms_done: bool = False
    offers: bool = True  # whether times may be offered at all


def view(r: Referral, link: Link, now: datetime, policy: Policy, calendar: Calendar) -> View:
    """The page of a usable link at a moment."""
    if link.purpose is Purpose.CHECK_IN:
        return View(State.ANSWERED if r.all(CheckInAnswered) else State.QUESTION)
    asked, booked = r.booking_request(), r.appointment()
    offers = not holds.waits(r)
    if asked is not None:
        by = calendar.after(calendar.next_open(asked.at), policy.booking.answer)
        return View(State.ASKED, asked.starts_at, answer_by=by if by > now else None, offers=offers)
    if booked is not None and booked.starts_at > now:
        return View(
            State.BOOKED,
            booked.starts_at,
            turned_down=requests.turned_down(r),
            confirmed=answers.confirmed(r, booked),
            forms_done=r.intake_done(),
            offers=offers,
        )
    return View(State.CHOOSE, turned_down=requests.turned_down(r), offers=offers)


def first_offer(r: Referral, now: datetime, policy: Policy, calendar: Calendar) -> datetime:
    """Nothing sooner is offered: not today at short notice, not before the first day of care."""
    soonest = calendar.after(now, policy.booking.notice)
    not_before = holds.not_before(r)
    return max(soonest, not_before) if not_before is not None else soonest
