"""What a machine read: nobody hears of it until a person has vouched for it (policy.md rule 7)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from models import cadence, dues
from models.card import card_of
from models.decisions import refusal
from models.facts import (
    AnyDecision,
    AnyFact,
    ClosedReason,
    MessageSent,
    ReferralClosed,
    Reopened,
    RequestConfirmed,
    RequestRejected,
    TaskOpened,
    WhyReopened,
)
from models.kinds import Kind
from models.policy import Rules
from models.referral import Referral
from models.tasks import task_key
from tests.lives import CALENDAR, local, on, received, rules

START = datetime(2026, 1, 16, 21, 50, tzinfo=UTC)  # a Friday, 16:50 in New York
OURS = rules()
READ: dict[str, Any] = {"confirmed": False, "origin": "fax", "pages": 2, "fax_verified": True}
FAX = received(START, **READ)
CONFIRMED = RequestConfirmed(at=on(START, 3, "08:20"), by="dana")
REJECTED = RequestRejected(at=on(START, 3, "08:20"), by="dana", why="junk")
HOLIDAY = Rules(  # Martin Luther King Day
    policy=OURS.policy,
    calendar=CALENDAR.model_copy(
        update={"closed": (date(2026, 1, 19),), "holidays": (date(2026, 1, 19),)}
    ),
)


def test_until_then_nothing_is_promised_but_to_ask_a_person() -> None:
    r = Referral([FAX])
    assert [due.key for due in dues.agenda(r, OURS)] == ["unconfirmed"]
    assert card_of(r, OURS, org="o", clinic_id="c", referral_id="r").confirmed is False


def test_whose_task_it_is_by_the_hours_of_the_clinic() -> None:
    asked, facts = {}, [FAX]
    while (due := dues.unconfirmed(Referral(facts), HOLIDAY)) is not None:
        assert due.task is not None
        key = task_key(due.task, due.occasion)
        asked[key] = (due.owner, local(START, due.at), due.by and local(START, due.by))
        opened = TaskOpened(at=due.at, task=key, role=str(due.owner), due=due.at)
        facts.append(opened)
        if len(asked) == 3:
            break
    assert asked == {
        "confirm_request:1": ("front_desk", "day 0 16:50", "day 0 17:20"),
        "confirm_request:lead": ("lead", "day 4 08:50", None),  # two business hours
        "confirm_request:director": ("director", "day 4 10:50", None),
    }


@pytest.mark.parametrize(
    ("at", "calendar", "urgency", "called"),
    [
        (START, OURS, "routine", "day 3 10:00"),  # confirmed by 17:20, called by 9:20 on Monday
        (START, HOLIDAY, "routine", "day 4 10:00"),
        (START, OURS, "post_op", "day 0 18:00"),
        (on(START, 3, "10:00"), OURS, "routine", "day 3 13:00"),
        (on(START, 1, "03:00"), OURS, "routine", "day 3 11:00"),
    ],
)
def test_the_notice_says_when_the_patient_will_have_been_called(
    at: datetime, calendar: Rules, urgency: str, called: str
) -> None:
    r = Referral([received(at, urgency=urgency, **READ)])
    assert local(START, dues.call_by(r, calendar)) == called


def notice(*facts: AnyFact, **changes: Any) -> str | None:
    found = dues.receipt(Referral([received(START, **{**READ, **changes}), *facts]), OURS)
    return found.key if found else None


def test_a_number_we_know_hears_that_its_pages_came_and_no_other() -> None:
    assert notice() == "receipt_notice:sender:1"
    assert notice(fax_verified=False) is None
    assert notice(CONFIRMED) is None
    assert notice(confirmed=True) is None
    sent = MessageSent(
        at=START,
        message="receipt_notice:sender:1",
        message_kind=Kind.RECEIPT_NOTICE,
        channel="fax",
    )
    assert notice(sent) is None


def test_everything_begins_at_the_moment_a_person_vouches_for_it() -> None:
    r = Referral([FAX, CONFIRMED])
    assert not r.unconfirmed()
    assert r.clock_start == r.received.confirmed_at == CONFIRMED.at
    assert r.received.source_verified
    act = cadence.next_reach(r, OURS)
    assert act is not None
    assert (act.key, local(START, act.at)) == (
        "reach:schedule_text:patient:bd-0",
        "day 3 08:25",
    )
    thanks, late = dues.thank_you(r, OURS), dues.acknowledged(r, OURS)
    assert thanks is not None
    assert local(START, thanks.at) == "day 3 08:35"
    assert late is not None
    assert local(START, late.at) == "day 4 04:20"  # the notice kept the promise until then


def test_a_rejected_request_never_was_one() -> None:
    r = Referral([FAX, REJECTED])
    assert r.over()
    assert r.closing_reason() is ClosedReason.ENTERED_IN_ERROR
    assert dues.agenda(r, OURS) == []
    undone = REJECTED.model_copy(update={"retracted": True, "as_of": on(START, 4)})
    assert Referral([FAX, REJECTED, undone]).unconfirmed()
    back = Reopened(at=on(START, 4), by="lee", why=WhyReopened.IN_ERROR)
    over = ReferralClosed(at=on(START, 3), by="system", reason=ClosedReason.ENTERED_IN_ERROR)
    again = Referral([FAX, REJECTED, over, back])
    assert again.unconfirmed()
    assert not again.over()
    once_more = REJECTED.model_copy(update={"at": on(START, 5), "as_of": on(START, 5)})
    assert Referral([FAX, over, back, once_more]).over()


LOST = ReferralClosed(at=on(START, 5), by="lee", reason=ClosedReason.UNABLE_TO_REACH)
CORRECTION = RequestConfirmed(at=on(START, 5), by="dana", corrected=("patient.phone",))


@pytest.mark.parametrize(
    ("facts", "decision", "code"),
    [
        ([FAX], CONFIRMED, None),
        ([FAX], REJECTED, None),
        ([FAX, CONFIRMED], REJECTED, "confirmed_already"),
        ([FAX, CONFIRMED], CONFIRMED.model_copy(update={"by": "wes"}), "confirmed_already"),
        ([FAX, CONFIRMED], CORRECTION, None),
        ([received(START)], CONFIRMED, "confirmed_already"),
        ([received(START)], CORRECTION, None),
        ([FAX, REJECTED], CONFIRMED, "over"),
        ([FAX], LOST, "unconfirmed"),
        (
            [FAX],
            LOST.model_copy(update={"reason": ClosedReason.DECLINED_BY_PATIENT}),
            "unconfirmed",
        ),
        ([FAX], LOST.model_copy(update={"reason": ClosedReason.DECEASED}), None),
        ([FAX, CONFIRMED], LOST, None),
    ],
)
def test_what_may_be_decided(facts: list[AnyFact], decision: AnyDecision, code: str | None) -> None:
    found = refusal(Referral(facts), decision)
    assert (found.code if found else None) == code


def test_a_correction_moves_no_clock() -> None:
    r = Referral([received(START), CORRECTION])
    assert r.clock_start == START
