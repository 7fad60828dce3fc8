"""What a row of the inbox came to, as values: written by ``Apply``, owed to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from models.contracts import ReferralStart
from models.facts import AnyFact
from models.policy import Rules
from models.referral import Referral
from store.tables import InboxRow, ReferralRow

# The origin of a row that holds a person's decision, as ``Deciding`` keeps it.
DECIDED = "decision"


class Telling(NamedTuple):
    """What one workflow must hear; without facts it only has to be there."""

    start: ReferralStart
    facts: tuple[AnyFact, ...] = ()
    reopens: bool = False  # its story had ended: a new run begins


class Applied(NamedTuple):
    """What a row came to; ``tellings`` are owed to the engine before the row counts as applied."""

    row: InboxRow
    tellings: tuple[Telling, ...] = ()
    source: tuple[str, datetime] | None = None
    woken: tuple[str, ...] = ()  # rows that waited for the referral this one brought
    waits: bool = False
    reason: str | None = None  # how a request was linked
    changed: tuple[str, ...] = ()  # sources whose watch looks again


def owed(row: ReferralRow, referral: Referral, facts: tuple[AnyFact, ...] = ()) -> Telling:
    """What a referral's workflow must hear, and what it begins with if none runs."""
    return Telling(start_of(row, referral), facts)


def start_of(row: ReferralRow, referral: Referral) -> ReferralStart:
    """How a referral's workflow begins, at any time of its life: with all the record knows."""
    return ReferralStart(
        org=row.org,
        clinic_id=row.clinic_id,
        referral_id=row.id,
        source_id=row.source_id,
        rules=Rules.model_validate(row.rules),
        facts=referral.facts,
    )


def merged(first: Sequence[Telling], more: Sequence[Telling]) -> tuple[Telling, ...]:
    """Both, with one telling for each referral; a workflow that only begins begins with it all."""
    found = {one.start.referral_id: one for one in first}
    for one in more:
        known = found.get(one.start.referral_id)
        if known is None:
            found[one.start.referral_id] = one
        else:
            news = tuple(fact for fact in one.facts if fact not in known.facts)
            facts = (*known.facts, *news) if known.facts else ()
            found[one.start.referral_id] = known._replace(start=one.start, facts=facts)
    return tuple(found.values())
