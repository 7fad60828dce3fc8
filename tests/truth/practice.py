"""A fictional practice of three clinics in three time zones, and its fifteen months up to one.

Nobody here exists. Forty sources send as their row says, month by month: some grow, one fades, some
fall silent, one comes back after a visit. What became of each patient is made up with dice that
always fall the same; the sources' states, the verdicts and the report are computed as the product
computes them. ``python -m tests.truth.practice`` writes that report anew to where previews, the API
page and the pictures of the guide take it from.
"""

from __future__ import annotations

import calendar as months
import heapq
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from activities.monthly import Monthly
from activities.sources import Sources
from activities.tenants import Tenants
from activities.verdicts import Verdicts
from models.clock import Calendar
from models.contracts import SourceStart
from models.monthly import ALL_CLINICS, MonthlyReport
from models.months import up_to
from models.outcomes import MEASURES, Better
from models.policy_file import load
from store.engine import Store
from store.tables import PatientRow, SourceRow, TouchRow
from tests.databases import sqlite_store
from tests.truth import lines
from tests.truth.lines import DAY, MEASURE_OF, Truth

ROOT = Path(__file__).resolve().parents[2]
POLICY = ROOT / "clinics" / "example.toml"
PATH: Final = ROOT / "reports" / "monthly_sample.json"
ORG: Final = "riverside"
MONTH: Final = "2027-02"
MONTHS: Final = up_to(MONTH, 15)
WATCHED_FROM: Final = "2026-11"  # from then on the silence watch runs as it does, before in one go
EPISODE = 1_450.0  # US dollars
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

# name | kind | clinic | referrals in each of the fifteen months, from December 2025
SOURCES: Final = """
Lakeside Family Medicine | practice | east | 9 8 9 10 9 11 10 11 10 12 13 13 14 16 18
Riverbend Orthopedics | practice | east | 13 14 14 13 15 12 14 16 13 14 15 13 14 15 14
Northgate Sports Medicine | practice | east | 4 5 4 5 4 6 5 6 7 7 8 9 9 11 12
Summit Internal Medicine | practice | west | 8 8 8 7 9 8 8 7 9 10 8 7 8 9 8
Red Rock Family Health | practice | mesa | 6 5 6 7 6 7 6 7 6 7 8 7 8 7 8
Eastside Spine Center | practice | east | 9 9 9 8 9 10 8 9 8 9 8 7 4 3 3
Marcus Bell, DO | provider | west | 6 5 6 5 7 6 5 6 8 6 5 7 6 6 7
Web form | self | east | 5 6 5 6 5 7 6 6 8 7 6 7 8 7 9
Blue Spruce Pain Center | practice | mesa | 0 0 0 2 2 3 3 3 4 4 4 5 5 6 6
Old Mill Family Practice | practice | west | 5 4 5 4 5 6 4 5 5 4 6 5 4 5 5
Copper Canyon Orthopedics | practice | mesa | 4 5 4 4 5 4 5 4 5 5 4 5 4 5 5
Juniper Hand & Upper Limb | practice | mesa | 3 2 3 3 2 3 4 3 3 2 3 4 3 3 4
Imani Brooks, DO | provider | east | 3 3 3 3 2 3 3 4 3 3 3 3 3 3 3
Grace Okafor, NP | provider | east | 2 2 2 3 2 2 3 2 3 2 3 2 3 3 3
Harborview Orthopedics | practice | east | 3 4 3 4 2 3 3 2 4 3 2 0 0 0 0
Ana Ruiz, MD | provider | west | 2 3 2 2 3 2 3 3 2 3 3 2 3 0 0
Pine Hill Pediatrics | practice | mesa | 2 3 2 2 3 2 3 2 2 3 2 0 0 0 3
Cedar Street Urgent Care | practice | east | 0 1 0 1 0 1 0 1 0 1 0 0 1 0 0
Peter Lowell, MD | provider | east | 2 1 2 1 2 2 1 2 1 1 0 0 0 0 0
Tri-County Workers' Care | case_manager | west | 1 2 1 2 1 3 2 1 2 2 1 3 2 2 2
Prairie Women's Health | practice | west | 2 1 2 2 1 2 2 3 2 1 2 2 2 2 2
Sofia Lindgren, MD | provider | mesa | 2 2 1 2 2 2 1 2 2 2 2 1 2 2 2
Riverside High School | school | east | 2 1 2 1 3 1 0 1 2 4 3 2 1 1 2
Lakefront Pediatrics | practice | west | 2 1 2 1 1 2 1 2 1 2 1 2 1 1 2
Nguyễn Thị Lan, MD | provider | mesa | 0 0 0 0 0 0 0 0 0 0 0 0 1 2 2
Harbor Street Rheumatology | practice | east | 1 1 2 1 1 1 2 1 1 1 2 1 1 2 1
Theodora Vance, NP | provider | west | 1 2 1 1 2 1 2 1 1 2 1 1 2 1 1
Dale Whitlock, DPM | provider | west | 1 1 2 1 1 2 1 1 1 2 1 1 1 1 2
Omar Haddad, PA-C | provider | mesa | 1 1 1 1 2 1 1 1 1 2 1 1 1 1 1
Example Steel Works | employer | west | 1 1 1 1 2 1 1 1 2 1 1 1 2 1 1
St. Example Hospital Discharge | case_manager | east | 1 2 1 1 2 1 1 2 1 1 1 2 1 1 1
Placeholder Mutual Case Management | case_manager | mesa | 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
Hannah Stein, MD | provider | east | 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
Bayview Neurology | practice | east | 1 1 1 1 1 1 1 1 0 1 1 1 1 1 1
Willow Creek Podiatry | practice | west | 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
Northfield Example College | school | west | 1 1 1 1 1 0 1 1 1 2 1 1 1 1 1
Example City Fire Department | employer | east | 0 1 1 0 1 1 0 1 1 0 1 1 1 1 1
Quentin Marsh, PA | provider | mesa | 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1
Casey Example | past_patient | east | 0 0 1 0 0 0 0 1 0 0 0 0 0 1 1
Robin Sample | past_patient | west | 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1
"""


