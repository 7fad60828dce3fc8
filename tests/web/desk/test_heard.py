"""How a patient heard of us, asked where a person has the patient or the page before them."""

from __future__ import annotations

import re

from sqlmodel import select

from store.tables import (
    LedgerRow,
    ReferralRow,
)
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser


async def test_how_a_patient_heard_of_us_is_asked_on_the_referral(
    site: Site, browser: Browser
) -> None:
    referral = await site.door.refer(campaign="knee-week")
    await browser.sign_in("dana@example.org")
    page = await browser.get(f"/referrals/{referral}")
    assert "knee-week" in page.text
    act = f"/referrals/{referral}/act/correct"
    seen = re.findall(r'name="seen" value="([^"]*)"', page.text)[0]
    answer = await browser.post(act, confirmed="1", heard="friend", campaign="", seen=seen)
    assert answer.status_code == 303, answer.text
    await site.settled()
    page = await browser.get(f"/referrals/{referral}")
    assert "A friend or family" in page.text
    with site.door.store.read() as session:
        kept = session.get_one(ReferralRow, referral)
        line = session.exec(select(LedgerRow).where(LedgerRow.referral_id == referral)).one()
    assert (kept.heard, kept.campaign) == (line.heard, line.campaign) == ("friend", None)
    seen = re.findall(r'name="seen" value="([^"]*)"', page.text)[0]
    for wrong in ({"heard": "stars"}, {"campaign": "Knee Week!"}):
        assert (await browser.post(act, confirmed="1", seen=seen, **wrong)).status_code == 400
