"""A fictional office's scorecard, as a page and a letter show it; nobody here exists."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from models.documents import Addressee, Letterhead
from models.monthly import Amount, Outcome, Unit
from models.scorecard import CardFigure, Scorecard, ScorecardLetter

_FIGURES: Final = (
    CardFigure(
        name="contacted_24h",
        title="Tried within 24 hours",
        note="A delivered text, a logged call, an answer or a booking within 24 hours from "
        "arrival, nights and weekends included (attempted, not reached).",
        unit=Unit.PERCENT,
        amount=Amount(value=100 * 51 / 52, n=52, number=51),
    ),
    CardFigure(
        name="converted",
        title="Came to evaluation so far",
        note="Of the referrals received in the month those that were evaluated by the day of the "
        "report. Those still on the way are shown apart as open, so a young month reads low.",
        unit=Unit.PERCENT,
        amount=Amount(value=100 * 43 / 52, n=52, number=43, open=3),
    ),
    CardFigure(
        name="evaluation_days",
        title="Days to evaluation",
        note="Median calendar days from the day of receipt to the evaluation, of those evaluated "
        "in the month. A surgery date or a hold is not taken off.",
        unit=Unit.DAYS,
        amount=Amount(value=5.0, n=44),
    ),
    CardFigure(
        name="visits",
        title="Visits per episode",
        note="Median treatment days, the evaluation included, of those discharged in the month; "
        "two visits on one day count once.",
        unit=Unit.VISITS,
        amount=Amount(value=11.0, n=31),
    ),
    CardFigure(
        name="completed",
        title="Finished their care",
        note="Of those discharged in the month, the share who met their goals or reached a "
        "plateau.",
        unit=Unit.PERCENT,
        amount=Amount(value=100 * 25 / 31, n=31, number=25),
    ),
    CardFigure(
        name="plan_hours",
        title="Hours until the plan was sent",
        note="Median hours, nights and weekends included, from the therapist's signature until the "
        "plan of care left, of those evaluated in the month.",
        unit=Unit.HOURS,
        amount=Amount(value=6.5, n=42),
    ),
    CardFigure(
        name="summary_24h",
        title="Discharge summaries within a day",
        note="Of those discharged in the month with a signed summary, the share whose summary "
        "left within 24 hours of the signature.",
        unit=Unit.PERCENT,
        amount=Amount(value=50.0, n=8, number=4),  # withheld: of eight
    ),
)


def _outcome(
    group: str, says: str, measure: str, week: int, told: tuple[int, int, float]
) -> Outcome:
    n, eligible, median = told
    return Outcome(
        group=group,
        says=says,
        measure=measure.lower(),
        measure_says=measure,
        days=(7 * week - 7, 7 * week + 7),
        n=n,
        eligible=eligible,
        median_percent=None if n < 10 else median,
        reached=None if n < 10 else Amount(value=100 * 9 / n, n=n, number=9),
    )


CARD: Final = Scorecard(
    name="Lakeside Family Medicine",
    first="2026-03",
    last="2027-02",
    as_of=datetime(2027, 3, 2, 13, 0, tzinfo=UTC),
    received=52,
    figures=_FIGURES,
    outcomes=(
        _outcome("post_op shoulder", "Shoulder after surgery", "QuickDASH", 6, (14, 18, 40.2)),
        _outcome("knee", "Knee", "LEFS", 6, (12, 15, 52.0)),
        _outcome("back", "Back", "ODI", 6, (6, 9, 30.0)),  # withheld: of six
    ),
)

SCORECARD: Final = ScorecardLetter(
    letterhead=Letterhead(
        clinic="Riverside Physical Therapy",
        address=("100 Example Avenue, Suite 4", "Austin, TX 78701"),
        phone="(512) 555-0142",
        fax="(512) 555-0143",
        time_zone="America/Chicago",
    ),
    to=Addressee(
        name="Ana Ruiz, MD",
        practice="Lakeside Family Medicine",
        phone="(512) 555-0110",
        fax="(512) 555-0111",
    ),
    sender="Drew Example, Clinic Director",
    document_id="SC-1001",
    dated=date(2027, 3, 4),
    card=CARD.told(),
    counted_on=date(2027, 3, 2),
)
