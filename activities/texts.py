"""Texts from patients: STOP counts before anybody is answered, the rest becomes facts and tasks.

The words stay in the store; facts hold what they mean (policy.md rules 12 and 17).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlmodel import Session

from activities.tenants import Tenants
from integrations.emr.texts import REPLIED, read_text
from models import answers
from models.contracts import RawRequest
from models.errors import NotFound
from models.events import Event
from models.facts import CheckInAnswered, Meaning, MessageSent, PatientReplied
from models.kinds import Kind
from models.messages import LANGUAGES, Language
from models.referral import Referral
from models.replies import meanings, score
from models.tasks import TaskKind
from store import consent, contacts, conversations, lookups, referrals, replies, tasks
from store.tables import ConsentState, InboxRow, ReferralRow, ReplyRow

__all__ = ["REPLIED", "TextMessage", "Texts"]

WRONG_NUMBER: Final = "wrong_number"
# What each wish makes of the number, by when it was said; the gravest first.
_CONSENT: Final = (
    (Meaning.WRONG_NUMBER, ConsentState.OPTED_OUT, WRONG_NUMBER),
    (Meaning.STOP, ConsentState.OPTED_OUT, "stop_reply"),
    (Meaning.CANCEL, ConsentState.OPTED_OUT, "cancel_reply"),  # carriers read it as a STOP [K7]
    (Meaning.START, ConsentState.OPTED_IN, "start_reply"),
)


class TextMessage(NamedTuple):
    """One text as a vendor's callback brings it; ``phone`` is who wrote."""

    reply_id: str
    phone: str
    text: str
    at: datetime

    def request(self, received_at: datetime) -> RawRequest:
        """The same as a request at our door."""
        event = Event(
            type=REPLIED,
            at=self.at,
            data={"reply_id": self.reply_id, "phone": self.phone, "text": self.text},
        )
        body = event.model_dump_json(exclude_defaults=True).encode()
        return RawRequest(origin="texts", body=body, received_at=received_at)


class Scored(NamedTuple):
    """An answer to the one question: whose, what, and whether the text says nothing else."""

    referral_id: str
    fact: CheckInAnswered
    whole: bool


