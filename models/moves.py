"""Moving a card: which columns there are, what makes each true, and what can be taken back.

Nobody moves a stage (ARCHITECTURE §2): a move is the fact that makes the next column true, told by
a person at the desk; taking it back retracts that fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from models.contracts import Card
from models.facts import (
    AppointmentBooked,
    CallLogged,
    Discharged,
    EvaluationCompleted,
    Fact,
    IntakeCompleted,
    MessageSent,
    ReferralClosed,
    VisitCompleted,
)
from models.referral import Referral, Stage
from models.refusals.base import Refusal

TITLES: Final[dict[Stage, str]] = {
    Stage.RECEIVED: "New",
    Stage.CONTACTING: "Contacted",
    Stage.SCHEDULED: "Scheduled",
    Stage.INTAKE: "Intake sent",
    Stage.EVALUATED: "First visit complete",
    Stage.IN_CARE: "In care",
    Stage.DISCHARGING: "Discharging",
    Stage.CLOSED: "Closed",
}


class Move(StrEnum):
    """What a person tells to move a card."""

    CALLED = "called"
    BOOKED = "booked"
    FORMS = "forms"
    EVALUATED = "evaluated"
    VISITED = "visited"
    DISCHARGED = "discharged"
    CLOSED = "closed"
    REOPENED = "reopened"


class Way(NamedTuple):
    """Where a move leads, from where it is offered, and what it says has happened."""

    to: Stage | None  # None: wherever the facts put it
    says: str
    start: frozenset[Stage]


_BEFORE_CARE: Final = frozenset({Stage.RECEIVED, Stage.CONTACTING, Stage.SCHEDULED, Stage.INTAKE})

WAYS: Final[dict[Move, Way]] = {
    Move.CALLED: Way(Stage.CONTACTING, "I called the patient", frozenset({Stage.RECEIVED})),
    Move.BOOKED: Way(
        Stage.SCHEDULED,
        "The evaluation is booked",
        frozenset({Stage.RECEIVED, Stage.CONTACTING}),
    ),
    Move.FORMS: Way(Stage.INTAKE, "The patient's forms are complete", frozenset({Stage.SCHEDULED})),
    Move.EVALUATED: Way(Stage.EVALUATED, "The first visit took place", _BEFORE_CARE),
    Move.VISITED: Way(Stage.IN_CARE, "A further visit took place", frozenset({Stage.EVALUATED})),
    Move.DISCHARGED: Way(
        Stage.DISCHARGING, "Care has ended", frozenset({Stage.EVALUATED, Stage.IN_CARE})
    ),
    Move.CLOSED: Way(Stage.CLOSED, "It will not go on", _BEFORE_CARE),
    Move.REOPENED: Way(None, "It goes on after all", frozenset({Stage.CLOSED})),
}

# What can be taken back from a toast; a booking that is off later is cancelled instead.
_TAKEN_BACK: Final = (
    CallLogged,
    AppointmentBooked,
    IntakeCompleted,
    EvaluationCompleted,
    VisitCompleted,
    Discharged,
    ReferralClosed,
)
# Columns that a card enters by itself while somebody looks at it; no reason to stop them.
_BY_ITSELF: Final = frozenset({(Stage.RECEIVED, Stage.CONTACTING), (Stage.SCHEDULED, Stage.INTAKE)})


class Seen(NamedTuple):
    """The card as somebody saw it: the token that every write from a page carries."""

    stage: str
    version: str

    @classmethod
    def of(cls, card: Card) -> Seen:
        """What a page shows of a card."""
        return cls(card.stage, card.version)

    @classmethod
    def parse(cls, text: str) -> Seen:
        """The reverse of ``str``; anything else is a card nobody has seen."""
        stage, _, version = text.partition("|")
        return cls(stage, version)

    def __str__(self) -> str:
        return f"{self.stage}|{self.version}"

    def holds(self, card: Card) -> bool:
        """Whether no person has changed the card since."""
        same = self.stage == card.stage or (self.stage, card.stage) in _BY_ITSELF
        return same and self.version == card.version


def offered(stage: str, *, confirmed: bool) -> tuple[Move, ...]:
    """The moves of a card, in the order of the columns.

    None while a machine has read it and nobody has vouched for it (policy.md rule 7).
    """
    if not confirmed:
        return ()
    return tuple(move for move, way in WAYS.items() if stage in way.start)


def undoable(r: Referral, key: str, told: Iterable[Fact]) -> Refusal | None:
    """Why a fact cannot be taken back as if it had not been told, or None; *told* is all of it.

    Once somebody outside was told something since, it takes another fact to put it right
    (ARCHITECTURE §7: nothing is unsent).
    """
    fact = next((one for one in r.facts if one.key == key and not one.retracted), None)
    if fact is None or not isinstance(fact, _TAKEN_BACK):
        return Refusal(code="nothing_to_undo", sentence="There is nothing to take back any more.")
    before = [one for one in told if one.key == key and one.as_of < fact.as_of]
    if before and not max(before, key=lambda one: one.as_of).retracted:
        return Refusal(
            code="told_before",
            sentence="This was told before in other words, such as an appointment at another time. "
            "Tell it again as it should be.",
        )
    sent = [message for message in r.all(MessageSent) if message.at >= fact.as_of]
    if sent and not isinstance(fact, CallLogged):
        words = str(sent[-1].message_kind).replace("_", " ")
        return Refusal(
            code="already_told",
            sentence=f"A message has gone out since ({words}), so this cannot be undone. "
            f"{_instead(fact)}",
        )
    return None


def _instead(fact: Fact) -> str:
    if isinstance(fact, AppointmentBooked):
        return "Cancel or move the appointment instead."
    if isinstance(fact, ReferralClosed):
        return "Reopen the referral instead."
    return "Correct it in the EMR, or write a note for whoever goes on."
