"""A fictional month of three clinics, as a report says it: for previews, pictures and tests.

Nobody here exists. The figures fit together the way computed ones do: sources add up to what was
received, the funnel begins with it, clinics add up to the whole.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from models.monthly import (
    Aged,
    Amount,
    Channel,
    ClinicLine,
    Definition,
    Figure,
    Good,
    Late,
    Lost,
    MonthlyReport,
    Named,
    Outcome,
    Point,
    Relationship,
    SourceLine,
    Step,
    Thing,
    Unit,
    Value,
)
from models.monthly_sample_data import FIGURES, RECEIVED_NOTE, SOURCES

MONTHS = tuple(f"{2026 + (month > 12)}-{(month - 1) % 12 + 1:02d}" for month in range(2, 15))
"""February 2026 to February 2027: a year ago, eleven months between, and the month itself."""
TILES = ("received", "evaluated_30", "hours_to_contact", "certified", "missed")


def _source(number: int) -> SourceLine:
    name, kind, verdict, state, sent = SOURCES[number]
    received = sent[-1]
    evaluated = round(received * 0.66)
    return SourceLine(
        source_id=f"src_{number + 1:03d}",
        name=name,
        kind=kind,
        received=received,
        before=sent[-2],
        year_ago=sent[0],
        also=1 if number in (1, 4) else 0,
        twelve=sent[1:],
        contacted=_share(received - (number % 5 == 0), received),
        evaluated=_share(evaluated, received, open_=received // 8),
        days=Amount(value=5.0 + number % 4, n=evaluated) if evaluated else Amount(),
        state=state,
        verdict=verdict,
        verdict_says=_rates(verdict, sent),
        last_on=_last(sent),
    )


def _rates(verdict: str, sent: tuple[int, ...]) -> str:
    if verdict == "too_few":
        return f"{sum(sent[1:])} in 12 months"
    return f"{sum(sent[1:10]) / 9:.1f} a month before, {sum(sent[10:]) / 3:.1f} now"


def _last(sent: tuple[int, ...]) -> date | None:
    months = [month for month, count in zip(MONTHS, sent, strict=True) if count]
    return date.fromisoformat(f"{months[-1]}-{7 + len(months):02d}") if months else None


def _share(number: int, n: int, open_: int = 0) -> Amount:
    number = max(number, 0)
    value = round(100 * number / n, 4) if n else None
    return Amount(value=value, n=n, number=number, open=open_)


def _figure(name: str) -> Figure:
    one = FIGURES[name]
    amounts = tuple(
        _share(round(value * n / 100), n)
        if one.unit is Unit.PERCENT
        else Amount(value=value, n=int(value) if one.unit is Unit.COUNT else n)
        for value, n in zip(one.values, one.ns, strict=True)
    )
    if one.open:
        amounts = (*amounts[:-1], amounts[-1].model_copy(update={"open": one.open}))
    return Figure(
        name=name,
        title=one.title,
        unit=one.unit,
        good=one.good,
        counts=one.counts,
        now=amounts[-1],
        before=amounts[-2],
        year_ago=amounts[0],
        months=tuple(Point(month=m, amount=a) for m, a in zip(MONTHS, amounts, strict=True))[1:],
        target=one.target,
    )


def _received() -> Figure:
    sums = [sum(one.sent[month] for one in SOURCES) for month in range(len(MONTHS))]
    amounts = [Amount(value=count, n=count) for count in sums]
    return Figure(
        name="received",
        title="Referrals received",
        unit=Unit.COUNT,
        good=Good.UP,
        counts="received this month",
        now=amounts[-1],
        before=amounts[-2],
        year_ago=amounts[0],
        months=tuple(Point(month=m, amount=a) for m, a in zip(MONTHS, amounts, strict=True))[1:],
    )


_FIGURES = (_received(), *(_figure(name) for name in FIGURES))
_SOURCES = tuple(
    sorted((_source(n) for n in range(len(SOURCES))), key=lambda one: (-one.received, one.name))
)
_TOTAL = sum(one.received for one in _SOURCES)

_FUNNEL = (
    Step(
        name="received",
        says="Received",
        number=_TOTAL,
        lost=(
            Lost(reason="unreachable", says="not reached in twelve days", number=9),
            Lost(reason="declined", says="declined by the clinic", number=4),
        ),
        waiting=5,
    ),
    Step(
        name="reached",
        says="Reached",
        number=_TOTAL - 18,
        lost=(
            Lost(reason="went_elsewhere", says="went elsewhere", number=8),
            Lost(reason="cost", says="cost", number=4),
            Lost(reason="patient_choice", says="does not want therapy", number=3),
        ),
        waiting=11,
    ),
    Step(
        name="booked",
        says="Evaluation booked",
        number=_TOTAL - 44,
        lost=(Lost(reason="no_show", says="did not come and was not reached again", number=6),),
        waiting=14,
    ),
    Step(
        name="evaluated",
        says="First visit complete",
        number=_TOTAL - 64,
        lost=(Lost(reason="one_visit", says="did not come back", number=5),),
        waiting=9,
    ),
    Step(name="in_care", says="Second visit complete", number=_TOTAL - 78),
)

_AGEING = (
    Aged(says="up to 7 days", waiting=31, in_care=22),
    Aged(says="8 to 14 days", waiting=17, in_care=34),
    Aged(says="15 to 30 days", waiting=12, in_care=58),
    Aged(says="31 to 60 days", waiting=7, in_care=71),
    Aged(says="61 to 90 days", waiting=2, in_care=33),
    Aged(says="over 90 days", waiting=1, in_care=12),
)

_SILENT = (
    Relationship(
        source_id="src_007",
        name="Harborview Orthopedics",
        kind="practice",
        state="lapsed",
        since=date(2027, 2, 9),
        last_on=date(2026, 10, 12),
        owner="lia",
        says="2.5 a month before, last one 141 days ago. Called on Jan 14: no answer.",
    ),
    Relationship(
        source_id="src_012",
        name="Ana Ruiz, MD",
        kind="provider",
        state="quiet",
        since=date(2027, 2, 16),
        last_on=date(2026, 12, 18),
        owner="lia",
        says="1.9 a month before, last one 74 days ago. Their patients were seen in 5 days.",
    ),
    Relationship(
        source_id="src_021",
        name="Cedar Street Urgent Care",
        kind="practice",
        state="quiet",
        since=date(2027, 2, 22),
        last_on=date(2026, 12, 24),
        says="0.4 a month before, last one 68 days ago.",
    ),
)
_RETURNED = (
    Relationship(
        source_id="src_009",
        name="Pine Hill Pediatrics",
        kind="practice",
        state="returned",
        since=date(2027, 2, 11),
        last_on=date(2027, 2, 24),
        owner="lia",
        says="Quiet since Nov 20; came back 9 days after a visit of Lia Example.",
    ),
)
_CHANNELS = (
    Channel(name="sms", says="Texts to patients", sent=412, delivered=396, failed=11, answered=147),
    Channel(name="fax", says="Faxes to offices", sent=238, delivered=229, failed=6),
    Channel(name="email", says="Emails", sent=71, delivered=70, failed=1),
)
_OUTCOMES = (
    ("knee", "Knee", "lefs", "LEFS", 34, 51, 41.2, 23),
    ("shoulder", "Shoulder", "uefi", "UEFI", 27, 38, 38.5, 19),
    ("post_op shoulder", "Shoulder after surgery", "uefi", "UEFI", 12, 15, 40.0, 9),
    ("low_back", "Low back", "odi", "ODI", 22, 45, 33.3, 12),
    ("neck", "Neck", "ndi", "NDI", 7, 16, None, None),
)
_THINGS = (
    Thing(
        says="Call 2 sources that went quiet or lapsed and sent 3 or more last year",
        why="Harborview Orthopedics and Ana Ruiz, MD sent 4.4 a month between them.",
        number=2,
        link="/sources?state=quiet",
    ),
    Thing(
        says="Book 14 patients whose evaluation date passed without a visit",
        why="Nobody has told whether they came; the oldest is 19 days past.",
        number=14,
        link="/reports/all/2027-02/contacted_24h?which=others",
    ),
    Thing(
        says="Get 6 plans of care signed that are past day 21",
        why="After day 30 Medicare may not pay for them.",
        number=6,
        link="/tasks?kind=poc_call",
    ),
)


CLINICS = (
    ("east", "Riverside PT East", "America/New_York", 46),
    ("west", "Riverside PT West", "America/Chicago", 33),
    ("mesa", "Riverside PT Mesa", "America/Denver", 21),
)


def _clinic(clinic_id: str, name: str, zone: str, part: int) -> ClinicLine:
    """A clinic that received ``part`` percent of the whole."""
    tiles = [one for name in TILES for one in _FIGURES if one.name == name]
    amounts = []
    for figure in tiles:
        now = figure.now
        n = now.n * part // 100
        if figure.unit is Unit.COUNT:
            amounts.append(Amount(value=n, n=n))
        elif now.number is not None:
            amounts.append(_share(now.number * part // 100, n, now.open * part // 100))
        else:
            amounts.append(Amount(value=now.value, n=n, open=now.open * part // 100))
    return ClinicLine(clinic_id=clinic_id, name=name, zone=zone, amounts=tuple(amounts))


def _outcome(row: tuple[str, str, str, str, int, int, float | None, int | None]) -> Outcome:
    group, says, measure, measure_says, n, eligible, median, reached = row
    return Outcome(
        group=group,
        says=says,
        measure=measure,
        measure_says=measure_says,
        days=(35, 49),
        n=n,
        eligible=eligible,
        median_percent=median,
        reached=None if reached is None else _share(reached, n),
    )


SAMPLE = MonthlyReport(
    org="riverside",
    org_name="Riverside Physical Therapy",
    scope_name="All clinics",
    month="2027-02",
    month_says="February 2027",
    zone="America/New_York",
    as_of=datetime(2027, 3, 2, 12, 0, tzinfo=UTC),
    verdict=(
        f"{_TOTAL} referrals, 11 more than in January; two of our larger sources went quiet, and "
        "patients wait longer for a first visit than we promise."
    ),
    tiles=TILES,
    figures=_FIGURES,
    things=_THINGS,
    funnel=_FUNNEL,
    ageing=_AGEING,
    sources=_SOURCES,
    silent=_SILENT,
    returned=_RETURNED,
    channels=_CHANNELS,
    outcomes=tuple(_outcome(row) for row in _OUTCOMES),
    heard=(
        Named(name="friend", says="A friend or relative", number=9),
        Named(name="web", says="Found us on the web", number=6),
    ),
    campaigns=(Named(name="knee-week", says="Knee week", number=4),),
    oddities=(
        Named(name="evaluated_before_received", says="Evaluated before received", number=2),
        Named(name="unconfirmed", says="Faxes nobody has confirmed", number=3),
    ),
    late=Late(arrived=2, changed=5),
    clinics=tuple(_clinic(clinic_id, name, zone, part) for clinic_id, name, zone, part in CLINICS),
    value=Value(returned=1, episodes=2, per_episode=1450.0, protected=2900.0),
    definitions=tuple(
        Definition(name="received", title="Referrals received", note=RECEIVED_NOTE)
        if name == "received"
        else Definition(name=name, title=FIGURES[name].title, note=FIGURES[name].note)
        for name in ("received", *FIGURES)
    ),
)
