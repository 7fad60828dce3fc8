"""The Schedules of the chores, on a real server and on one that is not ready."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import time
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import Client, ScheduleAlreadyRunningError
from temporalio.service import RPCError, RPCStatusCode

from engine.schedules import CHORES, ReportClock, ensure_reports, ensure_schedules
from models.errors import EngineUnavailable

QUEUE = "nobody-polls-this"


@pytest.mark.engine
async def test_ensured_twice_there_is_one_of_each_and_a_pause_stays(client: Client) -> None:
    try:
        await ensure_schedules(client, QUEUE)
        await client.get_schedule_handle("chore-crm").pause(note="by a test")
        await ensure_schedules(client, QUEUE)
        for chore, every in CHORES.items():
            described = await client.get_schedule_handle(f"chore-{chore}").describe()
            assert [one.every for one in described.schedule.spec.intervals] == [every]
            assert described.schedule.state.paused is (chore == "crm")
    finally:
        for chore in CHORES:
            await client.get_schedule_handle(f"chore-{chore}").delete()


class _Back:
    """A server that knows its Schedules and cannot take them yet, as right after a crash."""

    async def create_schedule(self, *_: Any) -> None:
        raise ScheduleAlreadyRunningError

    def get_schedule_handle(self, _: str) -> _Back:
        return self

    async def update(self, _: Any) -> None:
        raise RPCError("Timeout expired", RPCStatusCode.CANCELLED, b"")


async def test_a_server_that_is_not_ready_is_unavailable_also_for_known_ones() -> None:
    with pytest.raises(EngineUnavailable, match="chore inbox"):
        await ensure_schedules(cast(Client, _Back()), QUEUE)


@pytest.mark.engine
async def test_each_clinics_reports_go_by_its_own_clock(client: Client) -> None:
    clock = ReportClock("riverside", "west", "America/Chicago", time(7))
    handle = client.get_schedule_handle("report.riverside.west")
    try:
        await ensure_reports(client, QUEUE, [clock])
        await ensure_reports(client, QUEUE, [clock])
        described = await handle.describe()
        (first, second, *_) = described.info.next_action_times
        local = [at.astimezone(ZoneInfo("America/Chicago")) for at in (first, second)]
        assert [(at.hour, at.minute, at.second) for at in local] == [(7, 0, 30)] * 2
        assert (local[1].date() - local[0].date()).days == 1
    finally:
        await handle.delete()


@pytest.mark.engine
async def test_a_clinic_that_is_gone_takes_its_reports_schedule_along(client: Client) -> None:
    stays, goes = (ReportClock("lakeside", one, "America/Chicago", time(7)) for one in ("a", "b"))
    names = ["report.lakeside.a", "report.lakeside.b", "report.elsewhere.a", "chore-crm"]
    try:
        await ensure_schedules(client, QUEUE)
        await ensure_reports(client, "another-queue", [stays._replace(org="elsewhere")])
        await ensure_reports(client, QUEUE, [stays, goes])
        deadline = asyncio.get_running_loop().time() + 30
        while await there(client, names[1]) and asyncio.get_running_loop().time() < deadline:
            await ensure_reports(client, QUEUE, [stays])  # it is listed a little after it is made
        found = [name for name in names if await there(client, name)]
        assert found == [names[0], *names[2:]]
    finally:
        for name in [*names[:3], *(f"chore-{chore}" for chore in CHORES)]:
            with suppress(RPCError):
                await client.get_schedule_handle(name).delete()


async def there(client: Client, name: str) -> bool:
    try:
        await client.get_schedule_handle(name).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True