class Sends(NamedTuple):
    """One source: where it sends, and how many in each of ``MONTHS``."""

    id: str
    name: str
    kind: str
    clinic: str
    sent: tuple[int, ...]


def sends() -> tuple[Sends, ...]:
    """The sources in the order of their rows."""
    rows = [[cell.strip() for cell in row.split("|")] for row in SOURCES.strip().splitlines()]
    return tuple(
        Sends(f"src_{at:03d}", name, kind, clinic, tuple(int(one) for one in sent.split()))
        for at, (name, kind, clinic, sent) in enumerate(rows, 1)
    )


def tenants() -> Tenants:
    """The example organization with a third clinic, one zone further west."""
    file = load(POLICY)
    east, west = file.organization.clinics
    mesa = east.model_copy(
        update={"id": "mesa", "name": "Riverside Physical Therapy Mesa", "zone": "America/Denver"}
    )
    organization = file.organization.model_copy(update={"clinics": (east, west, mesa)})
    told = file.policy.report.model_copy(update={"episode_value": EPISODE})
    policy = file.policy.model_copy(update={"report": told})
    return Tenants([file.model_copy(update={"organization": organization, "policy": policy})])


def report(store: Store) -> MonthlyReport:
    """The month as the product reports it, of an empty store: closed when it was due, then told.

    Two referrals became known after that, and an evaluation.
    """
    known = tenants()
    closing = Monthly(store, known).due(ORG, ALL_CLINICS, MONTH)
    rows = sorted(_told(known, closing), key=lambda row: row.known)
    _book(store)
    late = [row for row in rows if row.known > closing]
    _watched(store, known, [row for row in rows if row.known <= closing], closing)
    monthly = Monthly(store, known)
    monthly.close(ORG, ALL_CLINICS, MONTH, now=closing, by="schedule")
    lines.fill(store, ORG, "pat_1", iter(late))
    return monthly.report(ORG, ALL_CLINICS, MONTH, now=closing + 3 * DAY)


def _book(store: Store) -> None:
    """The sources as they stand in the book, and the one visit that brought somebody back."""
    with store.write() as session:
        session.add(
            PatientRow(
                id="pat_1",
                org=ORG,
                identity="i",
                person="p",
                given_name="Casey",
                family_name="Example",
                born=date(1980, 1, 1),
                created_at=datetime(2025, 12, 1, tzinfo=UTC),
            )
        )
        for one in sends():
            session.add(
                SourceRow(
                    id=one.id,
                    org=ORG,
                    identity=one.id,
                    kind=one.kind,
                    name=one.name,
                    owner_id="lia",
                    created_at=datetime(2025, 12, 1, tzinfo=UTC),
                )
            )
        session.flush()
        visit = datetime(2027, 1, 26, 19, 0, tzinfo=UTC)
        session.add(
            TouchRow(
                id="touch_1",
                org=ORG,
                source_id=next(one.id for one in sends() if one.name == "Pine Hill Pediatrics"),
                kind="visit",
                outcome="warm",
                at=visit,
                by="lia",
                recorded_at=visit,
            )
        )


