"""One call for a whole practice: chases, undelivered letters and silence stand as one task each."""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlmodel import select

from activities.book import Book
from activities.hands import Hands
from activities.sources import Sources
from models.contracts import SourceStart, TaskInput
from models.facts import CertificationWaived, PlanOfCareSigned, Signer, TaskCompleted, TaskOpened
from models.roles import Role
from models.tasks import TaskKind
from store import gathering, tasks
from store.tables import DeliveryRow, SourceRow, TaskRow, TaskState
from tests.databases import on_either, until_somebody_waits
from tests.doors import ORG, START, Door, referral_event

pytestmark = on_either  # locks look different on each

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHASE = "call_certifier:v1-day-14"
PHYSICIANS = {"1234567893": "Ana Alder", "1881018208": "Bo Birch", "1750627675": "Cy Cedar"}


async def practice(door: Door, physicians: int = 3, **source: str) -> list[str]:
    """A referral by each of the physicians of one practice."""
    ids = []
    for number, (npi, name) in enumerate(list(PHYSICIANS.items())[:physicians]):
        who = {"npi": npi, "name": name, "practice": "Lakeside", "fax": "+15185550160", **source}
        ids.append(
            await door.refer(
                external=f"R-{number}", source=who, patient={"family_name": f"No {number}"}
            )
        )
    return ids


def ask(door: Door, referral_id: str, task: str = CHASE, hours: int = 9) -> None:
    due = door.now + hours * HOUR
    door.write(referral_id, TaskOpened(at=door.now, task=task, role="front_desk", due=due))


def board(door: Door, role: Role = Role.FRONT_DESK) -> list[TaskRow]:
    with door.store.read() as session:
        return list(tasks.open_tasks(session, ORG, role=role))


def parts(door: Door, whole: TaskRow) -> list[str | None]:
    with door.store.read() as session:
        return [part.referral_id for part in gathering.gathered(session, whole.id)]


async def test_calls_that_workflows_ask_for_stand_as_one(door: Door) -> None:
    book = Book(door.store, door.tenants, lambda: door.now, door.intake.loop)
    ids = await practice(door)
    for referral_id in ids:
        given = TaskInput(
            org=ORG,
            clinic_id="east",
            referral_id=referral_id,
            kind=TaskKind.CALL_CERTIFIER,
            occasion="v1-day-14",
            role=Role.FRONT_DESK,
            due=door.now + 9 * HOUR,
            says="Call the provider's office",
        )
        book.open(given, door.now)
        book.open(given, door.now)
    (whole,) = board(door)
    assert whole.kind == "call_practice"
    assert sorted(map(str, parts(door, whole))) == sorted(ids)


async def test_one_call_stands_by_itself_two_stand_as_one(door: Door) -> None:
    first, second, third = await practice(door)
    ask(door, first)
    (alone,) = board(door)
    assert (alone.kind, alone.referral_id) == ("call_certifier", first)
    ask(door, second, hours=4)
    ask(door, third)
    (whole,) = board(door)
    assert (whole.kind, whole.clinic_id) == ("call_practice", None)
    assert whole.due == door.now + 4 * HOUR  # the soonest of its parts
    assert parts(door, whole) == [second, *sorted([first, third], key=parts(door, whole).index)]


async def test_two_calls_opened_at_the_same_moment_stand_as_one(door: Door) -> None:
    """Nobody sees what the other has not committed yet, so the second waits for the practice."""
    first, second, _ = await practice(door)
    due = door.now + HOUR
    opened = TaskOpened(at=door.now, task=CHASE, role="front_desk", due=due)
    thread = threading.Thread(target=ask, args=(door, second))
    with door.store.write() as session:
        door.intake.record.write_in(session, ORG, first, opened, recorded_at=door.now)
        thread.start()
        until_somebody_waits(door.store)
    thread.join()
    (whole,) = board(door)
    assert (whole.kind, len(parts(door, whole))) == ("call_practice", 2)


async def test_who_had_the_first_has_the_whole_call(door: Door) -> None:
    first, second, _ = await practice(door)
    ask(door, first)
    with door.store.write() as session:
        row = session.exec(select(TaskRow)).one()
        row.owner, row.taken_at, row.leased_until = "dana", door.now, door.now + HOUR
        session.add(row)
    ask(door, second)
    (whole,) = board(door)
    assert (whole.owner, whole.leased_until) == ("dana", door.now + HOUR)


async def test_another_practice_another_role_and_a_patient_are_calls_of_their_own(
    door: Door,
) -> None:
    first, second, _ = await practice(door)
    other = await door.refer(
        external="R-9",
        source={"npi": "1245319599", "name": "Di Dune", "practice": "Hill", "fax": "+15185550161"},
        patient={"family_name": "No 9"},
    )
    for referral_id in (first, other):
        ask(door, referral_id)
    due = door.now + HOUR
    director = TaskOpened(at=door.now, task="director_call:v1", role="director", due=due)
    door.write(second, director)
    ask(door, second, "call_patient:bd-0-1")
    assert {row.kind for row in board(door)} == {"call_certifier", "call_patient"}
    assert [row.kind for row in board(door, Role.DIRECTOR)] == ["director_call"]


