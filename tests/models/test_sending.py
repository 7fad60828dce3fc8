"""May it leave now? Windows, caps, clocks that change, and who said no."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.clock import Calendar
from models.hours import Hours
from models.kinds import Kind
from models.policy import Policy, Rules
from models.roles import Role
from models.sending import Go, Hold, Never, Outgoing, Recipient, may_send, retry_at

ALBANY, CHICAGO, LA = (
    ZoneInfo(f"America/{name}") for name in ("New_York", "Chicago", "Los_Angeles")
)
WEEKDAYS = {day: ["08:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
MEMORIAL_DAY = date(2026, 5, 25)
DAY = timedelta(days=1)


def rules(**policy: Any) -> Rules:
    return Rules(
        policy=Policy(**policy),
        calendar=Calendar(
            zone="America/New_York",
            hours=Hours.model_validate(WEEKDAYS),
            closed=(MEMORIAL_DAY,),
            holidays=(MEMORIAL_DAY,),
            known_until=date(2028, 12, 31),
        ),
    )


def local(text: str, zone: ZoneInfo = ALBANY) -> datetime:
    """A local time of 2026, such as ``03-02 10:00``."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=zone).astimezone(UTC)


def patient(**changes: Any) -> Recipient:
    return Recipient(**{"channel": "sms", "address": "+15185550150", "state": "NY"} | changes)


def office(**changes: Any) -> Recipient:
    return Recipient(**{"channel": "fax", "address": "+15185550160"} | changes)


TEXT = Outgoing(kind=Kind.SCHEDULE_TEXT)
FAX = Outgoing(kind=Kind.PLAN_OF_CARE)


# --- hours ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "until", "why"),
    [
        ("03-02 08:59", "03-02 09:00", "quiet_hours"),
        ("03-02 09:00", None, ""),
        ("03-02 18:59", None, ""),
        ("03-02 19:00", "03-03 09:00", "quiet_hours"),
        ("03-06 19:00", "03-07 10:00", "quiet_hours"),  # Friday night: Saturday opens at ten
        ("03-07 15:59", None, ""),
        ("03-07 16:00", "03-09 09:00", "quiet_hours"),  # no texts on a Sunday
        ("05-23 16:30", "05-26 09:00", "quiet_hours"),  # holiday weekend: over Memorial Day
        ("05-25 11:00", "05-26 09:00", "closed_day"),
        # The night the clocks go forward, and the one they go back: nine o'clock on the wall.
        ("03-07 20:00", "03-09 09:00", "quiet_hours"),
        ("10-31 20:00", "11-02 09:00", "quiet_hours"),
    ],
)
def test_texts_keep_the_window_on_the_wall_clock(now: str, until: str | None, why: str) -> None:
    verdict = may_send(TEXT, patient(), local(now), rules())
    if until is None:
        assert verdict == Go()
    else:
        assert verdict == Hold(until=local(until), why=why)


@pytest.mark.parametrize(
    ("state", "now", "until"),
    [
        ("RI", "03-02 18:30", "03-03 09:00"),  # narrower than ours
        ("RI", "03-07 10:30", None),
        ("TX", "03-02 08:30", "03-02 09:00"),  # wider than ours: ours holds
        ("FL", "03-02 19:30", "03-03 09:00"),
        (None, "03-02 18:30", None),
    ],
)
def test_a_state_only_narrows(state: str | None, now: str, until: str | None) -> None:
    verdict = may_send(TEXT, patient(state=state), local(now), rules())
    assert verdict == (Go() if until is None else Hold(until=local(until), why="quiet_hours"))


def test_it_must_be_decent_in_every_zone_of_the_patient() -> None:
    both = patient(state="TX", zones=("America/Chicago", "America/Denver"))
    early = local("03-02 09:30", CHICAGO)  # 8:30 in El Paso
    assert may_send(TEXT, both, early, rules()) == Hold(
        until=local("03-02 10:00", CHICAGO), why="quiet_hours"
    )
    far = patient(state="CA", zones=("America/Los_Angeles",))
    assert may_send(TEXT, far, local("03-02 09:30"), rules()) == Hold(
        until=local("03-02 09:00", LA), why="quiet_hours"
    )


@pytest.mark.parametrize("channel", ["fax", "email"])
@pytest.mark.parametrize("now", ["03-01 03:00", "05-25 23:00", "03-02 12:00"])
def test_offices_hear_at_any_hour(channel: str, now: str) -> None:
    assert may_send(FAX, office(channel=channel), local(now), rules()) == Go()


