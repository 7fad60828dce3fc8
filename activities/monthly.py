"""One month's report, put together from the registry of measures: one value for every form of it.

Nothing here is computed twice: closed months are asked as of their closing, open ones as of now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from threading import Lock

from sqlmodel import Session

from activities.tenants import Tenants
from models import month_story
from models.errors import NotFound
from models.monthly import (
    ALL_CLINICS,
    Amount,
    ClinicLine,
    Definition,
    Figure,
    Late,
    MonthlyReport,
    Point,
    Relationship,
    SourceLine,
)
from models.months import asked_for, back, closes_at, first_day, last_day, says, up_to
from models.organization import Clinic, Organization
from models.verdicts import RECENT
from store import ledger
from store.engine import Store
from store.report import late, outcomes, shape, silence, sources
from store.report.asks import Measure
from store.report.measures import MEASURES, TILES
from store.report.scope import YEAR, Period
from store.report.series import Series, nothing, series
from store.report.silence import Judged

MIDNIGHT = time(0)
KEPT = 4  # closed reports in memory; one of 50,000 sources takes 200 MB


class Monthly:
    """Reports of closed and open months; safe to share between threads."""

    def __init__(self, store: Store, tenants: Tenants) -> None:
        self._store = store
        self._tenants = tenants
        self._kept: dict[tuple[str, str, str, datetime], MonthlyReport] = {}
        self._keeping = Lock()

    def due(self, org: str, scope: str, month: str) -> datetime:
        """When the month is closed: each clinic by its own clock, all of them with the last one."""
        policy = self._tenants.get(org).policy.report
        after = _midnight(first_day(back(month, -1)))
        calendars = [self._tenants.calendar(org, after, one.id) for one in self.clinics(org, scope)]
        return max(closes_at(month, calendar, policy) for calendar in calendars)

    def clinics(self, org: str, scope: str) -> Sequence[Clinic]:
        """The clinics a scope names; raises NotFound."""
        organization = self._tenants.get(org).organization
        if scope == ALL_CLINICS:
            return organization.clinics
        chosen = [one for one in organization.clinics if one.id == scope]
        if not chosen:
            raise NotFound("There is no such clinic in this organization.", code="no_clinic")
        return chosen

    def meant(self, org: str, scope: str) -> str:
        """A single clinic is all of them: its months are closed once, under its own name.

        Unless another one has left the policy file, whose months still count.
        """
        clinics = self.clinics(org, scope)
        if scope != ALL_CLINICS or len(clinics) > 1:
            return scope
        with self._store.read() as session:
            alone = set(ledger.clinics(session, org)) <= {clinics[0].id}
        return clinics[0].id if alone else scope

    def close(self, org: str, scope: str, month: str, *, now: datetime, by: str) -> datetime | None:
        """Close a month for good, if it is due; when it was closed, None while it is not due.

        *by* is the staff id of whoever asked, or ``schedule``. Raises NotFound for an unknown
        clinic, BadRequest for what is no month.
        """
        asked_for(month)
        scope = self.meant(org, scope)
        with self._store.read() as session:
            at = ledger.closed_at(session, org, scope, month)
        if at is None and now >= self.due(org, scope, month):
            at = ledger.close(self._store, org, scope, month, at=now, by=by)
        return at

    def period(self, org: str, scope: str, month: str, now: datetime) -> tuple[Period, bool]:
        """What the month is counted over, and whether it is closed; an open one as known now.

        Raises as ``close`` does.
        """
        asked_for(month)
        scope = self.meant(org, scope)
        clinics = [one.id for one in self.clinics(org, scope)]
        with self._store.read() as session:
            at = ledger.closed_at(session, org, scope, month)
            if scope == ALL_CLINICS:  # those that have left the policy file count as they did
                clinics += [one for one in ledger.clinics(session, org) if one not in clinics]
        begins, _ = self._bounds(org, up_to(month, YEAR)[0])
        found = Period(org, tuple(clinics), month, at or now, newest=at is None, begins=begins)
        return found, at is not None

    def report(self, org: str, scope: str, month: str, *, now: datetime) -> MonthlyReport:
        """The month's report: the same figures each time once it is closed, preliminary before.

        The last few closed ones are kept, with the names their sources had when they were put
        together; what was told late is asked anew. Raises as ``close`` does.
        """
        scope = self.meant(org, scope)
        period, closed = self.period(org, scope, month, now)
        key = (org, scope, month, period.at)
        kept = self._kept.get(key) if closed else None
        with self._store.read() as session:
            if kept is not None:
                return kept.model_copy(update={"late": late.late(session, period)})
            told = self._compiled(session, period, scope, closed=closed)
        if closed:
            with self._keeping:
                self._kept[key] = told
                for oldest in list(self._kept)[:-KEPT]:
                    del self._kept[oldest]
        return told

    def _bounds(self, org: str, month: str) -> tuple[datetime, datetime]:
        """The midnights at which the month begins and ends for the organization's sources.

        Those of its first clinic, by which their states are dated, whichever clinic is asked about.
        """
        first, following = first_day(month), first_day(back(month, -1))
        calendar = self._tenants.calendar(org, _midnight(first))
        return calendar.at_local(first, MIDNIGHT), calendar.at_local(following, MIDNIGHT)

    def _compiled(
        self, session: Session, period: Period, scope: str, *, closed: bool
    ) -> MonthlyReport:
        org, month, at = period.org, period.month, period.at
        organization = self._tenants.get(org).organization
        clinics = self.clinics(org, scope)
        told = series(session, period, period.compared)
        first = ledger.first_month(session, org, period.known) or month
        running = not closed and any(
            self._tenants.calendar(org, at, one.id).local_date(at) <= last_day(month)
            for one in clinics
        )
        figures = tuple(
            _figure(one, told, period, first).model_copy(update={"running": running})
            for one in MEASURES.values()
        )
        begins, ends = self._bounds(org, month)
        local = self._tenants.calendar(org, at).local_date
        fell = silence.silent(session, period, ends, local)
        came_back = silence.returned(session, period, begins, ends, local)
        by_source = _judged(session, period, sources.by_source(session, period, first), fell)
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
            preliminary=not closed,
            verdict=month_story.verdict(month, figures, len(fell), len(came_back)),
            tiles=TILES,
            figures=figures,
            things=month_story.things(scope, month, figures, by_source, fell, ages),
            funnel=shape.funnel(session, period),
            ageing=ages,
            sources=by_source,
            silent=fell,
            returned=came_back,
            channels=shape.channels(session, period),
            outcomes=outcomes.outcomes(session, period),
            heard=shape.heard(session, period),
            campaigns=shape.campaigns(session, period),
            oddities=shape.oddities(session, period),
            late=late.late(session, period) if closed else Late(),
            clinics=_roll_up(session, period, clinics) if len(period.clinics) > 1 else (),
            value=silence.protected(
                session,
                period,
                self._tenants.get(org).policy.report.episode_value or None,
            ),
            definitions=tuple(
                Definition(name=one.name, title=one.title, note=one.note)
                for one in MEASURES.values()
            ),
        )


def _midnight(day: date) -> datetime:
    """A day as a moment, to choose a calendar around it."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _judged(
    session: Session,
    period: Period,
    lines: Sequence[SourceLine],
    silent: Sequence[Relationship],
) -> tuple[SourceLine, ...]:
    """The sources with how they stood at the end of the month and the week's verdict on them."""
    states = {one.source_id: one.state for one in silent}
    told = silence.verdicts(session, period, first_day(period.month), last_day(period.month))
    found = []
    for one in lines:
        judged = told.get(one.source_id)
        found.append(
            one.model_copy(
                update={
                    "state": states.get(one.source_id),
                    "verdict": judged.verdict if judged else None,
                    "verdict_says": _rates(judged) if judged else "",
                }
            )
        )
    return tuple(found)


