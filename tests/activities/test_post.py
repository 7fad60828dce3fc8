"""One turn of the crank after another: what leaves, what waits, and what a crash may not break."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pypdf import PdfReader, PdfWriter
from sqlmodel import Session, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.turns import IN_HAND, LATEST_START
from integrations.contract import LONGEST_CALL
from models.contracts import Answer, DropInput, Receipt, ReceiptState
from models.errors import CannotTell, ChannelError, Conflict, NotFound, StoreUnavailable, Verdict
from models.facts import (
    AppointmentBooked,
    DischargeSummarySigned,
    Fact,
    Meaning,
    MessageApproved,
    MessageDelivered,
    MessageDropped,
    MessageFailed,
    MessageHeld,
    MessageSent,
    PageJudged,
    PageVerdict,
    PatientDied,
    PatientReplied,
    Paused,
    ProgressReportSigned,
    Resumed,
    TaskCompleted,
    TaskOpened,
)
from models.kinds import Kind
from models.roles import Role
from store import consent, inbox, replies, sent_letters, sources
from store.engine import Store
from store.tables import ConsentState, DeliveryState, MessageState, TaskRow
from tests.activities.office import (
    FAX,
    MAIL,
    MONDAY,
    ORG,
    PATIENT_MAIL,
    PHONE,
    WALL,
    Crash,
    Office,
    report_fields,
    summary_fields,
)
from workflows.policies import SEND_TIMEOUT

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OTHER_PHONE = "+15185550177"
NIGHT = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)  # Monday 22:00 in Albany
TUESDAY_NINE = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)


F = TypeVar("F", bound=Fact)


def of(answer: Answer, kind: type[F]) -> list[F]:
    return [fact for fact in answer.learned if isinstance(fact, kind)]


def busy(code: str = "busy") -> ChannelError:
    return ChannelError(code, "the line is busy", verdict=Verdict.LATER)


def dead() -> ChannelError:
    return ChannelError("no_such_number", "not in service", verdict=Verdict.PERMANENT)


# --- what leaves ----------------------------------------------------------------------------------


def test_a_fax_goes_out_once_with_row_facts_and_receipt(office: Office) -> None:
    answer = office.send(Kind.THANK_YOU, "source")
    assert [type(f) for f in answer.learned] == [MessageDelivered, MessageSent]
    assert answer.held_until is None
    (delivered,) = of(answer, MessageDelivered)
    assert (delivered.recipient_id, delivered.at) == (office.certifier_id, MONDAY)
    (parcel,) = office.fax.accepted
    assert parcel.to == FAX
    assert parcel.attachments[0].content.startswith(b"%PDF")
    assert parcel.attachments[0].filename == "thank-you.pdf"
    (row,) = office.deliveries()
    assert (row.state, row.acceptances, row.claimed_at) == (DeliveryState.DELIVERED, 1, MONDAY)
    assert [m.state for m in office.messages()] == [MessageState.SENT]
    with office.store.read() as session:  # for whoever asks later what exactly left
        assert sent_letters.find(session, row.id) == parcel.attachments[0].content


def test_drawn_anew_for_another_try_the_pages_that_left_are_kept(office: Office) -> None:
    office.fax.before.append(Crash())
    with pytest.raises(Crash):
        office.send(Kind.THANK_YOU, "source")
    with office.store.write() as session:
        (row,) = office.deliveries()
        sent_letters.keep(session, row.id, b"as drawn before a correction")
    office.wall += IN_HAND + HOUR
    office.send(Kind.THANK_YOU, "source", at=MONDAY + 2 * HOUR)
    (parcel,) = office.fax.accepted
    with office.store.read() as session:
        assert sent_letters.find(session, row.id) == parcel.attachments[0].content


def test_a_second_turn_only_answers(office: Office) -> None:
    first = office.send(Kind.THANK_YOU, "source")
    again = office.send(Kind.THANK_YOU, "source", at=MONDAY + HOUR)
    assert again.learned == first.learned
    assert len(office.fax.accepted) == 1
    assert len(office.deliveries()) == 1


def test_faxes_go_at_night_and_texts_wait_for_morning(office: Office) -> None:
    assert of(office.send(Kind.THANK_YOU, "source", at=NIGHT), MessageSent)
    held = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=NIGHT)
    assert held.held_until == TUESDAY_NINE
    (fact,) = of(held, MessageHeld)
    assert (fact.until, fact.why) == (TUESDAY_NINE, "quiet_hours")
    assert office.sms.accepted == []
    assert of(office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=TUESDAY_NINE), MessageSent)
    assert office.sms.accepted[0].to == PHONE


def test_one_text_a_day_and_three_in_seven(office: Office) -> None:
    sent = []
    at = MONDAY
    for occasion in ("bd-0", "bd-2", "bd-4", "bd-6"):
        answer = office.send(Kind.REACH_FOLLOWUP, "patient", occasion, at=at)
        while answer.held_until is not None:
            at = answer.held_until
            answer = office.send(Kind.REACH_FOLLOWUP, "patient", occasion, at=at)
        sent.append(at)
    assert sent[1] == TUESDAY_NINE
    assert sent[2] == TUESDAY_NINE + DAY
    # Seven days after the first; the clocks went forward on Sunday, and seven days are 168 hours.
    assert sent[3] == MONDAY + 7 * DAY


def test_caps_count_per_number_over_all_referrals(office: Office) -> None:
    office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    office.receive(patient={"given_name": "Robin"})  # a second patient, one phone
    answer = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=MONDAY + HOUR)
    assert of(answer, MessageHeld)[0].why == "cap"


def replied(office: Office, at: datetime, reply_id: str, phone: str = PHONE) -> None:
    """A text came; the record knows it, word for word."""
    fact = PatientReplied(at=at, as_of=at, reply_id=reply_id, meaning=Meaning.STOP)
    office.tell(fact)
    with office.store.write() as session:
        inbox_row, _ = inbox.accept(
            session, org=ORG, origin="texts", event_id=reply_id, body=b"{}", received_at=at
        )
        replies.keep(
            session,
            inbox_row,
            reply_id=reply_id,
            phone=phone,
            text="STOP",
            meanings=(Meaning.STOP,),
            at=at,
        )
        opted(session, ConsentState.OPTED_OUT, at, phone)


def opted(session: Session, state: ConsentState, at: datetime, phone: str = PHONE) -> None:
    consent.record(
        session, org=ORG, address=phone, state=state, at=at, why="test", recorded_at=WALL
    )


def test_a_stop_is_confirmed_to_its_number_once_until_texts_are_wanted_again(
    office: Office,
) -> None:
    """policy.md rule 12: whichever of the referrals on the number was told to do it."""
    replied(office, MONDAY, "m1", OTHER_PHONE)
    office.send(Kind.OPT_OUT_CONFIRMATION, "patient", "m1")
    assert [parcel.to for parcel in office.sms.accepted] == [OTHER_PHONE]
    office.receive(patient={"given_name": "Robin"})  # a second referral on the phone
    replied(office, MONDAY + HOUR, "m2", OTHER_PHONE)
    again = office.send(Kind.OPT_OUT_CONFIRMATION, "patient", "m2", at=MONDAY + HOUR)
    assert of(again, MessageDropped)[0].why == "confirmed_already"
    with office.store.write() as session:
        opted(session, ConsentState.OPTED_IN, MONDAY + 2 * HOUR, OTHER_PHONE)
    replied(office, MONDAY + 3 * HOUR, "m3", OTHER_PHONE)
    office.send(Kind.OPT_OUT_CONFIRMATION, "patient", "m3", at=MONDAY + 3 * HOUR)
    assert len(office.sms.accepted) == 2
    late = MONDAY + 4 * HOUR
    with office.store.write() as session:
        opted(session, ConsentState.OPTED_IN, late - MINUTE, OTHER_PHONE)
    replied(office, late, "m4", OTHER_PHONE)
    answer = office.send(Kind.OPT_OUT_CONFIRMATION, "patient", "m4", at=late + 6 * MINUTE)
    assert of(answer, MessageDropped)[0].why == "too_late"


def test_an_answer_to_a_text_takes_nothing_of_the_cap(office: Office) -> None:
    office.send(Kind.CLOSED_HOURS, "patient", "m1", at=NIGHT - 12 * HOUR - DAY)
    office.send(Kind.HELP, "patient", "m1")
    office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=MONDAY + HOUR)
    assert [m.message_kind for m in office.referral.all(MessageSent)][-1] is Kind.SCHEDULE_TEXT


def test_nobody_is_told_twice_in_a_night_that_we_are_closed(office: Office) -> None:
    office.send(Kind.CLOSED_HOURS, "patient", "m1", at=NIGHT)
    office.receive(patient={"given_name": "Robin"})
    again = office.send(Kind.CLOSED_HOURS, "patient", "m2", at=NIGHT + HOUR)
    assert of(again, MessageDropped)[0].why == "told_already"


def test_an_appointment_today_is_told_whatever_the_cap(office: Office) -> None:
    office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    office.tell(
        AppointmentBooked(at=MONDAY, appointment_id="today", starts_at=MONDAY + 5 * HOUR),
        AppointmentBooked(at=MONDAY, appointment_id="later", starts_at=MONDAY + 5 * DAY),
    )
    assert of(office.send(Kind.INTAKE, "patient", "today", at=MONDAY + HOUR), MessageSent)
    assert "booked Mon Mar 2, 3:00 PM" in office.sms.accepted[-1].body
    later = office.send(Kind.INTAKE, "patient", "later", at=MONDAY + HOUR)
    assert of(later, MessageHeld)[0].why == "cap"


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
    _said(office, PHONE, ConsentState.OPTED_OUT)
    answer = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    assert of(answer, MessageDropped)[0].why == "opted_out"
    assert of(answer, TaskOpened) == []  # calls stand on the board already
    assert office.sms.accepted == []


def test_after_stop_a_consented_email_takes_its_place(office: Office) -> None:
    _said(office, PHONE, ConsentState.OPTED_OUT)
    _said(office, PATIENT_MAIL, ConsentState.OPTED_IN)
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


# --- documents ------------------------------------------------------------------------------------


def test_a_plan_without_its_document_is_held_and_asked_for_once(office: Office) -> None:
    office.plan_signed(document_id=None)
    first = office.send(Kind.PLAN_OF_CARE, "certifier", "v1")
    assert first.held_until == datetime(2026, 3, 3, 12, 0, tzinfo=UTC)  # Tuesday's opening
    assert of(first, MessageHeld)[0].why == "document_missing"
    (task,) = of(first, TaskOpened)
    assert task.role == Role.THERAPIST
    again = office.send(Kind.PLAN_OF_CARE, "certifier", "v1", at=first.held_until)
    assert of(again, TaskOpened) == [task]
    assert office.fax.accepted == []
    assert again.held_until is not None
    office.put("plan_of_care", pdf=_a_pdf(office))
    sent = office.send(Kind.PLAN_OF_CARE, "certifier", "v1", at=again.held_until)
    assert of(sent, MessageSent)


def test_fields_with_holes_leave_nothing(office: Office) -> None:
    holes = office.put("plan_of_care", content={"plan": {}, "update": {"verdict": "x"}})
    office.plan_signed(document_id=holes)
    answer = office.send(Kind.PLAN_OF_CARE, "certifier", "v1")
    assert of(answer, MessageHeld)[0].why == "document_missing"
    assert office.fax.accepted == []


def test_reports_and_summary_are_drawn_from_the_record(office: Office) -> None:
    office.plan_signed()
    report = office.put("progress_report", content=report_fields())
    summary = office.put("discharge_summary", content=summary_fields())
    office.tell(
        ProgressReportSigned(at=MONDAY, report_id="r1", document_id=report, day=MONDAY.date()),
        DischargeSummarySigned(at=MONDAY, document_id=summary),
    )
    to = f"recipient:{office.certifier_id}"
    assert of(office.send(Kind.PROGRESS_REPORT, to, "r1"), MessageSent)
    assert of(office.send(Kind.DISCHARGE_SUMMARY, to), MessageSent)
    assert [p.attachments[0].filename for p in office.fax.accepted] == [
        "progress-report.pdf",
        "discharge-summary.pdf",
    ]


def test_an_emr_pdf_goes_behind_our_sheet(office: Office) -> None:
    theirs = _a_pdf(office)
    document = office.put("discharge_summary", pdf=theirs)
    office.tell(DischargeSummarySigned(at=MONDAY, document_id=document))
    office.send(Kind.DISCHARGE_SUMMARY, f"recipient:{office.certifier_id}")
    assert _pages(office.fax.accepted[-1].attachments[0].content) == 1 + _pages(theirs)


def test_a_pdf_that_cannot_be_copied_is_a_persons_and_quotes_nothing(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    page = BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(612, 792)
    writer.write(page)
    torn = page.getvalue().replace(b"/Type /Page\n", b"/Type /Sentinel\n")
    document = office.put("discharge_summary", pdf=torn)
    office.tell(DischargeSummarySigned(at=MONDAY, document_id=document))
    answer = office.send(Kind.DISCHARGE_SUMMARY, f"recipient:{office.certifier_id}")
    assert of(answer, MessageHeld)[0].why == "document_missing"
    assert of(answer, TaskOpened)[0].task.startswith("attach_document:")
    assert "Sentinel" not in caplog.text


def test_the_same_code_is_on_the_plan_and_on_its_reminder(office: Office) -> None:
    office.plan_signed()
    office.send(Kind.PLAN_OF_CARE, "certifier", "v1")
    office.send(Kind.SIGNATURE_REQUEST, "certifier", "v1-day-7", at=MONDAY + 7 * DAY)
    codes = {row.payload["return_code"] for row in office.deliveries() if row.payload}
    assert len(codes) == 1


# --- touches with the source ----------------------------------------------------------------------


def test_nothing_quotes_a_plan_the_provider_changed(office: Office) -> None:
    """policy.md rule 4: until the therapist has taken the changes over."""
    office.plan_signed()
    at = MONDAY + timedelta(hours=1)
    office.tell(
        PageJudged(
            at=at,
            as_of=at,
            by="dana",
            verdict=PageVerdict.SIGNED_WITH_CHANGES,
            frequency="1/week",
        )
    )
    office.send(Kind.PLAN_OF_CARE, "certifier", "v1", at=at)
    assert office.fax.accepted == []
    assert [m.why for m in office.referral.all(MessageDropped)] == ["changed_by_provider"]


def test_a_source_touch_is_queued_for_the_crm_and_a_patients_is_not(office: Office) -> None:
    office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    assert office.touches() == []
    office.send(Kind.THANK_YOU, "source")
    (touch,) = office.touches()
    assert touch.payload is not None
    assert set(touch.payload) == {"type", "kind", "channel", "source_id", "at"}
    assert office.duplicates() == 0
    with office.store.read() as session:
        assert sources.get(session, ORG, office.source_id).next_touch_at is not None


def test_the_discharge_summary_sets_the_next_touch_anew(office: Office) -> None:
    office.send(Kind.THANK_YOU, "source")
    office.put("discharge_summary", content=summary_fields())
    office.tell(DischargeSummarySigned(at=MONDAY))
    later = MONDAY + 3 * DAY
    office.send(Kind.DISCHARGE_SUMMARY, f"recipient:{office.certifier_id}", at=later)
    with office.store.read() as session:
        touch = sources.get(session, ORG, office.source_id).next_touch_at
    assert touch is not None
    assert touch > later + 13 * DAY


# --- the ladder -----------------------------------------------------------------------------------


def test_a_busy_line_is_tried_five_times_then_the_mail(office: Office) -> None:
    office.fax.before = [busy() for _ in range(5)]
    at, waits = MONDAY, []
    answer = office.send(Kind.THANK_YOU, "source", at=at)
    while answer.held_until is not None:
        assert of(answer, MessageHeld)[0].why == "busy"
        waits.append(answer.held_until - at)
        at = answer.held_until
        answer = office.send(Kind.THANK_YOU, "source", at=at)
    assert waits[:3] == [15 * MINUTE, HOUR, 3 * HOUR]
    assert at == datetime(2026, 3, 3, 12, 0, tzinfo=UTC)  # the next morning
    (failed,) = of(answer, MessageFailed)
    assert (failed.rung, failed.channel, failed.code) == (0, "fax", "busy")
    assert of(answer, MessageDropped) == []
    sent = office.send(Kind.THANK_YOU, "source", at=at, rung=1)
    assert of(sent, MessageSent)[0].channel == "email"
    assert office.email.accepted[0].to == MAIL
    assert office.duplicates() == 0


def test_the_last_rung_becomes_a_call_in_the_same_breath(office: Office) -> None:
    office.fax.before, office.email.before = [dead()], [dead()]
    first = office.send(Kind.THANK_YOU, "source")
    assert of(first, MessageDropped) == []
    last = office.send(Kind.THANK_YOU, "source", rung=1)
    assert [f.rung for f in of(last, MessageFailed)] == [0, 1]
    assert of(last, MessageDropped)[0].why == "undeliverable"
    (task,) = of(last, TaskOpened)
    assert task.due == MONDAY + 4 * HOUR
    assert [m.state for m in office.messages()] == [MessageState.DROPPED]


def test_an_office_that_prefers_mail_gets_mail(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(source={"prefers": "email"})
    assert of(office.send(Kind.THANK_YOU, "source"), MessageSent)[0].channel == "email"
    (parcel,) = office.email.accepted
    assert parcel.subject == "A message from Riverside PT East about your referral"
    assert "Sentinel" not in parcel.subject + parcel.body
    assert parcel.attachments[0].media_type == "application/pdf"


def test_an_office_without_a_fax_number_goes_on_to_mail_in_one_turn(
    store: Store, tmp_path: Path
) -> None:
    office = Office(store, tmp_path)
    office.receive(source={"fax": None})
    answer = office.send(Kind.THANK_YOU, "source")
    assert of(answer, MessageFailed)[0].code == "no_address"
    assert of(answer, MessageSent)[0].channel == "email"


def test_an_office_that_cannot_be_reached_at_all(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(source={"fax": None, "email": None})
    answer = office.send(Kind.THANK_YOU, "source")
    assert of(answer, MessageDropped)[0].why == "undeliverable"
    assert of(answer, TaskOpened)


def test_three_documents_make_a_number_dead(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    for _ in range(3):
        office.receive(patient={"given_name": f"P{_}"})
        office.fax.before = [dead()]
        office.send(Kind.THANK_YOU, "source")
    with store.read() as session:
        assert consent.is_dead(session, ORG, FAX)
    office.receive(patient={"given_name": "Next"})
    answer = office.send(Kind.THANK_YOU, "source")
    assert of(answer, MessageFailed)[0].code == "dead_number"
    assert of(answer, MessageSent)[0].channel == "email"


def test_a_wrong_password_is_an_admins_task_and_loses_nothing(office: Office) -> None:
    office.fax.before = [ChannelError("login_refused", "no", verdict=Verdict.FIX)]
    answer = office.send(Kind.THANK_YOU, "source")
    assert answer.held_until == MONDAY + 15 * MINUTE
    (task,) = of(answer, TaskOpened)
    assert (task.task, task.role) == ("step_failed:send-fax-login_refused", Role.ADMIN)
    assert _states(office) == {"step_failed": "open"}
    assert of(office.send(Kind.THANK_YOU, "source", at=answer.held_until), MessageSent)


def test_what_an_admin_was_asked_to_mend_stands_while_a_message_waits_for_it(
    office: Office,
) -> None:
    def refused() -> ChannelError:
        return ChannelError("login_refused", "no", verdict=Verdict.FIX)

    office.plan_signed()
    office.fax.before = [refused(), refused()]
    office.send(Kind.THANK_YOU, "source")
    office.send(Kind.PLAN_OF_CARE, "certifier", "v1")
    thanks = office.given(Kind.THANK_YOU, "source").model_dump(include=set(DropInput.model_fields))
    office.post.stop(DropInput(**thanks, why="overtaken"), MONDAY + MINUTE)
    assert _states(office) == {"step_failed": "open"}
    later = MONDAY + 15 * MINUTE
    assert of(office.send(Kind.PLAN_OF_CARE, "certifier", "v1", at=later), MessageSent)
    assert _states(office) == {"step_failed": "moot"}
    office.fax.before = [refused()]  # expired once more
    office.send(Kind.SIGNATURE_REQUEST, "certifier", "v1-day-7", at=later + DAY)
    assert _states(office) == {"step_failed": "open"}


def test_a_document_is_asked_for_until_its_letter_is_settled(office: Office) -> None:
    office.tell(DischargeSummarySigned(at=MONDAY))
    to = f"recipient:{office.certifier_id}"
    answer = office.send(Kind.DISCHARGE_SUMMARY, to)
    assert of(answer, MessageHeld)[0].why == "document_missing"
    assert _states(office) == {"attach_document": "open"}
    document = office.put("discharge_summary", pdf=_a_pdf(office))
    office.tell(DischargeSummarySigned(at=MONDAY, as_of=MONDAY + MINUTE, document_id=document))
    assert _states(office) == {"attach_document": "open"}  # the letter has yet to leave
    assert of(office.send(Kind.DISCHARGE_SUMMARY, to, at=MONDAY + DAY), MessageSent)
    assert _states(office) == {"attach_document": "moot"}


def _states(office: Office) -> dict[str, str]:
    """The kinds of the tasks about messages, and how they stand."""
    with office.store.read() as session:
        return {row.kind: row.state for row in session.exec(select(TaskRow)) if row.referral_id}


def test_the_vendors_own_time_counts_when_it_is_later(office: Office) -> None:
    later = MONDAY + 2 * HOUR
    office.fax.before = [ChannelError("throttled", "slow", verdict=Verdict.LATER, retry_at=later)]
    assert office.send(Kind.THANK_YOU, "source").held_until == later


# --- crashes --------------------------------------------------------------------------------------


def _before_the_claim(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.claims.post.claim", _dies)


def _before_the_vendor(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.fax.before = [Crash()]


def _after_the_vendor(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.fax.after = [Crash()]


def _before_settling(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.outcomes.post.settle", _dies)


def _within_settling(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.outcomes.sources.set_next_touch", _dies)


def _dies(*args: Any, **kwargs: Any) -> Any:
    raise Crash


@pytest.mark.parametrize(
    "when",
    [_before_the_claim, _before_the_vendor, _after_the_vendor, _before_settling, _within_settling],
)
def test_a_crash_anywhere_ends_in_exactly_one_acceptance(
    office: Office,
    when: Callable[[Office, pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as broken:
        when(office, broken)
        with pytest.raises(Crash):
            office.send(Kind.THANK_YOU, "source")
    office.wall += IN_HAND
    answer = office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    assert len(of(answer, MessageSent)) == 1
    assert len(office.fax.accepted) == 1
    assert [row.acceptances for row in office.deliveries()] == [1]
    assert len(office.touches()) == 1
    assert office.duplicates() == 0


def test_while_one_turn_may_be_at_it_another_neither_asks_nor_sends(office: Office) -> None:
    office.fax.before = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.THANK_YOU, "source")
    office.wall += IN_HAND - timedelta(seconds=1)
    with pytest.raises(Conflict) as early:
        office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    assert early.value.code == "claimed_elsewhere"
    assert office.fax.asked == office.fax.accepted == []


def test_a_text_that_was_cut_off_is_found_before_it_is_judged(office: Office) -> None:
    office.sms.after = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    office.wall += IN_HAND
    answer = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=NIGHT)  # would be held now
    assert of(answer, MessageSent)
    assert len(office.sms.accepted) == 1


def test_a_text_that_never_left_is_not_counted_against_itself(office: Office) -> None:
    office.sms.before = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    office.wall += IN_HAND
    answer = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=MONDAY + MINUTE)
    assert of(answer, MessageSent)
    (row,) = office.deliveries()
    assert (row.attempt, row.acceptances) == (2, 1)


@pytest.mark.parametrize("broken", ["before", "after"])
def test_where_nobody_can_tell_a_person_decides(office: Office, broken: str) -> None:
    office.fax.knows = False
    setattr(office.fax, broken, [Crash()])
    with pytest.raises(Crash):
        office.send(Kind.THANK_YOU, "source")
    office.wall += IN_HAND
    answer = office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    assert of(answer, MessageDropped)[0].why == "uncertain"
    assert of(answer, TaskOpened)[0].task == "uncertain_delivery:thank_you:source:1"
    assert of(answer, MessageSent) == []
    taken = len(office.fax.accepted)
    assert office.send(Kind.THANK_YOU, "source", at=MONDAY + HOUR).learned == answer.learned
    assert len(office.fax.accepted) == taken
    assert office.deliveries()[0].state == DeliveryState.UNKNOWN


@pytest.mark.parametrize("error", [CannotTell("lost"), TimeoutError(), RuntimeError("bug")])
def test_a_lost_answer_is_looked_up_at_once(office: Office, error: Exception) -> None:
    office.fax.after = [error]
    answer = office.send(Kind.THANK_YOU, "source")
    assert of(answer, MessageSent)
    assert len(office.fax.accepted) == 1
    assert len(office.fax.asked) == 1


def test_what_the_vendor_said_is_kept_until_another_turn_may_ask_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def away(*args: Any, **kwargs: Any) -> Any:
        tries.append(office.wall)
        raise StoreUnavailable("gone")

    with monkeypatch.context() as broken:
        broken.setattr("activities.outcomes.post.settle", away)
        with pytest.raises(StoreUnavailable):
            office.send(Kind.THANK_YOU, "source")
    assert len(tries) > 5
    assert tries[-1] <= WALL + IN_HAND < office.wall + 5 * timedelta(seconds=1)
    assert len(office.fax.accepted) == 1
    office.wall = WALL + IN_HAND
    assert of(office.send(Kind.THANK_YOU, "source"), MessageSent)
    assert len(office.fax.accepted) == 1


def test_only_a_record_that_is_away_is_waited_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clash(*args: Any, **kwargs: Any) -> Any:
        raise Conflict("a row is there already")

    monkeypatch.setattr("activities.outcomes.post.settle", clash)
    with pytest.raises(Conflict):
        office.send(Kind.THANK_YOU, "source")
    assert office.wall == WALL


def test_a_lost_question_is_asked_again_on_the_ladder(office: Office) -> None:
    office.fax.before = [TimeoutError()]
    answer = office.send(Kind.THANK_YOU, "source")
    assert answer.held_until == MONDAY + 15 * MINUTE
    assert of(office.send(Kind.THANK_YOU, "source", at=answer.held_until), MessageSent)
    assert len(office.fax.accepted) == 1


def test_a_vendor_that_says_failed_spends_the_rung(office: Office) -> None:
    office.fax.after = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.THANK_YOU, "source")
    office.wall += IN_HAND
    (row,) = office.deliveries()
    office.fax.say[row.reference] = Receipt(
        reference=row.reference, state=ReceiptState.FAILED, at=MONDAY, code="no_answer"
    )
    answer = office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    assert of(answer, MessageFailed)[0].code == "no_answer"


# --- dropping -------------------------------------------------------------------------------------


def _drop(office: Office, why: str = "overtaken") -> Answer:
    given = DropInput(
        org=ORG,
        referral_id=office.referral_id,
        kind=Kind.SCHEDULE_TEXT,
        to="patient",
        occasion="bd-0",
        why=why,
    )
    return office.post.stop(given, MONDAY + HOUR)


def test_a_held_message_is_dropped_and_stays_so(office: Office) -> None:
    office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=NIGHT)
    dropped = _drop(office)
    assert of(dropped, MessageDropped)[0].why == "overtaken"
    assert _drop(office).learned == dropped.learned
    again = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=TUESDAY_NINE)
    assert again.learned == dropped.learned
    assert office.sms.accepted == []


def test_what_went_out_cannot_be_dropped(office: Office) -> None:
    sent = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    assert _drop(office).learned == sent.learned


def test_dropping_what_was_being_handed_over_leaves_it_to_the_receipts(office: Office) -> None:
    office.sms.after = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    _drop(office)
    (row,) = office.deliveries()
    assert row.state == DeliveryState.UNKNOWN
    assert row.prove_by is not None


# --- the border to the engine ---------------------------------------------------------------------


def test_as_an_activity_it_takes_the_engines_time(office: Office) -> None:
    environment = ActivityEnvironment()
    environment.info = _info(environment, started_time=MONDAY)
    answer = environment.run(office.post.send, office.given(Kind.THANK_YOU, "source"))
    assert of(answer, MessageSent)[0].at == MONDAY


def test_no_exception_carries_words_over_the_border(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> Any:
        raise RuntimeError("Jordan Sentinel, M17.11")

    monkeypatch.setattr("activities.post.letters.compose", breaks)
    environment = ActivityEnvironment()
    environment.info = _info(environment, started_time=MONDAY)
    with pytest.raises(ApplicationError) as told:
        environment.run(office.post.send, office.given(Kind.THANK_YOU, "source"))
    assert (told.value.message, told.value.type) == ("RuntimeError", "RuntimeError")
    assert told.value.__cause__ is None
    assert not told.value.non_retryable


@pytest.mark.parametrize(
    ("error", "final"),
    [(StoreUnavailable("down"), False), (NotFound("gone"), True)],
)
def test_our_errors_cross_as_their_codes(
    office: Office, monkeypatch: pytest.MonkeyPatch, error: Exception, final: bool
) -> None:
    def breaks(*_: Any) -> Any:
        raise error

    monkeypatch.setattr("activities.post.letters.compose", breaks)
    environment = ActivityEnvironment()
    environment.info = _info(environment, started_time=MONDAY)
    with pytest.raises(ApplicationError) as told:
        environment.run(office.post.send, office.given(Kind.THANK_YOU, "source"))
    assert told.value.non_retryable is final
    assert told.value.message == error.code


def test_a_call_that_may_begin_ends_within_its_attempt() -> None:
    assert LATEST_START.total_seconds() + LONGEST_CALL < SEND_TIMEOUT.total_seconds()


def test_a_turn_that_was_held_up_leaves_the_message_to_the_next(office: Office) -> None:
    office.fax.before = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.THANK_YOU, "source")
    office.wall += IN_HAND
    ask = office.fax.find

    def slow(reference: str) -> Receipt | None:
        office.wall += LATEST_START + timedelta(seconds=1)
        return ask(reference)

    office.fax.find = slow
    with pytest.raises(Conflict) as late:
        office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    assert late.value.code == "out_of_time"
    assert office.fax.accepted == []
    answer = office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    assert len(of(answer, MessageSent)) == len(office.fax.accepted) == 1


# --- helpers --------------------------------------------------------------------------------------


def _said(office: Office, address: str, state: ConsentState) -> None:
    with office.store.write() as session:
        consent.record(
            session,
            org=ORG,
            address=address,
            state=state,
            at=MONDAY - HOUR,
            why="test",
            recorded_at=office.wall,
        )


def _info(environment: ActivityEnvironment, **changes: Any) -> Any:
    import dataclasses

    return dataclasses.replace(environment.info, **changes)


def _a_pdf(office: Office) -> bytes:
    """Any plain PDF: one of our own."""
    from activities.letter_page import PlainLetter, build
    from models.document_samples import THANK_YOU

    data = PlainLetter(
        letterhead=THANK_YOU.letterhead,
        to=THANK_YOU.to,
        document_id="X-1",
        dated=MONDAY.date(),
        patient=THANK_YOU.patient,
        heading="Signed in the EMR",
        text="One.\n\nTwo.",
    )
    return build(data)


def _pages(pdf: bytes) -> int:
    from io import BytesIO

    from pypdf import PdfReader

    return len(PdfReader(BytesIO(pdf)).pages)