class Texts:
    """Reads texts; every method works inside the caller's transaction and may be called again."""

    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants

    def take_in(self, session: Session, inbox: InboxRow, event: Event) -> ReplyRow:
        """Keep the words, and let a STOP or START count for its number at once.

        Belongs into the transaction that commits the inbox row, before the sender is answered: no
        text may go to a number that has said stop, whatever becomes of the event afterwards.
        """
        read = read_text(event, self._tenants.get(inbox.org).organization.country)
        phone = read.phone or self._number_of(session, inbox, event)
        known = replies.get(session, inbox.org, read.reply_id)
        if known is not None:
            return known
        said: tuple[Meaning, ...] = (Meaning.OTHER,)  # a person reads it where the sender keeps it
        if read.text is not None:
            said = meanings(read.text, self._language(session, inbox.org, phone))
        if phone is not None and Meaning.START in said and self._strangers(session, inbox, phone):
            said = (Meaning.OTHER,)  # not the patient's to give
        row = replies.keep(
            session,
            inbox,
            reply_id=read.reply_id,
            phone=phone,
            text=read.text,
            meanings=said,
            at=event.at,
        )
        conversations.came(session, row)
        wish = next((wish for wish in _CONSENT if wish[0] in said), None)
        if wish is not None and phone is not None and not event.retracted:
            _, state, why = wish
            consent.record(
                session,
                org=inbox.org,
                address=phone,
                state=state,
                at=event.at,
                why=why,
                recorded_at=inbox.received_at,
            )
        return row

    def about(
        self, session: Session, inbox: InboxRow, event: Event, named: ReferralRow | None
    ) -> list[tuple[ReferralRow, PatientReplied]]:
        """The fact for every open referral on the number; one of them answers for all.

        That is the one the sender named, else the oldest. Empty where none is open.
        """
        text = self.take_in(session, inbox, event)
        on = list(replies.on_number(session, inbox.org, text.phone)) if text.phone else []
        if named is not None and named.id not in {row.id for row in on}:
            still = lookups.open_referrals_of(session, inbox.org, named.patient_id)
            on += [row for row in still if row.id == named.id]
        if not on:
            return []
        first = next((row for row in on if named is not None and row.id == named.id), on[0])
        return [(row, _replied(event, text, here=row.id == first.id)) for row in on]

    def score(
        self,
        session: Session,
        inbox: InboxRow,
        event: Event,
        open_ones: list[tuple[ReferralRow, Referral]],
    ) -> Scored | None:
        """The answer to the one question, where a text is one and some referral waits for it.

        Of several that asked, the one that did so last hears it. A red flag or a STOP beside the
        number is what it always is: the number counts all the same.
        """
        text = self.take_in(session, inbox, event)
        told = score(text.text or "")
        asked = [(row, r) for row, r in open_ones if _expects_a_score(r, event.at)]
        if told is None or not asked:
            return None
        row, _ = max(asked, key=lambda one: (_asked_at(one[1]), one[0].id))
        number, alone = told
        fact = CheckInAnswered(
            at=event.at, as_of=event.as_of or event.at, retracted=event.retracted, score=number
        )
        return Scored(row.id, fact, alone)

    @staticmethod
    def as_score(reply: PatientReplied, scored: Scored) -> PatientReplied:
        """A reply that is nothing but the number asks nobody; with more words it is read."""
        if not scored.whole or reply.meaning is not Meaning.OTHER:
            return reply
        return reply.model_copy(update={"meaning": Meaning.SCORE})

    def ask_nobody_s(self, session: Session, inbox: InboxRow, reply: PatientReplied) -> bool:
        """A text that no open referral answers becomes somebody's all the same; True if it asks.

        The words are attached (the event is); STOP, START and HELP ask nobody.
        """
        wanted = answers.asks(Referral(), reply)
        if reply.retracted:
            return False
        at = inbox.received_at
        rules = self._tenants.rules(inbox.org, self._first_clinic(inbox.org), at)
        for kind in wanted:
            if kind is TaskKind.CALL_AFTER_STOP:  # their texts have ended, and nothing else waits
                continue
            tasks.open_for_org(
                session,
                inbox.org,
                kind,
                reply.reply_id,
                due=rules.calendar.after(at, rules.policy.inbound_text.answer),
                at=at,
                inbox=inbox,
            )
        return bool(wanted)

    def nobody_s(self, session: Session, inbox: InboxRow, event: Event) -> PatientReplied:
        """The fact a text would be, were there a referral to tell it to."""
        return _replied(event, self.take_in(session, inbox, event))

    # --- inside ---------------------------------------------------------------------------------

    def _number_of(self, session: Session, inbox: InboxRow, event: Event) -> str | None:
        """The number we write to for the referral that the sender named, if we know it."""
        named = event.referral
        if named is None:
            return None
        referral_id = named.id
        if referral_id is None and named.external is not None:
            row = referrals.find(session, inbox.org, named.external)
            referral_id = row.id if row else None
        if referral_id is None:
            return None
        today = self._tenants.calendar(inbox.org, event.at).local_date(event.at)
        try:
            return contacts.contact(session, inbox.org, referral_id, "patient", on=today).phone
        except NotFound:
            return None

    def _language(self, session: Session, org: str, phone: str | None) -> Language:
        owners = replies.owners(session, org, phone) if phone else []
        spoken = owners[0].language if owners else "en"
        return spoken if spoken in LANGUAGES else "en"

    def _strangers(self, session: Session, inbox: InboxRow, phone: str) -> bool:
        newest = consent.current(session, inbox.org, phone)
        return newest is not None and newest.why == WRONG_NUMBER

    def _first_clinic(self, org: str) -> str:
        return self._tenants.get(org).organization.clinics[0].id


def _asked_at(r: Referral) -> datetime:
    return max(one.at for one in r.all(MessageSent) if one.message_kind is Kind.CHECK_IN)


def _expects_a_score(r: Referral, at: datetime) -> bool:
    """The question went out, and nothing has answered it but, perhaps, this very text."""
    told = r.last(CheckInAnswered)
    return r.asked_how_it_was() and (told is None or told.at == at)


def _replied(event: Event, text: ReplyRow, *, here: bool = True) -> PatientReplied:
    """The fact that a text is; ``here`` for the referral that answers it."""
    gravest, *also = replies.meanings_of(text)
    return PatientReplied(
        at=event.at,
        as_of=event.as_of or event.at,
        retracted=event.retracted,
        reply_id=text.reply_id,
        meaning=gravest,
        also=tuple(also),
        here=here,
    )
