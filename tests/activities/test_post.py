"""One turn of the crank: what leaves once, what is dropped, what the engine hears of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.turns import IN_HAND, LATEST_START
from integrations.contract import LONGEST_CALL
from models.contracts import Answer, DropInput, Receipt
from models.errors import Conflict, NotFound, StoreUnavailable
from models.facts import (
    DischargeSummarySigned,
    MessageDelivered,
    MessageDropped,
    MessageSent,
)
from models.kinds import Kind
from store import sent_letters, sources
from store.tables import DeliveryState, MessageState
from tests.activities.office import (
    FAX,
    MONDAY,
    ORG,
    Crash,
    Office,
    summary_fields,
)
from tests.activities.turns import (
    DAY,
    HOUR,
    MINUTE,
    NIGHT,
    TUESDAY_NINE,
    at_time,
    of,
)
from workflows.policies import SEND_TIMEOUT


def test_a_fax_goes_out_once_with_row_facts_and_receipt(office: Office) -> None:
    answer = office.send(Kind.THANK_YOU, "source")
    assert [type(f) for f in answer.learned] == [MessageDelivered, MessageSent]
    assert answer.held_until is None
    (delivered,) = of(answer, MessageDelivered)
    assert (delivered.recipient_id, delivered.at) == (office.certifier_id, MONDAY)
    (parcel,) = office.fax.accepted
    assert parcel.to == FAX
    assert parcel.attachments[0].content.startswith(b"%PDF")
    assert parcel.attachments[0].filename == "thank-you.pdf"
    (row,) = office.deliveries()
    assert (row.state, row.acceptances, row.claimed_at) == (DeliveryState.DELIVERED, 1, MONDAY)
    assert [m.state for m in office.messages()] == [MessageState.SENT]
    with office.store.read() as session:  # for whoever asks later what exactly left
        assert sent_letters.find(session, row.id) == parcel.attachments[0].content


def test_drawn_anew_for_another_try_the_pages_that_left_are_kept(office: Office) -> None:
    office.fax.before.append(Crash())
    with pytest.raises(Crash):
        office.send(Kind.THANK_YOU, "source")
    with office.store.write() as session:
        (row,) = office.deliveries()
        sent_letters.keep(session, row.id, b"as drawn before a correction")
    office.wall += IN_HAND + HOUR
    office.send(Kind.THANK_YOU, "source", at=MONDAY + 2 * HOUR)
    (parcel,) = office.fax.accepted
    with office.store.read() as session:
        assert sent_letters.find(session, row.id) == parcel.attachments[0].content


def test_a_second_turn_only_answers(office: Office) -> None:
    first = office.send(Kind.THANK_YOU, "source")
    again = office.send(Kind.THANK_YOU, "source", at=MONDAY + HOUR)
    assert again.learned == first.learned
    assert len(office.fax.accepted) == 1
    assert len(office.deliveries()) == 1


def test_a_source_touch_is_queued_for_the_crm_and_a_patients_is_not(office: Office) -> None:
    office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    assert office.touches() == []
    office.send(Kind.THANK_YOU, "source")
    (touch,) = office.touches()
    assert touch.payload is not None
    assert set(touch.payload) == {"type", "kind", "channel", "source_id", "at"}
    assert office.duplicates() == 0
    with office.store.read() as session:
        assert sources.get(session, ORG, office.source_id).next_touch_at is not None


def test_the_discharge_summary_sets_the_next_touch_anew(office: Office) -> None:
    office.send(Kind.THANK_YOU, "source")
    office.put("discharge_summary", content=summary_fields())
    office.tell(DischargeSummarySigned(at=MONDAY))
    later = MONDAY + 3 * DAY
    office.send(Kind.DISCHARGE_SUMMARY, f"recipient:{office.certifier_id}", at=later)
    with office.store.read() as session:
        touch = sources.get(session, ORG, office.source_id).next_touch_at
    assert touch is not None
    assert touch > later + 13 * DAY


# --- dropping -------------------------------------------------------------------------------------


def _drop(office: Office, why: str = "overtaken") -> Answer:
    given = DropInput(
        org=ORG,
        referral_id=office.referral_id,
        kind=Kind.SCHEDULE_TEXT,
        to="patient",
        occasion="bd-0",
        why=why,
    )
    return office.post.stop(given, MONDAY + HOUR)


def test_a_held_message_is_dropped_and_stays_so(office: Office) -> None:
    office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=NIGHT)
    dropped = _drop(office)
    assert of(dropped, MessageDropped)[0].why == "overtaken"
    assert _drop(office).learned == dropped.learned
    again = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0", at=TUESDAY_NINE)
    assert again.learned == dropped.learned
    assert office.sms.accepted == []


def test_what_went_out_cannot_be_dropped(office: Office) -> None:
    sent = office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    assert _drop(office).learned == sent.learned


def test_dropping_what_was_being_handed_over_leaves_it_to_the_receipts(office: Office) -> None:
    office.sms.after = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.SCHEDULE_TEXT, "patient", "bd-0")
    _drop(office)
    (row,) = office.deliveries()
    assert row.state == DeliveryState.UNKNOWN
    assert row.prove_by is not None


# --- the border to the engine ---------------------------------------------------------------------


def test_as_an_activity_it_takes_the_engines_time(office: Office) -> None:
    environment = at_time(MONDAY)
    answer = environment.run(office.post.send, office.given(Kind.THANK_YOU, "source"))
    assert of(answer, MessageSent)[0].at == MONDAY


def test_no_exception_carries_words_over_the_border(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> Any:
        raise RuntimeError("Jordan Sentinel, M17.11")

    monkeypatch.setattr("activities.post.letters.compose", breaks)
    environment = at_time(MONDAY)
    with pytest.raises(ApplicationError) as told:
        environment.run(office.post.send, office.given(Kind.THANK_YOU, "source"))
    assert (told.value.message, told.value.type) == ("RuntimeError", "RuntimeError")
    assert told.value.__cause__ is None
    assert not told.value.non_retryable


@pytest.mark.parametrize(
    ("error", "final"),
    [(StoreUnavailable("down"), False), (NotFound("gone"), True)],
)
def test_our_errors_cross_as_their_codes(
    office: Office, monkeypatch: pytest.MonkeyPatch, error: Exception, final: bool
) -> None:
    def breaks(*_: Any) -> Any:
        raise error

    monkeypatch.setattr("activities.post.letters.compose", breaks)
    environment = at_time(MONDAY)
    with pytest.raises(ApplicationError) as told:
        environment.run(office.post.send, office.given(Kind.THANK_YOU, "source"))
    assert told.value.non_retryable is final
    assert told.value.message == error.code


def test_a_call_that_may_begin_ends_within_its_attempt() -> None:
    assert LATEST_START.total_seconds() + LONGEST_CALL < SEND_TIMEOUT.total_seconds()


def test_a_turn_that_was_held_up_leaves_the_message_to_the_next(office: Office) -> None:
    office.fax.before = [Crash()]
    with pytest.raises(Crash):
        office.send(Kind.THANK_YOU, "source")
    office.wall += IN_HAND
    ask = office.fax.find

    def slow(reference: str) -> Receipt | None:
        office.wall += LATEST_START + timedelta(seconds=1)
        return ask(reference)

    office.fax.find = slow
    with pytest.raises(Conflict) as late:
        office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    assert late.value.code == "out_of_time"
    assert office.fax.accepted == []
    answer = office.send(Kind.THANK_YOU, "source", at=MONDAY + MINUTE)
    assert len(of(answer, MessageSent)) == len(office.fax.accepted) == 1
