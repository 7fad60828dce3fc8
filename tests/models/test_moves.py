"""On to another clinic: who hears of it, by when, and what stays as it was (policy.md rule 1)."""

from __future__ import annotations

from datetime import UTC, datetime

from models import dues, telling
from models.facts import AnyFact, HandedOver, MessageSent, TaskOpened
from models.kinds import Kind
from models.referral import MessageRef, Referral
from tests.lives import booked, co_source, discharged, evaluated, local, on, received, rules
from tests.lives import transferred as moved

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # a Monday; open 8 to 18
LETTER = "transferred:source:20260114T150000"
TEXT = "new_clinic:patient:20260114T150000"


def at(day: int, clock: str = "10:00") -> datetime:
    return on(START, day, clock)


def told(*facts: AnyFact, **first: object) -> Referral:
    return Referral([received(START, **first), *facts])


def sent(key: str, when: datetime) -> MessageSent:
    kind = MessageRef.parse(key).kind
    return MessageSent(at=when, message=key, message_kind=kind, channel="fax")


def test_the_patient_hears_by_text_once_they_know_the_first_clinic() -> None:
    assert dues.moves.names(told(moved(at(2)))) == (LETTER,)
    texted = sent("schedule_text:patient:bd-0", at(0))
    assert dues.moves.names(told(texted, moved(at(2)))) == (TEXT, LETTER)
    later = sent("schedule_text:patient:bd-0", at(3))  # the first word comes from the new one
    assert dues.moves.names(told(later, moved(at(2)))) == (LETTER,)
    assert TEXT in dues.moves.names(told(*booked(START), moved(at(2))))


def test_every_source_that_treats_and_is_known_gets_a_letter() -> None:
    others = [
        co_source(at(0), "src_2"),
        co_source(at(0), "src_3", verified=False),
        co_source(at(0), "src_4", "employer"),
        co_source(at(0), "src_5", "past_patient"),
    ]
    assert dues.moves.names(told(*others, moved(at(2)))) == (
        LETTER,
        "transferred:source:src_2:20260114T150000",
    )
    assert dues.moves.names(told(moved(at(2)), source_verified=False)) == ()
    assert dues.moves.names(told(moved(at(2)), source_kind="self")) == ()


def test_only_the_last_move_is_told_and_none_once_care_has_ended() -> None:
    back = moved(at(3), "east", "west")
    assert dues.moves.names(told(moved(at(2)), back)) == ("transferred:source:20260115T150000",)
    ended = [*evaluated(START, day=4), *discharged(START, 9)]
    assert dues.moves.names(told(moved(at(2)), *ended)) == ()
    assert dues.moves.names(told()) == ()


def test_the_source_hears_the_same_business_day() -> None:
    r = told(moved(at(2)))
    due = dues.moves.told_of(LETTER)(r, rules())
    assert due is not None
    assert due in dues.agenda(r, rules())
    assert (local(START, due.at), due.owner, due.task, due.occasion) == (
        "day 2 18:00",
        "front_desk",
        "tell_source",
        "moved-20260114T150000",
    )
    late = moved(at(4, "21:00"))  # on a Friday night
    (due,) = dues.moves.promises(told(late), rules())
    assert local(START, due.at) == "day 7 18:00"


def test_nothing_is_promised_once_it_went_or_somebody_was_asked() -> None:
    asked = TaskOpened(
        at=at(2), task="tell_source:moved-20260114T150000", role="front_desk", due=at(2)
    )
    assert dues.moves.promises(told(moved(at(2)), asked), rules()) == []
    assert dues.moves.promises(told(moved(at(2)), sent(LETTER, at(2, "11:00"))), rules()) == []
    silent = rules(owner={Kind.TRANSFERRED: "nobody"})
    assert dues.moves.promises(told(moved(at(2))), silent) == []
    assert dues.moves.told_of(TEXT)(told(*booked(START), moved(at(2))), rules()) is None


def test_the_task_of_one_source_is_not_the_others() -> None:
    r = told(co_source(at(0), "src_2"), moved(at(2)), sent(LETTER, at(2, "11:00")))
    assert telling.transfer_settled(r, "moved-20260114T150000")
    assert not telling.transfer_settled(r, "moved-20260114T150000-src_2")


def test_who_had_the_referral_in_hand_has_it_no_more() -> None:
    dana = HandedOver(at=at(1), by="lee", to="dana")
    wes = HandedOver(at=at(3), by="lee", to="wes")
    assert told(dana).in_hands_of() == "dana"
    assert told(dana, moved(at(2))).in_hands_of() is None
    assert told(dana, moved(at(2)), wes).in_hands_of() == "wes"
