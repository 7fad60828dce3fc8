"""The director's figures against a count by hand over the same rows."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from models.ledger import Counted
from models.months import up_to
from store import today
from store.engine import Store
from store.report.measures import MEASURES
from store.report.series import together
from store.tables import LedgerRow, ReferralRow, TaskRow
from store.today import FIGURES, Scope
from tests.store.world import DAY, HOUR, ORG, START, a_referral

NOW = START + 90 * DAY
CLINICS = ("main", "hill")
MIDNIGHT = NOW.replace(hour=4, minute=0)  # New York's
TODAY = tuple((clinic, MIDNIGHT, MIDNIGHT + DAY) for clinic in CLINICS)
EVERYWHERE = Scope(ORG, CLINICS, NOW, TODAY)
COUNTED = [Counted.REFERRAL, Counted.REFERRAL, Counted.ERROR, Counted.UNCONFIRMED]
GONE = ("withdrawn", "declined_by_clinic")
STAGES = ("received", "contacting", "scheduled", "intake", "evaluated", "in_care", "closed")


def moments(dice: random.Random, since: datetime) -> datetime | None:
    return dice.choice([None, since + timedelta(minutes=dice.randrange(0, 60 * 24 * 4, 60 * 6))])


def scatter(store: Store, count: int = 300) -> list[ReferralRow]:
    """Referrals of every age, state and clinic, on borders of days and hours too."""
    record, first = a_referral(store)
    dice = random.Random(7)
    with store.write() as session:
        like = session.get_one(ReferralRow, first).model_dump()
        its_line = session.exec(select(LedgerRow)).one().model_dump(exclude={"id"})
        for number in range(count):
            came = NOW - timedelta(hours=12 * dice.randrange(0, 100))
            told = {
                "id": f"ref_{number:04d}",
                "org": dice.choice([ORG, ORG, ORG, "other"]),
                "clinic_id": dice.choice([*CLINICS, "elsewhere"]),
                "received_at": came,
                "stage": dice.choice(STAGES),
                "duplicate_of": dice.choice([None, None, None, first]),
                "closed_reason": dice.choice([None, None, *GONE, "unable_to_reach"]),
                "contact_within": came + DAY,
                "contact_by": came + timedelta(hours=dice.choice([20, 30, 90])),
                "attempted_at": moments(dice, came),
                "reached_at": moments(dice, came),
                "evaluation_at": dice.choice(
                    [None, MIDNIGHT, MIDNIGHT + DAY, MIDNIGHT + 7 * HOUR, NOW - 9 * DAY]
                ),
                "evaluated_at": moments(dice, came),
                "next_at": dice.choice([None, NOW, NOW - HOUR, NOW + HOUR]),
                "external_value": None,
                "assigner": None,
            }
            session.add(ReferralRow(**{**like, **told}))
            counted = Counted.DUPLICATE if told["duplicate_of"] else dice.choice(COUNTED)
            same = {name: told[name] for name in told if name in its_line}
            month = f"{came:%Y-%m}"
            line = same | {"counted": counted, "referral_id": told["id"], "received_month": month}
            session.flush()
            session.add(LedgerRow(**{**its_line, **line, "received_on": came.date()}))
    with store.read() as session:
        del record
        return [row for row in session.exec(select(ReferralRow)) if mine(row)]


def valid(store: Store) -> set[str]:
    """Those that count in the report as well."""
    with store.read() as session:
        query = select(LedgerRow.referral_id).where(LedgerRow.counted == Counted.REFERRAL)
        return set(session.exec(query))


def mine(row: ReferralRow) -> bool:
    return row.org == ORG and row.clinic_id in CLINICS and row.duplicate_of is None


def by_hand(rows: list[ReferralRow], valid: set[str]) -> dict[str, tuple[int, int]]:
    """The same figures, read from the policy's words instead of from the queries."""
    cohort = [
        one
        for one in rows
        if NOW - 31 * DAY <= one.received_at < NOW - DAY
        and one.id in valid
        and (one.closed_reason not in GONE or one.evaluated_at is not None)
    ]
    before_care = [one for one in rows if one.stage in STAGES[:4]]
    today = [
        one
        for one in rows
        if one.evaluation_at is not None and MIDNIGHT <= one.evaluation_at < MIDNIGHT + DAY
    ]

    def tried(one: ReferralRow, limit: datetime | None) -> bool:
        return one.attempted_at is not None and limit is not None and one.attempted_at <= limit

    return {
        "contacted_24h": (sum(tried(o, o.received_at + DAY) for o in cohort), len(cohort)),
        "contacted_next_day": (sum(tried(o, o.contact_by) for o in cohort), len(cohort)),
        "reached": (sum(o.reached_at is not None for o in cohort), len(cohort)),
        "evaluations": (sum(o.evaluated_at is not None for o in today), len(today)),
        "overdue": (
            sum(o.next_at is not None and o.next_at < NOW for o in before_care),
            len(before_care),
        ),
    }


