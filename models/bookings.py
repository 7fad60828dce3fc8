"""One visit, told by two: somebody typed it in ("booked by phone"), and the EMR has it as well.

What a person typed has an id of ours, the EMR's own comes later under another. Both are one visit:
it is confirmed once, and once the EMR has spoken the EMR says when it is and whether it stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from models.facts import AppointmentBooked

TYPED: Final = "apt"  # begins the ids of appointments that people of the desk tell of
_TYPED: Final = re.compile(rf"{TYPED}_[a-z0-9]{{12}}")  # as models.ids makes them


def typed(booked: AppointmentBooked) -> bool:
    """Whether somebody at the desk told of it."""
    return _TYPED.fullmatch(booked.appointment_id) is not None


def once(
    standing: Sequence[AppointmentBooked], told: Sequence[AppointmentBooked]
) -> list[AppointmentBooked]:
    """The evaluations that stand, each visit once; *told* are all that were ever told.

    A typed one stays while the EMR has said nothing since, or the same time: then the EMR's is the
    one left out, so that nothing is confirmed twice. Else it gives way.
    """
    by_hand = [one for one in standing if typed(one)]
    if not by_hand:
        return list(standing)
    theirs = [one for one in told if one.purpose == "evaluation" and not typed(one)]
    kept = [one for one in by_hand if _stays(one, standing, theirs)]
    times = {one.starts_at for one in kept}
    return [*kept, *(o for o in standing if not typed(o) and o.starts_at not in times)]


def _stays(
    booked: AppointmentBooked,
    standing: Sequence[AppointmentBooked],
    theirs: Sequence[AppointmentBooked],
) -> bool:
    same = [one for one in theirs if one in standing and one.starts_at == booked.starts_at]
    if any(one.as_of < booked.as_of for one in same):
        return False  # the EMR had told it already
    return bool(same) or not any(one.as_of >= booked.as_of for one in theirs)
