"""The two cadences: reaching a patient, and chasing a signature.

A cadence is a list of acts with times. Which act is next follows from the facts alone, so a step
that is walked again from the top goes on where it stood: an act is done once its message is
settled or its task was opened.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from models import answers, certification, holds, parties, returned
from models.certification import Certification
from models.facts import CallOutcome, MessageSent, PageJudged, TaskOpened, Urgency
from models.hours import Span
from models.kinds import Kind
from models.policy import CadenceStep, Rules
from models.referral import MessageRef, Referral
from models.sending import NO_GUARDIAN
from models.tasks import TaskKind, again, kind_of, task_key

if TYPE_CHECKING:
    from collections.abc import Iterator


class Act(NamedTuple):
    """One thing to do at one time: a message, or a task for a person."""

    key: str
    at: datetime
    message: MessageRef | None = None
    task: TaskKind | None = None
    occasion: str = ""

    def done_at(self, r: Referral) -> datetime | None:
        """When it was done; None while it is still ahead."""
        if self.message is not None:
            return r.settled_at(self.message)
        assert self.task is not None  # an act has a message or a task
        opened = r.task(task_key(self.task, self.occasion))
        return opened.at if opened else None


_TASKS = {
    "call": TaskKind.CALL_PATIENT,
    "ask_office": TaskKind.ASK_OFFICE,
    "propose_close": TaskKind.PROPOSE_CLOSE,
}
WRONG_NUMBER = "wrong-number"  # the occasion on which the office is asked for another one
_TEXTS = {"text": Kind.REACH_FOLLOWUP, "last_text": Kind.LAST_TEXT}
_SAYS = {
    TaskKind.CALL_PATIENT: "Put a call to the patient on the board",
    TaskKind.ASK_OFFICE: "Ask the office for another number",
    TaskKind.PROPOSE_CLOSE: "Propose to close as unable to reach",
    TaskKind.CALL_CERTIFIER: "Put a call about the unsigned plan on the board",
    TaskKind.DIRECTOR_CALL: "Ask the director to call about the unsigned plan",
    TaskKind.PLAN_NOT_THEIR_PATIENT: "Ask again who certifies the plan of care",
    TaskKind.PLAN_VISIT_FIRST: "Ask again about the visit the provider wants first",
    TaskKind.PLAN_DISAGREED: "Ask again what came of the disagreement about the plan",
}


def says(act: Act) -> str:
    """The act as a plain sentence for the timeline."""
    if act.message is not None:
        return f"Wait for the time to send: {act.message.kind.replace('_', ' ')}"
    assert act.task is not None  # an act has a message or a task
    return _SAYS[act.task]


# --- reaching a patient ---------------------------------------------------------------------------


def next_reach(r: Referral, rules: Rules) -> Act | None:
    """The next act towards the patient; None when the cadence is spent, or waits for a person.

    It rests while a hold stands and begins anew when that ends (rule 15). A late start never fires
    as a burst: acts of a later day move to a business day after the one on which the day before
    was really done. A person's touch stands in for that day's step (policy.md rule 18), and a
    patient who said no gets no more of them. Where a stranger has the number nobody is called or
    texted there: the office is asked for another one (rule 17). While the patient is reached for
    another referral of theirs this one has no acts of its own (rule 12), nor while a time that
    they asked for waits for the desk.
    """
    return next(_ahead(r, rules), None)


def call_beside(r: Referral, rules: Rules) -> Act | None:
    """The next call, while the text before it is held back: nobody waits for a text to call.

    A child is not called either before somebody has named a guardian (policy.md rule 12).
    """
    ahead = list(_ahead(r, rules))
    text = ahead[0].message if ahead else None
    if text is None or text.key not in {h.message for h in r.held() if h.why != NO_GUARDIAN}:
        return None
    return next((act for act in ahead if act.task is TaskKind.CALL_PATIENT), None)


def _ahead(r: Referral, rules: Rules) -> Iterator[Act]:
    """What is still to do, one after another."""
    back, calls = r.reopened_at(), r.calls()
    refused = [call.at for call in calls if call.outcome is CallOutcome.DECLINED]
    refused = [at for at in refused if back is None or at > back]
    if refused:
        act = _task("propose_close", refused[0], "declined")
        if act.done_at(r) is None:
            yield act
        return
    if holds.waits(r) or r.reached_with() is not None or r.booking_request() is not None:
        return
    lost = answers.number_lost(r)
    if lost is not None:
        act = _ask_office(lost, WRONG_NUMBER, r, rules)
        if act.done_at(r) is None:
            yield act
        return
    cal, paused = rules.calendar, holds.pause(r)
    touched = {cal.local_date(touch) for touch in r.human_touches()}
    taken = r.took_over()
    if taken is not None and taken.spoken_at is not None:  # about the other referral
        touched.add(cal.local_date(taken.spoken_at))
    done_on: date | None = None
    shift_after: date | None = None
    current_day = -1
    for act, day in _reach_acts(r, rules):
        if day != current_day:
            current_day, shift_after = day, done_on
        at = act.at
        if day > 0 and shift_after is not None and cal.local_date(at) <= shift_after:
            late_by = at - cal.opening(cal.local_date(at))
            at = cal.opening(cal.next_business_day(shift_after)) + max(late_by, timedelta(0))
        if paused is not None:  # nobody is asked to call either; the cadence goes on afterwards
            at = max(at, paused.until)
        done = act.done_at(r)
        if done is not None:
            done_on = max(done_on or cal.local_date(done), cal.local_date(done))
            continue
        if act.task is TaskKind.PROPOSE_CLOSE:
            if may_propose_close(r):
                yield act._replace(at=at)
            return
        held = r.held_until(act.message) if act.message else None
        if touched & {cal.local_date(moment) for moment in (at, held) if moment}:
            continue
        yield act._replace(at=at)


def may_propose_close(r: Referral) -> bool:
    """Never with an appointment, a hold, an unread reply, an open task or after surgery (16)."""
    post_op = r.received.urgency is Urgency.POST_OP
    kept = post_op or r.appointment() or r.unread_reply() or r.open_tasks() or holds.waits(r)
    return not kept


def _reach_acts(r: Referral, rules: Rules) -> list[tuple[Act, int]]:
    """The acts of the present round with their days.

    A round of which something was done before the clock started again is over: the wait that came
    between was for something new, and the patient hears of that from the beginning. Of a cadence
    that was begun for another referral what was due before is passed over, all but its last act:
    nothing ends unheard (rule 12).
    """
    start, number, taken = reach_start(r), 1, r.took_over()
    while True:
        acts = list(_round(r, rules, start, "" if number == 1 else f"r{number}-"))
        if taken is not None:
            acts = [one for one in acts[:-1] if one[0].at >= taken.at] + acts[-1:]
        done = [at for act, _ in acts if (at := act.done_at(r)) is not None]
        if all(at >= start for at in done):
            return acts
        number += 1


def reach_start(r: Referral) -> datetime:
    """When the present round towards the patient began, for whichever referral of theirs."""
    taken = r.took_over()
    return r.clock_start if taken is None else taken.began or taken.at


def spent(r: Referral) -> bool:
    """Nothing is left but a person's decision whether to go on."""
    return any(
        opened.at >= r.clock_start
        for opened in r.all(TaskOpened)
        if kind_of(opened.task) is TaskKind.PROPOSE_CLOSE
    )


