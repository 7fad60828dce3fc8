"""The gift ledger: append-only, per recipient and year, across all clinics [S1][S2].

Nothing here reads a referral, and nothing about referrals reads this: a gift is never tied to them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from models.book import check_gift, shares
from models.errors import BadRequest, NotFound
from models.ids import new_id
from models.policy.house import Gifts
from store.engine import unindexed
from store.ledger import standing
from store.rows import LOCKED
from store.sources import also_known_as
from store.tables import GiftRow, ProviderRow, SourceRow

_AT_ONCE = 1_000


class Recipient(NamedTuple):
    """Whom a gift is counted for: a provider, or a source that is none."""

    source: SourceRow
    provider: ProviderRow | None

    @property
    def name(self) -> str:
        """As the sentences call them."""
        return self.provider.name if self.provider else self.source.name


class Given(NamedTuple):
    """A gift as somebody tells it; ``among`` are provider ids that share it, none: the source."""

    id: str  # made with the form: a form sent twice is one gift
    on: date
    cents: int
    what: str
    by: str
    among: tuple[str, ...] = ()


def give(
    session: Session, source: SourceRow, given: Given, gifts: Gifts, *, recorded_at: datetime
) -> Sequence[GiftRow]:
    """Write a gift down, split evenly where several share it; all parts or none.

    The same form again changes nothing. Raises Refused (``gifts_off``, ``gift_year_unknown``,
    ``gift_over_limit``), BadRequest for somebody who does not work there.
    """
    known = session.exec(
        select(GiftRow).where(
            GiftRow.org == source.org,
            or_(col(GiftRow.id) == given.id, col(GiftRow.shared) == given.id),
        )
    ).all()
    if known:
        return known
    to = _recipients(session, source, given.among)
    _wait_for(session, to)
    rows = []
    for place, (one, share) in enumerate(zip(to, shares(given.cents, len(to)), strict=True)):
        year = given.on.year
        check_gift(gifts, one.name, year, share, total(session, one, year))
        rows.append(
            GiftRow(
                id=given.id if place == 0 else new_id("gift"),
                org=source.org,
                source_id=source.id,
                provider_id=one.provider.id if one.provider else None,
                given_on=given.on,
                year=year,
                cents=share,
                what=given.what,
                shared=given.id if len(to) > 1 else None,
                by=given.by,
                recorded_at=recorded_at,
            )
        )
        session.add(rows[-1])
        session.flush()
    return rows


def take_back(
    session: Session, org: str, gift_id: str, *, by: str, recorded_at: datetime
) -> Sequence[GiftRow]:
    """Put a gift right by rows of the opposite amount, every part of a shared one.

    The first entry stays readable. Again it changes nothing. Raises NotFound, and BadRequest for a
    row that is itself a reversal.
    """
    row = session.get(GiftRow, gift_id)
    if row is None or row.org != org:
        raise NotFound("There is no such gift.")
    if row.reverses is not None:
        raise BadRequest(
            "This line takes a gift back. Record the gift again instead.", code="is_reversal"
        )
    parts = [row]
    if row.shared is not None:
        query = select(GiftRow).where(GiftRow.shared == row.shared, GiftRow.org == org)
        parts = list(session.exec(query.where(col(GiftRow.reverses).is_(None))))
    _wait_for(session, [_of(session, part) for part in parts])
    done = []
    for part in sorted(parts, key=lambda one: one.id):
        if session.exec(select(GiftRow).where(GiftRow.reverses == part.id)).first() is not None:
            continue
        told = part.model_dump(exclude={"id", "reverses", "cents", "by", "recorded_at", "shared"})
        back = GiftRow(
            **told,
            id=new_id("gift"),
            cents=-part.cents,
            reverses=part.id,
            shared=part.shared,
            by=by,
            recorded_at=recorded_at,
        )
        session.add(back)
        session.flush()
        done.append(back)
    return done


def total(session: Session, to: Recipient, year: int) -> int:
    """What a recipient was given in a year, in cents, under every name they have here."""
    query = select(func.coalesce(func.sum(GiftRow.cents), 0)).where(
        *_theirs(session, to), GiftRow.year == year
    )
    return int(session.exec(query).one())


def recipients(session: Session, source: SourceRow) -> list[Recipient]:
    """Whom a gift to a source may be counted for: its provider, a practice's providers, or it."""
    if source.provider_id is not None:
        return [Recipient(source, session.get_one(ProviderRow, source.provider_id))]
    if source.practice_id is None:
        return [Recipient(source, None)]
    query = select(ProviderRow).where(
        ProviderRow.org == source.org,
        ProviderRow.practice_id == source.practice_id,
        col(ProviderRow.left_on).is_(None),
    )
    found = session.exec(query.order_by(col(ProviderRow.name), col(ProviderRow.id))).all()
    return [Recipient(source, one) for one in found] or [Recipient(source, None)]


