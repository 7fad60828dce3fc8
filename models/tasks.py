"""What people must do: every kind of task with its role, its words, and when it is overtaken.

A task's key is ``<kind>:<occasion>``. A task is *moot* once the facts show that nobody need do it
any more (a call to a patient who has booked); moot tasks leave the board by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from models import holds, parties, telling
from models.facts import (
    AuthorizationStatus,
    CoSourceAdded,
    MessageHeld,
    MessageSent,
    OrderReceived,
    PageJudged,
    PageVerdict,
    Signer,
    WhyDeclined,
)
from models.kinds import Kind
from models.roles import Role

if TYPE_CHECKING:
    from models.referral import Referral


class TaskKind(StrEnum):
    """Every reason to ask a person."""

    CONFIRM_REQUEST = "confirm_request"
    VERIFY_SENDER = "verify_sender"
    NAME_GUARDIAN = "name_guardian"
    ACKNOWLEDGE = "acknowledge"
    CALL_PATIENT = "call_patient"
    ASK_OFFICE = "ask_office"
    PROPOSE_CLOSE = "propose_close"
    ANSWER_PATIENT = "answer_patient"
    RED_FLAG = "red_flag"
    WRONG_NUMBER = "wrong_number"
    CALL_AFTER_STOP = "call_after_stop"
    CALL_AFTER_CANCEL = "call_after_cancel"
    CALL_TO_RESCHEDULE = "call_to_reschedule"
    CONFIRM_ATTENDANCE = "confirm_attendance"
    REBOOK_CALL = "rebook_call"
    DECIDE_NO_SHOWS = "decide_no_shows"
    INTAKE_HELP = "intake_help"
    EVALUATION_OVERDUE = "evaluation_overdue"
    CHECK_HOLD = "check_hold"
    HOLD_LIMIT = "hold_limit"
    REQUEST_AUTHORIZATION = "request_authorization"
    CHASE_AUTHORIZATION = "chase_authorization"
    AUTHORIZATION_DENIED = "authorization_denied"
    RENEW_AUTHORIZATION = "renew_authorization"
    TELL_WAITING = "tell_waiting"
    ORDER_STALE = "order_stale"
    NAME_CERTIFIER = "name_certifier"
    ATTACH_DOCUMENT = "attach_document"
    SIGN_PLAN = "sign_plan"
    CALL_CERTIFIER = "call_certifier"
    DIRECTOR_CALL = "director_call"
    JUDGE_RETURNED_PLAN = "judge_returned_plan"
    REVIEW_CHANGED_PLAN = "review_changed_plan"
    PLAN_UNDATED = "plan_undated"
    PLAN_NOT_THEIR_PATIENT = "plan_not_their_patient"
    PLAN_VISIT_FIRST = "plan_visit_first"
    PLAN_DISAGREED = "plan_disagreed"
    RECERTIFY = "recertify"
    WRITE_PROGRESS = "write_progress"
    PROGRESS_OVERDUE = "progress_overdue"
    NO_NEXT_VISIT = "no_next_visit"
    DROPOUT = "dropout"
    PROPOSE_DISCHARGE = "propose_discharge"
    MISSING_EVALUATION = "missing_evaluation"
    SIGN_SUMMARY = "sign_summary"
    LOW_SCORE = "low_score"
    UNDELIVERABLE = "undeliverable"
    UNCERTAIN_DELIVERY = "uncertain_delivery"
    APPROVE_MESSAGE = "approve_message"
    RELEASE_MESSAGE = "release_message"
    AFTER_CLOSING = "after_closing"
    RETRACTED_AFTER_LETTER = "retracted_after_letter"
    UNREADABLE_EVENT = "unreadable_event"
    STEP_FAILED = "step_failed"
    UNMATCHED_EVENT = "unmatched_event"
    TELL_SOURCE = "tell_source"
    TELL_PATIENT = "tell_patient"
    CALL_AFTER_TRANSFER = "call_after_transfer"
    FEED_SILENT = "feed_silent"
    RE_ENGAGEMENT = "re_engagement"
    CALL_PRACTICE = "call_practice"
    QUIET_PRACTICE = "quiet_practice"


Moot = Callable[["Referral", str], bool]  # of a referral and the task's occasion


class TaskSpec(NamedTuple):
    """Who does it, what the board says, and when it is overtaken."""

    role: Role
    says: str
    moot: Moot
    urgent: bool = False  # held for an hour at most, and raised within hours
    own_ladder: bool = False  # its promise itself asks the next in line
    infers: bool = False  # asked because nothing was told: not while the feed is silent (rule 9)


def _never(_: Referral, __: str) -> bool:
    return False


def _over(r: Referral, _: str) -> bool:
    return r.over()


def _placed(r: Referral, occasion: str) -> bool:
    # The occasion is the event, or the request that is missing.
    found = _base(occasion) == "request" and r.is_received()
    return found or r.knows(f"match:{occasion}")


def _told_or_goes_on(r: Referral, occasion: str) -> bool:
    if telling.tells_of_transfer(occasion):
        return r.over() or telling.transfer_settled(r, occasion)
    return not r.over() or telling.written(r, occasion)


def _knows_new_clinic(r: Referral, occasion: str) -> bool:
    """Somebody has spoken to the patient since, or it moved once more."""
    moved = r.transfer()
    if moved is None or moved.occasion != occasion or r.over() or r.discharged():
        return True
    return any(call.outcome.spoken and call.at >= moved.at for call in r.calls())


def _told_in_person(r: Referral, occasion: str) -> bool:
    """Somebody has spoken to the patient since, or the referral goes on after all."""
    opened = r.task(task_key(TaskKind.TELL_PATIENT, occasion))
    told = [call.at for call in r.calls() if call.outcome.spoken]
    return r.died() or not r.over() or (opened is not None and any(at >= opened.at for at in told))


def _verified(r: Referral, occasion: str) -> bool:
    base = _base(occasion)
    if base.startswith("co_source:"):
        other = base.partition(":")[2]
        known = any(one.verified for one in r.all(CoSourceAdded) if one.source_id == other)
        return r.over() or known
    # Other occasions name a detail of the request that a person looks up (an NPI, a number).
    return base == "1" and (r.over() or (r.is_received() and r.received.source_verified))


def _thanked(r: Referral, occasion: str) -> bool:
    base = _base(occasion)  # the first source's, or the message that a further one is owed
    if base != "1":
        return r.died() or r.knows(f"sent:{base}")
    thanks = (Kind.THANK_YOU, Kind.THANK_YOU_PAST_PATIENT)
    return r.died() or any(r.knows(f"sent:{kind}:source:1") for kind in thanks)


def _guardian_known(r: Referral, occasion: str) -> bool:
    """A message went to the patient's side since."""
    opened = r.task(task_key(TaskKind.NAME_GUARDIAN, occasion))
    wrote = [sent.at for sent in r.all(MessageSent) if ":patient:" in sent.message]
    return r.over() or (opened is not None and any(at >= opened.at for at in wrote))


