"""A referral that goes on at another clinic: who hears of it, and by when (policy.md rule 1)."""

from __future__ import annotations

from models import parties, telling
from models.due import Due
from models.dues.asking import PATIENT, DueRule, once
from models.facts import AppointmentBooked, MessageSent, PatientReplied, Transferred
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.tasks import TaskKind


def names(r: Referral) -> tuple[str, ...]:
    """The keys of the messages that tell of the last move; of an earlier one nobody hears any more.

    The patient gets one text, unless the first word they hear comes from the new clinic anyway.
    Every source that treats the patient and is confirmed gets a letter.
    """
    moved = r.transfer()
    if moved is None or not r.is_received() or r.discharged():
        return ()
    found = []
    if in_touch(r, moved):
        found.append(MessageRef(Kind.NEW_CLINIC, PATIENT, moved.occasion))
    for sender in parties.senders(r):
        if sender.kind.treating and telling.verified(r, sender):
            found.append(MessageRef(Kind.TRANSFERRED, sender.party, moved.occasion))
    return tuple(message.key for message in found)


def in_touch(r: Referral, moved: Transferred) -> bool:
    """Whether the patient had to do with the clinic they were at before."""
    touches = [m.at for m in r.all(MessageSent) if MessageRef.parse(m.message).to == PATIENT]
    touches += [call.at for call in r.calls()]
    touches += [reply.at for reply in r.all(PatientReplied)]
    touches += [booked.as_of for booked in r.all(AppointmentBooked)]
    touches += [r.evaluated_at] if r.evaluated_at is not None else []
    return any(at <= moved.at for at in touches)


def transfer_call(r: Referral, rules: Rules) -> Due | None:
    """The new clinic calls the patient the same business day: and agrees on what is booked."""
    moved = r.transfer()
    if moved is None or r.discharged() or not in_touch(r, moved):
        return None
    if any(call.outcome.spoken and call.at >= moved.at for call in r.calls()):
        return None
    due = Due(
        key="transfer_call",
        at=moved.at,
        owner=Role.FRONT_DESK,
        task=TaskKind.CALL_AFTER_TRANSFER,
        occasion=moved.occasion,
        by=rules.calendar.after(moved.at, rules.policy.decline.tell_source),
        says="The new clinic calls the patient",
    )
    return once(r, due)


def told_of(name: str) -> DueRule:
    """A source hears the same business day; a letter that is not out by then is a call."""
    message = MessageRef.parse(name)

    def rule(r: Referral, rules: Rules) -> Due | None:
        moved = r.transfer()
        if moved is None or message.kind is not Kind.TRANSFERRED or name not in names(r):
            return None
        if r.settled(message) or not rules.policy.ours(message.kind):
            return None
        due = Due(
            key=f"transfer_told-{message.to}",
            at=rules.calendar.after(moved.at, rules.policy.decline.tell_source),
            owner=Role.FRONT_DESK,
            task=TaskKind.TELL_SOURCE,
            occasion=telling.of_transfer(message.to, message.occasion),
            says="The source must hear today that another clinic goes on",
        )
        return once(r, due)

    return rule


def promises(r: Referral, rules: Rules) -> list[Due]:
    """What the sources are owed at present."""
    due = [told_of(name)(r, rules) for name in names(r)]
    return [one for one in due if one is not None]
