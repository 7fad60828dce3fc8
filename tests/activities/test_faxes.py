"""What a fax becomes: a lead that contacts nobody, a plan that came back, or somebody's task."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from activities.fax_reading import FaxReading
from activities.paper import return_code
from models.facts import PlanOfCareReturned, PlanOfCareSigned, Signer
from models.fax import FaxKind, PartState, Trouble
from models.fax_pages import PageText, Reading
from store import documents, faxes, retention
from store.engine import Store
from store.tables import FaxPartRow, FaxRow, InboxRow, ReferralRow, TaskRow
from tests.activities.test_fax_intake import Mailroom, start_of
from tests.doors import ORG, START
from tests.faxes.cases import case
from tests.faxes.score import kept

CODE = "RL-7K3M-9QXD"


@pytest.fixture
def mailroom(store: Store) -> Mailroom:
    return Mailroom(store)


def reads(mailroom: Mailroom, reading: Reading) -> None:
    """The reader answers this, whatever the file."""
    room = mailroom.faxes
    room.reading = FaxReading(
        mailroom.store, mailroom.door.tenants, lambda: START, lambda *_: reading
    )


def parts(mailroom: Mailroom) -> list[FaxPartRow]:
    return mailroom.rows(FaxPartRow)


async def test_a_new_referral_waits_unconfirmed_and_contacts_nobody(mailroom: Mailroom) -> None:
    reads(mailroom, kept(case("order-pdf-clean")))
    start = await mailroom.through(case("order-pdf-clean").content())
    [part] = parts(mailroom)
    assert (part.state, part.kind) == (PartState.LEAD, FaxKind.NEW_REFERRAL)
    assert part.referral_id is not None
    referral = mailroom.door.referral(part.referral_id)
    assert referral.unconfirmed()
    assert not referral.received.source_verified
    assert referral.received.at == START
    with mailroom.store.read() as session:
        row = session.get_one(ReferralRow, part.referral_id)
        assert (row.confirmed, row.fax_from, row.clinic_id) == (False, "+15185550163", "east")
    assert len(mailroom.engine.runs[f"referral/{ORG}/{part.referral_id}"]) == 1
    assert mailroom.rows(TaskRow) == []  # its own workflow asks for the confirmation
    for _ in range(2):  # again is harmless
        mailroom.faxes.read(start)
        assert (await mailroom.faxes.look(start, START)).settled
    assert len(mailroom.rows(ReferralRow)) == len(mailroom.rows(InboxRow)) == 1


async def test_what_misses_a_field_is_a_task_and_no_referral(mailroom: Mailroom) -> None:
    text = "PHYSICAL THERAPY REFERRAL\nPatient Name: Ann Example\nEvaluate and treat"
    reads(mailroom, Reading(pages=(PageText(number=1, text=text, source="text"),), count=1))
    await mailroom.through(b"%PDF-1")
    [part] = parts(mailroom)
    assert (part.state, part.trouble) == (PartState.OPEN, Trouble.MISSING_FIELDS)
    [task] = mailroom.rows(TaskRow)
    assert (task.role, task.inbox_id) == ("front_desk", None)
    assert "Example" not in task.says
    assert mailroom.rows(ReferralRow) == []


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("authorized-pdf-noisy", "billing"),
        ("denied-tiff98-clean", "billing"),
        ("records-pdf-noisy", "compliance"),
        ("cancelled-jpeg-grey", "front_desk"),
        ("two-order", "front_desk"),
        ("scrawl-tiff-clean", "front_desk"),
    ],
)
async def test_everything_else_is_the_task_of_its_role(
    mailroom: Mailroom, name: str, role: str
) -> None:
    reads(mailroom, kept(case(name)))
    await mailroom.through(case(name).content())
    [task] = mailroom.rows(TaskRow)
    assert (task.kind, task.role, task.state) == ("sort_fax", role, "open")
    assert mailroom.rows(ReferralRow) == []


async def test_a_plan_that_came_back_pauses_its_chase_and_a_person_judges_it(
    mailroom: Mailroom,
) -> None:
    referral_id = await mailroom.door.refer()
    later = START + timedelta(days=9)
    signed = PlanOfCareSigned(at=later, as_of=later, by=Signer.THERAPIST, version=2)
    mailroom.door.write(referral_id, signed)
    code = return_code(referral_id, 2)
    with mailroom.store.write() as session:
        faxes.keep_code(session, ORG, code, referral_id, 2, later)
    content = case("form-text-clean").content()
    page = PageText(number=1, text="PLAN OF CARE", source="ocr", quality=90, codes=(code,))
    reads(mailroom, Reading(pages=(page,), count=1))
    mailroom.door.now = later + timedelta(days=1)
    await mailroom.through(content, received_at=mailroom.door.now)
    [part] = parts(mailroom)
    assert (part.state, part.referral_id) == (PartState.ATTACHED, referral_id)
    referral = mailroom.door.referral(referral_id)
    back = referral.returned_unjudged()
    assert isinstance(back, PlanOfCareReturned)
    assert not referral.certified()  # a code is no signature (policy.md rule 4)
    assert "plan_of_care_returned" in mailroom.engine.told(referral_id)
    with mailroom.store.read() as session:
        kept_page = documents.get(session, ORG, back.document_id or "")
        assert kept_page.pdf is not None
        assert kept_page.pdf != content
        assert b"/Image" in kept_page.pdf


async def test_a_code_that_is_not_ours_is_a_persons(mailroom: Mailroom) -> None:
    page = PageText(number=1, text=f"Return code {CODE}", source="ocr", quality=95, codes=(CODE,))
    reads(mailroom, Reading(pages=(page,), count=1))
    await mailroom.through(b"%PDF-1")
    [part] = parts(mailroom)
    assert (part.kind, part.trouble) == (FaxKind.RETURNED_PLAN, Trouble.NO_REFERRAL)
    assert part.state == PartState.OPEN


async def test_while_the_engine_is_away_a_lead_is_kept_and_made_once(mailroom: Mailroom) -> None:
    reads(mailroom, kept(case("form-pdf-clean")))
    start = start_of(await mailroom.take(content=case("form-pdf-clean").content()))
    mailroom.faxes.read(start)
    mailroom.engine.down = True
    await mailroom.faxes.look(start, START)
    mailroom.engine.down = False
    await mailroom.faxes.look(start, START)
    await mailroom.door.intake.dispatch_left(START + timedelta(minutes=1))
    assert len(mailroom.rows(ReferralRow)) == 1
    [part] = parts(mailroom)
    assert part.state == PartState.LEAD
    with mailroom.store.read() as session:
        assert session.exec(select(InboxRow.state)).all() == ["applied"]


async def test_what_has_passed_its_retention_is_emptied_and_what_waits_is_not(
    mailroom: Mailroom,
) -> None:
    reads(mailroom, kept(case("order-pdf-clean")))
    await mailroom.through(b"%PDF-1 settled", vendor_id="v1")
    reads(mailroom, kept(case("scrawl-tiff-clean")))
    await mailroom.through(b"%PDF-1 waits", vendor_id="v2")
    with mailroom.store.write() as session:
        part = parts(mailroom)[0]
        faxes.corrected(
            session, part, "patient.phone", sure="check", read="a", said="b", by="dana", at=START
        )
    with mailroom.store.write() as session:
        assert retention.empty_faxes(session, ORG, START) == 0
        assert retention.empty_faxes(session, ORG, START + timedelta(days=1)) == 1
        assert retention.empty_faxes(session, ORG, START + timedelta(days=1)) == 0
    settled, waits = sorted(mailroom.rows(FaxRow), key=lambda row: row.state, reverse=True)
    assert (settled.content, waits.content) == (b"", b"%PDF-1 waits")
    with mailroom.store.read() as session:
        assert {page.text for page in faxes.pages(session, settled.id)} == {""}
        assert faxes.parts(session, settled.id)[0].fields == []
        [word] = faxes.corrections(session, part.id)
        assert (word.field, word.read, word.said) == ("patient.phone", None, None)
