"""``/healthz`` and ``/readyz``: alive, and able to take events."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from activities.intake import Intake
from models.errors import StoreUnavailable
from store.engine import Store
from web.answers import Health


def router(intake: Intake, store: Store) -> APIRouter:
    """The routes of health."""
    health = APIRouter(tags=["health"])

    @health.get("/healthz", response_model=Health, response_model_exclude_none=True)
    async def alive() -> Health:
        """This process answers."""
        return Health(status="ok")

    @health.get("/readyz", response_model=Health)
    async def ready(response: Response) -> Health:
        """200 while events can be kept; Temporal being away is ``degraded``, not unready.

        Events are accepted without the engine and applied when it is back, so a load balancer
        must not turn them away.
        """
        try:
            await asyncio.to_thread(store.ping)
        except StoreUnavailable:
            response.status_code = 503
            return Health(status="unavailable", store="unreachable")
        engine = await intake.loop.health()
        fine = engine.reachable and engine.worker_seen
        return Health(
            status="ok" if fine else "degraded",
            store="ok",
            engine="ok" if engine.reachable else "unreachable",
            worker="ok" if engine.worker_seen else "not_seen",
        )

    return health
