"""The organizations this process serves, with the calendar and rules of each clinic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from functools import lru_cache

from models.clock import NOON, Calendar
from models.errors import ConfigError, NotFound
from models.monthly import ALL_CLINICS
from models.organization import Clinic
from models.policy import Rules
from models.policy_file import OrganizationPolicy, calendar_for

_SPAN = 5  # years: calendars that begin in the same ones are kept once
_SOME_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # zones are told apart in its winter and its summer
_YEARS_AHEAD = 2  # an episode is over by then; the calendar follows weekly hours beyond


class Tenants:
    """Policy files by organization id; immutable and safe to share between threads."""

    def __init__(self, policies: Iterable[OrganizationPolicy]) -> None:
        """Raises ConfigError when two files describe the same organization."""
        self._by_id: dict[str, OrganizationPolicy] = {}
        for one in policies:
            if one.organization.id in self._by_id:
                raise ConfigError(
                    f"Two policy files describe the organization {one.organization.id!r}; "
                    "name each file once in REFERRAL_LOOP_POLICY_FILES."
                )
            self._by_id[one.organization.id] = one
        self._calendar = lru_cache(maxsize=256)(self._make_calendar)
        self._long = lru_cache(maxsize=64)(self._make_long)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __contains__(self, org: object) -> bool:
        return org in self._by_id

    def get(self, org: str) -> OrganizationPolicy:
        """One organization's file; raises NotFound ``unknown_organization``."""
        found = self._by_id.get(org)
        if found is None:
            raise NotFound(
                "There is no organization with this id here. Check the address; the id is "
                "[organization] id of the policy file.",
                code="unknown_organization",
            )
        return found

    def calendar(self, org: str, at: datetime, clinic_id: str | None = None) -> Calendar:
        """A clinic's calendar around a moment; the first clinic's where none is named."""
        clinic = clinic_id or self.get(org).organization.clinics[0].id
        return self._calendar(org, clinic, at.year)

    def report_clocks(self, org: str) -> list[tuple[str, str, time]]:
        """Scope, zone and hour of each monthly report: every clinic's, and one of all of several.

        The one of all goes by the clock that shows the hour last (``Monthly.due``).
        """
        told = self.get(org)
        clinics, at = told.organization.clinics, told.policy.report.at
        clocks = [(one.id, one.zone, at) for one in clinics]
        if len(clinics) == 1:
            return clocks

        def noons(clinic: Clinic) -> list[datetime]:
            calendar = self.calendar(org, _SOME_YEAR, clinic.id)
            days = (date(_SOME_YEAR.year, month, 15) for month in (1, 7))
            return [calendar.at_local(day, NOON) for day in days]

        last = max(clinics, key=noons)
        return [*clocks, (ALL_CLINICS, last.zone, at)]

    def calendars(self, org: str, since: datetime, at: datetime) -> tuple[Calendar, ...]:
        """Every clinic's calendar, with the closed days since a moment and around another one."""
        return self._long(org, since.year // _SPAN * _SPAN, at.year)

    def rules(self, org: str, clinic_id: str, at: datetime) -> Rules:
        """What a referral received at this moment is pinned to (policy.md rule 11)."""
        return Rules(policy=self.get(org).policy, calendar=self.calendar(org, at, clinic_id))

    def _make_calendar(self, org: str, clinic_id: str, year: int) -> Calendar:
        organization = self.get(org).organization
        return calendar_for(organization, clinic_id, range(year - 1, year + _YEARS_AHEAD + 1))

    def _make_long(self, org: str, first: int, year: int) -> tuple[Calendar, ...]:
        organization = self.get(org).organization
        years = range(first - 1, year + _YEARS_AHEAD + 1)
        return tuple(calendar_for(organization, one.id, years) for one in organization.clinics)