# --- how the sources stood ------------------------------------------------------------------------


def _watched(store: Store, known: Tenants, rows: Sequence[Truth], closing: datetime) -> None:
    """Each source is looked at when it sends and when it said it wants to be, as its workflow does.

    The months before that are told in one go, as a book that is read in.
    """
    start = datetime.fromisoformat(f"{WATCHED_FROM}-01T12:00:00+00:00")
    lines.fill(store, ORG, "pat_1", (row for row in rows if row.came < start))
    now = start
    watch = Sources(store, known, lambda: now)
    verdicts = Verdicts(store, known)
    coming: list[tuple[datetime, str, int]] = [(start, one.id, -1) for one in sends()]
    coming += [(row.known, row.source, at) for at, row in enumerate(rows) if row.came >= start]
    heapq.heapify(coming)
    due = {one.id: start for one in sends()}
    weeks = [start + 7 * DAY * at for at in range(1, 18)]
    while coming:
        now, source, at = heapq.heappop(coming)
        while weeks and weeks[0] <= now:
            verdicts.run(weeks.pop(0))
        if at >= 0:
            lines.fill(store, ORG, "pat_1", iter([rows[at]]))
        elif now != due[source]:
            continue  # it has sent since, and was told another day
        look = watch.judge(SourceStart(org=ORG, source_id=source), now)
        if look.again_at is not None and now < look.again_at < closing:
            due[source] = look.again_at
            heapq.heappush(coming, (look.again_at, source, -1))


# --- what became of the patients ------------------------------------------------------------------


def _told(known: Tenants, closing: datetime) -> list[Truth]:
    """Every referral as it was known when the month was closed, and what was told after it."""
    rows = list(_usual(known, closing))
    return [*_oddly(rows, closing), *_besides(rows, closing)]


def _usual(known: Tenants, closing: datetime) -> Iterator[Truth]:
    """Each source and each patient has dice of their own: a change to one moves no other."""
    number = 0
    for source in sends():
        days_of = random.Random(source.name)
        for month, many in zip(MONTHS, source.sent, strict=True):
            year, of_year = int(month[:4]), int(month[5:])
            around = datetime(year, of_year, 15, tzinfo=UTC)
            calendar = known.calendar(ORG, around, source.clinic)
            days = [
                date(year, of_year, day + 1)
                for day in range(months.monthrange(year, of_year)[1])
                if calendar.is_business_day(date(year, of_year, day + 1))
            ]
            for came in _arrivals(days_of, calendar, days, many):
                number += 1
                dice = random.Random(number)
                yield _one(dice, f"ref_{number:05d}", source, calendar, came, closing)


def _arrivals(
    dice: random.Random, calendar: Calendar, days: Sequence[date], many: int
) -> Iterator[datetime]:
    """So many of a month, about evenly over its business days, most of them by fax by day."""
    for at in range(many):
        day = days[int(len(days) * (at + dice.random()) / many)]
        local = time(dice.choice((8, 9, 9, 10, 10, 11, 13, 14, 15, 16)), dice.randrange(60))
        yield calendar.at_local(day, local)


class _Course(NamedTuple):
    """What happened to one patient, as far as it has by now."""

    tried: datetime | None
    reached: datetime | None
    booked: datetime | None
    evaluated: datetime | None
    ended: datetime | None
    lost: str | None


def _course(dice: random.Random, calendar: Calendar, came: datetime, slow: float) -> _Course:
    """*slow*: how long a first visit is away, against what is usual."""
    wait = dice.expovariate(1 / 75) if dice.random() < 0.96 else dice.uniform(26 * 60, 70 * 60)
    tried = came + timedelta(minutes=5 + round(wait))
    lost = "declined_by_clinic" if dice.random() < 0.02 else None
    reached = booked = evaluated = ended = None
    if lost is None and dice.random() < 0.91:
        reached = tried + timedelta(minutes=round(dice.expovariate(1 / 500)))
    elif lost is None:
        lost = "unable_to_reach"
    if reached is not None and dice.random() < 0.9:
        booked = reached + timedelta(minutes=dice.randrange(10, 900))
    elif reached is not None:
        lost = "declined_by_patient"
    if booked is not None and dice.random() < 0.93:
        day = calendar.next_business_day(
            calendar.local_date(booked + timedelta(days=slow * dice.gammavariate(4, 1.25)))
        )
        evaluated = calendar.at_local(day, time(dice.randrange(8, 16)))
    elif booked is not None:
        lost = "not_evaluated"
    if evaluated is not None:
        ended = evaluated + timedelta(days=dice.randrange(24, 84))
    return _Course(tried, reached, booked, evaluated, ended, lost)


