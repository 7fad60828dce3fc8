"""Texts from patients on their way in: STOP counts first, the words stay in the store."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.texts import TextMessage
from models.errors import BadRequest
from models.facts import (
    CheckInAnswered,
    ClosedReason,
    Discharged,
    Ending,
    EvaluationCompleted,
    Meaning,
    MessageSent,
    PatientReplied,
    ReferralClosed,
)
from models.kinds import Kind
from store import consent
from store.tables import FactRow, InboxRow, ReplyRow, TaskRow
from tests.doors import LATER, ORG, START, Door, event, start_of

PHONE, OTHERS = "+15185550117", "+15185550188"
SENTINEL = "Tuesday after the zebra appointment"


def wrote(text: str | None, reply_id: str = "m1", **more: Any) -> dict[str, Any]:
    """A text by its number alone, an hour after the referral."""
    data = {"reply_id": reply_id, "text": text, "phone": "518-555-0117", **more}
    told = event("patient_replied", at=(START + timedelta(hours=1)).isoformat())
    told.pop("referral", None)
    return told | {"data": {name: value for name, value in data.items() if value is not None}}


def opted_out(door: Door, phone: str = PHONE) -> bool:
    with door.store.read() as session:
        return consent.opted_out(session, ORG, phone)


def replies(door: Door, referral_id: str) -> list[PatientReplied]:
    return door.referral(referral_id).all(PatientReplied)


async def test_stop_counts_before_the_sender_is_answered_and_without_the_engine(door: Door) -> None:
    await door.refer()
    door.engine.down = True
    door.accept(wrote("please stop texting me"))  # nothing was dispatched
    assert opted_out(door)


@pytest.mark.parametrize(
    ("texts", "out"),
    [
        (["STOP"], True),
        (["cancel"], True),
        (["wrong number"], True),
        (["I fell, stop texting"], True),
        (["STOP", "START"], False),
        (["START", "STOP"], True),
        (["wrong number", "START"], True),  # not the patient's to give
        (["Tuesday works"], False),
    ],
)
async def test_what_a_text_makes_of_its_number(door: Door, texts: list[str], *, out: bool) -> None:
    await door.refer()
    for number, text in enumerate(texts):
        told = wrote(text, f"m{number}")
        told["at"] = (START + timedelta(hours=1 + number)).isoformat()
        await door.tell(told)
    assert opted_out(door) is out


async def test_a_text_reaches_the_referral_of_its_number_by_its_meaning_alone(door: Door) -> None:
    referral_id = await door.refer()
    row = await door.tell(wrote(SENTINEL))
    assert (row.state, row.referral_id) == ("applied", referral_id)
    (told,) = replies(door, referral_id)
    assert (told.reply_id, told.meaning, told.also, told.here) == ("m1", Meaning.OTHER, (), True)
    assert door.engine.told(referral_id) == ["patient_replied"]
    (kept,) = door.rows(ReplyRow)
    assert (kept.phone, kept.text) == (PHONE, SENTINEL)
    everything = json.dumps([fact.body for fact in door.rows(FactRow)])
    everything += start_of(door.engine.run(referral_id)).model_dump_json()
    assert "zebra" not in everything


async def test_every_open_referral_on_a_number_hears_and_one_answers(door: Door) -> None:
    first = await door.refer()
    child = {"given_name": "Robin", "born": "2016-05-01", "phone": None}
    guardian = {"guardian_name": "Jordan Sample", "guardian_phone": "518-555-0117"}
    later = START + timedelta(minutes=1)
    second = await door.refer(external="R-1002", at=later, patient=child | guardian)
    assert first != second
    await door.tell(wrote("STOP"))
    heard = {who: [one.here for one in replies(door, who)] for who in (first, second)}
    assert heard == {first: [True], second: [False]}
    named = wrote("C", "m2") | {"referral": {"id": second}}
    await door.tell(named)
    assert [replies(door, who)[-1].here for who in (first, second)] == [False, True]


async def test_a_text_without_a_number_is_the_named_referrals(door: Door) -> None:
    referral_id = await door.refer()
    told = wrote("STOP", phone=None) | {"referral": {"id": referral_id}}
    await door.tell(told)
    assert opted_out(door)  # the number we write to
    assert replies(door, referral_id)[0].says(Meaning.STOP)
    unknown = wrote("STOP", "m2", phone=None) | {"referral": {"id": "ref_unknown"}}
    assert (await door.tell(unknown)).state == "waiting"


async def test_words_the_sender_keeps_are_read_by_a_person(door: Door) -> None:
    referral_id = await door.refer()
    await door.tell(wrote(None))
    assert replies(door, referral_id)[0].meaning is Meaning.OTHER


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("when is my next visit?", ["answer_patient"]),
        ("my calf is swollen", ["red_flag"]),
        ("wrong number", ["wrong_number"]),
        ("STOP", []),
        ("START", []),
    ],
)
async def test_a_text_without_an_open_referral_is_somebodys_all_the_same(
    door: Door, text: str, kinds: list[str]
) -> None:
    row = await door.tell(wrote(text, phone=OTHERS))
    assert (row.state, row.reason) == ("applied", "no_open_referral")
    asked = [task for task in door.rows(TaskRow) if task.inbox_id == row.id]
    assert [task.kind for task in asked] == kinds
    assert opted_out(door, OTHERS) is (text in {"STOP", "wrong number"})
    await door.intake.dispatch(row.id)
    assert len([task for task in door.rows(TaskRow) if task.inbox_id == row.id]) == len(kinds)


async def test_a_text_that_meets_a_story_at_its_end_is_not_lost(door: Door) -> None:
    """The referral closes between the record and the engine."""
    referral_id = await door.refer()
    row = door.accept(wrote(SENTINEL))
    door.engine.close(referral_id)
    closed = ReferralClosed(at=START, as_of=START, by="lee", reason=ClosedReason.DECEASED)

    apply = door.intake._apply.apply

    def closing(row_id: str, now: Any) -> Any:
        applied = apply(row_id, now)
        door.write(referral_id, closed)
        return applied

    door.intake._apply.apply = closing
    await door.intake.dispatch(row.id)
    assert "answer_patient" in {task.kind for task in door.rows(TaskRow)}


async def test_the_same_text_by_two_ways_in_is_one(door: Door) -> None:
    referral_id = await door.refer()
    door.now = START + timedelta(hours=1)
    by_vendor = door.intake.accept_text(
        ORG, TextMessage(reply_id="m1", phone=PHONE, text="STOP", at=door.now)
    )
    await door.intake.dispatch(by_vendor.id)
    await door.tell(wrote("STOP"))
    assert by_vendor.origin == "texts"
    assert len(door.rows(ReplyRow)) == 1
    assert len(replies(door, referral_id)) == 1


async def test_a_spanish_patient_is_understood_in_spanish(door: Door) -> None:
    await door.refer(patient={"language": "es"})
    await door.tell(wrote("pare"))
    assert opted_out(door)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"phone": "12"}, "data.phone"),
        ({"phone": None}, "referral"),
        ({"text": "x" * 5001}, "data.text"),
        ({"meaning": "stop"}, "data"),
    ],
)
async def test_what_the_sender_must_mend(door: Door, data: dict[str, Any], field: str) -> None:
    told = wrote("hello")
    told["data"] |= data
    with pytest.raises(BadRequest) as refused:
        door.accept(told)
    assert refused.value.field == field
    (row,) = door.rows(InboxRow)
    assert row.state == "rejected"


async def test_the_words_go_when_their_time_has_come(door: Door) -> None:
    from store import retention

    await door.refer()
    await door.tell(wrote(SENTINEL))
    with door.store.write() as session:
        assert retention.empty_texts(session, ORG, LATER) == 1
    (kept,) = door.rows(ReplyRow)
    assert (kept.text, kept.meanings) == (None, "other")


# --- the one question after discharge -------------------------------------------------------------


async def asked_how_it_was(door: Door, sent_at: datetime = START, **told: Any) -> str:
    """A referral whose care ended well and whose patient was asked."""
    ref = await door.refer(**told)
    door.write(
        ref,
        EvaluationCompleted(at=START, day=START.date()),
        Discharged(at=START, reason=Ending.GOALS_MET),
        MessageSent(
            at=sent_at, message="check_in:patient:1", message_kind=Kind.CHECK_IN, channel="sms"
        ),
    )
    return ref


async def test_a_bare_number_is_the_answer_and_asks_nobody(door: Door) -> None:
    ref = await asked_how_it_was(door)
    row = await door.tell(wrote("9"))
    referral = door.referral(ref)
    assert [one.score for one in referral.all(CheckInAnswered)] == [9]
    assert [one.meaning for one in referral.all(PatientReplied)] == [Meaning.SCORE]
    assert not referral.unanswered()
    assert row.state == "applied"
    assert {"patient_replied", "check_in_answered"} <= set(door.engine.told(ref))


async def test_of_two_who_asked_the_last_one_is_answered(door: Door) -> None:
    minute = timedelta(minutes=1)
    last = await asked_how_it_was(door, START + 5 * minute)
    child = {"given_name": "Robin", "born": "2016-05-01", "phone": None}
    guardian = {"guardian_name": "Jordan Sample", "guardian_phone": "518-555-0117"}
    newer = await asked_how_it_was(
        door, START + 2 * minute, external="R-1002", at=START + minute, patient=child | guardian
    )
    await door.tell(wrote("9"))
    scores = {
        ref: [one.score for one in door.referral(ref).all(CheckInAnswered)] for ref in (last, newer)
    }
    assert scores == {last: [9], newer: []}


async def test_a_number_with_more_words_is_read_by_a_person(door: Door) -> None:
    ref = await asked_how_it_was(door)
    await door.tell(wrote("4 nobody called me back"))
    referral = door.referral(ref)
    assert [one.score for one in referral.all(CheckInAnswered)] == [4]
    assert referral.unanswered()


async def test_a_number_beside_a_red_flag_is_both(door: Door) -> None:
    ref = await asked_how_it_was(door)
    await door.tell(wrote("8 but I fell yesterday"))
    referral = door.referral(ref)
    assert [one.score for one in referral.all(CheckInAnswered)] == [8]
    assert [one.meaning for one in referral.all(PatientReplied)] == [Meaning.RED_FLAG]


async def test_a_number_nobody_asked_for_is_a_text(door: Door) -> None:
    ref = await door.refer()
    await door.tell(wrote("9"))
    referral = door.referral(ref)
    assert referral.all(CheckInAnswered) == []
    assert [one.meaning for one in referral.all(PatientReplied)] == [Meaning.OTHER]
    assert referral.unanswered()


async def test_told_again_it_is_the_same_answer(door: Door) -> None:
    ref = await asked_how_it_was(door)
    door.engine.down = True
    row = door.accept(wrote("9"))
    for down in (True, False):
        door.engine.down = down
        door.now += timedelta(minutes=20)
        await door.intake.dispatch(row.id)
    assert [one.score for one in door.referral(ref).all(CheckInAnswered)] == [9]
    assert {"patient_replied", "check_in_answered"} <= set(door.engine.told(ref))


async def test_a_second_number_is_read_by_a_person(door: Door) -> None:
    ref = await asked_how_it_was(door)
    await door.tell(wrote("9"))
    later = wrote("2", "m2") | {"at": (START + timedelta(hours=3)).isoformat()}
    await door.tell(later)
    referral = door.referral(ref)
    assert [one.score for one in referral.all(CheckInAnswered)] == [9]
    assert referral.unanswered()
