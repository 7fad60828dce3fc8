"""How a patient heard of us, asked where a person has the patient or the page before them."""

from __future__ import annotations

import re

import pytest
from sqlmodel import select

from models.fax import PartState
from store import faxes
from store.tables import LedgerRow, ReferralRow
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.faxing import faxed
from tests.web.desk.working import decided_in_record


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


FORM = (
    "PHYSICAL THERAPY REFERRAL\nPatient Name: Ann Example\nDate of Birth: 02/03/1970\n"
    "Phone: 518-555-0150\nReferring Provider: Ana Ruiz, MD"
)
TOLD = {
    "patient.given_name": "Ann",
    "patient.family_name": "Example",
    "patient.born": "1970-02-03",
    "patient.phone": "518-555-0150",
    "source.name": "Ana Ruiz",
}


@pytest.mark.parametrize(
    ("text", "state"), [(FORM, PartState.LEAD), (FORM.partition("Date")[0], PartState.OPEN)]
)
async def test_how_a_patient_heard_of_us_is_asked_with_the_fax(
    site: Site, dana: Browser, text: str, state: PartState
) -> None:
    decided_in_record(site)
    fax_id, part_id = await faxed(site, text)
    page = await dana.get(f"/faxes/{fax_id}")
    assert f'id="{part_id}-heard"' in page.text
    with site.door.store.read() as session:
        part = faxes.part(session, ORG, part_id, lock=False)
    assert part.state == state  # a machine has made a referral of it, or left that to a person
    confirm = f"/faxes/{fax_id}/parts/{part_id}/confirm"
    told = {**TOLD, "version": str(part.version), "heard": "friend"}
    wrong = await dana.post(confirm, **told, campaign="Knee Week!")
    assert wrong.status_code == 400
    assert '<option value="friend" selected>' in wrong.text  # what was typed stays
    done = await dana.post(confirm, **told, campaign="knee-week")
    assert done.status_code == 303, done.text
    await site.settled()
    with site.door.store.read() as session:
        (kept,) = session.exec(select(ReferralRow)).all()
        (line,) = session.exec(select(LedgerRow)).all()
    assert kept.confirmed
    assert (kept.heard, kept.campaign) == (line.heard, line.campaign) == ("friend", "knee-week")
