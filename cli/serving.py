"""Serves the HTTP app inside a program that has more to do, and stops when it does."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from cli.console import say
from models.errors import ConfigError
from settings import Settings
from telemetry.logs import configure
from web.app import from_environment, uvicorn_options


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: it would raise the signal again and orphan us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def free_port() -> int:
    """A port that is free at this moment, for a server that must be named before it runs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def bind(host: str, port: int) -> socket.socket:
    """A socket on this port; raises ConfigError when it is taken or the host is not ours."""
    # Said to be TCP: else asyncio does not see that it is and leaves Nagle's algorithm on, by which
    # the second part of an answer waits for the delayed acknowledgement of the first, 40 ms.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, UnicodeError) as error:
        listener.close()
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = f"Port {port} of {host} is taken" if taken else f"{host}:{port} cannot be listened on"
        raise ConfigError(
            f"{why}; choose REFERRAL_LOOP_HTTP_HOST and REFERRAL_LOOP_HTTP_PORT anew.",
            field="REFERRAL_LOOP_HTTP_PORT",
        ) from None
    return listener


async def serve_alone(settings: Settings) -> int:
    """A web process of its own, until SIGTERM or Ctrl-C; 0 when it was asked to stop.

    Requests under way are answered first. Raises ConfigError, StoreUnavailable.
    """
    configure("web", level=settings.log_level, form=settings.log_format)
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    app = from_environment(settings)
    async with serve(app, settings, port=settings.http_port) as url:
        say(f"Serving {url}")
        await stopping.wait()
    return 0


@asynccontextmanager
async def serve(app: FastAPI, settings: Settings, *, port: int) -> AsyncIterator[str]:
    """The app's address while it is served.

    Raises ConfigError when the port is taken.
    """
    async with serve_with(app, uvicorn_options(settings), settings.http_host, port) as url:
        yield url


@asynccontextmanager
async def serve_with(
    app: FastAPI, given: Mapping[str, Any], host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[str]:
    """The same with uvicorn's options; port 0 is any free one. Raises ConfigError likewise."""
    listener = bind(host, port)
    options = {**given, "log_level": "warning"}
    server = _Server(uvicorn.Config(app, **options))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if serving.done():
                serving.result()
                raise ConfigError("The HTTP server did not start.")
            await asyncio.sleep(0.01)
        named, bound = listener.getsockname()[:2]
        yield f"http://{named}:{bound}"
    finally:
        server.should_exit = True
        await serving
