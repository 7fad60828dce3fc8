"""What an observation means: pure judgments behind ``starter.py doctor``.

Limits without a source are judgment. Every function answers no finding while all is well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from models.findings import Finding, found

CLOCK_WRONG: Final = timedelta(minutes=5)  # a signed event's timestamp may be off by no more
CLOCK_OFF: Final = timedelta(seconds=30)
DISK_FULL: Final = 256 * 1024**2
DISK_LOW: Final = 2 * 1024**3
POLL_SEEN: Final = timedelta(seconds=90)  # a long poll lasts up to a minute
CHORE_LONGEST: Final = timedelta(minutes=15)
JUST_COME: Final = timedelta(minutes=2)  # a referral this young may be on its way to the engine

_MEANS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "inbox": "events left over are not applied",
        "vendors": "texts and faxes that came while our address was away are not looked for",
        "receipts": "nobody asks whether messages arrived",
        "crm": "the CRM hears nothing",
        "verdicts": "nobody is told which sources grow or fade",
        "purge": "nothing is deleted after its retention",
    }
)


# --- clocks and disks ---------------------------------------------------------------------------


def clock(whose: str, ahead: timedelta) -> list[Finding]:
    """How far another clock is ahead of ours (negative: behind)."""
    by = abs(ahead)
    if by <= CLOCK_OFF:
        return []
    code = "clock_wrong" if by > CLOCK_WRONG else "clock_off"
    way = "ahead of" if ahead > timedelta(0) else "behind"
    return [found(code, whose=whose, by=length(by), way=way)]


def written_ahead(latest: datetime | None, now: datetime) -> list[Finding]:
    """Rows from the future: the clock of some process is ahead, wherever it runs."""
    ahead = latest - now if latest is not None else timedelta(0)
    return clock("The clock of a process that writes to the database", max(ahead, timedelta(0)))


def disk(where: str, free: int) -> list[Finding]:
    """Bytes left on the disk of a folder."""
    if free >= DISK_LOW:
        return []
    said = f"{free / 1024**2:.0f} MiB"
    return [found("disk_full" if free < DISK_FULL else "disk_low", where=where, free=said)]


# --- Temporal -----------------------------------------------------------------------------------


def pollers(queue: str, last_seen: Mapping[str, datetime | None], now: datetime) -> list[Finding]:
    """When a worker last asked for each kind of work; *now* by the server's own clock."""
    return [
        found("no_worker", queue=queue, what=what)
        for what, seen in last_seen.items()
        if seen is None or now - seen > POLL_SEEN
    ]


def releases(theirs: Iterable[str], ours: str) -> list[Finding]:
    """The releases whose workers poll, against this command's own."""
    there = sorted(theirs)
    if len(there) > 1:
        return [found("two_releases", releases=", ".join(there))]
    if there and there[0] != ours:
        return [found("other_release", theirs=there[0], ours=ours)]
    return []


class Schedule(NamedTuple):
    """One Schedule as the engine describes it; ``running_since`` of a run that has not ended."""

    paused: bool = False
    running_since: datetime | None = None


def schedules(there: Mapping[str, Schedule | None], now: datetime) -> list[Finding]:
    """The Schedules of the chores by chore; None where one is missing."""
    findings = []
    for chore, one in there.items():
        means, schedule = _MEANS.get(chore, "its work is not done"), f"chore-{chore}"
        if one is None:
            findings.append(found("schedule_missing", schedule=schedule, means=means))
        elif one.paused:
            findings.append(found("schedule_paused", schedule=schedule, means=means))
        elif one.running_since is not None and now - one.running_since > CHORE_LONGEST:
            ago = length(now - one.running_since)
            findings.append(found("chore_stuck", chore=chore, ago=ago, means=means))
    return findings


class Unreadable(NamedTuple):
    """A workflow whose input our keys do not open; ``code`` as the codec says it."""

    workflow_id: str
    code: str
    key: str


def keys(unreadable: Iterable[Unreadable], looked: int) -> list[Finding]:
    """Workflows that cannot be decoded, by key."""
    by_key: dict[tuple[str, str], list[str]] = {}
    for one in unreadable:
        by_key.setdefault((one.code, one.key), []).append(one.workflow_id)
    return [
        found(
            "unknown_key" if code == "unknown_key" else "wrong_key",
            *ids,
            count=len(ids),
            looked=looked,
            key=key,
        )
        for (code, key), ids in sorted(by_key.items())
    ]


def lost(referrals: Iterable[str], sources: Iterable[str]) -> list[Finding]:
    """Open referrals and watched sources, by id, that no workflow runs for."""
    unheld, unwatched = list(referrals), list(sources)
    if not unheld and not unwatched:
        return []
    counts = {"referrals": len(unheld), "sources": len(unwatched)}
    return [found("not_running", *unheld, *unwatched, **counts)]


# --- what waits ---------------------------------------------------------------------------------


class Late(NamedTuple):
    """Tasks of one organization past their time, by who has to do them."""

    org: str
    owner: str
    number: int
    oldest: datetime


def overdue(late: Iterable[Late], now: datetime) -> list[Finding]:
    """One finding for each owner, the longest late first."""
    return [
        found(
            "overdue_tasks",
            org=one.org,
            count=one.number,
            owner=one.owner.replace("_", " "),
            ago=length(now - one.oldest),
        )
        for one in sorted(late, key=lambda one: one.oldest)
    ]


class Leftover(NamedTuple):
    """Events of one organization that are kept and not applied; ``reasons`` are codes."""

    org: str
    number: int
    oldest: datetime
    reasons: tuple[str, ...] = ()


def leftovers(left: Iterable[Leftover], now: datetime) -> list[Finding]:
    """Events that should have been applied long ago."""
    return [
        found(
            "inbox_leftover",
            org=one.org,
            count=one.number,
            ago=length(now - one.oldest),
            why=f" ({', '.join(one.reasons)})" if one.reasons else "",
        )
        for one in left
    ]


class Stuck(NamedTuple):
    """Something on its way out that has not moved; ``what`` is a phrase of the finding."""

    what: str
    channel: str
    ids: tuple[str, ...]
    oldest: datetime


def stuck(deliveries: Iterable[Stuck], now: datetime) -> list[Finding]:
    """Deliveries that nobody is turning the crank for."""
    return [
        found(
            "stuck_deliveries",
            *one.ids,
            count=len(one.ids),
            what=one.what,
            channel=one.channel,
            ago=length(now - one.oldest),
        )
        for one in deliveries
    ]


def dead(numbers: Counter[tuple[str, str]]) -> list[Finding]:
    """Addresses that take nothing any more, counted by organization and whose they are."""
    return [
        found("dead_numbers", org=org, whose=whose, count=count)
        for (org, whose), count in sorted(numbers.items())
    ]


# --- words --------------------------------------------------------------------------------------


def length(span: timedelta) -> str:
    """A length of time as a person says it."""
    seconds = round(span.total_seconds())
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} seconds"
