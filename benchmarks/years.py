"""An organization of 20 clinics with 200,000 referrals behind it, for the benchmark of pages.

The referrals are those of ``tests/truth``; beside them stands what pages and workers read as well:
states, verdicts and touches of the sources, tasks, messages and their deliveries, events, and who
has looked at what.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlmodel import Session

from activities.tenants import Tenants
from activities.verdicts import Verdicts
from benchmarks import report
from models.monthly import ALL_CLINICS
from store import ledger
from store.engine import Store
from tests.truth.year import CLINICS, ORG, SOURCES, fill, year

NOW: Final = datetime(2026, 12, 10, 15, 0, tzinfo=UTC)
CLOSED, OPEN = "2026-11", "2026-12"
WEEKS: Final = 26  # of verdicts, which are the last one's again
STATES: Final = ("active", "active", "active", "cooling", "quiet", "active", "lapsed", "returned")
#: To whom, what, by which channel: every referral has one of each, delivered.
MESSAGES: Final = (
    ("source", "thank_you", "fax"),
    ("patient", "schedule_text", "sms"),
    ("certifier", "plan_of_care", "fax"),
)


def tenants() -> Tenants:
    """The example clinic's policy with these clinics, and its staff at all of them."""
    told = report.tenants().get(ORG)
    staff = tuple(one.model_copy(update={"clinics": CLINICS}) for one in told.staff)
    return Tenants([told.model_copy(update={"staff": staff})])


def seed(store: Store, count: int, sources: int = SOURCES) -> None:
    """Everything, and the month before this one closed; takes a minute or two."""
    told = sorted(year(count, sources=sources), key=lambda one: one.came)  # as it is in life
    fill(store, iter(told), sources)
    with store.write() as session:
        _cards(session)
        _outbox(session)
        _work(session)
        _sources(session, sources)
    Verdicts(store, tenants()).run(NOW)
    with store.write() as session:
        _weeks(session)
    for scope in (ALL_CLINICS, CLINICS[0]):
        at = datetime(2026, 12, 2, 14, tzinfo=UTC)
        ledger.close(store, ORG, scope, CLOSED, at=at, by="schedule")
    if store.dialect == "postgresql":  # it does so by itself in its time; SQLite never does
        with store.write() as session:
            _run(session, "ANALYZE")


def _run(session: Session, statement: str, **values: object) -> None:
    session.connection().execute(text(statement), values)


def _cards(session: Session) -> None:
    """The cards of the board stand as the lines do; what is older than sixty days is over."""
    old = NOW - timedelta(days=60)
    _run(session, "UPDATE ledger SET stage = 'closed' WHERE received_at < :old", old=_at(old))
    _run(
        session,
        "UPDATE referrals SET stage = (SELECT stage FROM ledger WHERE referral_id = referrals.id"
        " AND known_until > '9999-01-01'), next_at = received_at, next_owner = 'front_desk',"
        " next_says = 'Call the patient'",
    )
    _run(
        session,
        "UPDATE referrals SET closed_at = received_at, closed_reason = 'completed',"
        " next_at = NULL WHERE stage = 'closed'",
    )


def _outbox(session: Session) -> None:
    for to, kind, channel in MESSAGES:
        _run(
            session,
            "INSERT INTO messages (id, org, referral_id, key, kind, to_party, occasion, state,"
            " created_at, settled_at, recorded_at) SELECT id || :kind, org, id, :kind, :kind, :to,"
            " '1', 'sent', received_at, received_at, recorded_at FROM referrals",
            to=to,
            kind=kind,
        )
        _run(
            session,
            "INSERT INTO deliveries (id, org, subject_type, subject_id, referral_id, channel, rung,"
            " reference, state, attempt, acceptances, address_ref, created_at, settled_at,"
            " recorded_at) SELECT id || :kind, org, 'message', id || :kind, id, :channel, 0,"
            " id || :kind, 'delivered', 1, 1, '+15185550100', received_at, received_at,"
            " recorded_at FROM referrals",
            kind=kind,
            channel=channel,
        )