def _order_renewed(r: Referral, occasion: str) -> bool:
    """A newer order is on file than the one that has grown old, or care is over."""
    since = occasion.removeprefix("of-")
    orders = [one.at for one in r.all(OrderReceived) if one.signed_and_dated]
    return r.discharged() or r.over() or any(f"{at:%Y%m%d}" > since for at in orders)


def _ever_booked(r: Referral, _: str) -> bool:
    return r.ever_booked() or r.over()


def _booked(r: Referral, _: str) -> bool:
    return r.booked() or r.over()


def _called_off(r: Referral, occasion: str) -> bool:
    key = task_key(TaskKind.CALL_PATIENT, occasion)
    opened = r.task(key)
    # Whoever logs a call has made it (rule 18): two people must not call one patient.
    called = opened is not None and any(call.at >= opened.at for call in r.calls())
    elsewhere = r.reached_with() is not None  # called once, for both referrals (rule 12)
    return called or elsewhere or _ever_booked(r, occasion) or _waits(r, key)


def _booked_or_never_mind(r: Referral, occasion: str) -> bool:
    if _waits(r, task_key(TaskKind.PROPOSE_CLOSE, occasion)):
        return True
    # The cadence proposes before the first booking, the evaluation window at any time.
    return _booked(r, occasion) if occasion.startswith("window") else _ever_booked(r, occasion)


def _waits(r: Referral, key: str) -> bool:
    """A hold stands, or one ended after the task was opened: everything begins anew then (15)."""
    opened = r.task(key)
    anew = opened is not None and r.is_received() and opened.at < r.clock_start
    return anew or holds.waits(r)


