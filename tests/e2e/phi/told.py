"""What hooks, the API and files tell: forty facts, refusals, a life from request to silence."""

from __future__ import annotations

import base64
import contextlib
import io
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from reportlab.pdfgen.canvas import Canvas
from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError

from activities.apply import Apply
from demo import cast, clinical
from demo.life import ZONE, Life
from models.ids import referral_workflow_id
from store.tables import InboxRow
from tests.e2e.phi.people import (
    CERTIFIER,
    COPY_TO,
    FRIEND,
    MINOR,
    OFFICE,
    OURS,
    PATIENT,
    of,
)
from tests.e2e.phi.run import TOKEN, Run


def life(run: Run, name: str) -> Life:
    """The script of somebody whose referral came, from this week on."""
    opening = run.stage.skipper.now.astimezone(ZONE).date()
    return Life(name, name, "", of("chart number"), opening - timedelta(days=opening.weekday()))


async def first_week(run: Run, adult: Life) -> None:
    """Called, booked, evaluated, and the plan signed."""
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


async def come(run: Run) -> None:
    """Three referrals, by the API and by hooks."""
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


async def a_bug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
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


async def refusals(run: Run) -> None:
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


async def care(run: Run, adult: Life) -> None:
    """A plan that came back as a PDF, visits, a report, the discharge and its summary."""
    signed = _plan_event(run)
    returned = {**signed, "type": "plan_of_care_returned", "data": {}}
    assert (
        await run.hook({**returned, "document": {"pdf": base64.b64encode(_pdf()).decode()}}) == 202
    )
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


async def undecodable(run: Run) -> None:
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


def files(run: Run) -> None:
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
