"""What operators are promised: the page matches the code, and alerts name metrics that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from cli import doc_observability as page
from cli.serving import free_port
from engine.client import connect
from engine.codec import KeyRing
from engine.server import Engine
from telemetry.meters import REGISTRY
from web import gauges

RULES = page.rules()


def test_the_tables_are_those_of_the_code() -> None:
    written = page.PAGE.read_text(encoding="utf-8")
    assert page.write(written) == written, "stale: run python -m cli.doc_observability"


def ours() -> dict[str, set[str]]:
    """Every sample we can tell, with its labels."""
    found = {gauges.PREFIX + name: set(told.labels) for name, told in gauges.every().items()}
    for metric in REGISTRY._collector_to_names:
        labels = set(getattr(metric, "_labelnames", ()))
        for name in REGISTRY._collector_to_names[metric]:
            found[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return found


def selectors(expr: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every metric an expression reads, with the labels it picks by."""
    for name, picked in re.findall(r"((?:referral_loop|temporal)_\w+)(?:\{([^}]*)\})?", expr):
        yield name, dict(re.findall(r'(\w+)[!=~]+"([^"]*)"', picked))


def groupings(expr: str) -> set[str]:
    return {
        label.strip() for by in re.findall(r"by \(([^)]*)\)", expr) for label in by.split(",")
    } - {"le"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_reads_metrics_that_exist_and_says_what_to_do(rule: dict[str, Any]) -> None:
    known = ours() | {name: {"workflow_type", "le"} for name in ENGINE}
    read = list(selectors(rule["expr"]))
    assert read
    for name, picked in read:
        assert name in known, f"{rule['alert']} reads {name}, which nobody tells"
        assert set(picked) <= known[name], f"{name} has no label {set(picked) - known[name]}"
        assert groupings(rule["expr"]) <= known[name], f"{name} cannot be grouped like that"
        bound = picked.get("le")
        if bound is not None:
            assert bound in bounds(name), f"{name} has no bucket {bound}"
    notes = rule["annotations"]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert min(len(notes["summary"]), len(notes["do"])) > 20
    told = set(re.findall(r"\$labels\.(\w+)", notes["summary"] + notes["do"]))
    assert told <= groupings(rule["expr"]), f"{rule['alert']} names a label it has lost"


def bounds(name: str) -> set[str]:
    [metric] = [m for m, names in REGISTRY._collector_to_names.items() if name in names]
    return {str(float(bound)) for bound in metric._upper_bounds}


# --- the Temporal SDK's own -----------------------------------------------------------------------

ENGINE = sorted({name for r in RULES for name, _ in selectors(r["expr"]) if "temporal_" in name})


@activity.defn(name="fail_once")
async def fail_once() -> None:
    if activity.info().attempt == 1:
        raise RuntimeError


@workflow.defn(name="Trips", sandboxed=False)
class Trips:
    tripped = False

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            "fail_once",
            start_to_close_timeout=timedelta(seconds=5),
            retry_policy=RetryPolicy(maximum_attempts=2),
        )
        if not Trips.tripped:
            Trips.tripped = True
            raise RuntimeError  # a workflow task that fails, and is tried again


@pytest.mark.engine
@pytest.mark.timeout(40)
async def test_the_engine_tells_what_the_alerts_read(engine: Engine, keyring: KeyRing) -> None:
    address = f"127.0.0.1:{free_port()}"
    client = await connect(engine.address, engine.namespace, keyring=keyring, metrics=address)
    async with Worker(
        client,
        task_queue="metrics",
        workflows=[Trips],
        activities=[fail_once],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        await client.execute_workflow("Trips", id="trips", task_queue="metrics")
        async with httpx.AsyncClient(trust_env=False) as http:
            told = (await http.get(f"http://{address}/metrics")).text
    families = list(text_string_to_metric_families(told))
    samples = {sample.name: sample.labels for family in families for sample in family.samples}
    assert set(ENGINE) <= samples.keys()
    assert "workflow_type" in samples["temporal_workflow_task_execution_failed_total"]
    assert not [name for name in samples if "trips" in str(samples[name])], "no workflow ids"
