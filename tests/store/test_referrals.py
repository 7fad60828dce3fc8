"""Which referrals of a patient a further request may be about."""

from __future__ import annotations

from datetime import datetime

from models.facts import ClosedReason
from store import referrals
from store.engine import Store
from store.tables import ReferralRow
from tests.store.world import DAY, ORG, START, a_referral


def found(store: Store, patient_id: str, since: datetime, org: str = ORG) -> list[str]:
    with store.read() as session:
        return [row.id for row in referrals.of_patient(session, org, patient_id, since=since)]


def close(store: Store, referral_id: str, reason: ClosedReason) -> None:
    with store.write() as session:
        row = session.get_one(ReferralRow, referral_id)
        row.stage, row.closed_reason = "closed", reason


def test_open_referrals_and_recent_ones_and_the_last_of_the_dead(store: Store) -> None:
    _, ref = a_referral(store)
    with store.read() as session:
        patient_id = session.get_one(ReferralRow, ref).patient_id
    year_on = START + 365 * DAY
    assert found(store, patient_id, year_on) == [ref], "open, however old"
    assert found(store, patient_id, year_on, org="other") == []
    assert found(store, "pat_other", START) == []
    close(store, ref, ClosedReason.COMPLETED)
    assert found(store, patient_id, START) == [ref], "closed, but received since"
    assert found(store, patient_id, START + DAY) == []
    close(store, ref, ClosedReason.DECEASED)
    assert found(store, patient_id, year_on) == [ref]


def test_what_points_to_another_referral_is_left_out(store: Store) -> None:
    _, ref = a_referral(store)
    _, twin = a_referral(store, at=START + DAY)
    with store.write() as session:
        row = session.get_one(ReferralRow, twin)
        row.duplicate_of, patient_id = ref, row.patient_id
    assert found(store, patient_id, START) == [ref]