def _one(
    dice: random.Random,
    id: str,
    source: Sends,
    calendar: Calendar,
    came: datetime,
    closing: datetime,
) -> Truth:
    """One referral; whatever would come after the closing has not happened yet."""

    def by_now(at: datetime | None) -> datetime | None:
        return at if at is not None and at <= closing else None

    def day(at: datetime | None) -> date | None:
        return calendar.local_date(at) if at is not None else None

    slow = {"2026-12": 1.1, "2027-01": 1.5, "2027-02": 1.6}.get(f"{came:%Y-%m}", 1.0)
    tried, reached, booked, evaluated, ended, lost = _course(dice, calendar, came, slow)
    signed = evaluated + timedelta(minutes=dice.randrange(60, 300)) if evaluated else None
    certified = evaluated + timedelta(days=dice.gammavariate(4, 2.6)) if evaluated else None
    ending = dice.choices(
        ("goals_met", "plateau", "stopped_coming", "patient_choice", "moved"), (66, 13, 11, 6, 4)
    )[0]
    summed = ended + timedelta(hours=dice.randrange(2, 30)) if ended else None
    hurried = dice.random() < 0.94
    sent = summed + timedelta(hours=dice.uniform(0.5, 20 if hurried else 60)) if summed else None
    asked = ended + 7 * DAY if ended and ending in ("goals_met", "plateau") else None
    score = dice.choices((10, 9, 8, 7, 5), (48, 27, 15, 7, 3))[0]
    answered = dice.random() < 0.55
    closed = ended + 10 * DAY if ended else None
    if lost is not None:
        waits = {"declined_by_clinic": 1, "unable_to_reach": 12, "declined_by_patient": 4}
        closed = came + waits.get(lost, 21) * DAY
    region = dice.choice(("shoulder", "shoulder", "knee", "knee", "back", "back", "neck", "hip"))
    base, later, last = _scores(dice, region)
    six, twelve = (
        evaluated + timedelta(days=day + dice.randrange(9))
        if evaluated is not None and dice.random() < share
        else None
        for day, share in ((38, 0.7), (80, 0.45))
    )
    known = came + timedelta(minutes=dice.randrange(2, 30))
    thanked = known + timedelta(minutes=dice.randrange(3, 500 if dice.random() < 0.985 else 3000))
    evaluated, ended, over = by_now(evaluated), by_now(ended), by_now(closed)
    if evaluated is None:
        certified = None
    visits = 0
    if evaluated is not None:
        weeks = (min(ended or closing, closing) - evaluated) / (7 * DAY)
        visits = 1 + round(weeks * dice.uniform(1.2, 2.2))
    texts, faxes, mails = dice.randrange(2, 7), dice.randrange(1, 5), dice.randrange(0, 3)
    bad, unsent = int(dice.random() < 0.1), int(dice.random() < 0.06)
    why = dice.choice(("cost", "cost", "elsewhere", "no_time", "too_far", "better", "unsaid"))
    month = f"{calendar.local_date(came):%Y-%m}"
    return Truth(
        id=id,
        clinic=source.clinic,
        source=source.id,
        kind=source.kind,
        sort="valid",
        came=came,
        came_day=calendar.local_date(came),
        known=known,
        tried=by_now(tried),
        next_closing=calendar.closing(calendar.next_business_day(calendar.local_date(came))),
        open_minutes=int(calendar.open_between(came, tried) / MINUTE) if by_now(tried) else None,
        reached=by_now(reached),
        booked=by_now(booked),
        missed=int(booked is not None and dice.random() < 0.11),
        evaluated=evaluated,
        evaluated_day=day(evaluated),
        evaluated_known=known if evaluated else None,
        visits=visits,
        plan_signed=by_now(signed),
        plan_sent=by_now(signed + timedelta(hours=dice.uniform(0.3, 18))) if signed else None,
        certified=int(by_now(certified) is not None and dice.random() < 0.96),
        thanked=by_now(thanked),
        unthanked=0,
        discharged_day=day(ended),
        ending=ending if ended else None,
        summary_signed=by_now(summed),
        summary_sent=by_now(sent),
        asked_day=day(by_now(asked)),
        score=score if by_now(asked) and answered else None,
        texts=texts,
        texts_in=texts - bad,
        texts_bad=bad,
        replied=int(reached is not None and dice.random() < 0.6),
        closed_day=day(over),
        reason=lost or "completed" if over else None,
        said=why if over and lost == "declined_by_patient" else None,
        over=int(over is not None),
        region=region,
        post_op=int(dice.random() < 0.22),
        heard=dice.choice((None, None, None, "physician", "friend", "search", "insurer")),
        campaign="Knee week" if month == MONTH and dice.random() < 0.05 else None,
        baseline=base,
        baseline_day=day(evaluated),
        later=later if by_now(six) else None,
        later_day=day(by_now(six)),
        last=last if by_now(twelve) else None,
        last_day=day(by_now(twelve)),
        faxes=faxes,
        faxes_in=faxes - unsent,
        faxes_bad=unsent,
        mails=mails,
        mails_in=mails,
    )


