"""Texts from patients as work: who is asked, until when, and the one word that goes by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from models import answers, cadence, dues
from models.facts import (
    AnyFact,
    CallLogged,
    MessageSent,
    PatientReplied,
    RequestConfirmed,
    TaskCompleted,
    TaskOpened,
)
from models.kinds import Kind
from models.referral import Referral
from models.tasks import task_key
from tests.lives import Life, booked, evaluated, local, on, received, rules

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # a Monday, 10:00 in New York
ASKED = received(START)
BOOKED = booked(START)  # for day 7, 11:00
TOMORROW = booked(START, made=1, day=3)
OURS = rules()


def wrote(*meanings: str, day: int = 2, clock: str = "11:00", **more: Any) -> PatientReplied:
    given = {"reply_id": f"m{day}", "meaning": meanings[0], "also": meanings[1:], **more}
    return PatientReplied.model_validate({"at": on(START, day, clock), **given})


def called(outcome: str, day: int = 2, clock: str = "12:00") -> CallLogged:
    return CallLogged.model_validate(
        {"at": on(START, day, clock), "by": "dana", "call_id": "c1", "outcome": outcome}
    )


def sent(kind: Kind, occasion: str, day: int, clock: str) -> MessageSent:
    key = f"{kind}:patient:{occasion}"
    return MessageSent(at=on(START, day, clock), message=key, message_kind=kind, channel="sms")


POST_OP = received(START, urgency="post_op")
ROWS: list[tuple[str, Life, PatientReplied, dict[str, tuple[str, str]]]] = [
    # policy.md rule 17; §2 inbound_text, stop_or_cancel
    ("a question", [ASKED], wrote("other"), {"answer_patient:m2": ("front_desk", "day 2 11:15")}),
    ("at night", [ASKED], wrote("other", clock="22:00"),
     {"answer_patient:m2": ("front_desk", "day 3 08:15")}),
    ("a red flag before anybody knows them", [ASKED], wrote("red_flag"),
     {"red_flag:m2": ("lead", "day 2 11:15")}),
    ("a red flag in care", [ASKED, *evaluated(START, day=1)], wrote("red_flag"),
     {"red_flag:m2": ("therapist", "day 2 11:15")}),
    ("stop", [ASKED], wrote("stop"), {"call_after_stop:m2": ("front_desk", "day 2 12:00")}),
    ("cancel, a week ahead", [ASKED, *BOOKED], wrote("cancel"),
     {"call_after_cancel:m2": ("front_desk", "day 2 12:00")}),
    ("cancel, booked for tomorrow", [ASKED, *TOMORROW], wrote("cancel"),
     {"call_after_cancel:m2": ("front_desk", "day 2 11:15")}),
    ("cancel after surgery", [POST_OP, *BOOKED], wrote("cancel"),
     {"call_after_cancel:m2": ("front_desk", "day 2 11:15")}),
    ("cancel at night", [POST_OP, *BOOKED], wrote("cancel", clock="21:00"),
     {"call_after_cancel:m2": ("front_desk", "day 3 08:15")}),
    ("another time", [ASKED, *BOOKED], wrote("reschedule"),
     {"call_to_reschedule:m2": ("front_desk", "day 2 12:00")}),
    ("a stranger", [ASKED], wrote("wrong_number"),
     {"wrong_number:m2": ("compliance", "day 3 18:00")}),
    ("a stranger who has had enough", [ASKED], wrote("stop", "wrong_number"),
     {"wrong_number:m2": ("compliance", "day 3 18:00")}),
    ("stop, and a red flag", [ASKED], wrote("red_flag", "stop"),
     {"red_flag:m2": ("lead", "day 2 11:15")}),
    ("yes to a booking", [ASKED, *BOOKED], wrote("confirm"), {}),
    ("yes to what?", [ASKED], wrote("confirm"),
     {"answer_patient:m2": ("front_desk", "day 2 11:15")}),
    ("help", [ASKED], wrote("help"), {}),
    ("start", [ASKED, wrote("stop", day=1)], wrote("start"),
     {"call_after_stop:m1": ("front_desk", "day 1 12:00")}),
    ("stop once more", [ASKED, wrote("cancel", day=1)], wrote("stop"),
     {"call_after_cancel:m1": ("front_desk", "day 1 12:00")}),
    ("answered by another referral of the number", [ASKED], wrote("other", here=False), {}),
    ("told before texts were read", [ASKED],
     PatientReplied(at=on(START, 2), reply_id="m2"), {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "text", "asks"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS]
)
def test_who_is_asked_and_until_when(
    before: Life, text: PatientReplied, asks: dict[str, tuple[str, str]]
) -> None:
    facts: list[AnyFact] = [*before, text]
    found = {}
    while (due := dues.answer(Referral(facts), OURS)) is not None:
        assert due.task is not None
        assert due.by is not None
        key = task_key(due.task, due.occasion)
        found[key] = (str(due.owner), local(START, due.by))
        facts.append(TaskOpened(at=due.at, task=key, role=str(due.owner), due=due.by))
    assert found == asks


@pytest.mark.parametrize(
    ("meaning", "by", "late"),
    [
        ("other", "no_answer", False),
        ("red_flag", "no_answer", True),
        ("red_flag", "reached", False),
        ("cancel", "voicemail", True),
        ("cancel", "declined", False),
        ("wrong_number", "reached", True),
    ],
)
def test_a_call_answers_what_it_can(meaning: str, by: str, *, late: bool) -> None:
    r = Referral([ASKED, *BOOKED, wrote(meaning), called(by)])
    assert r.unanswered() is r.unread_reply() is late


def test_what_nobody_answers_is_passed_on_once_and_either_task_answers_it() -> None:
    text = wrote("other")
    due = dues.answer_late(Referral([ASKED, text]), OURS)
    assert due is not None
    assert (due.owner, local(START, due.at), due.occasion) == ("lead", "day 2 12:00", "m2-lead")
    task = "answer_patient:m2-lead"
    opened = TaskOpened(at=due.at, task=task, role="lead", due=due.at)
    assert dues.answer_late(Referral([ASKED, text, opened]), OURS) is None
    done = TaskCompleted(at=on(START, 3), by="lee", task=task)
    assert not Referral([ASKED, text, opened, done]).unanswered()
    assert dues.answer_late(Referral([ASKED, wrote("stop")]), OURS) is None


@pytest.mark.parametrize(
    ("facts", "owed"),
    [
        ([wrote("stop")], ["opt_out_confirmation:patient:m2"]),
        ([wrote("cancel")], ["opt_out_confirmation:patient:m2"]),
        ([wrote("red_flag", "stop")], ["opt_out_confirmation:patient:m2"]),
        ([wrote("stop", day=1), wrote("stop")], ["opt_out_confirmation:patient:m1"]),
        (
            [wrote("stop", day=1), wrote("start"), wrote("stop", day=3)],
            ["opt_out_confirmation:patient:m1", "opt_out_confirmation:patient:m3"],
        ),
        ([wrote("stop", "wrong_number")], []),
        ([wrote("wrong_number", clock="22:00")], []),
        ([wrote("help")], ["help:patient:m2"]),
        ([wrote("other")], []),
        ([wrote("other", clock="22:00")], ["closed_hours:patient:m2"]),
        ([wrote("red_flag", clock="22:00")], ["closed_hours:patient:m2"]),
        ([wrote("start", clock="22:00")], []),
        ([wrote("other", clock="22:00", here=False)], []),
        (
            [
                wrote("other", clock="22:00", reply_id="a"),
                sent(Kind.CLOSED_HOURS, "a", 2, "22:00"),
                wrote("other", day=3, clock="07:30"),
                wrote("other", day=3, clock="21:00", reply_id="b"),
            ],
            ["closed_hours:patient:b"],
        ),
    ],
)
def test_the_one_word_a_text_gets_by_itself(facts: Life, owed: list[str]) -> None:
    found = dues.texts_owed(Referral([ASKED, *facts]), OURS)
    assert [message.key for message in found] == owed


def test_nothing_is_owed_by_us_where_the_carrier_answers() -> None:
    theirs = rules(owner={**OURS.policy.owner, Kind.OPT_OUT_CONFIRMATION: "nobody"})
    assert dues.texts_owed(Referral([ASKED, wrote("stop")]), theirs) == []


def test_a_strangers_number_is_neither_called_nor_texted_again() -> None:
    r = Referral([ASKED, wrote("wrong_number", day=0, clock="10:30")])
    act = cadence.next_reach(r, OURS)
    assert act is not None
    assert act.message is not None
    assert act.message.key == "unable_to_reach:source:wrong-number"
    asked = MessageSent(
        at=on(START, 0, "10:31"),
        message=act.message.key,
        message_kind=Kind.UNABLE_TO_REACH,
        channel="fax",
    )
    assert cadence.next_reach(Referral([*r.facts, asked]), OURS) is None
    assert r.reached_at() is None
    found = Referral([*r.facts, asked, called("reached", day=1)])
    assert cadence.next_reach(found, OURS) is not None
    better = RequestConfirmed(at=on(START, 1), by="dana", corrected=("patient.phone",))
    assert cadence.next_reach(Referral([*r.facts, asked, better]), OURS) is not None
    lawyer = received(START, source_kind="attorney")
    task = cadence.next_reach(Referral([lawyer, wrote("wrong_number", day=0)]), OURS)
    assert task is not None
    assert task.key == "reach:ask_office:wrong-number"


def test_a_text_taken_back_asks_nothing() -> None:
    text = wrote("other")
    gone = text.model_copy(update={"retracted": True, "as_of": on(START, 3)})
    assert answers.owed(Referral([ASKED, text, gone])) == []
