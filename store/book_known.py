"""Whom the rows of an existing book of sources may mean, read for many rows at once.

The rules of finding are those of new referrals (store/people.py): a provider by NPI, else by name
within the practice; a practice by its fax number, else by its name; anybody else by kind, name and
reach.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import or_
from sqlmodel import Session, col, select

from models.book_file import Told
from models.people import SourceKind
from store.rows import digest, fold
from store.tables import PracticeRow, ProviderRow, SourceRow

T = TypeVar("T", PracticeRow, ProviderRow)
Row = PracticeRow | ProviderRow | SourceRow


class Known:
    """Everybody a batch may mean, read with three queries.

    *rehearsed*: what is new goes there, to be known to the next batch, and not to the database.
    """

    def __init__(
        self, session: Session, org: str, rows: Sequence[Told], rehearsed: dict[str, Row] | None
    ) -> None:
        self._session = session
        self._rehearsed = rehearsed
        faxes = {one.fax for one in rows if one.fax}
        offices = {fold(office_of(one)) for one in rows if office_of(one)}
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
            provider = self.provider(told, practice) if told.kind is SourceKind.PROVIDER else None
            identity = identity_of(told, practice, provider)
            wanted |= {identity} if identity else set()
        query = select(SourceRow).where(SourceRow.org == org, col(SourceRow.identity).in_(wanted))
        return session.exec(query).all()

    def practice(self, told: Told) -> PracticeRow | None:
        """The practice a row means, if it is known."""
        if told.kind not in {SourceKind.PROVIDER, SourceKind.PRACTICE}:
            return None
        if told.fax and told.fax in self._faxes:
            return self._faxes[told.fax]
        named = self._practices.get(fold(office_of(told)), []) if office_of(told) else []
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

    def namesakes(self, told: Told) -> str:
        """What to say of a practice that another one shares its name with; empty for the only one.

        Another fax number is another office, as with referrals; a person may know better.
        """
        if not self._practices.get(fold(office_of(told))):
            return ""
        return "fax: a practice of this name has another number; merge them if they are one"

    def source(self, identity: str | None) -> SourceRow | None:
        """The source of an identity, if it is known."""
        return self._sources.get(identity) if identity else None

    def add(self, row: T) -> T:
        """Remember somebody new, for the rows that follow."""
        self._keep(row)
        self._remember(row)
        return row

    def learn(self, row: T, told: Mapping[str, str | bool]) -> T:
        """What a row of the file adds to somebody known; a rehearsal writes it on a twin."""
        known = row if self._rehearsed is None else type(row)(**row.model_dump())
        for name, value in told.items():
            setattr(known, name, value)
        return self.add(known)

    def fill(self, row: T, told: Mapping[str, str | None]) -> tuple[T, bool]:
        """The same for what is empty; and whether anything was."""
        new = {name: value for name, value in told.items() if value and getattr(row, name) is None}
        return (self.learn(row, new), True) if new else (row, False)

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


def office_of(told: Told) -> str:
    """The name of the practice a row means; empty where it means none."""
    if told.kind is SourceKind.PRACTICE:
        return told.practice or told.name
    if told.kind is not SourceKind.PROVIDER:
        return ""
    return told.practice or (told.name if told.fax else "")


def identity_of(
    told: Told, practice: PracticeRow | None, provider: ProviderRow | None
) -> str | None:
    """What the source would be found by; None while whom it stands for is not known."""
    if told.kind is SourceKind.PROVIDER:
        return f"provider:{provider.id}" if provider else None
    if told.kind is SourceKind.PRACTICE:
        return f"practice:{practice.id}" if practice else None
    return digest(told.kind, fold(told.name), told.fax or told.phone or told.email or "")


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
