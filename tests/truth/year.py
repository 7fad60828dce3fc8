"""A seeded year whose truth is known: 20 clinics in three time zones, 2,000 sources, any number of
referrals.

The truth stands in a plain table of its own, in the words of whoever made it up; the ledger gets
the same referrals as the product would have written them. A figure is right when the product's
SQL over the ledger and an independent one over the plain table agree.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from activities.tenants import Tenants
from models.policy_file import load
from store.engine import Store
from store.tables import PatientRow, SourceRow
from tests.doors import POLICY
from tests.truth import lines
from tests.truth.lines import DAY, Truth

ORG = "truth"
YEAR = 2026
ZONES = ("America/New_York", "America/Chicago", "America/Los_Angeles")
CLINICS = tuple(f"c{number:02d}" for number in range(20))
SOURCES = 2_000
FIRST = datetime(2025, 12, 1, tzinfo=UTC)
DAYS = 396  # so that a year ago is there for the last month
KINDS = ("provider", "provider", "provider", "practice", "past_patient", "case_manager", "self")
REGIONS = ("shoulder", "knee", "back", "neck", "hip")
HOUR = timedelta(hours=1)


def tenants() -> Tenants:
    """The example clinic's policy, with the clinics of the seeded year."""
    told = load(POLICY)
    first = told.organization.clinics[0]
    clinics = tuple(
        first.model_copy(update={"id": one, "name": f"Clinic {one}", "zone": ZONES[n % 3]})
        for n, one in enumerate(CLINICS)
    )
    organization = told.organization.model_copy(update={"id": ORG, "clinics": clinics})
    return Tenants([told.model_copy(update={"organization": organization})])


def year(count: int, seed: int = 1, sources: int = SOURCES) -> Iterator[Truth]:
    """So many referrals, the same ones each time."""
    dice = random.Random(seed)
    zones = {clinic: ZoneInfo(ZONES[n % 3]) for n, clinic in enumerate(CLINICS)}
    weights = [1 / (1 + n % 200) for n in range(sources)]
    chosen = dice.choices(range(sources), weights, k=count)
    for number in range(count):
        clinic = dice.choice(CLINICS)
        yield _one(dice, number, clinic, zones[clinic], chosen[number])


