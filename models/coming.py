"""What the patient gets by itself next, so that a person may stop it before it goes."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from models import cadence, dues
from models.kinds import BY_HAND, Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.written import PATIENT, stopped


class Coming(NamedTuple):
    """One message to the patient; ``waits`` where it stands ready and only its hour is missing.

    ``at`` None: it waits for a person to let it go.
    """

    message: MessageRef
    at: datetime | None
    waits: bool = False


def coming(r: Referral, rules: Rules) -> list[Coming]:
    """What waits already, then what is promised next, soonest first; nothing once it is over.

    Texts of people are left out: they stand in the talk. What only an event will bring about
    (a confirmation of a visit nobody has booked yet) is not known and not listed.
    """
    if not r.is_received() or r.over() or r.unconfirmed():
        return []
    held = [Coming(MessageRef.parse(one.message), one.until, waits=True) for one in r.held()]
    found = {one.message: one for one in held}
    for message, at in _promised(r, rules):
        found.setdefault(message, Coming(message, at))
    mine = [
        one
        for one in found.values()
        if one.message.to == PATIENT
        and one.message.kind not in BY_HAND
        and not r.settled(one.message)
        and not stopped(r, one.message)
        and rules.policy.ours(one.message.kind)
    ]
    return sorted(mine, key=lambda one: (one.at is None, one.at or r.received.at, one.message.key))


def _promised(r: Referral, rules: Rules) -> list[tuple[MessageRef, datetime]]:
    found = []
    if not (r.ever_booked() or r.evaluated_or_discharged()):
        act = cadence.next_reach(r, rules)
        if act is not None and act.message is not None:
            found.append((act.message, act.at))
    booked = r.appointment()
    reminds, reminder = dues.reminder(r, rules), dues.next_reminder(r, rules)
    if reminds is not None and reminder is not None:
        found.append((reminder, reminds.at))
    forms = dues.intake_reminder(r, rules)
    if booked is not None and forms is not None:
        about = MessageRef(Kind.INTAKE_REMINDER, PATIENT, booked.appointment_id)
        found.append((about, forms.at))
    for kind, rule in (
        (Kind.PATIENT_THANKS, dues.patient_thanks),
        (Kind.CHECK_IN, dues.check_in),
    ):
        due = rule(r, rules)
        if due is not None:
            found.append((MessageRef(kind, PATIENT, "1"), due.at))
    return found
