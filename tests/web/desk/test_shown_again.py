"""A form that was refused is shown again: with what was typed, and on record as another look."""

from __future__ import annotations

from store import audit
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.test_calls import opened as call_opened
from tests.web.desk.test_conversations import opened as talk_opened
from tests.web.desk.working import a_hold, decided_in_record


def looks(site: Site, subject: str) -> int:
    with site.door.store.read() as session:
        return len([one for one in audit.about(session, ORG, subject) if one.what == "viewed"])


async def test_every_refused_form_is_another_look(site: Site, dana: Browser) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer()
    a_hold(site, referral_id)
    talk, _ = await talk_opened(site, dana, referral_id)
    own = f"/referrals/{referral_id}"
    forms = (
        (f"{talk}/write", talk.rpartition("/")[2]),
        (f"{own}/call/outcome", referral_id),
        (f"{own}/act/pause", referral_id),
        (f"{own}/notes", referral_id),
        (f"{own}/move", referral_id),
        (f"/waiting/{referral_id}/lift", "waiting"),
    )
    for path, subject in forms:
        before = looks(site, subject)
        answer = await dana.post(path)
        assert answer.status_code == 400, path
        assert looks(site, subject) == before + 1, path


async def test_what_was_typed_stays_in_a_refused_form(site: Site, dana: Browser) -> None:
    referral_id, call_id = await call_opened(site, dana)
    where = f"/referrals/{referral_id}/call/outcome"
    told = {"outcome": "booked", "call_id": call_id, "day": "2020-01-06", "time": "09:30"}
    again = await dana.post(where, **told)
    assert again.status_code == 400
    assert "This time has passed" in again.text
    assert 'value="2020-01-06"' in again.text
    assert 'value="09:30"' in again.text
    held = await dana.post(
        f"/referrals/{referral_id}/act/hold", reason="benefits", owner="billing", limit="2020-01-06"
    )
    assert held.status_code == 400
    assert '<option value="benefits" selected>' in held.text
    assert '<option value="billing" selected>' in held.text


async def test_a_form_without_a_move_makes_none(site: Site, dana: Browser) -> None:
    referral_id = await site.door.refer()
    await dana.get(f"/referrals/{referral_id}/move")
    before = site.door.referral(referral_id).version
    answer = await dana.post(f"/referrals/{referral_id}/move", move="elsewhere")
    assert answer.status_code == 400
    assert "Say where the card goes" in answer.text
    assert site.door.referral(referral_id).version == before


async def test_nobody_is_told_of_a_doctor_who_sent_none(site: Site, dana: Browser) -> None:
    from_office, _ = await call_opened(site, dana)
    page = (await dana.get(f"/referrals/{from_office}/call")).text
    assert "Your doctor's office asked us" in page
    friend = {"kind": "past_patient", "npi": None, "practice": None, "name": "Robin Former"}
    patient = {"family_name": "Another", "phone": "518-555-0118"}
    other = await site.door.refer(external="R-2", source=friend, patient=patient)
    await dana.post(f"/referrals/{other}/call")
    page = (await dana.get(f"/referrals/{other}/call")).text
    assert "Say nothing of who gave us the name" in page
    assert "office asked us" not in page
    assert "Robin" not in page
