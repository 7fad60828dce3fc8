"""A new referral in the store: people found or made, duplicates linked, the first facts written."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from activities.linking import Linked, Linking
from activities.tenants import Tenants
from integrations.emr.referrals import Arrival, Flaw
from models.errors import BadRequest
from models.events import Event, NewReferral
from models.facts import AnyFact, OrderReceived, ReferralReceived, TaskOpened
from models.linking import Link, Request
from models.people import SourceKind
from models.policy import Rules
from models.sources import watched
from models.tasks import SPECS, TaskKind, task_key
from store import ledger, people, referrals, sources, tasks
from store.record import Record
from store.rows import LOCKED
from store.tables import InboxRow, PatientRow, PracticeRow, ProviderRow, ReferralRow, SourceRow

_READ_AGAIN = "A machine read other details in this referral than a person vouched for: which?"
_DECEASED = "A referral came for a patient who is on record as deceased: say what is right"


class Arrived(NamedTuple):
    """What a new referral came to.

    ``facts`` are to be told to a running workflow: that of ``row``, or of the referral that it
    points to. ``heard``: the source has sent somebody, so that its watch starts again.
    """

    row: ReferralRow
    facts: tuple[AnyFact, ...] = ()
    new: bool = False
    heard: bool = False
    question: str | None = None  # what a person must decide before anything is changed


def inbox_id_of(referral_id: str) -> str:
    """The inbox row that brought a referral: the reverse of ``referral_id_for``."""
    return "evt_" + referral_id.partition("_")[2]


def referral_id_for(row: InboxRow) -> str:
    """The id of the referral that an inbox row makes: the same however often it is applied."""
    return "ref_" + row.id.partition("_")[2]


def check_clinic(tenants: Tenants, org: str, event: Event) -> None:
    """Raises BadRequest ``unknown_clinic`` when a referral names a clinic that is not there."""
    clinic_for(tenants, org, event.data.get("clinic"))


def clinic_for(tenants: Tenants, org: str, named: str | None) -> str:
    """The clinic a referral goes to: the one it names, else the first of the policy file.

    Raises BadRequest ``unknown_clinic``.
    """
    known = [clinic.id for clinic in tenants.get(org).organization.clinics]
    if named is None:
        return known[0]
    if named not in known:
        raise BadRequest(
            f"clinic: there is no such clinic; there are: {', '.join(known)}.",
            code="unknown_clinic",
            field="clinic",
        )
    return named


class MachineReading(NamedTuple):
    """How a request came that a machine read; the default is one that none did."""

    confirmed: bool = True
    pages: int = 0
    fax: str | None = None
    fax_verified: bool = False

    def facts(self, told: ReferralReceived) -> dict[str, object]:
        """What the fact says of it; a sender is taken for who they are once somebody has looked."""
        if not self.pages:
            return {}
        return {
            "origin": "fax",
            "confirmed": self.confirmed,
            "pages": self.pages,
            "fax_verified": self.fax_verified,
            "source_verified": told.source_verified and self.confirmed,
        }


class Arrivals:
    """Writes new referrals; every method works inside the caller's transaction."""

    def __init__(self, record: Record, tenants: Tenants) -> None:
        self._record = record
        self._tenants = tenants
        self._linking = Linking(record)

    def take(
        self, session: Session, inbox: InboxRow, event: Event, arrival: Arrival, now: datetime
    ) -> Arrived:
        """Make the referral, or find it made; a duplicate becomes a row that points to the first.

        *now* is when the store learns it. Raises BadRequest for people who cannot be, Conflict
        when another writer was quicker (do it again).
        """
        new = arrival.referral
        mine = session.get(ReferralRow, referral_id_for(inbox))
        if mine is not None and mine.duplicate_of is not None:
            facts = self._linking.brought_by(session, mine)
            return Arrived(mine, facts, heard=mine.linked_as == Link.CO_SOURCE)
        if mine is not None:
            return Arrived(mine, new=True, heard=True)
        known = referrals.find(session, inbox.org, new.external) if new.external else None
        if inbox.origin == "hand" and event.referral is not None and event.referral.id is not None:
            known = referrals.get(session, inbox.org, event.referral.id)  # a person corrects it
        if known is not None:
            return self._again(session, inbox, event, arrival, known, now)
        return self._make(session, inbox, event, arrival, now)

    def _make(
        self,
        session: Session,
        inbox: InboxRow,
        event: Event,
        arrival: Arrival,
        now: datetime,
        besides: str | None = None,
    ) -> Arrived:
        org, new, received_at = inbox.org, arrival.referral, arrival.received_at
        found = self._people(session, inbox, new)
        machine = self._machine(session, inbox, new, found)
        policy = self._tenants.get(org).policy
        clinic_id = clinic_for(self._tenants, org, new.clinic)
        rules = self._tenants.rules(org, clinic_id, received_at)
        self._next_touch(session, found.source, rules, received_at)
        # Two referrals of one patient at once take turns here, so that the second sees the first.
        session.get(PatientRow, found.patient.id, with_for_update=LOCKED, populate_existing=True)
        request = Request(
            source_id=found.source.id,
            kind=SourceKind(found.source.kind),
            received_at=received_at,
            region=new.region,
        )
        window = policy.capture.dedupe_window
        linked = Linked()  # what may be misread is linked to nothing
        if machine.confirmed:
            linked = self._linking.find(
                session, org, found.patient.id, request, window, besides=besides
            )
        if linked.died is not None:
            return Arrived(linked.died, question=_DECEASED)
        first = linked.first
        row = self._record.create(
            session,
            org=org,
            clinic_id=clinic_id,
            patient_id=found.patient.id,
            source_id=found.source.id,
            received_at=received_at,
            rules=rules,
            recorded_at=now,
            referral_id=referral_id_for(inbox),
            external=new.external,
            urgency=new.urgency,
            reason=new.reason,
            duplicate_of=first.id if first else None,
            linked_as=linked.link if first else None,
            region=new.region,
            fax_from=machine.fax,
            confirmed=machine.confirmed,
            heard=new.heard,
            campaign=new.campaign,
        )
        told = _received(event, arrival, found, inbox.origin, max(received_at, inbox.received_at))
        told = told.model_copy(update=machine.facts(told))
        about = first or row
        asked = [self._ask(session, inbox, about, row, flaw) for flaw in arrival.flaws]
        if first is None:
            self._record.write_in(session, org, row.id, told, *asked, recorded_at=now)
            return Arrived(row, new=True, heard=machine.confirmed)
        order = _order(row, arrival, found, told)
        facts = (*self._linking.brought(session, linked, row, told, order), *asked)
        if facts:
            self._record.write_in(session, org, first.id, *facts, recorded_at=now)
        return Arrived(row, facts, heard=linked.link is Link.CO_SOURCE)

    def _next_touch(
        self, session: Session, source: SourceRow, rules: Rules, received_at: datetime
    ) -> None:
        """Whoever sends has a date on which somebody is in touch with them (policy.md rule 24).

        Two weeks on, as after a thank-you, which may never go out. Who is not asked for patients,
        or has left, has none.
        """
        if source.next_touch_at is not None or not watched(SourceKind(source.kind)):
            return
        calendar, gap = rules.calendar, rules.policy.silence.cooling_min_gap
        day = calendar.local_date(calendar.after(received_at, gap))
        sources.set_next_touch(session, source, calendar.opening(day))

    def _again(
        self,
        session: Session,
        inbox: InboxRow,
        event: Event,
        arrival: Arrival,
        known: ReferralRow,
        now: datetime,
    ) -> Arrived:
        """The same referral told again: details may be corrected, who it is about may not."""
        if event.retracted:
            return Arrived(known, question="The source takes this referral back: decide what to do")
        found = self._people(session, inbox, arrival.referral)
        if ledger.standing(session, known.source_id).id == found.source.id:
            # Whoever sent it turned out to be another one since then; the referral stays theirs.
            found = found._replace(source=session.get_one(SourceRow, known.source_id))
        same_people = (found.patient.id, found.source.id) == (known.patient_id, known.source_id)
        if inbox.origin == "hand" and known.duplicate_of is None:
            other = self._corrected(session, inbox, event, arrival, known, found, now)
            if other is not None:
                return other
        elif not same_people:
            return Arrived(
                known,
                question="This referral came again with another patient or source: which is right?",
            )
        referral = self._record.load(session, inbox.org, known.id)
        if not referral.is_received():
            return Arrived(known)
        first = referral.told
        told = _received(event, arrival, found, first.origin, first.confirmed_at)
        facts: list[AnyFact] = []
        if known.duplicate_of is not None:
            facts += self._linking.told_again(session, known, told)
        else:
            kept = ("at", "confirmed", "pages", "fax_verified")
            told = told.model_copy(update={name: getattr(first, name) for name in kept})
            same = told.model_copy(update={"as_of": first.as_of}) == first
            if not same and arrival.referral.machine_read and not referral.unconfirmed():
                return Arrived(known, question=_READ_AGAIN)
            facts += [] if same else [told]
            known.region = arrival.referral.region or known.region
            session.add(known)
        news = _attributed(session, known, arrival.referral)
        about = referrals.get(session, inbox.org, known.id)
        facts += [self._ask(session, inbox, about, known, flaw) for flaw in arrival.flaws]
        if facts or news:
            self._record.write_in(session, inbox.org, known.id, *facts, recorded_at=now)
        return Arrived(known, tuple(facts))

    def _corrected(
        self,
        session: Session,
        inbox: InboxRow,
        event: Event,
        arrival: Arrival,
        known: ReferralRow,
        found: people.Everyone,
        now: datetime,
    ) -> Arrived | None:
        """A person says who it is about: another patient, another sender, or one we have already.

        Where the request belongs to a referral on record it is linked there, as if it had come
        now; the one a machine had made of it is then for the person to reject.
        """
        new = arrival.referral
        if not known.confirmed:
            request = Request(
                source_id=found.source.id,
                kind=SourceKind(found.source.kind),
                received_at=arrival.received_at,
                region=new.region,
            )
            window = self._tenants.get(inbox.org).policy.capture.dedupe_window
            # Of two copies that people vouch for at once, the second sees the first.
            session.get(
                PatientRow, found.patient.id, with_for_update=LOCKED, populate_existing=True
            )
            linked = self._linking.find(
                session, inbox.org, found.patient.id, request, window, besides=known.id
            )
            if linked.first is not None:
                self._linking.bring_events(session, known, inbox_id_of(known.id), linked.first)
            if linked.first is not None or linked.died is not None:
                return self._make(session, inbox, event, arrival, now, besides=known.id)
        people.strike_out(session, found.patient, new.patient)
        before, known.patient_id = known.patient_id, found.patient.id
        known.source_id, known.urgency = found.source.id, new.urgency
        known.reason = new.reason or known.reason
        session.add(known)
        session.flush()
        if before != found.patient.id:
            people.forget_if_alone(session, before)
        return None

    def _machine(
        self, session: Session, inbox: InboxRow, new: NewReferral, found: people.Everyone
    ) -> MachineReading:
        """What follows from a machine's reading: a person confirms it, unless all of it is known.

        Known is a patient of the same name, birth date and phone whom somebody has vouched for,
        sent by a source we know from a number that is verified as its office's (rule 7).
        """
        read = new.machine_read
        if read is None:
            self._vouch(session, found)
            return MachineReading()
        office = people.office_by_fax(session, inbox.org, read.fax) if read.fax else None
        verified = office is not None and office.fax_verified
        theirs = verified and office is not None and found.source.practice_id == office.id
        known = people.vouched_for(session, found.patient.id, referral_id_for(inbox))
        return MachineReading(
            confirmed=theirs and known and found.source.verified,
            pages=read.pages,
            fax=read.fax,
            fax_verified=verified,
        )

    def _vouch(self, session: Session, found: people.Everyone) -> None:
        """A system we trust has told the office's number: pages from there are known from now."""
        source = found.source
        office = session.get(PracticeRow, source.practice_id) if source.practice_id else None
        if source.verified and office is not None and office.fax is not None:
            office.fax_verified = True
            session.add(office)

    def _people(self, session: Session, inbox: InboxRow, new: NewReferral) -> people.Everyone:
        calendar = self._tenants.calendar(inbox.org, inbox.received_at)
        today = calendar.local_date(inbox.received_at)
        found = people.everyone(
            session,
            inbox.org,
            new,
            at=inbox.received_at,
            today=today,
            country=self._tenants.get(inbox.org).organization.country,
            trusted=new.machine_read is None,
        )

        # Whoever has left certifies nothing and reads no reports, whatever an old form says.
        def standing(one: ProviderRow | None) -> ProviderRow | None:
            return people.standing_in(session, one, today) if one else None

        hears = [standing(one) for one in found.recipients]
        return found._replace(
            sender=standing(found.sender),
            certifier=standing(found.certifier),
            recipients=tuple(one for one in hears if one is not None),
        )

    def _ask(
        self, session: Session, inbox: InboxRow, about: ReferralRow, row: ReferralRow, flaw: Flaw
    ) -> TaskOpened:
        """A person looks up what was set aside; the referral goes on meanwhile.

        ``about`` is the referral, ``row`` the request that was told: another one where it is
        linked.
        """
        patient = flaw.field.startswith("patient")
        kind = TaskKind.ASK_OFFICE if patient else TaskKind.VERIFY_SENDER
        occasion = flaw.field.replace(".", "-")
        occasion += "" if about.id == row.id else f"-{row.id}"
        return open_task(session, self._tenants, about, inbox, kind, occasion, says=flaw.says)


