"""One run: forty facts come in by hooks and the API, what can break breaks, all traces are kept.

The real parts: a Temporal server of its own, worker processes (first with JSON lines, then with
text), the HTTP app on a port, a mail server, the command line.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from reportlab.pdfgen.canvas import Canvas
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError

from activities.apply import Apply
from cli.serving import free_port, serve
from cli.workplace import load_tenants, make_folder
from demo import cast, clinical
from demo.clinical import Region
from demo.crew import Crew
from demo.life import ZONE, Life, opening_monday
from demo.stage import Stage, raised
from engine.client import connect
from engine.schedules import ensure_schedules
from engine.server import Engine, find_or_start
from integrations.emr.signature import sign
from models.ids import referral_workflow_id
from settings import EXAMPLE_API_TOKEN, TASK_QUEUE, Settings, load
from store.engine import Store, migrate, open_store
from store.tables import InboxRow
from telemetry.logs import configure
from tests.e2e.phi.sentinels import SENTINELS
from tests.mail import Mailbox, Server

ROOT = Path(__file__).parents[3]
TOKEN = {"Authorization": f"Bearer {EXAMPLE_API_TOKEN}"}
HOOK = f"/hooks/{cast.ORG}/events"
_MAILBOX = "practice's mailbox"


def of(name: str) -> str:
    """A sentinel as it is told."""
    return SENTINELS[name].text


OURS = Region(of("diagnosis code"), of("diagnosis"), "lefs", (31, 47, 63), of("goal"), 12, "steps")
OFFICE: dict[str, Any] = {
    "kind": "provider",
    "npi": "1234567893",
    "name": of("physician"),
    "credential": "MD",
    "practice": of("practice"),
    "fax": of("practice's fax"),
    "email": of("practice's mailbox"),
    "prefers": "email",
}
CERTIFIER: dict[str, Any] = {
    "npi": "1558598797",
    "name": of("certifier"),
    "credential": "DO",
    "practice": of("practice"),
    "fax": of("practice's fax"),
}
COPY_TO = {"npi": "1999999984", "name": of("copy to"), "credential": "MD", "fax": "518-555-0161"}
PATIENT: dict[str, Any] = {
    "given_name": of("given name"),
    "family_name": of("family name"),
    "born": of("birth date"),
    "phone": of("phone"),
    "email": of("mailbox"),
    "state": "NY",
    "may_email": True,
}
MINOR: dict[str, Any] = {
    "given_name": of("minor's given name"),
    "family_name": of("minor's family name"),
    "born": of("minor's birth date"),
    "guardian_name": of("guardian"),
    "guardian_phone": of("guardian's phone"),
    "state": "NY",
}
FRIEND: dict[str, Any] = {
    "kind": "past_patient",
    "name": of("past patient"),
    "email": of("past patient's mailbox"),
    "prefers": "email",
}


@dataclass
class Run:
    """Everything a run left behind, and the parts while they are still up."""

    folder: Path
    settings: Settings
    store: Store
    client: Client
    engine: Engine
    stage: Stage
    metrics: dict[str, str]  # address by whose they are
    answers: list[bytes]  # of requests that were refused or failed, headers and all
    said: list[str] = field(default_factory=list)  # by commands, and in exceptions

    def cli(self, *words: str, file: bytes = b"", name: str = "") -> None:
        """A command as an operator types it, with a file of theirs."""
        theirs = self.folder / "theirs"
        theirs.mkdir(exist_ok=True)
        if name:
            (theirs / name).write_bytes(file)
            words = (*words, str(theirs / name))
        done = subprocess.run(
            [sys.executable, "starter.py", *words],
            cwd=ROOT,
            env={
                **os.environ,
                "REFERRAL_LOOP_DATA_DIR": str(self.settings.data_dir),
                "TEMPORAL_ADDRESS": self.engine.address,
                "TEMPORAL_NAMESPACE": self.engine.namespace,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.said += [done.stdout, done.stderr]

    async def post(self, path: str, content: Any, **headers: str) -> httpx.Response:
        """Something to the API."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return await self.stage.http.post(path, content=body, headers={**TOKEN, **headers})

    async def hook(self, content: Any, event_id: str | None = None, **headers: str) -> int:
        """A signed event; the status of its answer."""
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        event_id = event_id or self.stage.next_event_id()
        secret = self.settings.hook_secrets(cast.ORG)[0]
        signed = sign(secret, event_id, self.stage.skipper.now, raw)
        answer = await self.stage.http.post(HOOK, content=raw, headers={**signed, **headers})
        await self.stage.app.state.dispatcher.settled()
        return answer.status_code

    async def live(self, life: Life) -> None:
        """Play the lines of a life in their order."""
        for line in life.lines:
            if line.at > self.stage.skipper.now:
                await self.stage.advance(line.at)
            code = await self.stage.happen(line)
            assert code is None, f"{line.says}: {code}"
            await self.stage.settle()
        life.lines.clear()


