"""The silence watch's question to the store: a task when it is quiet, none when it is not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import col, select
from temporalio.testing import ActivityEnvironment

from activities.book import Book
from activities.sources import Sources
from activities.tenants import Tenants
from models.contracts import Look, RecordInput, SourceStart
from models.errors import NotFound
from models.facts import ClosedReason, ReferralClosed
from models.policy_file import load
from models.source_states import SourceState
from store.tables import DeliveryRow, ReferralRow, SourceRow, SourceStateRow, TaskRow
from store.tasks import complete
from tests.doors import ORG, POLICY, START, Door, referral_event

DAY = timedelta(days=1)


@pytest.fixture
def watch(door: Door) -> Sources:
    return Sources(door.store, door.tenants, lambda: door.now)


async def a_source(door: Door, *days: int) -> SourceStart:
    """One provider who sent a different patient on each of these days."""
    for day in days or (0,):
        event = referral_event(
            external=f"R-{day}", at=START + day * DAY, patient={"family_name": f"No {day}"}
        )
        assert (await door.tell(event)).state == "applied"
    with door.store.read() as session:
        (source,) = session.exec(select(SourceRow)).all()
    return SourceStart(org=ORG, source_id=source.id)


def tasks(door: Door) -> list[tuple[str, str, str]]:
    with door.store.read() as session:
        rows = session.exec(select(TaskRow).where(TaskRow.kind == "re_engagement")).all()
    return sorted((row.key, row.role, row.state) for row in rows)


def crm(door: Door) -> list[DeliveryRow]:
    with door.store.read() as session:
        return list(session.exec(select(DeliveryRow).where(DeliveryRow.channel == "crm")).all())


def active(until: datetime) -> Look:
    """It sends, and would be quiet at a moment."""
    return Look(again_at=until, state=SourceState.ACTIVE, then=SourceState.QUIET)


def quiet(until: datetime) -> Look:
    """It is quiet, somebody has been asked, and it would have lapsed at a moment."""
    return Look(quiet=True, again_at=until, state=SourceState.QUIET, then=SourceState.LAPSED)


def source(door: Door) -> SourceRow:
    with door.store.read() as session:
        return session.exec(select(SourceRow)).one()


async def test_before_sixty_days_it_says_when_to_look_again(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    assert watch.judge(start, START + 59 * DAY) == active(START + 60 * DAY)
    assert tasks(door) == []


async def test_at_sixty_days_a_task_stands_on_the_board_and_in_the_crm(
    door: Door, watch: Sources
) -> None:
    start = await a_source(door)
    at = START + 60 * DAY
    for later in (at, at, at + DAY):  # looking again changes nothing
        assert watch.judge(start, later) == quiet(START + 120 * DAY)
    assert tasks(door) == [("re_engagement:2026-01-05", "liaison", "open")]
    (row,) = (one for one in crm(door) if one.subject_type == "task")
    assert row.payload is not None
    assert row.payload["priority"] == "low"
    assert row.payload["source_id"] == start.source_id
    assert "Ruiz" not in str(row.payload)
    row = source(door)
    assert row.quiet_since == at
    assert (row.state, row.state_since) == (SourceState.QUIET, at)
    assert row.next_touch_at is not None


async def test_the_next_referral_ends_it(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    watch.judge(start, START + 60 * DAY)
    await a_source(door, 0, 70)
    assert watch.judge(start, START + 70 * DAY) == Look(
        again_at=START + 130 * DAY, state=SourceState.RETURNED, then=SourceState.QUIET
    )
    assert [state for _, _, state in tasks(door)] == ["moot"]
    assert source(door).quiet_since is None
    watch.judge(start, START + 130 * DAY)
    assert [key for key, _, state in tasks(door) if state == "open"] == ["re_engagement:2026-03-16"]


async def test_a_valued_source_reaches_the_director_once_the_task_is_late(
    door: Door, watch: Sources
) -> None:
    start = await a_source(door, 0, 20, 40)
    at = START + 100 * DAY
    look = watch.judge(start, at)
    (row,) = (one for one in crm(door) if one.subject_type == "task")
    assert row.payload is not None
    assert row.payload["priority"] == "high"
    due = datetime.fromisoformat(str(row.payload["due"]))
    assert look.quiet
    assert look.again_at is not None
    assert at < due < look.again_at
    lapses = START + 160 * DAY
    assert watch.judge(start, look.again_at) == quiet(lapses)
    assert [role for _, role, _ in tasks(door)] == ["liaison", "director"]
    assert watch.judge(start, look.again_at + DAY) == quiet(lapses)
    assert len(tasks(door)) == 2
    await a_source(door, 0, 20, 40, 120)
    watch.judge(start, START + 120 * DAY)
    assert {state for _, _, state in tasks(door)} == {"moot"}


async def test_duplicates_do_not_break_the_silence(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    again = await door.tell(
        referral_event(external="R-x", at=START + 5 * DAY, patient={"family_name": "No 0"})
    )
    assert again.reason == "duplicate"
    assert watch.judge(start, START + 60 * DAY).quiet


async def test_the_activity_looks_at_the_workflows_own_time(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    environment = ActivityEnvironment()
    info = environment.info
    environment.info = type(info)(**{**vars(info), "started_time": START + 61 * DAY})
    assert environment.run(watch.look, start).quiet
    environment.info = type(info)(**{**vars(info), "started_time": START + 1 * DAY})
    assert not environment.run(watch.look, start).quiet
    with pytest.raises(NotFound):
        environment.run(watch.look, SourceStart(org=ORG, source_id="src_none"))


# --- how it stands, and what is asked -----------------------------------------------------------


def states(door: Door) -> list[tuple[str, int]]:
    """Every state that was written, with the day on which it began."""
    with door.store.read() as session:
        rows = session.exec(select(SourceStateRow).order_by(col(SourceStateRow.id))).all()
    return [(row.state, (row.since - START).days) for row in rows]


def change(door: Door, **columns: object) -> None:
    """What the liaison wrote about the source."""
    with door.store.write() as session:
        row = session.exec(select(SourceRow)).one()
        for name, value in columns.items():
            setattr(row, name, value)
        session.add(row)


def done(door: Door, at: datetime) -> None:
    """Somebody does what is asked about the source."""
    with door.store.write() as session:
        for row in session.exec(select(TaskRow).where(TaskRow.state == "open")).all():
            if row.source_id:
                complete(session, ORG, row.id, by="lia", at=at)


def said(door: Door) -> list[str]:
    return [str(row.payload["says"]) for row in crm(door) if row.payload]


async def test_a_weekly_sender_cools_in_weeks_and_nobody_is_asked_yet(
    door: Door, watch: Sources
) -> None:
    start = await a_source(door, *range(0, 7 * 26, 7))
    last = START + 175 * DAY
    look = watch.judge(start, last)
    assert (look.state, look.then, look.quiet) == (SourceState.ACTIVE, SourceState.COOLING, False)
    assert look.again_at is not None
    assert 20 <= (look.again_at - last).days <= 35
    cooling = watch.judge(start, look.again_at)
    assert (cooling.state, cooling.then, cooling.quiet) == ("cooling", "quiet", False)
    assert tasks(door) == []
    (sentence,) = said(door)
    assert sentence.startswith("Slower than their own rhythm: 26 in 25 weeks, last one ")
    touch = source(door).next_touch_at
    assert touch is not None
    assert touch < look.again_at + 9 * DAY
    assert cooling.again_at is not None
    assert (cooling.again_at - last).days < 60
    quiet = watch.judge(start, cooling.again_at)
    assert (quiet.state, quiet.quiet) == (SourceState.QUIET, True)
    assert [role for _, role, _ in tasks(door)] == ["liaison"]
    assert [state for state, _ in states(door)] == ["active", "cooling", "quiet"]


async def test_the_task_is_its_owners_and_says_why(door: Door, watch: Sources) -> None:
    start = await a_source(door, 0, 20, 40)
    change(door, owner_id="lia")
    at = START + 100 * DAY
    watch.judge(start, at)
    with door.store.read() as session:
        (row,) = session.exec(select(TaskRow).where(TaskRow.kind == "re_engagement")).all()
    assert (row.owner, row.role, row.taken_at) == ("lia", "liaison", at)
    assert row.says == ("Quiet: 3 in 6 weeks, last one 60 days ago. Call, or write a personal note")
    owners = {row.payload["owner"] for row in crm(door) if row.payload}
    assert owners == {"lia"}


async def test_lapsing_asks_again_about_a_valued_source_once_the_first_call_is_over(
    door: Door, watch: Sources
) -> None:
    start = await a_source(door, 0, 20, 40)
    watch.judge(start, START + 100 * DAY)
    lapsing = START + 160 * DAY
    watch.judge(start, lapsing)  # nobody has called: no second task
    assert len([key for key, role, _ in tasks(door) if role == "liaison"]) == 1
    done(door, START + 161 * DAY)
    look = watch.judge(start, START + 161 * DAY)
    assert not look.asked  # whoever has just called is not asked to call
    assert look.again_at == START + 221 * DAY
    look = watch.judge(start, look.again_at)
    assert [key for key, _, state in tasks(door) if state == "open"] == [
        "re_engagement:2026-02-14-lapsed"
    ]
    assert look.again_at is not None  # the director's turn
    done(door, START + 222 * DAY)
    assert watch.judge(start, START + 500 * DAY).again_at is None
    assert len([key for key, role, _ in tasks(door) if role == "liaison"]) == 2


async def test_once_somebody_has_called_no_director_need_say_who_does(
    door: Door, watch: Sources
) -> None:
    start = await a_source(door, 0, 20, 40)
    late = watch.judge(start, START + 100 * DAY).again_at
    assert late is not None
    watch.judge(start, late)
    with door.store.write() as session:
        (row,) = session.exec(select(TaskRow).where(TaskRow.role == "liaison"))
        complete(session, ORG, row.id, by="lia", at=late + DAY)
    assert [(role, state) for _, role, state in tasks(door)] == [
        ("liaison", "done"),
        ("director", "moot"),
    ]


async def test_a_one_off_sender_is_asked_about_once(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    watch.judge(start, START + 60 * DAY)
    done(door, START + 61 * DAY)
    look = watch.judge(start, START + 120 * DAY)
    assert (look.state, look.again_at) == (SourceState.LAPSED, None)
    assert [state for _, _, state in tasks(door)] == ["done"]


async def test_nobody_is_asked_twice_within_sixty_days(door: Door, watch: Sources) -> None:
    start = await a_source(door, *range(0, 140, 2))
    last = START + 138 * DAY
    quiet = watch.judge(start, last).again_at
    assert quiet is not None
    watch.judge(start, quiet)
    done(door, quiet)
    await a_source(door, 160)
    watch.judge(start, START + 160 * DAY)
    look = watch.judge(start, START + 190 * DAY)
    assert (look.state, look.quiet, look.asked) == (SourceState.QUIET, True, False)
    assert look.again_at == quiet + 60 * DAY
    assert [state for _, _, state in tasks(door)] == ["done"]
    assert watch.judge(start, look.again_at).asked
    assert [state for _, _, state in tasks(door)] == ["done", "open"]


async def test_leave_stops_the_clock_and_takes_the_task_away(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    watch.judge(start, START + 60 * DAY)
    first, last = (START + 55 * DAY).date(), (START + 84 * DAY).date()
    change(door, away_from=first, away_until=last, away_why="parental leave")
    look = watch.judge(start, START + 61 * DAY)
    assert (look.state, look.quiet, look.away) == (SourceState.ACTIVE, False, True)
    assert look.again_at == START + 90 * DAY
    assert [state for _, _, state in tasks(door)] == ["moot"]
    assert source(door).quiet_since is None
    assert watch.judge(start, START + 90 * DAY).quiet
    assert [state for _, _, state in tasks(door)] == ["open"]
    assert states(door) == [("active", 0), ("quiet", 60), ("active", 0), ("quiet", 90)]
    assert said(door)[2] == "No silence after all: one patient before, last one 61 days ago"


async def test_a_long_leave_hides_no_slower_rhythm_after_it(door: Door, watch: Sources) -> None:
    start = await a_source(door, *range(0, 7 * 26, 7))
    last = START + 175 * DAY
    plain = watch.judge(start, last + DAY)
    assert plain.again_at is not None
    first = last + 3 * DAY
    change(door, away_from=first.date(), away_until=(first + 199 * DAY).date())
    look = watch.judge(start, last + DAY)
    assert (look.state, look.then) == (SourceState.ACTIVE, SourceState.COOLING)
    assert look.again_at is not None
    assert abs((look.again_at - plain.again_at).days - 200) <= 3  # weekends fall otherwise


async def test_a_task_follows_what_is_told_late(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    at = START + 250 * DAY  # history is told in one go, and the watch looks in between
    watch.judge(start, at)
    (early,) = (row for row in door.rows(TaskRow) if row.source_id)
    assert "Lapsed: one patient so far, 250 days ago" in early.says
    await a_source(door, 0, 150, 160, 170)
    look = watch.judge(start, at)
    assert (look.state, look.asked) == (SourceState.QUIET, True)
    (task,) = (row for row in door.rows(TaskRow) if row.source_id)
    assert (task.id, task.key) == (early.id, "re_engagement:2026-06-24")
    assert task.says.startswith("Quiet: 4 in 24 weeks, last one 80 days ago")
    assert task.due < early.due  # it turned out to be valued
    before = task.model_dump()
    watch.judge(start, at)
    assert [row.model_dump() for row in door.rows(TaskRow) if row.source_id] == [before]


async def test_a_silence_that_history_took_back_at_once_has_asked_nobody(
    door: Door, watch: Sources
) -> None:
    start = await a_source(door)
    at = START + 190 * DAY
    watch.judge(start, at)  # only the first of them has been told by now
    await a_source(door, *range(0, 183, 7))
    assert not watch.judge(start, at).quiet
    look = watch.judge(start, START + 182 * DAY + 59 * DAY)
    assert (look.state, look.asked) == (SourceState.QUIET, True)


async def test_who_has_no_referral_left_stands_nowhere(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    watch.judge(start, START + 60 * DAY)
    (referral,) = door.rows(ReferralRow)
    error = ClosedReason.ENTERED_IN_ERROR
    door.write(referral.id, ReferralClosed(at=START + 61 * DAY, by="lee", reason=error))
    assert watch.judge(start, START + 61 * DAY).state is None
    assert (source(door).state, source(door).state_since) == (None, None)
    back = {"retracted": True, "as_of": START + 62 * DAY}
    wrong = ReferralClosed(at=START + 61 * DAY, by="lee", reason=error).model_copy(update=back)
    door.write(referral.id, wrong)
    watch.judge(start, START + 62 * DAY)
    assert source(door).state == SourceState.QUIET


async def test_who_was_quiet_before_the_leave_is_asked_about_after_it(
    door: Door, watch: Sources
) -> None:
    start = await a_source(door)
    watch.judge(start, START + 60 * DAY)
    change(door, away_from=(START + 70 * DAY).date(), away_until=(START + 79 * DAY).date())
    look = watch.judge(start, START + 70 * DAY)
    assert (look.state, look.quiet, look.away) == (SourceState.QUIET, False, True)
    assert look.again_at is not None
    assert (look.again_at - START).days in {79, 80}
    assert watch.judge(start, look.again_at).quiet
    assert [state for _, _, state in tasks(door)] == ["open"]


async def test_a_task_waits_for_a_day_on_which_we_are_open(door: Door, watch: Sources) -> None:
    holiday = datetime(2026, 5, 25, 15, tzinfo=UTC)  # Memorial Day, a Monday
    days = (holiday - START).days - 60
    start = await a_source(door, days)
    look = watch.judge(start, holiday)
    assert (look.quiet, look.asked) == (True, False)
    assert look.again_at is not None
    assert look.again_at.date() == date(2026, 5, 26)
    assert watch.judge(start, look.again_at).asked


async def test_the_referral_that_ends_it_says_what_came_before(door: Door, watch: Sources) -> None:
    start = await a_source(door)
    watch.judge(start, START + 60 * DAY)
    done(door, START + 65 * DAY)
    await a_source(door, 72)
    watch.judge(start, START + 72 * DAY)
    assert said(door)[-1] == (
        "Back after 72 days: one patient before; 7 days after a call or note by Lia Example"
    )
    with door.store.read() as session:
        row = session.exec(select(SourceStateRow).where(SourceStateRow.state == "returned")).one()
    assert row.facts["worked"]["by"] == "lia"


async def test_an_organization_may_leave_one_off_senders_alone(door: Door) -> None:
    told = load(POLICY)
    silence = told.policy.silence.model_copy(update={"min_referrals": 2})
    policy = told.policy.model_copy(update={"silence": silence})
    tenants = Tenants([told.model_copy(update={"policy": policy})])
    watch = Sources(door.store, tenants, lambda: door.now)
    start = await a_source(door)
    look = watch.judge(start, START + 60 * DAY)
    assert (look.state, look.quiet, look.again_at) == ("quiet", False, START + 120 * DAY)
    assert tasks(door) == []


async def test_a_source_that_turned_out_to_be_another_is_watched_no_longer(
    door: Door, watch: Sources
) -> None:
    start = await a_source(door)
    watch.judge(start, START + 60 * DAY)
    with door.store.write() as session:
        gone = session.exec(select(SourceRow)).one()
        session.add(SourceRow(**gone.model_dump() | {"id": "src_into", "identity": "into"}))
        session.flush()
        gone.merged_into = "src_into"
        session.add(gone)
    assert watch.judge(start, START + 61 * DAY) == Look(closed=True)
    assert [state for _, _, state in tasks(door)] == ["moot"]
    into = SourceStart(org=ORG, source_id="src_into")
    assert watch.judge(into, START + 61 * DAY).state == SourceState.QUIET


async def test_a_second_look_writes_nothing(door: Door, watch: Sources) -> None:
    start = await a_source(door, 0, 70, 71)
    for at in (71, 71, 72, 140, 140):
        watch.judge(start, START + at * DAY)
    known = states(door)
    assert known == [("active", 0), ("quiet", 60), ("returned", 70), ("active", 71), ("quiet", 131)]
    before = len(crm(door))
    watch.judge(start, START + 140 * DAY)
    assert states(door) == known
    assert len(crm(door)) == before


async def test_a_referral_told_under_an_old_name_wakes_whom_it_stands_for(door: Door) -> None:
    start = await a_source(door)
    with door.store.write() as session:
        gone = session.exec(select(SourceRow)).one()
        session.add(SourceRow(**gone.model_dump() | {"id": "src_into", "identity": "into"}))
        session.flush()
        gone.merged_into = "src_into"
        session.add(gone)
    event = referral_event(external="R-9", at=START + 9 * DAY, patient={"family_name": "No 9"})
    await door.tell(event)
    assert [name for name, _ in door.engine.runs[f"source/{ORG}/src_into"][-1].signals] == [
        "referral_received"
    ]
    with door.store.read() as session:
        into = session.get_one(SourceRow, "src_into")
        assert into.last_received_at == START + 9 * DAY
        old = session.get_one(SourceRow, start.source_id)
        assert old.last_received_at == START


@pytest.mark.parametrize(
    ("reason", "looks"),
    [
        (ClosedReason.ENTERED_IN_ERROR, True),
        (ClosedReason.DECLINED_BY_CLINIC, True),
        (ClosedReason.COMPLETED, False),
    ],
)
async def test_the_watch_looks_again_when_a_request_was_none_or_we_said_no(
    door: Door, reason: ClosedReason, looks: bool
) -> None:
    referral_id = await door.refer()
    (watch,) = (runs for name, runs in door.engine.runs.items() if name.startswith("source/"))
    before = len(watch[-1].signals)
    closed = ReferralClosed(at=START + DAY, as_of=START + DAY, by="lee", reason=reason)
    given = RecordInput(org=ORG, clinic_id="east", referral_id=referral_id, facts=(closed,))
    book = Book(door.store, door.tenants, lambda: door.now, door.intake.loop)
    environment = ActivityEnvironment()
    await environment.run(book.record, given)
    assert [name for name, _ in watch[-1].signals[before:]] == ["look_again"] * looks
