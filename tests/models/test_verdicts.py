"""Growing, holding, fading, or too few to say: two rates and what they can tell."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.verdicts import (
    BEFORE,
    FEWEST,
    RECENT,
    SHORTEST,
    Counts,
    Verdict,
    bursts,
    judge,
    ratio,
)

few = st.integers(0, 60)
weeks = st.integers(0, BEFORE)
phi = st.floats(1, 12)


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        (Counts(13, 52), Verdict.HOLDING),  # weekly as ever
        (Counts(5, 52), Verdict.FADING),
        (Counts(26, 52), Verdict.GROWING),
        (Counts(8, 52), Verdict.TOO_FEW),  # a third less may be chance
        (Counts(1, 4), Verdict.TOO_FEW),
        (Counts(0, 0), Verdict.TOO_FEW),
        (Counts(0, 7), Verdict.TOO_FEW),
        (Counts(0, 30), Verdict.FADING),
        (Counts(9, 0), Verdict.GROWING),
        (Counts(4, 0), Verdict.TOO_FEW),
        (Counts(1150, 4000), Verdict.HOLDING),  # surely more, and hardly worth a word
        (Counts(600, 4000), Verdict.FADING),
    ],
)
def test_what_the_figures_say(counts: Counts, verdict: Verdict) -> None:
    assert judge(counts).verdict is verdict


def test_nothing_to_compare_with_is_no_figure() -> None:
    assert judge(Counts(12, 0, weeks=0)) == (Verdict.TOO_FEW, None, None)
    assert judge(Counts(12, 2, weeks=SHORTEST - 1)).verdict is Verdict.TOO_FEW
    assert judge(Counts(9, 0)).high == math.inf


@given(few, few, weeks, phi)
def test_no_counts_are_refused_and_small_ones_say_nothing(
    recent: int, before: int, known: int, by: float
) -> None:
    found = judge(Counts(recent, before, known, by))
    if recent + before < FEWEST or known < SHORTEST:
        assert found.verdict is Verdict.TOO_FEW
    if known:
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low < found.high
        if found.verdict is Verdict.FADING:
            assert found.high < 1
        if found.verdict is Verdict.GROWING:
            assert found.low > 1


@given(few, few, st.integers(SHORTEST, BEFORE), phi)
def test_more_of_late_never_looks_worse(recent: int, before: int, known: int, by: float) -> None:
    one, more = (
        judge(Counts(recent, before, known, by)),
        judge(Counts(recent + 1, before, known, by)),
    )
    assert one.low is not None
    assert more.low is not None
    assert more.low >= one.low - 1e-9
    assert not (one.verdict is Verdict.GROWING and more.verdict is Verdict.FADING)


@given(few, few, phi)
def test_bursts_only_widen(recent: int, before: int, by: float) -> None:
    plain, wide = judge(Counts(recent, before)), judge(Counts(recent, before, BEFORE, by))
    assert plain.low is not None
    assert plain.high is not None
    assert wide.low is not None
    assert wide.high is not None
    assert wide.low <= plain.low + 1e-9
    assert wide.high >= plain.high - 1e-9


def _exact(total: int, inside: Callable[[int], bool], share: float) -> float:
    return sum(
        math.comb(total, k) * share**k * (1 - share) ** (total - k)
        for k in range(total + 1)
        if inside(k)
    )


@pytest.mark.parametrize(("recent", "before"), [(3, 20), (13, 52), (1, 9), (25, 30), (0, 14)])
def test_the_interval_is_the_exact_one(recent: int, before: int) -> None:
    """At each end the counts seen, or stranger ones, have 2.5 % of chance, term by term."""
    low, high = ratio(recent, before, BEFORE)

    def share(of: float) -> float:
        return of / (of + BEFORE / RECENT)

    total = recent + before
    assert _exact(total, lambda k: k <= recent, share(high)) == pytest.approx(0.025, rel=1e-6)
    if recent:
        assert _exact(total, lambda k: k >= recent, share(low)) == pytest.approx(0.025, rel=1e-6)
    else:
        assert low == 0


def test_bursts_of_weekly_counts() -> None:
    assert bursts([1] * 52) == 1
    assert bursts([0] * 52) == 1
    assert bursts([4, 0, 0, 0] * 13) > 2.5
    assert bursts([9, 0]) == 1  # two weeks say nothing


def test_how_often_it_is_wrong_and_how_often_it_finds() -> None:
    """The figures of the docs, by chance arrivals that are the same every time."""
    draw = random.Random(11)

    def arrivals(rate: float) -> int:
        at, number = draw.expovariate(rate), 0
        while at < 1:
            at += draw.expovariate(rate)
            number += 1
        return number

    def look(recent: list[int], before: list[int]) -> Verdict:
        return judge(Counts(sum(recent), sum(before), BEFORE, bursts(before))).verdict

    wrong = found = 0
    for _ in range(400):
        before = [arrivals(1) for _ in range(BEFORE)]
        same, half = ([arrivals(rate) for _ in range(RECENT)] for rate in (1, 0.5))
        wrong += look(same, before) in {Verdict.GROWING, Verdict.FADING}
        found += look(half, before) is Verdict.FADING
    assert wrong <= 20  # of 400: at most one in twenty
    assert 100 <= found <= 220  # a quarter after a halving, between a quarter and a half are found