def open_task(
    session: Session,
    tenants: Tenants,
    row: ReferralRow,
    inbox: InboxRow,
    kind: TaskKind,
    occasion: str,
    *,
    says: str | None = None,
) -> TaskOpened:
    """A task on a referral with the original attached, and its fact; write that one as well."""
    at = inbox.received_at
    lease = tenants.get(row.org).policy.task.lease
    due = tenants.calendar(row.org, at, row.clinic_id).after(at, lease)
    tasks.open_for_referral(
        session, row, kind, occasion, due=due, at=at, says=says, inbox_id=inbox.id
    )
    key = task_key(kind, occasion)
    return TaskOpened(at=at, as_of=at, task=key, role=SPECS[kind].role, due=due)


def _attributed(session: Session, known: ReferralRow, told: NewReferral) -> bool:
    """Take over how the patient heard of us, where that was told, and which campaign; is it new?"""
    before = known.heard, known.campaign
    if "heard" in told.model_fields_set:
        known.heard = told.heard
    if "campaign" in told.model_fields_set:
        known.campaign = told.campaign
    session.add(known)
    return (known.heard, known.campaign) != before


def _received(
    event: Event, arrival: Arrival, found: people.Everyone, origin: str, confirmed_at: datetime
) -> ReferralReceived:
    new, source, certifier = arrival.referral, found.source, found.certifier
    kind = SourceKind(source.kind)
    named = [one.id for one in (found.sender, certifier, *found.recipients) if one is not None]
    order = new.order
    # An order counts for certification only where it is the certifier's own (policy.md rule 5).
    own = order is not None and certifier is not None and certifier.id == source.provider_id
    return ReferralReceived(
        at=arrival.received_at,
        as_of=event.as_of or event.at,
        confirmed_at=confirmed_at,
        origin=origin,
        source_id=source.id,
        source_kind=kind,
        source_verified=source.verified,
        may_thank=new.source.thanked,
        certifier_id=certifier.id if certifier else None,
        certifier_may_certify=certifier is None or people.may_certify_plans(certifier),
        recipients=tuple(dict.fromkeys(named)),
        payers=new.payers,
        urgency=new.urgency,
        not_before=new.not_before,
        order_signed_and_dated=own and order is not None and order.signed and order.dated,
        order_holds_full_plan=own and order is not None and order.holds_full_plan,
    )


def _order(
    row: ReferralRow, arrival: Arrival, found: people.Everyone, told: ReferralReceived
) -> OrderReceived | None:
    """The order inside a further request; None where nobody who could order sent it."""
    orders = found.source.provider_id or (found.certifier.id if found.certifier else None)
    if orders is None or not SourceKind(found.source.kind).treating:
        return None
    order = arrival.referral.order
    return OrderReceived(
        at=told.at,
        as_of=told.as_of,
        order_id=row.id,
        provider_id=orders,
        signed_and_dated=order is not None and order.signed and order.dated,
        holds_full_plan=order is not None and order.holds_full_plan,
    )
