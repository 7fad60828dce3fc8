"""The triage pages: what waits, the page beside its fields, and each act of a person."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image
from sqlmodel import select

from integrations.reading import tools
from models.facts import PlanOfCareSigned, RejectedWhy, RequestConfirmed, RequestRejected, Signer
from models.fax import FaxKind, PartState, Trouble
from models.fax_pages import PageText, Reading
from store import audit, documents, faxes
from store.tables import FaxCorrectionRow, FaxPartRow, FaxRow, ReferralRow, SourceRow
from tests.doors import ORG
from tests.faxes.cases import case
from tests.faxes.score import kept
from tests.required import lacking
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.faxing import faxed, taken
from tests.web.desk.working import decided_in_record

FORM = case("form-pdf-clean")


def part(site: Site, part_id: str) -> FaxPartRow:
    with site.door.store.read() as session:
        return faxes.part(session, ORG, part_id, lock=False)


def rows(site: Site, table: Any) -> list[Any]:
    with site.door.store.read() as session:
        return list(session.exec(select(table)).all())


def inputs(page: str, part_id: str) -> dict[str, str]:
    """What the form of a part holds."""
    found = re.findall(rf'id="{part_id}-[^"]+" name="([^"]+)"[^>]* value="([^"]*)"', page)
    return {name: value.replace("&#39;", "'") for name, value in found}


async def act(
    browser: Browser, site: Site, fax_id: str, part_id: str, act: str, **fields: Any
) -> Any:
    """Send one form of the page as it stands."""
    shown = await browser.get(f"/faxes/{fax_id}")
    assert shown.status_code == 200
    said = {"version": str(part(site, part_id).version)} | fields
    return await browser.post(f"/faxes/{fax_id}/parts/{part_id}/{act}", **said)


async def test_a_clear_referral_is_confirmed_with_one_click(site: Site, dana: Browser) -> None:
    decided_in_record(site)
    fax_id, part_id = await taken(site, kept(FORM))
    shown = await dana.get("/faxes")
    assert "Confirm: New referral" in shown.text
    page = await dana.get(f"/faxes/{fax_id}")
    fields = inputs(page.text, part_id)
    assert fields["patient.family_name"] == FORM.person.family
    assert fields["patient.born"] == FORM.person.born.isoformat()
    done = await act(dana, site, fax_id, part_id, "confirm", **fields)
    assert (done.status_code, done.headers["location"]) == (303, "/faxes?said=confirm")
    [row] = rows(site, ReferralRow)
    referral = site.door.referral(row.id)
    [vouched] = referral.all(RequestConfirmed)
    assert (vouched.by, vouched.corrected) == ("dana", ())
    assert row.confirmed
    assert rows(site, FaxCorrectionRow) == []
    assert "No fax waits" in (await dana.get("/faxes")).text
    with site.door.store.read() as session:
        assert [one.what for one in audit.about(session, ORG, fax_id)][:2] == ["viewed", "viewed"]


async def test_corrections_are_in_the_referral_and_kept(site: Site, dana: Browser) -> None:
    decided_in_record(site)
    fax_id, part_id = await taken(site, kept(case("letter-tiff98-clean")))
    fields = inputs((await dana.get(f"/faxes/{fax_id}")).text, part_id)
    assert fields["patient.family_name"] == "Oyclaran"  # misread by the machine
    fields |= {"patient.family_name": "Oyelaran", "insurance": "Medicare Part B"}
    done = await act(dana, site, fax_id, part_id, "confirm", **fields)
    assert done.status_code == 303, done.text
    kept_ones = {one.field: (one.read, one.said, one.by) for one in rows(site, FaxCorrectionRow)}
    assert kept_ones["patient.family_name"] == ("Oyclaran", "Oyelaran", "dana")
    [row] = rows(site, ReferralRow)
    with site.door.store.read() as session:
        from store.tables import PatientRow

        assert session.get_one(PatientRow, row.patient_id).family_name == "Oyelaran"
    assert [str(one) for one in site.door.referral(row.id).told.payers] == ["medicare_part_b"]
    assert "How well faxes were read" not in (await dana.get("/faxes")).text
    await dana.sign_in("lee@example.org")
    counted = (await dana.get("/faxes")).text
    assert '<th scope="row">Patient&#39;s family name</th><td>1</td><td>1</td>' in counted
    assert '<th scope="row">NPI</th><td>1</td><td>0</td>' in counted


async def test_what_misses_something_becomes_a_referral_once_a_person_says_it(
    site: Site, dana: Browser
) -> None:
    decided_in_record(site)
    fax_id, part_id = await faxed(site, "PHYSICAL THERAPY REFERRAL\nPatient Name: Ann Example")
    fields = inputs((await dana.get(f"/faxes/{fax_id}")).text, part_id)
    assert fields["patient.given_name"] == "Ann"
    short = await act(dana, site, fax_id, part_id, "confirm", **fields)
    assert short.status_code == 400
    assert "Still missing: Date of birth, Referring provider" in short.text
    assert rows(site, ReferralRow) == []
    fields |= {"patient.born": "1970-02-03", "patient.phone": "518-555-0150"}
    fields["source.name"] = "Ana Ruiz"
    done = await act(dana, site, fax_id, part_id, "confirm", **fields)
    assert done.status_code == 303, done.text
    [row] = rows(site, ReferralRow)
    assert row.confirmed
    assert site.door.referral(row.id).all(RequestConfirmed)[0].by == "dana"
    assert f'href="/faxes/{fax_id}#{part_id}"' in (await dana.get(f"/referrals/{row.id}")).text
    [source] = rows(site, SourceRow)
    assert source.verified
    assert part(site, part_id).state == PartState.LEAD


async def test_two_at_one_fax_the_second_is_told(site: Site, dana: Browser) -> None:
    fax_id, part_id = await faxed(site, "What is the status of the referral? Could you advise")
    stale = str(part(site, part_id).version)
    assert (await act(dana, site, fax_id, part_id, "kind", kind="question")).status_code == 303
    late = await act(dana, site, fax_id, part_id, "kind", kind="junk", version=stale)
    assert late.status_code == 409
    assert "Somebody else has changed this fax" in late.text
    assert part(site, part_id).kind == FaxKind.QUESTION


@pytest.mark.parametrize(("act_", "state"), [("done", PartState.DONE), ("junk", PartState.JUNK)])
async def test_it_is_put_away(site: Site, dana: Browser, act_: str, state: PartState) -> None:
    fax_id, part_id = await faxed(site, "Limited time offer! Act now. Lowest rates.")
    assert (await act(dana, site, fax_id, part_id, act_)).status_code == 303
    assert part(site, part_id).state == state
    again = await act(dana, site, fax_id, part_id, act_)
    assert again.status_code == 409
    assert "seen to already" in again.text


async def test_advertising_that_a_machine_took_for_a_referral_is_rejected(
    site: Site, dana: Browser
) -> None:
    decided_in_record(site)
    fax_id, part_id = await taken(site, kept(FORM))
    assert (await act(dana, site, fax_id, part_id, "junk")).status_code == 303
    [row] = rows(site, ReferralRow)
    assert site.door.referral(row.id).all(RequestRejected)[0].why is RejectedWhy.JUNK


async def test_two_patients_are_divided_and_each_goes_its_way(site: Site, dana: Browser) -> None:
    fax_id, part_id = await taken(site, kept(case("two-form")))
    assert "names more than one patient" in (await dana.get(f"/faxes/{fax_id}")).text
    assert (await act(dana, site, fax_id, part_id, "split", page="2")).status_code == 303
    with site.door.store.read() as session:
        whole, first, second = faxes.parts(session, fax_id)
    assert whole.state == PartState.DIVIDED
    assert [(one.first_page, one.last_page) for one in (first, second)] == [(1, 1), (2, 2)]
    assert [one["value"] for one in first.fields][:2] == ["Jordan", "Sentinel"]
    assert [one["value"] for one in second.fields][:2] == ["Priya", "Raman"]
    refused = await act(dana, site, fax_id, first.id, "split", page="2")
    assert refused.status_code == 400


async def test_a_plan_is_put_with_its_referral_by_hand(site: Site, dana: Browser) -> None:
    referral_id = await site.door.refer(clinic="east")
    page = PageText(
        number=1, text="PLAN OF CARE\nReturn code RL-7K3M-9QXD", source="text", quality=100
    )
    fax_id, part_id = await taken(site, Reading(pages=(page,), count=1))
    assert part(site, part_id).trouble == Trouble.NO_REFERRAL
    refused = await act(dana, site, fax_id, part_id, "attach", referral_id=referral_id)
    assert refused.status_code == 409
    assert "No plan of care has been signed" in refused.text
    nobody = await act(dana, site, fax_id, part_id, "attach", other="ref_unknown")
    assert nobody.status_code == 400
    signed = PlanOfCareSigned(at=site.door.now, as_of=site.door.now, by=Signer.THERAPIST)
    site.door.write(referral_id, signed)
    address = f"{site.url}/referrals/{referral_id}"
    done = await act(dana, site, fax_id, part_id, "attach", other=address)
    assert done.status_code == 303, done.text
    assert site.door.referral(referral_id).returned_unjudged() is not None
    assert part(site, part_id).state == PartState.ATTACHED


async def test_anything_else_is_kept_with_the_referral_found_by_its_patient(
    site: Site, dana: Browser
) -> None:
    patient = {"given_name": "Maria", "family_name": "Delgado-Ruiz", "born": "1978-11-23"}
    referral_id = await site.door.refer(clinic="east", patient=patient)
    text = "REFERRAL CANCELLED\nPatient: Maria Delgado-Ruiz\nDOB: 11/23/1978\nPlease cancel"
    fax_id, part_id = await faxed(site, text)
    assert referral_id in (await dana.get(f"/faxes/{fax_id}")).text
    done = await act(dana, site, fax_id, part_id, "attach", referral_id=referral_id)
    assert done.status_code == 303
    with site.door.store.read() as session:
        [kept_one] = documents.of_referral(session, referral_id)
    assert kept_one.kind == "fax_cancelled"


async def test_other_roles_see_their_own_kind_alone(site: Site, browser: Browser) -> None:
    theirs, _ = await faxed(site, "NOTICE OF AUTHORIZATION\nPrior authorization request")
    other, _ = await faxed(site, "REQUEST FOR MEDICAL RECORDS of a patient")
    await browser.sign_in("bill@example.org")
    shown = await browser.get("/faxes")
    assert theirs in shown.text
    assert other not in shown.text
    assert (await browser.get(f"/faxes/{other}")).status_code == 404
    assert (await browser.post("/faxes")).status_code == 403


async def test_a_file_is_taken_in_by_hand(site: Site, dana: Browser) -> None:
    await dana.get("/faxes")
    content = FORM.content()
    done = await dana.post("/faxes", files={"file": ("scan.pdf", content, "application/pdf")})
    assert done.status_code == 303
    [row] = rows(site, FaxRow)
    assert (row.clinic_id, row.media, row.content) == ("east", "pdf", content)
    assert "It is being read" in (await dana.get(f"/faxes/{row.id}")).text
    assert (await dana.post("/faxes")).status_code == 400


async def test_pages_are_pictures_and_never_the_file(site: Site, dana: Browser) -> None:
    if tools.lacking():
        lacking(f"not installed: {', '.join(tools.lacking())}")
    fax_id, _ = await taken(site, kept(FORM), FORM.content())
    answer = await dana.http.get(f"/faxes/{fax_id}/pages/1")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    assert answer.headers["cache-control"] == "no-store"
    assert (await dana.http.get(f"/faxes/{fax_id}/pages/2")).status_code == 404


async def test_no_patient_stands_in_an_address(site: Site, dana: Browser) -> None:
    fax_id, part_id = await taken(site, kept(FORM))
    page = await dana.get(f"/faxes/{fax_id}")
    links = re.findall(r'(?:href|src|action|formaction)="([^"]+)"', page.text)
    assert not [link for link in links if FORM.person.family.lower() in link.lower()]
    found = await act(dana, site, fax_id, part_id, "find", **inputs(page.text, part_id))
    assert found.status_code == 200


async def test_what_cannot_be_is_said_and_what_was_typed_stays(site: Site, dana: Browser) -> None:
    fax_id, part_id = await faxed(site, "PHYSICAL THERAPY REFERRAL\nPatient Name: Ann Example")
    fields = inputs((await dana.get(f"/faxes/{fax_id}")).text, part_id)
    fields |= {"patient.born": "1870-02-03", "source.name": "Ana Ruiz"}
    refused = await act(dana, site, fax_id, part_id, "confirm", **fields)
    assert refused.status_code == 400
    assert "impossible" in refused.text
    assert inputs(refused.text, part_id)["source.name"] == "Ana Ruiz"
    assert rows(site, ReferralRow) == []
    decided_in_record(site)
    fields["patient.born"] = "1970-02-03"
    assert (await act(dana, site, fax_id, part_id, "confirm", **fields)).status_code == 303


async def test_a_page_that_is_not_there_keeps_nobody_waiting(site: Site, dana: Browser) -> None:
    page = io.BytesIO()
    Image.new("1", (200, 300), 1).save(page, "TIFF")
    fax_id, _ = await taken(site, Reading(count=1), page.getvalue())
    for number in (2, 3, 4, 5):  # more than are drawn at once
        assert (await dana.http.get(f"/faxes/{fax_id}/pages/{number}")).status_code == 404
    assert (await dana.http.get(f"/faxes/{fax_id}/pages/1")).status_code == 200


async def test_each_look_at_a_fax_is_on_record(site: Site, dana: Browser) -> None:
    def looks() -> int:
        with site.door.store.read() as session:
            return len(audit.about(session, ORG, fax_id))

    fax_id, part_id = await taken(site, kept(FORM), FORM.content())
    fields = inputs((await dana.get(f"/faxes/{fax_id}")).text, part_id)
    assert looks() == 1
    if not tools.lacking():
        assert (await dana.http.get(f"/faxes/{fax_id}/pages/1")).status_code == 200
        assert looks() == 2
    before = looks()
    await dana.post(f"/faxes/{fax_id}/parts/{part_id}/find", **fields)
    assert looks() == before + 1


async def test_who_decides_about_no_referral_makes_none_of_a_fax(
    site: Site, browser: Browser
) -> None:
    decided_in_record(site)
    fax_id, part_id = await faxed(site, "NOTICE OF AUTHORIZATION\nPrior authorization request")
    await browser.sign_in("bill@example.org")
    fields = {
        "patient.given_name": "Ann",
        "patient.family_name": "Example",
        "patient.born": "1970-02-03",
        "patient.phone": "518-555-0150",
        "source.name": "Ana Ruiz",
    }
    assert (await act(browser, site, fax_id, part_id, "confirm", **fields)).status_code == 403
    assert rows(site, ReferralRow) == []
    assert part(site, part_id).state == PartState.OPEN
