"""Every figure asked once more, of the plain table and by other means.

Each entry: the month column, who is asked, and what is counted, in SQL over ``r``, which is the
truth as known at a moment. Medians are taken by Python's own ``statistics``.
"""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

KNOWN = """
WITH r AS (
  SELECT *, (evaluated IS NOT NULL AND evaluated_known <= :t) AS ev,
    julianday(evaluated_day) - julianday(came_day) AS days
  FROM truth
  WHERE known <= :t AND sort = 'valid' AND clinic IN (SELECT value FROM json_each(:clinics))
)
"""
KEPT = "(coalesce(reason, '') NOT IN ('withdrawn', 'declined_by_clinic') OR ev)"
ON_THE_WAY = "NOT ev AND NOT over"


class Ask(NamedTuple):
    """How one figure is asked: month column, who, who says yes, who may still, or which value."""

    month: str
    of: str
    yes: str | None = None
    still: str = "0"
    value: str | None = None
    mean: bool = False


ASKED = {
    "received": Ask("came_day", "1"),
    "converted": Ask("came_day", KEPT, "ev", ON_THE_WAY),
    "converted_30": Ask(
        "came_day",
        KEPT,
        "ev AND days <= 30",
        f"{ON_THE_WAY} AND came_day >= date(:t, 'unixepoch', '-30 days')",
    ),
    "converted_90": Ask(
        "came_day",
        KEPT,
        "ev AND days <= 90",
        f"{ON_THE_WAY} AND came_day >= date(:t, 'unixepoch', '-90 days')",
    ),
    "contacted_24h": Ask(
        "came_day", KEPT, "tried - came <= 86400", "tried IS NULL AND came + 86400 > :t"
    ),
    "contacted_next_day": Ask(
        "came_day", KEPT, "tried <= next_closing", "tried IS NULL AND next_closing > :t"
    ),
    "reached": Ask("came_day", KEPT, "reached IS NOT NULL", ON_THE_WAY),
    "contact_hours": Ask("came_day", KEPT, value="open_minutes / 60.0"),
    "evaluation_days": Ask("evaluated_day", "ev AND days >= 0", value="days"),
    "evaluated": Ask("evaluated_day", "ev"),
    "missed": Ask("came_day", "(booked IS NOT NULL OR ev)", "missed > 0"),
    "thanked_24h": Ask(
        "came_day",
        "kind IN ('provider', 'practice', 'case_manager', 'employer')"
        f" AND NOT unthanked AND {KEPT}",
        "thanked - came < 1441 * 60",
        "thanked IS NULL AND came + 86400 > :t",
    ),
    "certified": Ask("evaluated_day", "ev", "certified", "evaluated > :t - 30 * 86400"),
    "plan_hours": Ask(
        "evaluated_day",
        "ev",
        value="cast((plan_sent - plan_signed) / 60 AS INTEGER) / 60.0",
    ),
    "summary_24h": Ask(
        "discharged_day",
        "summary_signed IS NOT NULL",
        "summary_sent - summary_signed < 1441 * 60",
        "summary_sent IS NULL AND summary_signed + 86400 > :t",
    ),
    "discharged": Ask("discharged_day", "1"),
    "visits": Ask("discharged_day", "1", value="visits"),
    "completed": Ask("discharged_day", "1", "ending IN ('goals_met', 'plateau')"),
    "lost": Ask(
        "closed_day",
        "NOT ev AND reason IN ('unable_to_reach', 'declined_by_patient', 'not_evaluated')",
    ),
    "answered": Ask("asked_day", "1", "score IS NOT NULL"),
    "satisfaction": Ask("asked_day", "score IS NOT NULL", value="score", mean=True),
    "promoters": Ask("asked_day", "score IS NOT NULL", "score >= 9"),
}


class Answer(NamedTuple):
    """What the plain table says."""

    value: float | None
    n: int
    open: int = 0


class Plain:
    """The plain table as known at a moment, for some clinics."""

    def __init__(self, database: sqlite3.Connection, clinics: Sequence[str], at: datetime) -> None:
        self._database = database
        quoted = ", ".join(f'"{one}"' for one in clinics)
        self._given = {"t": at.timestamp(), "clinics": f"[{quoted}]"}

    def figure(self, name: str, month: str) -> Answer:
        """One figure of one month."""
        ask = ASKED[name]
        where = f"WHERE substr({ask.month}, 1, 7) = '{month}' AND {ask.of}"
        if ask.value is not None:
            told = [row[0] for row in self.rows(f"SELECT {ask.value} FROM r {where}")]
            told = [one for one in told if one is not None]
            middle = statistics.fmean if ask.mean else statistics.median
            return Answer(middle(told) if told else None, len(told))
        yes = ask.yes or "1"
        still = f"({ask.still}) AND NOT coalesce({yes}, 0)"
        ((n, number, waiting),) = self.rows(
            f"SELECT count(*), coalesce(sum(coalesce({yes}, 0)), 0),"
            f" coalesce(sum({still}), 0) FROM r {where}"
        )
        if ask.yes is None:
            return Answer(float(n), n)
        return Answer(100 * number / n if n else None, n, waiting)

    def rows(self, query: str) -> list[tuple[float, ...]]:
        """Anything else, over ``r``."""
        return self._database.execute(KNOWN + query, self._given).fetchall()