@asynccontextmanager
async def played(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Run]:
    """The whole run; what it left may be looked at while everything is still up."""
    ports = {name: free_port() for name in ("web", "worker", "engine")}
    with _mail_server() as mail:
        for name, value in _environment(folder, mail, ports).items():
            monkeypatch.setenv(name, value)
        settings = load(_env_file=None, http_port=free_port(), metrics_port=ports["web"])
        make_folder(settings.data_dir)
        engine = await find_or_start(
            data_dir=settings.data_dir / "temporal", namespace="phi", ui=False, say=print
        )
        monkeypatch.setattr("demo.crew.ROOT", _stand_in(folder))
        crew = Crew(settings, engine)
        try:
            await crew.start()
            async with _raised(folder, settings, engine, ports) as run:
                with (folder / "web.json.log").open("w") as log:
                    configure("web", form="json", level="debug", stream=log)
                    await _begin(run, monkeypatch)
                monkeypatch.setenv("REFERRAL_LOOP_LOG_FORMAT", "console")
                await crew.kill()
                with (folder / "web.text.log").open("w") as log:
                    configure("web", form="console", level="debug", stream=log)
                    await _end(run)
                    yield run
        finally:
            await crew.stop()
            await engine.stop()


def _environment(folder: Path, mail: Server, ports: dict[str, int]) -> dict[str, str]:
    policy = folder / "clinic.toml"
    example = (ROOT / "clinics" / "example.toml").read_text()
    policy.write_text(example.replace('email = "outbox"', 'email = "smtp"'))
    told = {
        "DATA_DIR": folder / "data",
        "POLICY_FILES": policy,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": mail.port,
        "SMTP_SECURITY": "none",
        "SMTP_FROM": "clinic@example.org",
        "LOG_LEVEL": "debug",
        "LOG_FORMAT": "json",
        "METRICS_PORT": ports["worker"],
        "ENGINE_METRICS_PORT": ports["engine"],
    }
    return {f"REFERRAL_LOOP_{name}": str(value) for name, value in told.items()}


@contextmanager
def _mail_server() -> Iterator[Server]:
    """It refuses the first message and quotes whom it was for, as mail servers do."""
    box = Mailbox()
    box.answers["rcpt"] = [f"550 5.1.1 <{of(_MAILBOX)}>: no mail for {of('physician')}"]
    server = Server(box)
    server.start()
    yield server
    server.stop()


def _stand_in(folder: Path) -> Path:
    """A folder whose ``worker.py`` is the leaky one."""
    place = folder / "stand-in"
    place.mkdir()
    lines = [
        "import runpy, sys",
        f"sys.path[0] = {str(ROOT)!r}",
        "runpy.run_module('tests.e2e.phi.leaky_worker', run_name='__main__')",
    ]
    (place / "worker.py").write_text("\n".join(lines))
    return place


