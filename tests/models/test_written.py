"""Texts by hand: what counts as an answer, what may still be stopped, and the rules of sending."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import answers, written
from models.decisions import refusal
from models.facts import (
    MessageHeld,
    MessageSent,
    MessageStopped,
    PatientDied,
    PatientReplied,
    ReferralClosed,
    TextWritten,
)
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.sending import Go, Hold, Never, Outgoing, Recipient, may_send
from tests.lives import on, received, rules

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # a Monday, 10:00 in New York
ASKED = received(START)
OURS: Rules = rules()
FOLLOWUP = MessageRef(Kind.REACH_FOLLOWUP, "patient", "bd-2")
HOUR = timedelta(hours=1)


def text(hours: float = 2, text_id: str = "dtx_1", **more: Any) -> TextWritten:
    return TextWritten(at=START + hours * HOUR, by="dana", text_id=text_id, **more)


def wrote(meaning: str = "other", hours: float = 1) -> PatientReplied:
    return PatientReplied.model_validate(
        {"at": START + hours * HOUR, "reply_id": "m1", "meaning": meaning}
    )


def stop(message: MessageRef, **more: Any) -> MessageStopped:
    return MessageStopped(at=START + HOUR, by="dana", message=message.key, **more)


def test_a_text_waits_to_go_out_by_one_referral_and_is_done_once_it_is_settled() -> None:
    r = Referral([ASKED, text(), text(3, "dtx_2", carried_by="ref_other")])
    assert written.names(r) == ("dtx_1",)
    key = written.message("dtx_1").key
    r.learn(
        MessageSent(at=START + 3 * HOUR, message=key, message_kind=Kind.DESK_TEXT, channel="sms")
    )
    assert written.names(r) == ()
    assert written.names(Referral([text()])) == ()  # before the request itself has come


@pytest.mark.parametrize(
    ("meaning", "left"),
    [("other", False), ("red_flag", True), ("stop", True), ("wrong_number", True)],
)
def test_a_text_answers_a_question_and_nothing_that_wants_a_call(meaning: str, left: bool) -> None:
    r = Referral([ASKED, wrote(meaning)])
    assert answers.owed(r)
    r.learn(text(2, carried_by="ref_other"))
    assert bool(answers.owed(r)) is left


def test_a_text_stands_in_for_the_days_step_and_leaves_the_cards_token_alone() -> None:
    r = Referral([ASKED, text()])
    assert r.human_touches() == [START + 2 * HOUR]
    assert r.version == ""


REFUSED: list[tuple[list[Any], Any, str | None]] = [
    ([], text(), None),
    ([ReferralClosed(at=START, by="lee", reason="completed")], text(), None),
    ([PatientDied(at=START)], text(), "deceased"),
    ([], text(retracted=True), "text_not_unsent"),
    ([], stop(FOLLOWUP), None),
    ([], stop(FOLLOWUP, retracted=True), "stopped_for_good"),
    ([], stop(MessageRef(Kind.PLAN_OF_CARE, "certifier", "v1")), "not_to_patient"),
    ([], MessageStopped(at=START, by="dana", message="nothing"), "no_message"),
    (
        [
            MessageSent(
                at=START,
                message=FOLLOWUP.key,
                message_kind=Kind.REACH_FOLLOWUP,
                channel="sms",
            )
        ],
        stop(FOLLOWUP),
        "already_settled",
    ),
]


@pytest.mark.parametrize(("life", "decision", "code"), REFUSED)
def test_what_may_be_written_and_stopped(life: list[Any], decision: Any, code: str | None) -> None:
    refused = refusal(Referral([ASKED, *life]), decision)
    assert (refused.code if refused else None) == code


def test_nobody_writes_before_somebody_has_vouched_for_what_a_machine_read() -> None:
    read = received(START, confirmed=False)
    refused = refusal(Referral([read]), text())
    assert refused is not None
    assert refused.code == "unconfirmed"


def test_a_stopped_message_is_known_by_its_key() -> None:
    hold = MessageHeld(at=START, message=FOLLOWUP.key, until=on(START, 1), why="quiet_hours")
    r = Referral([ASKED, hold])
    assert not written.stopped(r, FOLLOWUP)
    r.learn(stop(FOLLOWUP))
    assert written.stopped(r, FOLLOWUP)
    assert not written.stopped(r, MessageRef(Kind.LAST_TEXT, "patient", "bd-10"))


def test_a_talk_is_live_for_a_day() -> None:
    r = Referral([ASKED, wrote(hours=1)])
    assert written.just_wrote(r, START + 25 * HOUR)
    assert not written.just_wrote(r, START + 26 * HOUR)
    assert not written.just_wrote(Referral([ASKED]), START)


def judged(now: datetime, *, live: bool = False, **more: Any) -> Go | Hold | Never:
    texted = {"channel": "sms", "address": "+15185550117", "zones": ("America/New_York",)}
    to = Recipient.model_validate({**texted, "state": "NY", **more})
    paused = more.pop("paused_until", None)
    message = Outgoing(kind=Kind.DESK_TEXT, live=live, paused_until=paused)
    return may_send(message, to, now, OURS)


def test_consent_holds_for_a_persons_text_as_for_every_other() -> None:
    for why in ("opted_out", "dead", "deceased"):
        assert isinstance(judged(START, live=True, **{why: True}), Never)
    assert isinstance(judged(START, consented=False), Never)


def test_the_hours_hold_for_it_even_in_a_live_talk() -> None:
    night = on(START, 0, "21:30")
    hold = judged(night, live=True)
    assert isinstance(hold, Hold)
    assert (hold.until, hold.why) == (on(START, 1, "09:00"), "quiet_hours")


def test_caps_hold_unless_it_answers_a_patient_who_has_just_written() -> None:
    today = (START - HOUR,)
    assert isinstance(judged(START, texts=today), Hold)
    assert isinstance(judged(START, live=True, texts=today), Go)


def test_the_moment_somebody_chose_is_waited_for_and_everything_judged_anew_then() -> None:
    then = on(START, 1, "13:00")
    told = TextWritten(at=START, as_of=START, by="dana", text_id="dtx_1", not_before=then)
    assert written.not_before(Referral([ASKED, told]), "dtx_1") == then
    assert written.not_before(Referral([ASKED, told]), "dtx_2") is None
    texted = {"channel": "sms", "address": "+15185550117", "zones": ("America/New_York",)}
    to = Recipient.model_validate({**texted, "state": "NY"})
    message = Outgoing(kind=Kind.DESK_TEXT, not_before=then)
    hold = may_send(message, to, START, OURS)
    assert isinstance(hold, Hold)
    assert (hold.until, hold.why) == (then, "chosen")
    assert isinstance(may_send(message, to, then, OURS), Go)
    full = to.model_copy(update={"texts": (then - HOUR,)})
    capped = may_send(message, full, then, OURS)
    assert isinstance(capped, Hold)
    assert capped.why == "cap"
    stopped = to.model_copy(update={"opted_out": True})
    assert isinstance(may_send(message, stopped, START, OURS), Never)


def test_a_pause_does_not_hold_it_back() -> None:
    to = Recipient(channel="sms", address="+15185550117", zones=("America/New_York",), state="NY")
    later = on(START, 9)
    message = Outgoing(kind=Kind.DESK_TEXT, paused_until=later)
    assert isinstance(may_send(message, to, START, OURS), Go)
    automatic = Outgoing(kind=Kind.REACH_FOLLOWUP, paused_until=later)
    assert may_send(automatic, to, START, OURS) == Hold(until=later, why="paused")