def _answered(kind: TaskKind) -> Moot:
    """A call has answered the patient's text; its occasion names which one."""
    return lambda r, occasion: r.died() or r.reply_overtaken(kind, occasion)


def _another_visit(r: Referral, occasion: str) -> bool:
    booked = r.appointment()
    return booked is None or booked.appointment_id != _base(occasion)


def _attended(r: Referral, occasion: str) -> bool:
    if r.evaluated_or_discharged() or r.over() or _another_visit(r, occasion):
        return True
    booked, asked = r.appointment(), r.task(task_key(TaskKind.CONFIRM_ATTENDANCE, occasion))
    # Moved to a later day after the question was put: it is put again then.
    return booked is not None and asked is not None and asked.at < booked.starts_at


def _forms_in(r: Referral, occasion: str) -> bool:
    return r.intake_done() or r.over() or _another_visit(r, occasion)


def _booked_again(r: Referral, occasion: str) -> bool:
    return r.over() or r.rebooking() != _base(occasion) or holds.waits(r)


def _in_care(r: Referral, occasion: str) -> bool:
    waits = _waits(r, task_key(TaskKind.EVALUATION_OVERDUE, occasion))
    return r.evaluated_or_discharged() or r.over() or waits


def _looked_after(r: Referral, occasion: str) -> bool:
    # The occasion ends with the moment that was agreed on: another one has a task of its own.
    now = {hold_occasion(h.hold_id, at) for h in holds.standing(r) for at in (h.next_check,) if at}
    return r.over() or _base(occasion) not in now


def _within_limit(r: Referral, occasion: str) -> bool:
    now = {hold_occasion(h.hold_id, h.limit or h.since) for h in holds.standing(r)}
    return r.over() or _base(occasion) not in now


def _authorization_moved(*wanted: AuthorizationStatus) -> Moot:
    def moved(r: Referral, occasion: str) -> bool:
        told = [h.authorization for h in holds.standing(r) if h.authorization is not None]
        still = {hold_occasion(a.authorization_id, a.at) for a in told if a.status in wanted}
        return r.over() or _base(occasion) not in still

    return moved


def _renewed(r: Referral, occasion: str) -> bool:
    held = [one for one in (holds.granted(r), holds.expired(r)) if one is not None]
    still = {hold_occasion(one.authorization_id, one.at) for one in held}
    asked = any(h.authorization is not None for h in holds.standing(r))
    return r.over() or r.discharged() or asked or _base(occasion) not in still


def _waits_no_more(r: Referral, _: str) -> bool:
    insurer = any(hold.reason.insurer for hold in holds.standing(r))
    return r.over() or r.evaluated_or_discharged() or not insurer


def _certifier_known(r: Referral, _: str) -> bool:
    return r.over() or r.certified() or (r.is_received() and r.received.certifier_id is not None)


def _plan_known(r: Referral, _: str) -> bool:
    return r.plan_signed_by_therapist() or r.over()


def _signed(r: Referral, occasion: str) -> bool:
    return r.certified() or r.over() or r.plan_version > _number(occasion)


def _judged(r: Referral, occasion: str) -> bool:
    version = _number(occasion)
    if r.over() or any(p.version == version for p in r.plans(Signer.PROVIDER)):
        return True
    page = r.returned_unjudged()
    waits = page is not None and judge_key(page.version, page.document_id).endswith(f":{occasion}")
    return not waits and bool(_said(r, version))


def _found(verdict: PageVerdict, why: WhyDeclined | None = None) -> Moot:
    """Overtaken by a signature, by another plan or certifier, or by another word on the page."""

    def moot(r: Referral, occasion: str) -> bool:
        said = _said(r, _number(occasion))
        stands = bool(said) and (said[-1].verdict, said[-1].why) == (verdict, why)
        return _signed(r, occasion) or not stands

    return moot


def _said(r: Referral, version: int) -> list[PageJudged]:
    since = parties.replaced_at(r)  # of whoever certified before, nothing is asked any more
    said = [
        one
        for one in r.all(PageJudged)
        if one.version == version and (since is None or one.at >= since)
    ]
    return sorted(said, key=lambda one: (one.as_of, one.key))


def _newer_plan(r: Referral, occasion: str) -> bool:
    return r.discharged() or r.over() or r.plan_version > _number(occasion)


