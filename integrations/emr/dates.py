"""Dates no clinic can mean: refused at the door, because the sender alone can put them right.

What contradicts the chart (a discharge before its referral) is not judged here: that takes a
person (ARCHITECTURE §7).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from models.errors import BadRequest

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
CLOCKS_DIFFER = timedelta(days=1)
PLANNED_AHEAD = timedelta(days=3 * 366)
# When something happened or was known; every other date may lie in the future.
_PAST = frozenset({"at", "as_of", "day", "received_at", "signed_at"})


def check_dates(fields: Mapping[str, Any], now: datetime, within: str = "") -> None:
    """Refuse 1899 and the year 3000 in any date of *fields*, nested values left alone.

    What has happened may lie at most a day ahead of *now* (clocks differ), what is planned three
    years. Raises BadRequest ``impossible_date`` naming the field, never the date.
    """
    for name, at in _moments(fields):
        latest = now + (CLOCKS_DIFFER if name in _PAST else PLANNED_AHEAD)
        if not EARLIEST <= at <= latest:
            why = "has not happened yet" if at > now and name in _PAST else "is impossible"
            raise BadRequest(
                f"{within}{name}: this date {why}; expected one between 2000 and "
                f"{'now' if name in _PAST else 'three years from now'}.",
                code="impossible_date",
                field=f"{within}{name}",
            )


def _moments(fields: Mapping[str, Any]) -> Iterator[tuple[str, datetime]]:
    for name, value in fields.items():
        if isinstance(value, datetime):
            yield name, value
        elif isinstance(value, date):
            yield name, datetime.combine(value, time(12), UTC)
