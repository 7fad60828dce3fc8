"""Moving a card through the real engine: refused with its reason, taken, and undone."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client

from demo.cast import OKAFOR, patient
from models.facts import ReferralClosed
from models.ids import referral_workflow_id
from store.record import Record
from tests.lives import monday
from tests.scenarios.kit.case import Case
from tests.scenarios.kit.scene import House
from tests.web.desk.conftest import Browser

pytestmark = pytest.mark.engine

BEA = patient(74, "Bea", "Sample", "1971-08-09")


async def moved(desk: Browser, ref: str, **fields: str) -> httpx.Response:
    """A move of the card as it is now."""
    shown = await desk.get(f"/referrals/{ref}/move")
    found = re.search(r'name="seen" value="([^"]*)"', shown.text)
    assert found, shown.text
    return await desk.post(f"/referrals/{ref}/move", seen=found[1], **fields)


@pytest.mark.timeout(180)
async def test_a_move_is_an_update_of_the_workflow(client: Client, tmp_path: Path) -> None:
    case = Case("board", monday().date())
    bea = case.referral("bea")
    bea.received(0, "09:30", BEA, OKAFOR, payers=["commercial"])
    (received,) = case.script()
    async with House(client, tmp_path).stage(case, "board-e2e") as stage:
        await stage.advance(received.at)
        await stage.happen(received)
        await stage.advance(bea.when(0, "12:00"))  # the call of the first day is on the board
        await stage.settle()
        record, ref = Record(stage.store), stage.referral_ids["bea"]
        desk = Browser(stage.http)
        assert (await desk.sign_in("dana@example.org")).status_code == 303
        assert "Call the patient" in (await desk.get("/board")).text

        # nobody is given up while a call is owed; the workflow says so, and nothing is left of it
        refused = await moved(desk, ref, move="closed", reason="unable_to_reach")
        assert refused.status_code == 409
        assert "A call is still open, make or dismiss it first" in refused.text
        assert record.card(stage.org, ref).stage == "contacting"
        assert not record.referral(stage.org, ref).all(ReferralClosed)
        handle = client.get_workflow_handle(referral_workflow_id(stage.org, ref))
        history = await handle.fetch_history()
        kinds = [one.WhichOneof("attributes") or "" for one in history.events]
        assert not [one for one in kinds if "update_accepted" in one]

        # their own word is taken, and the card is where it says
        done = await moved(desk, ref, move="closed", reason="declined_by_patient")
        assert done.status_code == 303, done.text
        await stage.settle()
        closed = record.referral(stage.org, ref).last(ReferralClosed)
        assert closed is not None
        assert closed.by == "dana"
        assert record.card(stage.org, ref).stage == "closed"
