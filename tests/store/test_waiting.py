"""The waiting list's query: what it finds, and what is cut last."""

from __future__ import annotations

import pytest

from models.facts import AuthorizationChanged, AuthorizationStatus, HoldPlaced, HoldReason
from models.roles import Role
from store import waiting
from store.engine import Store
from tests.store.world import CLINIC, DAY, ORG, START, a_referral


def listed(store: Store) -> list[str]:
    with store.read() as session:
        return [one.row.id for one in waiting.waiting(session, ORG, [CLINIC])]


def test_a_wait_of_long_ago_is_never_cut_for_what_came_since(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LONGEST", 1)
    record, holds = a_referral(store)
    held = HoldPlaced(
        at=START,
        by="dana",
        hold_id="h1",
        reason=HoldReason.BENEFITS,
        owner=Role.BILLING,
        next_check=START + 2 * DAY,
        limit=START + 10 * DAY,
    )
    record.write(ORG, holds, held, recorded_at=START)
    record, newer = a_referral(store, at=START + DAY, patient={"given_name": "Bo"})
    given = AuthorizationChanged(
        at=START + DAY,
        authorization_id="a1",
        status=AuthorizationStatus.GRANTED,
        visits=12,
    )
    record.write(ORG, newer, given, recorded_at=START + DAY)
    assert listed(store) == [holds]
    monkeypatch.setattr(waiting, "LONGEST", 5)
    a_referral(store, at=START + 2 * DAY, patient={"given_name": "Cy"})  # waits for nothing
    assert listed(store) == [holds, newer]
