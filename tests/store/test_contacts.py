"""Who a message goes to: the right person at the right number, minors through their guardian."""

from __future__ import annotations

from datetime import date

import pytest

from models.errors import NotFound
from store import contacts, referrals
from store.engine import Store
from store.tables import PracticeRow
from tests.store.world import ORG, START, a_referral


def test_every_party_of_a_referral(store: Store) -> None:
    _, ref = a_referral(store, source={"email": "office@example.org"})
    with store.read() as session:
        patient = contacts.contact(session, ORG, ref, "patient")
        source = contacts.contact(session, ORG, ref, "source")
        certifier = contacts.contact(session, ORG, ref, "certifier")
        recipient = contacts.contact(session, ORG, ref, f"recipient:{certifier.provider_id}")
    assert (patient.name, patient.phone) == ("Ada Example", "+15185550142")
    assert patient.address == {"email": "Ada@example.org", "sms": "+15185550142"}
    assert not patient.minor
    assert (source.name, source.fax) == ("Dr. Pat Sample", "+15185550143")
    assert source.treating
    assert source.source_id
    assert certifier.practice == "Sample Orthopedics"
    assert recipient.fax == certifier.fax
    assert recipient.email == "office@example.org"


def test_a_minor_is_written_to_through_the_guardian(store: Store) -> None:
    guardian = {"guardian_name": "Gil Example", "guardian_phone": "518-555-0146"}
    _, ref = a_referral(store, patient={"born": "2010-06-01", **guardian})
    with store.read() as session:
        child = contacts.contact(session, ORG, ref, "patient")
        grown = contacts.contact(session, ORG, ref, "patient", on=date(2028, 6, 1))
        almost = contacts.contact(session, ORG, ref, "patient", on=date(2028, 5, 31))
    assert (child.name, child.address, child.minor) == (
        "Gil Example",
        {"sms": "+15185550146"},
        True,
    )
    assert almost.minor
    assert (grown.name, grown.phone, grown.minor) == ("Ada Example", "+15185550142", False)


def test_a_minor_without_a_guardian_has_no_address(store: Store) -> None:
    _, ref = a_referral(store, patient={"born": "2015-06-01"})
    with store.read() as session:
        assert contacts.contact(session, ORG, ref, "patient").address == {}


def test_a_past_patient_source_is_no_treating_party(store: Store) -> None:
    source = {
        "kind": "past_patient",
        "npi": None,
        "practice": None,
        "fax": None,
        "name": "Bo Friend",
        "email": "bo@example.org",
        "prefers": "email",
    }
    _, ref = a_referral(store, source=source)
    with store.read() as session:
        found = contacts.contact(session, ORG, ref, "source")
        assert (found.treating, found.address) == (False, {"email": "bo@example.org"})
        with pytest.raises(NotFound) as caught:
            contacts.contact(session, ORG, ref, "certifier")
    assert caught.value.code == "no_recipient"


def test_addresses_are_live(store: Store) -> None:
    _, ref = a_referral(store)
    with store.write() as session:
        before = contacts.contact(session, ORG, ref, "certifier")
        session.get_one(PracticeRow, before.practice_id).fax = "+15185550188"
    with store.read() as session:
        assert contacts.contact(session, ORG, ref, "certifier").fax == "+15185550188"


def test_an_unverified_source_says_so(store: Store) -> None:
    _, ref = a_referral(store, source={"verified": False})
    with store.read() as session:
        assert not contacts.contact(session, ORG, ref, "source").verified
        assert contacts.source_of(session, ORG, ref).created_at == START
        assert contacts.patient_of(session, ORG, ref).family_name == "Example"


@pytest.mark.parametrize("party", ["recipient:prv_unknown", "recipient:", "nobody"])
def test_a_party_nobody_knows(store: Store, party: str) -> None:
    _, ref = a_referral(store)
    with store.read() as session:
        with pytest.raises(NotFound):
            contacts.contact(session, ORG, ref, party)
        with pytest.raises(NotFound):
            contacts.contact(session, "elsewhere", ref, "patient")
        assert referrals.get(session, ORG, ref).org == ORG
