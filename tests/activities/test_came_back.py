"""Faxes that a vendor took and reported as failed later: sent again, elsewhere, then a person's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from activities.receipts import Receipts
from models.contracts import Answer, DropInput, Receipt, ReceiptState
from models.errors import ChannelError, Conflict, Verdict
from models.facts import (
    MessageCameBack,
    MessageDelivered,
    MessageDropped,
    MessageFailed,
    MessageSent,
    MessageSentAgain,
    TaskOpened,
)
from models.kinds import Kind
from models.tasks import TaskKind, kind_of
from store import consent, tasks
from store.engine import Store
from store.tables import DeliveryRow, MessageState, SubjectType, TaskRow
from tests.activities.office import FAX, MAIL, MONDAY, ORG, Crash, Office, kept_page
from tests.activities.test_fax_line import AT_NOON, Practice

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
QUARTER = 15 * MINUTE
KEY = "thank_you:source:1"


@pytest.fixture
def office(office: Office) -> Office:
    """Its vendors take everything and prove nothing by themselves."""
    for vendor in (office.fax, office.email):
        vendor.delivers = False
    return office


def faxes(office: Office) -> list[DeliveryRow]:
    """Every fax of the organization, in the order of its tries."""
    with office.store.read() as session:
        rows = session.exec(
            select(DeliveryRow).where(
                DeliveryRow.channel == "fax", DeliveryRow.subject_type == SubjectType.MESSAGE
            )
        ).all()
    return sorted(rows, key=lambda row: (row.rung, row.id))


def word(
    office: Office,
    row: DeliveryRow,
    at: datetime,
    code: str = "user_busy",
    *,
    verdict: Verdict = Verdict.LATER,
    delivered: bool = False,
) -> bool:
    """A vendor's callback about one delivery; False where it is no news."""
    state = ReceiptState.DELIVERED if delivered else ReceiptState.FAILED
    receipt = Receipt(
        reference=row.carrier or row.reference, state=state, at=at, code=code, verdict=verdict
    )
    heard = Receipts(office.store, office.tenants, office.clients).told(row, receipt, at)
    if heard is not None:
        heard.save()
    return heard is not None


def again(office: Office, at: datetime) -> Answer:
    return office.send(Kind.THANK_YOU, "source", at=at, rung=1)


def backs(office: Office) -> list[MessageCameBack]:
    return office.referral.all(MessageCameBack)


def asked(office: Office) -> list[str]:
    return [one.task for one in office.referral.open_tasks()]


def test_busy_once_then_delivered(office: Office) -> None:
    office.send(Kind.THANK_YOU, "source")
    word(office, faxes(office)[0], MONDAY + MINUTE)
    (back,) = backs(office)
    assert (back.rung, back.code, back.again_at) == (0, "user_busy", MONDAY + MINUTE + QUARTER)
    assert office.referral.all(MessageFailed) == []
    assert asked(office) == []  # nobody is asked while the line is tried
    assert [m.state for m in office.messages()] == [MessageState.HELD]
    assert back.again_at is not None

    answer = again(office, back.again_at)
    assert any(isinstance(fact, MessageSentAgain) for fact in answer.learned)
    first, second = faxes(office)
    assert (first.state, second.state) == ("failed", "accepted")
    assert first.reference != second.reference  # whatever the vendor says next, it says of one
    word(office, second, back.again_at + MINUTE, delivered=True)
    assert len(office.referral.all(MessageDelivered)) == 1
    assert len(office.referral.all(MessageSent)) == 1
    assert office.duplicates() == 0
    assert len(office.touches()) == 1


def test_the_very_same_pages_go_again(office: Office) -> None:
    office.send(Kind.THANK_YOU, "source")
    word(office, faxes(office)[0], MONDAY)
    again(office, MONDAY + 26 * HOUR)  # drawn now, it would bear another date
    first, second = faxes(office)
    assert kept_page(office, first.id) == kept_page(office, second.id)
    pages = [parcel.attachments[0].content for parcel in office.fax.accepted]
    assert pages[0] == pages[1]


def test_never_before_its_time_and_never_two_at_once(office: Office) -> None:
    office.send(Kind.THANK_YOU, "source")
    word(office, faxes(office)[0], MONDAY)
    early = again(office, MONDAY + 14 * MINUTE)
    assert early.held_until == MONDAY + QUARTER
    assert len(office.fax.accepted) == 1
    again(office, MONDAY + QUARTER)
    again(office, MONDAY + QUARTER + MINUTE)  # one is on its way: nothing is owed
    assert len(office.fax.accepted) == 2


def test_a_late_receipt_of_the_first_try_ends_it(office: Office) -> None:
    office.send(Kind.THANK_YOU, "source")
    word(office, faxes(office)[0], MONDAY)
    word(office, faxes(office)[0], MONDAY + MINUTE, delivered=True)
    answer = again(office, MONDAY + QUARTER)
    assert answer.held_until is None
    assert len(office.fax.accepted) == 1
    assert not office.referral.owed(office.given(Kind.THANK_YOU, "source").message)
    (message,) = office.messages()  # nor does it wait for the line any more
    assert (message.state, message.line, message.why) == (MessageState.SENT, None, None)


