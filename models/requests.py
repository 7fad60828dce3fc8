"""A time the patient asked for on our page: a request held for the desk, never a booking (rule 18).

The newest request counts. It stands until the EMR has booked since, or a person has seen to it:
done (it was booked, or agreed otherwise) or dismissed (that time cannot be had; they ask again).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.facts import AppointmentBooked, BookingRequested, TaskCompleted
from models.tasks import TaskKind, task_key

if TYPE_CHECKING:
    from models.referral import Referral


def newest(r: Referral) -> BookingRequested | None:
    """The last time asked for, whatever became of it; one that was taken back does not count."""
    return max(r.all(BookingRequested), key=lambda one: (one.at, one.key), default=None)


def standing(r: Referral) -> BookingRequested | None:
    """The time asked for that nobody has booked or seen to yet."""
    asked = newest(r)
    if asked is None or r.evaluated_or_discharged() or _booked_since(r, asked):
        return None
    return None if r.task_done(key_of(asked)) else asked


def turned_down(r: Referral) -> bool:
    """Whether the time asked for last cannot be had, and nothing was booked since."""
    asked = newest(r)
    if asked is None or _booked_since(r, asked):
        return False
    done = [one for one in r.all(TaskCompleted) if one.task == key_of(asked)]
    return bool(done) and done[-1].outcome == "dismissed"


def key_of(asked: BookingRequested) -> str:
    """The key of the desk's task about a request."""
    return task_key(TaskKind.BOOK_REQUEST, asked.request_id)


def _booked_since(r: Referral, asked: BookingRequested) -> bool:
    evaluations = (one for one in r.all(AppointmentBooked) if one.purpose == "evaluation")
    return any(one.as_of >= asked.at for one in evaluations)
