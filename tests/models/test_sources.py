"""Silence: sixty days after the last valid referral, and how much it matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.people import SourceKind
from models.policy import Policy, Silence
from models.sources import SourceHistory, priority, quiet_at, watched

POLICY = Policy()
LAST = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def history(
    *days_before: int, kind: SourceKind = SourceKind.PROVIDER, key: bool = False
) -> SourceHistory:
    return SourceHistory(
        kind=kind, received=tuple(LAST - days * DAY for days in days_before), key=key
    )


def policy(**silence: object) -> Policy:
    return Policy(silence=Silence.model_validate(silence))


def test_sixty_days_after_the_last_referral_whatever_the_wall_clock_did() -> None:
    assert quiet_at(history(0, 10, 300), POLICY) == LAST + 60 * DAY
    assert quiet_at(history(0), policy(quiet="45 d")) == LAST + 45 * DAY


def test_a_later_referral_moves_it_and_one_told_late_does_not() -> None:
    assert quiet_at(history(10, 0), POLICY) == quiet_at(history(0, 10), POLICY)
    assert quiet_at(history(0, 10), POLICY) == quiet_at(history(0), POLICY)


@pytest.mark.parametrize("kind", list(SourceKind))
def test_only_those_who_could_send_again_fall_silent(kind: SourceKind) -> None:
    never = kind in {SourceKind.PAST_PATIENT, SourceKind.SELF}
    assert (quiet_at(history(0, kind=kind), POLICY) is None) is never
    assert watched(kind) is not never


def test_too_few_to_say() -> None:
    assert quiet_at(history(), POLICY) is None
    assert quiet_at(history(0), policy(min_referrals=2)) is None
    assert quiet_at(history(0, 400), policy(min_referrals=2)) == LAST + 60 * DAY


@pytest.mark.parametrize(
    ("days", "key", "worth"),
    [
        ((0,), False, "low"),
        ((0, 100), False, "low"),
        ((0, 100, 364), False, "high"),
        ((0, 100, 366), False, "low"),
        ((0,), True, "high"),
        ((), True, "high"),
        ((), False, "low"),
    ],
)
def test_priority_is_what_the_source_was_worth(
    days: tuple[int, ...], key: bool, worth: str
) -> None:
    assert priority(history(*days, key=key), POLICY) == worth


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=20), st.integers(0, 400))
def test_a_new_referral_never_brings_silence_nearer(days: list[int], later: int) -> None:
    before = quiet_at(history(*days), POLICY)
    after = quiet_at(history(*days, -later), POLICY)
    assert before is not None
    assert after is not None
    assert after >= before
    assert after >= LAST + (60 + later) * DAY
