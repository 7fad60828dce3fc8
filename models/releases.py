"""What the patient lets people read who do not treat them (policy.md rule 2).

Facts about a patient go by themselves to treating providers only. Everybody else reads what an
unexpired authorization covers, or what a person releases, message by message.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from models.facts import AnyFact, ReleaseRecorded, ReleaseRevoked, Scope
from models.kinds import Kind

if TYPE_CHECKING:
    from models.referral import Referral

HELD = "release"  # why a message waits
_REPORTS = {Kind.PROGRESS_REPORT, Kind.DISCHARGE_SUMMARY, Kind.PLAN_OF_CARE}


def covers(scope: Scope, kind: Kind) -> bool:
    """Whether a scope lets a kind of message go; reports include the status."""
    return scope is Scope.REPORTS or kind not in _REPORTS


def standing(facts: Iterable[AnyFact]) -> list[ReleaseRecorded]:
    """The authorizations that were recorded and not revoked since, oldest first.

    The facts may come from several referrals of one patient: of one release the last word counts.
    """
    recorded: dict[str, ReleaseRecorded] = {}
    revoked: dict[str, ReleaseRevoked] = {}
    for fact in facts:
        if isinstance(fact, ReleaseRecorded):
            known = recorded.get(fact.release_id)
            if known is None or known.as_of < fact.as_of:
                recorded[fact.release_id] = fact
        elif isinstance(fact, ReleaseRevoked):
            before = revoked.get(fact.release_id)
            if before is None or before.as_of < fact.as_of:
                revoked[fact.release_id] = fact
    found = []
    for release_id, one in recorded.items():
        back = revoked.get(release_id)
        gone = back is not None and not back.retracted and back.as_of >= one.as_of
        if not (gone or one.retracted):
            found.append(one)
    return sorted(found, key=lambda one: (one.at, one.release_id))


def released(facts: Iterable[AnyFact], recipient_id: str, kind: Kind, on: date) -> bool:
    """Whether somebody may read this kind of message on a local day."""
    return any(
        one.recipient_id == recipient_id
        and covers(one.scope, kind)
        and (one.ends_on is None or on <= one.ends_on)
        for one in standing(facts)
    )


def told(r: Referral) -> tuple[AnyFact, ...]:
    """Everything a referral knows of authorizations, retractions included."""
    return tuple(f for f in r.facts if isinstance(f, ReleaseRecorded | ReleaseRevoked))


def readers(r: Referral) -> tuple[str, ...]:
    """Everybody whom an authorization for reports ever named, in force or not: they ask for them.

    In the order they came.
    """
    named = [one for one in r.all(ReleaseRecorded) if one.scope is Scope.REPORTS]
    return tuple(dict.fromkeys(one.recipient_id for one in named))
