"""Keeps services running as a container engine would: order by condition, health, restarts.

Restarts wait a tenth of a second, then twice as long each time up to a minute, and begin anew once
a service has run for ten seconds: the rule of Docker. What runs ends with this process, also when
it is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.compose import Service

FIRST_DELAY, LONGEST_DELAY, LONG_ENOUGH = 0.1, 60.0, 10.0
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Command:
    """What to run on this machine for one container: words, environment, folder, account."""

    words: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    account: str | None = None


@dataclass
class Part:
    """One container's worth: where it stands, as the state file tells it."""

    name: str
    state: str = "waits"  # runs, restarts, done, failed
    pid: int | None = None
    starts: int = 0
    healthy: bool | None = None  # None: it has no health check, or was not asked yet


@dataclass
class Kept:
    """One part with what it takes to run it."""

    service: Service
    part: Part
    command: Command
    done: asyncio.Event = field(default_factory=asyncio.Event)
    healthy: asyncio.Event = field(default_factory=asyncio.Event)
    process: asyncio.subprocess.Process | None = None


class Keeper:
    """The services of one compose file, each as often as it has replicas."""

    def __init__(
        self,
        services: Mapping[str, Service],
        command: Callable[[str, int], Command],
        logs: Path,
        state: Path,
    ) -> None:
        """``command`` runs one replica of a service, counted from 1; ``state`` tells of changes."""
        self._kept: dict[str, list[Kept]] = {}
        for name, service in services.items():
            count = service.deploy.replicas
            names = [name] if count == 1 else [f"{name}-{n}" for n in range(1, count + 1)]
            self._kept[name] = [
                Kept(service, Part(one), command(name, number))
                for number, one in enumerate(names, start=1)
            ]
        self._logs = logs
        self._state = state

    async def run(self, stop: asyncio.Event) -> None:
        """Start everything in its order and keep it until ``stop``; then end it in reverse."""
        self._tell()
        tasks = [asyncio.create_task(self._live(one)) for one in self._all()]
        tasks += [asyncio.create_task(self._ask(one)) for one in self._all()]
        tasks.append(asyncio.create_task(_until(stop)))
        try:
            while not stop.is_set():
                ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    task.result()  # a bug in the keeper must not look like a stop
                    tasks.remove(task)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._end()

    def _all(self) -> Iterable[Kept]:
        return (one for some in self._kept.values() for one in some)

    # --- one part ---------------------------------------------------------------------------------

    async def _live(self, kept: Kept) -> None:
        for name, needed in kept.service.depends_on.items():
            for other in self._kept[name]:
                healthy = needed.condition == "service_healthy"
                await (other.healthy if healthy else other.done).wait()
        delay, failures = FIRST_DELAY, 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            code = await self._once(kept)
            if kept.service.is_job:
                failures += code != 0
                if code == 0:
                    self._now(kept, "done")
                    kept.done.set()
                    return
                if failures > kept.service.tries:
                    self._now(kept, "failed")
                    return
            if loop.time() - began >= LONG_ENOUGH:
                delay = FIRST_DELAY
            self._now(kept, "restarts")
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    async def _once(self, kept: Kept) -> int:
        account = kept.command.account
        with (self._logs / f"{kept.part.name}.log").open("ab") as log:
            kept.process = await asyncio.create_subprocess_exec(
                *kept.command.words,
                env=dict(kept.command.environment),
                cwd=kept.command.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=account,
                group=account,
                extra_groups=[] if account else None,
                preexec_fn=_ends_with_us(kept.service.stop_signal),
            )
        kept.part.pid = kept.process.pid
        kept.part.starts += 1
        self._now(kept, "runs")
        code = await kept.process.wait()
        kept.part.pid = None
        kept.part.healthy = None
        return code

    async def _ask(self, kept: Kept) -> None:
        """Ask for its health: quickly until it is well, then as often as the file says."""
        check = kept.service.healthcheck
        if check is None:
            return
        while True:
            if kept.process is None or kept.process.returncode is not None:
                await asyncio.sleep(0.1)
                continue
            well = await self._well(kept, check.command, check.timeout)
            if kept.part.healthy != well:
                kept.part.healthy = well
                self._tell()
            if well:
                kept.healthy.set()
            await asyncio.sleep(check.interval if well else min(1.0, check.start_interval))

    async def _well(self, kept: Kept, words: tuple[str, ...], timeout: float) -> bool:
        process = await asyncio.create_subprocess_exec(
            *words,
            env=dict(kept.command.environment),
            cwd=kept.command.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            return await asyncio.wait_for(process.wait(), timeout) == 0
        except TimeoutError:
            return False
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    # --- the end ----------------------------------------------------------------------------------

    async def _end(self) -> None:
        """What depends on others first."""
        left = dict(self._kept)
        while left:
            needed = {name for some in left.values() for name in some[0].service.depends_on}
            leaves = [name for name in left if name not in needed]
            await asyncio.gather(*(self._stop(one) for name in leaves for one in left.pop(name)))

    async def _stop(self, kept: Kept) -> None:
        process = kept.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.Signals[kept.service.stop_signal])
        try:
            await asyncio.wait_for(process.wait(), kept.service.stop_grace_period)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    # --- what others read -------------------------------------------------------------------------

    def _now(self, kept: Kept, state: str) -> None:
        kept.part.state = state
        self._tell()

    def _tell(self) -> None:
        told = {one.part.name: asdict(one.part) for one in self._all()}
        half = self._state.with_suffix(".part")
        half.write_text(json.dumps(told, indent=1))
        half.replace(self._state)


async def _until(event: asyncio.Event) -> None:
    await event.wait()


def _ends_with_us(stop_signal: str) -> Callable[[], None]:
    """Linux sends the child its stop signal when this process dies, however it dies."""
    libc, number = ctypes.CDLL(None), int(signal.Signals[stop_signal])

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)

    return ask
