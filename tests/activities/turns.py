"""What tests of sending share: times, refusals of a vendor, and what a turn learned."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlmodel import Session
from temporalio.testing import ActivityEnvironment

from activities.letter_page import PlainLetter, build
from models.contracts import Answer
from models.document_samples import THANK_YOU
from models.errors import ChannelError, Verdict
from models.facts import Fact
from store import consent
from store.tables import ConsentState
from tests.activities.office import MONDAY, ORG, WALL

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NIGHT = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)  # Monday 22:00 in Albany
TUESDAY_NINE = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)
F = TypeVar("F", bound=Fact)


def of(answer: Answer, kind: type[F]) -> list[F]:
    """What of one kind a turn learned."""
    return [fact for fact in answer.learned if isinstance(fact, kind)]


def busy(code: str = "busy") -> ChannelError:
    """A refusal that time mends."""
    return ChannelError(code, "the line is busy", verdict=Verdict.LATER)


def dead() -> ChannelError:
    """A refusal for good."""
    return ChannelError("no_such_number", "not in service", verdict=Verdict.PERMANENT)


def said(session: Session, address: str, state: ConsentState, at: datetime) -> None:
    """Somebody wants messages at an address, or none."""
    consent.record(
        session, org=ORG, address=address, state=state, at=at, why="test", recorded_at=WALL
    )


def at_time(at: datetime) -> ActivityEnvironment:
    """An activity's surroundings, begun at this time of the engine."""
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, started_time=at)
    return environment


def a_pdf() -> bytes:
    """Any plain PDF: one of our own."""
    data = PlainLetter(
        letterhead=THANK_YOU.letterhead,
        to=THANK_YOU.to,
        document_id="X-1",
        dated=MONDAY.date(),
        patient=THANK_YOU.patient,
        heading="Signed in the EMR",
        text="One.\n\nTwo.",
    )
    return build(data)
