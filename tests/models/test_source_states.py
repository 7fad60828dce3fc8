"""Active, cooling, quiet, lapsed, returned: by history, policy and the time alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.clock import Calendar
from models.hours import Hours
from models.organization import Absence
from models.people import SourceKind
from models.policy import Policy
from models.rhythm import SendingDays
from models.source_states import Change, Life, SourceState, as_told, life, news
from models.sources import SourceHistory

START = datetime(2026, 1, 5, 15, tzinfo=UTC)
DAY = timedelta(days=1)
POLICY = Policy()
HOURS = Hours.model_validate({day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")})
EAST = Calendar(zone="America/New_York", hours=HOURS, known_until=date(2040, 12, 31))
ACTIVE, COOLING, QUIET, LAPSED, RETURNED = SourceState
WEEKLY = [7 * week for week in range(60)]


def history(*days: float, kind: SourceKind = SourceKind.PROVIDER, **more: object) -> SourceHistory:
    received = tuple(START + day * DAY for day in days)
    return SourceHistory.model_validate({"kind": kind, "received": received, **more})


def days(known: SourceHistory) -> SendingDays:
    return _days(known.away)


@lru_cache
def _days(away: tuple[Absence, ...]) -> SendingDays:
    first = START.date() - 30 * DAY
    return SendingDays([EAST], first, first + 4000 * DAY, away)


def lived(known: SourceHistory, until: float, policy: Policy = POLICY) -> Life:
    return life(known, days(known), policy, START + until * DAY)


def told(found: Life) -> list[tuple[SourceState, int]]:
    """The states, each with the day on which it began."""
    return [(one.state, (one.since - START).days) for one in found.changes]


def test_a_one_off_sender_is_quiet_after_sixty_days_and_lapsed_after_twice_that() -> None:
    assert told(lived(history(0), 59)) == [(ACTIVE, 0)]
    assert lived(history(0), 59).next == Change(QUIET, START + 60 * DAY, START)
    assert told(lived(history(0), 60)) == [(ACTIVE, 0), (QUIET, 60)]
    assert told(lived(history(0), 700)) == [(ACTIVE, 0), (QUIET, 60), (LAPSED, 120)]
    assert lived(history(0), 700).next is None


def test_a_weekly_sender_cools_in_weeks() -> None:
    found = lived(history(*WEEKLY), 413 + 100)
    last = WEEKLY[-1]
    assert [state for state, _ in told(found)] == [ACTIVE, COOLING, QUIET]
    (_, cooling), (_, quiet) = told(found)[1:]
    assert 20 <= cooling - last <= 26
    assert 33 <= quiet - last <= 42


def test_nobody_cools_within_the_fortnight() -> None:
    daily = history(*range(200))
    assert told(lived(daily, 212)) == [(ACTIVE, 0)]
    assert told(lived(daily, 214))[-1] == (QUIET, 213)  # so unlikely that cooling is left out


def test_it_returns_with_the_next_referral_and_is_active_with_the_one_after() -> None:
    found = told(lived(history(0, 70, 70.1, 80), 90))
    assert found == [(ACTIVE, 0), (QUIET, 60), (RETURNED, 70), (ACTIVE, 80)]
    again = told(lived(history(0, 70), 131))
    assert again == [(ACTIVE, 0), (QUIET, 60), (RETURNED, 70), (QUIET, 130)]
    assert told(lived(history(0, 60), 70)) == [(ACTIVE, 0)]  # in time, to the second


def test_who_cooled_is_simply_active_again() -> None:
    found = told(lived(history(*WEEKLY, WEEKLY[-1] + 30), WEEKLY[-1] + 31))
    assert [state for state, _ in found] == [ACTIVE, COOLING, ACTIVE]
    assert found[-1][1] == WEEKLY[-1] + 30


def test_leave_stands_still() -> None:
    away = Absence(first=(START + 10 * DAY).date(), last=(START + 39 * DAY).date())
    assert told(lived(history(0, away=(away,)), 89)) == [(ACTIVE, 0)]
    assert told(lived(history(0, away=(away,)), 90)) == [(ACTIVE, 0), (QUIET, 90)]
    weekly = history(*WEEKLY, away=(Absence(first=date(2027, 2, 23), last=date(2027, 4, 5)),))
    assert [state for state, _ in told(lived(weekly, WEEKLY[-1] + 50))] == [ACTIVE]


def test_after_our_own_no_the_days_count_from_it() -> None:
    known = history(0, declined=START + 5 * DAY)
    assert told(lived(known, 66))[-1] == (QUIET, 65)
    policy = Policy.model_validate({"silence": {"pauses_for": ["leave"]}})
    assert told(lived(known, 66, policy))[-1] == (QUIET, 60)
    long_ago = history(0, 200, declined=START + 5 * DAY)
    assert told(lived(long_ago, 261))[-1] == (QUIET, 260)


@pytest.mark.parametrize("kind", list(SourceKind))
def test_some_kinds_have_no_state(kind: SourceKind) -> None:
    never = kind in {SourceKind.PAST_PATIENT, SourceKind.SELF}
    assert (lived(history(0, kind=kind), 500).now is None) is never
    assert lived(history(), 500) == Life()


def test_who_has_left_falls_no_further() -> None:
    found = lived(history(0, 70, left=True), 900)
    assert told(found) == [(ACTIVE, 0), (QUIET, 60), (RETURNED, 70)]
    assert found.next is None


def test_the_policy_decides() -> None:
    policy = Policy.model_validate({"silence": {"quiet": "45 d", "cooling_min_referrals": 1000}})
    assert told(lived(history(*WEEKLY), WEEKLY[-1] + 46, policy)) == [
        (ACTIVE, 0),
        (QUIET, WEEKLY[-1] + 45),
    ]


# --- what is written, look after look -------------------------------------------------------


def looks(known: SourceHistory, *at: float, policy: Policy = POLICY) -> list[Change]:
    """Everything written by these looks, each with what had come by then."""
    written: list[Change] = []
    for day in at:
        moment = START + day * DAY
        so_far = known.model_copy(
            update={"received": tuple(one for one in known.received if one <= moment)}
        )
        written += news(written, so_far, days(known), policy, moment).write
    return written


sendings = st.lists(st.integers(0, 1500), min_size=1, max_size=40)


@given(sendings, st.lists(st.integers(0, 1600), max_size=25))
def test_however_often_one_looks_the_same_is_known(sent: list[int], at: list[int]) -> None:
    known = history(*sent)
    once = life(known, days(known), POLICY, START + 1700 * DAY)
    assert as_told(looks(known, *sorted(at), 1700)) == once.changes


@given(sendings)
def test_a_second_look_at_one_moment_has_nothing_to_write(sent: list[int]) -> None:
    known = history(*sent)
    written = looks(known, 1600)
    assert news(written, known, days(known), POLICY, START + 1600 * DAY).write == ()


@given(sendings, st.integers(0, 1700))
def test_states_follow_one_another_and_the_next_one_comes_when_it_was_said(
    sent: list[int], until: int
) -> None:
    found = lived(history(*sent), max(until, *sent))
    times = [one.since for one in found.changes]
    assert times == sorted(times)
    assert found.changes[0].state is ACTIVE
    for one, other in zip(found.changes, found.changes[1:], strict=False):
        assert one.state is not other.state
        assert (other.state is RETURNED) == (one.state.silent and other.last == other.since)
    if found.next is not None:
        day = (found.next.since - START) / DAY
        assert lived(history(*sent), day).now == found.next
        assert lived(history(*sent), day - 0.001).now == found.now


def test_a_referral_told_late_takes_the_silence_back() -> None:
    written = looks(history(0, 90), 60, 90)
    assert [one.state for one in written] == [ACTIVE, QUIET, RETURNED]
    known = history(0, 40, 90)
    later = news(written, known, days(known), POLICY, START + 95 * DAY)
    assert [one.state for one in later.write] == [ACTIVE]
    assert as_told([*written, *later.write]) == (Change(ACTIVE, START, START),)
    assert later.before is not None
    assert later.before.state is RETURNED


def test_a_referral_taken_back_opens_the_silence_it_hid() -> None:
    written = looks(history(0, 50, 100), 100)
    known = history(0, 100)
    later = news(written, known, days(known), POLICY, START + 101 * DAY)
    assert [(one.state, (one.since - START).days) for one in later.write] == [
        (QUIET, 60),
        (RETURNED, 100),
    ]


def test_an_earlier_first_referral_begins_the_relationship() -> None:
    written = looks(history(30), 30)
    known = history(0, 30)
    later = news(written, known, days(known), POLICY, START + 31 * DAY)
    assert as_told([*written, *later.write]) == (Change(ACTIVE, START, START),)


def test_todays_policy_and_leave_judge_only_the_present_silence() -> None:
    written = looks(history(0, 70, 80), 60, 90)
    strict = Policy.model_validate({"silence": {"quiet": "100 d", "lapsed": "200 d"}})
    known = history(0, 70, 80)
    assert news(written, known, days(known), strict, START + 100 * DAY).write == ()
    quiet = looks(history(0), 60)
    away = Absence(first=(START + 20 * DAY).date(), last=(START + 50 * DAY).date())
    known = history(0, away=(away,))
    back = news(quiet, known, days(known), POLICY, START + 61 * DAY)
    assert [one.state for one in back.write] == [ACTIVE]
