"""Whether an EMR still talks: what is not asked meanwhile, and who is (policy.md rule 9)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from activities.book import Book
from activities.listening import Listening
from activities.loop import Loop
from models.contracts import Answer, TaskInput
from models.facts import TaskHeld, TaskOpened
from models.roles import Role
from models.tasks import TaskKind
from store import inbox, tasks
from store.tables import InboxState, TaskState
from tests.activities.office import CLINIC, MONDAY, ORG, Office

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Riverside East is open 7 to 19 from Monday to Thursday; MONDAY is 10:00.
SILENT = MONDAY + 4 * HOUR


def heard(office: Office, at: datetime, origin: str = "events") -> None:
    """Something readable came by the feed."""
    with office.store.write() as session:
        row, _ = inbox.accept(
            session, org=ORG, origin=origin, event_id=f"e{at}", body=b"{}", received_at=at
        )
        inbox.mark(session, row.id, InboxState.APPLIED, at=at)


def ask(office: Office, at: datetime, *, infers: bool = True) -> Answer:
    given = TaskInput(
        org=ORG,
        clinic_id=CLINIC,
        referral_id=office.referral_id,
        kind=TaskKind.DROPOUT,
        occasion="after-1",
        role=Role.FRONT_DESK,
        due=at,
        says="No visit for too long",
        infers=infers,
    )
    return Book(office.store, office.tenants, lambda: at, Loop()).open(given, at)


def alerts(office: Office) -> list[tuple[str, str]]:
    with office.store.read() as session:
        rows = tasks.open_tasks(session, ORG, kind=TaskKind.FEED_SILENT)
        return [(row.id, row.role) for row in rows]


def watch(office: Office, at: datetime) -> tuple[int, int]:
    return Listening(office.store, office.tenants).watch(at)


# --- what is not asked ----------------------------------------------------------------------------


def test_a_question_is_put_off_while_the_feed_is_silent(office: Office) -> None:
    heard(office, MONDAY)
    answer = ask(office, SILENT)
    (held,) = answer.learned
    assert isinstance(held, TaskHeld)
    assert (held.task, held.until) == ("dropout:after-1", SILENT + 4 * HOUR)
    assert answer.held_until == held.until
    with office.store.read() as session:
        assert tasks.of_referral(session, office.referral_id) == []
    assert office.referral.task_held_until("dropout:after-1") == held.until


@pytest.mark.parametrize(
    ("last", "now", "infers"),
    [
        (MONDAY, SILENT - timedelta(minutes=1), True),  # not silent yet
        (None, SILENT, True),  # a feed that was never heard has not gone silent
        (MONDAY, SILENT + 40 * DAY, False),  # a task that infers nothing
    ],
)
def test_otherwise_it_is_put(
    office: Office, last: datetime | None, now: datetime, infers: bool
) -> None:
    if last is not None:
        heard(office, last)
    (opened,) = ask(office, now, infers=infers).learned
    assert isinstance(opened, TaskOpened)


def test_it_is_put_once_the_feed_is_back(office: Office) -> None:
    heard(office, MONDAY)
    assert ask(office, SILENT).held_until is not None
    heard(office, SILENT + HOUR, origin="file")  # a file is no sign of life
    assert ask(office, SILENT + 2 * HOUR).held_until is not None
    heard(office, SILENT + 3 * HOUR)
    assert isinstance(ask(office, SILENT + 4 * HOUR).learned[0], TaskOpened)


# --- who is ---------------------------------------------------------------------------------------


def test_one_task_asks_the_administrator_and_leaves_when_the_feed_is_back(office: Office) -> None:
    heard(office, MONDAY)
    assert watch(office, SILENT - timedelta(minutes=1)) == (0, 0)
    assert watch(office, SILENT) == (1, 0)
    assert watch(office, SILENT + DAY) == (0, 0)
    ((task_id, role),) = alerts(office)
    assert role == "admin"
    heard(office, SILENT + DAY)
    assert watch(office, SILENT + DAY + HOUR) == (0, 1)
    assert alerts(office) == []
    with office.store.read() as session:
        row = tasks.get(session, ORG, task_id)
        assert (row.state, row.done_at) == (TaskState.MOOT, SILENT + DAY + HOUR)
    assert watch(office, SILENT + 3 * DAY) == (1, 0), "another silence, another task"


def test_who_says_that_nothing_is_missing_has_the_questions_put_again(office: Office) -> None:
    heard(office, MONDAY)
    watch(office, SILENT)
    assert ask(office, SILENT + HOUR).held_until is not None
    ((task_id, _),) = alerts(office)
    with office.store.write() as session:
        tasks.complete(session, ORG, task_id, by="ada", at=SILENT, outcome="dismissed")
    assert isinstance(ask(office, SILENT + 2 * HOUR).learned[0], TaskOpened)
    assert watch(office, SILENT + 2 * HOUR) == (0, 0)
    heard(office, SILENT + DAY)
    other = office.receive(patient={"given_name": "Robin"})
    assert other == office.referral_id
    assert ask(office, SILENT + 3 * DAY).held_until is not None, "it counts for one silence"
