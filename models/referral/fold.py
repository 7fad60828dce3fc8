"""Facts folded by their keys; what they mean is told on top of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar, cast

from models.facts import AnyFact, Fact

F = TypeVar("F", bound=Fact)


class Fold:
    """Facts by key: the same in any order and however often they are told."""

    def __init__(self, facts: Iterable[AnyFact] = ()) -> None:
        self._facts: dict[str, AnyFact] = {}
        self._by_kind: dict[type[Fact], list[AnyFact]] | None = None
        for fact in facts:
            self.learn(fact)

    def learn(self, fact: AnyFact) -> bool:
        """Take a fact in; False if it was known already or is older than what is known."""
        known = self._facts.get(fact.key)
        if known is not None and _rank(known) >= _rank(fact):
            return False
        self._facts[fact.key] = fact
        self._by_kind = None
        return True

    @property
    def facts(self) -> tuple[AnyFact, ...]:
        """Everything known, in the order it happened, retractions included."""
        return tuple(sorted(self._facts.values(), key=lambda f: (f.at, f.key)))

    def all(self, kind: type[F]) -> list[F]:
        """The standing facts of one kind, oldest first."""
        if self._by_kind is None:
            self._by_kind = {}
            for fact in self.facts:
                if not fact.retracted:
                    self._by_kind.setdefault(type(fact), []).append(fact)
        return cast(list[F], self._by_kind.get(kind, []))

    def first(self, kind: type[F]) -> F | None:
        """The earliest standing fact of one kind."""
        found = self.all(kind)
        return found[0] if found else None

    def last(self, kind: type[F]) -> F | None:
        """The latest standing fact of one kind."""
        found = self.all(kind)
        return found[-1] if found else None

    def knows(self, key: str) -> bool:
        """A fact of this key stands."""
        fact = self._facts.get(key)
        return fact is not None and not fact.retracted


def _rank(fact: Fact) -> tuple[datetime, str]:
    # Two tellings at one moment: the body decides, so that the order they came in never does.
    return fact.as_of, fact.model_dump_json()
