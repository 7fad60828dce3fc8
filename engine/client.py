"""The one way to a Temporal client: converter, codec, sandbox and logs settled for everybody."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import sys
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, NoReturn

from temporalio.client import Client, Interceptor
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes
from temporalio.plugin import SimplePlugin
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.service import ConnectConfig, RetryConfig, ServiceClient
from temporalio.worker import WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from engine.codec import KeyRing, LoopCodec
from models.errors import ConfigError, EngineUnavailable
from telemetry.logs import logger

_LOG = logger(__name__)
PATIENCE = timedelta(seconds=2)


@cache
def runtime(metrics: str | None = None) -> Runtime:
    """The process-wide runtime, whose logs go to Python's ``temporalio.core`` logger.

    By default the SDK writes them to standard output, where they would break ``--json``
    (engine-traps.md §0). ``metrics`` (IP address and port) is where it serves its own Prometheus
    metrics; raises ConfigError when it cannot.
    """
    forward = LogForwardingConfig(
        logger=logging.getLogger("temporalio.core"),
        prepend_target_on_message=False,  # it is part of the logger's name
        append_log_fields_to_message=False,  # values, and whatever an error quotes
    )
    levels = TelemetryFilter(core_level="WARN", other_level="ERROR")
    served = None
    if metrics is not None:
        served = PrometheusConfig(
            metrics, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
        )
    telemetry = TelemetryConfig(logging=LoggingConfig(levels, forwarding=forward), metrics=served)
    try:
        return Runtime(telemetry=telemetry)
    except ValueError:
        raise ConfigError(
            f"The metrics of the Temporal SDK cannot be served on {metrics}: it must be an IP "
            "address of this machine and a free port. Choose REFERRAL_LOOP_METRICS_HOST and "
            "REFERRAL_LOOP_ENGINE_METRICS_PORT anew, another port for each worker of a machine.",
            field="REFERRAL_LOOP_ENGINE_METRICS_PORT",
        ) from None


def data_converter(keyring: KeyRing) -> DataConverter:
    """Pydantic values, encrypted payloads, failure messages encrypted with them."""
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=LoopCodec(keyring),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def _pass_models_through(runner: WorkflowRunner | None) -> WorkflowRunner:
    """``models`` is pure and may be shared; ``workflows`` stays guarded by the sandbox."""
    if runner is None or isinstance(runner, SandboxedWorkflowRunner):
        sandboxed = runner or SandboxedWorkflowRunner()
        return dataclasses.replace(
            sandboxed, restrictions=sandboxed.restrictions.with_passthrough_modules("models")
        )
    return runner


def loop_plugin(keyring: KeyRing) -> SimplePlugin:
    """The plugin every client and Replayer gets; a Worker takes it from its client."""
    return SimplePlugin(
        "referral-loop",
        data_converter=data_converter(keyring),
        workflow_runner=_pass_models_through,
    )


def _bounded(patience: timedelta) -> RetryConfig:
    """Retries that give up after ``patience``, so that a dead server is known as one."""
    return RetryConfig(
        max_elapsed_time_millis=round(patience.total_seconds() * 1000), max_retries=3
    )


async def connect(
    address: str,
    namespace: str,
    *,
    keyring: KeyRing,
    interceptors: Sequence[Interceptor] = (),
    patience: timedelta = PATIENCE,
    lazy: bool = False,
    metrics: str | None = None,
) -> Client:
    """A client whose calls to a dead server fail within about ``patience`` (real time).

    ``metrics`` is where the SDK serves its own; for a worker (see ``runtime``).

    A lazy client connects at its first call, for processes that must start while Temporal is
    down. Raises EngineUnavailable when the server cannot be reached.
    """
    try:
        return await Client.connect(
            address,
            namespace=namespace,
            plugins=[loop_plugin(keyring)],
            interceptors=interceptors,
            retry_config=_bounded(patience),
            runtime=runtime(metrics),
            lazy=lazy,
        )
    except RuntimeError as error:
        raise _unreachable(address) from error


async def connect_service(address: str, *, patience: timedelta = PATIENCE) -> ServiceClient:
    """A bare connection for health checks and administration, without converter or namespace.

    Raises EngineUnavailable when the server cannot be reached.
    """
    config = ConnectConfig(target_host=address, retry_config=_bounded(patience), runtime=runtime())
    try:
        return await ServiceClient.connect(config)
    except RuntimeError as error:
        raise _unreachable(address) from error


def _unreachable(address: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"No Temporal server answers at {address}. Start it, or correct TEMPORAL_ADDRESS."
    )


def run_and_exit(main: Coroutine[Any, Any, int | None]) -> NoReturn:
    """Run a program's main coroutine and end the process with its exit code.

    The SDK's threads can crash the interpreter while it shuts down (exit 134 or 139,
    engine-traps.md §0), so the streams are flushed and the interpreter's own shutdown is skipped:
    nothing registered with ``atexit`` runs. Ctrl-C ends with 130, an uncaught exception with 1 and
    a line in the log: class, place and, of our own errors, the sentence.
    """
    code = 0
    try:
        code = asyncio.run(main) or 0
    except KeyboardInterrupt:
        code = 130
    except SystemExit as stop:
        if isinstance(stop.code, str):
            sys.stderr.write(f"{stop.code}\n")
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException as error:
        _LOG.critical("crashed", exc_info=error)
        code = 1
    finally:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                if stream is sys.stdout:  # an answer that is lost is a failure; a remark is not
                    code = code or 1
        os._exit(code)
