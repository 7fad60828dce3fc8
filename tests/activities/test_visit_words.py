"""Two bookings of one patient: one text names both, and it counts as one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from models.contracts import Answer
from models.errors import CannotTell
from models.facts import (
    AppointmentBooked,
    CadenceShared,
    MessageHeld,
    MessageSent,
    MessageStopped,
    PatientDied,
)
from models.kinds import Kind
from store import settling
from store.engine import Store
from tests.activities.office import MONDAY, ORG, PHONE, Office

MINUTE = timedelta(minutes=1)
KNEE_AT, HIP_AT = MONDAY + timedelta(days=3), MONDAY + timedelta(days=5)
BOTH = "Thu Mar 5, 10:00 AM and Sat Mar 7, 10:00 AM"
LATER = MONDAY + 15 * MINUTE


class Both(Office):
    """A patient with two referrals that are reached as one."""

    def __init__(self, store: Store, folder: Path, **patient: object) -> None:
        super().__init__(store, folder)
        self.knee = self.receive()
        self.hip = self.receive(patient=patient)
        self.about(self.hip, CadenceShared(at=MONDAY, as_of=MONDAY, led_by=self.knee))

    def about(self, referral_id: str, *facts: object) -> None:
        self.referral_id = referral_id
        self.tell(*facts)

    def book(self, referral_id: str, at: datetime, starts_at: datetime) -> None:
        name = "a-knee" if referral_id == self.knee else "a-hip"
        self.about(
            referral_id,
            AppointmentBooked(at=at, as_of=at, appointment_id=name, starts_at=starts_at),
        )

    def confirm(self, referral_id: str, at: datetime, kind: Kind = Kind.INTAKE) -> Answer:
        self.referral_id = referral_id
        name = "a-knee" if referral_id == self.knee else "a-hip"
        return self.post.turn(self.given(kind, "patient", name), at)

    def texts(self) -> list[str]:
        return [parcel.body for parcel in self.sms.accepted]

    def told(self, referral_id: str) -> list[datetime | None]:
        """The times that were named, by what this referral knows."""
        return [one.starts_at for one in self.record.referral(ORG, referral_id).all(MessageSent)]

    def counted(self) -> int:
        with self.store.read() as session:
            return len(settling.texts_to(session, ORG, PHONE, MONDAY - timedelta(days=7)))


@pytest.fixture
def both(store: Store, tmp_path: Path) -> Both:
    return Both(store, tmp_path)


def held(answer: Answer) -> tuple[str, datetime | None]:
    (hold,) = [fact for fact in answer.learned if isinstance(fact, MessageHeld)]
    return hold.why, answer.held_until


def test_the_first_booking_waits_a_moment_and_the_second_takes_it_along(both: Both) -> None:
    both.book(both.knee, MONDAY, KNEE_AT)
    assert held(both.confirm(both.knee, MONDAY)) == ("together", LATER)
    both.book(both.hip, MONDAY + 5 * MINUTE, HIP_AT)
    both.confirm(both.hip, MONDAY + 5 * MINUTE)
    (text,) = both.texts()
    assert BOTH in text
    assert len(text) <= 160
    assert (both.told(both.knee), both.told(both.hip)) == ([KNEE_AT], [HIP_AT])
    assert both.counted() == 1, "one text of the number's budget"
    # Its own hour finds it out already.
    answer = both.confirm(both.knee, LATER)
    assert [fact.kind for fact in answer.learned if isinstance(fact, MessageSent)]
    assert len(both.texts()) == 1
    assert both.duplicates() == 0


def test_alone_it_goes_after_the_moment(both: Both) -> None:
    both.book(both.knee, MONDAY, KNEE_AT)
    both.confirm(both.knee, MONDAY)
    both.confirm(both.knee, LATER)
    (text,) = both.texts()
    assert "Thu Mar 5, 10:00 AM." in text
    # The other one, booked next day, names both; nobody waits any more.
    day = MONDAY + timedelta(days=1)
    both.book(both.hip, day, HIP_AT)
    both.confirm(both.hip, day)
    assert BOTH in both.texts()[1]
    assert (both.told(both.knee), both.told(both.hip)) == ([KNEE_AT], [HIP_AT])


def test_both_booked_at_one_moment_are_told_once_whoever_comes_first(both: Both) -> None:
    both.book(both.knee, MONDAY, KNEE_AT)
    both.book(both.hip, MONDAY, HIP_AT)
    assert held(both.confirm(both.hip, MONDAY)) == ("together", LATER), "the other is on its way"
    both.confirm(both.knee, MONDAY)
    assert len(both.texts()) == 1
    assert (both.told(both.knee), both.told(both.hip)) == ([KNEE_AT], [HIP_AT])


def test_forms_that_one_of_them_asks_for_are_not_left_out(both: Both) -> None:
    both.book(both.knee, MONDAY, KNEE_AT)
    both.confirm(both.knee, MONDAY, Kind.INTAKE)
    both.book(both.hip, MONDAY, HIP_AT)
    both.confirm(both.hip, MONDAY, Kind.BOOKED)
    (text,) = both.texts()
    assert "Forms" in text
    assert BOTH in text


def test_a_visit_of_the_same_day_waits_for_nothing(both: Both) -> None:
    both.book(both.knee, MONDAY, MONDAY + timedelta(hours=4))
    both.confirm(both.knee, MONDAY)
    assert len(both.texts()) == 1


def test_one_that_must_wait_itself_is_not_waited_for(both: Both) -> None:
    both.book(both.knee, MONDAY, KNEE_AT)
    both.about(both.hip, PatientDied(at=MONDAY, as_of=MONDAY))
    both.confirm(both.knee, MONDAY)
    assert len(both.texts()) == 1
    assert "and" not in both.texts()[0].split("C to")[0]


def test_one_that_somebody_stopped_goes_along_with_none(both: Both) -> None:
    both.book(both.knee, MONDAY, KNEE_AT)
    both.confirm(both.knee, MONDAY)
    stopped = MessageStopped(at=MONDAY, by="dana", message="intake:patient:a-knee")
    both.about(both.knee, stopped)
    both.book(both.hip, MONDAY + MINUTE, HIP_AT)
    both.confirm(both.hip, LATER)
    (text,) = both.texts()
    assert ("Mar 5" in text, "Mar 7" in text) == (False, True)
    assert (both.told(both.knee), both.told(both.hip)) == ([], [HIP_AT])


def test_a_parent_and_a_child_are_told_each_for_themselves(store: Store, tmp_path: Path) -> None:
    family = Both(store, tmp_path, given_name="Robin")
    family.book(family.knee, MONDAY, KNEE_AT)
    family.book(family.hip, MONDAY, HIP_AT)
    family.confirm(family.knee, MONDAY)
    why, until = held(family.confirm(family.hip, MONDAY))
    assert why == "cap"
    assert until is not None
    family.confirm(family.hip, until)
    assert [("Mar 5" in text, "Mar 7" in text) for text in family.texts()] == [
        (True, False),
        (False, True),
    ]


def test_a_lost_answer_settles_both_and_sends_neither_again(both: Both) -> None:
    both.book(both.knee, MONDAY, KNEE_AT)
    both.confirm(both.knee, MONDAY)
    both.book(both.hip, MONDAY, HIP_AT)
    both.sms.after = [OSError("gone")]
    both.confirm(both.hip, MONDAY)
    assert len(both.texts()) == 1
    assert (both.told(both.knee), both.told(both.hip)) == ([KNEE_AT], [HIP_AT])


def test_what_nobody_can_tell_is_a_persons_for_both(both: Both) -> None:
    both.book(both.knee, MONDAY, KNEE_AT)
    both.confirm(both.knee, MONDAY)
    both.book(both.hip, MONDAY, HIP_AT)
    both.sms.after = [CannotTell("no list")]
    both.sms.knows = False
    both.confirm(both.hip, MONDAY)
    for referral_id in (both.knee, both.hip):
        assert both.told(referral_id) == []
        tasks = [t.task for t in both.record.referral(ORG, referral_id).open_tasks()]
        assert any(task.startswith("uncertain_delivery") for task in tasks)
    assert len(both.texts()) == 1
