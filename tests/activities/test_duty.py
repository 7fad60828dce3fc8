"""The ``tasks`` chore: leases that ended, and tasks that lie too long, by the location's hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from activities.chores import Chores
from activities.tenants import Tenants
from models.errors import Refused
from models.facts import (
    AnyDecision,
    AnyFact,
    AuthorizationChanged,
    TaskEscalated,
    TaskOpened,
    TaskReturned,
    TaskTaken,
)
from models.organization import Absence
from models.policy_file import OrganizationPolicy
from models.roles import Role
from models.tasks import TaskKind
from store import tasks
from store.tables import SourceRow
from tests.activities.office import MONDAY, ORG, Office

# Riverside East is open 7 to 19 from Monday to Thursday, on Friday until 17.
CALL = "call_patient:bd-0-1"
FRIDAY_FIVE = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Desk:
    """The chores of an office; decisions are written as the workflow would have them written."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.told: list[AnyFact] = []
        self.refuse = False
        self.chores = Chores(
            office.store, office.tenants, office.clients, lambda: office.wall, self.tell, self, self
        )

    async def tell(self, org: str, referral_id: str, fact: AnyFact) -> bool:
        assert (org, referral_id) == (ORG, self.office.referral_id)
        self.told.append(fact)
        return True

    async def decide(self, org: str, referral_id: str, decision: AnyDecision) -> object:
        assert (org, referral_id) == (ORG, self.office.referral_id)
        if self.refuse:
            raise Refused("too late", code="task_over")
        self.told.append(decision)
        self.office.tell(decision)
        return None

    async def dispatch_left(self, now: datetime) -> int:
        raise AssertionError(now)

    async def begin_left(self, now: datetime) -> int:
        raise AssertionError(now)

    async def at(self, now: datetime) -> list[AnyFact]:
        """What a run at this moment told."""
        self.office.wall, self.told = now, []
        await self.chores.do("tasks")
        return self.told

    def task(self) -> tuple[str | None, str | None]:
        """Who has the task, and how far up it is."""
        with self.office.store.read() as session:
            (row,) = tasks.of_referral(session, self.office.referral_id)
            return row.owner, row.raised_to


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


def opened(due: datetime = MONDAY, task: str = CALL, role: str = "front_desk") -> TaskOpened:
    return TaskOpened(at=MONDAY, task=task, role=role, due=due)


def taken(until: datetime, by: str = "dana") -> TaskTaken:
    return TaskTaken(at=MONDAY, by=by, task=CALL, until=until)


async def test_a_lease_ends_and_the_timeline_says_so(office: Office, desk: Desk) -> None:
    office.tell(opened(MONDAY + 9 * HOUR), taken(MONDAY + HOUR))
    assert await desk.at(MONDAY + HOUR - timedelta(seconds=1)) == []
    assert desk.task() == ("dana", None)
    (back,) = await desk.at(MONDAY + HOUR)
    assert isinstance(back, TaskReturned)
    assert (back.task, back.why, back.by) == (CALL, "expired", "system")
    assert desk.task() == (None, None)
    assert await desk.at(MONDAY + 2 * HOUR) == []


async def test_it_returns_when_somebody_is_away_or_gone(office: Office, desk: Desk) -> None:
    office.tell(opened(MONDAY + 99 * HOUR), taken(MONDAY + 99 * HOUR, by="gone"))
    (back,) = await desk.at(MONDAY + HOUR)
    assert isinstance(back, TaskReturned)
    assert back.why == "left"
    sick = (
        office.tenants.get(ORG)
        .staff[0]
        .model_copy(update={"away": (Absence(first=date(2026, 3, 3), last=date(2026, 3, 3)),)})
    )
    file = office.tenants.get(ORG)
    away = file.model_copy(update={"staff": (sick, *file.staff[1:])})
    other = Desk(office)
    other.chores = chores(office, away, other)
    again = MONDAY + 2 * HOUR
    office.tell(TaskTaken(at=again, by=sick.id, task=CALL, until=MONDAY + 99 * HOUR))
    assert await other.at(MONDAY + 3 * HOUR) == []
    (back,) = await other.at(MONDAY + 24 * HOUR)
    assert isinstance(back, TaskReturned)
    assert back.why == "absent"