def _rates(judged: Judged) -> str:
    """``from 4.2 to 2.0 a month``; a month is a twelfth of a year."""
    if not judged.weeks:
        return f"{judged.recent:,} in {RECENT} weeks, nothing before"
    monthly = 365.25 / 12 / 7
    before, now = judged.before / judged.weeks * monthly, judged.recent / RECENT * monthly
    return f"from {before:.1f} to {now:.1f} a month"


def _figure(measure: Measure, told: Series, period: Period, first: str) -> Figure:
    """One figure; of months before the organization's *first* referral nothing is known."""
    amounts = told[measure.name]

    def in_month(month: str) -> Point:
        none = nothing(measure) if month >= first else Amount()
        return Point(month=month, amount=amounts.get(month, none))

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
    """Each clinic's tiles; one that left the policy file is named by its id while it has any."""
    known = {one.id: one for one in clinics}
    told = series(session, period, [period.month], TILES, by_clinic=True)
    lines = []
    for clinic_id in period.clinics:
        amounts = tuple(told[name].get(clinic_id, nothing(MEASURES[name])) for name in TILES)
        clinic = known.get(clinic_id)
        if clinic is None and not any(one.n for one in amounts):
            continue
        name, zone = (clinic.name, clinic.zone) if clinic else (clinic_id, clinics[0].zone)
        lines.append(ClinicLine(clinic_id=clinic_id, name=name, zone=zone, amounts=amounts))
    return tuple(lines)


def _name(organization: Organization, scope: str, clinics: Sequence[Clinic]) -> str:
    if scope != ALL_CLINICS:
        return clinics[0].name
    return (
        f"{organization.name}, all {len(clinics)} clinics"
        if len(clinics) > 1
        else organization.name
    )