def _one(dice: random.Random, number: int, clinic: str, zone: ZoneInfo, source: int) -> Truth:
    came = FIRST + timedelta(seconds=dice.randrange(DAYS * 86_400))

    def day(at: datetime | None) -> date | None:
        return at.astimezone(zone).date() if at is not None else None

    def maybe(chance: float) -> bool:
        return dice.random() < chance

    sort = dice.choices(
        ("valid", "duplicate", "co_source", "error", "unconfirmed"), (90, 4, 3, 2, 1)
    )[0]
    real = sort in ("valid", "error")
    tried = came + timedelta(minutes=dice.randrange(5, 60 * 60)) if real and maybe(0.97) else None
    reached = tried + timedelta(minutes=dice.randrange(0, 5000)) if tried and maybe(0.8) else None
    booked = reached + HOUR if reached and maybe(0.85) else None
    # A bad feed tells some evaluations from before the referral.
    shift = -5 if maybe(0.005) else dice.randrange(0, 40)
    evaluated = came + shift * DAY if booked and maybe(0.85) else None
    late = evaluated is not None and maybe(0.03)
    visits = dice.randrange(1, 22) if evaluated else 0
    signed = evaluated + 3 * HOUR if evaluated and maybe(0.95) else None
    ended = evaluated + timedelta(days=dice.randrange(10, 80)) if evaluated and maybe(0.8) else None
    summed = ended + DAY if ended and maybe(0.9) else None
    asked = ended + 7 * DAY if ended and maybe(0.6) else None
    lost = not evaluated and real and maybe(0.7)
    reason = "completed" if ended else None
    if lost:
        reason = dice.choice(
            ["unable_to_reach", "declined_by_patient", "withdrawn", "declined_by_clinic"]
        )
    if sort == "error":
        reason = "entered_in_error"
    closed = ended + 10 * DAY if ended else came + 30 * DAY if reason else None
    region = dice.choice(REGIONS)
    base_day = day(evaluated) if real else None
    again = dice.choice((20, 36, 42, 48, 60, 84)) if evaluated and maybe(0.6) else None
    known = came + (40 * DAY if maybe(0.02) else HOUR)
    return Truth(
        id=f"ref_{number:07d}",
        clinic=clinic,
        source=f"src_{source:05d}",
        kind=KINDS[source % len(KINDS)],
        sort=sort,
        came=came,
        came_day=came.astimezone(zone).date(),
        known=known,
        tried=tried,
        next_closing=came + timedelta(hours=dice.choice((20, 30, 80))),
        open_minutes=dice.randrange(0, 3_000) if tried else None,
        reached=reached,
        booked=booked,
        missed=dice.choice((0, 0, 0, 1, 2)) if booked else 0,
        evaluated=evaluated,
        evaluated_day=day(evaluated),
        evaluated_known=(known + 50 * DAY if late else known) if evaluated else None,
        visits=visits,
        plan_signed=signed,
        plan_sent=signed + timedelta(minutes=dice.randrange(1, 4_000)) if signed else None,
        certified=int(bool(signed) and maybe(0.7)),
        thanked=came + timedelta(minutes=dice.randrange(5, 2_000))
        if real and maybe(0.98)
        else None,
        unthanked=int(maybe(0.05)),
        discharged_day=day(ended),
        ending=dice.choice(["goals_met", "plateau", "stopped_coming", "moved"]) if ended else None,
        summary_signed=summed,
        summary_sent=summed + timedelta(minutes=dice.randrange(1, 3_000)) if summed else None,
        asked_day=day(asked),
        score=dice.randrange(0, 11) if asked and maybe(0.5) else None,
        texts=dice.randrange(0, 5),
        texts_in=dice.randrange(0, 3),
        replied=int(maybe(0.4)),
        closed_day=day(closed),
        reason=reason,
        said=dice.choice(["cost", "too_far"]) if reason == "declined_by_patient" else None,
        over=int(closed is not None),
        region=region,
        post_op=int(maybe(0.2)),
        heard=dice.choice([None, None, "search", "friend"]),
        campaign=dice.choice([None, None, None, "spring"]),
        baseline=float(dice.randrange(10, 60)),
        baseline_day=base_day,
        later=float(dice.randrange(10, 60)) if again else None,
        later_day=base_day + again * DAY if again and base_day else None,
    )


# --- the plain table ------------------------------------------------------------------------------


def plain(path: Path, rows: Iterator[Truth]) -> sqlite3.Connection:
    """The truth in a database of its own: moments as Unix seconds, days as ISO text."""
    database = sqlite3.connect(path)
    database.execute(f"CREATE TABLE truth ({', '.join(Truth._fields)})")
    marks = ", ".join("?" * len(Truth._fields))
    database.executemany(
        f"INSERT INTO truth VALUES ({marks})",
        ([_flat(value) for value in row] for row in rows),
    )
    database.commit()
    return database


def _flat(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    return value.isoformat() if isinstance(value, date) else value


# --- the ledger -----------------------------------------------------------------------------------


def fill(store: Store, rows: Iterator[Truth], sources: int = SOURCES) -> None:
    """The same referrals as lines of the ledger; what was told late is a second line."""
    with store.write() as session:
        _people(session, sources)
    lines.fill(store, ORG, "pat_1", rows)


def _people(session: Session, sources: int) -> None:
    session.add(
        PatientRow(
            id="pat_1",
            org=ORG,
            identity="i",
            person="p",
            given_name="Casey",
            family_name="Example",
            born=date(1980, 1, 1),
            created_at=FIRST,
        )
    )
    for number in range(sources):
        session.add(
            SourceRow(
                id=f"src_{number:05d}",
                org=ORG,
                identity=f"src_{number:05d}",
                kind=KINDS[number % len(KINDS)],
                name=f"Dr. Sample {number}",
                created_at=FIRST,
            )
        )
    session.flush()
