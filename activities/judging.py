"""Who a message goes to at this moment, as the rules of ``models.sending`` want to know it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from activities.tenants import Tenants
from activities.turns import Turn
from models import holds, written
from models.contracts import Channel, SendInput
from models.facts import AppointmentBooked, CallMissed, MessageFailed, PatientReplied
from models.kinds import Kind
from models.messages import MESSAGES, Audience, ladder
from models.messages import Contact as Preferences
from models.organization import Clinic
from models.policy import Rules
from models.referral import MessageRef, Referral, appointment_of
from models.releases import released
from models.sending import REPLIES, Go, Hold, Never, Outgoing, Recipient, may_send
from models.zones import recipient_zones
from store import consent, contacts, conversations, referrals, releases, replies, settling
from store.contacts import Contact
from store.tables import ConsentState, MessageRow, PatientRow

_TEXTS_BACK = timedelta(days=9)  # the seven days of the cap, in any time zone


def judged(
    session: Session,
    tenants: Tenants,
    turn: Turn,
    referral: Referral,
    to: Contact,
    channel: Channel,
) -> Go | Hold | Never:
    """Whether the message may leave by this channel now."""
    given = turn.given
    clinic = tenants.get(given.org).organization.clinic(given.clinic_id)
    message = outgoing(given, referral, turn.at, turn.rules)
    reached = recipient(session, given, referral, to, channel, clinic, turn.at)
    return may_send(message, reached, turn.at, turn.rules)


def contact(session: Session, turn: Turn) -> Contact:
    """The party as it can be reached today; raises NotFound ``no_recipient``."""
    given = turn.given
    today = turn.rules.calendar.local_date(turn.at)
    to = contacts.contact(session, given.org, given.referral_id, given.to, on=today)
    if given.kind in REPLIES:  # to the number the text came from, whoever else is on record
        text = replies.get(session, given.org, given.occasion)
        to = to._replace(phone=text.phone) if text is not None and text.phone else to
    if given.kind is Kind.DESK_TEXT:  # to the number of the thread it was written in
        by_hand = conversations.text(session, given.org, given.occasion)
        to = at_number(session, to, by_hand.phone) if by_hand is not None else to
    return to


def at_number(session: Session, to: Contact, phone: str) -> Contact:
    """A patient at the number of a thread; without one where it is not theirs to be texted at.

    It may have been corrected since the words were written, and under 18 only the guardian is
    written to (policy.md rule 12).
    """
    row = session.get_one(PatientRow, to.patient_id)
    theirs = {row.guardian_phone} if to.minor else {row.phone, row.guardian_phone}
    return to._replace(phone=phone if phone in theirs else None)


def turn_of(session: Session, tenants: Tenants, row: MessageRow, at: datetime) -> Turn:
    """The turn of another message at this one's time, by the rules of its own clinic."""
    message = MessageRef.parse(row.key)
    clinic_id = referrals.get(session, row.org, row.referral_id).clinic_id
    given = SendInput(
        org=row.org,
        clinic_id=clinic_id,
        referral_id=row.referral_id,
        kind=message.kind,
        to=message.to,
        occasion=message.occasion,
    )
    return Turn(given, at, tenants.rules(row.org, clinic_id, at))


def rungs_left(
    session: Session, turn: Turn, referral: Referral, to: Contact, now_spent: Channel
) -> list[Channel]:
    """The channels that remain once this one is spent and for which there is an address."""
    left = channels_left(session, turn.given, referral, to)
    return [channel for channel in left if channel != now_spent and channel in to.address]


def channels_left(
    session: Session, given: SendInput, referral: Referral, to: Contact
) -> list[Channel]:
    """The rungs not yet spent, best first; by channel, so that a changed preference moves none."""
    spent = {
        failed.channel
        for failed in referral.all(MessageFailed)
        if failed.message == given.message.key
    }
    # Whoever texts us may be answered by text.
    asked = given.kind in REPLIES or (
        given.kind is Kind.DESK_TEXT and written.live(referral, given.occasion)
    )
    wants = Preferences(
        prefers="email" if to.prefers == "email" else "fax",
        may_text=asked or to.may_text or _opted_in(session, given.org, to.phone),
        may_email=to.may_email or _opted_in(session, given.org, to.email),
    )
    return [channel for channel in ladder(given.kind, wants) if channel not in spent]


