"""The numbers behind the fictional month of ``models.monthly_sample``: thirteen months of each.

The first value of every row is a year ago, the last one the month itself.
"""

from __future__ import annotations

from typing import NamedTuple

from models.monthly import Good, Unit


class Sent(NamedTuple):
    """One source: what it is, how it stands, and its referrals in thirteen months."""

    name: str
    kind: str
    verdict: str
    state: str
    sent: tuple[int, ...]


class Told(NamedTuple):
    """One figure over thirteen months: values in its unit, of how many, and its footnote."""

    title: str
    unit: Unit
    good: Good
    counts: str
    target: float | None
    open: int
    values: tuple[float, ...]
    ns: tuple[int, ...]
    note: str


# name | kind | verdict | state | referrals
_SOURCES = """
Lakeside Family Medicine | practice | growing | active | 9 10 9 11 10 12 11 12 14 13 15 16 18
Northgate Sports Medicine | practice | growing | active | 4 5 4 6 5 6 7 7 8 9 9 11 12
Riverbend Orthopedics | practice | holding | active | 14 13 15 12 14 16 13 14 15 13 14 15 14
Summit Internal Medicine | practice | holding | active | 8 7 9 8 8 7 9 10 8 7 8 9 8
Marcus Bell, DO | provider | holding | active | 6 5 7 6 5 6 8 6 5 7 6 6 7
Old Mill Family Practice | practice | holding | active | 5 4 5 6 4 5 5 4 6 5 4 5 5
Harborview Orthopedics | practice | fading | lapsed | 3 4 2 3 3 2 4 3 1 0 0 0 0
Eastside Spine Center | practice | fading | cooling | 9 8 9 10 8 7 8 6 6 5 4 4 3
Pine Hill Pediatrics | practice | too_few | returned | 2 1 2 1 2 0 1 2 1 1 0 0 2
Grace Okafor, NP | provider | holding | active | 2 3 2 2 3 2 3 2 3 2 3 3 3
Tri-County Workers' Care | case_manager | holding | active | 1 2 1 3 2 1 2 2 1 3 2 2 2
Ana Ruiz, MD | provider | fading | quiet | 2 2 2 1 2 3 2 2 1 2 1 0 0
Example Steel Works | employer | too_few | active | 1 0 2 1 0 1 2 1 0 1 2 1 1
Riverside High School | school | too_few | active | 2 1 3 1 0 0 2 4 3 2 0 1 2
Found us on the web | self | holding | active | 5 6 5 7 6 6 8 7 6 7 8 7 9
Past patients | past_patient | too_few | active | 4 3 5 4 4 5 3 4 6 4 5 4 5
Fictional Fitness Club | employer | too_few | active | 0 0 0 1 0 0 0 0 0 0 0 0 1
Willow Creek Podiatry | practice | too_few | active | 1 1 0 1 1 0 1 1 0 1 1 1 1
Hannah Stein, MD | provider | too_few | active | 0 1 1 0 1 1 0 1 0 1 0 1 1
Bayview Neurology | practice | too_few | active | 1 0 1 0 0 1 0 1 1 0 1 0 1
Cedar Street Urgent Care | practice | too_few | quiet | 0 1 0 1 0 0 1 0 1 0 1 0 0
Nguyễn Thị Lan, MD | provider | too_few | active | 0 0 0 0 0 0 0 0 0 0 1 2 2
Placeholder & Sons, attorneys | attorney | too_few | active | 0 0 1 0 0 0 1 0 0 0 0 0 1
St. Example Hospital Discharge | case_manager | too_few | active | 1 1 2 1 1 2 1 1 1 2 1 1 1
Quentin Marsh, PA | provider | too_few | active | 0 0 0 0 0 0 0 0 0 0 0 0 1
"""