async def test_a_letter_no_channel_took_joins_the_call(door: Door) -> None:
    first, second, third = await practice(door)
    ask(door, first)
    ask(door, second, "undeliverable:thank_you:source:1")
    ask(door, third, "undeliverable:schedule_text:patient:bd-0")
    kinds = [row.kind for row in board(door)]
    assert sorted(kinds) == ["call_practice", "undeliverable"]


async def test_done_once_it_answers_each_of_its_parts(door: Door) -> None:
    ids = await practice(door)
    for referral_id in ids:
        ask(door, referral_id)
    (whole,) = board(door)
    hands = Hands(door.intake)

    def applied(fact: TaskCompleted) -> str:
        door.write(next(one for one in ids if door.referral(one).task_open(fact.task)), fact)
        return "v"

    door.engine.answer = applied
    row = await hands.act(ORG, whole.id, "done", by="dana")
    assert (row.state, row.done_by, row.outcome) == (TaskState.DONE, "dana", "done")
    decided = [fact for _, fact, _ in door.engine.updates]
    assert [(fact.kind, fact.task, fact.by) for fact in decided] == [
        ("task_completed", CHASE, "dana")
    ] * 3
    assert board(door) == []


async def test_what_joins_a_call_while_somebody_speaks_is_not_done_with_it(door: Door) -> None:
    first, second, third = await practice(door)
    for referral_id in (first, second):
        ask(door, referral_id)
    (whole,) = board(door)
    hands = Hands(door.intake)
    (listed,) = hands.parts(ORG, [whole]).values()
    ask(door, third)

    def applied(fact: TaskCompleted) -> str:
        mine = (one for one in (first, second, third) if door.referral(one).task_open(fact.task))
        by_part = {part.referral_id for part in listed}
        door.write(next(one for one in mine if one in by_part), fact)
        return "v"

    door.engine.answer = applied
    row = await hands.act(ORG, whole.id, "done", by="dana", parts=[part.id for part in listed])
    assert row.state == TaskState.OPEN
    assert parts(door, whole) == [third]


async def test_signed_plans_leave_the_call_and_the_last_takes_it_away(door: Door) -> None:
    first, second, third = await practice(door)
    for referral_id in (first, second, third):
        ask(door, referral_id)
    (whole,) = board(door)
    for left, referral_id in ((2, first), (1, second), (0, third)):
        door.write(
            referral_id,
            PlanOfCareSigned(at=door.now, by=Signer.THERAPIST),
            PlanOfCareSigned(at=door.now + HOUR, by=Signer.PROVIDER),
        )
        assert len(parts(door, whole)) == left
    assert board(door) == []


async def test_what_comes_up_again_later_is_a_call_of_its_own(door: Door) -> None:
    first, second, _ = await practice(door)
    for referral_id in (first, second):
        ask(door, referral_id)
    for referral_id in (first, second):
        door.write(referral_id, TaskCompleted(at=door.now, by="dana", task=CHASE))
    assert board(door) == []
    for referral_id in (first, second):
        ask(door, referral_id, "call_certifier:v1-day-21")
    (whole,) = board(door)
    assert whole.key == "call_practice:front_desk-2"


async def test_taken_back_and_told_again_it_is_gathered_anew(door: Door) -> None:
    first, second, _ = await practice(door)
    for referral_id in (first, second):
        ask(door, referral_id)
    for referral_id in (first, second):
        signed = PlanOfCareSigned(at=door.now, by=Signer.THERAPIST)
        waived = CertificationWaived(at=door.now + HOUR, by="dana")
        door.write(referral_id, signed, waived)
        back = waived.model_copy(update={"retracted": True, "as_of": door.now + 2 * HOUR})
        if referral_id == second:
            door.write(first, back)
            door.write(second, back)
    (whole,) = board(door)
    assert whole.key == "call_practice:front_desk-2"
    assert set(parts(door, whole)) == {first, second}


async def test_silence_of_several_physicians_is_one_task_and_one_line_for_the_crm(
    door: Door,
) -> None:
    await practice(door)
    watch = Sources(door.store, door.tenants, lambda: door.now)
    with door.store.read() as session:
        sources = sorted(row.id for row in session.exec(select(SourceRow)))
    for source_id in sources:
        watch.judge(SourceStart(org=ORG, source_id=source_id), START + 70 * DAY)
    (whole,) = board(door, Role.LIAISON)
    assert whole.kind == "quiet_practice"
    with door.store.read() as session:
        told = session.exec(select(DeliveryRow).where(DeliveryRow.subject_type == "task")).all()
    # The first was told before anybody else was quiet; the practice once for all that follow.
    assert sorted(str((row.payload or {})["kind"]) for row in told) == [
        "quiet_practice",
        "re_engagement",
    ]
    event = referral_event(external="R-0b", at=START + 71 * DAY, source={"npi": "1234567893"})
    assert (await door.tell(event)).state == "applied"
    for source_id in sources:
        watch.judge(SourceStart(org=ORG, source_id=source_id), START + 71 * DAY)
    with door.store.read() as session:
        assert len(gathering.gathered(session, whole.id)) == 2
