"""Texts to patients: their hours, their caps, STOP and the answers to it."""

from __future__ import annotations

from datetime import datetime

from models.facts import (
    AppointmentBooked,
    Meaning,
    MessageDropped,
    MessageHeld,
    MessageSent,
    PatientReplied,
)
from models.kinds import Kind
from store import inbox, replies
from store.tables import ConsentState
from tests.activities.office import (
    MONDAY,
    ORG,
    PHONE,
    Office,
)
from tests.activities.turns import (
    DAY,
    HOUR,
    MINUTE,
    NIGHT,
    TUESDAY_NINE,
    of,
    said,
)

OTHER_PHONE = "+15185550177"


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
        said(session, phone, ConsentState.OPTED_OUT, at)


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
        said(session, OTHER_PHONE, ConsentState.OPTED_IN, MONDAY + 2 * HOUR)
    replied(office, MONDAY + 3 * HOUR, "m3", OTHER_PHONE)
    office.send(Kind.OPT_OUT_CONFIRMATION, "patient", "m3", at=MONDAY + 3 * HOUR)
    assert len(office.sms.accepted) == 2
    late = MONDAY + 4 * HOUR
    with office.store.write() as session:
        said(session, OTHER_PHONE, ConsentState.OPTED_IN, late - MINUTE)
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
