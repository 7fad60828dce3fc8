"""One leak into each place, made where a careless hand would make it: the search must find it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from starlette.responses import RedirectResponse
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleSpec,
    ScheduleState,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError

from demo import cast
from engine.attributes import SOURCE
from engine.client import runtime
from models.errors import BadRequest
from models.ids import referral_workflow_id
from store import audit
from store.tables import InboxRow
from telemetry.logs import Format, configure
from telemetry.meters import SENDS
from tests.e2e.phi.run import Run
from tests.e2e.phi.sentinels import SENTINELS

NAME = SENTINELS["family name"].text
MEASURED = (NAME, "thank_you", "fax", "sent")
Leak = Callable[[Run], Awaitable[None]]


def _logged(file: str, form: Format) -> Leak:
    """A library we know puts a name into its words."""

    async def leak(run: Run) -> None:
        with (run.folder / file).open("a") as log:
            configure("web", form=form, stream=log)
            logging.getLogger("uvicorn.error").error(f"no route for {NAME}")

    return leak


def _written(*path: str) -> Leak:
    """A process prints what it should not, past all logging."""

    async def leak(run: Run) -> None:
        with run.settings.data_dir.joinpath(*path).open("a") as log:
            log.write(f"ValueError: {NAME}\n")

    return leak


async def _measured(_: Run) -> None:
    SENDS.labels(*MEASURED).inc()


async def _bare(run: Run) -> Client:
    """A client without our converter, as somebody's script has it."""
    return await Client.connect(
        run.engine.address, namespace=run.engine.namespace, runtime=runtime()
    )


async def _signalled(run: Run) -> None:
    """A signal that nobody encrypted."""
    run_id = referral_workflow_id(cast.ORG, run.stage.referral_ids["adult"])
    client = await _bare(run)
    await client.start_workflow("Strange", id="strange-1", task_queue="nobody")
    with contextlib.suppress(RPCError):
        await client.get_workflow_handle(run_id).signal("visit_completed", {"note": NAME})
    await client.get_workflow_handle("strange-1").signal("told", NAME)


async def _described(run: Run) -> None:
    """A memo, and a search attribute."""
    await (await _bare(run)).start_workflow(
        "Strange",
        id="strange-2",
        task_queue="nobody",
        memo={"patient": NAME},
        search_attributes=TypedSearchAttributes([SearchAttributePair(SOURCE, NAME)]),
    )


async def _updated(run: Run) -> None:
    """An id that tells; nobody takes the update, and the server keeps it all the same."""
    client = await _bare(run)
    with contextlib.suppress(Exception):
        await client.get_workflow_handle("strange-2").execute_update(
            "decide", id=f"call-{NAME}", rpc_timeout=timedelta(seconds=1)
        )
    await client.start_workflow("Strange", id=f"strange-{NAME}", task_queue="nobody")


async def _scheduled(run: Run) -> None:
    action = ScheduleActionStartWorkflow("Strange", id="strange-3", task_queue="nobody")
    paused = Schedule(action=action, spec=ScheduleSpec(), state=ScheduleState(paused=True))
    await (await _bare(run)).create_schedule(f"call-{NAME}", paused)


async def _filed(run: Run) -> None:
    (run.settings.outbox_dir / "fax" / f"{NAME}.pdf").touch()


async def _synced(run: Run) -> None:
    [file] = (run.settings.outbox_dir / "crm").glob("*.jsonl")
    with file.open("a") as crm:
        crm.write(f'{{"note": "{NAME}"}}\n')


async def _named(run: Run) -> None:
    row = InboxRow(
        id=f"evt_{NAME}",
        org=cast.ORG,
        origin="api",
        event_id="x",
        body_hash="x",
        body=b"",
        headers={},
        received_at=run.stage.skipper.now,
        state="rejected",
    )
    with run.store.write() as session:
        session.add(row)


async def _audited(run: Run) -> None:
    """A line about somebody by their name."""
    with run.store.write() as session:
        now = run.stage.skipper.now
        audit.note(
            session, org=cast.ORG, who="dana", what="viewed", subject=NAME, at=now, recorded_at=now
        )


async def _linked(run: Run) -> None:
    """A page sends people to where a name stands in the address."""

    @run.stage.app.get("/moved")
    async def moved() -> RedirectResponse:
        return RedirectResponse(f"/board?name={NAME}")

    await run.desk.get("/moved")


async def _answered(run: Run) -> None:
    """A sentence of ours quotes what was sent."""

    @run.stage.app.get("/quoting")
    async def quoting() -> None:
        raise BadRequest(f"{NAME}: there is no such patient.")

    await run.stage.http.get("/quoting")


async def _documented(run: Run) -> None:
    page = run.stage.app.openapi()
    page["info"]["description"] = f"For {NAME} and others."


async def _said(run: Run) -> None:
    run.said.append(f"KeyError: {NAME}")


LEAKS: Mapping[str, Leak] = {
    "web log, JSON": _logged("web.json.log", "json"),
    "web log, text": _logged("web.text.log", "console"),
    "worker log, JSON and text": _written("worker.log"),
    "Temporal's logs": _written("temporal", "temporal-server.log"),
    "metrics": _measured,
    "workflow histories": _signalled,
    "workflow descriptions": _described,
    "Temporal's database": _updated,
    "schedules": _scheduled,
    "file names": _filed,
    "CRM file": _synced,
    "our ids": _named,
    "audit subjects": _audited,
    "addresses": _linked,
    "refusals over HTTP": _answered,
    "OpenAPI page": _documented,
    "commands and exceptions": _said,
}
