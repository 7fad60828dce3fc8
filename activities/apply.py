"""What an inbox row means for the record: one transaction, then a list of what to tell the engine.

Applying a row again writes nothing twice (facts, documents and tasks are keyed) and tells the
engine the same facts, so a row may be applied until the engine has heard it.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlmodel import Session

from activities.applied import DECIDED, Applied, Telling, merged, owed, start_of
from activities.arrivals import Arrivals, open_task
from activities.clinical import REPORT, SUMMARY, read_document, with_frequency
from activities.departures import Departures
from activities.missed_calls import MISSED, MissedCalls
from activities.placing import Placing
from activities.sharing import Sharing
from activities.tenants import Tenants
from activities.texts import REPLIED, Texts
from integrations.emr.calls import read_call
from integrations.emr.events import (
    NPI,
    PROVIDER_LEFT,
    RECEIVED,
    checked,
    milestone,
    read_json,
    reader,
)
from integrations.emr.referrals import new_referral
from integrations.emr.texts import read_text
from models.decisions import refusal
from models.errors import BadRequest
from models.events import Event, ReferralRef
from models.facts import (
    AnyDecision,
    AnyFact,
    CallMissed,
    PatientDied,
    PatientReplied,
    ReleaseRecorded,
    ReleaseRevoked,
    Signer,
    TaskOpened,
    parse_fact,
)
from models.letters import changes_a_letter, contradiction, death_told, quoted_in
from models.people import SourceKind
from models.referral import Referral
from models.sources import watched
from models.tasks import TaskKind, kind_of
from store import audit, documents, inbox, ledger, lookups, people, referrals, tasks
from store.engine import Store
from store.record import Record
from store.tables import InboxRow, InboxState, ReferralRow

RELEASE = "release_recorded"


def read_row(origin: str, body: bytes, received_at: datetime, country: str) -> Event:
    """The event of a row, whatever door it came in by; raises UserError, pure."""
    content = read_json(body)
    if origin in {"events", "hand", "texts", "page", "fax"}:
        event = checked(content, received_at)
    else:  # a referral alone, by the API or in a file
        alone = {"type": RECEIVED, "at": received_at.isoformat(), "data": content}
        try:
            event = checked(alone, received_at)
        except BadRequest as error:  # whose sender wrote no "data"
            field = (error.field or "").removeprefix("data.") or None
            sentence = error.sentence.removeprefix("data.")
            raise BadRequest(sentence, code=error.code, field=field) from None
    read_document(event)
    if event.type == RECEIVED:
        new_referral(event, received_at, country)
    if event.type == REPLIED:
        read_text(event, country)
    if event.type == MISSED:
        read_call(event, country)
    return event


class Apply:
    """Applies rows of the inbox to the record; knows nothing of the engine."""

    def __init__(self, store: Store, record: Record, tenants: Tenants) -> None:
        self._store = store
        self._record = record
        self._tenants = tenants
        self._arrivals = Arrivals(record, tenants)
        self._placing = Placing(record, tenants)
        self._departures = Departures(record, tenants)
        self._texts = Texts(tenants)
        self._calls = MissedCalls(tenants)
        self._sharing = Sharing(record)

    def apply(self, row_id: str, now: datetime) -> Applied | None:
        """Write what a row says, and what follows for the patient's other referrals.

        None when it was settled before. Raises UserError when it cannot be read after all,
        Conflict when another writer was quicker, StoreUnavailable.
        """
        applied = self._write(row_id, now)
        if applied is None:
            return None
        row = applied.row
        by_hand = row.origin == "hand"  # it may say that it is somebody else's
        about = {one.start.referral_id: one.facts for one in applied.tellings}
        if by_hand and row.referral_id is not None:
            about.setdefault(row.referral_id, ())
        more = [
            told
            for referral_id, facts in about.items()
            for told in self._sharing.settle(
                row.org,
                referral_id,
                facts,
                row.received_at,
                now,
                since=row.received_at,
                moved=by_hand,
            )
        ]
        return applied._replace(tellings=merged(applied.tellings, more)) if more else applied

    def after_closing(self, applied: Applied, telling: Telling, now: datetime) -> Telling | None:
        """What to do once the workflow's story had ended: a new run to begin, a task, or nothing.

        A referral closed as lost gives way to a booking or an evaluation; otherwise a person is
        asked only if a letter would have differed, and not for what was known before
        (ARCHITECTURE §7).
        """
        org, referral_id = telling.start.org, telling.start.referral_id
        with self._store.write() as session:
            row = referrals.get(session, org, referral_id)
            referral = self._record.load(session, org, referral_id)
            if referral.closing() is None:
                return owed(row, referral)
            for fact in telling.facts:
                if isinstance(fact, PatientReplied):
                    self._texts.ask_nobody_s(session, applied.row, fact)
                if isinstance(fact, CallMissed) and fact.here:
                    self._ask_about_call(session, applied.row)
                since = applied.row.received_at
                if not changes_a_letter(fact, telling.start.rules):
                    continue
                known = lookups.told_before(session, referral_id, fact.key, since)
                if known and not isinstance(fact, PatientDied):
                    continue
                occasion = fact.key.replace(":", "-")[:100]
                kind = TaskKind.AFTER_CLOSING
                opened = open_task(session, self._tenants, row, applied.row, kind, occasion)
                self._record.write_in(session, org, referral_id, opened, recorded_at=now)
        return None

    def settle(
        self,
        row_id: str,
        state: InboxState,
        now: datetime,
        *,
        reason: str | None = None,
        referral_id: str | None = None,
        next_try_at: datetime | None = None,
    ) -> None:
        """Say what became of a row; a settled one stays as it is."""
        with self._store.write() as session:
            inbox.mark(
                session,
                row_id,
                state,
                at=now,
                reason=reason,
                referral_id=referral_id,
                next_try_at=next_try_at,
            )

    def ask(self, row_id: str, kind: TaskKind, reason: str, now: datetime) -> None:
        """Hand a row to a person, the original attached; twice is once."""
        with self._store.write() as session:
            row = lookups.row(session, row_id)
            if row is not None:
                self._placing.ask(session, row, kind, reason, now)

    # --- inside ---------------------------------------------------------------------------------

    def _ask_about_call(self, session: Session, row: InboxRow) -> None:
        country = self._tenants.get(row.org).organization.country
        event = read_row(row.origin, row.body, row.received_at, country)
        self._calls.ask(session, row, event)

    def _write(self, row_id: str, now: datetime) -> Applied | None:
        with self._store.write() as session:
            row = lookups.row(session, row_id)
            if row is None or row.state not in {InboxState.RECEIVED, InboxState.WAITING}:
                return None
            if row.origin == DECIDED:
                return self._decided(session, row, now)
            country = self._tenants.get(row.org).organization.country
            event = read_row(row.origin, row.body, row.received_at, country)
            if event.type == RECEIVED:
                return self._arrive(session, row, event, country, now)
            if event.type == PROVIDER_LEFT:
                return self._depart(session, row, event, now)
            if event.type == REPLIED:
                return self._text(session, row, event, now)
            if event.type == MISSED:
                return self._missed(session, row, event, now)
            return self._milestone(session, row, event, now)

    def _decided(self, session: Session, row: InboxRow, now: datetime) -> Applied:
        """A closed referral goes on by a person's decision: written, then a new run is owed."""
        told = read_json(row.body)
        referral_id = told["referral_id"]
        decision = cast(AnyDecision, parse_fact(told["decision"]))
        refused = refusal(self._record.load(session, row.org, referral_id), decision)
        if refused is not None:  # somebody was faster
            inbox.mark(session, row.id, InboxState.REJECTED, at=now, reason=refused.code)
            return Applied(row)
        written = self._record.write_in(session, row.org, referral_id, decision, recorded_at=now)
        for fact in written.fresh:
            audit.note(
                session,
                org=row.org,
                who=decision.by,
                what=fact.kind,
                subject=referral_id,
                at=fact.at,
                recorded_at=now,
            )
        row.referral_id = referral_id
        session.add(row)
        known = referrals.get(session, row.org, referral_id)
        return Applied(row, (Telling(start_of(known, written.referral), reopens=True),))

    def _arrive(
        self, session: Session, row: InboxRow, event: Event, country: str, now: datetime
    ) -> Applied:
        arrival = new_referral(event, row.received_at, country)
        if event.retracted and arrival.referral.external is not None:
            external = arrival.referral.external
            if referrals.find(session, row.org, external) is None:
                return self._placing.wait(session, row, ReferralRef(external=external), now)
        arrived = self._arrivals.take(session, row, event, arrival, now)
        if arrived.question is not None:
            return self._placing.ask_about(session, row, arrived.row, arrived.question, now)
        woken = self._placing.woken(session, arrived.row)
        row.referral_id = arrived.row.id
        session.add(row)
        reason = arrived.row.linked_as or (None if arrived.new or arrived.facts else "known")
        if not arrived.new and not arrived.facts:
            inbox.mark(session, row.id, InboxState.APPLIED, at=now, reason=reason)
            return Applied(row, woken=woken)
        first = referrals.get(session, row.org, arrived.row.id)
        referral = self._record.load(session, row.org, first.id)
        source = ledger.standing(session, arrived.row.source_id)
        heard = (source.id, arrived.row.received_at) if watched(SourceKind(source.kind)) else None
        telling = owed(first, referral, arrived.facts)
        return Applied(row, (telling,), heard if arrived.heard else None, woken, reason=reason)

    def _depart(
        self, session: Session, row: InboxRow, event: Event, now: datetime
    ) -> Applied | None:
        departure = self._departures.take(session, row, event, now)
        if departure.later is not None:
            inbox.mark(
                session,
                row.id,
                InboxState.RECEIVED,
                at=now,
                reason="not_yet",
                next_try_at=departure.later,
            )
            return None
        if departure.question is not None:
            self._placing.ask(session, row, TaskKind.UNMATCHED_EVENT, departure.question, now)
            return Applied(row)
        reason = "unknown_provider" if departure.unknown else None
        tellings = [owed(one.row, one.referral, one.facts) for one in departure.concerned]
        return Applied(row, tuple(tellings), changed=departure.sources, reason=reason)

    def _milestone(self, session: Session, row: InboxRow, event: Event, now: datetime) -> Applied:
        ref = event.referral or ReferralRef()
        found = self._placing.match(session, row, ref)
        if not found and self._placing.all_closed(session, row.org, ref):
            return self._placing.ask_about_closed(session, row, now)
        if not found:
            return self._placing.wait(session, row, ref, now)
        if len(found) > 1:
            return self._placing.ask_which(session, row, found, now)
        referral_row = found[0]
        woken = self._placing.learn_id(session, referral_row, ref, now)
        fact = self._fact(session, row, event, referral_row)
        referral = self._record.load(session, row.org, referral_row.id)
        trouble = contradiction(referral, fact)
        if trouble is not None and row.matched_to is None:
            return self._placing.ask_about(session, row, referral_row, trouble, now)
        asked = self._taken_back(session, row, referral_row, referral, fact)
        row.referral_id = referral_row.id
        session.add(row)
        tellings = []
        for one, facts in [
            (referral_row, (fact, *asked)),
            *self._elsewhere(session, referral_row, fact),
        ]:
            written = self._record.write_in(session, row.org, one.id, *facts, recorded_at=now)
            tellings.append(owed(one, written.referral, facts))
        return Applied(row, tuple(tellings), woken=woken)

    def _text(self, session: Session, row: InboxRow, event: Event, now: datetime) -> Applied:
        """A text concerns every open referral on its number; one that none answers is a person's.

        Without a number it waits for the referral it names, like any other event.
        """
        ref = event.referral or ReferralRef()
        found = self._placing.match(session, row, ref)
        if len(found) > 1:
            return self._placing.ask_which(session, row, found, now)
        told = self._texts.about(session, row, event, found[0] if found else None)
        known = [(one, self._record.load(session, row.org, one.id)) for one, _ in told]
        scored = self._texts.score(session, row, event, known)
        if not told and not found and self._texts.take_in(session, row, event).phone is None:
            return self._placing.wait(session, row, ref, now)
        if not told:
            self._texts.ask_nobody_s(session, row, self._texts.nobody_s(session, row, event))
            inbox.mark(session, row.id, InboxState.APPLIED, at=now, reason="no_open_referral")
            return Applied(row)
        tellings = []
        for one, reply in told:
            fact, facts = reply, tuple[AnyFact, ...]((reply,))
            if scored is not None:
                fact = self._texts.as_score(reply, scored)
                facts = (fact, scored.fact) if scored.referral_id == one.id else (fact,)
            written = self._record.write_in(session, row.org, one.id, *facts, recorded_at=now)
            tellings.append(owed(one, written.referral, facts))
            row.referral_id = one.id if fact.here else row.referral_id
        session.add(row)
        return Applied(row, tuple(tellings))

    def _missed(self, session: Session, row: InboxRow, event: Event, now: datetime) -> Applied:
        """A call that nobody answered concerns every open referral on its number; else the desk."""
        told = self._calls.about(session, row, event)
        if not told:
            self._calls.ask(session, row, event)
            inbox.mark(session, row.id, InboxState.APPLIED, at=now, reason="no_open_referral")
            return Applied(row)
        tellings = []
        for one, fact in told:
            written = self._record.write_in(session, row.org, one.id, fact, recorded_at=now)
            tellings.append(owed(one, written.referral, (fact,)))
            row.referral_id = one.id if fact.here else row.referral_id
        session.add(row)
        return Applied(row, tuple(tellings))

    def _fact(
        self, session: Session, row: InboxRow, event: Event, referral: ReferralRow
    ) -> AnyFact:
        npi = event.data.get(NPI)
        provider = lookups.provider_by_npi(session, row.org, npi) if npi else None
        document_id = None
        clinical = read_document(event)
        if clinical is not None:
            by_provider = event.data.get("by") == Signer.PROVIDER
            document_id = documents.put(
                session,
                org=row.org,
                kind=clinical.kind,
                at=event.at,
                referral_id=referral.id,
                content=clinical.content,
                pdf=clinical.pdf,
                signed_by_therapist=event.type in {REPORT, SUMMARY}
                or event.data.get("by") == Signer.THERAPIST,
                signed_by_provider=by_provider,
            ).id
        recipient_id = None
        if event.type == RELEASE:
            recipient_id = people.reader(
                session,
                row.org,
                reader(event),
                at=row.received_at,
                country=self._tenants.get(row.org).organization.country,
            ).id
        # An order of somebody we have never met certifies nothing, but it is on file.
        provider_id = provider.id if provider else f"npi-{npi}"
        fact = milestone(
            event, document_id=document_id, provider_id=provider_id, recipient_id=recipient_id
        )
        return with_frequency(fact, clinical)

    def _taken_back(
        self,
        session: Session,
        inbox_row: InboxRow,
        row: ReferralRow,
        referral: Referral,
        fact: AnyFact,
    ) -> list[TaskOpened]:
        """Letters that named what is now taken back: a person decides what to tell."""
        if not fact.retracted:
            return []
        known = next((one for one in referral.facts if one.key == fact.key), None)
        if known is not None and not known.retracted:
            for message in quoted_in(referral, known):
                kind = TaskKind.RETRACTED_AFTER_LETTER
                open_task(session, self._tenants, row, inbox_row, kind, message.key[:120])
        # Read back from the rows, so that applying this row again tells the same.
        return [
            TaskOpened(
                at=one.opened_at, as_of=one.opened_at, task=one.key, role=one.role, due=one.due
            )
            for one in tasks.of_referral(session, row.id)
            if kind_of(one.key) is TaskKind.RETRACTED_AFTER_LETTER and one.inbox_id == inbox_row.id
        ]

    def _elsewhere(
        self, session: Session, row: ReferralRow, fact: AnyFact
    ) -> list[tuple[ReferralRow, tuple[AnyFact, ...]]]:
        """What the patient's other referrals must hear: a death, and what others may read."""
        if isinstance(fact, ReleaseRecorded | ReleaseRevoked):
            others = lookups.open_referrals_of(session, row.org, row.patient_id)
            return [(other, (fact,)) for other in others if other.id != row.id]
        return self._deaths(session, row, fact)

    def _deaths(
        self, session: Session, row: ReferralRow, fact: AnyFact
    ) -> list[tuple[ReferralRow, tuple[AnyFact, ...]]]:
        """What the patient's other referrals must hear: a death concerns them all (rule 22).

        Taken back, by itself or because care ended for another reason after all, it is taken back
        wherever it was heard.
        """
        death = death_told(fact)
        if death is None and lookups.ended_deceased(session, row.id, fact):
            death = PatientDied(at=fact.at, as_of=fact.as_of, retracted=True)
        if death is None:
            return []
        if death.retracted:
            others = lookups.referrals_that_know(session, row.org, row.patient_id, death.key)
        else:
            others = lookups.open_referrals_of(session, row.org, row.patient_id)
        return [(other, (death,)) for other in others if other.id != row.id]