def _round(r: Referral, rules: Rules, start: datetime, prefix: str) -> Iterator[tuple[Act, int]]:
    first_day = rules.calendar.local_date(rules.calendar.next_open(start))
    last_call = start
    for number, step in enumerate(_steps(r, rules)):
        at = _step_time(step, start, first_day, last_call, rules)
        for move in step.do:
            occasion = f"{prefix}bd-{step.day}"
            message = _message(move, step.day, occasion, r, rules)
            if move == "call":
                last_call = at
                occasion = f"{occasion}-{number}"
            if message is None:
                yield _task(move, at, occasion), step.day
            elif rules.policy.ours(message.kind):
                yield Act(f"reach:{message.key}", at, message=message), step.day


def _message(move: str, day: int, occasion: str, r: Referral, rules: Rules) -> MessageRef | None:
    """What goes out for a move; None where a person does it."""
    if move in _TEXTS:
        kind = _TEXTS[move] if day else Kind.SCHEDULE_TEXT
        return MessageRef(kind, "patient", occasion)
    # The office that treats the patient gets a page to write a number on; others are called.
    office = parties.office(r) if move == "ask_office" else None
    if office is None or not rules.policy.ours(Kind.UNABLE_TO_REACH):
        return None
    if r.task(task_key(TaskKind.ASK_OFFICE, occasion)) is not None:
        return None  # asked already, before an office sent the patient as well
    return MessageRef(Kind.UNABLE_TO_REACH, office, occasion)


