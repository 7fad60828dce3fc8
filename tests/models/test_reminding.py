"""Reminders before the evaluation: two business days ahead, and once more while unconfirmed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from models import dues
from models.facts import AppointmentBooked, AppointmentCancelled, MessageSent, PatientReplied
from models.kinds import Kind
from models.referral import Referral
from tests.lives import Life, booked, evaluated, local, on, received, rules

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # a Monday, 10:00 in New York
OURS = rules(owner={Kind.REMINDER: "us"})
FIRST, SECOND = "a1@20260119T160000-first", "a1@20260119T160000-second"
MOVED = AppointmentBooked(
    at=START, as_of=on(START, 3), appointment_id="a1", starts_at=on(START, 9, "14:00")
)


def sent(occasion: str, day: int) -> MessageSent:
    key = f"reminder:patient:{occasion}"
    at = on(START, day)
    return MessageSent(at=at, message=key, message_kind=Kind.REMINDER, channel="sms")


def wrote(meaning: str, day: int) -> PatientReplied:
    given = {"at": on(START, day, "12:00"), "reply_id": f"m{day}", "meaning": meaning}
    return PatientReplied.model_validate(given)


ROWS: list[tuple[str, Life, str | None, str | None]] = [
    ("two business days ahead, at opening", booked(START), FIRST, "day 3 08:00"),
    ("three hours ahead", [*booked(START), sent(FIRST, 3)], SECOND, "day 7 08:00"),
    ("both are out", [*booked(START), sent(FIRST, 3), sent(SECOND, 7)], None, None),
    ("confirmed", [*booked(START), sent(FIRST, 3), wrote("confirm", 3)], None, None),
    ("confirmed before it is due", [*booked(START), wrote("confirm", 1)], FIRST, "day 3 08:00"),
    ("asked for another time", [*booked(START), sent(FIRST, 3), wrote("reschedule", 3)],
     SECOND, "day 7 08:00"),
    ("booked the day before", booked(START, made=6), SECOND, "day 7 08:00"),
    ("booked within three hours", [AppointmentBooked(
        at=on(START, 7, "09:30"), appointment_id="a1", starts_at=on(START, 7, "11:00"))],
     None, None),
    ("it moved: reminded of anew", [*booked(START), sent(FIRST, 3), MOVED],
     "a1@20260121T190000-first", "day 7 08:00"),
    ("a word about the old time confirms nothing",
     [*booked(START), wrote("confirm", 1), MOVED, sent("a1@20260121T190000-first", 7)],
     "a1@20260121T190000-second", "day 9 11:00"),
    ("cancelled", [*booked(START), AppointmentCancelled(at=on(START, 1), appointment_id="a1")],
     None, None),
    ("evaluated", [*booked(START), *evaluated(START)], None, None),
    ("nothing booked", [], None, None),
]  # fmt: skip


@pytest.mark.parametrize(("why", "facts", "occasion", "when"), ROWS)
def test_the_next_reminder(why: str, facts: Life, occasion: str | None, when: str | None) -> None:
    referral = Referral([received(START), *facts])
    due, message = dues.reminder(referral, OURS), dues.next_reminder(referral, OURS)
    assert (local(START, due.at) if due else None) == when, why
    assert (message.occasion if message else None) == occasion, why
    assert (due in dues.agenda(referral, OURS)) == (due is not None)


def test_where_the_emr_reminds_we_do_not() -> None:
    assert dues.reminder(Referral([received(START), *booked(START)]), rules()) is None
