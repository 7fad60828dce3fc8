"""A source's own figures over twelve months: the same measures, asked of its lines alone."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import Session, col, select

from models.monthly import ALL_CLINICS
from models.scorecard import FIGURES, CardFigure, Scorecard
from store.engine import unindexed
from store.report.measures import MEASURES
from store.report.outcomes import outcomes
from store.report.scope import Period
from store.report.series import together
from store.sources import also_known_as
from store.tables import ClosingRow, LedgerRow, ProviderRow, SourceRow


def of_sources(
    session: Session, period: Period, name: str, source_ids: Sequence[str], least: int
) -> Scorecard:
    """The figures of some sources as one, in the twelve months that end with the period's."""
    theirs = col(LedgerRow.source_id).in_(source_ids)

    def over(measure: str) -> CardFigure:
        one = MEASURES[measure]
        amount = together(session, period, period.year, one, theirs)
        return CardFigure(
            name=one.name, title=one.title, note=one.note, unit=one.unit, amount=amount
        )

    return Scorecard(
        name=name,
        first=period.year[0],
        last=period.month,
        as_of=period.at,
        received=over("received").amount.n,
        least=least,
        figures=tuple(over(measure) for measure in FIGURES),
        outcomes=outcomes(session, period, source_ids),
    )


def itself(session: Session, source: SourceRow) -> tuple[str, ...]:
    """A source under every id it has had: a closed month may still know it by an old one."""
    return tuple(also_known_as(session, source.id))


def office(session: Session, source: SourceRow) -> tuple[str, ...]:
    """Every source of the same office, its providers among them; the source alone without one."""
    if source.practice_id is None:
        return itself(session, source)
    of_provider = (
        select(ProviderRow.id)
        .where(ProviderRow.org == source.org, ProviderRow.practice_id == source.practice_id)
        .scalar_subquery()
    )
    query = select(SourceRow.id).where(
        SourceRow.org == source.org,
        col(SourceRow.merged_into).is_(None),
        (col(SourceRow.practice_id) == source.practice_id)
        | (col(SourceRow.practice_id).is_(None) & col(SourceRow.provider_id).in_(of_provider)),
    )
    return tuple(also_known_as(session, *sorted({source.id, *session.exec(query)})))


def last_closed(session: Session, org: str, clinics: Sequence[str]) -> ClosingRow | None:
    """The newest month that is closed for all of the organization; None before the first.

    Of an organization with a single clinic that clinic's closing is as good.
    """
    scopes = [ALL_CLINICS, *clinics] if len(clinics) == 1 else [ALL_CLINICS]
    query = select(ClosingRow).where(ClosingRow.org == org, col(ClosingRow.clinic_id).in_(scopes))
    return session.exec(query.order_by(col(ClosingRow.month).desc()).limit(1)).first()


def busiest(session: Session, period: Period, source_ids: Sequence[str]) -> str | None:
    """The clinic that has had most of their referrals in these months; None without any."""
    query = (
        select(LedgerRow.clinic_id)
        .where(
            period.referrals(),
            col(LedgerRow.source_id).in_(source_ids),
            unindexed(LedgerRow.received_month).in_(period.year),
        )
        .group_by(col(LedgerRow.clinic_id))
        .order_by(func.count().desc(), col(LedgerRow.clinic_id))
    )
    return session.exec(query.limit(1)).first()
