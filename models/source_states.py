"""Where the relationship with a source stands: active, cooling, quiet, lapsed or returned.

Sources: policy.md rule 20 and §2 silence.

- *active*: it sends. Everybody begins here with their first referral.
- *cooling*: by its own rhythm a gap this long is unlikely (models/rhythm.py). Nobody is asked to
  do anything yet.
- *quiet*: 60 days without a valid referral, whoever it is; earlier where its rhythm makes a gap
  this long very unlikely.
- *lapsed*: 120 days.
- *returned*: it has sent again after quiet or lapsed. One patient does not make a relationship, so
  it stays *returned* until another comes on a later day (*active*) or it falls silent again. A
  fixed end after 60 days would never be seen: by then it is either active or quiet.

After a referral of theirs that we declined, the days count from our no: they were asked to send
elsewhere (rule 14). Days on which their physician is on leave do not count. Who has left, and kinds
whose silence means nothing, fall into nothing further.

What was said of earlier silences stays said: today's policy, holidays and leaves judge only the
time since the last referral. A referral told late, taken back, or brought by a merge changes what
it touches and no more. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from models.policy import Policy, Silence
from models.rhythm import SendingDays, gap_below, pace
from models.sources import MONTH, SourceHistory, length, watched


class SourceState(StrEnum):
    """Where a source stands; the order is that of a silence that grows."""

    ACTIVE = "active"
    COOLING = "cooling"
    QUIET = "quiet"
    LAPSED = "lapsed"
    RETURNED = "returned"

    @property
    def silent(self) -> bool:
        """Whether it is "lapsed" in the words of the monthly report (policy.md rule 19)."""
        return self in {SourceState.QUIET, SourceState.LAPSED}


_INSTANT = timedelta(microseconds=1)
_DEPTH = {SourceState.COOLING: 1, SourceState.QUIET: 2, SourceState.LAPSED: 3}


class Change(NamedTuple):
    """From a moment on a source stood so; ``last`` is its latest referral at that moment."""

    state: SourceState
    since: datetime
    last: datetime


class Life(NamedTuple):
    """How a source stood so far, oldest first, and what comes next if nobody comes."""

    changes: tuple[Change, ...] = ()
    next: Change | None = None

    @property
    def now(self) -> Change | None:
        """How it stands; None for who never sent, or whose silence means nothing."""
        return self.changes[-1] if self.changes else None


class News(NamedTuple):
    """What is to be written after all that was written before."""

    life: Life
    write: tuple[Change, ...]
    before: Change | None  # how it stood as far as was known


def life(
    history: SourceHistory,
    days: SendingDays,
    policy: Policy,
    at: datetime,
    begun: Change | None = None,
) -> Life:
    """How the source stood until a moment, from its first referral or from *begun* on.

    *days* must reach from the first referral to ``silence.quiet`` after *at*.
    """
    received = sorted(history.received)
    if not received or not watched(history.kind):
        return Life()
    changes = [begun or Change(SourceState.ACTIVE, received[0], received[0])]
    last = changes[0].last
    for one in received:
        if one <= last:
            continue
        if one >= _soonest(last, policy.silence):
            _fall(changes, _falls(received, last, last, days, policy.silence), until=one)
        if days.day(one) > days.day(last):  # two of one day are one sending
            _hear(changes, one)
        last = one
    falls: list[Change] = []
    if not history.left:
        base = last
        if "our_decline" in policy.silence.pauses_for and history.declined is not None:
            base = max(last, history.declined)
        falls = _falls(received, last, base, days, policy.silence)
    ahead = _fall(changes, falls, until=max(at, last) + _INSTANT)
    return Life(tuple(changes), ahead)


def news(
    told: Sequence[Change],
    history: SourceHistory,
    days: SendingDays,
    policy: Policy,
    at: datetime,
) -> News:
    """What must be written, given everything that was written of this source, in that order.

    Written again at once, there is nothing to write.
    """
    known = as_told(told)
    kept = list(known[: _borne_out(known, history)])
    begun = kept.pop() if kept else None
    found = life(history, days, policy, at, begun)
    wanted = [*kept, *found.changes]
    same = 0
    while same < min(len(known), len(wanted)) and known[same][:2] == wanted[same][:2]:
        same += 1
    write = wanted[same:]
    if not write and len(known) > len(wanted) > 0:
        write = wanted[-1:]  # said once more, it takes back what was said after it
    return News(found, tuple(write), known[-1] if known else None)


def as_told(told: Iterable[Change]) -> tuple[Change, ...]:
    """How it stood, by everything written in the order it was written.

    A line takes back those written before it that begin at its moment or later.
    """
    known: list[Change] = []
    for one in told:
        while known and known[-1].since >= one.since:
            known.pop()
        known.append(one)
    return tuple(known)


def _borne_out(known: Sequence[Change], history: SourceHistory) -> int:
    """How many of these, from the first, still agree with the referrals; not the last silence."""
    received = sorted(history.received)
    if not received or not known or known[0].since != received[0]:
        return 0
    dates = set(received)
    for place, one in enumerate(known):
        if one.since > received[-1]:
            return place
        if one.state in _DEPTH:
            agrees = one.last == max(sent for sent in received if sent <= one.since)
        else:
            agrees = one.since in dates
        if not agrees:
            return place
    return len(known)


def _hear(changes: list[Change], at: datetime) -> None:
    state = changes[-1].state
    if state.silent:
        changes.append(Change(SourceState.RETURNED, at, at))
    elif state is not SourceState.ACTIVE:
        changes.append(Change(SourceState.ACTIVE, at, at))


def _fall(changes: list[Change], falls: Iterable[Change], until: datetime) -> Change | None:
    """Take every step down that comes before a moment; the first one that does not, if any."""
    for one in falls:
        if one.since >= until:
            return one
        if _DEPTH[one.state] > _DEPTH.get(changes[-1].state, 0):
            changes.append(one._replace(since=max(one.since, changes[-1].since)))
    return None


def _soonest(last: datetime, silence: Silence) -> datetime:
    """Before this nothing can be said of the silence after a referral."""
    return last + min(length(silence.cooling_min_gap), length(silence.quiet))


def _falls(
    received: Sequence[datetime],
    last: datetime,
    base: datetime,
    days: SendingDays,
    silence: Silence,
) -> list[Change]:
    """When a silence that began at *base* grows, unless somebody comes; in order."""
    quiet = days.later(base, length(silence.quiet))
    lapsed = days.later(base, length(silence.lapsed))
    since = last - silence.rhythm_months * MONTH
    sent = [one for one in received if one <= last]
    falls = []
    if sum(one > since for one in sent) >= silence.cooling_min_referrals:
        rhythm = pace([days.day(one) for one in sent], days.day(since), days)
        soonest = days.later(base, length(silence.cooling_min_gap))
        first, second = (
            _gone_by(days, days.day(base), gap_below(rhythm, chance))
            for chance in (silence.cooling_chance, silence.quiet_chance)
        )
        if second is not None:
            quiet = min(quiet, max(soonest, second))
        if first is not None and max(soonest, first) < quiet:
            falls.append(Change(SourceState.COOLING, max(soonest, first), last))
    falls.append(Change(SourceState.QUIET, quiet, last))
    falls.append(Change(SourceState.LAPSED, max(lapsed, quiet), last))
    return falls


def _gone_by(days: SendingDays, first: date, gap: int) -> datetime | None:
    day = days.gone_by(first, gap)
    return None if day is None else days.starts(day)