def test_a_try_that_fails_after_another_one_arrived_needs_nobody(office: Office) -> None:
    office.send(Kind.THANK_YOU, "source")
    word(office, faxes(office)[0], MONDAY)
    again(office, MONDAY + QUARTER)
    word(office, faxes(office)[0], MONDAY + QUARTER, delivered=True)
    word(office, faxes(office)[1], MONDAY + HOUR)
    assert len(backs(office)) == 1
    assert [row.state for row in faxes(office)] == ["delivered", "failed"]
    assert asked(office) == []


def test_told_twice_it_is_one_failure(office: Office) -> None:
    office.send(Kind.THANK_YOU, "source")
    (row,) = faxes(office)
    receipt = Receipt(reference=row.reference, state=ReceiptState.FAILED, at=MONDAY, code="busy")
    asking = Receipts(office.store, office.tenants, office.clients)
    first, second = asking.told(row, receipt, MONDAY), asking.told(row, receipt, MONDAY + HOUR)
    assert first is not None
    assert second is not None  # two processes looked before either wrote
    first.save()
    again(office, MONDAY + QUARTER)
    second.save()
    assert [one.again_at for one in backs(office)] == [MONDAY + QUARTER]
    assert [m.state for m in office.messages()] == [MessageState.SENT]
    assert not word(office, faxes(office)[0], MONDAY + HOUR)


def test_a_workflow_that_hears_before_the_record_asks_again(office: Office) -> None:
    office.send(Kind.THANK_YOU, "source")
    (row,) = faxes(office)
    receipt = Receipt(
        reference=row.reference,
        state=ReceiptState.FAILED,
        at=MONDAY,
        code="gone",
        verdict=Verdict.PERMANENT,
    )
    heard = Receipts(office.store, office.tenants, office.clients).told(row, receipt, MONDAY)
    assert heard is not None  # told to the workflow, and not written yet
    with pytest.raises(Conflict) as early:
        again(office, MONDAY)
    assert early.value.code == "record_behind"
    drop = office.given(Kind.THANK_YOU, "source", rung=1).model_dump(exclude={"clinic_id"})
    with pytest.raises(Conflict):  # as for one that events have overtaken: it is not sent after all
        office.post.stop(DropInput(**drop, why="overtaken"), MONDAY)
    heard.save()
    again(office, MONDAY)
    assert len(office.email.accepted) == 1
    again(office, MONDAY)  # a crank more than needed
    assert len(office.email.accepted) == 1


def until_it_is_used_up(office: Office) -> list[datetime]:
    """Busy for ever: when each try after the first went out."""
    at, went = MONDAY, []
    office.send(Kind.THANK_YOU, "source", at=at)
    while True:
        word(office, faxes(office)[-1], at)
        back = backs(office)[-1]
        if back.again_at is None:
            return went
        at = back.again_at
        went.append(at)
        again(office, at)


def test_busy_for_ever_is_tried_five_times_then_the_mail(office: Office) -> None:
    went = until_it_is_used_up(office)
    morning = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    assert went == [
        MONDAY + QUARTER,
        MONDAY + QUARTER + HOUR,
        MONDAY + QUARTER + 4 * HOUR,
        morning,
    ]
    assert len(office.fax.accepted) == 5
    (failed,) = office.referral.all(MessageFailed)
    assert (failed.rung, failed.channel, failed.code) == (4, "fax", "user_busy")
    assert asked(office) == []
    again(office, morning)
    (parcel,) = office.email.accepted
    assert parcel.to == MAIL
    assert [one.channel for one in office.referral.all(MessageSentAgain)] == ["fax"] * 4 + ["email"]
    assert asked(office) == []
    assert office.duplicates() == 0


