"""Every week: does each source grow, hold or fade? Judged once and kept."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final

from activities.tenants import Tenants
from models.verdicts import judge
from store import verdicts
from store.engine import Store

_AT_ONCE: Final = 500  # verdicts in one transaction: other writers wait for none of them long


class Verdicts:
    """Reads in one look, writes in small transactions."""

    def __init__(self, store: Store, tenants: Tenants) -> None:
        self._store = store
        self._tenants = tenants

    def run(self, now: datetime) -> tuple[int, int]:
        """Judge every source of every organization; how many were looked at, how many are new.

        The week is the one that *now* lies in at the first clinic, and its figures end with the
        Sunday before. Run again in the same week it adds who was told of late and changes nobody's
        verdict: what a report has said of a week stays said.
        """
        seen = new = 0
        for org in self._tenants:
            looked, written = self.judge(org, self.week(org, now), now)
            seen, new = seen + looked, new + written
        return seen, new

    def week(self, org: str, now: datetime) -> date:
        """The Monday of the week, at the first clinic."""
        today = self._tenants.calendar(org, now).local_date(now)
        return today - timedelta(days=today.weekday())

    def judge(self, org: str, week: date, now: datetime) -> tuple[int, int]:
        """The same for one organization and one week."""
        seen = new = 0
        with self._store.read() as session:
            sources = verdicts.sent(session, org, week)
            while some := list(islice(sources, _AT_ONCE)):
                judged = [(one, judge(one.counts)) for one in some]
                with self._store.write() as writing:
                    new += verdicts.keep(writing, org, week, judged, now)
                seen += len(some)
        return seen, new
