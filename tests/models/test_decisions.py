"""What staff may decide, and the reason where they may not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from models.decisions import refusal
from models.facts import (
    AnyDecision,
    AppointmentCancelled,
    CallLogged,
    CallOutcome,
    CertificationWaived,
    ClosedReason,
    HandedOver,
    MessageApproved,
    MessageHeld,
    MessageSent,
    PatientDied,
    PatientReplied,
    ReferralClosed,
    ReferralWithdrawn,
    Reopened,
    Resumed,
    TaskCompleted,
    TaskHandedOver,
    TaskOpened,
    TaskReturned,
    TaskTaken,
)
from models.kinds import Kind
from models.referral import Referral
from tests.lives import (
    Life,
    approval,
    booked,
    discharged,
    evaluated,
    lifted,
    on,
    paused,
    planned,
    received,
    transferred,
    waits,
)

START = datetime(2026, 1, 12, 15, tzinfo=UTC)
ASKED = received(START)
MESSAGE = "last_text:patient:bd-10"
HELD = MessageHeld(at=START, message=MESSAGE, why="approval")


def opened(task: str) -> TaskOpened:
    return TaskOpened(at=on(START, 1), task=task, role="lead", due=on(START, 2))


def done(task: str, outcome: str = "done") -> TaskCompleted:
    return TaskCompleted.model_validate(
        {"at": on(START, 3), "by": "lee", "task": task, "outcome": outcome}
    )


def call(day: int = 3, party: str = "patient", **more: object) -> CallLogged:
    fields = {"at": on(START, day), "by": "dana", "call_id": "c1", "party": party, **more}
    return CallLogged.model_validate({"outcome": CallOutcome.VOICEMAIL, **fields})


def close(reason: ClosedReason, **more: object) -> ReferralClosed:
    return ReferralClosed.model_validate(
        {"at": on(START, 5), "by": "lee", "reason": reason, **more}
    )


def approve(message: str = MESSAGE) -> MessageApproved:
    return MessageApproved(at=on(START, 3), by="lee", message=message)


DECLINE = ClosedReason.DECLINED_BY_CLINIC
WEST = transferred(on(START, 2))
LOST = close(ClosedReason.UNABLE_TO_REACH)
BACK = Reopened(at=on(START, 6), by="lee", why="came_back")
WITHDRAWN = ReferralWithdrawn(at=on(START, 4))
TAKEN_BACK = received(START, as_of=on(START, 1), retracted=True)
AWAY: Any = waits(START, 1, check=3, limit=21)
PAUSE: Any = paused(START, 1, until=9)
RESUMED = Resumed(at=on(START, 5), by="lee")
CALL = opened("call_patient:bd-0-1")


def take(day: int = 3, by: str = "dana", task: str = CALL.task) -> TaskTaken:
    return TaskTaken(at=on(START, day), by=by, task=task, until=on(START, day + 1, "18:00"))


def back(day: int = 3) -> TaskReturned:
    return TaskReturned(at=on(START, day, "11:00"), by="dana", task=CALL.task)


def hand(to: str = "lee") -> TaskHandedOver:
    return TaskHandedOver(at=on(START, 3, "12:00"), by="dana", task=CALL.task, to=to)


HANDED = HandedOver(at=on(START, 3), by="dana", to="lee")
WAIVED = CertificationWaived(at=on(START, 40), by="drew")
REPLIED = PatientReplied(at=on(START, 2), reply_id="r1")
EVALUATED = evaluated(START)
OFF = AppointmentCancelled(at=on(START, 3), appointment_id="a1")
OUT = MessageSent(at=START, message=MESSAGE, message_kind=Kind.LAST_TEXT, channel="sms")

ROWS: list[tuple[str, Life, AnyDecision, str | None]] = [
    ("a call", [], call(), None),
    ("a call once it is over", [PatientDied(at=START)], call(), "over"),
    ("a call to the office then", [PatientDied(at=START)], call(party="source"), None),
    ("anything once it is closed", [LOST], call(day=6), "closed"),
    ("but its tasks are still done", [LOST, opened("low_score:1")], done("low_score:1"), None),
    ("a task that is not there", [], done("low_score:1"), "no_task"),
    ("a task twice", [opened("low_score:1"), done("low_score:1")], done("low_score:1"), None),
    ("on an old card", [call()], done("x", "done").model_copy(update={"seen": ""}), "stale"),
    ("on the newest card", [call()], close(ClosedReason.DECEASED, seen="call:c1"), None),
    # closing; policy.md rule 16, ARCHITECTURE §7
    ("completed", [], close(ClosedReason.COMPLETED), "completed_by_itself"),
    ("lost", [], LOST, None),
    ("lost with a visit ahead", booked(START), LOST, "booked"),
    ("lost once it is cancelled", [*booked(START), OFF], LOST, None),
    ("lost after the evaluation", EVALUATED, LOST, "evaluated"),
    ("withdrawn after it", EVALUATED, close(ClosedReason.WITHDRAWN), "evaluated"),
    ("died after it", EVALUATED, close(ClosedReason.DECEASED), None),
    ("an error found after it", EVALUATED, close(ClosedReason.ENTERED_IN_ERROR), None),
    ("lost before the answer is read", [REPLIED], LOST, "unread_reply"),
    ("read: somebody called", [REPLIED, call()], LOST, None),
    ("declined in that answer", [REPLIED], close(ClosedReason.DECLINED_BY_PATIENT), None),
    ("lost with a call to make", [opened("call_patient:bd-0-1")], LOST, "open_call"),
    ("lost as proposed", [opened("propose_close:bd-12")], LOST, None),
    ("lost with a question open", [opened("unmatched_event:inb_1")], LOST, "open_question"),
    ("declined by us, whatever is open", [opened("call_patient:bd-0-1")],
     close(ClosedReason.DECLINED_BY_CLINIC), None),
    ("declined with its reason", [], close(DECLINE, declined_for="payer"), None),
    ("a reason of ours for another end", [], close(ClosedReason.WITHDRAWN, declined_for="payer"),
     "not_declined"),
    ("a sister clinic for another end", [],
     close(ClosedReason.UNABLE_TO_REACH, sister_clinic_id="west"), "not_declined"),
    ("calling whom we declined", [close(DECLINE), opened("tell_patient:declined")], call(6), None),
    ("calling once they know", [close(DECLINE), opened("tell_patient:declined"),
                                call(6, outcome="reached")], call(7, call_id="c2"), "closed"),
    ("calling whom nobody owes a call", [close(DECLINE)], call(6), "closed"),
    ("calling the office instead", [close(DECLINE), opened("tell_patient:declined")],
     call(6, "source"), "closed"),
    # to another clinic
    ("moving on", [], transferred(on(START, 2)), None),
    ("moving on in care", EVALUATED, transferred(on(START, 20)), None),
    ("moving to where it is", [], transferred(on(START, 2), "east"), "same_clinic"),
    ("moving on twice", [WEST], transferred(on(START, 3)), "same_clinic"),
    ("moving back", [WEST], transferred(on(START, 3), "east", "west"), None),
    ("moving from where it was", [WEST], transferred(on(START, 3), "north"), "moved_meanwhile"),
    ("moving before it came", [], transferred(on(START, -1)), "too_early"),
    ("moving before it moved", [WEST], transferred(on(START, 1), "east", "west"), "too_early"),
    ("moving what is closed", [LOST], transferred(on(START, 6)), "closed"),
    ("moving whom nobody treats", [PatientDied(at=START)], transferred(on(START, 2)), "over"),
    ("moving after care", [*EVALUATED, *discharged(START, 9)], transferred(on(START, 12)),
     "care_ended"),
    ("taking a move back", [WEST], WEST.model_copy(update={"retracted": True}), "transfer_back"),
    ("lost while it waits", AWAY, LOST, "on_hold"),
    ("lost while the insurer is waited for", approval(START, 1, "required"), LOST, "on_hold"),
    ("lost once the wait is over", [*AWAY, *lifted(START, 3)], LOST, None),
    ("declined by the patient meanwhile", AWAY, close(ClosedReason.DECLINED_BY_PATIENT), None),
    ("lost after surgery", [received(START, as_of=on(START, 1), urgency="post_op")], LOST,
     "post_op"),
    ("their own no after surgery", [received(START, as_of=on(START, 1), urgency="post_op")],
     close(ClosedReason.DECLINED_BY_PATIENT), None),
    # going on after all
    ("reopening what was lost", [LOST], BACK, None),
    ("reopening what we declined", [close(ClosedReason.DECLINED_BY_CLINIC)], BACK, None),
    ("reopening what was closed in error", [close(ClosedReason.ENTERED_IN_ERROR)], BACK, None),
    ("reopening what was withdrawn", [WITHDRAWN, close(ClosedReason.WITHDRAWN, by="system")],
     BACK, None),
    ("while its last words are said", [WITHDRAWN], BACK, None),
    ("reopening after a death", [close(ClosedReason.DECEASED)], BACK, "deceased"),
    ("reopening after a death told", [PatientDied(at=START), LOST], BACK, "deceased"),
    ("reopening what was completed", [close(ClosedReason.COMPLETED, by="system")], BACK,
     "completed"),
    ("reopening what was never a request", [TAKEN_BACK, LOST], BACK, "entered_in_error"),
    ("reopening what is open", [], BACK, "not_closed"),
    ("reopening twice", [LOST, BACK], BACK.model_copy(
        update={"at": on(START, 9), "as_of": on(START, 9)}), "not_closed"),
    ("reopening before it was closed", [LOST], BACK.model_copy(
        update={"at": on(START, 2), "as_of": on(START, 2)}), "too_early"),
    ("closing again", [LOST, BACK],
     LOST.model_copy(update={"at": on(START, 9), "as_of": on(START, 9)}), None),
    # waiting; rule 15
    ("a hold", [], AWAY[0], None),
    ("a hold on other terms", AWAY, waits(START, 3, check=9, limit=30)[0], None),
    ("a hold once it is over", [PatientDied(at=START)], AWAY[0], "over"),
    ("a hold that ended before it began", [], waits(START, 9, check=3, limit=5)[0],
     "limit_passed"),
    ("a hold nobody looks after in time", [], waits(START, 1, check=30, limit=21)[0],
     "check_out_of_reach"),
    ("lifting", AWAY, lifted(START, 2)[0], None),
    ("lifting an authorization", approval(START, 1, "denied"), lifted(START, 2, "au1")[0], None),
    ("lifting what is not there", [], lifted(START, 2)[0], "no_hold"),
    ("lifting what is lifted", [*AWAY, *lifted(START, 2)], lifted(START, 3)[0], "no_hold"),
    ("lifting before it began", AWAY, lifted(START, 0)[0], "too_early"),
    # pausing
    ("a pause", [], PAUSE[0], None),
    ("a pause without an end", [], paused(START, 5, until=3)[0], "pause_without_end"),
    ("a pause once it is over", [PatientDied(at=START)], PAUSE[0], "over"),
    ("going on", PAUSE, RESUMED, None),
    ("going on from nothing", [], RESUMED, "not_paused"),
    ("going on twice", [*PAUSE, RESUMED],
     RESUMED.model_copy(update={"at": on(START, 6), "as_of": on(START, 6)}), "not_paused"),
    ("going on once it has ended by itself", PAUSE,
     RESUMED.model_copy(update={"at": on(START, 12), "as_of": on(START, 12)}), "not_paused"),
    # who has a task; task.lease
    ("taking a task", [CALL], take(), None),
    ("taking what is not there", [], take(), "no_task"),
    ("taking what is done", [CALL, done(CALL.task)], take(4), "task_over"),
    ("taking what is overtaken", [CALL, *booked(START)], take(), "task_over"),
    ("taking what a colleague has", [CALL, take(3, "wes")], take(3), "taken"),
    ("taking it again oneself", [CALL, take(2)], take(), None),
    ("taking it when the lease has ended", [CALL, take(2, "wes")], take(9), None),
    ("taking it once it was put back", [CALL, take(2, "wes"), back(2)], take(), None),
    ("putting back", [CALL, take()], back(), None),
    ("putting back what nobody has", [CALL], back(), "not_taken"),
    ("handing over", [CALL, take(3, "wes")], hand(), None),
    ("handing over what is done", [CALL, done(CALL.task)], hand(), "task_over"),
    ("a colleague does it all the same", [CALL, take(3, "wes")], done(CALL.task), None),
    ("taking a task of a closed referral", [LOST, opened("low_score:1")],
     take(6, task="low_score:1"), None),
    ("a card is not stale because a task was taken", [call(), CALL, take(4)],
     close(ClosedReason.DECEASED, seen="call:c1"), None),
    ("handing a referral on", [], HANDED, None),
    ("handing on what is over", [PatientDied(at=START)], HANDED, "over"),
    # taking back
    ("taking back what was not", [], call(retracted=True), "nothing_to_undo"),
    ("taking back", [call()], call(as_of=on(START, 4), retracted=True), None),
    ("reopening", [LOST], close(ClosedReason.UNABLE_TO_REACH, as_of=on(START, 6), retracted=True),
     None),
    ("closing anew with a visit ahead", [*booked(START, made=6, day=9), LOST],
     LOST.model_copy(update={"at": on(START, 7), "as_of": on(START, 7)}), "booked"),
    # messages
    ("approving", [HELD], approve(), None),
    ("approving what went out", [HELD, OUT], approve(), "already_settled"),
    ("approving nonsense", [], approve("what?"), "no_message"),
    ("approving a kind nobody knows", [], approve("poem:patient:1"), "no_message"),
    ("done instead of approved", [HELD, opened(f"approve_message:{MESSAGE}")],
     done(f"approve_message:{MESSAGE}"), "not_approved"),
    ("done instead of released", [HELD, opened(f"release_message:{MESSAGE}")],
     done(f"release_message:{MESSAGE}"), "not_approved"),
    ("stopped instead", [HELD, opened(f"approve_message:{MESSAGE}")],
     done(f"approve_message:{MESSAGE}", "dismissed"), None),
    ("done and approved", [HELD, opened(f"approve_message:{MESSAGE}"), approve()],
     done(f"approve_message:{MESSAGE}"), None),
    # the plan
    ("giving up what is not there", [], WAIVED, "no_plan"),
    ("giving up", [*EVALUATED, *planned(START)], WAIVED, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "decision", "code"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_what_may_be_decided(facts: Life, decision: AnyDecision, code: str | None) -> None:
    found = refusal(Referral([ASKED, *facts]), decision)
    assert (found.code if found else None) == code
    assert found is None or found.sentence.endswith(".")


@pytest.mark.parametrize("decision", [LOST, call(), approve(), WAIVED])
def test_the_same_decision_told_again_is_never_refused(decision: AnyDecision) -> None:
    assert refusal(Referral([ASKED, decision]), decision) is None


def test_a_refusal_says_which_question_is_open_and_who_was_faster() -> None:
    asked = Referral([ASKED, opened("unmatched_event:inb_1")])
    found = refusal(asked, LOST)
    assert found is not None
    assert "An event matches no referral" in found.sentence
    stale = refusal(Referral([ASKED, call()]), close(ClosedReason.DECEASED, seen=""))
    assert stale is not None
    assert "dana has decided something since (call logged)" in stale.sentence
