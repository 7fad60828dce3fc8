"""Clinic time: spans, opening hours, closed days, daylight saving and the texting window."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.clock import Calendar, Hours, Span, Unit, Window
from models.policy import Text
from models.zones import recipient_zones

NEW_YORK, CHICAGO = "America/New_York", "America/Chicago"
WEEK = ("mon", "tue", "wed", "thu", "fri")
THANKSGIVING = (date(2026, 11, 26), date(2026, 11, 27))


def hours(weekday: tuple[str, ...], sat: tuple[str, ...] = (), sun: tuple[str, ...] = ()) -> Hours:
    return Hours.model_validate({**dict.fromkeys(WEEK, weekday), "sat": sat, "sun": sun})


EAST = Calendar(
    zone=NEW_YORK,
    hours=hours(("08:00-17:00",)),
    closed=(*THANKSGIVING, date(2026, 12, 25), date(2027, 1, 1)),
    holidays=(date(2026, 11, 26), date(2026, 12, 25), date(2027, 1, 1)),
    known_until=date(2027, 12, 31),
)
WEST = Calendar(
    zone=CHICAGO,
    hours=hours(("08:00-12:00", "13:00-17:00"), sat=("09:00-13:00",)),
    closed=EAST.closed,
    holidays=EAST.holidays,
    known_until=date(2027, 12, 31),
)


def moment(text: str, zone: str = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def wall(at: datetime, zone: str = NEW_YORK) -> str:
    assert at.tzinfo is UTC
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


# --- spans ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amount", "unit", "words"),
    [
        ("24 wh", 24, Unit.WALL_HOURS, "24 hours"),
        ("2 bh", 2, Unit.BUSINESS_HOURS, "2 business hours"),
        ("30 bm", 30, Unit.BUSINESS_MINUTES, "30 business minutes"),
        ("1 bd", 1, Unit.BUSINESS_DAYS, "1 business day"),
        ("7 d", 7, Unit.CALENDAR_DAYS, "7 days"),
        ("15 min", 15, Unit.WALL_MINUTES, "15 minutes"),
        ("1 min", 1, Unit.WALL_MINUTES, "1 minute"),
        ("0 bd", 0, Unit.BUSINESS_DAYS, "0 business days"),
    ],
)
def test_a_span_reads_as_the_policy_writes_it(
    text: str, amount: int, unit: Unit, words: str
) -> None:
    span = Span.of(text)
    assert (span.amount, span.unit, str(span), span.code) == (amount, unit, words, text)
    assert span.model_dump(mode="json") == text
    assert Span.model_validate_json(span.model_dump_json()) == span


@pytest.mark.parametrize(
    "text", ["", "24", "wh", "24 h", "-1 d", "1.5 bh", "2 BH", "٣ d", "2 bh 3"]
)
def test_anything_else_is_refused_and_says_what_was_expected(text: str) -> None:
    with pytest.raises(ValidationError, match=r'such as "2 bh"'):
        Span.of(text)


@pytest.mark.parametrize(
    ("one", "other", "longer"),
    [
        ("24 wh", "20 wh", True),
        ("20 wh", "24 wh", False),
        ("61 min", "1 wh", True),
        ("1 d", "24 wh", False),
        ("2 bh", "30 bm", True),
        ("2 bd", "1 bd", True),
        ("2 bh", "3 wh", None),
        ("1 bd", "1 bh", None),
        ("1 bd", "1 d", None),
    ],
)
def test_spans_compare_only_where_their_clocks_do(
    one: str, other: str, longer: bool | None
) -> None:
    assert Span.of(one).longer_than(Span.of(other)) is longer


# --- hours ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["9-17", "09:00", "17:00-09:00", "09:00-09:00", "09:00-25:00", ""])
def test_a_window_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Window.model_validate(text)


def test_overlapping_hours_are_refused_and_named() -> None:
    with pytest.raises(ValidationError, match="mon: 08:00-12:00 and 11:00-17:00 overlap"):
        Hours.model_validate({"mon": ["08:00-12:00", "11:00-17:00"]})


def test_hours_survive_the_wire() -> None:
    assert Calendar.model_validate_json(WEST.model_dump_json()) == WEST


def test_a_calendar_needs_a_zone_and_some_hours() -> None:
    with pytest.raises(ValidationError, match="IANA name"):
        Calendar(zone="Mars/Olympus", hours=EAST.hours, known_until=date(2027, 1, 1))
    with pytest.raises(ValidationError, match="no opening hours"):
        Calendar(zone=NEW_YORK, hours=Hours(), known_until=date(2027, 1, 1))


def test_narrowing_only_takes_time_away() -> None:
    base = hours(("09:00-19:00",), sat=("10:00-16:00",))
    wider = hours(("08:00-21:00",), ("08:00-21:00",), ("12:00-21:00",))
    assert base.narrowed(wider) == base
    assert base.narrowed(hours(("09:00-12:00", "13:00-18:00"))).mon == (
        Window.model_validate("09:00-12:00"),
        Window.model_validate("13:00-18:00"),
    )
    assert not base.narrowed(hours(("06:00-08:00",)))


# --- opening --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "is_open", "next_open"),
    [
        ("2026-11-06 07:59", False, "2026-11-06 08:00"),
        ("2026-11-06 08:00", True, "2026-11-06 08:00"),
        ("2026-11-06 16:59", True, "2026-11-06 16:59"),
        ("2026-11-06 17:00", False, "2026-11-09 08:00"),
        ("2026-11-07 12:00", False, "2026-11-09 08:00"),
        ("2026-11-26 12:00", False, "2026-11-30 08:00"),  # a holiday, its Friday, a weekend
        ("2026-12-31 18:00", False, "2027-01-04 08:00"),  # over the year's end
    ],
)
def test_open_and_next_open(at: str, is_open: bool, next_open: str) -> None:
    assert EAST.is_open(moment(at)) is is_open
    assert wall(EAST.next_open(moment(at))) == next_open


def test_lunch_is_closed_and_saturday_opens_in_the_west() -> None:
    assert not WEST.is_open(moment("2026-11-06 12:30", CHICAGO))
    assert wall(WEST.next_open(moment("2026-11-06 12:30", CHICAGO)), CHICAGO) == "2026-11-06 13:00"
    assert WEST.is_open(moment("2026-11-07 10:00", CHICAGO))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        EAST.next_open(datetime(2026, 11, 6, 12))  # noqa: DTZ001 - that is the mistake


# --- after ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "span", "due"),
    [
        # open time alone counts
        ("2026-11-06 16:50", "10 bm", "2026-11-06 17:00"),
        ("2026-11-06 16:50", "30 bm", "2026-11-09 08:20"),
        ("2026-11-06 16:50", "2 bh", "2026-11-09 09:50"),
        ("2026-11-07 03:00", "30 bm", "2026-11-09 08:30"),
        ("2026-11-06 20:00", "0 bm", "2026-11-09 08:00"),
        ("2026-11-06 17:00", "0 bh", "2026-11-09 08:00"),
        ("2026-11-02 08:00", "90 bh", "2026-11-13 17:00"),  # ten days of nine hours
        # the Wednesday before Thanksgiving, closed on Friday too
        ("2026-11-25 16:50", "30 bm", "2026-11-30 08:20"),
        ("2026-11-25 16:50", "1 bd", "2026-11-30 17:00"),
        ("2026-11-25 16:50", "24 wh", "2026-11-26 16:50"),
        # business days end at closing time
        ("2026-11-06 16:50", "0 bd", "2026-11-06 17:00"),
        ("2026-11-06 17:00", "0 bd", "2026-11-06 17:00"),
        ("2026-11-06 17:01", "0 bd", "2026-11-09 17:00"),
        ("2026-11-06 16:50", "1 bd", "2026-11-09 17:00"),
        ("2026-11-07 12:00", "1 bd", "2026-11-09 17:00"),
        ("2026-11-08 00:00", "3 bd", "2026-11-11 17:00"),
        ("2026-12-31 09:00", "1 bd", "2027-01-04 17:00"),
        ("2026-12-24 09:00", "2 bd", "2026-12-29 17:00"),
        # calendar days keep the time on the wall
        ("2026-12-31 09:30", "1 d", "2027-01-01 09:30"),
        ("2026-11-06 16:50", "0 d", "2026-11-06 16:50"),
        ("2028-02-28 09:00", "1 d", "2028-02-29 09:00"),
        # spring forward on 8 March 2026, back on 1 November 2026
        ("2026-03-07 16:00", "24 wh", "2026-03-08 17:00"),
        ("2026-03-07 16:00", "1 d", "2026-03-08 16:00"),
        ("2026-03-01 09:00", "14 d", "2026-03-15 09:00"),
        ("2026-10-31 16:00", "24 wh", "2026-11-01 15:00"),
        ("2026-10-31 16:00", "1 d", "2026-11-01 16:00"),
        ("2026-10-30 16:00", "2 bh", "2026-11-02 09:00"),
        ("2026-03-06 16:00", "2 bh", "2026-03-09 09:00"),
        ("2026-03-07 02:30", "1 d", "2026-03-08 03:30"),  # the hour that does not exist
    ],
)
def test_after(at: str, span: str, due: str) -> None:
    assert wall(EAST.after(moment(at), Span.of(span))) == due


@pytest.mark.parametrize(
    ("at", "span", "due"),
    [
        ("2026-11-06 11:50", "30 bm", "2026-11-06 13:20"),  # lunch does not count
        ("2026-11-06 16:50", "30 bm", "2026-11-07 09:20"),  # Saturday does
        ("2026-11-06 16:50", "1 bd", "2026-11-07 13:00"),
        ("2026-11-07 14:00", "1 bd", "2026-11-09 17:00"),
        ("2026-03-07 12:30", "1 bh", "2026-03-09 08:30"),  # over the spring change
        ("2026-10-31 12:30", "1 bh", "2026-11-02 08:30"),  # and the autumn one
        ("2026-03-07 12:30", "24 wh", "2026-03-08 13:30"),
        ("2026-10-31 12:30", "24 wh", "2026-11-01 11:30"),
        ("2026-03-07 12:30", "7 d", "2026-03-14 12:30"),
        ("2026-10-31 12:30", "7 d", "2026-11-07 12:30"),
    ],
)
def test_after_in_the_other_zone(at: str, span: str, due: str) -> None:
    assert wall(WEST.after(moment(at, CHICAGO), Span.of(span)), CHICAGO) == due


def test_a_spring_weekend_is_23_hours_long() -> None:
    start = moment("2026-03-07 16:00")
    assert EAST.after(start, Span.of("1 d")) - start == timedelta(hours=23)
    assert wall(EAST.after(start, Span.of("1440 min"))) == "2026-03-08 17:00"


def test_a_clinic_closed_all_week_waits_for_the_next() -> None:
    away = tuple(date(2026, 11, 9) + timedelta(days=n) for n in range(7))
    closed = EAST.model_copy(update={"closed": away})
    assert wall(closed.next_open(moment("2026-11-09 09:00"))) == "2026-11-16 08:00"
    assert wall(closed.after(moment("2026-11-06 16:50"), Span.of("1 bd"))) == "2026-11-16 17:00"
    assert wall(closed.after(moment("2026-11-06 16:50"), Span.of("30 bm"))) == "2026-11-16 08:20"


def test_closed_days_are_sorted_whatever_order_they_came_in() -> None:
    days = (date(2027, 1, 1), date(2026, 11, 26), date(2026, 12, 25), date(2026, 11, 26))
    calendar = Calendar(zone=NEW_YORK, hours=EAST.hours, closed=days, known_until=date(2027, 1, 1))
    assert calendar.closed == (date(2026, 11, 26), date(2026, 12, 25), date(2027, 1, 1))
    assert not any(calendar.is_business_day(day) for day in days)


# --- before, days ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "span", "when"),
    [
        ("2026-11-10 10:00", "2 bd", "2026-11-06 08:00"),
        ("2026-11-30 10:00", "2 bd", "2026-11-24 08:00"),
        ("2026-11-10 10:00", "0 bd", "2026-11-10 08:00"),
        ("2026-11-29 10:00", "0 bd", "2026-11-25 08:00"),
        ("2026-11-09 09:00", "2 bh", "2026-11-06 16:00"),
        ("2026-11-08 12:00", "30 bm", "2026-11-06 16:30"),
        ("2026-11-10 10:00", "48 wh", "2026-11-08 10:00"),
        ("2026-03-09 10:00", "48 wh", "2026-03-07 09:00"),
        ("2026-03-09 10:00", "2 d", "2026-03-07 10:00"),
    ],
)
def test_before(at: str, span: str, when: str) -> None:
    assert wall(EAST.before(moment(at), Span.of(span))) == when


def test_business_days_between_is_the_reverse_of_after() -> None:
    start = moment("2026-11-25 16:50")
    for count in range(30):
        later = EAST.after(start, Span.of(f"{count} bd"))
        assert EAST.business_days_between(start, later) == count
        assert EAST.business_days_between(later, start) == -count


def test_days_are_the_location_s_own() -> None:
    late = datetime(2026, 11, 7, 3, tzinfo=UTC)
    assert EAST.local_date(late) == date(2026, 11, 6)
    assert EAST.next_business_day(date(2026, 11, 6)) == date(2026, 11, 9)
    assert WEST.next_business_day(date(2026, 11, 6)) == date(2026, 11, 7)
    assert EAST.at_local(date(2026, 11, 6), time(10)) == datetime(2026, 11, 6, 15, tzinfo=UTC)
    assert WEST.at_local(date(2026, 11, 6), time(10)) == datetime(2026, 11, 6, 16, tzinfo=UTC)
    assert wall(EAST.opening(date(2026, 11, 26))) == "2026-11-30 08:00"
    assert wall(EAST.closing(date(2026, 11, 24))) == "2026-11-24 17:00"


def test_an_hour_that_comes_twice_means_the_first() -> None:
    assert EAST.at_local(date(2026, 11, 1), time(1, 30)) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("calendar", "day", "tried", "expected"),
    [
        (EAST, date(2026, 11, 9), "2026-11-06 09:00", "2026-11-09 12:00"),
        (EAST, date(2026, 11, 9), "2026-11-06 15:00", "2026-11-09 08:00"),
        (EAST, date(2026, 11, 8), "2026-11-06 15:00", "2026-11-09 08:00"),
        (WEST, date(2026, 11, 9), "2026-11-06 11:00", "2026-11-09 13:00"),
    ],
)
def test_the_other_half_of_the_day(
    calendar: Calendar, day: date, tried: str, expected: str
) -> None:
    found = calendar.other_half_day(day, moment(tried, calendar.zone))
    assert wall(found, calendar.zone) == expected
    morning_only = EAST.model_copy(update={"hours": hours(("08:00-12:00",))})
    assert wall(morning_only.other_half_day(date(2026, 11, 9), moment("2026-11-06 09:00"))) == (
        "2026-11-09 08:00"
    )


# --- the texting window ---------------------------------------------------------------------------

TEXT = Text()


@pytest.mark.parametrize(
    ("at", "state", "goes"),
    [
        ("2026-11-06 08:59", None, "2026-11-06 09:00"),
        ("2026-11-06 12:00", None, "2026-11-06 12:00"),
        ("2026-11-06 18:59", None, "2026-11-06 18:59"),
        ("2026-11-06 19:00", None, "2026-11-07 10:00"),  # Saturday opens at ten
        ("2026-11-07 16:00", None, "2026-11-09 09:00"),  # never on a Sunday
        ("2026-11-25 20:00", None, "2026-11-28 10:00"),  # a holiday and a closed day
        ("2026-12-31 22:00", None, "2027-01-02 10:00"),
        ("2026-03-07 17:00", None, "2026-03-09 09:00"),  # over the spring change
        ("2026-10-31 17:00", None, "2026-11-02 09:00"),  # and the autumn one
        ("2026-11-06 18:30", "RI", "2026-11-07 10:00"),  # a state may narrow
        ("2026-11-06 18:30", "FL", "2026-11-06 18:30"),
        ("2026-11-06 08:30", "FL", "2026-11-06 09:00"),  # and never widen
        ("2026-11-08 13:00", "TX", "2026-11-09 09:00"),
        ("2026-11-06 18:30", "ZZ", "2026-11-06 18:30"),
    ],
)
def test_texts_are_held_until_a_decent_hour(at: str, state: str | None, goes: str) -> None:
    assert wall(EAST.text_window(moment(at), TEXT.hours(state))) == goes


def test_the_patient_s_zone_decides() -> None:
    zones = recipient_zones("CA", "NY", NEW_YORK)
    assert zones == ["America/Los_Angeles"]
    held = EAST.text_window(moment("2026-11-06 09:30"), TEXT.hours("CA"), zones)
    assert wall(held) == "2026-11-06 12:00"


def test_a_state_in_two_zones_must_be_decent_in_both() -> None:
    zones = recipient_zones("TN", "NY", NEW_YORK)
    assert wall(EAST.text_window(moment("2026-11-06 09:30"), TEXT.hours("TN"), zones)) == (
        "2026-11-06 10:00"
    )
    assert wall(EAST.text_window(moment("2026-11-06 19:30"), TEXT.hours("TN"), zones)) == (
        "2026-11-07 11:00"
    )
    pacific = "America/Los_Angeles"
    evening = moment("2026-11-06 18:30", pacific)  # closed in the one zone, then in the other
    held = EAST.text_window(evening, TEXT.window, recipient_zones("NV", "NY", NEW_YORK))
    assert wall(held, pacific) == "2026-11-07 10:00"
    assert recipient_zones("TN", "TN", CHICAGO) == [CHICAGO]
    assert recipient_zones(None, "NY", NEW_YORK) == [NEW_YORK]


def test_a_holiday_is_quiet_even_when_the_clinic_opens() -> None:
    opens = EAST.model_copy(update={"closed": ()})
    assert opens.is_open(moment("2026-11-26 12:00"))
    assert wall(opens.text_window(moment("2026-11-26 12:00"), TEXT.window)) == "2026-11-27 09:00"


def test_a_window_that_never_opens_says_so() -> None:
    with pytest.raises(ValueError, match="never opens"):
        EAST.text_window(moment("2026-11-06 12:00"), Hours())


# --- properties -----------------------------------------------------------------------------------

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)
MOMENTS = st.datetimes(
    FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC)
)  # they want naive limits
SPANS = st.builds(Span, amount=st.integers(0, 60), unit=st.sampled_from(list(Unit)))
CALENDARS = st.sampled_from([EAST, WEST])
# The hour repeated in autumn reads twice on the wall, so days counted from it may tie or cross.
SLACK = {Unit.CALENDAR_DAYS: timedelta(hours=1)}


@given(CALENDARS, MOMENTS, MOMENTS, SPANS)
def test_later_starts_never_fall_due_earlier(
    calendar: Calendar, one: datetime, other: datetime, span: Span
) -> None:
    early, late = sorted((one, other))
    slack = SLACK.get(span.unit, timedelta(0))
    assert calendar.after(early, span) <= calendar.after(late, span) + slack
    assert calendar.after(early, span) >= early


@given(CALENDARS, MOMENTS, st.integers(0, 59), st.sampled_from(list(Unit)))
def test_longer_spans_never_fall_due_earlier(
    calendar: Calendar, at: datetime, amount: int, unit: Unit
) -> None:
    shorter, longer = (Span(amount=n, unit=unit) for n in (amount, amount + 1))
    assert calendar.after(at, shorter) < calendar.after(at, longer) or (
        amount == 0 and calendar.after(at, shorter) == calendar.after(at, longer)
    )


@given(CALENDARS, MOMENTS, st.integers(1, 60), st.sampled_from(["bm", "bh"]))
def test_business_time_ends_in_open_hours_and_adds_up(
    calendar: Calendar, at: datetime, amount: int, unit: str
) -> None:
    due = calendar.after(at, Span.of(f"{amount} {unit}"))
    assert calendar.is_open(due - timedelta(microseconds=1))
    one_by_one = at
    for _ in range(amount):
        one_by_one = calendar.after(one_by_one, Span.of(f"1 {unit}"))
    assert one_by_one == due
    assert calendar.after(calendar.before(due, Span.of(f"{amount} {unit}")), Span.of("0 bm")) in (
        calendar.next_open(at),
        at,
    )


@given(CALENDARS, MOMENTS)
def test_next_open_is_the_first_open_moment(calendar: Calendar, at: datetime) -> None:
    found = calendar.next_open(at)
    assert found >= at
    assert calendar.is_open(found)
    assert found == at or not calendar.is_open(found - timedelta(microseconds=1))
    assert found == at or not calendar.is_open(at)


@given(CALENDARS, MOMENTS, st.sampled_from([None, "RI", "TX", "CT"]), st.sampled_from(["NY", "TN"]))
def test_no_text_ever_leaves_outside_the_window(
    calendar: Calendar, at: datetime, law: str | None, home: str
) -> None:
    zones = recipient_zones(home, "IL", calendar.zone)
    allowed = TEXT.hours(law)
    goes = calendar.text_window(at, allowed, zones)
    assert goes >= at
    assert calendar.text_window(goes, allowed, zones) == goes
    for zone in zones:
        local = goes.astimezone(ZoneInfo(zone))
        assert local.date() not in calendar.closed
        assert local.weekday() != 6
        assert any(w.opens <= local.time() < w.closes for w in allowed.on(local.date()))
