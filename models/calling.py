"""What a caller should know before dialling: how often this patient was called, and what is left.

Caps count per patient; a voicemail says the clinic's name and number only (policy.md §2 call.cap).
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from models.facts import CallOutcome
from models.policy import Rules
from models.referral import Referral


class Tries(NamedTuple):
    """The calls that were logged, and whether one more is within what the policy allows."""

    today: int
    voicemails_today: int
    voicemails: int
    may_call: bool
    may_leave_voicemail: bool
    last: datetime | None


def tries(r: Referral, rules: Rules, now: datetime) -> Tries:
    """Counted on the clinic's local day; a correction of a call counts once."""
    today = rules.calendar.local_date(now)
    calls = r.calls()
    of_today = [call for call in calls if rules.calendar.local_date(call.at) == today]
    left = [call for call in calls if call.outcome is CallOutcome.VOICEMAIL]
    left_today = [call for call in of_today if call.outcome is CallOutcome.VOICEMAIL]
    caps = rules.policy.call
    return Tries(
        today=len(of_today),
        voicemails_today=len(left_today),
        voicemails=len(left),
        may_call=len(of_today) < caps.cap_per_day,
        may_leave_voicemail=(
            len(left_today) < caps.voicemail_per_day and len(left) < caps.voicemail_in_all
        ),
        last=max((call.at for call in calls), default=None),
    )
