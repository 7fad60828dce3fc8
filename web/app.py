"""The composition root of the HTTP edge: settings in, a FastAPI app out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI

from activities.intake import Intake
from activities.loop import Loop
from activities.policy_watch import PolicyWatch, keep_looking
from activities.tenants import Tenants
from engine.client import connect
from integrations.reading.folders import clear_left
from models.policy_file import load as load_policy
from settings import Settings
from settings import load as load_settings
from store import schema
from store.engine import Store, open_store
from telemetry.logs import logger
from telemetry.serving import metrics_served
from web import (
    api,
    callbacks,
    codec,
    desk,
    health,
    hooks,
    openapi,
    patient,
    problems,
    reports_api,
    tasks_api,
)
from web.dispatcher import Dispatcher
from web.gauges import Gauges
from web.guard import Guard

_LOG = logger(__name__)
Clock = Callable[[], datetime]


def now() -> datetime:
    """The wall clock, read at the inbound edge alone."""
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    intake: Intake,
    store: Store,
    clock: Clock = now,
    *,
    start: Callable[[], Awaitable[None]] | None = None,
    codec_ui: str | None = None,
) -> FastAPI:
    """The app on parts that somebody else opened and will close; ``start`` runs before it serves.

    ``codec_ui`` is the address of a Temporal UI that this process started; in dev it may have
    payloads decoded here without a token.

    ``app.state.dispatcher`` is its background dispatcher. Serve it without uvicorn's access log
    (``uvicorn_options``): ours names routes, never addresses.
    """
    dispatcher = Dispatcher(intake)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        clear_left()  # pages of patients, where the last process here was killed while it drew
        gauges = Gauges(store, intake, clock, asyncio.get_running_loop())
        with metrics_served(settings.metrics_host, settings.metrics_port, gauges):
            if start is not None:
                await start()
            watch = PolicyWatch(settings.policy_files, intake.tenants)
            looking = asyncio.create_task(keep_looking(watch))
            _LOG.info("web_started", pid=os.getpid())
            yield
            looking.cancel()
            await dispatcher.stop()
            _LOG.info("web_stopped", pid=os.getpid())

    app = FastAPI(
        title=openapi.TITLE,
        version=openapi.VERSION,
        description="Events and referrals in, where they stand out.",
        lifespan=lifespan,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.dispatcher = dispatcher
    app.include_router(hooks.router(settings, intake, dispatcher, clock))
    app.include_router(api.router(settings, intake, dispatcher, clock))
    app.include_router(tasks_api.router(settings, intake))
    app.include_router(reports_api.router(settings, intake, store, clock))
    app.include_router(callbacks.router(settings, intake, store, dispatcher, clock))
    app.include_router(health.router(intake, store))
    shapes = problems.install(app)
    desk.install(app, settings, intake, store, settings.temporal_ui_address or codec_ui, shapes)
    patient.install(app, settings, intake, clock, shapes)
    openapi.describe(app)
    https = settings.base_url.startswith("https://")
    app.add_middleware(Guard, max_body_bytes=settings.max_body_bytes, shapes=shapes, https=https)
    codec.install(app, settings, clock, codec_ui)
    return app


def uvicorn_options(settings: Settings) -> dict[str, object]:
    """How uvicorn must serve the app: no addresses in logs, no server name, patient with hooks."""
    return {
        "host": settings.http_host,
        "port": settings.http_port,
        "access_log": False,
        "log_config": None,  # its lines go the way of ours, see telemetry.logs
        "server_header": False,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 10,
        "h11_max_incomplete_event_size": 64 * 1024,
    }


def from_environment(settings: Settings | None = None) -> FastAPI:
    """The app of a web process of its own, which ``starter.py web`` serves.

    The store is migrated first, outside ``dev`` only looked at. Temporal may be down: its client
    connects at the first call. Raises ConfigError when a setting or a policy file is wrong, and
    StoreUnavailable when the database is away or not migrated.
    """
    settings = settings or load_settings()
    address = settings.engine_address
    store = open_store(settings.database_url)
    schema.ready(store, may_migrate=settings.may_migrate)
    loop = Loop()
    tenants = Tenants([load_policy(path) for path in settings.policy_files])

    async def start() -> None:
        namespace, keyring = settings.temporal_namespace, settings.keyring
        loop.connect(await connect(address, namespace, keyring=keyring, lazy=True))

    return create_app(settings, Intake(store, loop, tenants, now), store, start=start)
