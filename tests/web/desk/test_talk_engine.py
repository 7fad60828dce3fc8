"""A person's text on the real engine: the page, the workflow, the outbox, and a night between."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select
from temporalio.client import Client, WorkflowExecutionStatus

from demo.stage import Stage
from models.ids import referral_workflow_id
from models.kinds import Kind
from store.tables import DeliveryRow, MessageRow
from tests.scenarios.kit.cases import scenario
from tests.scenarios.kit.scene import House
from tests.web.desk.conftest import Browser

pytestmark = pytest.mark.engine
NEW_YORK = ZoneInfo("America/New_York")
FIRST, SECOND, LAST = "See you Thursday, Zebulon", "Never mind", "Thank you for coming"


def sent(stage: Stage) -> list[str]:
    """The words of every text of a person that a vendor took, each as often as it was taken."""
    with stage.store.read() as session:
        rows = session.exec(
            select(DeliveryRow)
            .join(MessageRow, col(MessageRow.id) == col(DeliveryRow.subject_id))
            .where(MessageRow.kind == Kind.DESK_TEXT)
        )
        return [str((row.payload or {})["body"]) for row in rows for _ in range(row.acceptances)]


async def write(browser: Browser, where: str, words: str, times: int = 1, **more: str) -> str:
    """Write on the page of a talk; where it leads."""
    page = (await browser.get(where)).text
    nonce = re.search(r'name="nonce" value="(\w+)"', page)
    assert nonce, page
    for _ in range(times):
        answer = await browser.post(f"{where}/write", nonce=nonce[1], words=words, **more)
        assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_a_text_waits_for_the_morning_goes_out_once_and_reaches_who_is_closed(
    client: Client, tmp_path: Path
) -> None:
    case = scenario("stop_then_start").told(datetime.now(UTC).date())
    received = case.script()[0]
    async with House(client, tmp_path).stage(case, f"talk-{uuid.uuid4().hex[:8]}") as stage:
        await stage.happen(received)
        (referral_id,) = stage.referral_ids.values()
        day = received.at.astimezone(NEW_YORK).date()
        night = datetime.combine(day, time(21, 30), NEW_YORK)
        await stage.advance(night)
        browser = Browser(stage.http)
        assert (await browser.sign_in("dana@example.org")).status_code == 303
        talk = (await browser.get(f"/conversations/of/{referral_id}")).headers["location"]

        # Two texts at night, one pressed three times, one thought better of.
        assert "said=held" in await write(browser, talk, FIRST, times=3)
        assert "said=held" in await write(browser, talk, SECOND)
        await stage.settle()
        page = (await browser.get(talk)).text
        assert page.count("outside texting hours</span>") == 2
        second = page[page.index(SECOND) :]
        message = re.search(r'name="message" value="(desk_text:patient:\w+)"', second)
        assert message
        fields = {"referral": referral_id, "message": message[1]}
        assert (await browser.post(f"{talk}/stop", **fields)).status_code == 303
        await stage.settle()
        assert sent(stage) == []
        await stage.advance(night + timedelta(hours=14))
        assert sent(stage) == [FIRST]

        # Closed: the text begins a run of its own, which ends with it.
        closing = {"kind": "referral_closed", "by": "lee", "reason": "withdrawn"}
        door = f"/api/v1/referrals/{referral_id}/decisions"
        closed = await stage.http.post(door, json=closing, headers=stage.token)
        assert closed.status_code == 200, closed.text
        await stage.settle()
        handle = client.get_workflow_handle(referral_workflow_id(stage.org, referral_id))
        assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED
        await browser.sign_in("dana@example.org")
        await write(browser, talk, LAST, times=2)
        await stage.settle()
        await stage.advance(night + timedelta(hours=38))
        assert sorted(sent(stage)) == sorted([FIRST, LAST])
        assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED


async def test_a_text_for_another_time_goes_out_then_and_not_before(
    client: Client, tmp_path: Path
) -> None:
    case = scenario("stop_then_start").told(datetime.now(UTC).date())
    received = case.script()[0]
    async with House(client, tmp_path).stage(case, f"then-{uuid.uuid4().hex[:8]}") as stage:
        await stage.happen(received)
        (referral_id,) = stage.referral_ids.values()
        night = datetime.combine(received.at.astimezone(NEW_YORK), time(21, 30), NEW_YORK)
        await stage.advance(night)
        browser = Browser(stage.http)
        assert (await browser.sign_in("dana@example.org")).status_code == 303
        talk = (await browser.get(f"/conversations/of/{referral_id}")).headers["location"]
        then = {"then": "1", "day": f"{night + timedelta(days=1):%Y-%m-%d}", "time": "13:00"}
        assert "said=chosen" in await write(browser, talk, FIRST, **then)
        await stage.settle()
        page = (await browser.get(talk)).text
        assert "waits for the time that was chosen" in page
        assert "1:00 PM" in page
        await stage.advance(night + timedelta(hours=14))
        assert sent(stage) == []
        await stage.advance(night + timedelta(hours=16))
        assert sent(stage) == [FIRST]
