"""Faxes that a machine read, from the door to the record (policy.md rule 7)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from activities.book import Book
from models.contracts import RecordInput
from models.errors import BadRequest, Conflict, Refused, StoreUnavailable
from models.facts import AnyDecision, RequestConfirmed, RequestRejected
from store import sources
from store.tables import (
    FactRow,
    InboxRow,
    PatientRow,
    PracticeRow,
    ProviderRow,
    ReferralRow,
    SourceRow,
)
from tests.doors import ORG, START, Door, event, referral_event

FAX = "+15185550111"  # of the example's practice
WHO = {"given_name": "Jordan", "family_name": "Sample", "born": "1961-01-04"}
READ = {"fax": "(518) 555-0111", "pages": 2}


async def from_fax(door: Door, external: str | None = None, **changes: Any) -> str:
    """A referral a machine read, two days after anything else."""
    told = referral_event(external, at=START + timedelta(days=2), machine_read=READ, **changes)
    door.now = START + timedelta(days=2, hours=1)
    row = await door.tell(told)
    assert row.referral_id is not None, row.reason
    return row.referral_id


async def decide(door: Door, referral_id: str, **said: Any) -> AnyDecision:
    """What reaches the workflow of a decision as somebody wrote it; the book then notes it."""
    content = {"kind": "request_confirmed", "by": "dana", **said}
    decision = door.intake.read_decision(ORG, referral_id, content)
    await door.intake.decide(ORG, referral_id, decision)
    name, taken, _ = door.engine.updates[-1]
    assert name == "decide"
    book = Book(door.store, door.tenants, lambda: door.now, door.intake.loop)
    await book.record(RecordInput(org=ORG, referral_id=referral_id, facts=(taken,)))
    assert isinstance(taken, RequestConfirmed | RequestRejected)
    return taken


def dates(door: Door, referral_id: str) -> tuple[Any, ...]:
    """The valid referrals of its source, as the silence watch counts them."""
    with door.store.read() as session:
        row = session.get_one(ReferralRow, referral_id)
        return sources.history(session, ORG, row.source_id).received


async def test_it_arrives_unconfirmed_and_its_source_is_not_heard_of(door: Door) -> None:
    referral_id = await from_fax(door)
    told = door.referral(referral_id).told
    assert (told.confirmed, told.origin, told.pages) == (False, "fax", 2)
    assert not told.fax_verified  # nobody has told us whose number it is
    assert not told.source_verified
    assert dates(door, referral_id) == ()
    assert not [run for run in door.engine.runs if run.startswith("source/")]
    assert door.intake.record.card(ORG, referral_id).confirmed is False


async def test_a_number_that_a_trusted_system_told_is_verified(door: Door) -> None:
    await door.refer()
    referral_id = await from_fax(door, patient={"given_name": "Robin"})
    assert door.referral(referral_id).told.fax_verified
    withheld = referral_event(None, machine_read={"pages": 1}, patient={"given_name": "Kim"})
    row = await door.tell(withheld)
    assert not door.referral(row.referral_id or "").told.fax_verified


async def test_a_misread_number_takes_the_place_of_none_we_know(door: Door) -> None:
    await door.refer(source={"phone": "518-555-0110", "email": "desk@example.org"})
    await from_fax(
        door,
        patient={"given_name": "Robin"},
        source={"phone": "518-555-0199", "email": "misread@example.org", "fax": "518-555-0198"},
    )
    (provider,) = door.rows(ProviderRow)
    assert (provider.phone, provider.email) == ("+15185550110", "desk@example.org")
    offices = {office.fax: office.fax_verified for office in door.rows(PracticeRow)}
    assert offices[FAX] is True
    assert not offices.get("+15185550198")


async def test_what_matches_the_record_in_everything_needs_nobody(door: Door) -> None:
    """policy.md rule 7: name, birth date, phone and sender all match somebody verified."""
    await door.refer()
    later = referral_event(None, at=START + timedelta(days=200), machine_read=READ, region="knee")
    row = await door.tell(later)
    told = door.referral(row.referral_id or "").told
    assert (told.confirmed, told.origin) == (True, "fax")


async def test_confirming_tells_it_again_with_the_corrections_and_no_values(door: Door) -> None:
    referral_id = await from_fax(door, patient={"given_name": "J0rdan", "phone": "518-555-0170"})
    taken = await decide(
        door,
        referral_id,
        corrections={"patient": {"given_name": "Jordan", "phone": "518-555-0117"}},
    )
    assert isinstance(taken, RequestConfirmed)
    assert taken.corrected == ("patient.given_name", "patient.phone")
    (patient,) = door.rows(PatientRow)  # whom the machine had misread is nobody
    assert (patient.given_name, patient.phone) == ("Jordan", "+15185550117")
    stands = door.referral(referral_id).received
    assert (stands.confirmed, stands.source_verified) == (True, True)
    assert door.engine.told(referral_id) == ["referral_received"]
    (office,) = door.rows(PracticeRow)
    assert office.fax_verified  # a person has said that these pages came from them
    assert len(dates(door, referral_id)) == 1
    assert [run for run in door.engine.runs if run.startswith("source/")]
    bodies = json.dumps([fact.body for fact in door.rows(FactRow)])
    assert "Jordan" not in bodies
    assert "5550117" not in bodies


async def test_another_sender_is_credited_once_a_person_says_so(door: Door) -> None:
    referral_id = await from_fax(door, source={"npi": None, "name": "Dr. Misread"})
    await decide(
        door, referral_id, corrections={"source": {"npi": "1234567893", "name": "Ana Ruiz"}}
    )
    with door.store.read() as session:
        row = session.get_one(ReferralRow, referral_id)
        source = session.get_one(SourceRow, row.source_id)
    assert (source.name, source.verified) == ("Ana Ruiz", True)
    told = door.referral(referral_id).told
    assert told.source_id == source.id
    assert told.certifier_id == source.provider_id


async def test_what_proves_to_be_here_already_is_linked_there_and_rejected_here(
    door: Door,
) -> None:
    first = await door.refer()
    referral_id = await from_fax(
        door, patient={"phone": "518-555-0171"}, source={"npi": "1558598797", "name": "Lee Okafor"}
    )
    taken = await decide(door, referral_id, corrections={"patient": {"phone": "518-555-0117"}})
    assert isinstance(taken, RequestRejected)
    assert taken.why == "duplicate"
    assert door.referral(referral_id).over()
    assert "co_source_added" in {fact.kind for fact in door.referral(first).facts}


async def test_what_was_told_of_it_meanwhile_goes_to_the_one_on_record(door: Door) -> None:
    """Else a patient who is booked would be asked again and again to pick a time."""
    referral_id = await from_fax(door)
    booking = event("appointment_booked", referral={"patient": WHO}, appointment_id="A-1")
    assert (await door.tell(booking)).referral_id == referral_id
    trusted = await door.tell(referral_event("R-7", at=START + timedelta(days=3)))
    first = trusted.referral_id or ""
    assert first != referral_id
    assert isinstance(await decide(door, referral_id), RequestRejected)
    door.now += timedelta(minutes=1)
    await door.intake.dispatch_left(door.now)
    assert door.referral(first).appointment() is not None
    assert "appointment_booked" in door.engine.told(first)


async def test_a_request_never_links_to_one_that_nobody_has_vouched_for(door: Door) -> None:
    read = await from_fax(door)
    trusted = await door.tell(referral_event("R-7", at=START + timedelta(days=3)))
    assert trusted.referral_id != read
    assert door.referral(trusted.referral_id or "").told.confirmed


async def test_rejecting_needs_nothing_but_a_reason(door: Door) -> None:
    referral_id = await from_fax(door)
    taken = await decide(door, referral_id, kind="request_rejected", why="junk")
    assert isinstance(taken, RequestRejected)
    assert dates(door, referral_id) == ()
    assert door.referral(referral_id).over()


@pytest.mark.parametrize(
    ("corrections", "field"),
    [
        ("Jordan", "corrections"),
        ({"patient": "Jordan"}, "corrections"),
        ({"patient": {"born": "1861-01-04"}}, "data.patient.born"),
        ({"patient": {"nickname": "Jo"}}, "data.patient"),
        ({"patient": {"given_name": "\ud800"}}, "data.patient.given_name"),
        ({"received_at": "2026-01-01T10:00:00Z"}, "corrections"),
    ],
)
async def test_a_correction_that_cannot_be_is_named(
    door: Door, corrections: Any, field: str
) -> None:
    referral_id = await from_fax(door)
    content = {"kind": "request_confirmed", "by": "dana", "corrections": corrections}
    with pytest.raises(BadRequest) as refused:
        door.intake.read_decision(ORG, referral_id, content)
    assert (refused.value.field or "").startswith(field)
    assert door.referral(referral_id).unconfirmed()


async def test_a_detail_of_any_referral_may_be_corrected(door: Door) -> None:
    referral_id = await door.refer()
    taken = await decide(door, referral_id, corrections={"patient": {"phone": "518-555-0172"}})
    assert isinstance(taken, RequestConfirmed)
    assert taken.corrected == ("patient.phone",)
    (patient,) = door.rows(PatientRow)
    assert patient.phone == "+15185550172"
    assert door.referral(referral_id).received.confirmed_at == START


async def test_the_same_word_twice_is_one(door: Door) -> None:
    referral_id = await from_fax(door)
    corrections = {"patient": {"phone": "518-555-0172"}}
    first = await decide(door, referral_id, corrections=corrections)
    again = await decide(door, referral_id, corrections=corrections)
    assert (first.kind, first.key) == (again.kind, again.key)
    assert len(door.rows(PatientRow)) == 1


async def test_the_same_word_again_later_is_no_other_event(door: Door) -> None:
    """Temporal was away the first time, so the person says it again."""
    referral_id = await from_fax(door)
    corrections = {"patient": {"phone": "518-555-0172"}}
    content = {"kind": "request_confirmed", "by": "dana", "corrections": corrections}
    door.intake.read_decision(ORG, referral_id, content)
    door.now += timedelta(minutes=2)
    await decide(door, referral_id, corrections=corrections)
    (patient,) = door.rows(PatientRow)
    assert patient.phone == "+15185550172"
    assert len([row for row in door.rows(InboxRow) if row.origin == "hand"]) == 1


async def test_a_further_correction_takes_none_back_and_moves_no_date(door: Door) -> None:
    referral_id = await from_fax(door, patient={"given_name": "J0rdan", "phone": "518-555-0170"})
    await decide(door, referral_id, corrections={"patient": {"phone": "518-555-0172"}})
    vouched_at = door.referral(referral_id).received.confirmed_at
    door.now += timedelta(days=10)
    await decide(door, referral_id, corrections={"patient": {"given_name": "Jordan"}})
    (patient,) = door.rows(PatientRow)
    assert (patient.given_name, patient.phone) == ("Jordan", "+15185550172")
    referral = door.referral(referral_id)
    assert referral.received.confirmed_at == vouched_at
    assert [one.corrected for one in referral.all(RequestConfirmed)] == [
        ("patient.phone",),
        ("patient.given_name",),
    ]


async def test_of_several_words_the_last_counts(door: Door) -> None:
    referral_id = await from_fax(door)
    for number in ("0172", "0173", "0172"):
        corrections = {"patient": {"phone": f"518-555-{number}"}}
        await decide(door, referral_id, corrections=corrections)
        door.now += timedelta(minutes=2)
    (patient,) = door.rows(PatientRow)
    assert patient.phone == "+15185550172"


async def test_what_is_refused_corrects_nothing(door: Door) -> None:
    referral_id = await from_fax(door)
    (before,) = door.rows(PatientRow)
    content: dict[str, Any] = {"kind": "request_confirmed"}
    content |= {"corrections": {"patient": {"phone": "518-555-0172"}}}
    with pytest.raises(BadRequest):
        door.intake.read_decision(ORG, referral_id, {**content, "by": "nobody"})
    with pytest.raises(Refused):
        door.intake.read_decision(ORG, referral_id, {**content, "by": "dana", "seen": "another"})
    await decide(door, referral_id, kind="request_rejected", why="junk")
    with pytest.raises(Refused):
        door.intake.read_decision(ORG, referral_id, {**content, "by": "dana"})
    await door.intake.dispatch_left(door.now + timedelta(hours=1))
    (after,) = door.rows(PatientRow)
    assert after.phone == before.phone


async def test_nobody_vouches_before_the_corrections_are_on_record(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the patient would be texted at the number that the machine misread."""
    referral_id = await from_fax(door)
    content: dict[str, Any] = {"kind": "request_confirmed", "by": "dana"}
    content |= {"corrections": {"patient": {"phone": "518-555-0172"}}}
    decision = door.intake.read_decision(ORG, referral_id, content)

    def busy(*_: Any) -> None:
        raise Conflict("another writer")

    with monkeypatch.context() as patched:
        patched.setattr("activities.apply.Apply.apply", busy)
        with pytest.raises(StoreUnavailable):
            await door.intake.decide(ORG, referral_id, decision)
    assert door.engine.updates == []
    await door.intake.decide(ORG, referral_id, decision)
    assert len(door.engine.updates) == 1