def _ask_office(at: datetime, occasion: str, r: Referral, rules: Rules) -> Act:
    """The office is asked for a number: by a page where it treats the patient, else by a call."""
    if r.treating_source() and rules.policy.ours(Kind.UNABLE_TO_REACH):
        message = MessageRef(Kind.UNABLE_TO_REACH, "source", occasion)
        return Act(f"reach:{message.key}", at, message=message)
    return _task("ask_office", at, occasion)


def _task(move: str, at: datetime, occasion: str) -> Act:
    return Act(f"reach:{_TASKS[move]}:{occasion}", at, task=_TASKS[move], occasion=occasion)


def _steps(r: Referral, rules: Rules) -> list[CadenceStep]:
    cadence = list(rules.policy.reach.cadence)
    urgency = r.received.urgency
    if urgency is Urgency.ROUTINE:
        return cadence
    urgent = rules.policy.reach.urgent  # post-op and stat
    rushed = [CadenceStep(day=0, do=("text",), after=Span.of("5 min"))]
    for day in range(urgent.for_days):
        for call in range(urgent.calls_per_day):
            within = urgent.call_within if day == 0 else Span.of("0 bm")
            after = within if call == 0 else Span.of("4 bh")
            rushed.append(CadenceStep(day=day, do=("call",), after=after))
    rushed.append(CadenceStep(day=urgent.tell_office_day, do=("ask_office",)))
    later = [step for step in cadence if step.day >= urgent.for_days]
    if urgency is Urgency.POST_OP:  # never proposed for closing (rule 16): called once more
        later = [
            step.model_copy(update={"do": ("call",)}) if "propose_close" in step.do else step
            for step in later
        ]
    return sorted([*rushed, *later], key=lambda step: step.day)


def _step_time(
    step: CadenceStep, start: datetime, first_day: date, last_call: datetime, rules: Rules
) -> datetime:
    cal = rules.calendar
    if step.day == 0:
        return cal.after(start, step.after)
    day = first_day
    for _ in range(step.day):
        day = cal.next_business_day(day)
    if step.half == "other":
        return cal.other_half_day(day, last_call)
    return cal.after(cal.opening(day), step.after)


# --- chasing a signature --------------------------------------------------------------------------


def next_chase(r: Referral, rules: Rules) -> Act | None:
    """The next act of the chase for the newest plan; None when it rests or is in a person's hands.

    It begins once the plan is out. Days count from the earlier of evaluation and first treatment
    [G1][G7]; what was due before the plan went out is passed over. After the limit a call stands
    once a week, the next one only when the last was made (policy.md §2 poc.chase). Who declined is
    not chased until the reason is dealt with (rule 4).
    """
    plan = r.plan()
    if plan is None or r.certified() or not rules.policy.ours(Kind.PLAN_OF_CARE):
        return None
    if r.received.certifier_id is None:
        return None  # somebody is asked to name one
    occasion = parties.plan_occasion(r, plan.version)
    out = r.settled_at(MessageRef(Kind.PLAN_OF_CARE, "certifier", occasion))
    if out is None or r.returned_unjudged() is not None:
        return None
    no = returned.declined(r)
    if no is not None:
        again_from = returned.chased_again_from(r, no, rules)
        if again_from is None:
            return _declined_again(r, no, rules)
        out = max(out, again_from)
    poc, cal = rules.policy.poc, rules.calendar
    spoken = certification.spoken(r)
    if certification.state(r) is Certification.VERBAL and spoken is not None:
        acts = _verbal_acts(spoken.at, plan.version, rules)
        limit = cal.after(spoken.at, poc.verbal_signature)
    else:
        start = certification.began(r) or plan.at
        acts = list(_chase_acts(r, start, out, plan.version, rules, visited=no))
        limit = max(cal.after(start, poc.signature_due), cal.after(out, poc.late_call_every))
    ahead = [act for act in acts if act.done_at(r) is None]
    if ahead:
        return min(ahead, key=lambda act: act.at)
    return _late_call(r, limit, plan.version, rules)


