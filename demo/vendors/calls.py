"""How the simulators call back: over real HTTP, one after another, signed as the vendor signs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

Post = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


class Callbacks:
    """Posts to us in the order in which things happened, and keeps what we answered.

    ``answers`` are the statuses, in order; a refused connection is 0.
    """

    def __init__(self) -> None:
        self.answers: list[int] = []
        self._waiting: set[asyncio.Task[None]] = set()
        self._one_by_one = asyncio.Lock()

    def soon(self, *posts: Post) -> None:
        """Post in the background, in this order."""
        task = asyncio.create_task(self._all(posts))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def now(self, post: Post) -> int:
        """Post and wait for the answer; its status, 0 when nobody was there."""
        async with self._one_by_one, httpx.AsyncClient(timeout=30, trust_env=False) as client:
            try:
                status = (await post(client)).status_code
            except httpx.HTTPError:
                status = 0
            self.answers.append(status)
            return status

    async def settled(self) -> None:
        """Everything begun so far has been told."""
        while self._waiting:
            await asyncio.gather(*self._waiting)

    async def _all(self, posts: tuple[Post, ...]) -> None:
        for post in posts:
            await self.now(post)


def answer_of(status: int) -> dict[str, Any]:
    """What the page says of a callback."""
    return {"ok": 200 <= status < 300, "status": status}