# name | title | unit | better | of which | target | still open now; then values; then of how many
_FIGURES = """
attempted_24h | Tried within 24 hours | percent | up | received this month | 95 | 0
  91 92 90 93 94 93 95 94 95 96 95 96 97
  80 78 87 86 79 83 92 90 87 85 86 89 100
next_day | Tried by the next business day | percent | up | received this month | 98 | 0
  95 95 94 96 97 96 97 97 98 98 97 98 99
  80 78 87 86 79 83 92 90 87 85 86 89 100
reached | Reached | percent | up | received this month | 85 | 5
  78 80 79 81 80 82 83 82 84 83 84 85 82
  80 78 87 86 79 83 92 90 87 85 86 89 100
hours_to_contact | Hours to first contact | open_hours | down | received this month | 2 | 3
  3.4 3.2 3.6 3.1 2.9 2.8 2.6 2.7 2.4 2.2 2.3 2.1 1.9
  77 75 84 83 76 80 89 87 84 82 83 86 97
days_to_evaluation | Days to first visit | days | down | evaluated this month | 7 | 0
  7 7 8 7 7 6 7 7 8 8 9 9 10
  58 55 61 60 57 59 64 66 61 60 61 63 66
evaluated_30 | Evaluated within 30 days | percent | up | received this month | 70 | 31
  66 65 68 67 69 70 68 71 72 70 71 70 52
  80 78 87 86 79 83 92 90 87 85 86 89 100
evaluated_90 | Evaluated within 90 days | percent | up | received three months ago | 75 | 0
  74 73 75 74 76 77 75 78 79 77 78 77 78
  79 82 80 78 87 86 79 83 92 90 87 85 86
missed | Missed or cancelled visits | percent | down | visits planned this month | 12 | 0
  14 13 13 14 12 12 13 12 11 12 13 14 15
  612 598 640 655 631 640 668 690 672 660 671 684 702
certified | Plans of care signed in 30 days | percent | up | 30 days ended this month | 90 | 0
  84 86 85 88 87 89 90 91 90 92 91 93 94
  52 54 56 55 57 54 58 60 59 57 58 60 62
plan_hours | Hours from signed plan to fax | hours | down | signed this month | 24 | 0
  20 19 21 18 17 16 15 14 15 13 12 12 11
  58 55 61 60 57 59 64 66 61 60 61 63 66
prompt_reports | Progress reports sent in a day | percent | up | reports signed this month | 95 | 0
  88 90 89 91 92 90 93 94 93 95 94 95 96
  71 74 70 76 78 75 80 82 79 81 80 84 86
summary_hours | Hours to discharge summary | hours | down | discharged this month | 24 | 0
  30 28 31 27 26 25 24 24 23 22 21 22 20
  41 44 43 47 45 48 46 50 49 48 51 47 52
visits | Visits in a finished episode | visits | neither | discharged this month | - | 0
  10.5 10 11 10.5 11 10.5 11 11.5 11 11 10.5 11 11
  41 44 43 47 45 48 46 50 49 48 51 47 52
goals_met | Discharged with goals met | percent | up | discharged this month | - | 0
  61 59 63 62 64 63 65 64 66 65 67 66 68
  41 44 43 47 45 48 46 50 49 48 51 47 52
satisfaction | Satisfaction | score | up | answered this month | 9 | 0
  8.9 8.8 9 8.9 9.1 9 9.1 9.2 9.1 9 9.2 9.1 9.2
  19 21 20 23 22 24 21 25 24 23 26 24 27
lapsed | Quiet or lapsed sources | count | down | at the end of the month | - | 0
  1 1 1 2 1 1 1 1 1 2 2 2 3
  25 25 25 25 25 25 25 25 25 25 25 25 25
"""

_NOTES = {
    "received": (
        "Requests to treat one patient, counted in the month they arrived by the clinic's "
        "calendar; duplicates, renewals, unconfirmed faxes and what was entered in error are left "
        "out."
    ),
    "attempted_24h": (
        "A delivered text, a logged call, an answer or a booking within 24 hours of the arrival, "
        "nights and weekends included."
    ),
    "next_day": "A first try before the clinic closes on its next business day.",
    "reached": ("Two-way: the patient wrote back, was spoken to, or booked."),
    "hours_to_contact": (
        "Median from arrival to the first delivered text, logged call, answer or booking, counted "
        "only while the clinic was open."
    ),
    "days_to_evaluation": (
        "Median calendar days from the day of arrival to the first visit; negative lengths from a "
        "feed are left out and counted under data quality."
    ),
    "evaluated_30": (
        "Of the referrals received in the month, those with a first visit within 30 days. Open: "
        "their 30 days are not over and no visit is known."
    ),
    "evaluated_90": (
        "The same within 90 days, asked of those received three months before, all of whose 90 "
        "days are over."
    ),
    "missed": (
        "Planned visits of the month that were missed, or cancelled by the patient on the day, as "
        "far as the EMR tells."
    ),
    "certified": (
        "Plans that need a signature and were certified within 30 days of the earlier of "
        "evaluation and first treatment."
    ),
    "plan_hours": (
        "Median from the therapist's signature to the fax to the certifying provider, nights and "
        "weekends included."
    ),
    "prompt_reports": (
        "Signed progress reports that went out within 24 hours of the signature, each recipient's "
        "first."
    ),
    "summary_hours": ("Median from the signature of the summary until it went out."),
    "visits": ("Median treatment days of the referrals discharged in the month."),
    "goals_met": ("Of the discharges of the month, those whose reason is goals met."),
    "satisfaction": ("Mean answer, 0 to 10, to the one question a week after discharge."),
    "lapsed": (
        "Sources without a referral for 60 days or longer at the end of the month; past patients "
        "and self-referrals never count."
    ),
}


def _rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in row.split("|")] for row in text.strip().splitlines()]


def _told(head: list[str], values: list[str], ns: list[str]) -> Told:
    name, title, unit, good, counts, target, still = head
    return Told(
        title,
        Unit(unit),
        Good(good),
        counts,
        None if target == "-" else float(target),
        int(still),
        tuple(float(value) for value in values[0].split()),
        tuple(int(n) for n in ns[0].split()),
        _NOTES[name],
    )


RECEIVED_NOTE = _NOTES["received"]
SOURCES = tuple(
    Sent(name, kind, verdict, state, tuple(int(n) for n in sent.split()))
    for name, kind, verdict, state, sent in _rows(_SOURCES)
)
_LINES = _rows(_FIGURES)
FIGURES = {
    head[0]: _told(head, values, ns)
    for head, values, ns in zip(_LINES[::3], _LINES[1::3], _LINES[2::3], strict=True)
}