def _report_written(r: Referral, occasion: str) -> bool:
    # The occasion is the number of reports written before this period began.
    return r.discharged() or r.over() or len(r.progress_reports()) > _number(occasion)


def _seen_again(r: Referral, occasion: str) -> bool:
    return r.discharged() or r.over() or len(r.treatment_days()) > _number(occasion)


def _next_visit_known(r: Referral, occasion: str) -> bool:
    last = r.last_visit_at()
    return _seen_again(r, occasion) or (last is not None and r.next_visit_at(last) is not None)


def _summary_known(r: Referral, _: str) -> bool:
    return r.summary_signed() or r.over()


def _evaluation_told(r: Referral, _: str) -> bool:
    return r.evaluation_on_record() or r.over()


def _went_out(r: Referral, occasion: str) -> bool:
    return r.knows(f"sent:{occasion}")


def _let_go(r: Referral, occasion: str) -> bool:
    done = ("approved", "sent", "dropped")
    return r.over() or any(r.knows(f"{how}:{occasion}") for how in done)


def _attached(r: Referral, occasion: str) -> bool:
    return r.over() or _about_settled(r, task_key(TaskKind.ATTACH_DOCUMENT, occasion))


def _channel_mended(r: Referral, occasion: str) -> bool:
    """No message waits any more for what an administrator was asked to mend.

    A step that failed has no message: it waits for a person's word (``workflows.referral.mended``).
    """
    code = occasion.removeprefix("send-").partition("-")[2][:60]
    waits = any(held.why == code and not _settled(r, held.message) for held in r.all(MessageHeld))
    return not waits and _about_settled(r, task_key(TaskKind.STEP_FAILED, occasion))


def _about_settled(r: Referral, key: str) -> bool:
    """The message it was opened for went out, or is decided not to."""
    opened = r.task(key)
    return opened is not None and opened.about is not None and _settled(r, opened.about)


def _settled(r: Referral, message: str) -> bool:
    return r.knows(f"sent:{message}") or r.knows(f"dropped:{message}")


