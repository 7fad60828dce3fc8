"""Whether an organization's EMR still talks to us, and who must know when it does not (rule 9).

While a feed is silent nothing is inferred from what it does not tell, and one task asks an
administrator. Whoever completes that task says that nothing is missing: then it is inferred again,
although the feed is quiet, until it has spoken and fallen silent once more.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from activities.tenants import Tenants
from models.feeds import FEEDS, feed_silent_since
from models.tasks import TaskKind, task_key
from store import feeds, tasks
from store.engine import Store
from store.tables import TaskState


class Silence(NamedTuple):
    """A feed that has told nothing for too long; ``occasion`` is that of its task."""

    origin: str
    since: datetime
    occasion: str


class Listening:
    """Judges the feeds of the organizations; safe to share between threads."""

    def __init__(self, store: Store, tenants: Tenants) -> None:
        self._store = store
        self._tenants = tenants

    def silent(
        self, session: Session, org: str, now: datetime, clinic_id: str | None = None
    ) -> list[Silence]:
        """The feeds that are silent at a moment, in the hours of a clinic, or of the first one."""
        policy = self._tenants.get(org).policy
        calendar = self._tenants.calendar(org, now, clinic_id)
        found = []
        for origin in FEEDS:
            heard = feeds.last_heard(session, org, origin, now=now)
            since = feed_silent_since(heard, policy, now, calendar)
            if heard is not None and since is not None:
                found.append(Silence(origin, since, f"{origin}-{heard:%Y%m%dT%H%M%S}"))
        return found

    def put_off_until(
        self, session: Session, org: str, clinic_id: str, now: datetime
    ) -> datetime | None:
        """Until when nothing may be inferred at a clinic; None while its feeds can be trusted."""
        for silence in self.silent(session, org, now, clinic_id):
            key = task_key(TaskKind.FEED_SILENT, silence.occasion)
            task = tasks.find(session, org, tasks.ORG, key)
            if task is None or task.state != TaskState.DONE:
                span = self._tenants.get(org).policy.feed.silent
                return self._tenants.calendar(org, now, clinic_id).after(now, span)
        return None

    def watch(self, now: datetime) -> tuple[int, int]:
        """Open a task for each silent feed, close those of feeds that are back; how many of each.

        Twice changes nothing. Raises StoreUnavailable.
        """
        opened = closed = 0
        for org in self._tenants:
            with self._store.write() as session:
                silent = {one.occasion: one for one in self.silent(session, org, now)}
                standing = tasks.open_tasks(session, org, kind=TaskKind.FEED_SILENT)
                for task in standing:
                    if task.key.partition(":")[2] not in silent:
                        tasks.overtake(session, org, task.id, now)
                        closed += 1
                known = {task.key.partition(":")[2] for task in standing}
                for occasion, silence in silent.items():
                    if occasion not in known:
                        opened += self._ask(session, org, silence, now)
        return opened, closed

    def _ask(self, session: Session, org: str, silence: Silence, now: datetime) -> bool:
        calendar = self._tenants.calendar(org, now)
        key = task_key(TaskKind.FEED_SILENT, silence.occasion)
        fresh = tasks.find(session, org, tasks.ORG, key) is None
        tasks.open_for_org(
            session,
            org,
            TaskKind.FEED_SILENT,
            silence.occasion,
            due=calendar.after(now, self._tenants.get(org).policy.task.lease_urgent),
            at=now,
            says=f"The EMR's feed ({silence.origin}) has told nothing for "
            f"{self._tenants.get(org).policy.feed.silent}: nothing is inferred from it meanwhile. "
            "Have it mended, or complete this when nothing is missing; where that is usual, set "
            "feed.silent higher",
        )
        return fresh
