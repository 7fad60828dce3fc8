"""Dispatches inbox rows after their answer went out, in the same process and off its path.

What is not dispatched here (too much at once, a stop in the middle) is picked up by the ``inbox``
chore, so nothing is waited for and nothing is lost.
"""

from __future__ import annotations

import asyncio

from activities.intake import Intake

AT_ONCE = 8
MOST_WAITING = 500


class Dispatcher:
    """A bounded number of dispatches in the background."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(AT_ONCE)

    def soon(self, row_id: str) -> None:
        """Dispatch a row as soon as there is room."""
        if len(self._tasks) >= MOST_WAITING:
            return
        task = asyncio.get_running_loop().create_task(self._one(row_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until everything asked for so far is done."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self, patience: float = 5.0) -> None:
        """Let what runs end, for a moment; the chore does the rest."""
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=patience)
            for task in left:
                task.cancel()

    async def _one(self, row_id: str) -> None:
        async with self._room:
            await self._intake.dispatch(row_id)
