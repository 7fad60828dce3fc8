"""Two processes at one card: whoever is second changes nothing, whatever they had read before."""

from __future__ import annotations

from typing import Any

import pytest

from activities.by_hand import ByHand
from models.errors import Refused
from models.facts import AppointmentBooked
from models.moves import Seen
from store.engine import Store
from tests.doors import ORG, Door

BOOKED = {"kind": "appointment_booked", "by": "dana"}


async def test_two_processes_that_read_the_same_card_write_one_fact(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(store)
    ref = await door.refer()
    here, there = ByHand(door.intake), ByHand(door.intake)
    seen = Seen.of(door.intake.record.card(ORG, ref))
    read = there._look(ORG, ref, seen)

    async def book(hand: ByHand, day: int) -> str:
        told: dict[str, Any] = {
            "appointment_id": f"A-{day}",
            "starts_at": f"2026-01-{day:02d}T15:00:00Z",
        }
        return await hand.tell(ORG, ref, **BOOKED, seen=seen, data=told, at=door.now)

    assert await book(here, 8) == "appointment:A-8"
    monkeypatch.setattr(there, "_look", lambda *_: read)  # it had looked before the other wrote
    with pytest.raises(Refused, match="Dana Example was here"):
        await book(there, 9)
    assert [one.appointment_id for one in door.referral(ref).all(AppointmentBooked)] == ["A-8"]


async def test_what_the_machine_did_meanwhile_stops_nobody(store: Store) -> None:
    door = Door(store)
    ref = await door.refer()
    hand = ByHand(door.intake)
    data = {"appointment_id": "A-8", "starts_at": "2026-01-08T15:00:00Z"}
    for seen in (Seen("received", ""), None):
        await hand.tell(ORG, ref, **BOOKED, seen=seen, data=data, at=door.now)
    done = Seen("received", "")
    with pytest.raises(Refused, match="not as you saw it"):
        await hand.tell(ORG, ref, **BOOKED, seen=done, data=data, at=door.now)
