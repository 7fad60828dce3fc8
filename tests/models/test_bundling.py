"""One practice, one fax line: who waits for company, until when, and how much a line takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models import bundling
from models.kinds import Kind
from models.policy import Office, Policy, Rules
from tests.lives import rules

MONDAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # 10:00 in New York; the clinic closes at 18:00
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRIDAY_LATE = datetime(2026, 3, 6, 21, 50, tzinfo=UTC)  # 16:50


def at_bundle(bundle: str) -> Rules:
    given = rules()
    office = Office.model_validate({"bundle": bundle})
    return given.model_copy(update={"policy": given.policy.model_copy(update={"office": office})})


def thanks_at(now: datetime, received: datetime, gathering: datetime | None = None) -> object:
    limit = bundling.latest(Kind.THANK_YOU, now, received, rules(), unasked=True)
    return bundling.company_at(now, limit, gathering, rules())


def test_the_first_letter_opens_a_round_of_two_business_hours() -> None:
    assert thanks_at(MONDAY, MONDAY) == MONDAY + 2 * HOUR


def test_one_that_comes_later_goes_with_the_round_that_is_open() -> None:
    later = MONDAY + HOUR
    assert thanks_at(later, later, MONDAY + 2 * HOUR) == MONDAY + 2 * HOUR


def test_nothing_lies_over_night_for_company() -> None:
    close = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)  # 18:00
    assert thanks_at(FRIDAY_LATE, FRIDAY_LATE) == close
    assert thanks_at(FRIDAY_LATE + HOUR, FRIDAY_LATE, close) == close


def test_what_comes_at_night_goes_in_the_first_round_of_the_morning() -> None:
    night = MONDAY + 12 * HOUR  # 22:00
    assert thanks_at(night, night) == datetime(2026, 3, 3, 15, 0, tzinfo=UTC)


def test_what_would_wait_past_its_promise_goes_at_once() -> None:
    friday_night = FRIDAY_LATE + 4 * HOUR  # two business hours on is Monday
    assert thanks_at(friday_night, friday_night) is None
    # Long on its way before it was confirmed: nineteen of its twenty-four hours are gone.
    assert thanks_at(MONDAY, MONDAY - 19 * HOUR) is None


def test_a_round_that_goes_too_late_for_it_is_not_waited_for() -> None:
    assert thanks_at(MONDAY, MONDAY - 19 * HOUR, MONDAY + 2 * HOUR) is None


@pytest.mark.parametrize(
    "kind",
    [Kind.PLAN_OF_CARE, Kind.SIGNATURE_REQUEST, Kind.PROGRESS_REPORT, Kind.DISCHARGE_SUMMARY],
)
def test_a_clinical_letter_waits_within_its_business_day(kind: Kind) -> None:
    limit = bundling.latest(kind, FRIDAY_LATE, MONDAY, rules())
    assert limit == datetime(2026, 3, 9, 22, 0, tzinfo=UTC)  # Monday's close, in summer time
    friday_night = FRIDAY_LATE + 4 * HOUR
    assert bundling.company_at(friday_night, limit, None, rules()) is not None


@pytest.mark.parametrize(
    "kind", [Kind.RECEIPT_NOTICE, Kind.DECLINED, Kind.SCHEDULE_TEXT, Kind.SCORECARD]
)
def test_what_must_be_known_at_once_never_waits(kind: Kind) -> None:
    assert not bundling.may_wait(kind)


def test_an_organization_may_want_no_company_at_all() -> None:
    assert bundling.company_at(MONDAY, MONDAY + DAY, None, at_bundle("0 bh")) is None
    assert bundling.company_at(MONDAY, MONDAY + DAY, MONDAY + HOUR, at_bundle("0 bh")) is None


@pytest.mark.parametrize(
    ("pages", "gone", "takes"),
    [(1, 0, True), (1, 14, True), (2, 14, False), (15, 0, True), (40, 0, True), (40, 1, False)],
)
def test_a_line_takes_fifteen_pages_a_day(pages: int, gone: int, takes: bool) -> None:
    assert Policy().office.max_pages_per_number_day == 15
    assert bundling.takes(pages, gone, rules()) is takes


def test_what_is_over_goes_the_next_morning_if_that_is_in_time() -> None:
    morning = datetime(2026, 3, 3, 13, 0, tzinfo=UTC)
    assert bundling.another_day(MONDAY, MONDAY + DAY, rules()) == morning
    assert bundling.another_day(MONDAY, MONDAY + 20 * HOUR, rules()) is None
