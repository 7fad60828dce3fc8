"""The ladder: tries, other channels, dead numbers, and whom a failure asks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import select

from models.contracts import DropInput
from models.errors import ChannelError, Verdict
from models.facts import (
    DischargeSummarySigned,
    MessageDropped,
    MessageFailed,
    MessageHeld,
    MessageSent,
    TaskOpened,
)
from models.kinds import Kind
from models.roles import Role
from store import consent
from store.engine import Store
from store.tables import MessageState, TaskRow
from tests.activities.office import (
    FAX,
    MAIL,
    MONDAY,
    ORG,
    Office,
)
from tests.activities.turns import (
    DAY,
    HOUR,
    MINUTE,
    a_pdf,
    busy,
    dead,
    of,
)


def test_a_busy_line_is_tried_five_times_then_the_mail(office: Office) -> None:
    office.fax.before = [busy() for _ in range(5)]
    at, waits = MONDAY, []
    answer = office.send(Kind.THANK_YOU, "source", at=at)
    while answer.held_until is not None:
        assert of(answer, MessageHeld)[0].why == "busy"
        waits.append(answer.held_until - at)
        at = answer.held_until
        answer = office.send(Kind.THANK_YOU, "source", at=at)
    assert waits[:3] == [15 * MINUTE, HOUR, 3 * HOUR]
    assert at == datetime(2026, 3, 3, 12, 0, tzinfo=UTC)  # the next morning
    (failed,) = of(answer, MessageFailed)
    assert (failed.rung, failed.channel, failed.code) == (0, "fax", "busy")
    assert of(answer, MessageDropped) == []
    sent = office.send(Kind.THANK_YOU, "source", at=at, rung=1)
    assert of(sent, MessageSent)[0].channel == "email"
    assert office.email.accepted[0].to == MAIL
    assert office.duplicates() == 0


def test_the_last_rung_becomes_a_call_in_the_same_breath(office: Office) -> None:
    office.fax.before, office.email.before = [dead()], [dead()]
    first = office.send(Kind.THANK_YOU, "source")
    assert of(first, MessageDropped) == []
    last = office.send(Kind.THANK_YOU, "source", rung=1)
    assert [f.rung for f in of(last, MessageFailed)] == [0, 1]
    assert of(last, MessageDropped)[0].why == "undeliverable"
    (task,) = of(last, TaskOpened)
    assert task.due == MONDAY + 4 * HOUR
    assert [m.state for m in office.messages()] == [MessageState.DROPPED]


def test_an_office_that_prefers_mail_gets_mail(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(source={"prefers": "email"})
    assert of(office.send(Kind.THANK_YOU, "source"), MessageSent)[0].channel == "email"
    (parcel,) = office.email.accepted
    assert parcel.subject == "A message from Riverside PT East about your referral"
    assert "Sentinel" not in parcel.subject + parcel.body
    assert parcel.attachments[0].media_type == "application/pdf"


def test_an_office_without_a_fax_number_goes_on_to_mail_in_one_turn(
    store: Store, tmp_path: Path
) -> None:
    office = Office(store, tmp_path)
    office.receive(source={"fax": None})
    answer = office.send(Kind.THANK_YOU, "source")
    assert of(answer, MessageFailed)[0].code == "no_address"
    assert of(answer, MessageSent)[0].channel == "email"


def test_an_office_that_cannot_be_reached_at_all(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive(source={"fax": None, "email": None})
    answer = office.send(Kind.THANK_YOU, "source")
    assert of(answer, MessageDropped)[0].why == "undeliverable"
    assert of(answer, TaskOpened)


def test_three_documents_make_a_number_dead(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    for _ in range(3):
        office.receive(patient={"given_name": f"P{_}"})
        office.fax.before = [dead()]
        office.send(Kind.THANK_YOU, "source")
    with store.read() as session:
        assert consent.is_dead(session, ORG, FAX)
    office.receive(patient={"given_name": "Next"})
    answer = office.send(Kind.THANK_YOU, "source")
    assert of(answer, MessageFailed)[0].code == "dead_number"
    assert of(answer, MessageSent)[0].channel == "email"


def test_a_wrong_password_is_an_admins_task_and_loses_nothing(office: Office) -> None:
    office.fax.before = [ChannelError("login_refused", "no", verdict=Verdict.FIX)]
    answer = office.send(Kind.THANK_YOU, "source")
    assert answer.held_until == MONDAY + 15 * MINUTE
    (task,) = of(answer, TaskOpened)
    assert (task.task, task.role) == ("step_failed:send-fax-login_refused", Role.ADMIN)
    assert _states(office) == {"step_failed": "open"}
    assert of(office.send(Kind.THANK_YOU, "source", at=answer.held_until), MessageSent)


def test_what_an_admin_was_asked_to_mend_stands_while_a_message_waits_for_it(
    office: Office,
) -> None:
    def refused() -> ChannelError:
        return ChannelError("login_refused", "no", verdict=Verdict.FIX)

    office.plan_signed()
    office.fax.before = [refused(), refused()]
    office.send(Kind.THANK_YOU, "source")
    office.send(Kind.PLAN_OF_CARE, "certifier", "v1")
    thanks = office.given(Kind.THANK_YOU, "source").model_dump(include=set(DropInput.model_fields))
    office.post.stop(DropInput(**thanks, why="overtaken"), MONDAY + MINUTE)
    assert _states(office) == {"step_failed": "open"}
    later = MONDAY + 15 * MINUTE
    assert of(office.send(Kind.PLAN_OF_CARE, "certifier", "v1", at=later), MessageSent)
    assert _states(office) == {"step_failed": "moot"}
    office.fax.before = [refused()]  # expired once more
    office.send(Kind.SIGNATURE_REQUEST, "certifier", "v1-day-7", at=later + DAY)
    assert _states(office) == {"step_failed": "open"}


def test_a_document_is_asked_for_until_its_letter_is_settled(office: Office) -> None:
    office.tell(DischargeSummarySigned(at=MONDAY))
    to = f"recipient:{office.certifier_id}"
    answer = office.send(Kind.DISCHARGE_SUMMARY, to)
    assert of(answer, MessageHeld)[0].why == "document_missing"
    assert _states(office) == {"attach_document": "open"}
    document = office.put("discharge_summary", pdf=a_pdf())
    office.tell(DischargeSummarySigned(at=MONDAY, as_of=MONDAY + MINUTE, document_id=document))
    assert _states(office) == {"attach_document": "open"}  # the letter has yet to leave
    assert of(office.send(Kind.DISCHARGE_SUMMARY, to, at=MONDAY + DAY), MessageSent)
    assert _states(office) == {"attach_document": "moot"}


def _states(office: Office) -> dict[str, str]:
    """The kinds of the tasks about messages, and how they stand."""
    with office.store.read() as session:
        return {row.kind: row.state for row in session.exec(select(TaskRow)) if row.referral_id}


def test_the_vendors_own_time_counts_when_it_is_later(office: Office) -> None:
    later = MONDAY + 2 * HOUR
    office.fax.before = [ChannelError("throttled", "slow", verdict=Verdict.LATER, retry_at=later)]
    assert office.send(Kind.THANK_YOU, "source").held_until == later
