"""Sources that are patients: no name, no gift, and numbers that are their own."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlmodel import select

from store import audit, merges
from store.tables import (
    AuditRow,
    GiftRow,
    ReferralRow,
)
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.book import give_freely, row
from tests.web.desk.conftest import Browser
from tests.web.desk.sending import close


async def test_a_source_that_is_a_patient_has_no_name_here(site: Site, lia: Browser) -> None:
    told = {"kind": "past_patient", "name": "Robin Former", "npi": None, "email": "r@example.org"}
    referral = await site.door.refer(source=told)
    with site.door.store.read() as session:
        source_id = session.get_one(ReferralRow, referral).source_id
    listed = await lia.get("/sources?kind=past_patient")
    assert f"/sources/{source_id}" in listed.text
    pages = [listed, await lia.get(f"/sources/{source_id}"), await lia.get("/sources")]
    pages.append(await lia.get(f"/sources/{source_id}/log"))
    pages.append(await lia.post("/sources/search", search="robin"))
    assert all("Robin" not in one.text for one in pages[:4])
    assert source_id not in pages[4].text
    for text in ("robin", "nobody"):  # what was typed decides nothing for who sees no names
        found = await lia.post("/sources/search", search=text, kind="past_patient")
        assert (source_id in found.text, "Robin" in found.text) == (True, False)
    await lia.sign_in("drew@example.org")
    listed = await lia.get("/sources?kind=past_patient")
    assert '<input type="hidden" name="kind" value="past_patient">' in listed.text
    for text, there in (("robin", True), ("nobody", False)):
        found = await lia.post("/sources/search", search=text, kind="past_patient")
        assert (source_id in found.text) is there
    other = {**told, "name": "Robyn Former", "email": "r2@example.org"}
    second = await site.door.refer(source=other, external="P-2")
    found = await lia.post(f"/sources/{source_id}/other", search="former")
    assert "Robyn Former" in found.text  # a patient may be one with a patient
    assert "Robin Former" in (await lia.get(f"/sources/{source_id}")).text
    with site.door.store.read() as session:
        seen = select(AuditRow).where(AuditRow.subject == source_id, AuditRow.what == "viewed")
        assert [one.who for one in session.exec(seen)] == ["drew", "drew"]
        second_id = session.get_one(ReferralRow, second).source_id
    await lia.post(f"/sources/{source_id}/other", into=second_id)
    with site.door.store.read() as session:  # the list, two searches of it, one of the merge
        assert len(audit.about(session, ORG, "sources:patients")) == 4
        assert [one.who for one in audit.about(session, ORG, second_id)] == ["drew"]


async def test_patients_that_are_one_source_have_no_name_here(site: Site, lia: Browser) -> None:
    told = {"kind": "past_patient", "npi": None, "credential": None}
    both = []
    for number, name in enumerate(("Robin Former", "Robyn Former")):
        source = {**told, "name": name, "email": f"r{number}@example.org"}
        referral = await site.door.refer(source=source, external=f"P-{number}")
        with site.door.store.read() as session:
            both.append(session.get_one(ReferralRow, referral).source_id)
    gone, into = both
    assert gone != into
    await lia.get(f"/sources/{gone}")
    asked = await lia.post(f"/sources/{gone}/other", into=into)
    assert (await lia.post(f"/sources/{gone}/other", search="former")).status_code == 404
    assert (await lia.post(f"/sources/{gone}/merge", into=into)).status_code == 404
    with site.door.store.write() as session:
        merges.merge(session, ORG, gone, into, by="drew", at=site.door.now)
    close(site)
    await lia.sign_in("lia@example.org")
    pages = [asked]
    for one in both:
        for place in ("", "/log", "/scorecard"):
            pages.append(await lia.get(f"/sources/{one}{place}"))
            assert pages[-1].status_code == 200
    shown = [(str(one.url), one.text.partition("Former")) for one in pages if "Former" in one.text]
    assert [(url, before[-200:]) for url, (before, _, _) in shown] == []
    for kind in ("pdf", "html"):
        letter = await lia.get(f"/sources/{into}/scorecard/letter.{kind}")
        assert letter.status_code == 409


@pytest.mark.parametrize("kind", ["past_patient", "self"])
async def test_a_patients_own_numbers_are_not_the_books_to_change(
    site: Site, lia: Browser, kind: str
) -> None:
    told = {"kind": kind, "name": "Robin Former", "npi": None, "email": "r@example.org"}
    referral = await site.door.refer(source=told)
    with site.door.store.read() as session:
        source_id = session.get_one(ReferralRow, referral).source_id
    page = await lia.get(f"/sources/{source_id}")
    assert 'name="email"' not in page.text
    assert (await lia.post(f"/sources/{source_id}/prefer", prefers="email")).status_code == 303
    kept = row(site, source_id)
    assert (kept.prefers, kept.email) == ("email", "r@example.org")


async def test_a_patient_is_given_nothing_for_sending_a_friend(site: Site, lia: Browser) -> None:
    give_freely(site, {2026: Decimal(535)})
    told = {"kind": "past_patient", "name": "Robin Former", "npi": None, "email": "r@example.org"}
    referral = await site.door.refer(source=told)
    with site.door.store.read() as session:
        source_id = session.get_one(ReferralRow, referral).source_id
    page = await lia.get(f"/sources/{source_id}")
    assert page.status_code == 200
    assert "Gifts" not in page.text
    assert "Robin" not in page.text
    gift = {"on": "2026-01-05", "value": "5", "what": "Coffee"}
    refused = await lia.post(f"/sources/{source_id}/gift", **gift)
    assert refused.status_code == 409
    with site.door.store.read() as session:
        assert session.exec(select(GiftRow)).all() == []
