"""One patient, one cadence: which of several open referrals the patient is reached for (rule 12).

It is about one person. A parent and a child on one phone are two people: each is reached for what
is theirs, and only the number's budget of texts, its quiet hours and its STOP are common to them
(``models.sending``, ``activities.texts``).

One referral *leads*: its texts and calls are made, and the others wait with it. Who leads follows
from the facts alone, so it is worked out anew after whatever may change it, and nothing goes quiet:
when the leader is booked, held up or over, the next one leads.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from models import cadence, holds
from models.facts import (
    AppointmentBooked,
    CadenceShared,
    CallLogged,
    CallOutcome,
    HoldReason,
    MessageSent,
    Urgency,
)
from models.kinds import Kind
from models.referral import Referral

_REACHES = frozenset({Kind.SCHEDULE_TEXT, Kind.REACH_FOLLOWUP, Kind.LAST_TEXT})
_TICK = timedelta(microseconds=1)


def unbooked(r: Referral) -> bool:
    """Whether the patient is still to be reached for it."""
    known = r.is_received() and not r.unconfirmed() and not r.over()
    return known and not r.ever_booked()


def leader(group: Mapping[str, Referral]) -> str | None:
    """The referral for which the patient is reached; None where all of them wait for something.

    A patient who is away is reached for none: the one that knows so leads. Then a cadence that has
    not run out goes before one that has, an urgent referral before a routine one, the one that has
    led before the others, and of those the one that was begun, or came, first.
    """
    ready = {name: r for name, r in group.items() if _away(r) or _free(r)}
    led = [shared.led_by for r in group.values() if (shared := r.last(CadenceShared))]
    current = next((name for name in led if name in group), None)

    def spent(name: str) -> bool:
        return cadence.spent(group.get(group[name].reached_with() or name, group[name]))

    def rank(name: str) -> tuple[bool, bool, bool, bool, bool, datetime, str]:
        r = ready[name]
        routine = r.received.urgency is Urgency.ROUTINE
        begun = any(sent.message_kind in _REACHES for sent in r.all(MessageSent)) or bool(r.calls())
        return (
            not _away(r),
            spent(name),
            routine,
            name != current,
            not begun,
            r.received.at,
            name,
        )

    return min(ready, key=rank, default=None)


def shared(
    everyone: Mapping[str, Referral], ended: Mapping[str, Referral], now: datetime
) -> dict[str, CadenceShared]:
    """What the open referrals of one patient at one clinic must learn; nothing that they know.

    ``ended`` are those that led before and are not among them any more; *now* is when it was found
    out. A referral whose first day of care lies ahead is reached by itself from then on.
    """
    group = {name: r for name, r in everyone.items() if unbooked(r) and _begins(r, now)}
    first = leader(group)
    if first is None:
        return {}
    found = {}
    for name, r in group.items():
        known = r.last(CadenceShared)
        if name != first and (known is None or known.led_by != first):
            found[name] = _word(known, now, led_by=first)
        elif name == first and known is not None and known.led_by is not None:
            before = everyone.get(known.led_by, ended.get(known.led_by))
            spoken_at = _spoken_at(before) if before is not None else None
            # Whoever has waited for something of its own meanwhile begins anew (rule 15).
            anew = before is None or spoken_at is not None or r.clock_start > known.at
            began = None if before is None or anew else cadence.reach_start(before)
            found[name] = _word(known, now, began=began, spoken_at=spoken_at)
    return found


def alike(call: CallLogged) -> CallLogged:
    """A call to the patient as their other referrals hear of it.

    What they said no to is the referral they were called about; for the others they were reached.
    """
    if call.outcome is not CallOutcome.DECLINED:
        return call
    return call.model_copy(update={"outcome": CallOutcome.REACHED, "why": None})


def _word(
    known: CadenceShared | None,
    now: datetime,
    *,
    led_by: str | None = None,
    began: datetime | None = None,
    spoken_at: datetime | None = None,
) -> CadenceShared:
    as_of = now if known is None else max(now, known.as_of + _TICK)
    return CadenceShared(at=now, as_of=as_of, led_by=led_by, began=began, spoken_at=spoken_at)


def _spoken_at(r: Referral) -> datetime | None:
    """When the patient said what comes of a referral: booked it, came, or wants none of it."""
    said = [one.as_of for one in r.all(AppointmentBooked) if one.purpose == "evaluation"]
    came = [r.evaluated_at] if r.evaluated_at is not None else []
    return max([*said, *came, *_declined(r)], default=None)


def _begins(r: Referral, now: datetime) -> bool:
    first_day = holds.not_before(r)
    return first_day is None or first_day <= now


def _free(r: Referral) -> bool:
    return not holds.waits(r) and not _declined(r)


def _away(r: Referral) -> bool:
    return any(hold.reason is HoldReason.PATIENT_AWAY for hold in holds.standing(r))


def _declined(r: Referral) -> list[datetime]:
    back = r.reopened_at()
    said = [call.at for call in r.calls() if call.outcome is CallOutcome.DECLINED]
    return [at for at in said if back is None or at > back]
