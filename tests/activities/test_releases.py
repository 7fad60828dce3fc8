"""An authorization comes in: whoever it names is found or made, every referral learns it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.errors import BadRequest
from models.facts import ReleaseRecorded, ReleaseRevoked, Scope
from store import releases
from store.engine import Store
from store.tables import SourceRow
from tests.doors import ORG, START, Door, event

DAY = timedelta(days=1)
OTHER = {"external": {"assigner": "example-emr", "value": "R-2"}}
ADJUSTER: dict[str, Any] = {
    "kind": "case_manager",
    "name": "Casey Adjuster",
    "fax": "(518) 555-0133",
}


@pytest.fixture
def door(store: Store) -> Door:
    door = Door(store)
    door.now = START + 30 * DAY
    return door


def recorded(**data: Any) -> dict[str, Any]:
    return event("release_recorded", **data)


async def test_a_reader_is_made_once_and_watched_by_nobody(door: Door) -> None:
    referral_id = await door.refer()
    row = await door.tell(recorded())
    assert (row.state, row.reason) == ("applied", None)
    (fact,) = door.referral(referral_id).all(ReleaseRecorded)
    reader = next(one for one in door.rows(SourceRow) if one.id == fact.recipient_id)
    assert (reader.kind, reader.fax, fact.scope) == ("case_manager", "+15185550133", Scope.REPORTS)
    assert door.engine.told(referral_id) == ["release_recorded"]
    await door.tell(recorded(release_id="RL-2", recipient=ADJUSTER))
    assert len(door.rows(SourceRow)) == 2, "the physician and the adjuster"
    assert [name for name in door.engine.runs if reader.id in name] == []


async def test_the_source_who_is_meant_is_found(door: Door) -> None:
    referral_id = await door.refer(source={"npi": None, "practice": None, **ADJUSTER})
    await door.tell(recorded())
    (fact,) = door.referral(referral_id).all(ReleaseRecorded)
    assert fact.recipient_id == door.referral(referral_id).received.source_id


async def test_every_open_referral_of_the_patient_learns_it(door: Door) -> None:
    first = await door.refer()
    second = await door.refer(external="R-2", at=START + 20 * DAY)
    other = await door.refer(external="R-3", patient={"family_name": "Other"})
    await door.tell(recorded())
    await door.tell(event("release_revoked", referral=OTHER))
    for referral_id in (first, second):
        told = [kind for kind in door.engine.told(referral_id) if kind.startswith("release")]
        assert told == ["release_recorded", "release_revoked"]
        assert len(door.referral(referral_id).all(ReleaseRevoked)) == 1
    assert door.engine.told(other) == []
    with door.store.read() as session:
        assert len(releases.of_patient(session, ORG, first)) == 4
        assert releases.of_patient(session, ORG, other) == []


@pytest.mark.parametrize(
    "recipient",
    [
        None,
        "src_1",
        {"name": "No Kind"},
        {"kind": "provider", "name": "Treats"},
        {"kind": "school"},
    ],
)
async def test_who_cannot_be_named_so_is_the_senders_to_say(door: Door, recipient: Any) -> None:
    await door.refer()
    with pytest.raises(BadRequest) as refused:
        door.accept(recorded(recipient=recipient))
    assert refused.value.field is not None
    assert refused.value.field.startswith("data.recipient")


async def test_nobody_can_name_one_of_our_ids(door: Door) -> None:
    with pytest.raises(BadRequest):
        door.accept(recorded(recipient_id="src_1"))
