"""What a person should know before they call: figures of the source, in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.book import TouchKind
from models.people import SourceKind
from models.policy import Policy
from models.re_engagement import _HOW, Facts, Worked, facts, says
from models.source_states import Change, SourceState
from models.sources import SourceHistory

START = datetime(2026, 1, 5, 15, tzinfo=UTC)
DAY = timedelta(days=1)
ACTIVE, COOLING, QUIET, LAPSED, RETURNED = SourceState


def told(
    state: SourceState,
    sent: list[int],
    at: int,
    *,
    seen: tuple[int, ...] = (),
    worked: Worked | None = None,
    declined: int | None = None,
) -> str:
    history = SourceHistory(
        kind=SourceKind.PROVIDER,
        received=tuple(START + day * DAY for day in sent),
        declined=None if declined is None else START + declined * DAY,
    )
    change = Change(state, START + at * DAY, START)
    return says(state, facts(history, change, Policy(), START + at * DAY, seen, worked))


MONTHLY = [round(365 * n / 50) for n in range(51)]  # fifty a year, and the first


@pytest.mark.parametrize(
    ("state", "sent", "at", "sentence"),
    [
        (
            QUIET,
            MONTHLY,
            365 + 38,
            "Quiet: 4.2 a month last year, last one 38 days ago, "
            "their patients were seen in 2 days",
        ),
        (LAPSED, [0], 120, "Lapsed: one patient so far, 120 days ago"),
        (COOLING, [0, 7, 14, 21], 51, "Slower than their own rhythm: 4 in 3 weeks, last one 30"),
        (QUIET, [0, 360], 420, "Quiet: 2 in the last year they sent, last one 60 days ago"),
        (RETURNED, [0, 90], 90, "Back after 90 days: one patient before; nobody had called"),
    ],
)
def test_as_one_would_say_it(state: SourceState, sent: list[int], at: int, sentence: str) -> None:
    seen = (1, 2, 2, 9) if len(sent) > 9 else (2, 2)
    assert told(state, sent, at, seen=seen).startswith(sentence)


def test_no_figure_stands_for_one_or_two_patients() -> None:
    assert "seen" not in told(QUIET, [0, 1, 2], 62, seen=(3, 3))
    assert "seen in 3 days" in told(QUIET, [0, 1, 2], 62, seen=(3, 3, 3))


def test_our_own_no_is_said() -> None:
    assert told(QUIET, [0, 1], 65, declined=3).endswith("we declined the last one")
    assert "declined" not in told(QUIET, [0, 10], 75, declined=3)


def test_who_comes_back_is_told_with_what_was_done() -> None:
    back = told(RETURNED, [0, 10, 90], 90, worked=Worked(by="lia", days=1))
    assert back == "Back after 80 days: 2 in 1 week; 1 day after a call or note by lia"


def test_how_it_was_done_is_said_where_it_was_logged() -> None:
    visit = Worked(how=TouchKind.VISIT, by="lia", who="Lia Example", days=12)
    assert told(RETURNED, [0, 90], 90, worked=visit).endswith(
        "12 days after a visit by Lia Example"
    )
    assert set(_HOW) == set(TouchKind)


def test_nothing_is_divided_by_nothing() -> None:
    assert Facts().a_month == 0
    assert told(QUIET, [], 60).startswith("Quiet")
