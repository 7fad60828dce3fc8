"""Who hears what: every source is thanked for its own request, patient facts go to who treats."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from pypdf import PdfReader

from models.contracts import Parcel
from models.facts import (
    CoSourceAdded,
    Discharged,
    DischargeSummarySigned,
    Ending,
    MessageApproved,
    MessageDropped,
    MessageHeld,
    MessageSent,
    OrderReceived,
    ReleaseRecorded,
    ReleaseRevoked,
    Scope,
    TaskOpened,
)
from models.kinds import Kind
from store.engine import Store
from tests.activities.office import MONDAY, Office, summary_fields
from tests.activities.turns import of

LAWYER = {"kind": "attorney", "npi": None, "practice": None, "name": "Lane & Lane"}


def text_of(parcel: Parcel) -> str:
    """The words of the pages that went out."""
    pages = PdfReader(BytesIO(parcel.attachments[0].content)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


FRIEND = {"kind": "past_patient", "npi": None, "practice": None, "name": "Robin Former"}


def test_a_friend_never_hears_of_the_patient(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(source=FRIEND)
    answer = office.send(Kind.UNABLE_TO_REACH, "source", "closed")
    assert of(answer, MessageDropped)[0].why == "not_treating"
    assert of(answer, TaskOpened)
    assert office.fax.accepted == office.email.accepted == []


def lawyer_waits(store: Store, tmp_path: Path) -> Office:
    """An attorney sent the patient; the summary is signed and waits for a release."""
    office = Office(store, tmp_path)
    office.receive(source=LAWYER)
    document_id = office.put("discharge_summary", content=summary_fields())
    office.plan_signed()
    office.tell(
        Discharged(at=MONDAY, reason=Ending.GOALS_MET),
        DischargeSummarySigned(at=MONDAY, document_id=document_id),
    )
    answer = office.send(Kind.DISCHARGE_SUMMARY, "source")
    (held,) = of(answer, MessageHeld)
    assert (held.until, held.why) == (None, "release")
    (task,) = of(answer, TaskOpened)
    assert task.task == "release_message:discharge_summary:source:1"
    assert office.fax.accepted == []
    return office


def release(office: Office, **more: Any) -> ReleaseRecorded:
    fields = {"at": MONDAY, "release_id": "r1", "recipient_id": office.source_id, **more}
    return ReleaseRecorded(**fields)


def test_an_authorization_lets_it_go(store: Store, tmp_path: Path) -> None:
    office = lawyer_waits(store, tmp_path)
    office.tell(release(office, scope=Scope.STATUS))
    assert of(office.send(Kind.DISCHARGE_SUMMARY, "source"), MessageSent) == []
    office.tell(release(office, as_of=MONDAY + timedelta(days=1), ends_on=MONDAY.date()))
    assert of(office.send(Kind.DISCHARGE_SUMMARY, "source"), MessageSent)
    assert not office.referral.task_open("release_message:discharge_summary:source:1")


def test_an_expired_or_revoked_one_does_not(store: Store, tmp_path: Path) -> None:
    office = lawyer_waits(store, tmp_path)
    office.tell(release(office, ends_on=MONDAY.date()))
    late = MONDAY + timedelta(hours=20)  # past midnight in Albany
    assert of(office.send(Kind.DISCHARGE_SUMMARY, "source", at=late), MessageSent) == []
    office.tell(
        release(office, release_id="r2"),
        ReleaseRevoked(at=MONDAY + timedelta(hours=1), release_id="r2"),
    )
    assert of(office.send(Kind.DISCHARGE_SUMMARY, "source", at=late), MessageSent) == []


def test_a_person_releases_one_message(store: Store, tmp_path: Path) -> None:
    office = lawyer_waits(store, tmp_path)
    key = "discharge_summary:source:1"
    office.tell(MessageApproved(at=MONDAY, by="lee", message=key))
    assert of(office.send(Kind.DISCHARGE_SUMMARY, "source"), MessageSent)


def test_an_authorization_told_to_another_referral_of_the_patient_counts(
    store: Store, tmp_path: Path
) -> None:
    office = lawyer_waits(store, tmp_path)
    first, source_id = office.referral_id, office.source_id
    office.receive(at=MONDAY + timedelta(days=1))
    office.tell(release(office, recipient_id=source_id))
    office.referral_id = first
    assert of(office.send(Kind.DISCHARGE_SUMMARY, "source"), MessageSent)


def test_who_is_authorized_is_not_asked_for_it_again(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(source=LAWYER)
    office.tell(release(office))
    assert of(office.send(Kind.THANK_YOU, "source"), MessageSent)
    assert "signed authorization" not in text_of(office.fax.accepted[0])


def test_who_does_not_treat_is_thanked_without_a_word_of_what_others_told(
    store: Store, tmp_path: Path
) -> None:
    office = Office(store, tmp_path)
    office.receive(source=LAWYER, patient={"phone": None})
    assert of(office.send(Kind.THANK_YOU, "source"), MessageSent)
    page = text_of(office.fax.accepted[0])
    assert "Jordan Lee Sentinel" in page, "they sent the name themselves"
    assert "authorization" in page
    for word in ("phone number at which", "certif", "plan of care", "order", "evaluation"):
        assert word not in page.lower(), word


def test_a_co_source_is_thanked_for_its_own_request(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive()
    other = office.another_source(name="Sam Other", npi="1114567898", fax="(518) 555-0122")
    later = MONDAY + timedelta(days=2)
    office.tell(
        CoSourceAdded(at=later, confirmed_at=later, source_id=other, source_kind="provider")
    )
    answer = office.send(Kind.THANK_YOU, f"source:{other}", at=later)
    assert of(answer, MessageSent)
    (parcel,) = office.fax.accepted
    assert parcel.to == "+15185550122"
    page = text_of(parcel)
    assert "Sam Other" in page
    assert "Mar 4, 2026" in page, "the day on which this one came"
    assert "Ruiz" not in page, "nobody hears who else sent the patient"
    (touch,) = office.touches()
    assert touch.payload is not None
    assert touch.payload["source_id"] == other


def test_a_renewal_is_acknowledged_as_an_order(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive()
    later = MONDAY + timedelta(days=50)
    office.tell(
        OrderReceived(
            at=later,
            order_id="ref_2",
            provider_id=office.certifier_id,
            signed_and_dated=True,
            source_id=office.source_id,
        )
    )
    assert of(office.send(Kind.THANK_YOU, "source", "order-ref_2", at=later), MessageSent)
    page = text_of(office.fax.accepted[0])
    assert "Thank you for the order" in page
    assert "Treatment goes on" in page
