"""Who is credited with a referral, and how the patient heard of us.

The rules, in this order (judgment; policy.md rules 1 and 2):

1. A referral is credited once, in full, so that the sources of a month add up to its referrals.
2. The credit goes to whoever sent the patient first.
3. A self-referral gives way: where an office or a person sent the same patient as well, the first
   of these is credited, because the patient came on somebody's word.
4. Everybody else who sent the same patient has *also sent* them: shown beside, added to nothing.
5. A campaign and "how did you hear" are the patient's own words: counted apart, never instead.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from models.parties import Sender, senders
from models.people import SourceKind
from models.referral import Referral


class Heard(StrEnum):
    """How the patient says they heard of the clinic."""

    PHYSICIAN = "physician"
    PAST_PATIENT = "past_patient"
    FRIEND = "friend"  # or family
    INSURER = "insurer"  # a directory of a payer
    SEARCH = "search"  # on the web
    SOCIAL = "social"  # social media
    EVENT = "event"
    SIGN = "sign"  # passing by
    EMPLOYER = "employer"
    OTHER = "other"


# What only the patient can say, as it is called on the pages: whoever has them on the phone asks.
ASKED: Final[dict[str, str]] = {"heard": "Heard of us through", "campaign": "Campaign"}


def credited(r: Referral) -> Sender:
    """The one source that a received referral counts for; see the module's rules."""
    everybody = senders(r)
    asked = (one for one in everybody if one.kind is not SourceKind.SELF)
    return next(asked, everybody[0])
