"""The board and the counts behind the demo's summary."""

from __future__ import annotations

from models.facts import ClosedReason, ReferralClosed, TaskOpened
from models.kinds import Kind
from models.referral import MessageRef
from models.roles import Role
from store import board, post, sources
from store.engine import Store
from store.stats import stats
from store.tables import DeliveryState, MessageState
from tests.store.world import CLINIC, DAY, ORG, START, a_referral, source_of


def test_the_board_shows_what_presses_first_and_no_duplicates(store: Store) -> None:
    record, later = a_referral(store, at=START + DAY)
    _, first = a_referral(store, patient={"given_name": "Bo"}, source={"npi": "1245319599"})
    _, closed = a_referral(store, patient={"given_name": "Cy"}, at=START - DAY)
    end = ReferralClosed(at=START, by="staff_1", reason=ClosedReason.UNABLE_TO_REACH)
    record.write(ORG, closed, end, recorded_at=START)
    with store.read() as session:
        shown = board.cards(session, ORG)
        assert [one.card.referral_id for one in shown] == [first, later]
        assert (shown[0].patient, shown[0].source) == ("Bo Example", "Dr. Pat Sample")
        assert len(board.cards(session, ORG, closed=True)) == 3
        assert len(board.cards(session, ORG, CLINIC, limit=1)) == 1
        assert board.cards(session, ORG, "another clinic") == []
        assert board.cards(session, "elsewhere") == []


def test_counts_of_everything(store: Store) -> None:
    record, ref = a_referral(store)
    fact = TaskOpened(at=START, task="call_patient:1", role=Role.FRONT_DESK, due=START)
    record.write(ORG, ref, fact, recorded_at=START)
    source = source_of(store, ref)
    with store.write() as session:
        for kind in (Kind.THANK_YOU, Kind.CHECK_IN):
            message, _ = post.queue_message(
                session,
                org=ORG,
                referral_id=ref,
                message=MessageRef(kind, "source", "1"),
                at=START,
                recorded_at=START,
            )
            delivery, _ = post.queue_delivery(
                session, message, channel="fax", rung=0, address="+1", at=START, recorded_at=START
            )
            if kind is Kind.THANK_YOU:
                post.claim(session, delivery.id, 0, at=START)
                post.settle(session, delivery.id, DeliveryState.ACCEPTED, at=START, vendor_id="1")
                post.mark_message(session, message.id, MessageState.SENT, at=START)
        sources.open_quiet(session, source, since=START, at=START, due=START)
    with store.read() as session:
        found = stats(session, ORG)
        assert found == stats(session)
        assert stats(session, "elsewhere").referrals == 0
    assert (found.referrals, found.stages) == (1, {"received": 1})
    assert found.messages == {"thank_you": {"fax": 1}}
    assert found.deliveries == {"fax": {"accepted": 1, "queued": 1}}
    assert found.tasks == {"call_patient": 1, "re_engagement": 1}
    assert found.tasks_open == found.tasks
    assert (found.sources_quiet, found.duplicate_sends) == (1, 0)
