"""The queue of tasks as somebody at the desk works it, without scripts and with them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from models.facts import BookingRequested
from models.tasks import TaskKind, task_key
from store import queue, tasks
from store.slots import SlotRow, SlotState
from store.tables import TaskRow, TaskState
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.working import a_call, a_task, decided_in_record, task_of

HTMX = {"hx-request": "true"}


@pytest.fixture
async def lia(site: Site) -> AsyncIterator[Browser]:
    """The liaison: no names, and only what liaisons are asked."""
    async with httpx.AsyncClient(base_url=site.url, timeout=20, trust_env=False) as http:
        other = Browser(http)
        assert (await other.sign_in("lia@example.org")).status_code == 303
        yield other


def row(site: Site, task_id: str) -> TaskRow:
    with site.door.store.read() as session:
        return tasks.get(session, ORG, task_id)


def section(page: str, name: str) -> str:
    """What stands under one heading of the queue."""
    found = re.search(rf'<section aria-labelledby="group-{name}">.*?</section>', page, re.DOTALL)
    return found[0] if found else ""


async def test_a_task_is_taken_handed_over_put_back_and_done(site: Site, dana: Browser) -> None:
    task_id = a_task(site)
    shown = await dana.get("/tasks")
    assert task_id in section(shown.text, "free")
    took = await dana.post(f"/tasks/{task_id}/take")
    assert (took.status_code, took.headers["location"].split("said=")[1]) == (303, "take")
    page = (await dana.get(took.headers["location"])).text
    assert "It is yours now." in page
    assert "yours until" in section(page, "mine")
    handed = await dana.post(f"/tasks/{task_id}/hand-over", to="lee")
    assert handed.status_code == 303
    page = (await dana.get("/tasks")).text
    assert "Lee Placeholder has it" in section(page, "colleagues")
    late = await dana.post(f"/tasks/{task_id}/take")
    assert late.status_code == 409
    assert "lee has this task" in late.text
    assert (await dana.post(f"/tasks/{task_id}/return")).status_code == 303
    assert (await dana.post(f"/tasks/{task_id}/done")).status_code == 303
    assert row(site, task_id).state == TaskState.DONE
    again = await dana.post(f"/tasks/{task_id}/done")
    assert again.status_code == 400
    assert "done this already" in again.text


async def test_a_referrals_task_changes_by_a_decision(site: Site, dana: Browser) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer()
    task_id = a_call(site, referral_id)
    page = (await dana.get("/tasks")).text
    assert "Jordan Sample" in section(page, "free")
    answer = await dana.http.post(f"/tasks/{task_id}/take", data={"csrf": dana.csrf}, headers=HTMX)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<p id="said" hx-swap-oob="innerHTML">It is yours')
    assert "data-focus" in section(answer.text, "mine")
    assert row(site, task_id).owner == "dana"


async def test_what_is_admitted_only_is_said_to_be_on_its_way(site: Site, dana: Browser) -> None:
    referral_id = await site.door.refer()
    task_id = a_call(site, referral_id)
    await dana.get("/tasks")
    took = await dana.post(f"/tasks/{task_id}/take")  # the stand-in takes it, and writes nothing
    assert took.headers["location"].endswith("said=later")


async def test_overdue_and_raised_is_said_in_words(site: Site, dana: Browser) -> None:
    task_id = a_task(site)
    with site.door.store.write() as session:
        tasks.raise_to(session, ORG, task_id, tasks.Role.LEAD)
    site.door.now += timedelta(minutes=40)
    page = (await dana.get("/tasks")).text
    assert "Overdue: 40 min late" in page
    assert "the desk lead has it as well" in page


async def test_a_practices_questions_are_answered_alone_or_together(
    site: Site, dana: Browser
) -> None:
    decided_in_record(site)
    first = await site.door.refer(external="R-1")
    second = await site.door.refer(external="R-2", patient={"given_name": "Robin"})
    for referral_id in (first, second):
        task_of(site, referral_id, TaskKind.UNDELIVERABLE, "plan_of_care:certifier:1")
    page = (await dana.get("/tasks")).text
    assert "2 questions for this call" in page
    with site.door.store.read() as session:
        (whole,) = (one for one in tasks.open_tasks(session, ORG) if one.kind == "call_practice")
        parts = queue.parts(session, ORG, ["east"], [whole.id])[whole.id]
    alone, other = (part.task.id for part in parts)
    assert (await dana.post(f"/tasks/{alone}/done")).status_code == 303
    assert (row(site, alone).state, row(site, whole.id).state) == ("done", "open")
    assert (await dana.post(f"/tasks/{whole.id}/done", part=other)).status_code == 303
    assert (row(site, other).state, row(site, whole.id).state) == ("done", "done")


async def test_another_clinics_tasks_are_neither_shown_nor_done(
    site: Site, dana: Browser, wes: Browser
) -> None:
    referral_id = await site.door.refer()
    task_id = a_call(site, referral_id)
    assert task_id not in (await wes.get("/tasks?role=all&clinic=east")).text
    for act in ("take", "done", "dismiss", "return", "hand-over", "approve"):
        assert (await wes.post(f"/tasks/{task_id}/{act}", to="wes")).status_code == 404
    assert row(site, task_id).owner is None


async def test_a_liaison_sees_what_liaisons_are_asked_and_no_names(
    site: Site, lia: Browser
) -> None:
    referral_id = await site.door.refer()
    a_call(site, referral_id)
    theirs = task_of(site, referral_id, TaskKind.AFTER_CLOSING, "1", role="liaison")
    page = (await lia.get("/tasks?role=front_desk")).text
    assert "Call the patient" not in page
    assert theirs in page
    assert "J. S." in page
    assert "Jordan" not in page


async def test_an_act_nobody_knows_is_not_done(site: Site, dana: Browser) -> None:
    task_id = a_task(site)
    await dana.get("/tasks")
    assert (await dana.post(f"/tasks/{task_id}/dance")).status_code == 404
    assert (await dana.post("/tasks/tsk_none/take")).status_code == 404
    assert (await dana.post(f"/tasks/{task_id}/take", csrf="0" * 32)).status_code == 403
    nobody = await dana.post(f"/tasks/{task_id}/hand-over")
    assert (nobody.status_code, "Say to whom" in nobody.text) == (400, True)
    assert row(site, task_id).owner is None


async def test_how_fast_tasks_are_done_says_when_they_are_too_few(
    site: Site, dana: Browser
) -> None:
    decided_in_record(site)
    for number in range(5):
        task_id = a_task(site, str(number))
        site.door.now += timedelta(hours=2)
        with site.door.store.write() as session:
            at = site.door.now
            tasks.take(session, ORG, task_id, by="dana", at=at, until=at + timedelta(hours=1))
            tasks.complete(session, ORG, task_id, by="dana", at=at + timedelta(hours=1))
    referral_id = await site.door.refer()
    called = a_call(site, referral_id)
    await dana.sign_in("dana@example.org")  # the session has not lived that long
    await dana.get("/tasks")
    await dana.post(f"/tasks/{called}/take")
    site.door.now += timedelta(minutes=30)
    await dana.post(f"/tasks/{called}/done")
    with site.door.store.read() as session:
        told = queue.handoffs(session, ORG, ["east"], site.door.now - timedelta(days=30))
    assert {one.kind for one in told} == {"unmatched_event", "call_patient"}
    assert all(one.taken_at is not None for one in told)
    page = (await dana.get("/tasks/times")).text
    assert "2 h" in page
    assert "3 h" in page
    assert "too few to say (1 of 5)" in page
    assert task_key(TaskKind.CALL_PATIENT, "1") not in page


async def test_what_a_patient_asked_for_says_which_time(site: Site, dana: Browser) -> None:
    referral_id, at = await site.door.refer(), site.door.now
    starts = datetime(2026, 1, 12, 14, 30, tzinfo=UTC)
    asked = {"at": at, "as_of": at, "request_id": "req_1", "starts_at": starts}
    site.door.write(referral_id, BookingRequested.model_validate(asked))
    task_of(site, referral_id, TaskKind.BOOK_REQUEST, "req_1")
    listed = section((await dana.get("/tasks")).text, "free")
    assert "The patient asked for a time" in listed
    assert "Mon, Jan 12, 9:30 AM" not in listed
    with site.door.store.write() as session:
        row = SlotRow(
            id="slt_1", org=ORG, clinic_id="east", starts_at=starts, minutes=60, source="desk",
            external="1", state=SlotState.HELD, referral_id=referral_id, request_id="req_1",
            recorded_at=at,
        )  # fmt: skip
        session.add(row)
    listed = section((await dana.get("/tasks")).text, "free")
    assert "<strong>Mon, Jan 12, 9:30 AM</strong>" in listed
    assert "Mon, Jan 12, 9:30 AM" in (await dana.get(f"/referrals/{referral_id}")).text
