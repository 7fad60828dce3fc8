"""The simulators of the vendors, served over real HTTP in the test's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast

import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from cli.serving import serve_with
from demo.vendors.telnyx import TelnyxServer
from demo.vendors.twilio import TwilioServer
from integrations.contract import Accepted, ChannelClient
from integrations.fax.telnyx import Telnyx, TelnyxSettings
from integrations.sms.twilio import Twilio, TwilioSettings
from models.contracts import Parcel
from models.errors import ChannelError

OPTIONS: dict[str, object] = {"access_log": False, "log_config": None}
CALLBACKS = "https://hooks.example.org"


def wall() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Stage:
    """A server's place for one app after another: starting a server anew takes most of a second."""

    def __init__(self) -> None:
        self.app: Any = None
        self.url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await self.app(scope, receive, send)


@asynccontextmanager
async def stages(count: int) -> AsyncIterator[list[Stage]]:
    """Servers without an app yet, each with its address."""
    async with AsyncExitStack() as stack:
        made = [Stage() for _ in range(count)]
        for stage in made:
            stage.url = await stack.enter_async_context(serve_with(cast(FastAPI, stage), OPTIONS))
        yield made


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """A simulator's address while it is served."""
    async with serve_with(app, OPTIONS) as url:
        yield url


def twilio(
    server: TwilioServer, url: str, clock: Callable[[], datetime] = wall, **changes: Any
) -> Twilio:
    """Our client on the simulator's account."""
    given = {
        "account_sid": server.account_sid,
        "tokens": (SecretStr(server.token),),
        "callbacks": CALLBACKS,
        "address": url,
        **changes,
    }
    return Twilio(TwilioSettings.model_validate(given), clock)


def telnyx(
    server: TelnyxServer, url: str, clock: Callable[[], datetime] = wall, **changes: Any
) -> Telnyx:
    """Our client on the simulator's account."""
    given = {
        "api_key": SecretStr(server.api_key),
        "connection_id": server.connection_id,
        "public_key": server.public_key,
        "callbacks": CALLBACKS,
        "address": url,
        **changes,
    }
    return Telnyx(TelnyxSettings.model_validate(given), clock)


Server = TypeVar("Server")
Client = TypeVar("Client", bound=ChannelClient)


@dataclass
class Account(Generic[Server, Client]):
    """A simulator at its address, and our client on its account."""

    server: Server
    url: str
    client: Client

    async def send(self, parcel: Parcel) -> Accepted:
        """Hand a parcel over."""
        accepted: Accepted = await blocking(self.client.send, parcel)
        return accepted

    async def refusal(self, parcel: Parcel) -> ChannelError:
        """How a parcel is refused."""
        with pytest.raises(ChannelError) as refused:
            await self.send(parcel)
        return refused.value


async def blocking(call: Callable[..., Any], *args: Any) -> Any:
    """A blocking call, in a thread as a worker would make it."""
    return await asyncio.to_thread(call, *args)
