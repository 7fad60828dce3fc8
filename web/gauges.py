"""How the whole record stands, told by the web process when it is asked for its metrics.

Computed from the store by a few small queries and kept for a moment, so that being asked often
costs nothing. Several web processes tell the same: take the ``max``, never the ``sum``.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import TimeoutError as TooSlow
from datetime import datetime
from typing import Final, NamedTuple

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from activities.intake import Intake
from models.errors import StoreUnavailable
from models.feeds import FEEDS, feed_silent_since
from store import feeds
from store.engine import Store
from store.gauges import Counts, Standing, standing
from telemetry.logs import logger

_LOG = logger(__name__)
KEPT: Final = 15.0  # seconds that one look is good for
PATIENCE: Final = 3.0  # seconds for the engine to answer
PREFIX: Final = "referral_loop_"


class Told(NamedTuple):
    """One gauge: what it says, and its labels."""

    says: str
    labels: tuple[str, ...]


# The fields of store.gauges.Standing, by name.
OF_THE_RECORD: Final[Mapping[str, Told]] = {
    "referrals": Told("Open referrals", ("org", "stage")),
    "referrals_overdue": Told(
        "Open referrals whose next action is past its time, by its owner", ("org", "owner")
    ),
    "tasks_open": Told("Tasks on the board", ("org", "role")),
    "tasks_overdue": Told("Tasks on the board past their due time", ("org", "role")),
    "messages_late": Told("Messages due to leave 15 minutes ago and still here", ("org", "kind")),
    "deliveries": Told(
        "Deliveries on their way, and those of the last 7 days", ("org", "channel", "state")
    ),
    "oldest_delivery": Told(
        "Age of the oldest delivery that is queued or half handed over", ("org", "channel")
    ),
    "receipts_overdue": Told(
        "Deliveries without a receipt an hour after it was due", ("org", "channel")
    ),
    "duplicate_sends": Told("Deliveries a vendor accepted more than once", ("org",)),
    "inbox": Told("Events received and not yet applied, or waiting", ("org", "state")),
    "oldest_event": Told("Age of the oldest event not yet applied", ("org",)),
    "sources_quiet": Told("Sources that have gone quiet", ("org",)),
    "numbers_dead": Told("Fax numbers marked dead", ("org",)),
}
# Names by the conventions of Prometheus, where a unit belongs at the end.
NAMES: Final[Mapping[str, str]] = {
    "oldest_delivery": "delivery_oldest_seconds",
    "oldest_event": "inbox_oldest_seconds",
}
OF_THE_PARTS: Final[Mapping[str, Told]] = {
    "store_up": Told("1 while the database answers; without it there are no other gauges", ()),
    "engine_up": Told("1 while Temporal answers this process", ()),
    "worker_seen": Told("1 while some worker asks Temporal for work", ()),
    "feed_silent": Told(
        "1 once a feed has told nothing for feed.silent of open hours", ("org", "origin")
    ),
    "feed_last_heard_timestamp_seconds": Told(
        "When a feed last told something readable", ("org", "origin")
    ),
}


class Gauges(Collector):
    """Asked from the metrics' own threads; one look at a time."""

    def __init__(
        self,
        store: Store,
        intake: Intake,
        clock: Callable[[], datetime],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """``loop`` is where the engine is asked for its health."""
        self._store = store
        self._intake = intake
        self._clock = clock
        self._loop = loop
        self._turn = threading.Lock()
        self._kept: tuple[float, list[GaugeMetricFamily]] | None = None

    def collect(self) -> Sequence[GaugeMetricFamily]:
        """The gauges, at most ``KEPT`` seconds old; only ``store_up 0`` while it is away."""
        with self._turn:
            now = time.monotonic()
            if self._kept is None or now - self._kept[0] > KEPT:
                self._kept = (now, [*self._parts(), *self._record()])
            return self._kept[1]

    def _parts(self) -> Iterator[GaugeMetricFamily]:
        asked = asyncio.run_coroutine_threadsafe(self._intake.loop.health(), self._loop)
        try:
            engine = asked.result(PATIENCE)
            reachable, seen = engine.reachable, engine.worker_seen
        except (TooSlow, RuntimeError):
            reachable = seen = False
        yield _part("engine_up", {(): float(reachable)})
        yield _part("worker_seen", {(): float(seen)})

    def _record(self) -> list[GaugeMetricFamily]:
        now = self._clock()
        try:
            with self._store.read() as session:
                found = standing(session, now)
                heard = {
                    (org, origin): feeds.last_heard(session, org, origin, now=now)
                    for org in self._intake.tenants
                    for origin in FEEDS
                }
        except StoreUnavailable as error:
            _LOG.warning("gauges_missing", exc_info=error)
            return [_part("store_up", {(): 0.0})]
        known: dict[tuple[str, ...], datetime] = {
            key: at for key, at in heard.items() if at is not None
        }
        silent: Counts = {key: float(self._silent(key[0], at, now)) for key, at in known.items()}
        return [
            _part("store_up", {(): 1.0}),
            _part("feed_silent", silent),
            _part(
                "feed_last_heard_timestamp_seconds",
                {key: at.timestamp() for key, at in known.items()},
            ),
            *_standing(found),
        ]

    def _silent(self, org: str, at: datetime, now: datetime) -> bool:
        tenants = self._intake.tenants
        policy, calendar = tenants.get(org).policy, tenants.calendar(org, at)
        return feed_silent_since(at, policy, now, calendar) is not None


def every() -> dict[str, Told]:
    """Every gauge by its name without the prefix; for the documentation and its test."""
    ours = {NAMES.get(field, field): told for field, told in OF_THE_RECORD.items()}
    return {**ours, **OF_THE_PARTS}


def _standing(found: Standing) -> list[GaugeMetricFamily]:
    return [
        _gauge(NAMES.get(field, field), OF_THE_RECORD[field], counts)
        for field, counts in found._asdict().items()
    ]


def _part(name: str, counts: Counts) -> GaugeMetricFamily:
    return _gauge(name, OF_THE_PARTS[name], counts)


def _gauge(name: str, told: Told, counts: Counts) -> GaugeMetricFamily:
    family = GaugeMetricFamily(PREFIX + name, told.says, labels=told.labels)
    for labels, value in counts.items():
        family.add_metric(labels, value)
    return family
