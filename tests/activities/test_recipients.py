"""Who hears what: every source is thanked for its own request, patient facts go to who treats."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import TypeVar

from pypdf import PdfReader

from models.contracts import Answer, Parcel
from models.facts import (
    CoSourceAdded,
    Fact,
    MessageDropped,
    MessageSent,
    OrderReceived,
    TaskOpened,
)
from models.kinds import Kind
from store.engine import Store
from tests.activities.office import MONDAY, Office

F = TypeVar("F", bound=Fact)
LAWYER = {"kind": "attorney", "npi": None, "practice": None, "name": "Lane & Lane"}


def of(answer: Answer, kind: type[F]) -> list[F]:
    return [fact for fact in answer.learned if isinstance(fact, kind)]


def text_of(parcel: Parcel) -> str:
    """The words of the pages that went out."""
    pages = PdfReader(BytesIO(parcel.attachments[0].content)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


def test_patient_facts_go_to_treating_sources_only(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(source=LAWYER)
    answer = office.send(Kind.UNABLE_TO_REACH, "source", "closed")
    assert of(answer, MessageDropped)[0].why == "not_treating"
    assert of(answer, TaskOpened)
    assert office.fax.accepted == []


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
