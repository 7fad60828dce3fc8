"""What a logged call to a patient means for their number, also after the end of the referral."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from sqlmodel import Session

from models.facts import CallLogged, CallOutcome, CallWhy
from store import calls, consent, contacts, conversations
from store.tables import ConsentState


def hang_up(
    session: Session, org: str, referral_id: str, call: CallLogged, recorded_at: datetime
) -> None:
    """The call is over: colleagues may call the number again (policy.md rule 18).

    A stranger's number is not texted any more, nor one that is dead (rule 17); a call that was
    logged by mistake says nothing about the number. In the caller's transaction; raises NotFound.
    """
    if call.party != "patient":
        return
    number = contacts.contact(session, org, referral_id, "patient").phone
    if not number:
        return
    if not call.retracted:
        calls.unlock(session, org, number, by=call.by)
        conversations.answered(session, org, number, call.at)
    if call.why is CallWhy.STRANGER:
        _stranger(session, org, number, call, recorded_at)
    elif call.why is CallWhy.OUT_OF_SERVICE and call.retracted:
        consent.revive(session, org=org, address=number, since=call.at)
    elif call.why is CallWhy.OUT_OF_SERVICE:
        consent.mark_dead(session, org=org, address=number, why=str(call.why), at=call.at)


class _Word(TypedDict):
    """What is said of a number, or taken back as nobody's word."""

    org: str
    address: str
    state: ConsentState
    at: datetime
    why: str


def _stranger(
    session: Session, org: str, number: str, call: CallLogged, recorded_at: datetime
) -> None:
    word = _Word(
        org=org,
        address=number,
        state=ConsentState.OPTED_OUT,
        at=call.at,
        why=str(CallOutcome.WRONG_NUMBER),
    )
    if call.retracted:
        consent.take_back(session, **word)
    else:
        consent.record(session, **word, recorded_at=recorded_at)