def chores(office: Office, file: OrganizationPolicy, desk: Desk) -> Chores:
    tenants, store, clients = Tenants([file]), office.store, office.clients
    return Chores(store, tenants, clients, lambda: office.wall, desk.tell, desk, desk)


async def test_what_somebody_just_did_is_left_alone(office: Office, desk: Desk) -> None:
    office.tell(opened(MONDAY + 9 * HOUR), taken(MONDAY + HOUR))
    desk.refuse = True
    assert await desk.at(MONDAY + HOUR) == []


async def test_up_to_the_lead_and_the_director_in_the_hours_of_the_clinic(
    office: Office, desk: Desk
) -> None:
    office.tell(opened(due=FRIDAY_FIVE - HOUR))  # the clinic closes an hour later
    assert await desk.at(FRIDAY_FIVE + 60 * HOUR) == [], "nobody is blamed for a weekend"
    monday_ten = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)  # daylight saving: 10:00 is 14:00 now
    assert await desk.at(monday_ten - timedelta(seconds=1)) == []
    (up,) = await desk.at(monday_ten)
    assert up == TaskEscalated(at=monday_ten, task=CALL, to=Role.LEAD)
    assert desk.task() == (None, "lead")
    assert await desk.at(monday_ten + HOUR) == []
    tuesday_close = datetime(2026, 3, 10, 23, 0, tzinfo=UTC)
    (up,) = await desk.at(tuesday_close)
    assert isinstance(up, TaskEscalated)
    assert up.to is Role.DIRECTOR
    assert await desk.at(tuesday_close + 99 * HOUR) == [], "there is nobody above the director"
    facts = [fact for fact in office.referral.facts if isinstance(fact, TaskEscalated)]
    assert len(facts) == 2


async def test_a_call_after_surgery_goes_up_within_the_hour(office: Office, desk: Desk) -> None:
    office.receive(fact={"urgency": "post_op"}, patient={"given_name": "Robin"})
    office.tell(opened())
    (up,) = await desk.at(MONDAY + HOUR)
    assert isinstance(up, TaskEscalated)
    assert up.to is Role.LEAD


async def test_done_overtaken_and_self_raising_tasks_stay(office: Office, desk: Desk) -> None:
    office.tell(opened(task="sign_plan:1", role="therapist"))
    assert await desk.at(MONDAY + 400 * HOUR) == [], "its own promise asks the director"


async def test_a_role_that_nobody_holds_is_the_next_ones_at_once(
    office: Office, desk: Desk
) -> None:
    file = office.tenants.get(ORG)
    alone = file.model_copy(
        update={"staff": tuple(one for one in file.staff if one.role is not Role.BILLING)}
    )
    desk.chores = chores(office, alone, desk)
    office.tell(opened(MONDAY + 99 * HOUR, "request_authorization:au1-20260302T150000", "billing"))
    needed = {"at": MONDAY, "authorization_id": "au1", "status": "required"}
    office.tell(AuthorizationChanged.model_validate(needed))  # the task stands while it is
    (up,) = await desk.at(MONDAY)
    assert isinstance(up, TaskEscalated)
    assert up.to is Role.LEAD
    assert await desk.at(MONDAY + HOUR) == []


async def test_tasks_of_sources_and_of_the_organization_move_in_their_rows(
    office: Office, desk: Desk
) -> None:
    with office.store.write() as session:
        source = session.get_one(SourceRow, office.source_id)
        quiet = tasks.open_for_source(
            session, source, TaskKind.RE_ENGAGEMENT, "1", due=MONDAY, at=MONDAY
        )
        event = tasks.open_for_org(
            session, ORG, TaskKind.UNMATCHED_EVENT, "1", due=MONDAY, at=MONDAY
        )
        tasks.take(session, ORG, event.id, by="dana", at=MONDAY, until=MONDAY + HOUR)
    assert await desk.at(MONDAY + 4 * HOUR) == []
    with office.store.read() as session:
        row = tasks.get(session, ORG, event.id)
        assert (row.owner, row.raised_to) == (None, "lead")
        assert tasks.get(session, ORG, quiet.id).raised_to is None, "the silence watch raises it"
