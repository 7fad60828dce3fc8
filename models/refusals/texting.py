"""Texts by hand: what nobody may write to, and what can still be stopped."""

from __future__ import annotations

from models import written
from models.facts import MessageStopped, TextWritten
from models.messages import MESSAGES, Audience
from models.referral import MessageRef, Referral
from models.refusals.base import UNCONFIRMED, Refusal


def write(r: Referral, decision: TextWritten) -> Refusal | None:
    """To a patient who lives, and whose number somebody vouches for; also after the end.

    Consent, a STOP and the hours are judged when it is about to leave (``models.sending``).
    """
    if decision.retracted:
        return Refusal(
            code="text_not_unsent",
            sentence="A text is not taken back; stop it while it waits, or write another one.",
        )
    if r.died():
        return Refusal(code="deceased", sentence="The patient has died; nothing is sent.")
    if r.unconfirmed():
        return UNCONFIRMED
    return None


def stop(r: Referral, decision: MessageStopped) -> Refusal | None:
    """One message to the patient that has not gone out; what offices are owed is not stopped."""
    try:
        message = MessageRef.parse(decision.message)
    except ValueError:
        return Refusal(code="no_message", sentence="There is no such message on this referral.")
    if decision.retracted:
        return Refusal(
            code="stopped_for_good",
            sentence="A message that was stopped stays stopped; write to the patient instead.",
        )
    if message.to != written.PATIENT or MESSAGES[message.kind].audience is not Audience.PATIENT:
        return Refusal(
            code="not_to_patient",
            sentence="Only messages to the patient are stopped here.",
        )
    if r.settled(message):
        return Refusal(code="already_settled", sentence="This message has gone out or was stopped.")
    return None