def test_every_figure_is_what_a_count_by_hand_gives(store: Store) -> None:
    rows = scatter(store)
    with store.read() as session:
        told = today.figures(session, EVERYWHERE)
        ages = today.open_by_age(session, EVERYWHERE)
    assert {one.measure.name: (one.number, one.of) for one in told} == by_hand(rows, valid(store))
    assert all(0 < one.number < one.of for one in told), "each border was met from both sides"
    still_open = [one for one in rows if one.stage != "closed" and one.id in valid(store)]
    assert sum(one.waiting + one.in_care for one in ages) == len(still_open)
    assert ages[0].waiting == sum(
        one.stage in STAGES[:4] and NOW - one.received_at < 2 * DAY for one in still_open
    )


def test_what_the_report_counts_as_well_is_counted_alike(store: Store) -> None:
    scatter(store)
    period = EVERYWHERE.period
    since = NOW - 31 * DAY
    came = col(LedgerRow.received_at)
    with store.read() as session:
        told = {one.measure.name: one for one in today.figures(session, EVERYWHERE)}
        for name in set(told) & set(MEASURES):
            measure = MEASURES[name]
            among = came.between(since, NOW - DAY - timedelta(microseconds=1))
            want = together(session, period, up_to(period.month, 3), measure, among)
            got = told.pop(name)
            assert (got.number, got.of, got.open) == (want.number, want.n, want.open)
            assert (got.measure.says, got.measure.note) == (measure.title, measure.note)
    assert set(told) == {"evaluations", "overdue"}, "the desk's own"


@pytest.mark.parametrize("name", list(FIGURES))
def test_a_figure_opens_to_exactly_the_referrals_it_counts(store: Store, name: str) -> None:
    scatter(store, 120)
    with store.read() as session:
        (figure,) = [m for m in today.figures(session, EVERYWHERE) if m.measure.name == name]
        counting = today.behind(session, EVERYWHERE, FIGURES[name], counting=True)
        others = today.behind(session, EVERYWHERE, FIGURES[name], counting=False)
    assert len(counting) == figure.number
    assert len(others) == figure.of - figure.number
    ids = {row.id for row, _ in counting}
    assert not ids & {row.id for row, _ in others}


def test_nothing_at_all_counts_as_none(store: Store) -> None:
    nobody = EVERYWHERE._replace(clinics=("nowhere",), today=(("nowhere", NOW, NOW + DAY),))
    a_referral(store)
    with store.read() as session:
        assert {(one.number, one.of) for one in today.figures(session, nobody)} == {(0, 0)}
        assert {(one.waiting, one.in_care) for one in today.open_by_age(session, nobody)} == {
            (0, 0)
        }
        assert today.late_tasks(session, nobody) == []


def test_overdue_tasks_are_told_by_role_the_oldest_first(store: Store) -> None:
    def task(number: int, **changes: object) -> TaskRow:
        told = {
            "id": f"tsk_{number}",
            "org": ORG,
            "clinic_id": "main",
            "subject": "org",
            "key": f"k:{number}",
            "kind": "call_patient",
            "role": "front_desk",
            "due": NOW - HOUR,
            "says": "Call",
            "opened_at": START,
        }
        return TaskRow(**{**told, **changes})

    with store.write() as session:
        session.add_all(
            [
                task(1),
                task(2, due=NOW - 3 * HOUR),
                task(3, role="therapist", due=NOW - 5 * HOUR, clinic_id=None),
                task(4, due=NOW),
                task(5, state="done"),
                task(6, clinic_id="elsewhere"),
                task(7, org="other"),
            ]
        )
    with store.read() as session:
        told = today.late_tasks(session, EVERYWHERE)
    assert [(one.role, one.number, one.oldest) for one in told] == [
        ("therapist", 1, NOW - 5 * HOUR),
        ("front_desk", 2, NOW - 3 * HOUR),
    ]


def test_the_page_asks_five_questions_however_much_there_is(store: Store) -> None:
    scatter(store, 200)
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *told: asked.append(str(told[2])))
    with store.read() as session:
        today.figures(session, EVERYWHERE)
        today.open_by_age(session, EVERYWHERE)
        today.late_tasks(session, EVERYWHERE)
    assert sum(one.lstrip().upper().startswith("SELECT") for one in asked) == 5
