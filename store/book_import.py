"""Rows of an existing book of sources, found among the known ones or made; some hundred at a time.

The rules of finding are those of new referrals (store/people.py): a provider by NPI, else by name
within the practice; a practice by its fax number, else by its name; anybody else by kind, name and
reach. Here they are asked for many rows at once. Nobody who is known is overwritten: what a row
tells fills what was empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from sqlmodel import Session

from models.book_file import Told
from models.ids import new_id
from models.people import SourceKind
from store.book_known import Known, Row, identity_of, office_of
from store.ledger import standing
from store.rows import digest, fold
from store.tables import PracticeRow, ProviderRow, SourceRow

BATCH: Final = 400
# Stands behind or before a name, and says nothing of whose it is.
_TITLES: Final = frozenset(
    [
        "dr",
        "md",
        "do",
        "np",
        "pa",
        "pac",
        "pa-c",
        "dc",
        "dds",
        "dmd",
        "dpm",
        "dpt",
        "pt",
        "rn",
        "phd",
        "jr",
        "sr",
        "ii",
        "iii",
        "the",
        "and",
        "of",
    ]
)


class Came(StrEnum):
    """What a row came to."""

    NEW = "new"
    FILLED = "filled"  # known, and something empty was filled
    SAME = "same"
    TWICE = "twice"  # the same source stood in an earlier row
    DOUBTFUL = "doubtful"  # left out: a person must look


class Result(NamedTuple):
    """What one row came to; ``says`` where a person must look, or may want to."""

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
        known = Known(session, self._org, rows, None if write else self._made)
        return [self._one(session, known, told, write=write) for told in rows]

    def _one(self, session: Session, known: Known, told: Told, *, write: bool) -> Result:
        mark = _mark(told)
        earlier = self._seen.get(mark)
        if earlier is not None:
            same = _akin(earlier, told.name)
            says = "" if same else f"npi: an earlier row gives it to {earlier}"
            return Result(told.row, Came.TWICE if same else Came.DOUBTFUL, says)
        self._seen[mark] = told.name
        practice = known.practice(told)
        provider = known.provider(told, practice) if told.kind is SourceKind.PROVIDER else None
        doubt = _doubt(told, practice, provider, known)
        if doubt:
            return Result(told.row, Came.DOUBTFUL, doubt)
        source = known.source(identity_of(told, practice, provider))
        if source is None:
            return Result(told.row, Came.NEW, self._make(known, told, practice, provider))
        practice, provider, learned = _learn(known, told, practice, provider)
        made = source.id in self._made
        found = source if made else standing(session, source.id)
        place = provider.practice_id if provider else None
        filled = _fill(found, told, place, write=write or made)
        here = found.left_on is None  # with whoever has left nobody is to be in touch
        wanted = self._next_touch(told, source.identity) if told.next_touch and here else None
        has = found.next_touch_at
        says = ""
        if wanted is not None and has is None:
            filled = True
            if write or made:
                found.next_touch_at = wanted
        elif wanted is not None and has != wanted:
            says = "next_touch: they have one already, which stays"
        return Result(told.row, Came.FILLED if filled or learned else Came.SAME, says)

    def _make(
        self,
        known: Known,
        told: Told,
        practice: PracticeRow | None,
        provider: ProviderRow | None,
    ) -> str:
        """Make a source, with its office and provider; what a person may want to know of it."""
        says = ""
        practice, provider, _ = _learn(known, told, practice, provider)
        placed = told.kind is SourceKind.PROVIDER and (told.practice or told.fax)
        if practice is None and (placed or told.kind is SourceKind.PRACTICE):
            says = known.namesakes(told)
            practice = known.add(self._practice(told))
        if provider is None and told.kind is SourceKind.PROVIDER:
            provider = known.add(self._provider(told, practice))
        elif provider is not None:
            provider, _ = known.fill(provider, {"practice_id": practice.id if practice else None})
        identity = identity_of(told, practice, provider) or ""
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
        return says

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


def _doubt(
    told: Told, practice: PracticeRow | None, provider: ProviderRow | None, known: Known
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
    """Whether two names are the same, or share a word that is neither initial nor title."""
    return fold(one) == fold(other) or bool(_words(one) & _words(other))


def _words(name: str) -> set[str]:
    words = {word.strip(".,").replace(".", "") for word in fold(name).split()}
    return {word for word in words if len(word) > 1} - _TITLES


def _mark(told: Told) -> str:
    """What makes two rows of one file the same source."""
    office = told.fax or fold(office_of(told))
    if told.kind is SourceKind.PROVIDER:
        return digest("npi", told.npi) if told.npi else digest("name", fold(told.name), office)
    reach = office or told.phone or told.email or ""
    return digest(told.kind, fold(told.name), reach)


def _learn(
    known: Known, told: Told, practice: PracticeRow | None, provider: ProviderRow | None
) -> tuple[PracticeRow | None, ProviderRow | None, bool]:
    """Fill what is empty of a practice and a provider who are known; whether anything was."""
    reach = {"phone": told.phone, "email": told.email}
    new = [False, False, False]
    if practice is not None:
        office = told.kind is SourceKind.PRACTICE
        practice, new[0] = known.fill(practice, {"fax": told.fax, **(reach if office else {})})
        if office and practice.wants_thanks and not told.wants_thanks:
            practice, new[1] = known.learn(practice, {"wants_thanks": False}), True
    if provider is not None:
        place = practice.id if practice else None
        provider, new[2] = known.fill(provider, {"npi": told.npi, "practice_id": place, **reach})
    return practice, provider, any(new)


def _fill(row: SourceRow, told: Told, place: str | None, *, write: bool) -> bool:
    """Whether something empty is filled; a flag or a "no" that the row tells counts as well."""
    given: dict[str, str | None] = {
        "owner_id": told.owner,
        "best_hours": told.best_hours,
        "hears": told.hears,
        "practice_id": place,
    }
    new: dict[str, str | bool] = {
        name: value for name, value in given.items() if value and getattr(row, name) is None
    }
    if told.key and not row.key_source:
        new["key_source"] = True
    if row.wants_thanks and not told.wants_thanks:
        new["wants_thanks"] = False
    if write:
        for name, value in new.items():
            setattr(row, name, value)
    return bool(new)
