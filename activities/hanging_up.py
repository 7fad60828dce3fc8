"""What a logged call to a patient means for their number, also after the end of the referral."""

from __future__ import annotations

from datetime import datetime

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
    if call.retracted:
        _suppress_no_more(session, org, number, call)
        return
    calls.unlock(session, org, number, by=call.by)
    conversations.answered(session, org, number, call.at)
    _suppress(session, org, number, call, recorded_at)


def _suppress(
    session: Session, org: str, number: str, call: CallLogged, recorded_at: datetime
) -> None:
    if call.why is CallWhy.STRANGER:
        consent.record(
            session,
            org=org,
            address=number,
            state=ConsentState.OPTED_OUT,
            at=call.at,
            why=str(CallOutcome.WRONG_NUMBER),
            recorded_at=recorded_at,
        )
    elif call.why is CallWhy.OUT_OF_SERVICE:
        consent.mark_dead(session, org=org, address=number, why=str(call.why), at=call.at)


def _suppress_no_more(session: Session, org: str, number: str, call: CallLogged) -> None:
    if call.why is CallWhy.STRANGER:
        consent.take_back(
            session,
            org=org,
            address=number,
            state=ConsentState.OPTED_OUT,
            at=call.at,
            why=str(CallOutcome.WRONG_NUMBER),
        )
    elif call.why is CallWhy.OUT_OF_SERVICE:
        consent.revive(session, org=org, address=number, since=call.at)