async def test_what_was_corrected_is_what_was_told(door: Door) -> None:
    """A name without a value would count as a new number, and texts would go on to a stranger's."""
    referral_id = await door.refer()
    content = {"kind": "request_confirmed", "by": "dana", "corrected": ["patient.phone"]}
    with pytest.raises(Refused) as refused:
        door.intake.read_decision(ORG, referral_id, content)
    assert refused.value.code == "confirmed_already"


async def test_read_again_by_a_machine_it_changes_nothing_a_person_vouched_for(door: Door) -> None:
    """Else a plan of care would go to a certifier whom the machine misread."""
    referral_id = await from_fax(door, "F-1")
    await decide(door, referral_id)
    certifier = door.referral(referral_id).told.certifier_id
    misread = {"npi": "1558598797", "name": "Lee Okafor", "fax": "518-555-0190"}
    again = referral_event(
        "F-1", at=START + timedelta(days=3), machine_read=READ, certifier=misread
    )
    row = await door.tell(again)
    assert row.state == "task"
    assert door.referral(referral_id).told.certifier_id == certifier
    (asked,) = [one for one in door.referral(referral_id).open_tasks() if "unmatched" in one.task]
    assert asked.role == "front_desk"


async def test_of_two_copies_vouched_for_at_once_one_is_a_duplicate(door: Door) -> None:
    """No worker is there, so neither confirmation is on record yet."""
    first, second = await from_fax(door), await from_fax(door)
    assert first != second
    for referral_id in (first, second):
        content = {"kind": "request_confirmed", "by": "dana"}
        decision = door.intake.read_decision(ORG, referral_id, content)
        await door.intake.decide(ORG, referral_id, decision)
    assert [taken.kind for _, taken, _ in door.engine.updates] == [
        "request_confirmed",
        "request_rejected",
    ]


async def test_what_is_struck_out_is_gone(door: Door) -> None:
    """A mailbox that the machine misread is a stranger's."""
    referral_id = await from_fax(door, patient={"email": "misread@example.org"})
    taken = await decide(door, referral_id, corrections={"patient": {"email": None}})
    assert isinstance(taken, RequestConfirmed)
    assert taken.corrected == ("patient.email",)
    (patient,) = door.rows(PatientRow)
    assert patient.email is None