SPECS: dict[TaskKind, TaskSpec] = {
    TaskKind.CONFIRM_REQUEST: TaskSpec(
        Role.FRONT_DESK,
        "A machine read this referral from a fax: confirm name, birth date, phone and sender, or "
        "reject it; nobody is contacted until then",
        lambda r, _: r.over() or not r.unconfirmed(),
        urgent=True,
    ),
    TaskKind.VERIFY_SENDER: TaskSpec(
        Role.FRONT_DESK,
        "Confirm who sent this referral; nobody is thanked until then",
        _verified,
        urgent=True,
    ),
    TaskKind.NAME_GUARDIAN: TaskSpec(
        Role.FRONT_DESK,
        "The patient is under 18 and no guardian's number is on file: ask for it, and enter it",
        _guardian_known,
    ),
    TaskKind.ACKNOWLEDGE: TaskSpec(
        Role.LEAD, "Thank the source by phone: no written thank-you went out in time", _thanked
    ),
    TaskKind.CALL_PATIENT: TaskSpec(
        Role.FRONT_DESK, "Call the patient to book the evaluation", _called_off
    ),
    TaskKind.ASK_OFFICE: TaskSpec(
        Role.FRONT_DESK, "Ask the referring office for another number for the patient", _ever_booked
    ),
    TaskKind.PROPOSE_CLOSE: TaskSpec(
        Role.LEAD,
        "Decide: close as unable to reach, or keep trying",
        _booked_or_never_mind,
        infers=True,
    ),
    TaskKind.ANSWER_PATIENT: TaskSpec(
        Role.FRONT_DESK,
        "The patient wrote: read it and answer, or call",
        _answered(TaskKind.ANSWER_PATIENT),
        urgent=True,
    ),
    TaskKind.RED_FLAG: TaskSpec(
        Role.THERAPIST,
        "The patient wrote of something that may be urgent: read it and call now",
        _answered(TaskKind.RED_FLAG),
        urgent=True,
    ),
    TaskKind.WRONG_NUMBER: TaskSpec(
        Role.COMPLIANCE,
        "Our texts reached a stranger: record the incident, tell them nothing, find the right "
        "number",
        _answered(TaskKind.WRONG_NUMBER),
    ),
    TaskKind.CALL_AFTER_STOP: TaskSpec(
        Role.FRONT_DESK,
        "The patient wants no more texts: call, and go on by phone",
        _answered(TaskKind.CALL_AFTER_STOP),
    ),
    TaskKind.CALL_AFTER_CANCEL: TaskSpec(
        Role.FRONT_DESK,
        "The patient wrote that they cancel: call now; the booking stands until they say which",
        _answered(TaskKind.CALL_AFTER_CANCEL),
        urgent=True,
    ),
    TaskKind.CALL_TO_RESCHEDULE: TaskSpec(
        Role.FRONT_DESK,
        "The patient asks for another time: call and book it",
        _answered(TaskKind.CALL_TO_RESCHEDULE),
    ),
    TaskKind.CONFIRM_ATTENDANCE: TaskSpec(
        Role.FRONT_DESK, "Did the patient attend the evaluation?", _attended, infers=True
    ),
    TaskKind.REBOOK_CALL: TaskSpec(
        Role.FRONT_DESK, "Call the patient to book the missed evaluation again", _booked_again
    ),
    TaskKind.DECIDE_NO_SHOWS: TaskSpec(
        Role.LEAD,
        "Third missed evaluation: decide how to go on, and tell the office",
        _booked_again,
    ),
    TaskKind.INTAKE_HELP: TaskSpec(
        Role.FRONT_DESK,
        "Forms are still open a day before the evaluation: help the patient",
        _forms_in,
    ),
    TaskKind.EVALUATION_OVERDUE: TaskSpec(
        Role.LEAD,
        "No evaluation in the window: book it, or propose to close",
        _in_care,
        infers=True,
    ),
    TaskKind.CHECK_HOLD: TaskSpec(
        Role.FRONT_DESK,
        "See whether the wait is over: lift the hold, or say when to look again",
        _looked_after,
    ),
    TaskKind.HOLD_LIMIT: TaskSpec(
        Role.LEAD, "This referral has waited too long: decide how it goes on", _within_limit
    ),
    TaskKind.REQUEST_AUTHORIZATION: TaskSpec(
        holds.AUTHORIZATION_OWNER,
        "Ask the insurer for the authorization, and say so when it is done",
        _authorization_moved(AuthorizationStatus.REQUIRED),
    ),
    TaskKind.CHASE_AUTHORIZATION: TaskSpec(
        holds.AUTHORIZATION_OWNER,
        "Ask the insurer what became of the authorization",
        _authorization_moved(AuthorizationStatus.REQUIRED, AuthorizationStatus.REQUESTED),
    ),
    TaskKind.AUTHORIZATION_DENIED: TaskSpec(
        Role.LEAD,
        "The insurer said no: tell the patient yourself, then appeal, lift the hold, or close",
        _authorization_moved(AuthorizationStatus.DENIED),
    ),
    TaskKind.RENEW_AUTHORIZATION: TaskSpec(
        holds.AUTHORIZATION_OWNER,
        "The authorization is running out: ask the insurer for more, or plan the last visits",
        _renewed,
    ),
    TaskKind.TELL_WAITING: TaskSpec(
        Role.FRONT_DESK,
        "Call the patient: we wait for an approval, and no text could say so",
        _waits_no_more,
    ),
    TaskKind.ORDER_STALE: TaskSpec(
        Role.FRONT_DESK,
        "The order is older than it may be for the next visits: ask the office for a new one",
        _order_renewed,
    ),
    TaskKind.NAME_CERTIFIER: TaskSpec(
        Role.FRONT_DESK, "Name the provider who certifies the plan of care", _certifier_known
    ),
    TaskKind.ATTACH_DOCUMENT: TaskSpec(
        Role.THERAPIST, "Attach the signed document: the event brought none", _attached
    ),
    TaskKind.SIGN_PLAN: TaskSpec(
        Role.THERAPIST, "Write and sign the plan of care", _plan_known, own_ladder=True
    ),
    TaskKind.CALL_CERTIFIER: TaskSpec(
        Role.FRONT_DESK, "Call the provider's office about the unsigned plan of care", _signed
    ),
    TaskKind.DIRECTOR_CALL: TaskSpec(
        Role.DIRECTOR, "Call the provider personally about the unsigned plan of care", _signed
    ),
    TaskKind.JUDGE_RETURNED_PLAN: TaskSpec(
        Role.FRONT_DESK, "A plan of care came back: say what is on the page", _judged
    ),
    TaskKind.REVIEW_CHANGED_PLAN: TaskSpec(
        Role.THERAPIST,
        "The provider changed the plan: review it before the next visit",
        _newer_plan,
        own_ladder=True,
    ),
    TaskKind.PLAN_UNDATED: TaskSpec(
        Role.FRONT_DESK,
        "The plan was signed without a date: send the page back, or call for it",
        _found(PageVerdict.UNDATED),
    ),
    TaskKind.PLAN_NOT_THEIR_PATIENT: TaskSpec(
        Role.LEAD,
        "The provider says this is not their patient: name another certifier, and check with "
        "compliance whether the plan reached the wrong office",
        _found(PageVerdict.DECLINED, WhyDeclined.NOT_OUR_PATIENT),
    ),
    TaskKind.PLAN_VISIT_FIRST: TaskSpec(
        Role.LEAD,
        "The provider wants to see the patient before signing: help the patient get that visit",
        _found(PageVerdict.DECLINED, WhyDeclined.WANTS_VISIT_FIRST),
    ),
    TaskKind.PLAN_DISAGREED: TaskSpec(
        Role.LEAD,
        "The provider disagrees with the plan: let the therapist talk to them and revise it",
        _found(PageVerdict.DECLINED, WhyDeclined.DISAGREES),
    ),
    TaskKind.RECERTIFY: TaskSpec(
        Role.THERAPIST, "Prepare the recertification, or discharge", _newer_plan, own_ladder=True
    ),
    TaskKind.WRITE_PROGRESS: TaskSpec(
        Role.THERAPIST,
        "Write the progress report by the tenth treatment day",
        _report_written,
        own_ladder=True,
    ),
    TaskKind.PROGRESS_OVERDUE: TaskSpec(
        Role.DIRECTOR,
        "The tenth treatment day has passed without a progress report",
        _report_written,
    ),
    TaskKind.NO_NEXT_VISIT: TaskSpec(
        Role.FRONT_DESK, "No next visit is booked: call the patient", _next_visit_known, infers=True
    ),
    TaskKind.DROPOUT: TaskSpec(
        Role.FRONT_DESK,
        "No visit for too long: call the patient before they drop out",
        _seen_again,
        infers=True,
    ),
    TaskKind.PROPOSE_DISCHARGE: TaskSpec(
        Role.THERAPIST, "No visit for a month: decide on a discharge", _seen_again, infers=True
    ),
    TaskKind.MISSING_EVALUATION: TaskSpec(
        Role.THERAPIST,
        "Discharged, but no evaluation on record: complete it so that the letter has no holes",
        _evaluation_told,
    ),
    TaskKind.SIGN_SUMMARY: TaskSpec(
        Role.THERAPIST, "Write and sign the discharge summary", _summary_known, own_ladder=True
    ),
    TaskKind.LOW_SCORE: TaskSpec(
        Role.LEAD, "The patient was not satisfied: call them today", _never, urgent=True
    ),
    TaskKind.UNDELIVERABLE: TaskSpec(
        Role.FRONT_DESK, "No channel took this message: reach the recipient by phone", _went_out
    ),
    TaskKind.UNCERTAIN_DELIVERY: TaskSpec(
        Role.FRONT_DESK,
        "It is unknown whether this message went out: ask the recipient before sending again",
        _never,
    ),
    TaskKind.APPROVE_MESSAGE: TaskSpec(
        Role.LEAD, "Read this message and let it go, or stop it", _let_go
    ),
    TaskKind.RELEASE_MESSAGE: TaskSpec(
        Role.LEAD,
        "No authorization lets this reader see it: record one, release it yourself, or stop it",
        _let_go,
    ),
    TaskKind.AFTER_CLOSING: TaskSpec(
        Role.LEAD, "Something was told after closing: check whether a letter must follow", _never
    ),
    TaskKind.RETRACTED_AFTER_LETTER: TaskSpec(
        Role.LEAD, "A fact was taken back after a letter named it: decide what to tell", _never
    ),
    TaskKind.UNREADABLE_EVENT: TaskSpec(
        Role.ADMIN, "An event could not be read: the original is attached", _never
    ),
    TaskKind.STEP_FAILED: TaskSpec(
        Role.ADMIN, "A step failed and needs a person: the timeline says where", _channel_mended
    ),
    TaskKind.UNMATCHED_EVENT: TaskSpec(
        Role.FRONT_DESK, "An event matches no referral, or several: say which one", _placed
    ),
    TaskKind.TELL_SOURCE: TaskSpec(
        Role.FRONT_DESK,
        "Tell the source by phone that this referral is closed, or goes on at another clinic, and "
        "as much as it may know of why",
        _told_or_goes_on,
    ),
    TaskKind.TELL_PATIENT: TaskSpec(
        Role.FRONT_DESK,
        "Call the patient, do not text: we cannot take them; say who can, or to ask the office",
        _told_in_person,
    ),
    TaskKind.CALL_AFTER_TRANSFER: TaskSpec(
        Role.FRONT_DESK,
        "Call the patient: they go on with us now; agree on what was booked at the other clinic",
        _knows_new_clinic,
    ),
    TaskKind.FEED_SILENT: TaskSpec(
        Role.ADMIN,
        "The EMR's feed is silent, and nothing is inferred from it: have it mended, or say that "
        "nothing is missing",
        _never,
        urgent=True,
    ),
    TaskKind.RE_ENGAGEMENT: TaskSpec(
        Role.LIAISON,
        "A source has gone quiet: call, or write a personal note",
        _never,
        own_ladder=True,
    ),
    TaskKind.CALL_PRACTICE: TaskSpec(
        Role.FRONT_DESK, "Call this practice once about everything listed here", _never
    ),
    TaskKind.QUIET_PRACTICE: TaskSpec(
        Role.LIAISON,
        "Several physicians of one practice have gone quiet: call once, or write one note",
        _never,
        own_ladder=True,
    ),
}

