"""The codec endpoint of the Temporal UI and CLI: payloads decoded for people we know by name.

Payloads hold ids, dates and codes; people's names and clinical text are in the record alone. So
this guards a second wall, and is guarded all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI

from settings import Settings
from web.codec import routes, sign_in
from web.codec.door import Door


def install(
    app: FastAPI, settings: Settings, clock: Callable[[], datetime], own_ui: str | None = None
) -> None:
    """Put the endpoint and its sign-in page into the app; after every other middleware.

    *own_ui* is the address of a Temporal UI that this process started itself.
    """
    door = Door(settings, clock, own_ui)
    app.include_router(routes.router(door, settings.keyring))
    app.include_router(sign_in.router(door))
    app.add_middleware(routes.CodecCors, origins=door.origins)
