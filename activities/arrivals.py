"""A new referral in the store: people found or made, duplicates linked, the first facts written."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from activities.linking import Linking
from activities.tenants import Tenants
from integrations.emr.referrals import Arrival, Flaw
from models.errors import BadRequest
from models.events import Event, NewReferral
from models.facts import AnyFact, OrderReceived, ReferralReceived, TaskOpened
from models.linking import Link, Request
from models.people import SourceKind
from models.tasks import SPECS, TaskKind, task_key
from store import people, referrals, tasks
from store.record import Record
from store.rows import LOCKED
from store.tables import InboxRow, PatientRow, ProviderRow, ReferralRow

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
        if known is not None:
            return self._again(session, inbox, event, arrival, known, now)
        return self._make(session, inbox, event, arrival, now)

    def _make(
        self, session: Session, inbox: InboxRow, event: Event, arrival: Arrival, now: datetime
    ) -> Arrived:
        org, new, received_at = inbox.org, arrival.referral, arrival.received_at
        found = self._people(session, inbox, new)
        policy = self._tenants.get(org).policy
        clinic_id = clinic_for(self._tenants, org, new.clinic)
        rules = self._tenants.rules(org, clinic_id, received_at)
        # Two referrals of one patient at once take turns here, so that the second sees the first.
        session.get(PatientRow, found.patient.id, with_for_update=LOCKED, populate_existing=True)
        request = Request(
            source_id=found.source.id,
            kind=SourceKind(found.source.kind),
            received_at=received_at,
            region=new.region,
        )
        window = policy.capture.dedupe_window
        linked = self._linking.find(session, org, found.patient.id, request, window)
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
        )
        told = _received(event, arrival, found, inbox.origin, max(received_at, inbox.received_at))
        about = first or row
        asked = [self._ask(session, inbox, about, row, flaw) for flaw in arrival.flaws]
        if first is None:
            self._record.write_in(session, org, row.id, told, *asked, recorded_at=now)
            return Arrived(row, new=True, heard=True)
        order = _order(row, arrival, found, told)
        facts = (*self._linking.brought(session, linked, row, told, order), *asked)
        if facts:
            self._record.write_in(session, org, first.id, *facts, recorded_at=now)
        return Arrived(row, facts, heard=linked.link is Link.CO_SOURCE)

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
        if (found.patient.id, found.source.id) != (known.patient_id, known.source_id):
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
            told = told.model_copy(update={"at": first.at})
            same = told.model_copy(update={"as_of": first.as_of}) == first
            facts += [] if same else [told]
            known.region = arrival.referral.region or known.region
            session.add(known)
        about = referrals.get(session, inbox.org, known.id)
        facts += [self._ask(session, inbox, about, known, flaw) for flaw in arrival.flaws]
        if facts:
            self._record.write_in(session, inbox.org, known.id, *facts, recorded_at=now)
        return Arrived(known, tuple(facts))

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
