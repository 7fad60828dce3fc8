"""One call from its script to what came of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from models.facts import AppointmentBooked, CallLogged, CallWhy
from models.tasks import TaskKind
from store import calls, consent, tasks
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.working import a_call, decided_in_record, task_of

PHONE = "+15185550117"


@pytest.fixture
async def lee(site: Site) -> AsyncIterator[Browser]:
    """The lead, at the same clinic."""
    async with httpx.AsyncClient(base_url=site.url, timeout=20, trust_env=False) as http:
        other = Browser(http)
        assert (await other.sign_in("lee@example.org")).status_code == 303
        yield other


async def opened(site: Site, dana: Browser, task: str = "") -> tuple[str, str]:
    """A referral whose call script stands open; its id and the call's."""
    decided_in_record(site)
    referral_id = await site.door.refer()
    task_id = a_call(site, referral_id) if task == "call" else ""
    where = f"/referrals/{referral_id}/call"
    await dana.get(where)
    began = await dana.post(where, task=task_id)
    assert began.status_code == 303, began.text
    page = (await dana.get(began.headers["location"])).text
    found = re.search(r'name="call_id" value="(\w+)"', page)
    assert found
    assert "518-555-0117" in page
    assert "was born January 4, 1961" in page
    return referral_id, found[1]


def logged(site: Site, referral_id: str) -> list[CallLogged]:
    return site.door.referral(referral_id).calls()


async def test_the_second_sees_who_is_calling(site: Site, dana: Browser, lee: Browser) -> None:
    referral_id, call_id = await opened(site, dana)
    where = f"/referrals/{referral_id}/call"
    page = (await lee.get(where)).text
    assert "Dana Example is calling this number just now" in page
    assert "518-555-0117" not in page
    late = await lee.post(where)
    assert late.status_code == 409
    assert "Dana Example is calling" in late.text
    done = await dana.post(f"{where}/outcome", outcome="no_answer", call_id=call_id)
    assert done.status_code == 303
    assert (await lee.post(where)).status_code == 303


async def test_a_lock_ends_by_itself(site: Site, dana: Browser, lee: Browser) -> None:
    referral_id, _ = await opened(site, dana)
    site.door.now += timedelta(minutes=10)
    await lee.get(f"/referrals/{referral_id}/call")
    assert (await lee.post(f"/referrals/{referral_id}/call")).status_code == 303


@pytest.mark.parametrize("outcome", ["reached", "voicemail", "no_answer"])
async def test_one_click_logs_the_call_and_ends_the_task(
    site: Site, dana: Browser, outcome: str
) -> None:
    referral_id, call_id = await opened(site, dana, "call")
    (task,) = tasks_of(site, referral_id)
    fields = {"outcome": outcome, "call_id": call_id, "task": task.id}
    for _ in range(2):  # pressed twice
        answer = await dana.post(f"/referrals/{referral_id}/call/outcome", **fields)
        assert answer.headers["location"] == "/tasks?said=call"
    assert [one.outcome for one in logged(site, referral_id)] == [outcome]
    assert tasks_of(site, referral_id)[0].state != "open"
    with site.door.store.read() as session:
        assert calls.current(session, ORG, PHONE, site.door.now) is None


async def test_booked_by_phone_is_a_call_and_an_appointment(site: Site, dana: Browser) -> None:
    referral_id, call_id = await opened(site, dana, "call")
    where = f"/referrals/{referral_id}/call/outcome"
    for bad in ({"day": "2026-01-02"}, {"day": "2026-01-02", "time": "09:00"}):
        answer = await dana.post(where, outcome="booked", call_id=call_id, **bad)
        assert answer.status_code == 400
        assert logged(site, referral_id) == []
    for far in ("9999-12-31", "2206-01-08"):
        bad = {"day": far, "time": "23:59"}
        answer = await dana.post(where, outcome="booked", call_id=call_id, **bad)
        assert answer.status_code == 400
    good = {"day": "2026-01-08", "time": "09:30", "outcome": "booked", "call_id": call_id}
    for _ in range(2):
        assert (await dana.post(where, **good)).status_code == 303
    (call,) = logged(site, referral_id)
    (booked,) = site.door.referral(referral_id).all(AppointmentBooked)
    assert (call.outcome, booked.starts_at.isoformat()) == ("reached", "2026-01-08T14:30:00+00:00")


async def test_declined_and_wrong_number_want_a_reason(site: Site, dana: Browser) -> None:
    referral_id, call_id = await opened(site, dana, "call")
    where = f"/referrals/{referral_id}/call/outcome"
    for outcome, field in (("declined", "why_declined"), ("wrong_number", "why_number")):
        for bad in ({}, {field: "whim"}):
            answer = await dana.post(where, outcome=outcome, call_id=call_id, **bad)
            assert (answer.status_code, "Say w" in answer.text) == (400, True)
    await dana.post(where, outcome="declined", call_id=call_id, why_declined="cost")
    assert logged(site, referral_id)[0].why is CallWhy.COST


async def test_a_strangers_number_is_not_texted_any_more(site: Site, dana: Browser) -> None:
    referral_id, call_id = await opened(site, dana, "call")
    where = f"/referrals/{referral_id}/call/outcome"
    await dana.post(where, outcome="wrong_number", call_id=call_id, why_number="stranger")
    with site.door.store.read() as session:
        assert consent.opted_out(session, ORG, PHONE)
    assert (await dana.post(where, outcome="dance", call_id=call_id)).status_code == 400


async def test_a_task_that_wants_more_than_a_call_stays(site: Site, dana: Browser) -> None:
    referral_id, call_id = await opened(site, dana)
    task_id = task_of(site, referral_id, TaskKind.WRONG_NUMBER, "txt-1")
    other = await site.door.refer(external="R-9", patient={"given_name": "Robin"})
    where = f"/referrals/{other}/call"
    assert (await dana.get(f"{where}?task={task_id}")).status_code == 404
    page = (await dana.get(f"/referrals/{referral_id}/call?task={task_id}")).text
    assert call_id not in page  # each page has an id of its own


def tasks_of(site: Site, referral_id: str) -> list[tasks.TaskRow]:
    with site.door.store.read() as session:
        return list(tasks.of_referral(session, referral_id))
