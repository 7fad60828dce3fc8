"""How soon silence is seen, and how often wrongly: ``python -m benchmarks.silence``.

Sources with a known pace send for two years. Half of them stop for good on a known day of the
second year, half go on. Each is judged by the code that judges real ones, and by the fixed rules
that other products have (60 and 90 days). The table stands in
docs/frontdesk/silence-and-verdicts.md.

A rhythm *breaks*, by the truth that the code does not know, on the day on which a gap grows longer
than 95 of 100 of that source's gaps; that is never sooner than 14 days after the last referral.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

from models.people import SourceKind
from models.policy import Policy
from models.policy_file import calendar_for, load
from models.rhythm import SendingDays
from models.source_states import Change, SourceState, life
from models.sources import SourceHistory

START = datetime(2025, 1, 6, 15, tzinfo=UTC)
DAYS = 730
EACH = 200  # sources of each pace that stop, and as many that go on
POLICY = Policy()
CLINICS = Path(__file__).parent.parent / "clinics" / "example.toml"
FIXED = (60, 90)


class Pace(NamedTuple):
    """How somebody sends: the mean gap in open days, and how uneven gaps are (1: by chance)."""

    name: str
    mean: float
    shape: float

    def gap(self, dice: random.Random) -> float:
        return dice.gammavariate(self.shape, self.mean / self.shape)

    def long(self) -> float:
        """The gap that 95 of 100 stay below."""
        dice = random.Random(0)
        return sorted(self.gap(dice) for _ in range(20_000))[19_000]


PACES = (
    Pace("twice a week", 2.5, 1),
    Pace("weekly", 5, 1),
    Pace("weekly, in bursts", 5, 0.5),
    Pace("weekly, evenly", 5, 4),
    Pace("twice a month", 10.5, 1),
    Pace("monthly", 21, 1),
)


class Told(NamedTuple):
    """What one rule said: days from the last referral to the alarm, and alarms while it sent."""

    name: str
    after: list[int]
    late: list[int]  # days after the rhythm broke
    wrong: int = 0
    years: float = 0.0


def sendings(pace: Pace, opens: Sequence[date], dice: random.Random) -> list[date]:
    """The days of two years on which a source sends."""
    place, sent = dice.random() * pace.mean, []
    while place < len(opens):
        sent.append(opens[int(place)])
        place += pace.gap(dice)
    return sorted(set(sent))


def alarms(sent: Sequence[date], days: SendingDays, until: date) -> list[Change]:
    """Everything the code says of a source."""
    received = tuple(datetime(one.year, one.month, one.day, 15, tzinfo=UTC) for one in sent)
    history = SourceHistory(kind=SourceKind.PROVIDER, received=received)
    at = datetime(until.year, until.month, until.day, tzinfo=UTC)
    return list(life(history, days, POLICY, at).changes)


def by_rule(
    sent: Sequence[date], days: SendingDays, until: date
) -> Iterator[tuple[str, date, date]]:
    """Each rule's alarms: its name, the last referral before it, and its day."""
    for one in alarms(sent, days, until):
        if one.state in {SourceState.COOLING, SourceState.QUIET}:
            yield one.state, one.last.date(), one.since.date()
    for fixed in FIXED:
        for last, following in zip(sent, [*sent[1:], until], strict=True):
            if (following - last).days > fixed:
                yield f"{fixed} days", last, last + timedelta(days=fixed)


def judge(pace: Pace, days: SendingDays, opens: Sequence[date]) -> dict[str, Told]:
    """All rules on all sources of one pace."""
    dice = random.Random(pace.name)
    rules = (SourceState.COOLING, SourceState.QUIET, *(f"{fixed} days" for fixed in FIXED))
    found = {str(name): Told(str(name), [], []) for name in rules}
    first, last_day = START.date(), START.date() + timedelta(days=DAYS)
    usual = round(pace.long())
    for number in range(2 * EACH):
        stops = number % 2 == 0
        sent = sendings(pace, opens, dice)
        if stops:
            stop = first + timedelta(days=dice.randrange(400, 600))
            sent = [one for one in sent if one < stop]
        until = sent[-1] + timedelta(days=125) if stops else last_day
        told = list(by_rule(sent, days, until))
        broke = days.gone_by(sent[-1], usual)
        assert broke is not None
        broke = max(broke, sent[-1] + timedelta(days=14))
        known = (sent[-1] - first).days - 365
        for name, one in found.items():
            mine = [(last, on) for which, last, on in told if which == name]
            if name == SourceState.COOLING:  # who is quiet at once has been told of as well
                mine += [(last, on) for which, last, on in told if which == SourceState.QUIET]
            if stops:
                on = min(on for last, on in mine if last == sent[-1])
                one.after.append((on - sent[-1]).days)
                one.late.append((on - broke).days)
            wrong = {last for last, _ in mine if last != sent[-1] and (last - first).days >= 365}
            found[name] = one._replace(wrong=one.wrong + len(wrong), years=one.years + known / 365)
    return found


def table(say: Callable[[str], None]) -> None:
    """One line for each pace and rule."""
    policy = load(CLINICS)
    names = [one.id for one in policy.organization.clinics]
    calendars = [calendar_for(policy.organization, one, range(2024, 2029)) for one in names]
    first = START.date()
    days = SendingDays(calendars, first - timedelta(days=30), first + timedelta(days=DAYS + 300))
    every = (first + timedelta(days=number) for number in range(DAYS))
    opens = [day for day in every if days.between(day - timedelta(days=1), day)]
    say("| who sends | rule | seen after (median, 9 of 10) | within 7 days of the break | alarms")
    for pace in PACES:
        for name, told in judge(pace, days, opens).items():
            after = sorted(told.after)
            soon = sum(late <= 7 for late in told.late) / len(told.late)
            say(
                f"| {pace.name} | {name} | {median(after):.0f} d, {after[len(after) * 9 // 10]} d "
                f"| {soon:.0%} | {told.wrong / told.years:.2f} |"
            )


if __name__ == "__main__":
    table(lambda line: print(line, file=sys.stdout))
