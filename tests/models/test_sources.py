"""Whom silence concerns, and how much it matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.people import SourceKind
from models.policy import Policy, Silence
from models.sources import SourceHistory, asked_about, priority, watched

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


@pytest.mark.parametrize("kind", list(SourceKind))
def test_only_those_who_could_send_again_fall_silent(kind: SourceKind) -> None:
    never = kind in {SourceKind.PAST_PATIENT, SourceKind.SELF}
    assert asked_about(history(0, kind=kind), POLICY) is not never
    assert watched(kind) is not never


def test_an_organization_may_keep_one_off_senders_out() -> None:
    assert not asked_about(history(), POLICY)
    assert not asked_about(history(0), policy(min_referrals=2))
    assert asked_about(history(0, 400), policy(min_referrals=2))
    assert not asked_about(history(0).model_copy(update={"left": True}), POLICY)


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
