"""How unlikely a gap is for someone who sends as they did, and what small numbers may not do."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.clock import Calendar
from models.hours import Hours
from models.organization import Absence
from models.policy import Policy
from models.rhythm import NEVER, Pace, SendingDays, chance, gap_below, pace

MONDAY = date(2026, 1, 5)
HOLIDAYS = (date(2026, 1, 19), date(2026, 5, 25))
HOURS = Hours.model_validate({day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")})
EAST = Calendar(
    zone="America/New_York", hours=HOURS, closed=HOLIDAYS, known_until=date(2027, 12, 31)
)
SILENCE = Policy().silence
paces = st.builds(Pace, st.integers(0, 400), st.integers(0, 260), st.floats(1, 20, allow_nan=False))
gaps = st.integers(0, 400)


def days(
    *away: Absence, first: date = MONDAY, calendars: tuple[Calendar, ...] = (EAST,)
) -> SendingDays:
    return SendingDays(calendars, first, first + timedelta(days=700), away)


@given(paces, gaps, gaps)
def test_a_longer_gap_is_never_likelier(one: Pace, gap: int, more: int) -> None:
    assert 0 <= chance(one, gap) <= 1  # of hundreds of days within none a float makes 0
    assert chance(one, gap + more) <= chance(one, gap)
    assert chance(one, 0) == 1


@given(paces, st.integers(1, 100), gaps)
def test_who_sent_more_in_the_same_time_is_late_sooner(one: Pace, more: int, gap: int) -> None:
    assert chance(one._replace(days=one.days + more), gap) <= chance(one, gap)
    assert chance(one._replace(bursts=one.bursts + more), gap) >= chance(one, gap)


@given(paces, st.sampled_from([0.05, 0.01, 0.3]))
def test_the_gap_found_is_the_first_one_that_is_so_unlikely(one: Pace, below: float) -> None:
    gap = gap_below(one, below)
    assert gap >= 1
    if gap < NEVER:
        assert chance(one, gap) < below * (1 + 1e-9)
        assert chance(one, gap - 1) >= below * (1 - 1e-9)


@given(st.integers(0, 2), st.integers(0, 260))
def test_two_referrals_never_make_anybody_late_before_the_sixty_days(n: int, watched: int) -> None:
    assert gap_below(Pace(n, watched), SILENCE.cooling_chance) > 43  # open days of 60


def test_three_in_the_first_week_are_no_habit_yet() -> None:
    sent = [MONDAY, MONDAY + timedelta(days=2), MONDAY + timedelta(days=4)]
    rhythm = pace(sent, MONDAY - timedelta(days=365), days())
    assert (rhythm.days, rhythm.watched) == (2, 4)
    assert gap_below(rhythm, SILENCE.cooling_chance) > 43


def test_a_weekly_sender_is_late_in_weeks_and_a_daily_one_within_the_fortnight() -> None:
    weekly = [MONDAY + timedelta(days=7 * week) for week in range(53)]
    rhythm = pace(weekly, MONDAY, days())
    assert rhythm.days == 52
    assert rhythm.bursts == 1
    assert 14 <= gap_below(rhythm, 0.05) <= 17  # three weeks and a little
    assert 23 <= gap_below(rhythm, 0.01) <= 28
    daily = [MONDAY + timedelta(days=n) for n in range(365)]
    assert gap_below(pace(daily, MONDAY, days()), 0.01) <= 6


def test_only_days_count_and_only_the_months_asked_about() -> None:
    fax = [MONDAY, MONDAY, MONDAY + timedelta(days=7), MONDAY + timedelta(days=7)]
    assert pace(fax, date(2025, 1, 1), days()) == Pace(1, 5)
    assert pace(fax, MONDAY + timedelta(days=7), days()) == Pace(0, 0)
    with pytest.raises(ValueError, match="without a referral"):
        pace([], MONDAY, days())


def test_who_sends_in_bursts_is_given_longer() -> None:
    even = [MONDAY + timedelta(days=14 * n) for n in range(16)]
    bursts = [MONDAY + timedelta(days=42 * n + day) for n in range(5) for day in (0, 1, 2)]
    since = MONDAY - timedelta(days=365)
    steady, bursty = pace(even, since, days()), pace(bursts, since, days())
    assert bursty.bursts > 1.5
    assert abs(steady.days - bursty.days) <= 1
    assert gap_below(bursty, 0.05) >= 1.5 * gap_below(steady, 0.05)


def test_what_is_no_day_of_sending_is_no_silence() -> None:
    known = days(Absence(first=date(2026, 2, 2), last=date(2026, 2, 13)))
    assert known.between(MONDAY, MONDAY + timedelta(days=7)) == 5
    assert known.between(date(2026, 1, 16), date(2026, 1, 20)) == 1  # weekend and a holiday
    assert known.between(date(2026, 1, 30), date(2026, 2, 16)) == 1  # on leave
    assert known.between(MONDAY, MONDAY - timedelta(days=9)) == 0
    assert known.gone_by(date(2026, 1, 16), 1) == date(2026, 1, 21)
    assert known.gone_by(date(2026, 1, 30), 1) == date(2026, 2, 17)
    assert known.gone_by(MONDAY, 5000) is None
    saturday = EAST.model_copy(update={"hours": Hours.model_validate({"sat": ["09:00-12:00"]})})
    both = days(calendars=(EAST, saturday))
    assert both.between(MONDAY, MONDAY + timedelta(days=7)) == 6  # one location opens


def test_leave_stops_the_clock_and_nothing_else_does() -> None:
    at = datetime(2026, 1, 5, 15, tzinfo=UTC)
    sixty = timedelta(days=60)
    assert days().later(at, sixty) == at + sixty
    ten = Absence(first=date(2026, 2, 2), last=date(2026, 2, 11))
    assert days(ten).later(at, sixty) == at + sixty + timedelta(days=10)
    # a leave that only the longer wait reaches
    more = Absence(first=date(2026, 3, 8), last=date(2026, 3, 9))
    assert days(ten, more).later(at, sixty) == at + sixty + timedelta(days=12)


@given(st.lists(st.integers(0, 600), min_size=1, max_size=60), st.integers(0, 60))
def test_gone_by_is_the_first_day_with_so_many_behind_it(offsets: list[int], number: int) -> None:
    known = days()
    first = MONDAY + timedelta(days=offsets[0] % 300)
    day = known.gone_by(first, number + 1)
    assert day is not None
    assert known.between(first, day - timedelta(days=1)) == number + 1
    assert known.between(first, day - timedelta(days=2)) == number


def test_false_alarms_of_steady_senders_are_as_few_as_the_docs_say() -> None:
    """Chance arrivals, a year known, two years watched: alarms a year by how often they send."""
    draw = random.Random(7)  # the same every time
    alarms: dict[tuple[float, float], float] = {}
    for mean in (2.5, 5.0, 10.0):  # open days between two
        found, years = {0.05: 0, 0.01: 0}, 0.0
        for _ in range(60):
            at, sent = 0, [0]
            while at < 750:
                at += max(1, round(draw.expovariate(1 / mean)))
                sent.append(at)
            for place, last in enumerate(sent[:-1]):
                if last < 250:
                    continue
                known = [day for day in sent[: place + 1] if day > last - 250]
                gap = sent[place + 1] - last - 1
                for below in found:
                    alarm = max(gap_below(Pace(len(known), 250), below), 11)
                    found[below] += alarm < 42 and gap >= alarm
            years += 2
        alarms |= {(mean, below): number / years for below, number in found.items()}
    assert alarms[5.0, 0.05] < 1.6
    assert alarms[5.0, 0.01] < 0.4
    assert max(alarms.values()) < 2