# One call for a whole practice, one word about its silence (policy.md rule 13): what is gathered
# into which task, where a practice has more than one of it.
GATHERED: dict[TaskKind, TaskKind] = {
    TaskKind.CALL_CERTIFIER: TaskKind.CALL_PRACTICE,
    TaskKind.DIRECTOR_CALL: TaskKind.CALL_PRACTICE,
    TaskKind.UNDELIVERABLE: TaskKind.CALL_PRACTICE,
    TaskKind.RE_ENGAGEMENT: TaskKind.QUIET_PRACTICE,
}


# Tasks to call a patient; those of a patient after surgery cannot wait.
CALLS = frozenset(
    {
        TaskKind.CALL_PATIENT,
        TaskKind.REBOOK_CALL,
        TaskKind.CALL_AFTER_STOP,
        TaskKind.CALL_AFTER_CANCEL,
        TaskKind.CALL_TO_RESCHEDULE,
        TaskKind.CALL_AFTER_TRANSFER,
    }
)
# Who dismisses one of these stops the message; who lets it go says so by ``message_approved``.
LETS_GO = (TaskKind.APPROVE_MESSAGE, TaskKind.RELEASE_MESSAGE)


def task_key(kind: TaskKind, occasion: str) -> str:
    """The key of one task within its subject."""
    return f"{kind}:{occasion}"