def test_who_writes_to_us_is_answered_at_any_hour_once_opted_out_too() -> None:
    night = local("03-02 23:00")
    gone = patient(opted_out=True, texts=(night - timedelta(minutes=1),))
    assert may_send(Outgoing(kind=Kind.OPT_OUT_CONFIRMATION), gone, night, rules()) == Go()
    assert may_send(Outgoing(kind=Kind.CLOSED_HOURS), patient(), night, rules()) == Go()
    assert may_send(Outgoing(kind=Kind.CLOSED_HOURS), gone, night, rules()) == Never(
        why="opted_out"
    )


@pytest.mark.parametrize(
    ("kind", "to", "after", "why"),
    [
        # [K5]: once, and within five minutes of the STOP
        (Kind.OPT_OUT_CONFIRMATION, {}, 5, None),
        (Kind.OPT_OUT_CONFIRMATION, {}, 6, "too_late"),
        (Kind.OPT_OUT_CONFIRMATION, {"stop_confirmed": True}, 1, "confirmed_already"),
        # policy.md rule 17: once in twelve hours, and only while nobody reads
        (Kind.CLOSED_HOURS, {}, 1, None),
        (Kind.CLOSED_HOURS, {"told_closed_at": "03-02 12:00"}, 1, "told_already"),
        (Kind.CLOSED_HOURS, {"told_closed_at": "03-02 11:01"}, 1, None),
        (Kind.CLOSED_HOURS, {}, 10 * 60, "open_now"),
        (Kind.HELP, {"stop_confirmed": True, "told_closed_at": "03-02 22:00"}, 1, None),
    ],
)
def test_the_one_word_a_text_gets(
    kind: Kind, to: dict[str, Any], after: int, why: str | None
) -> None:
    came = local("03-02 23:00")
    if "told_closed_at" in to:
        to = to | {"told_closed_at": local(to["told_closed_at"])}
    message = Outgoing(kind=kind, answers_text_of=came)
    verdict = may_send(message, patient(**to), came + timedelta(minutes=after), rules())
    assert verdict == (Never(why=why) if why else Go())


@pytest.mark.parametrize(
    ("called", "now", "texts", "why"),
    [
        ("03-02 10:00", "03-02 10:01", [], None),
        ("03-02 10:00", "03-02 11:00", [], None),
        ("03-02 10:00", "03-02 11:01", [], "too_late"),  # no news any more
        ("03-02 08:30", "03-02 08:31", [], "held"),  # the window opens at 9
        ("03-02 07:30", "03-02 07:31", [], "too_late"),  # it would be an hour and a half old
        ("03-02 20:00", "03-02 20:01", [], "too_late"),
        ("03-02 10:00", "03-02 10:01", ["03-02 09:30"], "too_late"),  # one text a day is out
    ],
)
def test_a_word_about_a_missed_call_goes_while_it_is_news(
    called: str, now: str, texts: list[str], why: str | None
) -> None:
    message = Outgoing(kind=Kind.MISSED_CALL, answers_call_of=local(called))
    to = patient(texts=tuple(local(text) for text in texts))
    verdict = may_send(message, to, local(now), rules())
    if why == "held":
        assert verdict == Hold(until=local("03-02 09:00"), why="quiet_hours")
    else:
        assert verdict == (Never(why=why) if why else Go())
    gone = may_send(message, patient(opted_out=True), local(now), rules())
    assert gone == Never(why="opted_out")


# --- caps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "now", "until"),
    [
        (["03-02 09:00"], "03-02 18:00", "03-03 09:00"),  # one a day
        (["03-01 23:59"], "03-02 09:00", None),  # yesterday by the wall clock
        (["03-02 00:00"], "03-02 09:00", "03-03 09:00"),
        # Seven days are 168 hours: the clocks went forward in between.
        (["03-03 09:00", "03-04 09:00", "03-05 09:00"], "03-06 10:00", "03-10 10:00"),
        (["03-03 11:00", "03-04 09:00", "03-05 09:00"], "03-06 10:00", "03-10 12:00"),
        (["02-23 10:00", "02-25 10:00", "02-27 10:00"], "03-02 10:00", None),  # to the second
        (["02-23 10:00", "02-25 10:00", "02-27 10:00"], "03-02 09:59", "03-02 10:00"),
        # The week is free at 20:00, which is night: the next morning.
        (["02-23 20:00", "02-25 10:00", "02-27 10:00"], "03-02 18:00", "03-03 09:00"),
        # Four by hand already: the second of them must age out.
        (
            ["02-23 10:00", "02-24 10:00", "02-25 10:00", "02-26 10:00"],
            "02-27 10:00",
            "03-03 10:00",
        ),
        (["02-20 10:00"], "03-02 10:00", None),
    ],
)
def test_one_a_day_and_three_in_any_seven(texts: list[str], now: str, until: str | None) -> None:
    to = patient(texts=tuple(local(text) for text in texts))
    verdict = may_send(TEXT, to, local(now), rules())
    assert verdict == (Go() if until is None else Hold(until=local(until), why="cap"))


