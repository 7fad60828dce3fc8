"""A patient sent twice is contacted once, and everybody who sent them is heard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from models.facts import (
    ClosedReason,
    CoSourceAdded,
    Discharged,
    EvaluationCompleted,
    OrderReceived,
    PatientDied,
    ReferralClosed,
    TaskOpened,
)
from store import sources
from store.tables import InboxRow, ReferralRow, SourceRow, TaskRow
from tests.doors import ORG, START, Door, event, referral_event

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FRIEND: dict[str, Any] = {
    "kind": "past_patient",
    "npi": None,
    "name": "Robin Former",
    "practice": None,
    "fax": None,
    "email": "robin@example.org",
    "may_thank": True,
}
SURGEON: dict[str, Any] = {
    "npi": "1114567898",
    "name": "Sam Other",
    "practice": "Harbor Orthopedics",
    "fax": "(518) 555-0122",
}


async def also(door: Door, at: timedelta = DAY, **changes: Any) -> InboxRow:
    """A further request about the same patient, by somebody else unless told otherwise."""
    changes = {"source": SURGEON, "external": f"R-{at}-{len(changes)}", **changes}
    return await door.tell(referral_event(at=START + at, **changes))


def co_sources(door: Door, referral_id: str) -> list[CoSourceAdded]:
    return door.referral(referral_id).all(CoSourceAdded)


def watches(door: Door) -> list[str]:
    return [name for name in door.engine.runs if name.startswith("source/")]


async def test_a_physician_and_a_past_patient_send_one_patient(door: Door) -> None:
    first = await door.refer(source=FRIEND, order=None, payers=[])
    assert door.referral(first).received.certifier_id is None
    row = await also(door, payers=["medicare_part_b"], order={"signed": True, "dated": True})
    assert (row.state, row.reason) == ("applied", "co_source")
    assert [key for key in door.engine.runs if key.startswith("referral/")] == [
        f"referral/{ORG}/{first}"
    ]
    assert door.engine.told(first) == ["co_source_added", "order_received"]
    (added,) = co_sources(door, first)
    assert (added.source_kind, added.verified, added.may_thank) == ("provider", True, True)
    stands = door.referral(first).received
    assert stands.certifier_id == added.certifier_id
    assert stands.certifier_id is not None
    assert stands.payers == ("medicare_part_b",)
    (order,) = door.referral(first).all(OrderReceived)
    assert (order.provider_id, order.signed_and_dated) == (stands.certifier_id, True)
    with door.store.read() as session:
        assert session.get_one(ReferralRow, first).certifier_id == stands.certifier_id


async def test_a_co_source_is_credited_and_its_watch_starts_again(door: Door) -> None:
    await door.refer()
    row = await also(door)
    assert row.referral_id is not None
    with door.store.read() as session:
        mine = session.get_one(ReferralRow, row.referral_id)
        known = sources.history(session, ORG, mine.source_id)
    assert (mine.linked_as, known.received) == ("co_source", (START + DAY,))
    assert len(watches(door)) == 2
    (watch,) = door.engine.runs[f"source/{ORG}/{mine.source_id}"]
    assert watch.signals == [("referral_received", START + DAY)]


async def test_a_past_patient_beside_a_physician_is_no_source_to_watch(door: Door) -> None:
    referral_id = await door.refer()
    await also(door, source=FRIEND)
    (added,) = co_sources(door, referral_id)
    assert (added.source_kind, added.may_thank) == ("past_patient", True)
    assert len(watches(door)) == 1


async def test_the_co_source_again_is_a_duplicate_of_its_own(door: Door) -> None:
    referral_id = await door.refer()
    await also(door)
    told = door.engine.told(referral_id)
    again = await also(door, 2 * DAY, external=None)
    assert (again.state, again.reason) == ("applied", "duplicate")
    assert door.engine.told(referral_id) == told
    with door.store.read() as session:
        mine = session.get_one(ReferralRow, again.referral_id)
        assert len(sources.history(session, ORG, mine.source_id).received) == 1


async def test_an_office_and_its_physician_are_thanked_once(door: Door) -> None:
    referral_id = await door.refer()
    office = {"kind": "practice", "npi": None, "name": "Lakeside Family Medicine"}
    row = await also(door, source=office)
    assert row.reason == "duplicate"
    assert co_sources(door, referral_id) == []
    partner = await also(door, 2 * DAY, source={"npi": "1245319599", "name": "Kim Partner"})
    assert partner.reason == "co_source", "another physician of the same office is another source"


async def test_a_second_copy_that_brings_the_order_puts_it_on_file(door: Door) -> None:
    referral_id = await door.refer(order=None)
    row = await also(door, source={}, order={"signed": True, "dated": True})
    assert row.reason == "duplicate"
    (order,) = door.referral(referral_id).all(OrderReceived)
    assert order.source_id is None, "nobody is thanked twice"
    third = await also(door, 2 * DAY, source={}, order={"signed": True, "dated": True})
    assert third.reason == "duplicate"
    assert len(door.referral(referral_id).all(OrderReceived)) == 1


async def test_the_linked_request_told_again_verifies_its_sender(door: Door) -> None:
    referral_id = await door.refer()
    await also(door, external="R-2", source=SURGEON | {"verified": False})
    assert not co_sources(door, referral_id)[0].verified
    corrected = referral_event(
        external="R-2", at=START + 2 * DAY, source=SURGEON | {"verified": True}
    )
    row = await door.tell(corrected)
    assert row.state == "applied"
    (added,) = co_sources(door, referral_id)
    assert (added.verified, added.at) == (True, START + DAY), "when they asked does not move"
    assert door.engine.told(referral_id)[-1] == "co_source_added"
    again = await door.tell(corrected, "again")
    assert again.reason == "co_source"
    assert len(co_sources(door, referral_id)) == 1


async def test_a_doubtful_value_of_a_co_source_is_looked_up_for_the_one_referral(
    door: Door,
) -> None:
    referral_id = await door.refer(source={"fax": "555"})
    row = await also(door, source=SURGEON | {"fax": "666"})
    assert row.state == "applied"
    tasks = [one.task for one in door.referral(referral_id).all(TaskOpened)]
    assert tasks == [
        "verify_sender:source-fax",
        f"verify_sender:source-fax-{row.referral_id}",
    ]
    assert {task.referral_id for task in door.rows(TaskRow)} == {referral_id}
    assert door.engine.told(referral_id) == ["co_source_added", "order_received", "task_opened"]


async def test_cut_off_before_the_engine_heard_it_is_told_again(door: Door) -> None:
    referral_id = await door.refer()
    door.engine.down = True
    row = await also(door, source=SURGEON | {"fax": "666"})
    assert row.state == "received"
    door.engine.down = False
    await door.intake.dispatch(row.id)
    assert door.intake.status(ORG, row.id).state == "applied"
    assert sorted(door.engine.told(referral_id)) == [
        "co_source_added",
        "order_received",
        "task_opened",
    ]
    assert len(watches(door)) == 2


# --- after the end, and in the middle of care ----------------------------------------------------


async def test_whoever_asks_again_after_the_end_begins_anew(door: Door) -> None:
    first = await door.refer()
    lost = ReferralClosed(at=START + 5 * DAY, by="lee", reason=ClosedReason.UNABLE_TO_REACH)
    door.write(first, lost)
    door.engine.close(first)
    late = await also(door, 4 * DAY, source={})
    assert late.reason == "duplicate", "sent before the end, told after it"
    again = await also(door, 6 * DAY, source={})
    assert again.reason is None
    assert again.referral_id is not None
    assert door.engine.run(again.referral_id).workflow == "ReferralWorkflow"


async def test_what_was_entered_in_error_is_nobodys_duplicate(door: Door) -> None:
    first = await door.refer()
    door.write(
        first, ReferralClosed(at=START + DAY, by="lee", reason=ClosedReason.ENTERED_IN_ERROR)
    )
    again = await also(door, source={})
    assert (again.state, again.reason) == ("applied", None)


async def test_a_referral_for_the_dead_contacts_nobody_until_a_person_has_looked(
    door: Door,
) -> None:
    first = await door.refer()
    door.write(first, PatientDied(at=START + HOUR))
    row = await also(door, 40 * DAY)
    assert (row.state, row.referral_id) == ("task", first)
    (task,) = door.rows(TaskRow)
    assert "deceased" in task.says
    assert len(door.rows(ReferralRow)) == 1


def in_care(door: Door, referral_id: str) -> None:
    at = START + 4 * DAY
    door.write(referral_id, EvaluationCompleted(at=at, day=at.date()))


async def test_an_order_in_the_middle_of_care_renews_it(door: Door) -> None:
    first = await door.refer(region="knee")
    in_care(door, first)
    row = await also(
        door, 50 * DAY, source={}, region="knee", order={"signed": True, "dated": True}
    )
    assert (row.state, row.reason) == ("applied", "renewal")
    (order,) = door.referral(first).all(OrderReceived)
    assert order.source_id == door.referral(first).received.source_id
    assert order.provider_id == door.referral(first).received.certifier_id
    assert door.engine.told(first) == ["order_received"]
    (watch,) = watches(door)
    assert len(door.engine.runs[watch][0].signals) == 1, "a renewal is no new patient"
    # its milestones go to the course that is under way
    ref = {"id": row.referral_id}
    visit = await door.tell(event("visit_completed", referral=ref))
    assert visit.referral_id == first


async def test_another_region_is_another_referral(door: Door) -> None:
    first = await door.refer(region="knee")
    in_care(door, first)
    row = await also(door, 50 * DAY, source={}, region="shoulder")
    assert (row.state, row.reason) == ("applied", None)
    assert row.referral_id != first
    third = await also(door, 51 * DAY, source={}, region="knee", external="R-9")
    assert third.reason == "renewal"
    assert door.referral(first).all(OrderReceived)[0].order_id == third.referral_id


async def test_a_region_told_later_is_learned(door: Door) -> None:
    first = await door.refer()
    await also(door, source={}, region="knee")
    other = await also(door, 2 * DAY, source={}, region="back")
    assert other.reason is None
    with door.store.read() as session:
        assert session.get_one(ReferralRow, first).region == "knee"


async def test_after_discharge_an_order_begins_a_new_course(door: Door) -> None:
    first = await door.refer(region="knee")
    in_care(door, first)
    door.write(first, Discharged(at=START + 40 * DAY, reason="goals_met"))
    row = await also(door, 50 * DAY, source={}, region="knee")
    assert row.reason is None
    assert row.referral_id != first


async def test_another_provider_who_orders_in_the_middle_of_care_is_a_co_source(
    door: Door,
) -> None:
    first = await door.refer()
    in_care(door, first)
    row = await also(door, 50 * DAY, order={"signed": True, "dated": True})
    assert row.reason == "co_source"
    assert door.engine.told(first) == ["co_source_added", "order_received"]
    again = await also(door, 90 * DAY, external="R-7", order={"signed": True, "dated": True})
    assert again.reason == "renewal"
    renewed = door.referral(first).all(OrderReceived)[-1]
    assert renewed.source_id == co_sources(door, first)[0].source_id


async def test_every_source_is_its_own_row(door: Door) -> None:
    await door.refer()
    await also(door)
    await also(door, 2 * DAY, source=FRIEND)
    assert sorted(row.kind for row in door.rows(SourceRow)) == [
        "past_patient",
        "provider",
        "provider",
    ]


# --- an event that names a patient alone ----------------------------------------------------------

WHO = {"given_name": "jordan", "family_name": " SAMPLE", "born": "1961-01-04"}


def seen(day: int = 6, **who: Any) -> dict[str, Any]:
    at = (START + day * DAY).isoformat()
    visit = {"visit_id": f"V-{day}", "day": at[:10]}
    return event("visit_completed", at=at, referral={"patient": WHO | who}, **visit)


async def test_it_goes_to_the_only_open_referral(door: Door) -> None:
    door.now = START + 60 * DAY
    first = await door.refer()
    row = await door.tell(seen())
    assert (row.state, row.referral_id) == ("applied", first)
    door.write(first, ReferralClosed(at=START + 9 * DAY, by="lee", reason=ClosedReason.DECEASED))
    late = await door.tell(seen(7))
    assert (late.state, late.reason) == ("task", "no_open_referral")


async def test_of_two_somebody_says_which(door: Door) -> None:
    door.now = START + 60 * DAY
    await door.refer(region="knee")
    await also(door, source={}, region="back")
    row = await door.tell(seen())
    assert (row.state, row.reason) == ("task", "several_referrals")
    by_id = seen()
    by_id["referral"]["external"] = {"assigner": "example-emr", "value": "R-1001"}
    assert (await door.tell(by_id)).state == "applied", "an id says it"


async def test_the_phone_tells_two_of_one_name_apart(door: Door) -> None:
    door.now = START + 60 * DAY
    first = await door.refer()
    await door.refer(external="R-2", patient={"phone": "(518) 555-0118"})
    assert (await door.tell(seen())).reason == "several_referrals"
    row = await door.tell(seen(7, phone="518-555-0117"))
    assert (row.state, row.referral_id) == ("applied", first)
    assert (await door.tell(seen(8, phone="no number"))).reason == "several_referrals"


async def test_before_the_referral_it_waits_and_attaches_itself(door: Door) -> None:
    door.now = START + 60 * DAY
    early = await door.tell(seen())
    assert early.state == "waiting"
    assert "sample" not in str(early.wait_patient).lower(), "a hash, no name"
    first = await door.refer()
    assert door.intake.status(ORG, early.id).referral_id == first
    assert door.engine.told(first) == ["visit_completed"]
