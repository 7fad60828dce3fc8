"""The one way in for faxes: vendors' callbacks, the watched folder, the mailbox and uploads.

``take`` commits the original before anybody is answered and starts its workflow. What is left over
because the engine was away is picked up by the ``faxes`` chore.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from activities.loop import Loop
from activities.tenants import Tenants
from models import shapes
from models.errors import BadRequest, EngineUnavailable, TooLarge
from models.fax import MAX_FAX_BYTES, FaxArrival, FaxStart, media_of
from models.roles import Role
from models.tasks import TaskKind, task_key
from store import faxes, tasks
from store.engine import Store
from store.tables import FaxRow, TaskState
from telemetry.logs import bound, logger

_LOG = logger(__name__)
LEFT_OVER_AFTER = timedelta(seconds=15)


class FaxIntake:
    """Takes faxes in; safe to share between tasks and threads."""

    def __init__(
        self, store: Store, loop: Loop, tenants: Tenants, clock: Callable[[], datetime]
    ) -> None:
        """``clock`` says when the store learned of a fax."""
        self._store = store
        self._loop = loop
        self._tenants = tenants
        self._clock = clock

    async def take(self, org: str, arrival: FaxArrival) -> FaxRow:
        """The committed row of a fax; the same bytes, or the same arrival again, is the same row.

        Its workflow runs by then, or is started by the chore. Nothing is refused for what the file
        is: a person is asked. Raises NotFound ``unknown_organization``, TooLarge over 50 MiB,
        StoreUnavailable.
        """
        row = await asyncio.to_thread(self._keep, org, arrival)
        if row.begun_at is None:
            await self.begin(row)
        return row

    async def begin(self, row: FaxRow) -> bool:
        """Start the workflow of a fax, which a second call does not; False: the engine is away."""
        start = FaxStart(org=row.org, fax_id=row.id, clinic_id=row.clinic_id)
        try:
            await self._loop.fax_came(start, row.sha256)
        except EngineUnavailable as error:
            _LOG.warning("fax_put_off", row_id=row.id, exc_info=error)
            return False
        await asyncio.to_thread(self._begun, row)
        return True

    async def begin_left(
        self, now: datetime, older_than: timedelta = LEFT_OVER_AFTER, limit: int = 100
    ) -> int:
        """Start what was left over; how many faxes were looked at. For the ``faxes`` chore."""
        left = await asyncio.to_thread(self._left, now - older_than, limit)
        for row in left:
            with bound(row_id=row.id):
                await self.begin(row)
        return len(left)

    async def ask_for(self, org: str, name: str, says: str, now: datetime) -> None:
        """A fax that we do not have is the front desk's to find; asked once for each ``name``."""
        await asyncio.to_thread(self._ask_for, org, name, says, now)

    async def came_after_all(self, org: str, name: str, now: datetime) -> None:
        """What ``ask_for`` asked is on record by now; harmless where nobody was asked."""
        await asyncio.to_thread(self._came_after_all, org, name, now)

    # --- inside ---------------------------------------------------------------------------------

    def _ask_for(self, org: str, name: str, says: str, now: datetime) -> None:
        soon = self._tenants.get(org).policy.capture.confirm_due
        with self._store.write() as session:
            tasks.open_for_org(
                session,
                org,
                TaskKind.UNREADABLE_EVENT,
                _occasion(name),
                due=self._tenants.calendar(org, now).after(now, soon),
                at=now,
                role=Role.FRONT_DESK,
                says=says,
            )

    def _came_after_all(self, org: str, name: str, now: datetime) -> None:
        key = task_key(TaskKind.UNREADABLE_EVENT, _occasion(name))
        with self._store.write() as session:
            task = tasks.find(session, org, tasks.ORG, key)
            if task is not None and task.state == TaskState.OPEN:
                tasks.overtake(session, org, task.id, now)

    def _keep(self, org: str, arrival: FaxArrival) -> FaxRow:
        organization = self._tenants.get(org).organization
        if len(arrival.content) > MAX_FAX_BYTES:
            raise TooLarge(f"The fax is larger than {MAX_FAX_BYTES // 1024 // 1024} MiB.")
        called = number_told(arrival.to_number, organization.country)
        clinics = [one.id for one in organization.clinics if called and one.fax == called]
        with self._store.write() as session:
            row, fresh = faxes.accept(
                session,
                org=org,
                clinic_id=clinics[0] if clinics else None,
                content=arrival.content,
                media=media_of(arrival.content),
                vendor=arrival.vendor,
                vendor_id=arrival.vendor_id,
                from_number=number_told(arrival.from_number, organization.country),
                to_number=called,
                received_at=arrival.received_at,
                recorded_at=self._clock(),
            )
        _LOG.info("fax_taken", row_id=row.id, kind="new" if fresh else "again")
        return row

    def _begun(self, row: FaxRow) -> None:
        with self._store.write() as session:
            faxes.begun(session, row.org, row.id, self._clock())

    def _left(self, before: datetime, limit: int) -> list[FaxRow]:
        with self._store.read() as session:
            left = faxes.not_begun(session, before, limit)
            return [row for row in left if row.org in self._tenants]


def at_vendor(fax_id: str) -> str:
    """What is asked about a fax that the vendor has, and we could not fetch."""
    return (
        "A fax came in and could not be fetched. Look it up at the fax vendor "
        f"(fax id {fax_id[:60]}) and upload it"
    )


def _occasion(name: str) -> str:
    return f"fax-{name[:60]}"


def number_told(told: str | None, country: str) -> str | None:
    """A number as told, in E.164; one that is withheld or cannot be is nobody's."""
    try:
        return shapes.phone(told, country) if told else None
    except BadRequest:
        return None
