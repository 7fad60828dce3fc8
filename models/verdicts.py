"""Whether a source grows, holds or fades: two rates compared, with their uncertainty.

**The question.** Did a source send at another rate in the last ``RECENT`` weeks than in the
``BEFORE`` weeks (twelve months) ahead of them? Only whole weeks count, Monday to Sunday.

**The method** (Przyborowski and Wilenski 1940; the exact conditional test of two Poisson means).
Given how many came in all, how many of them fell into the recent weeks is binomial, with a share
that the ratio of the two rates alone decides. The exact (Clopper-Pearson) interval of that share is
an interval of the ratio. Two questions are put to it, each with 5 % of error: has it changed (two
ends of 2.5 %, the interval that is kept), and is it still between half and double (two one-sided
tests of 5 %, Schuirmann 1987, so an interval of 90 %):

- *growing*: all of it lies above 1, and the rate rose by a third or more;
- *fading*: all of it lies below 1, and the rate fell by a quarter or more;
- *holding*: the second interval excludes halving as well as doubling, so that "nothing has changed"
  is a finding and not a lack of figures;
- *too few to say*: everything else, and always with fewer than ``FEWEST`` referrals in all, or
  where the source was known for less than ``SHORTEST`` weeks before the recent ones.

A source first heard of within the twelve months is watched from that referral on, which itself
is not counted.

**Bursts.** Referrals come in clusters (a surgery day, a fax with four sheets), and a test that
takes them for independent finds too much. Where the weekly counts of the twelve months vary more
than chance would have them, by a factor φ > 1, the interval is stretched around the estimate by √φ
on the scale of the logarithm, as in a quasi-Poisson model.

**Limits.** The interval is one of 95 %: a steady source is called growing or fading in about three
weeks of a hundred. Weeks overlap, so that such a finding lasts for some weeks, and over a year of
weekly looks up to two steady sources in five are called so at some time: a verdict is a reason to
look, not a proof. A weekly sender who sends half is found within half a year three times in four,
and one who sends twice a month less than every other time; who stops altogether is told by
models/rhythm.py much sooner. tests/models/test_verdicts.py counts these. A change of season shows
as a change of rate. Sources: judgment; weekly as [W3].
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from math import exp, lgamma, log, log1p, sqrt
from typing import Final, NamedTuple

RECENT: Final = 13  # weeks
BEFORE: Final = 52  # weeks
SHORTEST: Final = 13  # weeks
FEWEST: Final = 8  # referrals
CHANGED: Final = 0.025  # at each end of the interval of 95 %
HELD: Final = 0.05  # at each end of the interval of 90 %
FELL, ROSE = 3 / 4, 4 / 3  # what a change must come to, to be worth a word
HALF, DOUBLE = 0.5, 2.0
_STEPS = 60  # of halving an interval of shares: far below what is shown
_KNOWN = 20_000  # pairs of counts; a few hundred cover nearly every source


class Verdict(StrEnum):
    """How a source does, as far as its figures can tell."""

    GROWING = "growing"
    HOLDING = "holding"
    FADING = "fading"
    TOO_FEW = "too_few_to_say"


class Counts(NamedTuple):
    """What a source sent: ``weeks`` is how long it was watched before the recent weeks."""

    recent: int
    before: int
    weeks: int = BEFORE
    bursts: float = 1.0  # φ, at least 1


class Judged(NamedTuple):
    """The verdict, with the interval of the recent rate over the one before; ``high`` may be inf.

    Without weeks to compare with there is no interval.
    """

    verdict: Verdict
    low: float | None = None
    high: float | None = None


def judge(counts: Counts) -> Judged:
    """How the source does; raises nothing, and divides by nothing that may be zero."""
    if counts.weeks <= 0:
        return Judged(Verdict.TOO_FEW)
    low, high = _interval(counts, CHANGED)
    if counts.recent + counts.before < FEWEST or counts.weeks < SHORTEST:
        return Judged(Verdict.TOO_FEW, low, high)
    change = _change(counts)
    if low > 1 and change >= ROSE:
        return Judged(Verdict.GROWING, low, high)
    if high < 1 and change <= FELL:
        return Judged(Verdict.FADING, low, high)
    least, most = _interval(counts, HELD)
    holds = least > HALF and most < DOUBLE
    return Judged(Verdict.HOLDING if holds else Verdict.TOO_FEW, low, high)


def bursts(weekly: Sequence[int]) -> float:
    """φ of a series of weekly counts: their variance over their mean, at least 1."""
    number, total = len(weekly), sum(weekly)
    if number < SHORTEST or not total:
        return 1.0
    mean = total / number
    return max(1.0, sum((one - mean) ** 2 for one in weekly) / (number - 1) / mean)


@lru_cache(maxsize=_KNOWN)
def ratio(recent: int, before: int, weeks: int, alpha: float = CHANGED) -> tuple[float, float]:
    """The exact interval of the recent rate over the one before, *alpha* at each end.

    From 0 where nothing came lately, up to infinity where nothing came before.
    """
    total = recent + before
    lowest = 1 - _share(total, before, alpha) if recent else 0.0
    highest = _share(total, recent, alpha) if before else 1.0
    scale = weeks / RECENT
    return _odds(lowest) * scale, _odds(highest) * scale


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else float("inf")


def _change(counts: Counts) -> float:
    """The recent rate over the one before; half a referral in each keeps it off 0 and infinity."""
    return (counts.recent + HALF) / RECENT / ((counts.before + HALF) / counts.weeks)


def _interval(counts: Counts, alpha: float) -> tuple[float, float]:
    """The interval of the change, wider for referrals that come in bursts."""
    low, high = ratio(counts.recent, counts.before, counts.weeks, alpha)
    if counts.bursts <= 1:
        return low, high
    estimate, by = _change(counts), sqrt(counts.bursts)
    low = estimate * (low / estimate) ** by if low else 0.0
    return low, estimate * (high / estimate) ** by


def _share(total: int, most: int, alpha: float) -> float:
    """The share of which at most *most* out of *total* has the chance *alpha*."""
    below, above = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (below + above) / 2
        if _tail(total, most, middle) < alpha:
            above = middle
        else:
            below = middle
    return (below + above) / 2


def _tail(total: int, most: int, share: float) -> float:
    """The chance of at most *most* out of *total*: the exact sum, from its largest term down."""
    if share <= 0 or most >= total:
        return 1.0
    if share >= 1:
        return 0.0
    if most > total * share:  # the other tail is the small one
        return 1 - _tail(total, total - most - 1, 1 - share)
    ways = lgamma(total + 1) - lgamma(most + 1) - lgamma(total - most + 1)
    term = exp(ways + most * log(share) + (total - most) * log1p(-share))
    chance, odds = 0.0, (1 - share) / share
    for place in range(most, -1, -1):
        chance += term
        if term < chance * 1e-12:
            break
        term *= place / (total - place + 1) * odds
    return chance