def test_a_day_is_counted_in_every_zone_the_patient_may_live_in() -> None:
    # 22:30 in Los Angeles is the next day in Denver.
    to = patient(
        state=None,
        zones=("America/Los_Angeles", "America/Denver"),
        texts=(local("03-02 23:30", LA),),
    )
    verdict = may_send(TEXT, to, local("03-03 11:00", LA), rules())
    assert verdict == Hold(until=local("03-04 09:00", LA), why="cap")


def test_a_change_of_today_is_told_over_the_cap_but_not_at_night() -> None:
    today = Outgoing(kind=Kind.BOOKED, same_day_change=True)
    to = patient(texts=(local("03-02 09:00"),))
    assert may_send(today, to, local("03-02 10:00"), rules()) == Go()
    assert isinstance(may_send(today, to, local("03-02 20:00"), rules()), Hold)
    assert isinstance(may_send(Outgoing(kind=Kind.BOOKED), to, local("03-02 10:00"), rules()), Hold)
    strict = rules(text=Policy().text.model_copy(update={"outside_cap": ()}))
    assert isinstance(may_send(today, to, local("03-02 10:00"), strict), Hold)


@given(
    minutes=st.lists(st.integers(min_value=0, max_value=14 * 24 * 60), max_size=6),
    now=st.integers(min_value=0, max_value=14 * 24 * 60),
)
def test_a_hold_always_ends_in_a_go(minutes: list[int], now: int) -> None:
    start = local("03-01 00:00")
    texts = tuple(start + timedelta(minutes=m) for m in minutes if m <= now)
    at = start + timedelta(minutes=now)
    verdict = may_send(TEXT, patient(texts=texts), at, rules())
    if isinstance(verdict, Hold):
        assert verdict.until is not None
        assert at < verdict.until < at + 12 * DAY
        assert may_send(TEXT, patient(texts=texts), verdict.until, rules()) == Go()


# --- who said no ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "to", "why", "only_here"),
    [
        (TEXT, patient(deceased=True, opted_out=True), "deceased", False),
        (FAX, office(deceased=True), "deceased", False),
        (Outgoing(kind=Kind.REMINDER), patient(), "not_ours", False),  # the EMR's by default
        (TEXT, patient(address=None), "no_address", True),
        (TEXT, patient(address=""), "no_address", True),
        (TEXT, patient(dead=True), "dead_number", True),
        (TEXT, patient(opted_out=True), "opted_out", True),
        (TEXT, patient(consented=False), "no_consent", True),
        (TEXT, patient(channel="fax"), "wrong_channel", True),
        (FAX, office(dead=True), "dead_number", True),
        (FAX, office(treating=False), "not_treating", False),
        (Outgoing(kind=Kind.THANK_YOU), office(wants_thanks=False), "no_thanks_wanted", False),
    ],
)
def test_the_gravest_reason_is_named(
    message: Outgoing, to: Recipient, why: str, only_here: bool
) -> None:
    verdict = may_send(message, to, local("03-02 12:00"), rules())
    assert verdict == Never(why=why)
    assert isinstance(verdict, Never)
    assert verdict.only_here is only_here


def test_an_office_that_wants_no_thanks_still_gets_its_plan() -> None:
    assert may_send(FAX, office(wants_thanks=False), local("03-02 12:00"), rules()) == Go()


def test_approval_waits_for_a_person_and_then_for_the_hour() -> None:
    asks = rules(approve={Kind.SCHEDULE_TEXT: Role.LEAD})
    night = local("03-02 22:00")
    assert may_send(TEXT, patient(), night, asks) == Hold(until=None, why="approval")
    approved = TEXT.model_copy(update={"approved": True})
    assert may_send(approved, patient(), night, asks) == Hold(
        until=local("03-03 09:00"), why="quiet_hours"
    )


def test_a_refusal_comes_before_an_approval() -> None:
    asks = rules(approve={Kind.SCHEDULE_TEXT: Role.LEAD})
    assert may_send(TEXT, patient(opted_out=True), local("03-02 12:00"), asks) == Never(
        why="opted_out"
    )


# --- trying again ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempt", "now", "until"),
    [
        (1, "03-02 10:00", "03-02 10:15"),
        (2, "03-02 10:15", "03-02 11:15"),
        (3, "03-02 11:15", "03-02 14:15"),
        (4, "03-02 14:15", "03-03 08:00"),
        (5, "03-03 08:00", None),
        (4, "03-06 14:15", None),  # two business days after Monday's first try are over
    ],
)
def test_the_ladder_of_a_busy_line(attempt: int, now: str, until: str | None) -> None:
    expected = local(until) if until else None
    assert retry_at(attempt, local("03-02 10:00"), local(now), rules()) == expected


