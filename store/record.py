"""The record: the only writer of facts and of the cards that follow from them.

Facts and card change in one transaction, by the fold the workflow uses, so the board is right
while the engine is down. Facts are append-only; the card, and the rows of the referral's tasks,
are brought in step with everything known each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from models import duty
from models.attribution import Heard
from models.card import card_of
from models.contracts import Card
from models.events import ExternalId
from models.facts import AnyFact, TaskCompleted, TaskOpened, Urgency, parse_fact
from models.ids import new_id
from models.linking import Link
from models.policy import Rules
from models.referral import Referral
from models.regions import Region
from models.tasks import SPECS, kind_of, moot
from store import gathering, ledger, referrals, slots, sources
from store.engine import Store
from store.rows import digest
from store.tables import FactRow, ReferralRow, TaskRow, TaskState


class Written(NamedTuple):
    """What a write came to: the card, the referral as now known, and what was news."""

    card: Card
    referral: Referral
    fresh: tuple[AnyFact, ...]


class Told(NamedTuple):
    """One telling on the timeline, with the moment the store learned it."""

    fact: AnyFact
    recorded_at: datetime


class Record:
    """Facts in, cards out; every method may be called again without harm."""

    def __init__(self, store: Store) -> None:
        self.store = store

    # --- writing ------------------------------------------------------------------------------

    def create(
        self,
        session: Session,
        *,
        org: str,
        clinic_id: str,
        patient_id: str,
        source_id: str,
        received_at: datetime,
        rules: Rules,
        recorded_at: datetime,
        referral_id: str | None = None,
        external: ExternalId | None = None,
        urgency: Urgency = Urgency.ROUTINE,
        reason: str | None = None,
        duplicate_of: str | None = None,
        linked_as: Link | None = None,
        region: Region | None = None,
        fax_from: str | None = None,
        confirmed: bool = True,
        heard: Heard | None = None,
        campaign: str | None = None,
    ) -> ReferralRow:
        """A referral's row, its rules pinned; its facts follow by ``write_in``.

        Its source has been heard from in the same transaction, unless a machine read it and nobody
        has vouched for it yet. A linked request is a row that
        points to the first and has no facts of its own; of these only a co-source's counts, for
        its source alone. Raises Conflict when the organization already has a referral by this
        external id (the transaction is over then; look it up first with ``referrals.find``).
        """
        row = ReferralRow(
            id=referral_id or new_id("ref"),
            org=org,
            clinic_id=clinic_id,
            patient_id=patient_id,
            source_id=source_id,
            received_at=received_at,
            assigner=external.assigner if external else None,
            external_value=external.value if external else None,
            urgency=urgency,
            duplicate_of=duplicate_of,
            linked_as=linked_as,
            region=region,
            reason=reason,
            fax_from=fax_from,
            confirmed=confirmed,
            heard=heard,
            campaign=campaign,
            rules=rules.model_dump(mode="json"),
            policy_version=rules.policy_version,
            recorded_at=recorded_at,
        )
        session.add(row)
        session.flush()
        if confirmed and (duplicate_of is None or linked_as is Link.CO_SOURCE):
            sender = ledger.standing(session, source_id)
            sources.received(
                session, sender, received_at, on=rules.calendar.local_date(received_at)
            )
        if duplicate_of is not None:  # no facts of its own will follow
            ledger.follow(session, row, Referral(), rules, recorded_at)
        return row

    def write(self, org: str, referral_id: str, *facts: AnyFact, recorded_at: datetime) -> Card:
        """Write facts in a transaction of their own; see ``write_in``."""
        with self.store.write() as session:
            return self.write_in(session, org, referral_id, *facts, recorded_at=recorded_at).card

    def write_in(
        self,
        session: Session,
        org: str,
        referral_id: str,
        *facts: AnyFact,
        recorded_at: datetime,
    ) -> Written:
        """Lock the referral, insert what is new, fold all facts, refresh card and tasks.

        A fact told before in the same words is not written again; an older telling than what is
        known is kept and changes nothing. Without facts it refreshes the card. A duplicate's
        facts go to the first referral. Raises NotFound.
        """
        row = self._locked(session, org, referral_id)
        told = _facts(session, row.id)
        known = {(t.key, t.as_of, t.digest) for t in told}
        referral = Referral(parse_fact(t.body) for t in told)
        fresh: list[AnyFact] = []
        for fact in facts:
            new = _fact_row(row, fact, recorded_at)
            if (new.key, new.as_of, new.digest) in known:
                continue
            known.add((new.key, new.as_of, new.digest))
            session.add(new)
            if referral.learn(fact):
                fresh.append(fact)
        _sync_tasks(session, row, referral)
        rules = _rules(row)
        card = card_of(referral, rules, org=row.org, clinic_id=row.clinic_id, referral_id=row.id)
        for name, value in card.model_dump(exclude={"referral_id", "org", "clinic_id"}).items():
            setattr(row, name, value)
        if referral.is_received():
            row.certifier_id = referral.received.certifier_id
            row.urgency = referral.received.urgency
        session.add(row)
        session.flush()
        ledger.follow(session, row, referral, rules, recorded_at)
        slots.follow(session, org, row.clinic_id, row.id, referral, fresh)
        return Written(card, referral, tuple(fresh))

    # --- reading ------------------------------------------------------------------------------

    def referral(self, org: str, referral_id: str) -> Referral:
        """Everything known of a referral; raises NotFound."""
        with self.store.read() as session:
            return self.load(session, org, referral_id)

    def load(self, session: Session, org: str, referral_id: str) -> Referral:
        """``referral`` inside an open session."""
        row = referrals.get(session, org, referral_id)
        return Referral(parse_fact(told.body) for told in _facts(session, row.id))

    def rules(self, org: str, referral_id: str) -> Rules:
        """The rules pinned when the referral began; raises NotFound."""
        with self.store.read() as session:
            return _rules(referrals.get(session, org, referral_id))

    def card(self, org: str, referral_id: str) -> Card:
        """The card as last written; raises NotFound."""
        with self.store.read() as session:
            return card_from(referrals.get(session, org, referral_id))

    def timeline(self, org: str, referral_id: str) -> list[Told]:
        """Every telling, corrections and retractions included, in the order things happened."""
        with self.store.read() as session:
            row = referrals.get(session, org, referral_id)
            return [Told(parse_fact(t.body), t.recorded_at) for t in _facts(session, row.id)]

    def _locked(self, session: Session, org: str, referral_id: str) -> ReferralRow:
        first = referrals.get(session, org, referral_id).id
        # LOCKED, as a query writes it.
        query = select(ReferralRow).where(ReferralRow.id == first).with_for_update(key_share=True)
        return session.exec(query.execution_options(populate_existing=True)).one()


def card_from(row: ReferralRow) -> Card:
    """The card a row carries."""
    return Card(referral_id=row.id, **row.model_dump(include=set(Card.model_fields)))


def _rules(row: ReferralRow) -> Rules:
    return Rules.model_validate(row.rules)


def _facts(session: Session, referral_id: str) -> Sequence[FactRow]:
    query = select(FactRow).where(FactRow.referral_id == referral_id)
    return session.exec(query.order_by(col(FactRow.at), col(FactRow.id))).all()


def _fact_row(row: ReferralRow, fact: AnyFact, recorded_at: datetime) -> FactRow:
    body: dict[str, Any] = fact.model_dump(mode="json")
    return FactRow(
        org=row.org,
        referral_id=row.id,
        key=fact.key,
        kind=fact.kind,
        at=fact.at,
        as_of=fact.as_of,
        recorded_at=recorded_at,
        retracted=fact.retracted,
        digest=digest(fact.model_dump_json()),
        body=body,
    )


def _sync_tasks(session: Session, row: ReferralRow, referral: Referral) -> None:
    """Rows follow the fold: opened, done, overtaken, and open again when a fact was taken back."""
    query = select(TaskRow).where(TaskRow.org == row.org, TaskRow.subject == row.id)
    rows = {task.key: task for task in session.exec(query).all()}
    for opened in referral.all(TaskOpened):
        if opened.task not in rows:
            kind = kind_of(opened.task)
            rows[opened.task] = TaskRow(
                id=new_id("tsk"),
                org=row.org,
                clinic_id=row.clinic_id,
                subject=row.id,
                referral_id=row.id,
                key=opened.task,
                kind=kind,
                role=opened.role,
                due=opened.due,
                says=SPECS[kind].says,
                opened_at=opened.at,
            )
        rows[opened.task].due = opened.due
    done = {fact.task: fact for fact in referral.all(TaskCompleted)}
    retracted = {f.task for f in referral.facts if isinstance(f, TaskOpened) and f.retracted}
    for key, task in rows.items():
        before = task.state if task in session else None
        finished = done.get(key)
        task.done_at = finished.at if finished else None
        task.done_by = finished.by if finished else None
        task.outcome = finished.outcome if finished else None
        held = None if finished else duty.lease(referral, key)
        task.owner = held.who if held else None
        task.taken_at = held.since if held else None
        task.leased_until = held.until if held else None
        task.raised_to = duty.raised_to(referral, key)
        if finished:
            task.state = TaskState.DONE
        else:
            overtaken = key in retracted or moot(key, referral)
            task.state = TaskState.MOOT if overtaken else TaskState.OPEN
        if task.state == TaskState.OPEN:
            task.clinic_id = row.clinic_id  # where the referral is by now
        session.add(task)
        if task.state != before:
            gathering.gather(session, task)
