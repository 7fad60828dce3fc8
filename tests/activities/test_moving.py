"""On to another clinic: the row, the hours, the card and the tasks of a referral move with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from activities.book import Book
from activities.loop import Loop
from models.contracts import Answer, RecordInput
from models.facts import AnyFact, ReturnedWhy, TaskCompleted, TaskOpened, TaskReturned, TaskTaken
from models.kinds import Kind
from models.policy import Rules
from store import audit, referrals, tasks
from store.tables import ReferralRow, TaskRow
from tests.activities.office import MONDAY, ORG, WALL, Office
from tests.databases import on_either
from tests.lives import transferred

pytestmark = on_either

HOUR = timedelta(hours=1)
CALL, ASK, DONE = "call_patient:bd-0-1", "verify_sender:source-npi", "call_patient:bd-0-0"


def opened(task: str) -> TaskOpened:
    return TaskOpened(at=MONDAY, task=task, role="front_desk", due=MONDAY + HOUR)


def taken(task: str, by: str) -> TaskTaken:
    return TaskTaken(at=MONDAY, by=by, task=task, until=MONDAY + 9 * HOUR)


def note(office: Office, *facts: AnyFact) -> Answer:
    book = Book(office.store, office.tenants, lambda: WALL, Loop())
    return book.note(RecordInput(org=ORG, referral_id=office.referral_id, facts=facts))


def row(office: Office) -> ReferralRow:
    with office.store.read() as session:
        return referrals.get(session, ORG, office.referral_id)


def standing(office: Office) -> dict[str, TaskRow]:
    with office.store.read() as session:
        found = [tasks.find(session, ORG, office.referral_id, key) for key in (CALL, ASK, DONE)]
    return {one.key: one for one in found if one is not None}


@pytest.fixture
def there(office: Office) -> tuple[Office, Answer]:
    """A referral at West, whose tasks were opened and taken at East."""
    office.tell(
        *(opened(task) for task in (CALL, ASK, DONE)),
        taken(CALL, "dana"),
        TaskCompleted(at=MONDAY, by="dana", task=DONE),
    )
    return office, note(office, transferred(MONDAY + HOUR))


def test_the_new_clinic_has_the_referral_with_its_own_hours(there: tuple[Office, Answer]) -> None:
    office, answer = there
    found = row(office)
    assert found.clinic_id == "west"
    assert office.record.card(ORG, office.referral_id).clinic_id == "west"
    rules = Rules.model_validate(found.rules)
    assert rules.calendar.zone == "America/Chicago"
    assert rules.policy == office.tenant.policy
    assert rules.policy_version == found.policy_version
    assert answer.moved is not None
    assert (answer.moved.clinic_id, answer.moved.rules) == ("west", rules)


def test_its_tasks_stand_with_the_people_there(there: tuple[Office, Answer]) -> None:
    office, answer = there
    standing_now = standing(office)
    assert {key: one.clinic_id for key, one in standing_now.items()} == {
        CALL: "west",
        ASK: "west",
        DONE: "east",
    }
    assert standing_now[CALL].owner is None  # dana works at East alone
    assert standing_now[CALL].due == MONDAY + HOUR  # due as it was
    (returned,) = [fact for fact in answer.learned if isinstance(fact, TaskReturned)]
    assert (returned.task, returned.why, returned.by) == (CALL, ReturnedWhy.MOVED, "system")


def test_whoever_works_at_both_keeps_what_they_have(office: Office) -> None:
    office.tell(opened(CALL), taken(CALL, "lee"))
    answer = note(office, transferred(MONDAY + HOUR))
    assert standing(office)[CALL].owner == "lee"
    assert answer.learned == (transferred(MONDAY + HOUR),)


def test_told_again_it_says_the_same_and_moves_nothing(there: tuple[Office, Answer]) -> None:
    office, answer = there
    before = len(office.record.timeline(ORG, office.referral_id))
    again = note(office, transferred(MONDAY + HOUR))
    assert again == answer
    assert len(office.record.timeline(ORG, office.referral_id)) == before
    with office.store.read() as session:
        notes = [one.what for one in audit.about(session, ORG, office.referral_id)]
    assert notes.count("transferred") == 1


def test_an_old_move_told_again_does_not_bring_it_back(there: tuple[Office, Answer]) -> None:
    office, _ = there
    note(office, transferred(MONDAY + 2 * HOUR, "east", "west"))
    again = note(office, transferred(MONDAY + HOUR))
    assert row(office).clinic_id == "east"
    assert again.moved is not None
    assert again.moved.clinic_id == "east"


def test_a_letter_carries_the_numbers_of_the_clinic_it_is_about(
    there: tuple[Office, Answer],
) -> None:
    office, _ = there
    answer = office.send(Kind.THANK_YOU, "source")  # begun at East
    assert answer.learned
    given: Any = office.given(Kind.TRANSFERRED, "source", transferred(MONDAY + HOUR).occasion)
    office.post.turn(given.model_copy(update={"clinic_id": "west"}), MONDAY + HOUR)
    assert [one.sender for one in office.fax.accepted] == ["+15185550143", "+12175550145"]
