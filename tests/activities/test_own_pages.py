"""Where a clinic uses our pages, every text leads to one; it lives a week, or until the visit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.post import Post
from activities.tenants import Tenants
from models.contracts import SendInput
from models.facts import AppointmentBooked
from models.kinds import Kind
from models.links import Link, LinkKeys, Pages, Purpose
from models.organization import OURS
from tests.activities.office import CLINIC, MONDAY, ORG, PHONE, Office

KEYS = LinkKeys([b"k" * 32])
PAGES = Pages("https://book.example", KEYS)
DAY = timedelta(days=1)


def own(office: Office, forms: str | None = None, link: str = OURS) -> Office:
    """The same office whose clinics send patients to our pages."""
    organization = office.tenant.organization
    change = {"scheduling_link": link, "intake_link": forms}
    clinics = tuple(one.model_copy(update=change) for one in organization.clinics)
    there = organization.model_copy(update={"clinics": clinics})
    office.tenants = Tenants([office.tenant.model_copy(update={"organization": there})])
    return office


def sent(office: Office, kind: Kind, occasion: str = "1", pages: Pages | None = PAGES) -> str:
    """The words of one text."""
    post = Post(office.store, office.tenants, office.clients, lambda: office.wall, pages=pages)
    given = SendInput(
        org=ORG,
        clinic_id=CLINIC,
        referral_id=office.referral_id,
        kind=kind,
        to="patient",
        occasion=occasion,
    )
    post.turn(given, MONDAY)
    return office.sms.accepted[-1].body


def link_in(text: str) -> Link:
    word = next(word for word in text.split() if "/p/" in word)
    token = word.rpartition("/")[2]
    assert KEYS.verified(ORG, token)
    found = KEYS.read(token)
    assert found is not None
    return found


def test_a_text_leads_to_the_patient_s_own_page(office: Office) -> None:
    office.receive()
    found = link_in(sent(own(office), Kind.SCHEDULE_TEXT, "bd-0"))
    assert found == Link(Purpose.VISIT, office.referral_id, MONDAY, 7)


def test_the_link_of_a_visit_lives_until_the_visit(office: Office) -> None:
    office.receive()
    starts = MONDAY + 20 * DAY
    office.tell(AppointmentBooked(at=MONDAY, appointment_id="a1", starts_at=starts))
    found = link_in(sent(own(office), Kind.INTAKE, "a1"))
    assert found.expires_at >= starts


def test_the_one_question_has_a_link_of_its_own(office: Office) -> None:
    office.receive()
    assert link_in(sent(own(office), Kind.CHECK_IN)).purpose is Purpose.CHECK_IN


@pytest.mark.parametrize("kind", [Kind.SCHEDULE_TEXT, Kind.CHECK_IN])
def test_a_page_elsewhere_stays_what_it_was(office: Office, kind: Kind) -> None:
    office.receive()
    text = sent(office, kind)
    assert "/p/" not in text
    assert ("example.org/riverside-east/schedule" in text) == (kind is Kind.SCHEDULE_TEXT)


def test_an_email_about_a_visit_brings_a_calendar_file(office: Office) -> None:
    office.receive(patient={"may_text": False, "may_email": True})
    office.tell(AppointmentBooked(at=MONDAY, appointment_id="a1", starts_at=MONDAY + 3 * DAY))
    own(office)
    post = Post(office.store, office.tenants, office.clients, lambda: office.wall, pages=PAGES)
    post.turn(office.given(Kind.BOOKED, "patient", "a1"), MONDAY)
    (email,) = office.email.accepted
    (visit,) = email.attachments
    assert (visit.filename, visit.media_type) == ("visit.ics", "text/calendar")
    assert b"DTSTART:20260305T150000Z" in visit.content
    assert b"Jordan" not in visit.content
    assert "/p/" in email.body


def test_forms_elsewhere_have_their_own_address(office: Office) -> None:
    office.receive()
    office.tell(AppointmentBooked(at=MONDAY, appointment_id="a1", starts_at=MONDAY + 3 * DAY))
    elsewhere = own(office, "https://forms.example/riverside", "https://example.org/schedule")
    assert "https://forms.example/riverside" in sent(elsewhere, Kind.INTAKE, "a1")


def test_a_process_without_keys_asks_for_days(office: Office) -> None:
    office.receive()
    text = sent(own(office), Kind.SCHEDULE_TEXT, "bd-0", pages=None)
    assert "Text days that work" in text
    assert PHONE not in text
