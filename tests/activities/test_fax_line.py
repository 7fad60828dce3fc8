"""One practice with eight physicians and one fax line: what goes together, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from activities.turns import IN_HAND
from models.contracts import Answer, Receipt, ReceiptState, SendInput
from models.errors import CannotTell, ChannelError, Conflict, Verdict
from models.facts import (
    ClosedReason,
    MessageDelivered,
    MessageDropped,
    MessageFailed,
    MessageHeld,
    MessageSent,
    PatientDied,
    ReferralClosed,
    TaskOpened,
)
from models.kinds import Kind
from models.policy import Office as OfficePolicy
from store import consent, post, settling
from store.engine import Store
from store.tables import DeliveryState
from tests.activities.office import CLINIC, FAX, MONDAY, ORG, Crash, Office
from tests.activities.turns import busy

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
AT_NOON = MONDAY + 2 * HOUR
NAMES = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gingko", "Hazel")


class Practice(Office):
    """Eight physicians of one practice, each with a referral of their own."""

    def __init__(self, store: Store, folder: Path, **policy: Any) -> None:
        rules = OfficePolicy.model_validate({"bundle": "2 bh", **policy.pop("office", {})})
        super().__init__(store, folder, office=rules, **policy)
        self.referrals = [
            self.receive(
                patient={"family_name": f"Sentinel{place}"},
                source={"npi": _npi(place), "name": f"Ana {name}"},
            )
            for place, name in enumerate(NAMES)
        ]

    def crank(self, place: int, at: datetime, kind: Kind = Kind.THANK_YOU) -> Answer:
        """One turn for one of the referrals."""
        return self.post.turn(self.asks(place, kind), at)

    def asks(self, place: int, kind: Kind = Kind.THANK_YOU) -> SendInput:
        return SendInput(
            org=ORG,
            clinic_id=CLINIC,
            referral_id=self.referrals[place],
            kind=kind,
            to="source",
            occasion="1",
        )

    def all_wait(self, count: int = 8) -> None:
        """Each first turn holds its letter for company."""
        for place in range(count):
            answer = self.crank(place, MONDAY + place * MINUTE)
            assert answer.held_until == AT_NOON

    def known(self, place: int) -> Any:
        return self.record.referral(ORG, self.referrals[place])

    def states(self) -> list[str]:
        """Every fax delivery of the eight."""
        rows = []
        with self.store.read() as session:
            for referral_id in self.referrals:
                rows += post.deliveries_of(session, referral_id)
        return [row.state for row in rows if row.channel == "fax"]

    def pages(self, parcel: int = -1) -> list[str]:
        """The words of each page of one transmission."""
        content = self.fax.accepted[parcel].attachments[0].content
        return [page.extract_text() for page in PdfReader(BytesIO(content)).pages]


def _npi(place: int) -> str:
    """A valid one: the last digit is a Luhn check over 80840 and the rest."""
    base = f"12345{place:04d}"
    digits = [int(digit) for digit in f"80840{base}"]
    total = sum(sum(divmod(d * 2, 10)) if n % 2 == 0 else d for n, d in enumerate(digits[::-1]))
    return f"{base}{-total % 10}"


@pytest.fixture
def practice(store: Store, tmp_path: Path) -> Practice:
    return Practice(store, tmp_path)


# --- going together -------------------------------------------------------------------------------


def test_eight_letters_go_as_one_fax_each_on_its_page(practice: Practice) -> None:
    practice.all_wait()
    assert practice.fax.accepted == []
    answer = practice.crank(3, AT_NOON)
    assert isinstance(answer.learned[-1], MessageSent)
    (parcel,) = practice.fax.accepted
    assert parcel.to == FAX
    assert [a.filename for a in parcel.attachments] == ["letters.pdf"]
    pages = practice.pages()
    assert len(pages) == 8
    for number, (page, name) in enumerate(zip(pages, NAMES, strict=True), start=1):
        assert f"Attn: Ana {name}" in page
        assert f"Letter {number} of 8 in this fax, page {number} of 8" in page
        assert sum(f"Sentinel{place}" in page for place in range(8)) == 1
    for place in range(8):
        referral = practice.known(place)
        (sent,) = referral.all(MessageSent)
        (delivered,) = referral.all(MessageDelivered)
        assert (sent.at, delivered.at) == (AT_NOON, AT_NOON)
    assert practice.states() == [DeliveryState.DELIVERED] * 8
    assert practice.duplicates() == 0


def test_the_turns_that_come_after_are_only_told(practice: Practice) -> None:
    practice.all_wait()
    for place in range(8):
        answer = practice.crank(place, AT_NOON + place * MINUTE)
        assert [type(f) for f in answer.learned if not isinstance(f, MessageHeld)] == [
            MessageDelivered,
            MessageSent,
        ]
    assert len(practice.fax.accepted) == 1


def test_one_alone_goes_as_it_always_did(practice: Practice) -> None:
    practice.crank(0, MONDAY)
    practice.crank(0, AT_NOON)
    (parcel,) = practice.fax.accepted
    assert parcel.attachments[0].filename == "thank-you.pdf"
    assert "in this fax" not in practice.pages()[0]


def test_a_turn_that_comes_too_soon_waits_for_the_same_moment(practice: Practice) -> None:
    first = practice.crank(0, MONDAY)
    again = practice.crank(0, MONDAY + HOUR)
    assert again.held_until == first.held_until == AT_NOON
    assert practice.fax.accepted == []


def test_what_cannot_wait_takes_along_what_does(practice: Practice) -> None:
    practice.all_wait(2)
    practice.receive(at=MONDAY - 19 * HOUR, patient={"family_name": "Hurried"})
    answer = practice.send(Kind.THANK_YOU, "source", at=MONDAY + HOUR)
    assert answer.held_until is None
    assert len(practice.pages()) == 3
    assert practice.known(0).all(MessageSent)[0].at == MONDAY + HOUR


def test_a_decline_goes_alone_and_at_once(practice: Practice) -> None:
    practice.all_wait(2)
    practice.receive(patient={"family_name": "Turned Down"})
    at = MONDAY + HOUR
    practice.tell(
        ReferralClosed(
            at=at, by="lee", reason=ClosedReason.DECLINED_BY_CLINIC, declined_for="capacity"
        )
    )
    gone = practice.send(Kind.DECLINED, "source", "closed", at=at)
    assert gone.held_until is None
    assert len(practice.pages()) == 1


# --- each judged by itself ------------------------------------------------------------------------


def test_who_may_not_go_stays_behind(practice: Practice) -> None:
    practice.all_wait(3)
    practice.record.write(
        ORG, practice.referrals[1], PatientDied(at=MONDAY + HOUR), recorded_at=practice.wall
    )
    practice.crank(0, AT_NOON)
    assert len(practice.pages()) == 2
    assert practice.known(1).all(MessageSent) == []
    (dropped,) = [f for f in practice.crank(1, AT_NOON).learned if isinstance(f, MessageDropped)]
    assert dropped.why == "deceased"


def test_a_number_that_died_meanwhile_takes_nothing(practice: Practice) -> None:
    practice.all_wait(2)
    with practice.store.write() as session:
        consent.mark_dead(session, org=ORG, address=FAX, why="fax_failed", at=MONDAY)
    answer = practice.crank(0, AT_NOON)
    assert any(isinstance(f, MessageFailed) and f.code == "dead_number" for f in answer.learned)
    assert practice.fax.accepted == []
    assert len(practice.email.accepted) == 1


# --- fifteen pages a day --------------------------------------------------------------------------


def test_what_is_over_the_days_pages_goes_the_next_morning(store: Store, tmp_path: Path) -> None:
    practice = Practice(store, tmp_path, office={"max_pages_per_number_day": 5})
    practice.all_wait()
    practice.crank(0, AT_NOON)
    assert len(practice.pages()) == 5
    left = [place for place in range(8) if not practice.known(place).all(MessageSent)]
    assert len(left) == 3
    morning = practice.crank(left[0], AT_NOON).held_until
    assert morning == datetime.fromisoformat("2026-03-03T12:00:00+00:00")  # it opens at 7:00
    practice.crank(left[1], AT_NOON)
    practice.crank(left[0], morning)
    assert len(practice.pages()) == 3  # with the one whose turn has not come
    assert len(practice.fax.accepted) == 2


def test_what_cannot_wait_for_the_morning_goes_by_mail(store: Store, tmp_path: Path) -> None:
    practice = Practice(store, tmp_path, office={"max_pages_per_number_day": 1})
    practice.crank(0, MONDAY)
    practice.crank(0, AT_NOON)
    practice.receive(at=MONDAY - 12 * HOUR, patient={"family_name": "Hurried"})
    practice.send(Kind.THANK_YOU, "source", at=AT_NOON + 5 * HOUR)
    (mail,) = practice.email.accepted
    assert mail.attachments[0].filename == "thank-you.pdf"
    failed = practice.referral.all(MessageFailed)
    assert [(one.channel, one.code) for one in failed] == [("fax", "line_full")]


# --- what the line says ---------------------------------------------------------------------------


def test_a_busy_line_is_tried_again_with_all_of_them(practice: Practice) -> None:
    practice.all_wait(3)
    practice.fax.before = [busy()]
    held = practice.crank(0, AT_NOON)
    assert held.held_until == AT_NOON + 15 * MINUTE
    assert practice.crank(2, held.held_until).held_until is None
    assert len(practice.pages()) == 3
    assert all(practice.known(place).all(MessageSent) for place in range(3))


def test_a_number_that_takes_no_fax_sends_each_on_by_itself(practice: Practice) -> None:
    practice.all_wait(3)
    gone = ChannelError("no_such_number", "not in service", verdict=Verdict.PERMANENT)
    practice.fax.before = [gone]
    practice.crank(0, AT_NOON)
    for place in range(3):
        assert [f.code for f in practice.known(place).all(MessageFailed)] == ["no_such_number"]
    for place in range(3):
        practice.crank(place, AT_NOON + MINUTE)
    assert len(practice.email.accepted) == 3
    assert practice.fax.accepted == []


def test_the_receipt_of_the_fax_is_the_receipt_of_each_letter(practice: Practice) -> None:
    practice.fax.delivers = False
    practice.all_wait(3)
    practice.crank(0, AT_NOON)
    with practice.store.read() as session:
        rows = settling.carried_by(session, practice.fax.accepted[0].reference)
    assert {row.referral_id for row in rows} == set(practice.referrals[:3])
    assert {row.state for row in rows} == {DeliveryState.ACCEPTED}
    assert len({row.vendor_id for row in rows}) == 1


# --- crashes --------------------------------------------------------------------------------------


def _before_the_vendor(practice: Practice, _: pytest.MonkeyPatch) -> None:
    practice.fax.before = [Crash()]


def _after_the_vendor(practice: Practice, _: pytest.MonkeyPatch) -> None:
    practice.fax.after = [Crash()]


def _half_settled(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    settle, calls = settling.settle, iter(range(9))

    def third_dies(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == 2:
            raise Crash
        return settle(*args, **kwargs)

    monkeypatch.setattr("activities.outcomes.settling.settle", third_dies)


Breaks = Callable[[Practice, pytest.MonkeyPatch], None]


@pytest.mark.parametrize("when", [_before_the_vendor, _after_the_vendor, _half_settled])
def test_whoever_comes_after_a_crash_settles_all_of_them(
    practice: Practice, when: Breaks, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice.all_wait(4)
    with monkeypatch.context() as broken:
        when(practice, broken)
        with pytest.raises(Crash):
            practice.crank(0, AT_NOON)
    with pytest.raises(Conflict):  # it may be at it still
        practice.crank(2, AT_NOON)
    practice.wall += IN_HAND
    practice.crank(2, AT_NOON + MINUTE)
    assert len(practice.fax.accepted) == 1
    assert all(len(practice.known(place).all(MessageSent)) == 1 for place in range(4))
    assert practice.duplicates() == 0


def test_where_nobody_can_tell_each_letter_is_a_persons(practice: Practice) -> None:
    practice.fax.knows = False
    practice.all_wait(3)
    practice.fax.after = [CannotTell("lost")]
    practice.crank(1, AT_NOON)
    for place in range(3):
        (task,) = practice.known(place).all(TaskOpened)
        assert task.task == "uncertain_delivery:thank_you:source:1"
    assert len(practice.fax.accepted) == 1
    practice.crank(0, AT_NOON + HOUR)
    assert len(practice.fax.accepted) == 1


def test_a_fax_the_vendor_calls_failed_spends_the_rung_of_each(practice: Practice) -> None:
    practice.all_wait(2)
    practice.fax.after = [Crash()]
    with pytest.raises(Crash):
        practice.crank(0, AT_NOON)
    reference = practice.fax.accepted[0].reference
    practice.fax.say[reference] = Receipt(
        reference=reference,
        state=ReceiptState.FAILED,
        at=AT_NOON,
        code="no_answer",
        verdict=Verdict.PERMANENT,
    )
    practice.wall += IN_HAND
    practice.crank(1, AT_NOON + MINUTE)
    for place in range(2):
        assert [f.code for f in practice.known(place).all(MessageFailed)] == ["no_answer"]