def outgoing(given: SendInput, referral: Referral, at: datetime, rules: Rules) -> Outgoing:
    """The message as the rules see it."""
    today = rules.calendar.local_date(at)
    same_day = any(
        booked.appointment_id == appointment_of(given.occasion)
        and rules.calendar.local_date(booked.starts_at) == today
        for booked in referral.all(AppointmentBooked)
    )
    paused = holds.pause(referral)
    texts = [r.at for r in referral.all(PatientReplied) if r.reply_id == given.occasion]
    by_hand = given.kind is Kind.DESK_TEXT
    calls = [call.at for call in referral.all(CallMissed) if call.call_id == given.occasion]
    return Outgoing(
        kind=given.kind,
        approved=referral.approved(given.message),
        same_day_change=same_day,
        paused_until=paused.until if paused is not None else None,
        answers_text_of=texts[0] if texts and given.kind in REPLIES else None,
        answers_call_of=calls[0] if calls and given.kind is Kind.MISSED_CALL else None,
        live=by_hand and written.live(referral, given.occasion),
        not_before=written.not_before(referral, given.occasion) if by_hand else None,
    )


def recipient(
    session: Session,
    given: SendInput,
    referral: Referral,
    to: Contact,
    channel: Channel,
    clinic: Clinic,
    at: datetime,
) -> Recipient:
    """The party on one channel: consent, caps and dead numbers as they stand right now."""
    address = to.address.get(channel)
    patient = MESSAGES[given.kind].audience is Audience.PATIENT
    texts = []
    if channel == "sms" and address:
        texts = settling.texts_to(session, given.org, address, at - _TEXTS_BACK)
    return Recipient(
        channel=channel,
        address=address,
        opted_out=bool(address) and consent.opted_out(session, given.org, address or ""),
        dead=bool(address) and consent.is_dead(session, given.org, address or ""),
        deceased=referral.died(),
        minor_without_guardian=patient and to.minor and not to.phone,
        wants_thanks=to.wants_thanks,
        treating=to.treating,
        third_party=to.third_party,
        released=to.third_party and _released(session, given, to, clinic, at),
        texts=tuple(texts),
        stop_confirmed=_stop_confirmed(session, given, address),
        told_closed_at=_last(session, given, Kind.CLOSED_HOURS, address),
        zones=tuple(recipient_zones(to.state, clinic.state, clinic.zone)) if patient else (),
        state=to.state or clinic.state,
    )


def _stop_confirmed(session: Session, given: SendInput, address: str | None) -> bool:
    """A confirmation went to this number since it last said that it wants texts."""
    told = _last(session, given, Kind.OPT_OUT_CONFIRMATION, address)
    if told is None:
        return False
    wanted = consent.last_said(session, given.org, address or "", ConsentState.OPTED_IN)
    return wanted is None or told > wanted


def _last(session: Session, given: SendInput, kind: Kind, address: str | None) -> datetime | None:
    """When this number last got such a text; only asked for the kind that is about to go."""
    if given.kind is not kind or not address:
        return None
    return settling.last_text(session, given.org, address, kind)


def _released(
    session: Session, given: SendInput, to: Contact, clinic: Clinic, at: datetime
) -> bool:
    """By an authorization of the patient, wherever it was told, good on this local day."""
    facts = releases.of_patient(session, given.org, given.referral_id)
    today = at.astimezone(ZoneInfo(clinic.zone)).date()
    return released(facts, to.source_id or "", given.kind, today)


def _opted_in(session: Session, org: str, address: str | None) -> bool:
    if not address:
        return False
    newest = consent.current(session, org, address)
    return newest is not None and newest.state == ConsentState.OPTED_IN
