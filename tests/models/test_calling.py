"""What a caller should know before dialling, and what a wrong number does to the cadence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models import answers, cadence
from models.calling import tries
from models.decisions import refusal
from models.facts import CallLogged, CallOutcome, CallWhy, RequestConfirmed
from models.kinds import Kind
from models.referral import Referral
from tests.lives import received, rules

MONDAY = datetime(2026, 1, 12, 15, tzinfo=UTC)  # 10:00 in New York
RULES = rules()
HOUR = timedelta(hours=1)


def call(hours: float, outcome: CallOutcome, why: CallWhy | None = None) -> CallLogged:
    at = MONDAY + hours * HOUR
    return CallLogged(at=at, by="dana", call_id=f"c{hours}", outcome=outcome, why=why)


def test_calls_count_by_the_local_day_and_voicemails_in_all() -> None:
    r = Referral([received(MONDAY)])
    assert tries(r, RULES, MONDAY).may_call
    r.learn(call(0, CallOutcome.VOICEMAIL))
    now = tries(r, RULES, MONDAY + HOUR)
    assert (now.today, now.voicemails, now.may_call, now.may_leave_voicemail) == (1, 1, True, False)
    r.learn(call(2, CallOutcome.NO_ANSWER))
    assert not tries(r, RULES, MONDAY + 3 * HOUR).may_call
    tomorrow = tries(r, RULES, MONDAY + 24 * HOUR)
    assert (tomorrow.today, tomorrow.may_call, tomorrow.may_leave_voicemail) == (0, True, True)
    for day in (1, 2):
        r.learn(call(24 * day, CallOutcome.VOICEMAIL))
    assert not tries(r, RULES, MONDAY + 80 * HOUR).may_leave_voicemail


@pytest.mark.parametrize("why", [CallWhy.STRANGER, CallWhy.OUT_OF_SERVICE])
def test_a_number_that_is_not_the_patients_is_lost_until_it_is_mended(why: CallWhy) -> None:
    r = Referral([received(MONDAY), call(1, CallOutcome.WRONG_NUMBER, why)])
    assert answers.number_lost(r) == MONDAY + HOUR
    mended = RequestConfirmed(
        at=MONDAY + 2 * HOUR, by="dana", corrected=("patient.phone",), further=True
    )
    assert answers.number_lost(Referral([*r.facts, mended])) is None
    reached = call(3, CallOutcome.REACHED)
    assert answers.number_lost(Referral([*r.facts, reached])) is None


def test_the_office_is_asked_for_another_number_and_nobody_calls_meanwhile() -> None:
    r = Referral([received(MONDAY), call(1, CallOutcome.WRONG_NUMBER, CallWhy.STRANGER)])
    act = cadence.next_reach(r, RULES)
    assert act is not None
    assert act.message is not None
    assert act.message == (Kind.UNABLE_TO_REACH, "source", cadence.WRONG_NUMBER)
    said_no_more = Referral([received(MONDAY), call(1, CallOutcome.WRONG_NUMBER)])
    other = cadence.next_reach(said_no_more, RULES)
    assert other is not None
    assert other.message != act.message


def test_a_wrong_number_without_a_reason_changes_nothing_as_before() -> None:
    r = Referral([received(MONDAY), call(1, CallOutcome.WRONG_NUMBER)])
    assert answers.number_lost(r) is None


@pytest.mark.parametrize(
    ("outcome", "why", "code"),
    [
        (CallOutcome.DECLINED, CallWhy.COST, None),
        (CallOutcome.DECLINED, None, None),
        (CallOutcome.WRONG_NUMBER, CallWhy.STRANGER, None),
        (CallOutcome.DECLINED, CallWhy.STRANGER, "why_of_call"),
        (CallOutcome.REACHED, CallWhy.COST, "why_of_call"),
        (CallOutcome.WRONG_NUMBER, CallWhy.COST, "why_of_call"),
    ],
)
def test_a_reason_fits_its_outcome(
    outcome: CallOutcome, why: CallWhy | None, code: str | None
) -> None:
    refused = refusal(Referral([received(MONDAY)]), call(1, outcome, why))
    assert (refused.code if refused else None) == code