def _work(session: Session) -> None:
    _run(
        session,
        "INSERT INTO tasks (id, org, clinic_id, subject, referral_id, key, kind, role, due, says,"
        " state, opened_at, done_at, done_by, outcome) SELECT id, org, clinic_id, id, id,"
        " 'call_patient:1', 'call_patient', 'front_desk', received_at, 'Call the patient', 'done',"
        " received_at, received_at, 'dana', 'done' FROM referrals",
    )
    _run(
        session,
        "UPDATE tasks SET state = 'open', done_at = NULL, outcome = NULL WHERE referral_id IN"
        " (SELECT id FROM referrals WHERE stage <> 'closed')",
    )
    _run(
        session,
        "INSERT INTO inbox (id, org, origin, event_id, body_hash, body, headers, received_at,"
        " state, referral_id, attempts) SELECT id, org, 'events', id, '', '', '{}', recorded_at,"
        " 'applied', id, 1 FROM referrals",
    )
    _run(
        session,
        "INSERT INTO audit (org, at, who, what, subject, recorded_at) SELECT org, received_at,"
        " 'dana', 'viewed', id, recorded_at FROM referrals",
    )


def _sources(session: Session, number: int) -> None:
    """Half of them are in somebody's care; each has a past, and one in eight is silent or slow."""
    rows = [
        {
            "id": f"src_{one:05d}",
            "state": STATES[one % len(STATES)],
            "owner": ("lia", None)[one % 2],
            "next": NOW + timedelta(days=one % 90 - 5),
            "since": NOW - timedelta(days=one % 200),
        }
        for one in range(number)
    ]
    run = session.connection().execute
    run(
        text(
            "UPDATE sources SET state = :state, state_since = :since, owner_id = :owner,"
            " next_touch_at = :next, last_received_at = :since WHERE id = :id"
        ),
        [{**one, "since": _at(one["since"]), "next": _at(one["next"])} for one in rows],
    )
    for state, since in (("active", "created_at"), ("active", "created_at"), (None, "state_since")):
        stood = f"'{state}'" if state else "state"
        _run(
            session,
            "INSERT INTO source_states (org, source_id, state, since, last_at, known_at, facts)"
            f" SELECT org, id, {stood}, {since}, {since}, {since}, '{{}}' FROM sources",
        )
    _run(
        session,
        "INSERT INTO touches (id, org, source_id, kind, outcome, at, by, recorded_at)"
        " SELECT id, org, id, 'visit', 'spoke', state_since, 'lia', state_since FROM sources",
    )
    _run(
        session,
        "INSERT INTO tasks (id, org, subject, source_id, key, kind, role, due, says, state,"
        " opened_at) SELECT 'tsk_' || id, org, id, id, 're_engagement:2026-11-01', 're_engagement',"
        " 'liaison', next_touch_at, 'Call, or write a personal note', 'open', state_since"
        " FROM sources WHERE state IN ('quiet', 'lapsed')",
    )


def _weeks(session: Session) -> None:
    """Half a year of the last week's verdicts."""
    newest = session.connection().execute(text("SELECT max(week) FROM source_verdicts")).scalar()
    last = datetime.fromisoformat(str(newest)).date()
    columns = "verdict, recent, before, weeks, bursts, low, high, known_at"
    for ago in range(1, WEEKS):
        _run(
            session,
            f"INSERT INTO source_verdicts (org, week, source_id, {columns}) SELECT org, :week,"
            f" source_id, {columns} FROM source_verdicts WHERE week = :last",
            week=_day(session, last - timedelta(weeks=ago)),
            last=_day(session, last),
        )


def _day(session: Session, day: object) -> object:
    return str(day) if session.get_bind().dialect.name == "sqlite" else day


def _at(moment: object) -> object:
    """As both databases read it: text without a zone, in UTC."""
    assert isinstance(moment, datetime)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
