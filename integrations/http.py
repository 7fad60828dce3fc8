"""One HTTP call to a vendor's API, ended by its deadline, and what its failures prove.

Before a connection stands nothing has left us, so it may be tried again. Once the request is on its
way an answer that does not come proves nothing: only a look at the vendor can tell.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from integrations.contract import LONGEST_CALL
from models.errors import CannotTell, ChannelError, Verdict

LONGEST_CONNECT = 5.0  # seconds
LARGEST_ANSWER = 64 * 1024 * 1024  # a fax of 350 pages has 50 MB at most (integrations.md §2.1)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Answer:
    """What a vendor answered: the status, its headers and its body."""

    def __init__(self, status: int, headers: httpx.Headers, content: bytes) -> None:
        self.status = status
        self.headers = headers
        self.content = content

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is none."""
        try:
            found = httpx.Response(200, content=self.content).json()
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def retry_at(self, now: datetime) -> datetime | None:
        """When it wants to be asked again (``Retry-After``); None when it does not say."""
        told = self.headers.get("retry-after", "").strip()
        if told.isdecimal():
            return now + timedelta(seconds=min(int(told), 86_400))
        try:
            return parsedate_to_datetime(told) if told else None
        except ValueError:
            return None


class Api:
    """A vendor's API below one address; a connection per call, safe to share between threads.

    A proxy of the environment is used, but for an address on this machine.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: tuple[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self._base_url = base_url
        self._auth = auth
        self._headers = headers or {}

    def call(self, method: str, path: str, *, seconds: float = LONGEST_CALL, **more: Any) -> Answer:
        """Ask, and wait at most ``seconds`` in all; ``more`` is httpx's: data, json, files, params.

        Raises ChannelError ``unreachable`` (later) when nothing can have left us, CannotTell when
        the answer was lost. Must not be called from a running event loop.
        """
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(self.ask(method, path, seconds=seconds, **more))

    async def ask(
        self, method: str, path: str, *, seconds: float = LONGEST_CALL, **more: Any
    ) -> Answer:
        """The same inside a running event loop."""
        address = f"{self._base_url}{path}"
        try:
            async with asyncio.timeout(seconds):
                return await _asked(method, address, self._auth, self._headers, more)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise ChannelError(
                "unreachable",
                f"The vendor cannot be reached ({type(error).__name__}).",
                verdict=Verdict.LATER,
            ) from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise CannotTell(f"The vendor's answer was lost ({type(error).__name__}).") from None


async def fetched(address: str, *, seconds: float) -> Answer:
    """What stands at an address that a vendor named; redirects are not followed.

    Raises ChannelError and CannotTell like ``Api.call``.
    """
    return await Api(address).ask("GET", "", seconds=seconds)


async def _asked(
    method: str,
    address: str,
    auth: tuple[str, str] | None,
    headers: dict[str, str],
    more: dict[str, Any],
) -> Answer:
    # Each step may take as long as the whole, which the caller's deadline ends.
    timeout = httpx.Timeout(None, connect=LONGEST_CONNECT)
    outside = urlsplit(address).hostname not in _LOOPBACK
    async with (
        httpx.AsyncClient(timeout=timeout, trust_env=outside, auth=auth, headers=headers) as client,
        client.stream(method, address, **more) as response,
    ):
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > LARGEST_ANSWER:
                raise httpx.DecodingError("larger than anything a vendor may answer")
        return Answer(response.status_code, response.headers, bytes(content))


def for_find(error: CannotTell) -> ChannelError:
    """A question whose answer was lost may simply be asked again."""
    return ChannelError("unreachable", error.sentence, verdict=Verdict.LATER)
