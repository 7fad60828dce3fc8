"""A further request about a patient we know: found beside the earlier one, and what it brings.

models.linking decides what it is; this module hands it the record and keeps what follows in the
caller's transaction. It runs under the lock on the patient's row.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from integrations.emr.events import RECEIVED, read_json
from models.facts import AnyFact, CoSourceAdded, OrderReceived, ReferralReceived, TaskOpened
from models.hours import LENGTHS, Span
from models.linking import Earlier, Link, Request, link, never_was
from models.people import SourceKind
from models.referral import Referral
from models.regions import Region
from store import inbox, ledger, lookups, referrals
from store.record import Record
from store.tables import ReferralRow, SourceRow

_EVENTS = frozenset({"events", "hand", "fax"})  # doors at which more than a referral is told


class Linked(NamedTuple):
    """What a request is, and the referral it belongs to where it is not new.

    ``died``: a referral of this patient that ended with their death; a person must look.
    """

    link: Link = Link.NEW
    first: ReferralRow | None = None
    died: ReferralRow | None = None


class Linking:
    """Every method works inside the caller's transaction."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def find(
        self,
        session: Session,
        org: str,
        patient_id: str,
        request: Request,
        window: Span,
        *,
        besides: str | None = None,
    ) -> Linked:
        """What a request is beside what is on record of its patient, ``besides`` left out.

        What only a machine has read does not count, until a person's word on it is here. Where
        several referrals fit, one about the same region goes first, then the oldest.
        """
        length = window.amount * LENGTHS.get(window.unit, timedelta(days=1))
        fits: list[tuple[bool, datetime, str, Linked]] = []
        since = request.received_at - length
        for row in referrals.of_patient(session, org, patient_id, since=since):
            referral = self._record.load(session, org, row.id)
            if row.id == besides or never_was(referral):
                continue
            if referral.unconfirmed() and not self._vouched_for(session, row):
                continue
            if referral.died():
                return Linked(died=row)
            earlier = Earlier.of(referral, Region(row.region) if row.region else None)
            earlier = self._same_office(session, earlier, request)
            found = link(request, earlier, length)
            if found is not Link.NEW:
                other = request.region is not None and row.region != request.region
                fits.append((other, row.received_at, row.id, Linked(found, row)))
        if not fits:
            return Linked()
        first = min(fits)[-1]
        if first.first is not None and first.first.region is None and request.region:
            first.first.region = request.region
            session.add(first.first)
        return first

    def bring_events(
        self, session: Session, row: ReferralRow, original: str, first: ReferralRow
    ) -> None:
        """What was told meanwhile of a referral that proves to be another one is applied there.

        ``original`` is the row that brought the referral. The ``inbox`` chore dispatches them.
        """
        for told in lookups.told_of(session, row, original):
            event = told.origin in _EVENTS and told.referral_id == row.id and told.body
            if event and read_json(told.body).get("type") != RECEIVED:
                inbox.match(session, told.id, first.id, anew=True)

    def _vouched_for(self, session: Session, row: ReferralRow) -> bool:
        """Whether a person has told it again, although no workflow has taken that yet."""
        told = lookups.told_by_hand(session, row.org, row.id)
        return any(one.referral_id == row.id for one in told)

    def brought(
        self,
        session: Session,
        linked: Linked,
        row: ReferralRow,
        told: ReferralReceived,
        order: OrderReceived | None,
    ) -> tuple[AnyFact, ...]:
        """What a linked request lets the first referral know; nothing that is known already."""
        first = self._record.load(session, row.org, row.duplicate_of or row.id)
        if linked.link is Link.CO_SOURCE:
            return (co_source(told), *([order] if order else []))
        if linked.link is Link.RENEWAL and order is not None:
            asked = {"source_id": told.source_id, "confirmed_at": told.confirmed_at}
            return (order.model_copy(update=asked),)
        better = order is not None and order.signed_and_dated and not _on_file(first, order)
        return (order,) if better and order is not None else ()

    def brought_by(self, session: Session, row: ReferralRow) -> tuple[AnyFact, ...]:
        """What a request that was linked before brought, read back from the record."""
        first = self._record.load(session, row.org, row.duplicate_of or row.id)
        keys = {f"co_source:{row.source_id}"} if row.linked_as == Link.CO_SOURCE else set()
        keys.add(f"order:{row.id}")
        asked = f"-{row.id}"  # of a person: a value of this request that was set aside
        return tuple(
            fact
            for fact in first.facts
            if fact.key in keys or (isinstance(fact, TaskOpened) and fact.task.endswith(asked))
        )

    def told_again(
        self, session: Session, row: ReferralRow, told: ReferralReceived
    ) -> tuple[AnyFact, ...]:
        """A co-source's request in other words, such as with its sender verified."""
        if row.linked_as != Link.CO_SOURCE:
            return ()
        first = self._record.load(session, row.org, row.duplicate_of or row.id)
        for known in first.all(CoSourceAdded):
            if known.source_id == row.source_id:
                kept = {"at": known.at, "confirmed_at": known.confirmed_at}
                again = co_source(told).model_copy(update=kept)
                same = again.model_copy(update={"as_of": known.as_of}) == known
                return () if same else (again,)
        return ()

    def _same_office(self, session: Session, earlier: Earlier, request: Request) -> Earlier:
        """An office and the provider who works there are one source where one names the other.

        So are two of which a person said that they are one.
        """
        stands = {ledger.standing(session, one).id: at for one, at in earlier.asked.items()}
        earlier = earlier.model_copy(update={"asked": {**stands, **earlier.asked}})
        mine = session.get_one(SourceRow, request.source_id)
        if mine.practice_id is None or request.source_id in earlier.asked:
            return earlier
        for source_id, at in earlier.asked.items():
            theirs = session.get_one(SourceRow, source_id)
            kinds = {theirs.kind, mine.kind}
            offices = SourceKind.PRACTICE in kinds and kinds <= _OFFICES
            if theirs.practice_id == mine.practice_id and offices:
                return earlier.model_copy(
                    update={"asked": {**earlier.asked, request.source_id: at}}
                )
        return earlier


_OFFICES = {SourceKind.PRACTICE, SourceKind.PROVIDER}


def co_source(told: ReferralReceived) -> CoSourceAdded:
    """The fact that somebody else sent the same patient, from the request as they told it."""
    return CoSourceAdded(
        at=told.at,
        as_of=told.as_of,
        confirmed_at=told.confirmed_at,
        source_id=told.source_id,
        source_kind=told.source_kind,
        may_thank=told.may_thank,
        verified=told.source_verified,
        certifier_id=told.certifier_id,
        certifier_may_certify=told.certifier_may_certify,
        recipients=told.recipients,
        payers=told.payers,
    )


def _on_file(first: Referral, order: OrderReceived) -> bool:
    """A signed and dated order of the same provider is there already."""
    told = first.received
    own = told.order_signed_and_dated and told.certifier_id == order.provider_id
    return own or any(
        one.signed_and_dated and one.provider_id == order.provider_id
        for one in first.all(OrderReceived)
    )
