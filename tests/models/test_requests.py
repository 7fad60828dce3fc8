"""A time asked for on the page: a request for the desk, which stands for that day's step."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from models import cadence, dues, requests
from models.facts import (
    AnyFact,
    AppointmentBooked,
    AppointmentMissed,
    BookingRequested,
    TaskCompleted,
    TaskOpened,
)
from models.letters import changes_a_letter
from models.referral import Referral, Stage
from models.tasks import moot
from tests.lives import Life, booked, evaluated, local, on, received, rules

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # a Monday, 10:00 in New York
ASKED = received(START)
OURS = rules()


def asked_for(name: str = "q1", day: int = 0, clock: str = "10:30", wants: int = 3) -> AnyFact:
    starts = on(START, wants, "11:00")
    return BookingRequested(at=on(START, day, clock), request_id=name, starts_at=starts)


def opened(name: str = "q1", day: int = 0, clock: str = "10:30") -> AnyFact:
    at = on(START, day, clock)
    return TaskOpened(at=at, task=f"book_request:{name}", role="front_desk", due=at)


def seen_to(outcome: str, name: str = "q1", day: int = 0, clock: str = "11:30") -> AnyFact:
    at = on(START, day, clock)
    return TaskCompleted.model_validate(
        {"at": at, "by": "dana", "task": f"book_request:{name}", "outcome": outcome}
    )


STANDS: list[tuple[str, Life, str | None]] = [
    ("asked", [asked_for()], "q1"),
    ("asked again for another time", [asked_for(), asked_for("q2", clock="10:40")], "q2"),
    ("told out of order", [asked_for("q2", clock="10:40"), asked_for()], "q2"),
    ("the EMR has a booking", [asked_for(), *booked(START)], None),
    ("booked before, so another time is wanted", [*booked(START), asked_for(day=1)], "q1"),
    ("the desk has seen to it", [asked_for(), seen_to("done")], None),
    ("it cannot be had", [asked_for(), seen_to("dismissed")], None),
    ("they chose again", [asked_for(), seen_to("dismissed"), asked_for("q2", 1)], "q2"),
    ("evaluated meanwhile", [asked_for(), *evaluated(START)], None),
]


@pytest.mark.parametrize(("why", "facts", "stands"), STANDS)
def test_the_newest_request_stands_until_it_is_seen_to(
    why: str, facts: Life, stands: str | None
) -> None:
    found = Referral([ASKED, *facts]).booking_request()
    assert (found.request_id if found else None) == stands, why


def test_a_request_taken_back_never_was() -> None:
    first = asked_for()
    gone = first.model_copy(update={"retracted": True, "as_of": on(START, 0, "10:35")})
    assert Referral([ASKED, first, gone]).booking_request() is None


def test_the_desk_is_asked_at_once_and_within_two_business_hours() -> None:
    due = dues.booking_request(Referral([ASKED, asked_for()]), OURS)
    assert due is not None
    assert due.by is not None
    assert local(START, due.at) == "day 0 10:30"
    assert local(START, due.by) == "day 0 12:30"
    night = dues.booking_request(Referral([ASKED, asked_for(clock="22:00")]), OURS)
    assert night is not None
    assert night.by is not None
    assert local(START, night.by) == "day 1 10:00"


def test_nobody_is_texted_or_called_while_the_desk_has_a_request() -> None:
    assert cadence.next_reach(Referral([ASKED]), OURS) is not None
    assert cadence.next_reach(Referral([ASKED, asked_for(), opened()]), OURS) is None


def test_that_day_s_step_is_spared_and_the_cadence_goes_on_when_it_is_dismissed() -> None:
    facts = [ASKED, asked_for(), opened(), seen_to("dismissed")]
    act = cadence.next_reach(Referral(facts), OURS)
    assert act is not None
    assert local(START, act.at).startswith("day 1 ")  # not another text or call on day 0
    assert requests.turned_down(Referral(facts))
    assert not requests.turned_down(Referral([*facts, *booked(START, made=1)]))


def test_a_call_to_book_is_spared_once_they_have_asked_for_a_time() -> None:
    call = TaskOpened(
        at=on(START, 0, "10:10"), task="call_patient:bd-0-1", role="front_desk", due=START
    )
    key = "call_patient:bd-0-1"
    assert not moot(key, Referral([ASKED, call]))
    assert moot(key, Referral([ASKED, call, asked_for()]))
    later = Referral([ASKED, asked_for(), seen_to("dismissed"), call.model_copy(
        update={"at": on(START, 1), "as_of": on(START, 1)}
    )])  # fmt: skip
    assert not moot(key, later)


def test_a_missed_visit_is_not_called_about_while_a_request_stands() -> None:
    cancelled = AppointmentBooked(at=START, appointment_id="a1", starts_at=on(START, 2, "11:00"))
    missed = AppointmentMissed(at=on(START, 2, "12:00"), appointment_id="a1")
    life = [ASKED, cancelled, missed]
    assert dues.rebooking(Referral(life), OURS) is not None
    assert dues.rebooking(Referral([*life, asked_for(day=2, clock="13:00")]), OURS) is None


def test_a_request_is_a_contact_of_both_sides() -> None:
    referral = Referral([ASKED, asked_for()])
    assert referral.reached_at() == on(START, 0, "10:30")
    assert referral.last_touch_at() == on(START, 0, "10:30")
    assert referral.stage() is Stage.RECEIVED  # nothing of ours was delivered, nothing is booked


def test_a_request_after_closing_is_somebody_s() -> None:
    assert changes_a_letter(asked_for(), OURS)