def on_page(session: Session, source: SourceRow) -> Sequence[GiftRow]:
    """What stands on a source's page: given there, or to its provider elsewhere; newest first."""
    names = also_known_as(session, source.id)
    theirs: ColumnElement[bool] = col(GiftRow.source_id).in_(names)
    providers = _providers(session, names)
    if providers:
        to_them = and_(col(GiftRow.org) == source.org, col(GiftRow.provider_id).in_(providers))
        theirs = or_(theirs, to_them)
    query = select(GiftRow).where(unindexed(GiftRow.org) == source.org, theirs)
    newest = query.order_by(col(GiftRow.given_on).desc(), col(GiftRow.recorded_at).desc())
    return session.exec(newest.limit(200)).all()


class Line(NamedTuple):
    """One row of the export."""

    gift: GiftRow
    source: str
    provider: str | None
    npi: str | None


def of_year(session: Session, org: str, year: int) -> Iterator[Line]:
    """Every row of a year in the order of days, reversals too; a few at a time."""
    query = (
        select(GiftRow, SourceRow.name, ProviderRow.name, ProviderRow.npi)
        .join(SourceRow, col(SourceRow.id) == col(GiftRow.source_id))
        .join(ProviderRow, col(ProviderRow.id) == col(GiftRow.provider_id), isouter=True)
        .where(
            GiftRow.org == org,
            GiftRow.year == year,
            col(GiftRow.given_on).between(date(year, 1, 1), date(year, 12, 31)),
        )
        .order_by(
            col(GiftRow.given_on),
            col(GiftRow.recorded_at),
            col(GiftRow.cents).desc(),
            col(GiftRow.id),
        )
        .execution_options(yield_per=_AT_ONCE)
    )
    for gift, source, provider, npi in session.exec(query):
        yield Line(gift, source, provider, npi)


def _recipients(session: Session, source: SourceRow, among: Collection[str]) -> list[Recipient]:
    may = recipients(session, source)
    if not among:
        if len(may) > 1:
            raise BadRequest(
                "Say who shares the gift: the limit is one of each physician, not of a practice.",
                code="nobody_named",
                field="among",
            )
        return may
    known = {one.provider.id: one for one in may if one.provider is not None}
    if not set(among) <= set(known):
        raise BadRequest("Pick among those who work there.", code="not_there", field="among")
    return [known[one] for one in sorted(set(among))]


def _of(session: Session, row: GiftRow) -> Recipient:
    provider = session.get_one(ProviderRow, row.provider_id) if row.provider_id else None
    return Recipient(session.get_one(SourceRow, row.source_id), provider)


def _wait_for(session: Session, to: Collection[Recipient]) -> None:
    """Two who give to one recipient, by whatever name, take turns, so that both sums are seen."""
    session.flush()
    providers = {name for one in to if one.provider for name in _same(session, one.provider)}
    for provider in sorted(providers):  # one order: two forms never wait crosswise
        session.get(ProviderRow, provider, with_for_update=LOCKED, populate_existing=True)
    for source in sorted({standing(session, one.source.id).id for one in to if not one.provider}):
        session.get(SourceRow, source, with_for_update=LOCKED, populate_existing=True)


def _theirs(session: Session, to: Recipient) -> tuple[ColumnElement[bool], ...]:
    org = col(GiftRow.org) == to.source.org
    if to.provider is None:
        names = also_known_as(session, standing(session, to.source.id).id)
        return org, col(GiftRow.source_id).in_(names), col(GiftRow.provider_id).is_(None)
    return org, col(GiftRow.provider_id).in_(_same(session, to.provider))


def _same(session: Session, provider: ProviderRow) -> list[str]:
    """A provider's ids: their own, and of those whose source turned out to be theirs."""
    query = select(SourceRow).where(
        SourceRow.org == provider.org, SourceRow.provider_id == provider.id
    )
    names = [
        name
        for source in session.exec(query)
        for name in also_known_as(session, standing(session, source.id).id)
    ]
    return sorted({provider.id, *_providers(session, names)})


def _providers(session: Session, source_ids: Collection[str]) -> list[str]:
    query = select(SourceRow.provider_id).where(
        col(SourceRow.id).in_(list(source_ids)), col(SourceRow.provider_id).is_not(None)
    )
    return [one for one in session.exec(query) if one is not None]