def kind_of(key: str) -> TaskKind:
    """The kind inside a task key."""
    return TaskKind(key.split(":", 1)[0])


def judge_key(version: int, document_id: str | None = None) -> str:
    """The task in which a person says what a returned page is; each page has its own."""
    page = f"-{document_id}" if document_id else ""
    return task_key(TaskKind.JUDGE_RETURNED_PLAN, f"v{version}{page}")


def hold_occasion(hold_id: str, at: datetime) -> str:
    """The occasion of a task about a hold: which, and the moment it is about, in UTC."""
    return f"{hold_id}-{at:%Y%m%dT%H%M%S}"


def again(occasion: str, time: int) -> str:
    """The occasion of a task that comes round again because it was done in vain."""
    return f"{occasion}-again-{time}"


def moot(key: str, r: Referral) -> bool:
    """Whether the facts have overtaken the task.

    A referral closed for good keeps only what must still be told or repaired.
    """
    return SPECS[kind_of(key)].moot(r, key.split(":", 1)[1])


def _base(occasion: str) -> str:
    return occasion.split("-again-")[0]


def _number(occasion: str) -> int:
    """The first number of an occasion: of a plan version, of treatment days, of reports."""
    found = re.search(r"\d+", occasion)
    return int(found[0]) if found else 0
