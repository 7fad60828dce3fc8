"""Figures a director looks at every day: each one is a question about referrals, asked in SQL.

The number is how many answer yes, its drill-down the referrals themselves, its footnote stands
beside the question: no figure is computed in two places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_, case, false, func, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from models.facts import ClosedReason
from models.referral import OPEN, Stage
from store.tables import PatientRow, ReferralRow, TaskRow, TaskState

WITHIN: Final = timedelta(hours=24)  # policy.md §1 rule 19
COHORT: Final = timedelta(days=30)
MOST_SHOWN: Final = 500
_BEFORE_CARE: Final = (Stage.RECEIVED, Stage.CONTACTING, Stage.SCHEDULED, Stage.INTAKE)
# Days since the request came: from, up to (left out), in words.
AGES: Final = (
    (0, 2, "less than 2 days"),
    (2, 8, "2 to 7 days"),
    (8, 15, "8 to 14 days"),
    (15, 31, "15 to 30 days"),
    (31, None, "more than 30 days"),
)


class Scope(NamedTuple):
    """Whose referrals are counted, and when; moments in UTC."""

    org: str
    clinics: tuple[str, ...]
    now: datetime
    today: tuple[tuple[str, datetime, datetime], ...]  # clinic, its midnight, the next one

    def rows(self) -> ColumnElement[bool]:
        """Every referral of these clinics but duplicates."""
        return and_(
            col(ReferralRow.org) == self.org,
            col(ReferralRow.clinic_id).in_(self.clinics),
            col(ReferralRow.duplicate_of).is_(None),
        )


class Measure(NamedTuple):
    """One figure: of whom it is asked, and who of them counts."""

    name: str
    says: str
    note: str
    of: Callable[[Scope], ColumnElement[bool]]
    counts: Callable[[Scope], ColumnElement[bool]]


class Figure(NamedTuple):
    """How many count, of how many."""

    measure: Measure
    number: int
    of: int


class Aged(NamedTuple):
    """Open referrals of one age."""

    says: str
    waiting: int  # for the first visit
    in_care: int


class Late(NamedTuple):
    """Overdue tasks of one role."""

    role: str
    number: int
    oldest: datetime


def _cohort(scope: Scope) -> ColumnElement[bool]:
    """Received in the last 30 days and at least 24 hours ago, so that everybody had the time."""
    return and_(
        col(ReferralRow.received_at) >= scope.now - COHORT - WITHIN,
        col(ReferralRow.received_at) < scope.now - WITHIN,
        or_(
            col(ReferralRow.closed_reason).is_(None),
            col(ReferralRow.closed_reason) != ClosedReason.WITHDRAWN,
        ),
    )


def _within(scope: Scope) -> ColumnElement[bool]:
    del scope
    return col(ReferralRow.attempted_at) <= col(ReferralRow.contact_within)


def _by_next_day(scope: Scope) -> ColumnElement[bool]:
    del scope
    return col(ReferralRow.attempted_at) <= col(ReferralRow.contact_by)


def _reached(scope: Scope) -> ColumnElement[bool]:
    del scope
    return col(ReferralRow.reached_at).is_not(None)


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


def _evaluated(scope: Scope) -> ColumnElement[bool]:
    del scope
    return col(ReferralRow.evaluated_at).is_not(None)


def _open(scope: Scope) -> ColumnElement[bool]:
    del scope
    return col(ReferralRow.stage).in_(_BEFORE_CARE)


def _overdue(scope: Scope) -> ColumnElement[bool]:
    return col(ReferralRow.next_at) < scope.now


# What the first three are asked of.
COHORT_NOTE: Final = (
    "Of the referrals of the last 30 days that are at least 24 hours old; duplicates and those "
    "their sender withdrew are left out."
)
MEASURES: Final[dict[str, Measure]] = {
    one.name: one
    for one in (
        Measure(
            "contacted",
            "Tried within 24 hours",
            "A delivered text or a logged call within 24 hours by the clock.",
            _cohort,
            _within,
        ),
        Measure(
            "next_day",
            "Tried by the next business day",
            "The same by the end of the clinic's next business day.",
            _cohort,
            _by_next_day,
        ),
        Measure(
            "reached",
            "Reached",
            "The patient answered, spoke with somebody or was booked, at any time.",
            _cohort,
            _reached,
        ),
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
            "Open referrals before their first visit whose next step is overdue.",
            _open,
            _overdue,
        ),
    )
}


def figures(session: Session, scope: Scope) -> list[Figure]:
    """Every measure; those about the same referrals share a query, which an index serves."""
    found: dict[str, Figure] = {}
    for of in dict.fromkeys(one.of for one in MEASURES.values()):
        asked = [one for one in MEASURES.values() if one.of is of]
        counted = [_how_many(one.counts(scope)) for one in asked]
        query = columns(func.count(), *counted).where(scope.rows(), of(scope))
        every, *numbers = session.connection().execute(query).one()
        for one, number in zip(asked, numbers, strict=True):
            found[one.name] = Figure(one, int(number or 0), int(every))
    return [found[name] for name in MEASURES]


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
        .where(scope.rows(), measure.of(scope), counts if counting else ~counts)
    )
    query = query.order_by(col(ReferralRow.received_at), col(ReferralRow.id)).limit(MOST_SHOWN)
    return session.exec(query).all()


def open_by_age(session: Session, scope: Scope) -> list[Aged]:
    """How long ago the open referrals came, those in care apart: they stay for weeks."""
    waiting = col(ReferralRow.stage).in_(_BEFORE_CARE)
    counted = []
    for low, high, _ in AGES:
        came = col(ReferralRow.received_at) <= scope.now - timedelta(days=low)
        if high is not None:
            came = and_(came, col(ReferralRow.received_at) > scope.now - timedelta(days=high))
        counted += [_how_many(and_(came, waiting)), _how_many(and_(came, ~waiting))]
    query = columns(*counted).where(scope.rows(), col(ReferralRow.stage).in_(OPEN))
    told = session.connection().execute(query).one()
    return [
        Aged(says, int(told[2 * place] or 0), int(told[2 * place + 1] or 0))
        for place, (_, _, says) in enumerate(AGES)
    ]


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


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
