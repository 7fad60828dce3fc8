"""A patient's open referrals brought in step: who is reached for which, and who was called.

``models.sharing`` decides; this module hands it the record, writes what follows, and answers what
the workflows must hear. It runs in a transaction of its own after what brought it about, and may be
called again: known facts are not written twice, and are told once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from activities.applied import Telling, owed
from models import sharing
from models.facts import AnyFact, CadenceShared, CallLogged
from models.referral import Referral
from store import lookups, referrals
from store.record import Record
from store.rows import LOCKED
from store.tables import PatientRow, ReferralRow

_CLOCKS_APART = timedelta(minutes=10)  # of the machine that took an event in, and of this one


class Sharing:
    """Keeps the shared cadences true; safe to share between threads."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def settle(
        self,
        org: str,
        referral_id: str,
        facts: Sequence[AnyFact],
        at: datetime,
        now: datetime,
        *,
        since: datetime | None = None,
        moved: bool = False,
    ) -> tuple[Telling, ...]:
        """What one patient's referrals must hear after *facts* about one of them.

        *at* is when it was known, *now* when the store learns it. What was found out before
        ``since`` has been told long ago; without it everything that stands is told again.
        ``moved``: the referral may have been another patient's. Raises NotFound, StoreUnavailable.
        """
        with self._record.store.read() as session:
            row = referrals.get(session, org, referral_id)
            patients = [row.patient_id] if self._beside(session, row) else []
            if moved:
                left = lookups.patients_led_by(session, org, row.id)
                patients += [one for one in left if one not in patients]
        told: list[Telling] = []
        for patient_id in patients:
            with self._record.store.write() as session:
                # One patient's referrals are brought in step one after another.
                session.get(PatientRow, patient_id, with_for_update=LOCKED, populate_existing=True)
                told += self._settle(session, org, patient_id, row, facts, at, now, since)
        return tuple(told)

    def leads(self, session: Session, row: ReferralRow) -> bool:
        """Whether another referral of the patient is reached together with this one."""
        others = self._beside(session, row)
        return any(
            self._record.load(session, row.org, one.id).reached_with() == row.id for one in others
        )

    def _settle(
        self,
        session: Session,
        org: str,
        patient_id: str,
        about: ReferralRow,
        facts: Sequence[AnyFact],
        at: datetime,
        now: datetime,
        since: datetime | None,
    ) -> list[Telling]:
        rows = {one.id: one for one in lookups.open_referrals_of(session, org, patient_id)}
        known = {name: self._record.load(session, org, name) for name in rows}
        news: dict[str, list[AnyFact]] = {name: [] for name in sorted(rows)}
        for call in facts:
            if isinstance(call, CallLogged) and call.party == "patient":
                for name, r in known.items():
                    if name != about.id and sharing.unbooked(r):
                        news[name].append(sharing.alike(call))
        for clinic_id in sorted({row.clinic_id for row in rows.values()}):
            # What a call says counts before it is decided who leads.
            here = {
                name: Referral((*r.facts, *news[name]))
                for name, r in known.items()
                if rows[name].clinic_id == clinic_id
            }
            ended = self._ended(session, org, patient_id, here)
            for name, fact in sharing.shared(here, ended, at).items():
                news[name].append(fact)
        return [
            self._told(session, rows[name], news[name], now)
            for name in news
            if news[name] or self._may_not_know(session, rows[name], known[name], since)
        ]

    def _ended(
        self, session: Session, org: str, patient_id: str, here: Mapping[str, Referral]
    ) -> dict[str, Referral]:
        """Who led before and is not open any more."""
        words = [word for r in here.values() if (word := r.last(CadenceShared)) is not None]
        gone = {word.led_by for word in words if word.led_by} - here.keys()
        return {
            name: self._record.load(session, org, name)
            for name in sorted(gone)
            if referrals.get(session, org, name).patient_id == patient_id
        }

    def _told(
        self, session: Session, row: ReferralRow, news: list[AnyFact], now: datetime
    ) -> Telling:
        referral = self._record.load(session, row.org, row.id)
        if news:
            referral = self._record.write_in(
                session, row.org, row.id, *news, recorded_at=now
            ).referral
        stands = referral.last(CadenceShared)
        again = [stands] if stands is not None and stands not in news else []
        return owed(row, referral, (*news, *again))

    def _may_not_know(
        self, session: Session, row: ReferralRow, r: Referral, since: datetime | None
    ) -> bool:
        """A word that was written by an earlier try may not have reached its workflow."""
        stands = r.last(CadenceShared)
        if stands is None or not sharing.unbooked(r):
            return False
        moment = since - _CLOCKS_APART if since is not None else None
        return moment is None or lookups.told_since(session, row.id, stands.key, moment)

    def _beside(self, session: Session, row: ReferralRow) -> list[ReferralRow]:
        rows = lookups.open_referrals_of(session, row.org, row.patient_id)
        return [one for one in rows if one.id != row.id]