def test_with_no_other_channel_it_is_a_call_within_four_hours(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(source={"email": None})
    office.fax.delivers = False
    until_it_is_used_up(office)
    morning = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    again(office, morning)
    (task,) = office.referral.all(TaskOpened)
    assert (task.task, task.due) == (f"undeliverable:{KEY}", morning + 4 * HOUR)
    assert asked(office) == [task.task]  # it stands, although a vendor had taken the letter
    (dropped,) = office.referral.all(MessageDropped)
    assert dropped.why == "undeliverable"
    word(office, faxes(office)[0], morning + HOUR, delivered=True)
    assert asked(office) == []


def test_tries_before_and_after_the_vendor_took_it_are_counted_together(office: Office) -> None:
    office.fax.before = [ChannelError("put_off", "later", verdict=Verdict.LATER) for _ in range(3)]
    at = MONDAY
    while (held := office.send(Kind.THANK_YOU, "source", at=at).held_until) is not None:
        at = held
    word(office, faxes(office)[0], at)  # the fourth
    (back,) = backs(office)
    assert back.again_at == datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
    again(office, back.again_at)
    word(office, faxes(office)[1], back.again_at)  # the fifth
    assert backs(office)[-1].again_at is None


def test_a_number_that_is_none_is_not_tried_again(office: Office) -> None:
    office.send(Kind.THANK_YOU, "source")
    word(office, faxes(office)[0], MONDAY, "receiver_unallocated_number", verdict=Verdict.PERMANENT)
    assert backs(office)[0].again_at is None
    again(office, MONDAY + MINUTE)
    assert len(office.fax.accepted) == 1
    assert len(office.email.accepted) == 1


def test_what_is_ours_to_mend_is_an_administrators_and_goes_again(office: Office) -> None:
    office.send(Kind.THANK_YOU, "source")
    word(office, faxes(office)[0], MONDAY, "account_disabled", verdict=Verdict.FIX)
    assert asked(office) == ["step_failed:send-fax-account_disabled"]
    again(office, MONDAY + QUARTER)
    assert len(office.fax.accepted) == 2
    assert asked(office) == []


def test_a_lost_answer_that_turns_out_busy_goes_again(office: Office) -> None:
    office.fax.after = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.THANK_YOU, "source")
    (row,) = faxes(office)
    office.fax.say[row.reference] = Receipt(
        reference=row.reference, state=ReceiptState.FAILED, at=MONDAY, code="user_busy"
    )
    office.wall += HOUR
    office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    asking = Receipts(office.store, office.tenants, office.clients)
    (due,) = asking.due(office.wall)  # at once, not in an hour
    heard = asking.ask(due, office.wall)
    assert heard is not None
    heard.save()
    assert backs(office)[0].again_at is not None
    assert office.referral.all(MessageFailed) == []


# --- several letters of one fax -------------------------------------------------------------------


def test_a_fax_of_several_letters_comes_back_and_goes_again_as_one(
    store: Store, tmp_path: Path
) -> None:
    practice = Practice(store, tmp_path)
    practice.fax.delivers = False
    practice.all_wait(3)
    practice.crank(0, AT_NOON)
    for row in faxes(practice):
        word(practice, row, AT_NOON)
    at = AT_NOON + QUARTER
    for place in range(3):
        (back,) = practice.known(place).all(MessageCameBack)
        assert back.again_at == at
    for place in range(3):
        practice.crank(place, at)
    assert len(practice.fax.accepted) == 2
    (carrier,) = {row.carrier for row in faxes(practice) if row.rung == 1}
    second = [row for row in faxes(practice) if row.carrier == carrier]
    assert len(second) == 3
    for row in second:
        word(practice, row, at + MINUTE, delivered=True)
    for place in range(3):
        assert len(practice.known(place).all(MessageDelivered)) == 1
        assert len(practice.known(place).all(MessageSentAgain)) == 1
    assert practice.duplicates() == 0


# --- dead numbers ---------------------------------------------------------------------------------


def open_tasks(store: Store, kind: TaskKind) -> list[TaskRow]:
    with store.read() as session:
        rows = session.exec(select(TaskRow).where(TaskRow.state == "open")).all()
        return [row for row in rows if kind_of(row.key) is kind]


def test_three_letters_that_fail_make_a_number_dead_and_a_question(
    store: Store, tmp_path: Path
) -> None:
    office = Office(store, tmp_path)
    office.fax.delivers = False
    for number in range(3):
        office.receive(patient={"given_name": f"P{number}"})
        with store.read() as session:
            assert not consent.is_dead(session, ORG, FAX)
        office.send(Kind.THANK_YOU, "source")
        mine = next(row for row in faxes(office) if row.referral_id == office.referral_id)
        word(office, mine, MONDAY, verdict=Verdict.PERMANENT)
    with store.read() as session:
        assert consent.is_dead(session, ORG, FAX)
    (task,) = open_tasks(store, TaskKind.ASK_FAX_NUMBER)
    assert "Lakeside Family Medicine" in task.says
    assert FAX in task.says

    office.receive(patient={"given_name": "Next"})
    office.send(Kind.THANK_YOU, "source")
    assert len(office.fax.accepted) == 3
    assert office.email.accepted
    with store.write() as session:  # somebody has asked the practice
        tasks.complete(session, ORG, task.id, by="dana", at=MONDAY)
        assert not consent.is_dead(session, ORG, FAX)


def test_a_letter_that_is_tried_again_has_not_failed_yet(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.fax.delivers = False
    for number in range(4):
        office.receive(patient={"given_name": f"P{number}"})
        office.send(Kind.THANK_YOU, "source")
        mine = next(row for row in faxes(office) if row.referral_id == office.referral_id)
        last = number == 3  # one fails for good while three others are tried again
        word(office, mine, MONDAY, verdict=Verdict.PERMANENT if last else Verdict.LATER)
    with store.read() as session:
        assert not consent.is_dead(session, ORG, FAX)
