"""What comes in while the engine, a worker or a row is away is applied when it is back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from store.tables import InboxRow, ReferralRow
from tests.doors import ORG, Door, event, kinds, referral_event, start_of

DAY = timedelta(days=1)


async def test_what_came_while_temporal_was_away_is_applied_when_it_is_back(door: Door) -> None:
    door.engine.down = True
    received = await door.tell(referral_event())
    assert (received.state, received.reason, received.attempts) == (
        "received",
        "engine_unavailable",
        1,
    )
    assert received.settled_at is None
    booked = await door.tell(event("appointment_booked"))
    assert booked.state == "received"
    # the record and its card are right all the same
    (row,) = door.rows(ReferralRow)
    assert row.stage == "scheduled"
    door.engine.down = False
    door.now = booked.received_at + timedelta(minutes=5)
    assert await door.intake.dispatch_left(door.now) == 2
    assert {r.state for r in door.rows(InboxRow)} == {"applied"}
    facts = [*start_of(door.engine.run(row.id)).facts]
    facts += [fact for _, fact in door.engine.run(row.id).signals]
    assert {"referral_received", "appointment_booked"} <= set(kinds(facts))


async def test_what_is_put_off_waits_longer_each_time(door: Door) -> None:
    door.engine.down = True
    row = await door.tell(referral_event())
    pauses = []
    for _ in range(9):
        assert row.next_try_at is not None
        pauses.append((row.next_try_at - door.now).total_seconds())
        assert await door.intake.dispatch_left(row.next_try_at - timedelta(seconds=1)) == 0
        door.now = row.next_try_at
        assert await door.intake.dispatch_left(door.now) == 1
        row = door.intake.status(ORG, row.id)
    assert pauses == [15, 30, 60, 120, 240, 480, 600, 600, 600]


async def test_fresh_rows_are_left_to_whoever_accepted_them(door: Door) -> None:
    row = door.accept(referral_event())
    assert await door.intake.dispatch_left(row.received_at + timedelta(seconds=14)) == 0
    assert await door.intake.dispatch_left(row.received_at + timedelta(seconds=15)) == 1


async def test_half_an_apply_is_finished_by_the_next(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the engine's answer and the row: told again, nothing twice."""

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    row = door.accept(referral_event())
    with monkeypatch.context() as once:
        once.setattr(door.intake._apply, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            await door.intake.dispatch(row.id)
    await door.intake.dispatch(row.id)
    await door.intake.dispatch(row.id)
    after = door.intake.status(ORG, row.id)
    assert after.state == "applied"
    assert len(door.rows(ReferralRow)) == 1
    assert len(door.engine.runs[f"referral/{ORG}/{after.referral_id}"]) == 1


async def test_a_bug_of_ours_loses_nothing_and_says_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("Jordan Sample")

    monkeypatch.setattr(door.intake._apply, "apply", broken)
    row = door.accept(referral_event())
    for _ in range(5):
        await door.intake.dispatch(row.id)
    assert door.intake.status(ORG, row.id).state == "task"
    assert [kind for kind, _ in door.open_tasks()] == ["unreadable_event"]
    assert "ZeroDivisionError" in caplog.text
    assert "Jordan" not in caplog.text
