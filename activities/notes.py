"""What operators see of an act: one log line and one count, once it is true in the record."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from sqlmodel import Session

from activities.turns import Turn
from models.contracts import Channel
from store.engine import once_true
from store.tables import InboxRow
from telemetry import meters
from telemetry.logs import logger
from telemetry.meters import word

_LOG = logger(__name__)
Verdict = Literal["sent", "held", "failed", "came_back", "dropped"]


def message(
    session: Session,
    turn: Turn,
    verdict: Verdict,
    *,
    channel: Channel | None = None,
    reference: str | None = None,
    code: str | None = None,
) -> None:
    """What came of one turn; ``code`` says why not. The occasion may name an appointment, so the
    message's key is not logged: the reference is what its vendor knows."""

    def note() -> None:
        meters.SENDS.labels(turn.given.org, turn.given.kind, channel or "none", verdict).inc()
        _LOG.info(
            f"message_{verdict}",
            org=turn.given.org,
            referral_id=turn.given.referral_id,
            kind=str(turn.given.kind),
            party=turn.given.to.partition(":")[0],
            channel=channel,
            reference=reference,
            code=code,
        )

    once_true(session, note)


def acknowledged(session: Session, org: str, waited: timedelta) -> None:
    """A source was thanked for a referral, so long after it came."""

    def note() -> None:
        meters.ACKNOWLEDGED.labels(org).observe(max(0.0, waited.total_seconds()))

    once_true(session, note)


def taken(row: InboxRow, kind: str, outcome: str, code: str | None = None) -> None:
    """An event came to the door, and what it was told."""
    meters.EVENTS_TAKEN.labels(row.org, word(row.origin), word(kind), outcome).inc()
    _LOG.info(
        "event_taken",
        org=row.org,
        row_id=row.id,
        origin=row.origin,
        kind=kind,
        outcome=outcome,
        code=code,
    )


def decided(org: str, referral_id: str, kind: str, outcome: str, code: str | None = None) -> None:
    """A staff decision was asked for, and taken or refused."""
    meters.DECISIONS.labels(org, word(kind), outcome).inc()
    if code is not None:
        meters.DECISIONS_REFUSED.labels(org, word(code)).inc()
    _LOG.info(
        "decision_asked", org=org, referral_id=referral_id, kind=kind, outcome=outcome, code=code
    )
