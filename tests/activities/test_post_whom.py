"""Who a message goes to: in which language, to which guardian, and to whom not at all."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from models.errors import NotFound
from models.facts import (
    MessageApproved,
    MessageDropped,
    MessageFailed,
    MessageHeld,
    MessageSent,
    PatientDied,
    Paused,
    Resumed,
    TaskCompleted,
    TaskOpened,
)
from models.kinds import Kind
from models.roles import Role
from store.engine import Store
from store.tables import ConsentState
from tests.activities.office import (
    MONDAY,
    PATIENT_MAIL,
    PHONE,
    Office,
)
from tests.activities.turns import (
    DAY,
    HOUR,
    TUESDAY_NINE,
    of,
    said,
)


def test_a_patient_reads_spanish_where_that_is_their_language(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(patient={"language": "es"})
    office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    assert "recibimos su referido" in office.sms.accepted[0].body


def test_the_guardian_of_a_minor_is_written_to(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(
        patient={"born": "2015-06-01", "guardian_name": "G", "guardian_phone": "+15185550177"}
    )
    office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    assert office.sms.accepted[0].to == "+15185550177"


CHILD = {"born": "2015-06-01", "email": "child@example.org", "may_email": True}


def test_a_minor_without_a_guardian_waits_and_somebody_asks(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(patient=CHILD)
    answer = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    (held,) = of(answer, MessageHeld)
    assert (held.why, held.until) == ("no_guardian", TUESDAY_NINE.replace(hour=12))
    assert [task.task for task in of(answer, TaskOpened)] == ["name_guardian:1"]
    assert of(office.send(Kind.BOOKED, "patient", "a1"), TaskOpened) == [], "asked once for all"
    assert office.sms.accepted == office.email.accepted == []
    assert of(office.send(Kind.CHECK_IN, "patient"), MessageDropped)[0].why == "no_guardian"


def test_once_a_guardian_is_named_it_goes(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(patient=CHILD)
    office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    office.tell(TaskCompleted(at=MONDAY + HOUR, by="dana", task="name_guardian:1"))
    answer = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=TUESDAY_NINE)
    assert [task.task for task in of(answer, TaskOpened)] == ["name_guardian:1-again-1"]
    first = office.referral_id
    guardian = {"guardian_phone": "+15185550177", "guardian_language": "es"}
    office.receive(patient=CHILD | guardian, at=MONDAY + DAY)  # told again, with the number
    office.referral_id = first
    answer = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=TUESDAY_NINE + HOUR)
    assert of(answer, MessageSent)
    assert office.sms.accepted[0].to == "+15185550177"
    assert "recibimos" in office.sms.accepted[0].body, "in the guardian's language"


def test_the_office_is_asked_for_the_guardian(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(patient=CHILD)
    office.send(Kind.THANK_YOU, "source")
    page = PdfReader(BytesIO(office.fax.accepted[0].attachments[0].content)).pages[0]
    assert "parent or guardian" in " ".join(page.extract_text().split())


def test_at_eighteen_the_patient_is_written_to(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    born = date(MONDAY.year - 18, MONDAY.month, MONDAY.day + 1).isoformat()
    office.receive(patient={"born": born, "guardian_phone": "+15185550177", "language": "es"})
    office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    office.send(Kind.REACH_FOLLOWUP, "patient", "bd-2", at=TUESDAY_NINE)
    assert [parcel.to for parcel in office.sms.accepted] == ["+15185550177", PHONE]


# --- who said no ----------------------------------------------------------------------------------


def test_a_number_that_said_stop_gets_no_text(office: Office) -> None:
    with office.store.write() as session:
        said(session, PHONE, ConsentState.OPTED_OUT, MONDAY - HOUR)
    answer = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    assert of(answer, MessageDropped)[0].why == "opted_out"
    assert of(answer, TaskOpened) == []  # calls stand on the board already
    assert office.sms.accepted == []


def test_after_stop_a_consented_email_takes_its_place(office: Office) -> None:
    with office.store.write() as session:
        said(session, PHONE, ConsentState.OPTED_OUT, MONDAY - HOUR)
        said(session, PATIENT_MAIL, ConsentState.OPTED_IN, MONDAY - HOUR)
    answer = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    (failed,) = of(answer, MessageFailed)
    assert (failed.rung, failed.channel, failed.code) == (0, "sms", "opted_out")
    assert of(answer, MessageSent)[0].channel == "email"
    assert office.email.accepted[0].to == PATIENT_MAIL
    assert office.deliveries()[0].rung == 1


def test_nobody_writes_after_a_death(office: Office) -> None:
    office.plan_signed()
    office.tell(PatientDied(at=MONDAY))
    for kind, to, occasion in (
        (Kind.PLAN_OF_CARE, "certifier", "v1"),
        (Kind.SCHEDULE_TEXT, "patient", "bd-0"),
    ):
        answer = office.send(kind, to, occasion)
        assert of(answer, MessageDropped)[0].why == "deceased"
    assert office.fax.accepted == office.sms.accepted == []


def test_a_kind_that_is_not_ours_is_dropped(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive()
    office.tenant.policy.owner[Kind.THANK_YOU] = "emr"
    try:
        assert of(office.send(Kind.THANK_YOU, "source"), MessageDropped)[0].why == "not_ours"
    finally:
        office.tenant.policy.owner[Kind.THANK_YOU] = "us"


def test_approval_holds_until_the_named_person_lets_go(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path, approve={Kind.THANK_YOU: Role.DIRECTOR})
    office.receive()
    held = office.send(Kind.THANK_YOU, "source")
    assert held.held_until is None
    assert of(held, MessageHeld)[0].why == "approval"
    (task,) = of(held, TaskOpened)
    assert (task.task, task.role) == ("approve_message:thank_you:source:1", Role.DIRECTOR)
    office.tell(MessageApproved(at=MONDAY, by="drew", message="thank_you:source:1"))
    assert of(office.send(Kind.THANK_YOU, "source", at=MONDAY + HOUR), MessageSent)


def test_a_pause_keeps_a_text_back_and_the_plan_of_care_goes(office: Office) -> None:
    end = MONDAY + 7 * DAY
    office.plan_signed()
    office.tell(Paused(at=MONDAY, by="dana", until=end, owner=Role.LEAD))
    text, plan = (
        office.send(Kind.SCHEDULE_TEXT, "patient"),
        office.send(Kind.PLAN_OF_CARE, "certifier", "v1"),
    )
    assert (text.held_until, of(text, MessageHeld)[0].why) == (end, "paused")
    assert of(plan, MessageSent)
    office.tell(Resumed(at=MONDAY + HOUR, by="lee"))
    assert of(office.send(Kind.SCHEDULE_TEXT, "patient", at=MONDAY + HOUR), MessageSent)


def test_an_unknown_referral_is_named_as_such(office: Office) -> None:
    office.referral_id = "ref_nobody"
    with pytest.raises(NotFound):
        office.send(Kind.THANK_YOU, "source")


def test_a_missing_certifier_becomes_a_task(office: Office) -> None:
    office.plan_signed()
    answer = office.send(Kind.PROGRESS_REPORT, "recipient:prv_nobody", "r1")
    assert of(answer, MessageDropped)[0].why == "no_recipient"
    assert of(answer, TaskOpened)
