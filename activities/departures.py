"""A provider retires or moves: everything that was theirs goes to the successor, or to a person.

Told once for the organization. Every open referral that names them learns it: another certifier
gets the plan, reports go to who is left, and their own silence means nothing any more.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import NamedTuple

from sqlmodel import Session

from activities.tenants import Tenants
from integrations.emr.events import provider_left
from models.events import Event, ProviderIn, ProviderLeftIn
from models.facts import AnyFact, CertifierNamed, ProviderLeft
from models.parties import newest_naming
from models.referral import Referral
from store import audit, lookups, people, sources
from store.record import Record
from store.tables import InboxRow, ProviderRow, ReferralRow

SYSTEM = "system"


class Concerned(NamedTuple):
    """One open referral and what it must hear; told again word for word where it knows already."""

    row: ReferralRow
    referral: Referral
    facts: tuple[AnyFact, ...]


class Departure(NamedTuple):
    """What a departure comes to; ``later``: it has not come to pass yet, look again then."""

    concerned: tuple[Concerned, ...] = ()
    sources: tuple[str, ...] = ()
    later: datetime | None = None
    question: str | None = None  # why a person must look before anything is changed
    unknown: bool = False


class Departures:
    """Every method works inside the caller's transaction."""

    def __init__(self, record: Record, tenants: Tenants) -> None:
        self._record = record
        self._tenants = tenants

    def take(self, session: Session, inbox: InboxRow, event: Event, now: datetime) -> Departure:
        """Write that a provider has left; told again in the same words it changes nothing.

        Before the day itself nothing is written. Raises Conflict when another writer was quicker.
        """
        told = provider_left(event, inbox.received_at)
        calendar = self._tenants.calendar(inbox.org, event.at)
        day = calendar.at_local(told.on, time(0))
        if day > now and not event.retracted:
            return Departure(later=day)
        who = self._known(session, inbox.org, told.provider_id, told.provider_npi)
        if who is None:
            return Departure(unknown=True)
        try:
            successor = self._successor(session, inbox, told)
        except LookupError:
            return Departure(question="unknown_successor")
        at = max(event.at, day)
        before = who.left_on, who.successor_id
        who.left_on = None if event.retracted else told.on
        who.successor_id = successor.id if successor and not event.retracted else None
        session.add(who)
        watched = sources.of_provider(session, inbox.org, who.id)
        for source in watched:
            sources.leave(session, source, on=who.left_on, at=at)
        if before != (who.left_on, who.successor_id):
            audit.note(
                session,
                org=inbox.org,
                who=told.by or SYSTEM,
                what=event.type,
                subject=who.id,
                at=at,
                recorded_at=now,
            )
        left = ProviderLeft(
            at=at,
            as_of=max(event.as_of or at, at),
            retracted=event.retracted,
            provider_id=who.id,
            on=told.on,
            successor_id=successor.id if successor else None,
        )
        concerned = self._tell(session, inbox.org, left, successor, told.by or SYSTEM, now)
        return Departure(concerned, tuple(source.id for source in watched))

    def _tell(
        self,
        session: Session,
        org: str,
        left: ProviderLeft,
        successor: ProviderRow | None,
        by: str,
        now: datetime,
    ) -> tuple[Concerned, ...]:
        found = []
        for row in lookups.open_referrals_naming(session, org, left.provider_id):
            referral = self._record.load(session, org, row.id)
            if not referral.is_received():
                continue
            facts = _hears(referral, left, successor, by)
            written = self._record.write_in(session, org, row.id, *facts, recorded_at=now)
            found.append(Concerned(row, written.referral, facts))
        return tuple(found)

    def _known(
        self, session: Session, org: str, provider_id: str | None, npi: str | None
    ) -> ProviderRow | None:
        if provider_id is not None:
            row = session.get(ProviderRow, provider_id)
            return row if row is not None and row.org == org else None
        return lookups.provider_by_npi(session, org, npi) if npi else None

    def _successor(
        self, session: Session, inbox: InboxRow, told: ProviderLeftIn
    ) -> ProviderRow | None:
        """Who takes over, made where only name and fax are told; LookupError: we know no such."""
        if told.successor is not None:
            return self._made(session, inbox, told.successor)
        if told.successor_id is None and told.successor_npi is None:
            return None
        row = self._known(session, inbox.org, told.successor_id, told.successor_npi)
        if row is None:
            raise LookupError("unknown successor")
        return row

    def _made(self, session: Session, inbox: InboxRow, given: ProviderIn) -> ProviderRow:
        country = self._tenants.get(inbox.org).organization.country
        return people.provider(
            session, inbox.org, given, "successor", at=inbox.received_at, country=country
        )


def _hears(
    r: Referral, left: ProviderLeft, successor: ProviderRow | None, by: str
) -> tuple[AnyFact, ...]:
    """What one referral learns: who left, and who certifies instead where they did."""
    before = next((one for one in r.all(ProviderLeft) if one.key == left.key), None)
    ours = [
        one
        for one in r.all(CertifierNamed)
        if before is not None and (one.instead_of, one.at) == (left.provider_id, before.at)
    ]
    if left.retracted:
        back = {"retracted": True, "as_of": left.as_of}
        return (left, *(one.model_copy(update=back) for one in ours))
    if r.received.certifier_id != left.provider_id and newest_naming(r) not in ours:
        return (left,)  # they do not certify, or a person has named somebody since
    named = CertifierNamed(
        at=left.at,
        as_of=left.as_of,
        by=by,
        provider_id=successor.id if successor else None,
        may_certify=successor is None or people.may_certify_plans(successor),
        instead_of=left.provider_id,
    )
    return (left, named)
