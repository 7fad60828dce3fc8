"""The letter about a scorecard: asked for, approved by a named person, or switched off.

Nothing goes out without the approval; what the office may read is frozen when it is asked for, so
that what was approved is what leaves (policy.md §2 report, §3 scorecard; rule 13).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlmodel import Session

from activities import letter_fate
from activities.scorecards import Counted, Scorecards
from activities.tenants import Tenants
from models.errors import Forbidden, Refused
from models.organization import Staff
from models.people import SourceKind
from models.policy.base import span
from models.scorecard import ScorecardLetter
from models.tasks import TaskKind
from store import consent, contacts, ledger, scorecards, tasks
from store.engine import Store
from store.scorecards import PURPOSE, Way
from store.tables import (
    ConsentState,
    DeliveryRow,
    DeliveryState,
    PracticeRow,
    ScorecardLetterRow,
    SourceRow,
)

_KIND: Final = TaskKind.APPROVE_SCORECARD
_DECIDE_IN: Final = span("5 bd")  # judgment
CHANNELS: Final = ("fax", "email")


class Standing(NamedTuple):
    """How the letter of this quarter stands; ``stopped``: the office wants none.

    ``uncertain``: of one, of whichever quarter, nobody can tell whether it arrived.
    """

    quarter: str
    letter: ScorecardLetterRow | None
    sent: DeliveryRow | None
    stopped: bool
    uncertain: bool


class TellingOffices:
    """What people do about letters; safe to share between threads."""

    def __init__(self, store: Store, tenants: Tenants) -> None:
        self._store = store
        self._tenants = tenants
        self._cards = Scorecards(store, tenants)

    def standing(self, org: str, source: SourceRow, now: datetime) -> Standing:
        """How it stands with this office in this quarter."""
        when = self._quarter(org, now)
        with self._store.read() as session:
            letter = scorecards.waiting(session, source) or scorecards.of_quarter(
                session, source, when
            )
            tries = scorecards.deliveries(session, letter.id) if letter else ()
            stopped = self._stopped(session, source)
            uncertain = scorecards.uncertain(session, source) is not None
        return Standing(when, letter, tries[-1] if tries else None, stopped, uncertain)

    def ask(self, org: str, source_id: str, *, by: Staff, now: datetime) -> ScorecardLetterRow:
        """Word the letter to a source's office and hold it for approval, as a task.

        Raises NotFound, and Refused with what stands in the way: too few patients, a letter of this
        quarter, an office that wants none, no address that may be used.
        """
        policy = self._tenants.get(org).policy.report
        if policy.scorecards_per_quarter < 1:
            raise Refused(
                "Scorecards are switched off: see scorecards_per_quarter in [report] of the "
                "policy file.",
                code="scorecards_off",
            )
        clinics = [one.id for one in self._tenants.get(org).organization.clinics]
        counted = self._cards.card(org, source_id, clinics, whole=True, now=now)
        letter = self._cards.letter(
            org, counted, document_id=self._number(counted, org, now), sender="", now=now
        )
        with self._store.write() as session:
            source = session.get_one(SourceRow, counted.source.id)
            way = self._way(session, source, now)
            row = scorecards.ask(
                session,
                source,
                way,
                when=self._quarter(org, now),
                content=letter.model_dump(mode="json"),
                by=by.id,
                at=now,
            )
            due = self._tenants.calendar(org, now).after(now, _DECIDE_IN)
            occasion = f"{row.id}-{now:%Y%m%dT%H%M%S}"
            role = policy.scorecard_approved_by
            tasks.open_for_source(session, source, _KIND, occasion, due=due, at=now, role=role)
            tasks.end_for(session, org, TaskKind.SCORECARD_LOST, row.id, by=by.id, at=now)
            return row

    def approve(self, org: str, source_id: str, *, by: Staff, now: datetime) -> DeliveryRow:
        """Let the letter that waits go out, under the name of whoever approves it.

        Raises Forbidden ``not_yours_to_approve``, and Refused where nothing waits, the office has
        said no meanwhile, or is reached in another way than when the letter was worded.
        """
        self._check_role(org, by)
        with self._store.write() as session:
            row = self._waiting(session, org, source_id)
            if row.quarter != self._quarter(org, now):
                raise Refused(
                    f"This letter was worded in {row.quarter}. Decline it and ask for a new one.",
                    code="out_of_date",
                )
            asked = ledger.standing(session, row.source_id)
            self._check_wanted(session, asked, row.address)
            if self._way(session, asked, now) != Way(row.channel, row.address):
                raise Refused(
                    "This office is reached in another way than when the letter was worded. "
                    "Decline it and ask for a new one.",
                    code="out_of_date",
                )
            told = ScorecardLetter.model_validate(row.content)
            told = told.model_copy(update={"sender": by.name})
            delivery = scorecards.approve(
                session, row, content=told.model_dump(mode="json"), by=by.id, at=now
            )
            tasks.end_for(session, org, _KIND, row.id, by=by.id, at=now, outcome="approved")
            return delivery

    def decline(self, org: str, source_id: str, *, by: Staff, now: datetime) -> None:
        """Say no to the letter that waits; another one may be asked for. Raises as ``approve``."""
        self._check_role(org, by)
        with self._store.write() as session:
            row = self._waiting(session, org, source_id)
            scorecards.decline(session, row, by=by.id, at=now)
            tasks.end_for(session, org, _KIND, row.id, by=by.id, at=now, outcome="declined")

    def switch(self, org: str, source_id: str, *, wanted: bool, by: Staff, now: datetime) -> None:
        """The office wants no more of these letters, or wants them again; it binds its numbers.

        A letter that waits is declined. Said again it changes nothing.
        """
        state = ConsentState.OPTED_IN if wanted else ConsentState.OPTED_OUT
        with self._store.write() as session:
            source = self._cards.source(session, org, source_id)
            for address in self._addresses(session, source):
                consent.record(
                    session,
                    org=org,
                    address=address,
                    state=state,
                    at=now,
                    why=f"staff:{by.id}",
                    recorded_at=now,
                    purpose=PURPOSE,
                )
            row = scorecards.waiting(session, source)
            if row is not None and not wanted:
                scorecards.decline(session, row, by=by.id, at=now)
                tasks.end_for(session, org, _KIND, row.id, by=by.id, at=now, outcome="switched_off")

    def heard(
        self, org: str, source_id: str, *, arrived: bool, by: Staff, now: datetime
    ) -> DeliveryRow:
        """What the office says of a letter of which nobody could tell whether it arrived.

        One that is not there counts as lost, and may be worded again. Raises NotFound, and Refused
        ``not_uncertain`` where nobody asks, or the vendor has told meanwhile.
        """
        with self._store.write() as session:
            source = self._cards.source(session, org, source_id)
            row = scorecards.uncertain(session, source)
            if row is None:
                raise Refused(
                    "No letter to this office is uncertain any more: the page says what is known.",
                    code="not_uncertain",
                )
            state = DeliveryState.DELIVERED if arrived else DeliveryState.FAILED
            code = "" if arrived else letter_fate.NOT_THERE
            letter_fate.settle(session, self._tenants, row, state, at=now, by=by.id, code=code)
            return row

    # --- inside ---------------------------------------------------------------------------------

    def _waiting(self, session: Session, org: str, source_id: str) -> ScorecardLetterRow:
        row = scorecards.waiting(session, self._cards.source(session, org, source_id))
        if row is None:
            raise Refused("No letter waits for this office.", code="not_waiting")
        return row

    def _check_role(self, org: str, by: Staff) -> None:
        wanted = self._tenants.get(org).policy.report.scorecard_approved_by
        if by.role is not wanted:
            raise Forbidden(
                f"Letters about scorecards are approved by a {wanted.replace('_', ' ')}.",
                code="not_yours_to_approve",
            )

    def _check_wanted(self, session: Session, source: SourceRow, address: str) -> None:
        if self._stopped(session, source) or consent.opted_out(
            session, source.org, address, PURPOSE
        ):
            raise Refused(
                "This office wants no scorecards. Switch them on again only if it asks for them.",
                code="switched_off",
            )

    def _way(self, session: Session, source: SourceRow, now: datetime) -> Way:
        """The office's preferred channel, else the other; raises Refused."""
        to = contacts.of_source(session, source, "source", now.date())
        if source.left_on is not None and source.practice_id is None:
            raise Refused(
                "They have left, and no office of theirs is known: nobody is there to be told.",
                code="has_left",
            )
        if not SourceKind(source.kind).treating:
            raise Refused(
                "Scorecards are for offices that treat the patients they send.",
                code="not_an_office",
            )
        if not to.verified:
            raise Refused(
                "Nobody has verified this office's number yet: verify the sender first.",
                code="not_verified",
            )
        self._check_wanted(session, source, "")
        for channel in sorted(CHANNELS, key=lambda one: one != to.prefers):
            address = to.address.get(channel)
            if address and not consent.is_dead(session, source.org, address):
                return Way(channel, address)
        raise Refused(
            "There is no fax number and no email address that reaches this office.",
            code="no_way_to_send",
        )

    def _stopped(self, session: Session, source: SourceRow) -> bool:
        every = self._addresses(session, source)
        return any(consent.opted_out(session, source.org, one, PURPOSE) for one in every)

    def _addresses(self, session: Session, source: SourceRow) -> list[str]:
        office = session.get(PracticeRow, source.practice_id) if source.practice_id else None
        theirs = (office.fax, office.email) if office else ()
        to = contacts.of_source(session, source, "source", source.created_at.date())
        return sorted({one for one in (*theirs, to.fax, to.email) if one})

    def _quarter(self, org: str, now: datetime) -> str:
        return scorecards.quarter(self._tenants.calendar(org, now).local_date(now))

    def _number(self, counted: Counted, org: str, now: datetime) -> str:
        """Printed on the page: the office's own tail and the quarter, nothing about a patient."""
        tail = scorecards.about(counted.source)[-6:].upper()
        return f"SC-{self._quarter(org, now)}-{tail}"
