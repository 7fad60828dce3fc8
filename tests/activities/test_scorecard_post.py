"""Approved letters go out once, whatever breaks, and what becomes of them is known."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlmodel import Session, select

from activities.callbacks import Callbacks
from activities.scorecard_post import MOST, ScorecardPost
from models.contracts import Receipt, ReceiptState, Sent
from models.errors import CannotTell, ChannelError, Refused, Verdict
from models.scorecard_sample import SCORECARD
from models.tasks import TaskKind
from store import consent, post, scorecards
from store.scorecards import Way
from store.tables import (
    ConsentState,
    DeliveryRow,
    DeliveryState,
    SourceRow,
    SubjectType,
    TaskRow,
)
from tests.activities.office import FAX, MAIL, ORG, Crash, Office
from tests.doors import Door

HOUR = timedelta(hours=1)


@pytest.fixture
def letters(office: Office) -> ScorecardPost:
    return ScorecardPost(office.store, office.tenants, office.clients, lambda: office.wall)


def ask(session: Session, office: Office, channel: str = "fax") -> str:
    """A letter that waits; its id."""
    row = scorecards.ask(
        session,
        session.get_one(SourceRow, office.source_id),
        Way(channel, FAX if channel == "fax" else MAIL),
        when="2026-Q1",
        content=SCORECARD.model_dump(mode="json"),
        by="lee",
        at=office.wall,
    )
    return row.id


def approved(office: Office, channel: str = "fax") -> str:
    """A letter that a person has let go; its id."""
    with office.store.write() as session:
        row = scorecards.get(session, ORG, ask(session, office, channel))
        scorecards.approve(session, row, content=row.content, by="drew", at=office.wall)
        return row.id


def deliveries(office: Office) -> list[DeliveryRow]:
    with office.store.read() as session:
        query = select(DeliveryRow).where(
            DeliveryRow.subject_type == SubjectType.SCORECARD, DeliveryRow.channel != post.CRM
        )
        return list(session.exec(query.order_by(DeliveryRow.rung)))


def touches(office: Office) -> list[DeliveryRow]:
    with office.store.read() as session:
        rows = post.unsent_crm(session)
        return [row for row in rows if row.subject_type == SubjectType.SCORECARD]


def lost(office: Office) -> list[TaskRow]:
    with office.store.read() as session:
        query = select(TaskRow).where(TaskRow.kind == TaskKind.SCORECARD_LOST)
        return list(session.exec(query))


def uncertain(office: Office) -> list[tuple[str, str | None]]:
    with office.store.read() as session:
        query = select(TaskRow).where(TaskRow.kind == TaskKind.SCORECARD_UNCERTAIN)
        rows = session.exec(query.order_by(TaskRow.opened_at)).all()
        assert {(row.source_id, row.role) for row in rows} <= {(office.source_id, "lead")}
        return [(row.state, row.outcome) for row in rows]


def state(office: Office) -> str:
    return deliveries(office)[-1].state


def test_without_an_approval_nothing_goes_out(office: Office, letters: ScorecardPost) -> None:
    with office.store.write() as session:
        ask(session, office)
    assert letters.run(office.wall) == (0, 0)
    assert office.fax.accepted == []


def test_an_approved_letter_is_faxed_once_and_the_crm_hears_once(
    office: Office, letters: ScorecardPost
) -> None:
    approved(office)
    assert letters.run(office.wall) == (1, 1)
    assert letters.run(office.wall) == (0, 0)
    (parcel,) = office.fax.accepted
    assert (parcel.to, parcel.org) == (FAX, ORG)
    assert parcel.sender == office.tenants.get(ORG).organization.clinics[0].fax
    (page,) = PdfReader(BytesIO(parcel.attachments[0].content)).pages
    assert "51 of 52" in page.extract_text()
    assert state(office) == DeliveryState.DELIVERED
    (touch,) = touches(office)
    assert touch.payload is not None
    assert (touch.payload["kind"], touch.payload["source_id"]) == ("scorecard", office.source_id)
    assert "Ruiz" not in str(touch.payload)


def test_a_line_that_has_had_its_pages_is_left_alone_until_tomorrow(
    office: Office, letters: ScorecardPost
) -> None:
    most = office.tenants.get(ORG).policy.office.max_pages_per_number_day
    with office.store.write() as session:
        full = post.queue_letter(
            session,
            org=ORG,
            subject_type=SubjectType.REPORT,
            subject_id="full",
            channel="fax",
            address=FAX,
            rung=0,
            at=office.wall,
        )
        full.pages, full.state, full.claimed_at = most, DeliveryState.DELIVERED, office.wall
        session.add(full)
    approved(office)
    assert letters.run(office.wall) == (0, 0)
    assert office.fax.accepted == []
    office.wall += 24 * HOUR
    assert letters.run(office.wall) == (1, 1)


def test_by_email_the_page_is_attached_and_the_words_name_nobody(
    office: Office, letters: ScorecardPost
) -> None:
    approved(office, "email")
    letters.run(office.wall)
    (parcel,) = office.email.accepted
    assert (parcel.to, len(parcel.attachments)) == (MAIL, 1)
    assert "no more of these letters" in parcel.body
    assert "Sentinel" not in parcel.subject + parcel.body


def test_an_office_that_says_no_after_the_approval_gets_none(
    office: Office, letters: ScorecardPost
) -> None:
    approved(office)
    with office.store.write() as session:
        consent.record(
            session,
            org=ORG,
            address=FAX,
            state=ConsentState.OPTED_OUT,
            at=office.wall,
            why="staff:lee",
            recorded_at=office.wall,
            purpose=scorecards.PURPOSE,
        )
    assert letters.run(office.wall) == (1, 1)
    assert letters.run(office.wall) == (0, 0)
    assert office.fax.accepted == []
    assert (state(office), deliveries(office)[-1].code) == (DeliveryState.FAILED, "switched_off")
    assert lost(office) == []  # nobody need do anything


def test_a_vendor_that_is_away_is_tried_again(office: Office, letters: ScorecardPost) -> None:
    approved(office)
    office.fax.before = [ChannelError("busy", "Busy.", verdict=Verdict.LATER)]
    assert letters.run(office.wall) == (1, 0)
    assert letters.run(office.wall) == (1, 1)
    assert len(office.fax.accepted) == 1


def test_a_number_that_takes_nothing_ends_it_and_it_may_be_asked_for_again(
    office: Office, letters: ScorecardPost
) -> None:
    first = approved(office)
    office.fax.before = [ChannelError("no_fax", "No fax there.", verdict=Verdict.PERMANENT)]
    letters.run(office.wall)
    assert (state(office), touches(office)) == (DeliveryState.FAILED, [])
    (task,) = lost(office)
    assert (task.state, task.source_id, task.role) == ("open", office.source_id, "lead")
    assert approved(office) == first  # the same row: still one a quarter
    letters.run(office.wall)
    assert [row.state for row in deliveries(office)] == ["failed", "delivered"]
    assert [(one.state, one.outcome) for one in lost(office)] == [("done", "delivered")]


def test_a_letter_that_arrived_after_all_is_not_sent_again(
    office: Office, letters: ScorecardPost
) -> None:
    approved(office)
    office.fax.before = [ChannelError("no_fax", "No fax there.", verdict=Verdict.PERMANENT)]
    letters.run(office.wall)
    with office.store.write() as session:
        again = ask(session, office)
        with pytest.raises(Refused):  # it waits already
            ask(session, office)
    (row,) = deliveries(office)
    told = Receipt(reference=row.reference, state=ReceiptState.DELIVERED, at=office.wall)
    letters.told(row, told)
    assert [one.state for one in lost(office)] == ["done"]
    with office.store.write() as session, pytest.raises(Refused, match="at most one"):
        scorecards.approve(
            session, scorecards.get(session, ORG, again), content={}, by="drew", at=office.wall
        )
    assert len(deliveries(office)) == 1


def test_letters_that_wait_hold_nobody_else_up(office: Office, letters: ScorecardPost) -> None:
    """Of an organization that has left, and to lines that are full today."""
    with office.store.write() as session:
        for number in range(MOST):
            for org, what in (("gone", "waits"), (ORG, "full"), (ORG, "waits")):
                row = post.queue_letter(
                    session,
                    org=org,
                    subject_type=SubjectType.SCORECARD,
                    subject_id=f"sc_{org}_{what}_{number}",
                    channel="fax",
                    address=f"+1518555019{number}",
                    rung=0,
                    at=office.wall - HOUR,
                )
                if what == "full":
                    row.pages, row.state, row.claimed_at = 99, DeliveryState.DELIVERED, office.wall
                session.add(row)
    approved(office)
    letters.run(office.wall)
    (parcel,) = office.fax.accepted
    assert parcel.to == FAX


@pytest.mark.parametrize("knows", [True, False])
def test_a_lost_answer_sends_no_second_letter(
    office: Office, letters: ScorecardPost, knows: bool
) -> None:
    approved(office)
    office.fax.after, office.fax.knows = [CannotTell("cut off")], knows
    letters.run(office.wall)
    assert state(office) == DeliveryState.UNKNOWN
    assert uncertain(office) == [("open", None)]  # somebody is asked at once
    for _ in range(3):
        office.wall += HOUR
        letters.run(office.wall)
    assert len(office.fax.accepted) == 1
    assert state(office) == (DeliveryState.DELIVERED if knows else DeliveryState.UNKNOWN)
    assert uncertain(office) == [("done", "delivered") if knows else ("open", None)]


@pytest.mark.parametrize("asks", ["answered", "away"])
def test_a_fax_that_nothing_proves_is_a_persons_after_two_business_days(
    office: Office, letters: ScorecardPost, monkeypatch: pytest.MonkeyPatch, asks: str
) -> None:
    approved(office)
    office.fax.delivers = False
    letters.run(office.wall)
    if asks == "away":
        monkeypatch.setattr(office.fax, "find", _away)
    office.wall += 24 * HOUR
    letters.run(office.wall)
    assert (state(office), uncertain(office)) == (DeliveryState.ACCEPTED, [])
    office.wall += 72 * HOUR  # a weekend may lie in between
    letters.run(office.wall)
    assert (state(office), uncertain(office)) == (DeliveryState.UNKNOWN, [("open", None)])
    (row,) = deliveries(office)
    failed = Receipt(
        reference=row.reference, state=ReceiptState.FAILED, at=office.wall, code="busy"
    )
    letters.told(row, failed)  # the vendor knows after all
    assert uncertain(office) == [("done", "failed")]
    assert [one.state for one in lost(office)] == ["open"]


def _away(_: Sent) -> Receipt:
    raise ChannelError("away", "Away.", verdict=Verdict.LATER)


@pytest.mark.parametrize("taken", [True, False])
def test_a_run_cut_off_while_sending_is_looked_up(
    office: Office, letters: ScorecardPost, taken: bool
) -> None:
    approved(office)
    if taken:
        office.fax.after = [Crash()]
    else:
        office.fax.before = [Crash()]
    with pytest.raises(Crash):
        letters.run(office.wall)
    assert letters.run(office.wall) == (0, 0)  # it may still be in somebody's hands
    for _ in range(2):
        office.wall += HOUR
        letters.run(office.wall)
    assert len(office.fax.accepted) == 1
    assert state(office) == DeliveryState.DELIVERED
    assert len(touches(office)) == 1


def test_what_is_accepted_is_asked_about_until_it_is_proved(
    office: Office, letters: ScorecardPost
) -> None:
    approved(office)
    office.fax.delivers = False
    letters.run(office.wall)
    assert state(office) == DeliveryState.ACCEPTED
    office.wall += HOUR
    assert letters.run(office.wall) == (1, 0)
    office.fax.delivers = True
    office.wall += 2 * HOUR
    assert letters.run(office.wall) == (1, 1)
    assert (state(office), len(touches(office))) == (DeliveryState.DELIVERED, 1)


async def test_a_callback_settles_it(office: Office, letters: ScorecardPost) -> None:
    approved(office)
    office.fax.delivers = False
    letters.run(office.wall)
    (row,) = deliveries(office)
    door = Door(office.store)
    heard = Callbacks(office.store, door.intake, None)  # no fax comes in
    told = Receipt(reference=row.reference, state=ReceiptState.FAILED, at=office.wall, code="busy")
    await heard.receipt(ORG, "fax", told, office.wall)
    assert state(office) == DeliveryState.FAILED
    late = told.model_copy(update={"state": ReceiptState.DELIVERED})
    await heard.receipt(ORG, "fax", late, office.wall)
    await heard.receipt(ORG, "fax", told, office.wall)
    assert state(office) == DeliveryState.DELIVERED


def test_one_a_quarter_for_an_office_and_for_a_number(office: Office) -> None:
    approved(office)
    with office.store.write() as session:
        with pytest.raises(Refused, match="at most one") as refused:
            ask(session, office)
        assert refused.value.code == "one_a_quarter"
        known = session.get_one(SourceRow, office.source_id)
        other = SourceRow(**{**known.model_dump(), "id": "src_2", "identity": "2"})
        other.practice_id = None
        session.add(other)
        session.flush()
        with pytest.raises(Refused):  # somebody else at the same number
            scorecards.ask(
                session,
                other,
                Way("fax", FAX),
                when="2026-Q1",
                content={},
                by="lee",
                at=office.wall,
            )
        scorecards.ask(
            session, other, Way("fax", FAX), when="2026-Q2", content={}, by="lee", at=office.wall
        )


def test_what_was_decided_is_not_decided_again(office: Office) -> None:
    letter = approved(office)
    with office.store.write() as session:
        row = scorecards.get(session, ORG, letter)
        with pytest.raises(Refused, match="it is approved"):
            scorecards.decline(session, row, by="lee", at=office.wall)
        with pytest.raises(Refused):
            scorecards.approve(session, row, content={}, by="lee", at=office.wall)
    assert len(deliveries(office)) == 1
