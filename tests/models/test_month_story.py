"""The month in a sentence, and what to do about it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from models.errors import BadRequest
from models.month_story import things, verdict
from models.monthly import ALL_CLINICS, Aged, Amount, Figure, Relationship, SourceLine, Unit
from models.months import back, first_day, last_day, says, up_to

MONTH = "2027-03"
NAMES = ("received", "converted", "contacted_24h", "certified", "summary_24h", "thanked_24h")


def share(number: int, n: int, still: int = 0) -> Amount:
    return Amount(value=100 * number / n if n else None, n=n, number=number, open=still)


def figures(came: int = 42, before: int | None = 37, **changes: Amount) -> list[Figure]:
    told: dict[str, Amount] = {name: share(0, 0) for name in NAMES}
    told["received"] = Amount(value=float(came), n=came)
    told["converted"] = share(30, came, 6) if came else share(0, 0)
    told |= changes
    last = Amount(value=None if before is None else float(before), n=before or 0)
    return [
        Figure(name=name, title=name, unit=Unit.PERCENT, now=now, before=last, year_ago=Amount())
        for name, now in told.items()
    ]


def source(**changes: Any) -> SourceLine:
    told: dict[str, Any] = {"source_id": "s", "name": "Dr. Sample", "kind": "provider"}
    return SourceLine(**(told | {"received": 1, "before": 0, "year_ago": 0} | changes))


def fell(day: date, state: str = "quiet") -> Relationship:
    return Relationship(source_id="s", name="Dr. S", kind="provider", state=state, since=day)


@pytest.mark.parametrize(
    ("told", "silent", "returned", "sentence"),
    [
        (
            figures(),
            0,
            0,
            "42 referrals in March 2027, 5 more than in February; 30 of 42 have come to "
            "evaluation, 6 are still open.",
        ),
        (
            figures(converted=share(30, 40, 6)),
            0,
            0,
            "42 referrals in March 2027, 5 more than in February; 30 of 40 neither withdrawn nor "
            "declined have come to evaluation, 6 are still open.",
        ),
        (
            figures(1, 1, converted=share(1, 1)),
            1,
            0,
            "1 referral in March 2027, as many as in February; 1 of 1 has come to evaluation. "
            "1 source is silent.",
        ),
        (
            figures(0, 9),
            2,
            1,
            "No referral was received in March 2027. 2 sources are silent and 1 came back.",
        ),
        (
            figures(5, None, converted=share(0, 0)),
            0,
            2,
            "5 referrals in March 2027. 2 sources came back.",
        ),
    ],
)
def test_the_month_in_a_sentence(
    told: list[Figure], silent: int, returned: int, sentence: str
) -> None:
    assert verdict(MONTH, told, silent, returned) == sentence


@pytest.mark.parametrize(
    ("came", "sentence"),
    [
        (7, "7 referrals in March 2027 so far; 1 of 7 has come to evaluation."),
        (0, "No referral was received in March 2027 so far."),
    ],
)
def test_a_month_that_is_not_over_is_compared_with_none(came: int, sentence: str) -> None:
    told = figures(came, converted=share(1, came))
    told = [one.model_copy(update={"running": True}) for one in told]
    assert verdict(MONTH, told, 0, 0) == sentence


def test_nothing_calls_for_nothing() -> None:
    assert things(ALL_CLINICS, MONTH, figures(), [source()], [], []) == ()


def test_at_most_three_and_the_most_urgent_first() -> None:
    told = figures(
        contacted_24h=share(40, 42, 1), certified=share(9, 20), thanked_24h=share(41, 42)
    )
    aged = [Aged(says="more than 30 days", waiting=4, in_care=9)]
    silent = [fell(date(2027, 3, 9)), fell(date(2027, 1, 9)), fell(date(2027, 3, 9), "lapsed")]
    found = things("east", MONTH, told, [source(verdict="fading")], silent, aged)
    assert [one.number for one in found] == [1, 1, 1]
    assert [one.link for one in found[:2]] == [  # as they stood in the report, not as they stand
        "/reports/east/2027-03/fell_silent",
        "/reports/east/2027-03/fading",
    ]
    assert found[0].says == "Call the source that fell silent this month: Dr. S"
    assert found[0].why.startswith("Their page says")  # nobody knows of any referral of theirs
    assert found[1].says == "Visit the source that is fading: Dr. Sample"
    assert found[2].link == "/reports/east/2027-03/contacted_24h?which=others"
    fewer = things(ALL_CLINICS, MONTH, told, [], [], aged)
    assert [one.number for one in fewer] == [1, 4, 11]
    assert fewer[0].link.startswith("/reports/all/")


def test_who_is_to_be_called_and_visited_is_named_the_largest_first() -> None:
    def sent(name: str, *last: int, **changes: Any) -> SourceLine:
        twelve = (0,) * (12 - len(last)) + last
        return source(source_id=name, name=name, twelve=twelve, **changes)

    day = date(2027, 3, 9)
    silent = [
        Relationship(source_id=name, name=name, kind="provider", state="quiet", since=day)
        for name in ("A", "B", "C", "D", "E")
    ]
    lines = [
        *(sent(name, at, 0, 0) for at, name in enumerate("ABCDE", 1)),
        sent("F", 9, 5, 4, verdict="fading", verdict_says="from 9.1 to 4.0 a month"),
        sent("G", 30, 0, 0, verdict="fading", state="lapsed"),
    ]
    call, visit = things("east", MONTH, figures(), lines, silent, [])
    assert call.says == "Call the 5 sources that fell silent this month: E, D, C and 2 more"
    assert call.why.startswith("E: 5 in twelve months, the last in January; D: 4 in twelve")
    assert visit.says == "Visit the 2 sources that are fading: G (lapsed) and F"
    assert visit.why == "F: from 9.1 to 4.0 a month. That is more than chance."


def test_months_are_counted_back_over_the_new_year() -> None:
    assert back("2027-01", 1) == "2026-12"
    assert back("2026-12", -1) == "2027-01"
    assert up_to("2027-01", 3) == ("2026-11", "2026-12", "2027-01")
    assert last_day("2028-02") == date(2028, 2, 29)
    assert says("2027-03") == "March 2027"


@pytest.mark.parametrize("wrong", ["", "2027", "2027-13", "2027-1", "0001-01", "2027-03-01"])
def test_what_is_no_month_is_refused(wrong: str) -> None:
    with pytest.raises(BadRequest):
        first_day(wrong)
