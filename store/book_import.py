"""Rows of an existing book of sources, found among the known ones or made; some hundred at a time.

The rules of finding are those of new referrals (store/people.py): a provider by NPI, else by name
within the practice; a practice by its fax number, else by its name; anybody else by kind, name and
reach. Here they are asked for many rows at once. Nobody who is known is overwritten: what a row
tells fills what was empty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from sqlalchemy import or_
from sqlmodel import Session, col, select

from models.book_file import Told
from models.ids import new_id
from models.people import SourceKind
from store.ledger import standing
from store.rows import digest, fold
from store.tables import PracticeRow, ProviderRow, SourceRow

BATCH: Final = 400
_FILLS: Final = ("owner_id", "best_hours", "hears")

T = TypeVar("T", PracticeRow, ProviderRow)
Row = PracticeRow | ProviderRow | SourceRow


class Came(StrEnum):
    """What a row came to."""

    NEW = "new"
    FILLED = "filled"  # known, and something empty was filled
    SAME = "same"
    TWICE = "twice"  # the same source stood in an earlier row
    DOUBTFUL = "doubtful"  # left out: a person must look


class Result(NamedTuple):
    """What one row came to; ``says`` where a person must look."""

    row: int
    came: Came
    says: str = ""


class Import:
    """Takes batches of one file; keeps a hash and a name of each source it has seen.

    A rehearsal keeps what it would have made as well, so that it comes to what writing comes to.
    """

    def __init__(self, org: str, at: datetime, next_touch: Callable[[Told, str], datetime]) -> None:
        """*next_touch*: when a new source is to be heard of first, by its row and identity."""
        self._org = org
        self._at = at
        self._next_touch = next_touch
        self._seen: dict[str, str] = {}
        self._made: dict[str, Row] = {}  # by id; of a rehearsal

    def take(self, session: Session, rows: Sequence[Told], *, write: bool) -> list[Result]:
        """Find or make every source of a batch; without *write* nothing is made."""
        known = _Known(session, self._org, rows, None if write else self._made)
        return [self._one(session, known, told, write=write) for told in rows]

    def _one(self, session: Session, known: _Known, told: Told, *, write: bool) -> Result:
        mark = _mark(told)
        earlier = self._seen.get(mark)
        if earlier is not None:
            same = earlier == told.name or _akin(earlier, told.name)
            says = "" if same else f"npi: an earlier row gives it to {earlier}"
            return Result(told.row, Came.TWICE if same else Came.DOUBTFUL, says)
        self._seen[mark] = told.name
        practice = known.practice(told)
        provider = known.provider(told, practice) if told.kind is SourceKind.PROVIDER else None
        doubt = _doubt(told, practice, provider, known)
        if doubt:
            return Result(told.row, Came.DOUBTFUL, doubt)
        source = known.source(_identity(told, practice, provider))
        if source is not None:
            made = source.id in self._made
            found = source if made else standing(session, source.id)
            filled = _fill(found, told, write=write or made)
            return Result(told.row, Came.FILLED if filled else Came.SAME)
        self._make(known, told, practice, provider)
        return Result(told.row, Came.NEW)

    def _make(
        self,
        known: _Known,
        told: Told,
        practice: PracticeRow | None,
        provider: ProviderRow | None,
    ) -> None:
        if practice is None and (told.practice or told.fax or told.kind is SourceKind.PRACTICE):
            if told.kind in {SourceKind.PROVIDER, SourceKind.PRACTICE}:
                practice = known.add(self._practice(told))
        elif practice is not None and practice.fax is None and told.fax is not None:
            practice = known.learn(practice, fax=told.fax)
        if provider is None and told.kind is SourceKind.PROVIDER:
            provider = known.add(self._provider(told, practice))
        elif provider is not None:
            place = provider.practice_id or (practice.id if practice else None)
            provider = known.learn(provider, npi=provider.npi or told.npi, practice_id=place)
        identity = _identity(told, practice, provider) or ""
        row = SourceRow(
            id=new_id("src"),
            org=self._org,
            identity=identity,
            kind=told.kind,
            name=told.name,
            provider_id=provider.id if provider else None,
            practice_id=practice.id if practice else None,
            phone=told.phone if provider is None and practice is None else None,
            fax=told.fax if practice is None else None,
            email=told.email if provider is None and practice is None else None,
            prefers=told.prefers,
            key_source=told.key,
            wants_thanks=told.wants_thanks,
            best_hours=told.best_hours,
            hears=told.hears,
            owner_id=told.owner,
            next_touch_at=self._next_touch(told, identity),
            created_at=self._at,
        )
        known.made(row)

    def _practice(self, told: Told) -> PracticeRow:
        own = told.kind is SourceKind.PRACTICE
        name = told.practice or told.name
        return PracticeRow(
            id=new_id("prc"),
            org=self._org,
            name=name,
            name_key=fold(name),
            fax=told.fax,
            phone=told.phone if own else None,
            email=told.email if own else None,
            prefers=told.prefers,
            wants_thanks=told.wants_thanks if own else True,
            created_at=self._at,
        )

    def _provider(self, told: Told, practice: PracticeRow | None) -> ProviderRow:
        return ProviderRow(
            id=new_id("prv"),
            org=self._org,
            npi=told.npi,
            name=told.name,
            name_key=fold(told.name),
            credential=told.credential,
            practice_id=practice.id if practice else None,
            phone=told.phone,
            email=told.email,
            prefers=told.prefers,
            created_at=self._at,
        )


class _Known:
    """Everybody a batch may mean, read with three queries.

    *rehearsed*: what is new goes there, to be known to the next batch, and not to the database.
    """

    def __init__(
        self, session: Session, org: str, rows: Sequence[Told], rehearsed: dict[str, Row] | None
    ) -> None:
        self._session = session
        self._rehearsed = rehearsed
        faxes = {one.fax for one in rows if one.fax}
        offices = {fold(_office(one)) for one in rows if _office(one)}
        people = [one for one in rows if one.kind is SourceKind.PROVIDER]
        named = {fold(one.name) for one in people}
        npis = {one.npi for one in people if one.npi}
        practices = session.exec(
            select(PracticeRow).where(
                PracticeRow.org == org,
                or_(col(PracticeRow.fax).in_(faxes), col(PracticeRow.name_key).in_(offices)),
            )
        ).all()
        self._practices = _by(practices, lambda one: one.name_key)
        self._faxes = {one.fax: one for one in practices if one.fax}
        providers = session.exec(
            select(ProviderRow).where(
                ProviderRow.org == org,
                or_(col(ProviderRow.npi).in_(npis), col(ProviderRow.name_key).in_(named)),
            )
        ).all()
        self._providers = _by(providers, lambda one: one.name_key)
        self._npis = {one.npi: one for one in providers if one.npi}
        for row in (rehearsed or {}).values():
            if not isinstance(row, SourceRow):
                self._remember(row)
        self._sources = {row.identity: row for row in self._read(session, org, rows)}
        for row in (rehearsed or {}).values():
            if isinstance(row, SourceRow):
                self._sources[row.identity] = row

    def _read(self, session: Session, org: str, rows: Sequence[Told]) -> Sequence[SourceRow]:
        wanted: set[str] = set()
        for told in rows:
            practice = self.practice(told)
            provider = self.provider(told, practice) if _is_provider(told) else None
            identity = _identity(told, practice, provider)
            wanted |= {identity} if identity else set()
        query = select(SourceRow).where(SourceRow.org == org, col(SourceRow.identity).in_(wanted))
        return session.exec(query).all()

    def practice(self, told: Told) -> PracticeRow | None:
        """The practice a row means, if it is known."""
        if told.kind not in {SourceKind.PROVIDER, SourceKind.PRACTICE}:
            return None
        if told.fax and told.fax in self._faxes:
            return self._faxes[told.fax]
        named = self._practices.get(fold(_office(told)), []) if _office(told) else []
        # Another fax number is another office, even under the same name.
        return next((one for one in named if not told.fax or one.fax is None), None)

    def provider(self, told: Told, practice: PracticeRow | None) -> ProviderRow | None:
        """The provider a row means, if they are known."""
        if told.npi and told.npi in self._npis:
            return self._npis[told.npi]
        place = practice.id if practice else None
        for one in self._providers.get(fold(told.name), []):
            if one.practice_id == place and not (told.npi and one.npi):
                return one
        return None

    def namesake(self, told: Told, practice: PracticeRow | None) -> ProviderRow | None:
        """Somebody of the same name at the same practice under another NPI."""
        place = practice.id if practice else None
        return next(
            (
                one
                for one in self._providers.get(fold(told.name), [])
                if told.npi and one.npi and one.npi != told.npi and one.practice_id == place
            ),
            None,
        )

    def source(self, identity: str | None) -> SourceRow | None:
        """The source of an identity, if it is known."""
        return self._sources.get(identity) if identity else None

    def add(self, row: T) -> T:
        """Remember somebody new, for the rows that follow."""
        self._keep(row)
        self._remember(row)
        return row

    def learn(self, row: T, **told: str | None) -> T:
        """What a row of the file adds to somebody known; a rehearsal writes it on a twin."""
        known = row if self._rehearsed is None else type(row)(**row.model_dump())
        for name, value in told.items():
            setattr(known, name, value)
        return self.add(known)

    def made(self, row: SourceRow) -> None:
        """Remember a new source."""
        self._keep(row)
        self._sources[row.identity] = row

    def _keep(self, row: Row) -> None:
        if self._rehearsed is None:
            self._session.add(row)
        else:
            self._rehearsed[row.id] = row

    def _remember(self, row: PracticeRow | ProviderRow) -> None:
        if isinstance(row, PracticeRow):
            _put(self._practices[row.name_key], row)
            if row.fax:
                self._faxes[row.fax] = row
        else:
            _put(self._providers[row.name_key], row)
            if row.npi:
                self._npis[row.npi] = row


def _doubt(
    told: Told, practice: PracticeRow | None, provider: ProviderRow | None, known: _Known
) -> str:
    """Why a person must look at a row first; empty where it is plain."""
    if provider is not None and told.npi == provider.npi and not _akin(told.name, provider.name):
        return f"npi: this NPI is that of {provider.name}"
    office = told.practice or (told.name if told.kind is SourceKind.PRACTICE else None)
    if practice is not None and office and fold(office) != practice.name_key:
        return f"fax: this number is that of {practice.name}"
    other = known.namesake(told, practice)
    if provider is None and other is not None:
        return f"npi: {other.name} is known at this practice under another NPI"
    return ""


def _akin(one: str, other: str) -> bool:
    """Whether two names share a word that is none of the letters behind or before a name."""
    return bool(_words(one) & _words(other))


def _words(name: str) -> set[str]:
    return {word.strip(".,") for word in fold(name).split() if len(word.strip(".,")) > 2}


def _office(told: Told) -> str:
    if told.kind is SourceKind.PRACTICE:
        return told.practice or told.name
    if told.kind is not SourceKind.PROVIDER:
        return ""
    return told.practice or (told.name if told.fax else "")


def _is_provider(told: Told) -> bool:
    return told.kind is SourceKind.PROVIDER


def _identity(told: Told, practice: PracticeRow | None, provider: ProviderRow | None) -> str | None:
    """What the source would be found by; None while whom it stands for is not known."""
    if told.kind is SourceKind.PROVIDER:
        return f"provider:{provider.id}" if provider else None
    if told.kind is SourceKind.PRACTICE:
        return f"practice:{practice.id}" if practice else None
    return digest(told.kind, fold(told.name), told.fax or told.phone or told.email or "")


def _mark(told: Told) -> str:
    """What makes two rows of one file the same source."""
    office = told.fax or fold(_office(told))
    if told.kind is SourceKind.PROVIDER:
        return digest("npi", told.npi) if told.npi else digest("name", fold(told.name), office)
    reach = office or told.phone or told.email or ""
    return digest(told.kind, fold(told.name), reach)


def _fill(row: SourceRow, told: Told, *, write: bool) -> bool:
    """Whether something empty is filled."""
    given = {"owner_id": told.owner, "best_hours": told.best_hours, "hears": told.hears}
    new = {name: given[name] for name in _FILLS if given[name] and getattr(row, name) is None}
    if told.key and not row.key_source:
        new["key_source"] = "yes"
    if write:
        for name, value in new.items():
            setattr(row, name, True if name == "key_source" else value)
    return bool(new)


def _put(among: list[T], row: T) -> None:
    """In the place of itself, else behind the others."""
    for place, one in enumerate(among):
        if one.id == row.id:
            among[place] = row
            return
    among.append(row)


def _by(rows: Collection[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for row in sorted(rows, key=lambda one: (one.created_at, one.id)):
        found[key(row)].append(row)
    return found
