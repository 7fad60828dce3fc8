"""People and offices are found again, never merged by mistake, and read at the edge."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from models.errors import BadRequest
from store.engine import Store
from store.people import Everyone, everyone
from store.tables import PatientRow, PracticeRow, ProviderRow, SourceRow
from tests.store.test_engine import HOSTILE
from tests.store.world import START, TODAY, new_referral, people

RECIPIENT = {"npi": "1245319599", "name": "Dr. Copy", "fax": "518-555-0144"}


def made(store: Store, **changes: Any) -> Everyone:
    with store.write() as session:
        return people(session, **changes)


def count(store: Store, table: type[Any]) -> int:
    with store.read() as session:
        return len(session.exec(select(table)).all())


def test_what_is_stored_is_normalised(store: Store) -> None:
    who = made(store)
    assert who.patient.phone == "+15185550142"
    assert who.patient.email == "Ada@example.org"
    assert who.certifier is not None
    assert (who.certifier.npi, who.certifier.credential) == ("1234567893", "physician")
    with store.read() as session:
        practice = session.exec(select(PracticeRow)).one()
    assert (practice.name, practice.fax) == ("Sample Orthopedics", "+15185550143")


def test_the_same_referral_again_makes_nobody_twice(store: Store) -> None:
    first = made(store, recipients=[RECIPIENT])
    again = made(
        store,
        patient={"given_name": " ADA ", "phone": "1-518-555-0142"},
        source={"fax": "+1 518 555 0143", "practice": "sample orthopedics"},
        recipients=[RECIPIENT],
    )
    assert (again.patient.id, again.source.id) == (first.patient.id, first.source.id)
    assert [r.id for r in again.recipients] == [r.id for r in first.recipients]
    assert [count(store, t) for t in (PatientRow, SourceRow, ProviderRow, PracticeRow)] == [
        *(1, 1, 2, 2)
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"born": "1961-02-28"},
        {"phone": "518-555-0199"},
        {"family_name": "Exempel"},
        {"phone": None},
    ],
)
def test_whoever_differs_in_one_thing_is_another_patient(
    store: Store, other: dict[str, Any]
) -> None:
    assert made(store).patient.id != made(store, patient=other).patient.id


def test_organizations_share_nobody(store: Store) -> None:
    here = made(store, recipients=[RECIPIENT])
    with store.write() as session:
        there = everyone(session, "other", new_referral(), at=START, today=TODAY)
    assert here.patient.id != there.patient.id
    assert here.source.id != there.source.id


def test_a_provider_is_found_by_npi_under_any_name_and_has_moved(store: Store) -> None:
    first = made(store)
    moved = made(
        store, source={"name": "Sample, Pat", "practice": "New Office", "fax": "518-555-0145"}
    )
    assert first.certifier is not None
    assert moved.certifier is not None
    assert moved.certifier.id == first.certifier.id
    assert moved.certifier.practice_id != first.certifier.practice_id
    assert moved.source.id == first.source.id
    assert moved.source.practice_id == moved.certifier.practice_id


def test_a_provider_without_npi_is_found_by_name_and_office(store: Store) -> None:
    first, again = made(store, source={"npi": None}), made(store, source={"npi": None})
    assert again.source.id == first.source.id
    elsewhere = made(store, source={"npi": None, "fax": "518-555-0199", "practice": "Other"})
    assert elsewhere.source.id != first.source.id
    named = made(store)  # the NPI becomes known
    assert named.source.id == first.source.id
    assert named.certifier is not None
    assert named.certifier.npi == "1234567893"


def test_two_providers_of_one_office_share_its_fax_line(store: Store) -> None:
    made(store)
    other = made(store, source={"npi": "1245319599", "name": "Dr. Kim"})
    assert count(store, ProviderRow) == 2
    assert count(store, PracticeRow) == 1
    assert count(store, SourceRow) == 2
    assert other.certifier is not None


def test_two_npis_are_two_people_whatever_their_name(store: Store) -> None:
    assert made(store).source.id != made(store, source={"npi": "1245319599"}).source.id
    assert count(store, ProviderRow) == 2


def test_an_office_learns_its_fax_number_later(store: Store) -> None:
    made(store, source={"fax": None})
    made(store)
    with store.read() as session:
        assert session.exec(select(PracticeRow)).one().fax == "+15185550143"


def test_a_practice_as_source_certifies_nothing(store: Store) -> None:
    who = made(store, source={"kind": "practice", "npi": None, "name": "Sample Orthopedics"})
    again = made(store, source={"kind": "practice", "npi": None, "name": "Sample Orthopedics"})
    assert who.certifier is None
    assert who.source.practice_id is not None
    assert again.source.id == who.source.id


def test_a_past_patient_is_the_patient_they_were(store: Store) -> None:
    ada = made(store).patient
    friend = {"kind": "past_patient", "npi": None, "practice": None, "fax": None}
    source = {**friend, "name": "ada example", "phone": "518-555-0142"}
    who = made(store, patient={"given_name": "Bo", "phone": "518-555-0150"}, source=source)
    assert who.source.patient_id == ada.id
    assert who.certifier is None
    # Somebody else on the same line is not her.
    other = made(store, patient={"given_name": "Bo"}, source={**source, "name": "Cy Example"})
    assert other.source.patient_id is None
    assert other.source.id != who.source.id


@pytest.mark.parametrize("kind", ["case_manager", "employer", "attorney", "school", "self"])
def test_other_sources_are_found_by_name_and_reach(store: Store, kind: str) -> None:
    given = {"kind": kind, "npi": None, "practice": None, "name": "Web form"}
    first, again = made(store, source=given), made(store, source=given)
    assert again.source.id == first.source.id
    assert made(store, source={**given, "name": "Walk-in"}).source.id != first.source.id
    assert first.certifier is None


def test_a_named_certifier_is_not_the_source(store: Store) -> None:
    who = made(store, certifier=RECIPIENT)
    assert who.certifier is not None
    assert who.certifier.id != who.source.provider_id


def test_a_default_is_no_news_and_silence_no_correction(store: Store) -> None:
    made(store, patient={"language": "es", "may_text": False, "state": "NY"})
    again = made(store, patient={"email": None}).patient
    assert (again.language, again.may_text, again.state) == ("es", False, "NY")
    assert again.email == "Ada@example.org"
    told = made(store, patient={"language": "en", "may_text": True}).patient
    assert (told.language, told.may_text) == ("en", True)


def test_a_source_once_verified_stays_verified(store: Store) -> None:
    assert not made(store, source={"verified": False}).source.verified
    assert made(store).source.verified
    assert made(store, source={"verified": False}).source.verified


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"source": {"npi": "1234567890"}}, "bad_npi", "source.npi"),
        ({"source": {"fax": "12"}}, "bad_phone", "source.fax"),
        ({"patient": {"phone": "555"}}, "bad_phone", "patient.phone"),
        ({"patient": {"email": "ada"}}, "bad_email", "patient.email"),
        ({"patient": {"born": "1899-12-31"}}, "impossible_date", "patient.born"),
        ({"patient": {"born": "3000-01-01"}}, "impossible_date", "patient.born"),
        ({"patient": {"state": "ZZ"}}, "bad_state", "patient.state"),
        ({"patient": {"given_name": "\u202e\u0007"}}, "bad_name", "patient.given_name"),
        ({"recipients": [{"name": "Dr. C", "npi": "1" * 10}]}, "bad_npi", "recipients.0.npi"),
    ],
)
def test_what_cannot_be_names_its_field_and_leaves_nothing(
    store: Store, changes: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        made(store, **changes)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert count(store, ProviderRow) == count(store, PatientRow) == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_people_with_hostile_names_are_found_again(store: Store, name: str) -> None:
    given = {"patient": {"given_name": name, "family_name": name}, "source": {"name": name}}
    first = made(store, **given)
    again = made(store, **given)
    assert again.patient.id == first.patient.id
    assert again.source.id == first.source.id


@pytest.mark.parametrize(
    ("kind", "said", "may"),
    [
        ("provider", {}, True),
        ("past_patient", {}, False),  # a friend's number is only called (policy.md rule 8)
        ("past_patient", {"may_text": None}, False),
        ("past_patient", {"may_text": True}, True),
        ("provider", {"may_text": False}, False),
    ],
)
def test_a_number_that_a_friend_supplied_is_texted_only_with_leave(
    store: Store, kind: str, said: dict[str, object], may: bool
) -> None:
    assert made(store, patient=said, source={"kind": kind}).patient.texted is may


def test_a_friend_takes_back_no_leave_that_the_patient_gave(store: Store) -> None:
    made(store, patient={"may_text": True})
    assert made(store, patient={}, source={"kind": "past_patient"}).patient.texted


def test_an_office_that_sends_the_same_number_vouches_for_it(store: Store) -> None:
    assert not made(store, source={"kind": "past_patient"}).patient.texted
    assert made(store).patient.texted
    assert made(store, source={"kind": "past_patient"}).patient.texted


def test_nobody_vouches_for_a_number_that_wants_no_texts(store: Store) -> None:
    made(store, patient={"may_text": False}, source={"kind": "past_patient"})
    assert not made(store).patient.texted