def test_a_friday_fax_is_tried_again_on_monday() -> None:
    friday = local("03-06 17:30")
    assert retry_at(4, friday, friday, rules()) == local("03-09 08:00")


def test_without_a_next_morning_the_ladder_is_shorter() -> None:
    fax = Policy().fax.model_copy(update={"retry_next_morning": False})
    assert retry_at(4, local("03-02 10:00"), local("03-02 14:15"), rules(fax=fax)) is None


# --- paused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "to", "waits"),
    [
        (Kind.SCHEDULE_TEXT, patient(), True),
        (Kind.PATIENT_THANKS, patient(), True),
        (Kind.THANK_YOU, office(), True),
        # what a law, a payer or the patient's own message asks for
        (Kind.PLAN_OF_CARE, office(), False),
        (Kind.SIGNATURE_REQUEST, office(), False),
        (Kind.PROGRESS_REPORT, office(), False),
        (Kind.DISCHARGE_SUMMARY, office(), False),
        (Kind.UNABLE_TO_REACH, office(), False),
        (Kind.OPT_OUT_CONFIRMATION, patient(), False),
        (Kind.HELP, patient(), False),
    ],
)
def test_a_pause_keeps_back_what_no_law_asks_for(kind: Kind, to: Recipient, waits: bool) -> None:
    end = local("03-09 09:30")
    message = Outgoing(kind=kind, paused_until=end)
    verdict = may_send(message, to, local("03-02 10:00"), rules())
    assert verdict == (Hold(until=end, why="paused") if waits else Go())
    assert may_send(message, to, end, rules()) == Go()


def test_what_must_never_go_is_not_kept_for_after_the_pause() -> None:
    message = Outgoing(kind=Kind.SCHEDULE_TEXT, paused_until=local("03-09 09:30"))
    found = may_send(message, patient(deceased=True), local("03-02 10:00"), rules())
    assert found == Never(why="deceased")


# --- who does not treat ---------------------------------------------------------------------------

CLINICAL = (Kind.PROGRESS_REPORT, Kind.DISCHARGE_SUMMARY, Kind.UNABLE_TO_REACH)
NOON = local("03-02 12:00")


@pytest.mark.parametrize("kind", CLINICAL)
def test_a_third_party_reads_what_was_released_and_nothing_else(kind: Kind) -> None:
    lawyer = office(treating=False, third_party=True)
    released = lawyer.model_copy(update={"released": True})
    assert may_send(Outgoing(kind=kind), lawyer, NOON, rules()) == Hold(until=None, why="release")
    assert may_send(Outgoing(kind=kind), released, NOON, rules()) == Go()
    by_a_person = Outgoing(kind=kind, approved=True)
    assert may_send(by_a_person, lawyer, NOON, rules()) == Go()


@pytest.mark.parametrize("kind", CLINICAL)
def test_nobody_else_is_even_asked_about(kind: Kind) -> None:
    friend = office(treating=False)
    approved = Outgoing(kind=kind, approved=True)
    assert may_send(approved, friend, NOON, rules()) == Never(why="not_treating")


def test_everybody_is_thanked() -> None:
    lawyer = office(treating=False, third_party=True)
    assert may_send(Outgoing(kind=Kind.THANK_YOU), lawyer, NOON, rules()) == Go()


def test_one_decision_releases_and_approves() -> None:
    lawyer = office(treating=False, third_party=True)
    both = rules(approve={Kind.PROGRESS_REPORT: "lead"})
    held = Outgoing(kind=Kind.PROGRESS_REPORT)
    assert may_send(held, lawyer, NOON, both) == Hold(until=None, why="release")
    free = held.model_copy(update={"approved": True})
    assert may_send(free, lawyer, NOON, both) == Go()


# --- under eighteen -------------------------------------------------------------------------------


def test_a_child_is_written_to_once_somebody_has_named_a_guardian() -> None:
    child = patient(minor_without_guardian=True, address=None)
    tomorrow = Hold(until=local("03-03 08:00"), why="no_guardian")
    assert may_send(TEXT, child, NOON, rules()) == tomorrow
    by_email = child.model_copy(update={"channel": "email"})
    assert may_send(TEXT, by_email, NOON, rules()) == tomorrow
    for late in (Kind.CHECK_IN, Kind.PATIENT_THANKS, Kind.OPT_OUT_CONFIRMATION):
        assert may_send(Outgoing(kind=late), child, NOON, rules()) == Never(why="no_guardian")
    gone = child.model_copy(update={"deceased": True})
    assert may_send(TEXT, gone, NOON, rules()) == Never(why="deceased")
