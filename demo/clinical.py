"""Clinical content for the demonstration's events, one body region at a time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from demo.cast import LICENCE, THERAPIST, Json


class Region(NamedTuple):
    """What is treated, how it is measured, and how it began and ended."""

    code: str
    words: str
    measure: str
    scores: tuple[float, float, float]  # at evaluation, midway, at the end
    goal: str
    target: float
    unit: str


KNEE = Region(
    "M17.11",
    "unilateral primary osteoarthritis, right knee",
    "lefs",
    (31, 47, 63),
    "Climb one flight of stairs without the rail",
    12,
    "steps",
)
SHOULDER = Region(
    "M75.101",
    "rotator cuff tear, right shoulder",
    "quickdash",
    (58, 41, 22),
    "Reach a shelf above the head",
    150,
    "°",
)
BACK = Region(
    "M54.50",
    "low back pain, unspecified",
    "odi",
    (44, 32, 20),
    "Sit through a working morning",
    180,
    "min",
)
NECK = Region(
    "M54.2", "cervicalgia", "ndi", (40, 30, 18), "Turn the head to drive safely", 70, "°"
)  # fmt: skip


def plan(region: Region, evaluated: datetime, *, weeks: int = 8, times: int = 2) -> Json:
    """The fields of a plan of care, so many ``times`` a week, the progress update in front."""
    day = evaluated.date()
    return {
        "plan": {
            "diagnoses": [{"code": region.code, "text": region.words}],
            "long_term_goals": [
                {
                    "text": region.goal,
                    "baseline": 0,
                    "target": region.target,
                    "unit": region.unit,
                    "by": (day + timedelta(weeks=weeks)).isoformat(),
                }
            ],
            "treatment_type": "therapeutic exercise, manual therapy",
            "amount": "One session a day of about 45 minutes",
            "frequency": f"{times} times a week",
            "duration": f"{weeks} weeks",
            "starts_on": day.isoformat(),
            "ends_on": (day + timedelta(weeks=weeks)).isoformat(),
            "therapist": THERAPIST,
            "licence": LICENCE,
        },
        "update": {
            "verdict": f"Evaluated on {_words(day)}. A good candidate for therapy.",
            "evaluated_on": day.isoformat(),
            "scores": [_score(region, day, day, 0)],
        },
    }


def report(region: Region, evaluated: date, today: date, signed: datetime, visits: int) -> Json:
    """The fields of a signed progress report."""
    return {
        "period_starts": evaluated.isoformat(),
        "period_ends": today.isoformat(),
        "diagnoses": [{"code": region.code, "text": region.words}],
        "scores": [_score(region, evaluated, today, 1)],
        "goals": [
            {
                "text": region.goal,
                "baseline": 0,
                "now": round(region.target * 0.6),
                "target": region.target,
                "unit": region.unit,
                "status": "On track",
            }
        ],
        "attendance": {"attended": visits, "scheduled": visits + 1, "missed": ["illness"]},
        "assessment": "Strength and endurance explain the gain; the rest needs more weeks.",
        "plan": "Continue twice a week as planned, with more work at home.",
        "signature": _signature(signed),
    }


def summary(
    region: Region,
    evaluated: date,
    last: date,
    signed: datetime,
    visits: int,
    *,
    unplanned: str | None = None,
) -> Json:
    """The fields of a signed discharge summary; ``unplanned``: why care ended before its goals."""
    common: Json = {
        "reason": unplanned or "Goals met",
        "planned": unplanned is None,
        "evaluated_on": evaluated.isoformat(),
        "last_visit_on": last.isoformat(),
        "discharged_on": signed.date().isoformat(),
        "diagnoses": [{"code": region.code, "text": region.words}],
        "attendance": {"attended": visits, "scheduled": visits + 2, "missed": ["illness"]},
        "treatment_given": f"Therapeutic exercise and manual therapy over {visits} visits.",
        "goals": [
            {
                "text": region.goal,
                "baseline": 0,
                "now": round(region.target * (0.5 if unplanned else 1)),
                "target": region.target,
                "unit": region.unit,
                "status": "Not met" if unplanned else "Met",
            }
        ],
        "signature": _signature(signed),
    }
    if unplanned:
        return {**common, "patient_status": "Not known: there was no last visit to see it."}
    return {
        **common,
        "scores": [_score(region, evaluated, last, 2)],
        "patient_status": "Back to usual work and to walking outdoors.",
        "home_program": "Strength exercises three days a week.",
        "when_to_return": "If pain comes back for more than two weeks.",
    }


def _score(region: Region, first: date, now: date, at: int) -> Json:
    return {
        "measure": region.measure,
        "baseline": {"on": first.isoformat(), "value": region.scores[0]},
        "now": {"on": now.isoformat(), "value": region.scores[at]},
        "goal": region.scores[2],
    }


def _signature(at: datetime) -> Json:
    return {"name": THERAPIST, "licence": LICENCE, "signed_at": at.isoformat()}


def _words(day: date) -> str:
    return f"{day:%B} {day.day}"
