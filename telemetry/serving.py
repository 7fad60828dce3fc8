"""Serves this process's metrics on a port of its own, never on the one that events come in by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.registry import Collector

from models.errors import ConfigError
from telemetry.logs import logger
from telemetry.meters import REGISTRY

_LOG = logger(__name__)
PORT = "REFERRAL_LOOP_METRICS_PORT"

# Memory, open files and processor time, where the system tells (Linux).
ProcessCollector(namespace="referral_loop", registry=REGISTRY)


@contextmanager
def metrics_served(host: str, port: int | None, *more: Collector) -> Iterator[None]:
    """Serve ``/metrics`` for a block, on a thread: this process's counts, and what *more* tells.

    Without a port nothing is served.

    Raises ConfigError when the port is taken or the host is not ours: metrics that nobody can
    fetch are found out at the start, not in the night they are needed.
    """
    if port is None:
        yield
        return
    told = CollectorRegistry()
    for one in (cast(Collector, REGISTRY), *more):  # it collects, and that is all that is asked
        told.register(one)
    try:
        server, thread = start_http_server(port, host, told)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"Metrics cannot be served on {host}:{port} ({type(error).__name__}); choose "
            f"REFERRAL_LOOP_METRICS_HOST and {PORT} anew, another port for each process of a "
            "machine.",
            field=PORT,
        ) from None
    _LOG.info("metrics_served", address=f"{host}:{server.server_port}")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
