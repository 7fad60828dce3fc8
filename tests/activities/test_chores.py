"""The sweep: receipts asked for, the CRM served, old content emptied; nothing is ever sent."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from temporalio.exceptions import ApplicationError

from activities.chores import Chores, keep_until
from activities.turns import IN_HAND
from integrations.crm import filebox
from integrations.crm.filebox import Filebox
from models.contracts import ChoreDone, Receipt, ReceiptState, SweepInput
from models.errors import ChannelError, EngineUnavailable, NotFound, Verdict
from models.facts import (
    AnyFact,
    MessageCameBack,
    MessageDelivered,
    MessageFailed,
    TaskOpened,
)
from models.kinds import Kind
from models.policy import Retention
from store import inbox, post, settling, sources, verdicts
from store.engine import Store
from store.tables import (
    DeliveryRow,
    DeliveryState,
    InboxState,
    ReferralRow,
    SentLetterRow,
    SubjectType,
)
from tests.activities.office import MONDAY, ORG, WALL, Crash, Office
from tests.activities.turns import at_time

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Inbox:
    """The inbox as the chore sees it."""

    def __init__(self) -> None:
        self.asked: list[datetime] = []

    async def dispatch_left(self, now: datetime) -> int:
        self.asked.append(now)
        return 2


class Sweep:
    """The chores of an office, with what they told."""

    def __init__(self, office: Office, folder: Path) -> None:
        self.office = office
        self.folder = folder
        self.told: list[tuple[str, str, AnyFact]] = []
        self.away = False
        self.inbox = Inbox()
        office.clients["crm", "outbox"] = Filebox(folder)
        self.chores = Chores(
            office.store,
            office.tenants,
            office.clients,
            lambda: office.wall,
            self.tell,
            self.inbox,
            self.inbox,
        )

    async def tell(self, org: str, referral_id: str, fact: AnyFact) -> bool:
        if self.away:
            raise EngineUnavailable("away")
        self.told.append((org, referral_id, fact))
        return True

    async def run(self, chore: str, later: timedelta = timedelta(0)) -> ChoreDone:
        self.office.wall += later
        return await self.chores.do(chore)


@pytest.fixture
def sweep(office: Office, tmp_path: Path) -> Sweep:
    return Sweep(office, tmp_path / "crm")


def accepted(office: Office, kind: Kind = Kind.THANK_YOU, to: str = "source") -> str:
    """A message that a vendor took without proof of arrival; our reference."""
    for vendor in (office.fax, office.sms, office.email):
        vendor.delivers = False
    office.send(kind, to)
    return office.deliveries()[0].reference


def receipt(reference: str, state: ReceiptState, code: str = "") -> Receipt:
    return Receipt(reference=reference, state=state, at=WALL + HOUR, code=code)


# --- receipts -------------------------------------------------------------------------------------


async def test_no_vendor_is_asked_before_its_time(office: Office, sweep: Sweep) -> None:
    accepted(office)
    assert await sweep.run("receipts", 59 * timedelta(minutes=1)) == ChoreDone(chore="receipts")
    assert office.fax.asked == []


async def test_a_late_proof_is_written_and_told(office: Office, sweep: Sweep) -> None:
    reference = accepted(office)
    office.fax.say[reference] = receipt(reference, ReceiptState.DELIVERED)
    done = await sweep.run("receipts", HOUR)
    assert (done.seen, done.moved) == (1, 1)
    (fact,) = office.referral.all(MessageDelivered)
    assert (fact.recipient_id, fact.at) == (office.certifier_id, WALL + HOUR)
    assert sweep.told == [(ORG, office.referral_id, fact)]
    assert office.deliveries()[0].state == DeliveryState.DELIVERED
    assert await sweep.run("receipts", DAY) == ChoreDone(chore="receipts")
    assert office.duplicates() == 0


async def test_nothing_is_written_before_the_workflow_has_heard(
    office: Office, sweep: Sweep
) -> None:
    reference = accepted(office)
    office.fax.say[reference] = receipt(reference, ReceiptState.DELIVERED)
    sweep.away = True
    with pytest.raises(EngineUnavailable):
        await sweep.run("receipts", HOUR)
    assert office.referral.all(MessageDelivered) == []
    sweep.away = False
    assert (await sweep.run("receipts")).moved == 1
    assert len(sweep.told) == 1


async def test_a_fax_that_failed_after_all_goes_again(office: Office, sweep: Sweep) -> None:
    reference = accepted(office)
    office.fax.say[reference] = receipt(reference, ReceiptState.FAILED, "no_answer")
    await sweep.run("receipts", HOUR)
    (back,) = office.referral.all(MessageCameBack)
    assert (back.code, back.channel) == ("no_answer", "fax")
    assert back.again_at == office.wall + HOUR / 4
    assert [fact for _, _, fact in sweep.told] == [back]
    assert office.referral.all(TaskOpened) == []  # the workflow sends it again; nobody is asked
    assert (await sweep.run("receipts", DAY)).seen == 0


async def test_an_email_that_failed_after_all_is_a_call(office: Office, sweep: Sweep) -> None:
    office.fax.before = [ChannelError("bad_number", "none", verdict=Verdict.PERMANENT)]
    accepted(office)
    office.send(Kind.THANK_YOU, "source", rung=1)
    (reference,) = (row.reference for row in office.deliveries() if row.channel == "email")
    office.email.say[reference] = receipt(reference, ReceiptState.FAILED, "mailbox_full")
    await sweep.run("receipts", HOUR)
    failed = office.referral.all(MessageFailed)[-1]
    assert (failed.code, failed.channel) == ("mailbox_full", "email")
    (task,) = office.referral.open_tasks()  # it stands, although a vendor had taken it
    assert task.task == "undeliverable:thank_you:source:1"
    assert [fact for _, _, fact in sweep.told] == [failed, task]


async def test_what_the_vendor_forgot_is_a_call(office: Office, sweep: Sweep) -> None:
    accepted(office)
    for path in office.fax.inner.folder.iterdir():
        path.unlink()
    await sweep.run("receipts", HOUR)
    assert office.referral.all(MessageFailed)[0].code == "vendor_forgot"
    assert office.referral.all(TaskOpened)


async def test_a_fax_without_proof_is_a_call_after_two_business_days(
    office: Office, sweep: Sweep
) -> None:
    accepted(office)
    await sweep.run("receipts", HOUR)
    assert office.referral.all(TaskOpened) == []
    await sweep.run("receipts", DAY)
    assert office.referral.all(TaskOpened) == []
    await sweep.run("receipts", DAY + 12 * HOUR)
    assert office.referral.all(TaskOpened)
    assert office.referral.all(MessageFailed)[0].code == "no_receipt"


async def test_a_vendor_that_cannot_tell_is_asked_until_the_fax_is_a_call(
    office: Office, sweep: Sweep
) -> None:
    accepted(office)
    office.fax.knows = False
    assert (await sweep.run("receipts", HOUR)).moved == 0
    assert (await sweep.run("receipts", DAY)).seen == 0
    assert office.referral.all(TaskOpened) == []
    await sweep.run("receipts", DAY + 12 * HOUR)
    assert office.referral.all(TaskOpened)
    assert (await sweep.run("receipts", 10 * DAY)).seen == 0


async def test_a_mail_server_cannot_tell_and_nobody_is_asked(office: Office, sweep: Sweep) -> None:
    office.fax.before = [ChannelError("bad_number", "none", verdict=Verdict.PERMANENT)]
    accepted(office)
    office.send(Kind.THANK_YOU, "source", rung=1)
    office.email.knows = False
    assert (await sweep.run("receipts", HOUR)).seen == 1
    assert (await sweep.run("receipts", 10 * DAY)).seen == 0
    assert office.referral.all(TaskOpened) == []


async def test_a_vendor_that_is_away_is_asked_again(
    office: Office, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = accepted(office)
    office.fax.say[reference] = receipt(reference, ReceiptState.DELIVERED)
    with monkeypatch.context() as broken:
        broken.setattr(office.fax, "find", away)
        assert (await sweep.run("receipts", HOUR)).moved == 0
    assert (await sweep.run("receipts", HOUR)).moved == 1


async def test_a_fax_of_a_clinic_that_has_left_is_a_call_as_well(
    office: Office, sweep: Sweep
) -> None:
    accepted(office)
    with office.store.write() as session:
        session.get_one(ReferralRow, office.referral_id).clinic_id = "gone"
    await sweep.run("receipts", 2 * DAY + 13 * HOUR)
    assert office.referral.all(TaskOpened)


async def test_a_text_whose_vendor_is_away_for_days_is_asked_about_once_it_answers(
    office: Office, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = accepted(office, Kind.SCHEDULE_TEXT, "patient")
    office.sms.say[reference] = receipt(reference, ReceiptState.FAILED, "dead")
    with monkeypatch.context() as broken:
        broken.setattr(office.sms, "find", away)
        await sweep.run("receipts", 4 * DAY)
    await sweep.run("receipts", HOUR)
    assert [one.code for one in office.referral.all(MessageFailed)] == ["dead"]


async def test_a_fax_is_a_call_after_two_business_days_although_its_vendor_is_away(
    office: Office, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted(office)
    monkeypatch.setattr(office.fax, "find", away)
    await sweep.run("receipts", DAY)
    assert office.referral.all(TaskOpened) == []
    await sweep.run("receipts", DAY + 13 * HOUR)
    assert office.referral.all(TaskOpened)
    assert office.referral.all(MessageFailed)[0].code == "no_receipt"


async def test_a_doubt_that_clears_up_is_only_written_down(office: Office, sweep: Sweep) -> None:
    office.fax.knows = False
    office.fax.before = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.THANK_YOU, "source")
    office.wall += IN_HAND
    office.send(Kind.THANK_YOU, "source", at=MONDAY + HOUR)
    office.fax.knows = True
    await sweep.run("receipts", 2 * HOUR)
    assert office.deliveries()[0].state == DeliveryState.FAILED
    assert office.fax.accepted == []  # a person was asked; the sweep sends nothing


def away(_: str) -> Any:
    """No vendor answers."""
    raise ChannelError("away", "down", verdict=Verdict.LATER)


# --- the CRM --------------------------------------------------------------------------------------


async def test_the_crm_gets_each_touch_once(office: Office, sweep: Sweep) -> None:
    office.send(Kind.THANK_YOU, "source")
    assert (await sweep.run("crm")).moved == 1
    assert await sweep.run("crm") == ChoreDone(chore="crm")
    (line,) = filebox.read(sweep.folder, ORG)
    assert line["kind"] == "thank_you"
    assert line["source_id"] == office.source_id
    whole = json.dumps(line)
    assert "Sentinel" not in whole
    assert office.referral_id not in whole


async def test_a_line_written_by_a_run_that_was_cut_off_is_found(
    office: Office, sweep: Sweep
) -> None:
    office.send(Kind.THANK_YOU, "source")
    (row,) = office.touches()
    with office.store.write() as session:
        assert settling.claim(session, row.id, row.attempt, at=MONDAY)
    assert (await sweep.run("crm")).moved == 1
    assert len(filebox.read(sweep.folder, ORG)) == 1
    assert office.touches()[0].state == DeliveryState.DELIVERED


async def test_a_crm_that_is_full_is_tried_again(office: Office, sweep: Sweep) -> None:
    office.send(Kind.THANK_YOU, "source")
    sweep.folder.parent.mkdir(parents=True, exist_ok=True)
    sweep.folder.write_text("in the way")
    assert await sweep.run("crm") == ChoreDone(chore="crm", seen=1, moved=0)
    assert office.touches()[0].state == DeliveryState.QUEUED
    sweep.folder.unlink()
    assert (await sweep.run("crm")).moved == 1


async def test_a_quiet_source_comes_with_a_draft(office: Office, sweep: Sweep) -> None:
    _quiet(office)
    await sweep.run("crm", 61 * DAY)
    (line,) = filebox.read(sweep.folder, ORG)
    assert line["draft"].startswith("Dear Ana Ruiz,")
    assert "12 Harbor Street" in line["draft"]


async def test_a_quiet_past_patient_gets_no_draft(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(source={"kind": "past_patient", "npi": None, "practice": None})
    sweep = Sweep(office, tmp_path / "crm")
    _quiet(office)
    await sweep.run("crm")
    assert "draft" not in filebox.read(sweep.folder, ORG)[0]


def _quiet(office: Office) -> None:
    with office.store.write() as session:
        source = sources.get(session, ORG, office.source_id)
        task, _ = sources.open_quiet(session, source, since=MONDAY, at=MONDAY, due=MONDAY + DAY)
        post.queue_crm(
            session,
            org=ORG,
            subject_type=SubjectType.TASK,
            subject_id=task.id,
            payload={"type": "task", "kind": task.kind, "source_id": source.id},
            at=MONDAY,
            recorded_at=office.wall,
        )


# --- the others -----------------------------------------------------------------------------------


async def test_the_inbox_is_dispatched_at_the_wall_clocks_time(sweep: Sweep) -> None:
    assert await sweep.run("inbox") == ChoreDone(chore="inbox", seen=2, moved=2)
    assert sweep.inbox.asked == [WALL]


async def test_the_purge_empties_what_is_too_old_and_keeps_its_trace(
    office: Office, sweep: Sweep
) -> None:
    office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    office.send(Kind.THANK_YOU, "source")
    with office.store.write() as session:
        fax = next(row for row in office.deliveries() if row.channel == "fax")
        session.get_one(DeliveryRow, fax.id).state = DeliveryState.UNKNOWN  # nobody ever told
        done, _ = inbox.accept(
            session, org=ORG, origin="events", event_id="1", body=b"{}", received_at=WALL
        )
        inbox.mark(session, done.id, InboxState.APPLIED, at=WALL)
        waiting, _ = inbox.accept(
            session, org=ORG, origin="events", event_id="2", body=b"{}", received_at=WALL
        )
    assert (await sweep.run("purge", 5 * 365 * DAY)).moved == 0
    with office.store.read() as session:
        assert session.exec(select(SentLetterRow)).one().pdf.startswith(b"%PDF")
    assert (await sweep.run("purge", 370 * DAY)).moved == 3
    assert (await sweep.run("purge")).moved == 0
    with office.store.read() as session:
        assert inbox.get(session, ORG, done.id).body == b""
        assert inbox.get(session, ORG, done.id).body_hash == done.body_hash
        assert inbox.get(session, ORG, waiting.id).body == b"{}"  # still somebody's
        assert session.exec(select(SentLetterRow)).all() == []
    assert office.deliveries()[0].payload is None
    assert {row.channel: row.state for row in office.deliveries()} == {
        "sms": DeliveryState.DELIVERED,
        "fax": DeliveryState.UNKNOWN,
    }


def test_the_longest_duty_of_any_state_counts(office: Office) -> None:
    now = datetime(2028, 2, 29, tzinfo=UTC)
    organization = office.tenant.organization
    assert keep_until(now, organization, Retention()) == datetime(2022, 2, 28, tzinfo=UTC)
    illinois = Retention(years_by_state={"IL": 10, "TX": 20})
    assert keep_until(now, organization, illinois).year == 2018


async def test_each_source_has_one_verdict_a_week(office: Office, sweep: Sweep) -> None:
    assert await sweep.run("verdicts", 7 * DAY) == ChoreDone(chore="verdicts", seen=1, moved=1)
    assert await sweep.run("verdicts", HOUR) == ChoreDone(chore="verdicts", seen=1, moved=0)
    assert (await sweep.run("verdicts", 7 * DAY)).moved == 1
    with office.store.read() as session:
        newest, first = verdicts.of_source(session, ORG, office.source_id)
    assert (newest.verdict, newest.recent, newest.before) == ("too_few_to_say", 1, 0)
    assert first.week.weekday() == newest.week.weekday() == 0
    assert newest.week - first.week == 7 * DAY


async def test_an_unknown_chore_names_those_there_are(sweep: Sweep) -> None:
    there_are = "inbox, faxes, vendors, receipts, crm, scorecards, tasks, feeds, slots, verdicts"
    with pytest.raises(NotFound, match=there_are):
        await sweep.run("dust")


async def test_as_an_activity(sweep: Sweep) -> None:
    environment = at_time(MONDAY)
    done = await environment.run(sweep.chores.run, SweepInput(chore="crm"))
    assert done == ChoreDone(chore="crm")
    with pytest.raises(ApplicationError) as told:
        await environment.run(sweep.chores.run, SweepInput(chore="dust"))
    assert told.value.non_retryable
