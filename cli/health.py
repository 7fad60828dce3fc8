"""What a health check of a container asks: whether the process here does its work.

Asked twice a minute for each process, so it imports little.
"""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from http.client import HTTPException
from urllib import request
from urllib.error import HTTPError

from engine.client import connect_service
from engine.polling import polls_from
from models.errors import EngineUnavailable, StoreUnavailable
from settings import TASK_QUEUE, Settings

PROBE_SECONDS = 5.0


async def worker(settings: Settings) -> int:
    """0 when a worker of this machine polls; raises EngineUnavailable, ``not_polling``."""
    service = await connect_service(settings.engine_address)
    namespace, host = settings.temporal_namespace, socket.gethostname()
    if not await polls_from(service, namespace, TASK_QUEUE, host, datetime.now(UTC)):
        raise EngineUnavailable(
            "No worker of this machine has asked Temporal for work lately. Look at its log.",
            code="not_polling",
        )
    return 0


def web(settings: Settings) -> None:
    """Return when the web process of this machine can keep events.

    Raises StoreUnavailable: ``not_serving`` when there is none.
    """
    url = f"http://127.0.0.1:{settings.http_port}/readyz"
    ask = request.build_opener(request.ProxyHandler({})).open  # never by way of a proxy
    try:
        ask(url, timeout=PROBE_SECONDS).close()
    except HTTPError as error:
        error.close()
        raise StoreUnavailable("The web process runs, and cannot reach the database.") from None
    except (OSError, HTTPException) as error:
        raise StoreUnavailable(
            f"No web process answers on port {settings.http_port} ({type(error).__name__}).",
            code="not_serving",
        ) from None