@asynccontextmanager
async def _raised(
    folder: Path, settings: Settings, engine: Engine, ports: dict[str, int]
) -> AsyncIterator[Run]:
    client = await connect(engine.address, engine.namespace, keyring=settings.keyring)
    await ensure_schedules(client, TASK_QUEUE)
    answers: list[bytes] = []

    async def keep(answer: httpx.Response) -> None:
        if answer.status_code >= 400:
            answers.append(repr(answer.headers.multi_items()).encode() + await answer.aread())

    @asynccontextmanager
    async def door(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
        async with (
            serve(app, settings, port=settings.http_port) as url,
            httpx.AsyncClient(
                base_url=url, timeout=30, trust_env=False, event_hooks={"response": [keep]}
            ) as http,
        ):
            yield http

    store = open_store(settings.database_url)
    migrate(store)
    opening = Life("", "", "", "", opening_monday(datetime.now(UTC).date())).when(0, "09:00")
    tenants = load_tenants(settings)
    stages = raised(settings, client, store, tenants, opening, org=cast.ORG, serve=door)
    async with stages as stage:
        metrics = {name: f"http://127.0.0.1:{port}/metrics" for name, port in ports.items()}
        yield Run(folder, settings, store, client, engine, stage, metrics, answers)
    store.close()


# --- what happens ---------------------------------------------------------------------------------


def _life(run: Run, name: str, external: str) -> Life:
    opening = run.stage.skipper.now.astimezone(ZONE).date()
    return Life(name, name, "", external, opening - timedelta(days=opening.weekday()))


async def _begin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three referrals come, by the API and by hooks; one is treated, the worker leaking."""
    await _come(run)
    await _a_bug(run, monkeypatch)
    adult = _life(run, "adult", of("chart number"))
    starts = adult.when(3, "10:00").isoformat()
    adult.decide(0, "11:00", "call_logged", "called", call_id=of("call"), outcome="voicemail")
    adult.event(
        0, "11:30", "appointment_booked", "booked",
        appointment_id=of("appointment"), starts_at=starts,
    )  # fmt: skip
    at = adult.event(
        3, "11:00", "evaluation_completed", "evaluated", day=str(adult.when(3, "11:00").date())
    )
    adult.planned(3, "16:30", _ours(clinical.plan(OURS, at)))
    await run.live(adult)
    await _refusals(run)


async def _come(run: Run) -> None:
    new = {
        "external": {"assigner": cast.EMR, "value": of("chart number")},
        "clinic": cast.CLINIC,
        "patient": PATIENT,
        "source": OFFICE,
        "certifier": CERTIFIER,
        "recipients": [COPY_TO],
        "payers": ["commercial"],
        "reason": of("why sent"),
    }
    told = await run.post(
        "/api/v1/referrals",
        new,
        **{
            "idempotency-key": of("idempotency key"),
            "user-agent": of("program"),
            "x-request-id": of("request id"),
        },
    )
    assert told.status_code == 202, told.text
    await run.stage.app.state.dispatcher.settled()
    status = await run.stage.http.get(httpx.URL(told.json()["status_url"]).path, headers=TOKEN)
    run.stage.referral_ids["adult"] = status.json()["referral_id"]
    now = run.stage.skipper.now.isoformat()
    minor = {"patient": MINOR, "source": OFFICE, "reason": of("why sent")}
    friend = {"patient": {**PATIENT, "given_name": "Somebody"}, "source": FRIEND}
    for number, data in enumerate((minor, friend)):
        event = {"type": "referral_received", "at": now, "data": data}
        event_id = of("event id") if number == 0 else None
        assert await run.hook(event, event_id, **{"user-agent": of("program")}) == 202
    await run.stage.settle()


async def _a_bug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Applying an event fails with its body in the text; the chore tries again."""

    def broken(self: Apply, row_id: str, now: datetime) -> None:
        with self._store.read() as session:
            raise ValueError(session.get_one(InboxRow, row_id).body)

    with monkeypatch.context() as once:
        once.setattr(Apply, "apply", broken)
        unmatched = {
            "type": "visit_completed",
            "at": run.stage.skipper.now.isoformat(),
            "referral": {"external": {"assigner": cast.EMR, "value": of("unknown referral")}},
            "data": {"visit_id": "V-1", "day": str(run.stage.skipper.now.date())},
        }
        assert await run.hook(unmatched) == 202
    await run.stage.advance(run.stage.skipper.now + timedelta(minutes=5))
    await run.stage.chores.do("inbox")


async def _refusals(run: Run) -> None:
    """Everything a door may refuse, with somebody's facts in every place of a request."""
    http, now = run.stage.http, run.stage.skipper.now.isoformat()
    referral = {"patient": PATIENT, "source": OFFICE}
    seen = {
        await run.hook(f'{{"type": "{of("in a body that is no JSON")}'.encode()),
        await run.hook({"type": of("type of event"), "at": now, "data": referral}),
        await run.hook(
            {
                "type": "referral_received",
                "at": now,
                "data": {"patient": {**PATIENT, "born": of("in an impossible event")}},
            }
        ),
        await run.hook(
            {
                "type": "referral_received",
                "at": now,
                "data": {**referral, "clinic": "nowhere", of("name of a field"): of("family name")},
            }
        ),
        await run.hook(
            {
                "type": "visit_completed",
                "at": now,
                "referral": {"id": run.stage.referral_ids["adult"]},
                "data": {of("name of a field"): 1, "day": "2027-13-45"},
            }
        ),
        await run.hook({"type": "referral_received", "at": now, "data": {}}, of("event id")),
        await run.hook(
            {**_plan_event(run), "document": {"pdf": base64.b64encode(_pdf()[:700]).decode()}}
        ),
    }
    assert seen <= {400, 409}, seen
    decisions = f"/api/v1/referrals/{run.stage.referral_ids['adult']}/decisions"
    base = {"kind": "call_logged", "by": cast.STAFF, "call_id": "C-1", "outcome": "reached"}
    for wrong in (
        {**base, "kind": of("in a decision")},
        {**base, "by": of("in a decision")},
        {**base, "outcome": of("in a decision")},
        {**base, of("name of a decision's field"): of("in a decision")},
        {"kind": "task_completed", "by": cast.STAFF, "task": of("task")},
        {"kind": "referral_closed", "by": cast.STAFF, "reason": "unable_to_reach"},
    ):
        assert 400 <= (await run.post(decisions, wrong)).status_code < 500, wrong
    place, asked = of("in an address"), of("in a query")
    token = {"authorization": f"Bearer {of('token')}"}
    for path in (
        f"/patients/{place}?name={asked}",
        f"/hooks/{place}/events/{place}",
        f"/api/v1/referrals/{place}?q={asked}",
    ):
        await http.get(path, headers=TOKEN)
        await http.get(path, headers=token)
        await http.request(place[:8].upper(), path)
    await http.post(f"/hooks/{place}/events", content=json.dumps(referral), headers=token)
    assert len(run.answers) > 15


async def _end(run: Run) -> None:
    """Care goes on with a worker that writes text; the PDF, the files, the broken messages."""
    signed = _plan_event(run)
    returned = {**signed, "type": "plan_of_care_returned", "data": {}}
    assert (
        await run.hook({**returned, "document": {"pdf": base64.b64encode(_pdf()).decode()}}) == 202
    )
    adult = _life(run, "adult", of("chart number"))
    monday = adult.opening
    adult.visits([7, 9, 11])
    day = adult.when(11, "17:00")
    adult.event(
        11, "17:00", "progress_report_signed", "report",
        _ours(clinical.report(OURS, monday, day.date(), day, 4)),
        report_id="R-1", day=str(day.date()),
    )  # fmt: skip
    adult.event(14, "16:00", "discharged", "discharged", reason="goals_met", planned=True)
    signed_at = adult.when(15, "12:00")
    summary = clinical.summary(OURS, monday, adult.when(14, "9:00").date(), signed_at, 4)
    adult.event(15, "12:00", "discharge_summary_signed", "summary", _ours(summary))
    await run.live(adult)
    for day in (17, 40, 64):  # until the sources have gone quiet
        await run.stage.advance(adult.when(day, "12:00"))
        await run.stage.sweep()
    await _undecodable(run)
    _files(run)


async def _undecodable(run: Run) -> None:
    """A signal and an update nobody can read, straight at the workflow."""
    handle = run.client.get_workflow_handle(
        referral_workflow_id(cast.ORG, run.stage.referral_ids["adult"])
    )
    strange = {"at": of("workflow's reason"), "kind": of("workflow's reason")}
    with contextlib.suppress(RPCError):  # its story may have ended
        await handle.signal("visit_completed", strange)
    try:
        await handle.execute_update("decide", strange, rpc_timeout=timedelta(seconds=10))
    except (WorkflowUpdateFailedError, RPCError) as error:
        run.said += [str(error), str(error.__cause__)]


def _files(run: Run) -> None:
    """Referrals in a file whose very name tells, and what the command line shows of them."""
    head = (
        "patient_given_name,patient_family_name,patient_born,patient_phone,source_name,source_kind"
    )
    name = f"{of('name in a file')},{of('family name')}"
    good = (
        f"{head}\n{name},{of('birth date')},{of('number in a file')},{of('physician')},provider\n"
    )
    bad = f"{head}\n{name},{of('family name')},{of('family name')},{of('physician')},provider\n"
    run.cli("refer", file=good.encode(), name=f"{of('file name')} referrals.csv")
    run.cli("refer", file=bad.encode(), name=f"{of('file name')} again.csv")
    run.cli("refer", file=b"\xff" + name.encode(), name=f"{of('file name')} broken.json")
    run.cli("show", f"{cast.EMR}:{of('chart number')}")
    run.cli("explain", run.stage.referral_ids["adult"])
    run.cli("show", of("family name"))


def _plan_event(run: Run) -> dict[str, Any]:
    return {
        "type": "plan_of_care_signed",
        "at": run.stage.skipper.now.isoformat(),
        "referral": {"id": run.stage.referral_ids["adult"]},
        "data": {"by": "therapist", "version": 2},
    }


def _pdf() -> bytes:
    """One page, its words readable in its bytes."""
    out = io.BytesIO()
    canvas = Canvas(out, pageCompression=0)
    canvas.setTitle(of("title of a PDF"))
    canvas.setAuthor(of("certifier"))
    canvas.drawString(72, 700, of("inside a PDF"))
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def _ours(fields: dict[str, Any]) -> dict[str, Any]:
    """A document's fields with our words wherever a clinician writes."""
    changed = {
        "therapist": of("therapist"),
        "licence": of("licence"),
        "name": of("therapist"),
        "treatment_type": of("treatment"),
        "treatment_given": of("treatment"),
        "verdict": of("verdict"),
        "assessment": of("assessment"),
        "patient_status": of("status"),
        "home_program": of("home programme"),
    }
    return {
        key: _ours(value) if isinstance(value, dict) else changed.get(key, value)
        for key, value in fields.items()
    }
