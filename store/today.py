"""What a director looks at every day: each figure is a question about referrals, asked in SQL.

The number is how many answer yes, its drill-down the referrals themselves, its footnote stands
beside the question. What the monthly report counts as well is asked by its registry's entry
(store/report/measures.py), of the last 30 days instead of a month.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, false, func, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from models.card import CONTACT_WITHIN
from models.monthly import Aged
from models.months import month_of
from store.report import shape
from store.report.measures import MEASURES
from store.report.scope import Period
from store.report.series import how_many
from store.report.shape import BEFORE_CARE
from store.tables import LedgerRow, PatientRow, ReferralRow, TaskRow, TaskState
from store.tables_ledger import FOR_EVER

COHORT: Final = timedelta(days=30)
MOST_SHOWN: Final = 500


class Scope(NamedTuple):
    """Whose referrals are counted, and when; moments in UTC."""

    org: str
    clinics: tuple[str, ...]
    now: datetime
    today: tuple[tuple[str, datetime, datetime], ...]  # clinic, its midnight, the next one

    @property
    def period(self) -> Period:
        """The same for the report's questions: everything known now."""
        return Period(self.org, self.clinics, month_of(self.now.date()), self.now, newest=True)

    def rows(self) -> ColumnElement[bool]:
        """Every referral of these clinics but duplicates."""
        return and_(
            col(ReferralRow.org) == self.org,
            col(ReferralRow.clinic_id).in_(self.clinics),
            col(ReferralRow.duplicate_of).is_(None),
        )


Asks = Callable[[Scope], ColumnElement[bool]]


class Measure(NamedTuple):
    """One figure: of whom it is asked, who of them counts, and for whom it may yet come true."""

    name: str
    says: str
    note: str
    of: Asks
    counts: Asks
    still: Asks | None = None


class Figure(NamedTuple):
    """How many count, of how many, and how many may yet."""

    measure: Measure
    number: int
    of: int
    open: int


class Late(NamedTuple):
    """Overdue tasks of one role."""

    role: str
    number: int
    oldest: datetime


def _cohort(scope: Scope) -> ColumnElement[bool]:
    """Received in the last 30 days and at least 24 hours ago, and asked by the report as well."""
    came = col(ReferralRow.received_at)
    return and_(
        came >= scope.now - COHORT - CONTACT_WITHIN,
        came < scope.now - CONTACT_WITHIN,
        scope.period.referrals(),
        MEASURES["contacted_24h"].of(scope.period),
    )


def _of_the_report(name: str) -> Measure:
    """A measure of the registry, asked of the last 30 days."""
    one = MEASURES[name]
    counts, still = one.counts, one.still
    if counts is None or still is None:
        raise LookupError(f"{name} is no share that may be open")
    return Measure(
        one.name,
        one.title,
        one.note,
        _cohort,
        lambda scope: counts(scope.period),
        lambda scope: still(scope.period),
    )


def _today(scope: Scope) -> ColumnElement[bool]:
    """Booked for this day of the clinic's own."""
    return or_(
        false(),  # who works at no clinic
        *(
            and_(
                col(ReferralRow.clinic_id) == clinic,
                col(ReferralRow.evaluation_at) >= begins,
                col(ReferralRow.evaluation_at) < ends,
            )
            for clinic, begins, ends in scope.today
        ),
    )


def _evaluated(_: Scope) -> ColumnElement[bool]:
    return col(ReferralRow.evaluated_at).is_not(None)


def _open(_: Scope) -> ColumnElement[bool]:
    return col(ReferralRow.stage).in_(BEFORE_CARE)


def _overdue(scope: Scope) -> ColumnElement[bool]:
    return col(ReferralRow.next_at) < scope.now


# What the first three are asked of.
COHORT_NOTE: Final = (
    "Of the referrals of the last 30 days that are at least 24 hours old, as in the monthly "
    "report: left out are duplicates, those entered in error, faxes nobody has confirmed, and "
    "those that were withdrawn or that we declined before the first visit."
)
FIGURES: Final[dict[str, Measure]] = {
    one.name: one
    for one in (
        _of_the_report("contacted_24h"),
        _of_the_report("contacted_next_day"),
        _of_the_report("reached"),
        Measure(
            "evaluations",
            "Evaluations of today",
            "Booked for today by the clinic's own day; how many of them took place already.",
            _today,
            _evaluated,
        ),
        Measure(
            "overdue",
            "Late before the first visit",
            "Open referrals before their first visit whose next step should have happened by now: "
            "somebody's task, or what was promised and nobody has been asked about yet.",
            _open,
            _overdue,
        ),
    )
}


def figures(session: Session, scope: Scope) -> list[Figure]:
    """Every figure; those about the same referrals share a query, which an index serves."""
    found: dict[str, Figure] = {}
    for of in dict.fromkeys(one.of for one in FIGURES.values()):
        together = [one for one in FIGURES.values() if one.of is of]
        asked: list[Any] = []
        for one in together:
            yes = func.coalesce(one.counts(scope), False)
            still = and_(~yes, one.still(scope)) if one.still is not None else false()
            asked += [how_many(yes), how_many(still)]
        query = columns(func.count(), *asked).select_from(ReferralRow).join(LedgerRow, _its_line())
        every, *numbers = session.connection().execute(query.where(scope.rows(), of(scope))).one()
        for place, one in enumerate(together):
            number, still_open = numbers[2 * place : 2 * place + 2]
            found[one.name] = Figure(one, int(number), int(every), int(still_open))
    return [found[name] for name in FIGURES]


def behind(
    session: Session, scope: Scope, measure: Measure, *, counting: bool
) -> Sequence[tuple[ReferralRow, PatientRow]]:
    """The referrals behind a figure: those that count, or those that do not; oldest first.

    At most 500, since nobody reads more.
    """
    counts = func.coalesce(measure.counts(scope), False)
    query = (
        select(ReferralRow, PatientRow)
        .join(PatientRow, col(PatientRow.id) == col(ReferralRow.patient_id))
        .join(LedgerRow, _its_line())
        .where(scope.rows(), measure.of(scope), counts if counting else ~counts)
    )
    query = query.order_by(col(ReferralRow.received_at), col(ReferralRow.id)).limit(MOST_SHOWN)
    return session.exec(query).all()


def open_by_age(session: Session, scope: Scope) -> tuple[Aged, ...]:
    """How long ago the open referrals came, as the monthly report counts them."""
    return shape.ageing(session, scope.period)


def late_tasks(session: Session, scope: Scope) -> list[Late]:
    """Open tasks past their time, by role, the longest wait first."""
    oldest = func.min(TaskRow.due)
    query = (
        select(TaskRow.role, func.count(), oldest)
        .where(
            TaskRow.org == scope.org,
            TaskRow.state == TaskState.OPEN,
            col(TaskRow.gathered_in).is_(None),
            col(TaskRow.due) < scope.now,
            col(TaskRow.clinic_id).in_(scope.clinics) | col(TaskRow.clinic_id).is_(None),
        )
        .group_by(col(TaskRow.role))
        .order_by(oldest)
    )
    return [Late(role, number, due) for role, number, due in session.exec(query)]


def _its_line() -> ColumnElement[bool]:
    """The line of the ledger that holds now, of which there is one for each referral."""
    return and_(
        col(LedgerRow.referral_id) == col(ReferralRow.id), col(LedgerRow.known_until) == FOR_EVER
    )
