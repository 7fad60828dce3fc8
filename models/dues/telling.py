"""Last words that are promised by a date, once the clinic has declined a referral (rule 14)."""

from __future__ import annotations

from models import parties, telling
from models.due import Due
from models.dues.asking import DueRule, once
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.tasks import TaskKind


def decline_letter(r: Referral, rules: Rules, sender: parties.Sender) -> MessageRef | None:
    """The letter that tells one source why the clinic cannot take its patient.

    None where no reason was given, where it is not ours to send, and for who does not treat the
    patient or was never confirmed: a person tells them.
    """
    closing = r.closing()
    if closing is None or closing.declined_for is None or not rules.policy.ours(Kind.DECLINED):
        return None
    if not sender.kind.treating or not telling.verified(r, sender):
        return None
    return MessageRef.parse(telling.decline_key(r, sender))


def declined_told(sender: parties.Sender) -> DueRule:
    """The source hears the same business day; a letter that is not out by then is a call."""

    def rule(r: Referral, rules: Rules) -> Due | None:
        letter, closing = decline_letter(r, rules, sender), r.closing()
        if letter is None or closing is None or r.settled(letter):
            return None
        due = Due(
            key=f"declined_told-{sender.party}",
            at=rules.calendar.after(closing.at, rules.policy.decline.tell_source),
            owner=Role.FRONT_DESK,
            task=TaskKind.TELL_SOURCE,
            occasion=telling.by_phone(r, sender, closing.reason),
            says="The source must hear today that the clinic cannot take its patient",
        )
        return once(r, due)

    return rule


def promises(r: Referral, rules: Rules) -> list[Due]:
    """What is still owed once a referral is over."""
    if not r.is_received():
        return []
    due = [declined_told(sender)(r, rules) for sender in parties.senders(r)]
    return [one for one in due if one is not None]
