"""One month's report, put together from the registry of measures: one value for every form of it.

Nothing here is computed twice: closed months are asked as of their closing, open ones as of now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import Session

from activities.tenants import Tenants
from models import month_story
from models.errors import NotFound
from models.monthly import (
    ALL_CLINICS,
    ClinicLine,
    Definition,
    Figure,
    Late,
    MonthlyReport,
    Point,
    Value,
)
from models.months import back, closes_at, first_day, says
from models.organization import Clinic, Organization
from store import ledger
from store.engine import Store
from store.report import late, outcomes, shape, sources
from store.report.measures import MEASURES, TILES, Measure
from store.report.scope import Period
from store.report.series import Series, nothing, series


class Monthly:
    """Reports of closed and open months; safe to share between threads."""

    def __init__(self, store: Store, tenants: Tenants) -> None:
        self._store = store
        self._tenants = tenants

    def due(self, org: str, scope: str, month: str) -> datetime:
        """When the month is closed: each clinic by its own clock, all of them with the last one."""
        policy = self._tenants.get(org).policy.report
        noon = first_day(back(month, -1))
        moments = []
        for clinic in self.clinics(org, scope):
            year = datetime(noon.year, noon.month, noon.day, tzinfo=UTC)
            moments.append(closes_at(month, self._tenants.calendar(org, year, clinic.id), policy))
        return max(moments)

    def clinics(self, org: str, scope: str) -> Sequence[Clinic]:
        """The clinics a scope names; raises NotFound."""
        organization = self._tenants.get(org).organization
        if scope == ALL_CLINICS:
            return organization.clinics
        chosen = [one for one in organization.clinics if one.id == scope]
        if not chosen:
            raise NotFound("There is no such clinic in this organization.", code="no_clinic")
        return chosen

    def report(self, org: str, scope: str, month: str, *, now: datetime, by: str) -> MonthlyReport:
        """The month's report; the first one after the month is due closes it, for good.

        *by* is the staff id of whoever asked, or ``schedule``. Asked again it gives the same
        figures; before the month is due it is preliminary and closes nothing. Raises NotFound
        for an unknown clinic, BadRequest for what is no month or has not begun.
        """
        first_day(month)
        with self._store.read() as session:
            at = ledger.closed_at(session, org, scope, month)
        if at is None and now >= self.due(org, scope, month):
            at = ledger.close(self._store, org, scope, month, at=now, by=by)
        with self._store.read() as session:
            return self._compiled(session, org, scope, month, at or now, open_month=at is None)

    def _compiled(
        self, session: Session, org: str, scope: str, month: str, at: datetime, *, open_month: bool
    ) -> MonthlyReport:
        organization = self._tenants.get(org).organization
        clinics = self.clinics(org, scope)
        period = Period(org, tuple(one.id for one in clinics), month, at)
        told = series(session, period, period.compared)
        figures = tuple(_figure(one, told, period) for one in MEASURES.values())
        by_source = sources.by_source(session, period)
        ages = shape.ageing(session, period)
        return MonthlyReport(
            org=org,
            org_name=organization.name,
            scope=scope,
            scope_name=_name(organization, scope, clinics),
            month=month,
            month_says=says(month),
            zone=clinics[0].zone,
            as_of=at,
            preliminary=open_month,
            verdict=month_story.verdict(month, figures, 0, 0),
            tiles=TILES,
            figures=figures,
            things=month_story.things(scope, month, figures, by_source, (), ages),
            funnel=shape.funnel(session, period),
            ageing=ages,
            sources=by_source,
            channels=shape.channels(session, period),
            outcomes=outcomes.outcomes(session, period),
            heard=shape.heard(session, period),
            campaigns=shape.campaigns(session, period),
            oddities=shape.oddities(session, period),
            late=late.late(session, period) if not open_month else Late(),
            clinics=_roll_up(session, period, clinics) if len(clinics) > 1 else (),
            value=Value(),
            definitions=tuple(
                Definition(name=one.name, title=one.title, note=one.note)
                for one in MEASURES.values()
            ),
        )


def _figure(measure: Measure, told: Series, period: Period) -> Figure:
    amounts = told[measure.name]

    def in_month(month: str) -> Point:
        return Point(month=month, amount=amounts.get(month, nothing(measure)))

    months = tuple(in_month(month) for month in period.year)
    return Figure(
        name=measure.name,
        title=measure.title,
        unit=measure.unit,
        good=measure.good,
        counts=measure.asked,
        now=months[-1].amount,
        before=months[-2].amount,
        year_ago=in_month(period.compared[0]).amount,
        months=months,
        target=measure.target,
    )


def _roll_up(session: Session, period: Period, clinics: Sequence[Clinic]) -> tuple[ClinicLine, ...]:
    lines = []
    for clinic in clinics:
        alone = period._replace(clinics=(clinic.id,))
        told = series(session, alone, [period.month])
        amounts = tuple(told[name].get(period.month, nothing(MEASURES[name])) for name in TILES)
        lines.append(
            ClinicLine(clinic_id=clinic.id, name=clinic.name, zone=clinic.zone, amounts=amounts)
        )
    return tuple(lines)


def _name(organization: Organization, scope: str, clinics: Sequence[Clinic]) -> str:
    if scope != ALL_CLINICS:
        return clinics[0].name
    return (
        f"{organization.name}, all {len(clinics)} clinics"
        if len(clinics) > 1
        else organization.name
    )
