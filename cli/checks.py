"""What ``doctor`` looks at once Temporal or the database answers; each a look and a judgment.

The dictionaries at the end say which need what. Nothing is changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from sqlmodel import Session
from temporalio.client import Client

from activities.loop import Loop
from activities.resume import Resume
from activities.tenants import Tenants
from cli.reach import Check, Patient
from cli.workplace import wall_clock
from engine import examine as engine
from engine.release import polling, release
from engine.running import running
from models import health
from models.feeds import FEEDS, feed_silent_since
from models.findings import EXAMPLES, Finding, found
from models.ids import referral_of
from settings import TASK_QUEUE
from store import examine as record
from store.engine import Store
from store.feeds import last_heard
from store.record import Record

# --- then: Temporal -------------------------------------------------------------------------------


async def search_attributes(p: Patient) -> list[Finding]:
    """Whether workflows can start and be searched for."""
    told = await engine.attributes(_client(p))
    return [
        found(code, names=", ".join(names))
        for code, names in (
            ("missing_attributes", told.missing),
            ("wrong_attributes", told.other_type),
        )
        if names
    ]


async def workers(p: Patient) -> list[Finding]:
    """The server's clock, and by it whether anybody works."""
    ahead = await engine.clock_ahead(_client(p))
    seen = await engine.last_polls(_client(p), TASK_QUEUE)
    return [
        *health.clock("The Temporal server's clock", ahead),
        *health.pollers(TASK_QUEUE, seen, wall_clock() + ahead),
        *health.releases(await polling(_client(p), TASK_QUEUE), release()),
    ]


async def schedules(p: Patient) -> list[Finding]:
    """The Schedules of the chores."""
    return health.schedules(await engine.chores(_client(p)), wall_clock())


async def failing(p: Patient) -> list[Finding]:
    """Workflows that cannot take their next step."""
    count, ids = await engine.failing(_client(p), EXAMPLES)
    return [found("failing_workflows", *ids, count=count)] if count else []


async def payloads(p: Patient) -> list[Finding]:
    """Whether our keys open what runs."""
    client = _client(p)
    looked, closed = await engine.unreadable(client, p.settings.keyring, await running(client))
    return health.keys(closed, looked)


# --- then: the record -----------------------------------------------------------------------------


async def waits(p: Patient) -> list[Finding]:
    """Silent feeds, events left over, deliveries, dead numbers, late tasks, clocks."""
    return await asyncio.to_thread(_waits, p)


def _waits(p: Patient) -> list[Finding]:
    store, orgs, now = _store(p), p.orgs, wall_clock()
    with store.read() as session:
        return [
            *_feeds(session, p),
            *health.leftovers(record.leftovers(session, orgs, now), now),
            *health.stuck(record.stuck(session, orgs, now), now),
            *health.dead(record.dead_numbers(session, orgs)),
            *health.overdue(record.overdue(session, orgs, now), now),
            *health.written_ahead(record.latest_written(session), now),
        ]


def _feeds(session: Session, p: Patient) -> list[Finding]:
    findings = []
    now = wall_clock()
    for org in p.orgs:
        tenant = _tenants(p).get(org)
        zone = ZoneInfo(tenant.organization.clinics[0].zone)
        for origin in FEEDS:
            heard = last_heard(session, org, origin)
            calendar = _tenants(p).calendar(org, heard or now)
            if heard and feed_silent_since(heard, tenant.policy, now, calendar):
                said = f"{heard.astimezone(zone):%a %d %b %H:%M}"
                limit = str(tenant.policy.feed.silent)
                findings.append(found("feed_silent", org=org, heard=said, limit=limit))
    return findings


async def database_clock(p: Patient) -> list[Finding]:
    """The clock of a database server."""
    ahead = await asyncio.to_thread(record.clock_ahead, _store(p))
    return health.clock("The database server's clock", ahead)


# --- then: both -----------------------------------------------------------------------------------


async def lives(p: Patient) -> list[Finding]:
    """What should run and does not, and what runs that the record does not know."""
    now = wall_clock()
    runs = await running(_client(p))
    again = Resume(Record(_store(p)), _tenants(p), Loop())
    lost = await asyncio.to_thread(again.missing, now, runs)
    fresh = {one.source_id for one in lost.open if now - one.recorded_at < health.JUST_COME}
    findings = health.lost(
        [one.referral_id for one in lost.open if now - one.recorded_at >= health.JUST_COME],
        [one.source_id for one in lost.sources if one.source_id not in fresh],
    )
    known = await asyncio.to_thread(_known, _store(p))
    strange = [
        one for one in sorted(runs) if one.startswith("referral/") and referral_of(one) not in known
    ]
    if strange:
        findings.append(found("unknown_runs", *strange, count=len(strange)))
    return findings


def _known(store: Store) -> set[tuple[str, str]]:
    with store.read() as session:
        return record.known_referrals(session)


def _client(p: Patient) -> Client:
    assert p.client is not None
    return p.client


def _store(p: Patient) -> Store:
    assert p.store is not None
    return p.store


def _tenants(p: Patient) -> Tenants:
    assert p.tenants is not None
    return p.tenants


NEED_TEMPORAL: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "search attributes": search_attributes,
        "workers": workers,
        "Schedules": schedules,
        "failing workflows": failing,
        "keys": payloads,
    }
)
NEED_RECORD: Final[Mapping[str, Check]] = MappingProxyType(
    {"feeds, inbox, deliveries and tasks": waits, "database clock": database_clock}
)
NEED_BOTH: Final[Mapping[str, Check]] = MappingProxyType({"what should run": lives})
