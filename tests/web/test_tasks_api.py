"""Tasks and calls over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from models.tasks import TaskKind
from store import tasks
from tests.doors import ORG, event
from tests.web.conftest import TOKEN, Site

TASKS = "/api/v1/tasks"


def a_task(site: Site, occasion: str = "1") -> str:
    with site.door.store.write() as session:
        at, kind = site.door.now, TaskKind.UNMATCHED_EVENT
        return tasks.open_for_org(session, ORG, kind, occasion, due=at, at=at).id


async def post(site: Site, path: str, **body: Any) -> Any:
    return await site.http.post(path, json=body, headers=TOKEN)


async def test_a_task_is_listed_taken_and_refused_to_the_next(site: Site) -> None:
    task_id = a_task(site)
    (shown,) = (await site.http.get(TASKS, params={"for": "dana"}, headers=TOKEN)).json()
    assert (shown["id"], shown["kind"], shown["owner"]) == (task_id, "unmatched_event", None)
    took = await post(site, f"{TASKS}/{task_id}/take", by="dana")
    assert (took.status_code, took.json()["owner"]) == (200, "dana")
    late = await post(site, f"{TASKS}/{task_id}/take", by="wes")
    assert (late.status_code, late.json()["code"]) == (409, "taken")
    assert late.json()["message"].startswith("dana has this task")
    handed = await post(site, f"{TASKS}/{task_id}/hand-over", by="dana", to="wes")
    assert handed.json()["owner"] == "wes"
    done = await post(site, f"{TASKS}/{task_id}/done", by="wes")
    assert done.json()["state"] == "done"
    assert (await site.http.get(TASKS, headers=TOKEN)).json() == []


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("{task}/take", {"by": "nobody"}, 400, "unknown_staff"),
        ("{task}/hand-over", {"by": "dana"}, 400, "unknown_staff"),
        ("{task}/dance", {"by": "dana"}, 422, "invalid_request"),
        ("{task}/take", {}, 422, "invalid_request"),
        ("{task}/done", {"by": "dana", "parts": "all"}, 422, "invalid_request"),
        ("tsk_none/take", {"by": "dana"}, 404, "not_found"),
    ],
)
async def test_what_cannot_be_done_says_why(
    site: Site, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await post(site, f"{TASKS}/{path.format(task=a_task(site))}", **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_without_a_token_no_task_is_shown_or_taken(site: Site) -> None:
    task_id = a_task(site)
    for answer in (
        await site.http.get(TASKS),
        await site.http.post(f"{TASKS}/{task_id}/take", json={"by": "dana"}),
        await site.http.post("/api/v1/referrals/ref_1/call", json={"by": "dana"}),
    ):
        assert answer.status_code == 401


async def test_a_number_is_called_by_one_at_a_time(site: Site) -> None:
    referral_id = await site.door.refer()
    path = f"/api/v1/referrals/{referral_id}/call"
    lock = await post(site, path, by="dana")
    assert (lock.status_code, lock.json()["by"]) == (200, "dana")
    busy = await post(site, path, by="lee")
    assert (busy.status_code, busy.json()["code"]) == (409, "number_locked")
    assert "555" not in busy.text


async def test_a_person_says_what_an_event_is_about(site: Site) -> None:
    referral_id = await site.door.refer()
    other = {"external": {"assigner": "other-emr", "value": "77"}}
    lost = await site.applied(event("appointment_booked", referral=other), "e-9")
    assert lost["status"] == "waiting"
    path = f"/api/v1/referrals/{referral_id}/decisions"
    answer = await post(site, path, kind="match_chosen", by="dana", event_id=lost["id"])
    assert (answer.status_code, answer.json()["state"]) == (200, "done")
    status = await site.http.get(f"/hooks/{ORG}/events/{lost['id']}", headers=TOKEN)
    assert (status.json()["status"], status.json()["referral_id"]) == ("applied", referral_id)
    again = await post(site, path, kind="match_chosen", by="dana", event_id="evt_none")
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