def _chase_acts(
    r: Referral,
    start: datetime,
    out: datetime,
    version: int,
    rules: Rules,
    visited: PageJudged | None = None,
) -> Iterator[Act]:
    cal, poc = rules.calendar, rules.policy.poc
    requests = 0
    if visited is not None:  # they have seen the patient by now, and are asked once more
        requests = _requests_before(r, out, version) + 1
        yield _after_the_visit(r, out, version, requests, rules)
    for step in poc.chase:
        at = cal.next_open(cal.after(start, Span.of(f"{step.day} d")))
        if at < out:
            continue
        for move in step.do:
            occasion = f"v{version}-day-{step.day}"
            if move == "fax":
                requests += 1  # the plan itself was the first fax
                if requests >= poc.max_faxes or not rules.policy.ours(Kind.SIGNATURE_REQUEST):
                    continue
                message = MessageRef(Kind.SIGNATURE_REQUEST, "certifier", occasion)
                when = max(at, _after_the_last_fax(r, version, rules) or at)
                yield Act(f"chase:{occasion}:fax", when, message=message)
            else:
                task = TaskKind.CALL_CERTIFIER if move == "call" else TaskKind.DIRECTOR_CALL
                yield Act(f"chase:{occasion}:{move}", at, task=task, occasion=occasion)


def _after_the_visit(r: Referral, out: datetime, version: int, requests: int, rules: Rules) -> Act:
    """The first word to a provider who wanted to see the patient: a fax while one is left."""
    occasion = f"v{version}-visit"
    if requests >= rules.policy.poc.max_faxes or not rules.policy.ours(Kind.SIGNATURE_REQUEST):
        task = TaskKind.CALL_CERTIFIER
        return Act(f"chase:{occasion}:call", out, task=task, occasion=occasion)
    message = MessageRef(Kind.SIGNATURE_REQUEST, "certifier", occasion)
    at = max(out, _after_the_last_fax(r, version, rules) or out)
    return Act(f"chase:{occasion}:fax", at, message=message)


def _requests_before(r: Referral, moment: datetime, version: int) -> int:
    return sum(
        sent.message_kind is Kind.SIGNATURE_REQUEST
        and sent.at < moment
        and MessageRef.parse(sent.message).occasion.split("-")[0] == f"v{version}"
        for sent in r.all(MessageSent)
    )


def _declined_again(r: Referral, no: PageJudged, rules: Rules) -> Act | None:
    """The lead's task about a provider who declined comes round each week until it is solved."""
    if no.why is None:
        return None
    task, occasion, times = returned.DECLINED_TASKS[no.why], returned.occasion(no), 0
    while r.task(task_key(task, again(occasion, times + 1))) is not None:
        times += 1
    last = again(occasion, times) if times else occasion
    done = r.task_done_at(task_key(task, last))
    if done is None:
        return None  # it stands on the board
    at = rules.calendar.next_open(rules.calendar.after(done, rules.policy.poc.late_call_every))
    following = again(occasion, times + 1)
    return Act(f"chase:{task}:{following}", at, task=task, occasion=following)


def _after_the_last_fax(r: Referral, version: int, rules: Rules) -> datetime | None:
    """The opening of the business day on which another fax about this plan may follow."""
    cal = rules.calendar
    kinds = {Kind.PLAN_OF_CARE, Kind.SIGNATURE_REQUEST}
    faxes = [
        m.at
        for m in r.all(MessageSent)
        if m.message_kind in kinds
        and MessageRef.parse(m.message).occasion.split("-")[0] == f"v{version}"
    ]
    if not faxes:
        return None
    return cal.opening(cal.local_date(cal.after(max(faxes), rules.policy.poc.fax_gap)))


def _verbal_acts(spoken: datetime, version: int, rules: Rules) -> list[Act]:
    cal = rules.calendar
    acts = []
    for day in rules.policy.poc.verbal_chase_days:
        at = cal.next_open(cal.after(spoken, Span.of(f"{day} d")))
        occasion = f"v{version}-verbal-{day}"
        acts.append(Act(f"chase:{occasion}", at, task=TaskKind.CALL_CERTIFIER, occasion=occasion))
    return acts


def _late_call(r: Referral, limit: datetime, version: int, rules: Rules) -> Act | None:
    cal = rules.calendar
    week, at = 1, cal.next_open(limit)
    while True:
        occasion = f"v{version}-late-{week}"
        act = Act(f"chase:{occasion}", at, task=TaskKind.CALL_CERTIFIER, occasion=occasion)
        if act.done_at(r) is None:
            return act
        made = r.task_done_at(task_key(TaskKind.CALL_CERTIFIER, occasion))
        if made is None:
            return None  # the last call still stands on the board
        week, at = week + 1, cal.next_open(cal.after(made, rules.policy.poc.late_call_every))
