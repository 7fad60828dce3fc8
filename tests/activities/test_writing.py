"""A text that a person wrote is somebody's until a workflow has it."""

from __future__ import annotations

from activities.loop import Decided
from activities.writing import Writing
from models.facts import AnyDecision, TextWritten
from store import conversations
from tests.activities.office import MONDAY, ORG, PHONE, WALL, Office


async def test_what_no_worker_has_taken_is_handed_over_again(office: Office) -> None:
    """The engine keeps an update that nobody took in its memory alone: a restart forgets it."""
    said: list[AnyDecision] = []
    answers = [Decided("pending"), Decided("done")]

    async def decide(org: str, referral_id: str, decision: AnyDecision) -> Decided:
        assert (org, referral_id) == (ORG, office.referral_id)
        said.append(decision)
        return answers.pop(0)

    writing = Writing(office.store, office.tenants, decide, lambda: MONDAY)
    await writing.write(
        ORG, office.referral_id, PHONE, by="dana", words="See you then.", nonce="n1"
    )

    def left() -> int:
        with office.store.read() as session:
            return len(conversations.not_handed(session, WALL))

    assert left() == 1
    assert await writing.hand_left(WALL) == 1
    assert left() == 0
    first, second = said
    assert isinstance(first, TextWritten)
    assert first == second, "the same decision is the same update"