def _scores(dice: random.Random, region: str) -> tuple[float, float, float]:
    """The first reading on the region's measure, and those six and twelve weeks later."""
    measure = MEASURES[MEASURE_OF[region]]
    if measure.better is Better.HIGHER:
        first = dice.randrange(30, 52)
        better = dice.randrange(3, 26)
        return (
            float(first),
            float(min(first + better, measure.high)),
            float(min(first + better + dice.randrange(-1, 9), measure.high)),
        )
    first = dice.randrange(28, 60)
    better = dice.randrange(2, 30)
    return (
        float(first),
        float(max(first - better, 0)),
        float(max(first - better - dice.randrange(-1, 10), 0)),
    )


def _oddly(rows: Sequence[Truth], closing: datetime) -> Iterator[Truth]:
    """One evaluation is told from before its referral, another one after the month was closed."""
    of_month = [row for row in rows if f"{row.came_day:%Y-%m}" == MONTH and row.evaluated]
    early = of_month[0]
    late = next(row for row in of_month[1:] if row.visits == 1)
    for row in rows:
        if row is early:
            before = row.came - 2 * DAY
            yield row._replace(evaluated=before, evaluated_day=row.came_day - 2 * DAY)
        elif row is late:
            yield row._replace(evaluated_known=closing + DAY)
        else:
            yield row


def _besides(rows: Sequence[Truth], closing: datetime) -> Iterator[Truth]:
    """Three patients whom somebody else sent as well, and two whom nobody knew of in time."""
    of_month = [row for row in rows if f"{row.came_day:%Y-%m}" == MONTH]
    known = {one.name: one for one in sends()}
    others = ("Marcus Bell, DO", "Grace Okafor, NP", "Summit Internal Medicine")
    for at, (row, other) in enumerate(zip(of_month, others, strict=False)):
        source, hours = known[other], 20 * HOUR
        yield row._replace(
            id=f"ref_8000{at}",
            source=source.id,
            kind=source.kind,
            sort="co_source",
            same_as=row.id,
            came=row.came + hours,
            known=row.known + hours,
            evaluated_known=None,
            baseline_day=None,
        )
    for at, row in enumerate(of_month[40:42]):
        told = closing + (1 + at) * DAY
        yield row._replace(id=f"ref_9000{at}", known=told, evaluated_known=told)


# --- the file -------------------------------------------------------------------------------------


def written(told: MonthlyReport) -> str:
    """The report as JSON with a line for each figure, source and step, so that a change is seen."""
    whole: dict[str, Any] = told.model_dump(mode="json")
    return "{\n" + ",\n".join(f"{_text(key)}: {_part(one)}" for key, one in whole.items()) + "\n}\n"


def _part(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f" {_text(one)}" for one in value) + "\n]"
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def made() -> MonthlyReport:
    """The report, computed anew in a store of its own."""
    with tempfile.TemporaryDirectory() as folder, sqlite_store(Path(folder)) as store:
        return report(store)


if __name__ == "__main__":
    PATH.write_text(written(made()))
    sys.stdout.write(f"{PATH.name}\n")
