"""``starter.py demo``: sets the stage, plays, and shows what came of it."""

from __future__ import annotations

import asyncio
import time as stopwatch
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI
from rich.console import Console
from rich.table import Table

from cli.console import out, print_json, say
from cli.reporting import made
from cli.serving import free_port, serve
from cli.showing import words
from cli.workplace import load_tenants, wall_clock
from demo.cast import CLINIC, ORG, Json
from demo.crew import Crew, clean
from demo.life import opening_monday
from demo.lives import lives
from demo.play import play
from demo.result import faults, result
from demo.show import Show
from demo.stage import Stage, raised
from engine.client import connect
from engine.server import Engine, find_or_start
from models.ids import referral_workflow_id
from models.months import month_of
from settings import Settings
from store.engine import Store, migrate, open_store
from telemetry.logs import configure


async def run(settings: Settings, *, as_json: bool, stay: bool = False) -> int:
    """Play the demonstration in ``<data_dir>/demo``; 0 when everything ended as it must.

    Always on SQLite, the embedded channels and a server of its own, so that it can run beside
    anything; what an earlier run left there is removed.
    """
    configure("demo", level="warning", form=settings.log_format)
    began = stopwatch.monotonic()
    changes = {
        "data_dir": settings.data_dir / "demo",
        "store_url": None,
        "metrics_port": None,
        "http_port": free_port(),
    }
    here = settings.model_copy(update=changes)
    clean(here.data_dir)
    say("Setting the stage: a Temporal server, a database, a worker, the HTTP door.")
    engine = await find_or_start(
        data_dir=here.data_dir / "temporal",
        namespace=here.temporal_namespace,
        say=say,
        codec_endpoint=f"{here.base_url}/codec",
    )
    try:
        store = open_store(here.database_url)
        migrate(store)
        script = lives(opening_monday(wall_clock().date()))
        show = Show(Console(quiet=True) if as_json else out, store, script)
        opening = script[0].when(0, "09:00").astimezone(UTC)
        client = await connect(engine.address, engine.namespace, keyring=here.keyring)

        @asynccontextmanager
        async def door(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
            async with (
                serve(app, here, port=here.http_port) as url,
                httpx.AsyncClient(base_url=url, timeout=30) as http,
            ):
                yield http

        crew = Crew(here, engine)
        await crew.start()
        try:
            async with raised(
                here,
                client,
                store,
                load_tenants(here),
                opening,
                org=ORG,
                serve=door,
                codec_ui=engine.ui_address,
            ) as stage:
                await play(stage, crew, script, show)
                value = await result(stage, crew, script, stopwatch.monotonic() - began)
                value["report"] = _report(here, store, stage, opening)
                if as_json:
                    print_json(value)
                else:
                    _sum_up(value, here, _link(engine, stage))
                if stay:
                    say("Everything stays up until Ctrl-C.")
                    await asyncio.Event().wait()
            return 1 if faults(value) else 0
        finally:
            await crew.stop()
    finally:
        await engine.stop()


def _report(settings: Settings, store: Store, stage: Stage, opening: datetime) -> list[str]:
    """The clinic's report of the month in which it all began, as known at the end."""
    tenants = load_tenants(settings)
    zone = ZoneInfo(tenants.get(ORG).organization.clinics[0].zone)
    month = month_of(opening.astimezone(zone).date())
    to, ends = settings.data_dir / "report", stage.skipper.now
    _, paths = made(store, tenants, ORG, CLINIC, month, to, ends, None)
    return [str(path) for path in paths]


def _sum_up(value: Json, settings: Settings, link: str | None) -> None:
    table = Table("message", "channel", "sent", box=None, header_style="dim", title="What was sent")
    for kind, channels in value["messages"].items():
        for channel, number in channels.items():
            table.add_row(words(kind), channel, str(number))
    out.print()
    out.print(table)
    tasks = ", ".join(f"{words(kind)} {number}" for kind, number in value["tasks"].items())
    out.print(f"\n[bold]Asked of people:[/] {tasks}")
    out.print(
        f"[bold]Ends:[/] {_counts(value)}; {value['sources_quiet']} sources quiet; "
        f"{value['worker_kills']} worker killed; {value['duplicate_sends']} messages sent twice"
    )
    out.print(
        f"[bold]Cost:[/] {value['actions_per_referral']} Actions a referral, "
        f"{value['actions_ratio']} × the floor of {value['floor_actions_per_referral']}; "
        f"{value['elapsed_s']} s for fourteen weeks"
    )
    out.print(f"[bold]Faxes, texts and mails as they would go out:[/] {settings.outbox_dir}")
    for pdf in _examples(settings.outbox_dir):
        out.print(f"  {pdf}", markup=False, soft_wrap=True)
    out.print("[bold]The clinic's report of the first month:[/]")
    for path in value["report"][:2]:
        out.print(f"  {path}", markup=False, soft_wrap=True)
    if link:
        out.print("[bold]One referral in the Temporal UI[/] (it stays up with `demo --stay`):")
        out.print(f"  {link}", soft_wrap=True)
    for fault in faults(value):
        out.print(f"[bold red]Wrong:[/] {fault}")


def _counts(value: Json) -> str:
    stages = list(value["stages"].values())
    return ", ".join(f"{stages.count(one)} {words(one)}" for one in sorted(set(stages)))


def _examples(outbox: Path) -> list[Path]:
    return sorted((outbox / "fax").glob("*.pdf"))[:6]


def _link(engine: Engine, stage: Stage) -> str | None:
    if engine.ui_address is None:
        return None
    workflow_id = referral_workflow_id(ORG, stage.referral_ids["never_signed"])
    place = f"namespaces/{engine.namespace}/workflows/{quote(workflow_id, safe='')}"
    return f"{engine.ui_address}/{place}"
