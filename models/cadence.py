"""The two cadences: reaching a patient, and chasing a signature.

A cadence is a list of acts with times. Which act is next follows from the facts alone, so a step
that is walked again from the top goes on where it stood: an act is done once its message is
settled or its task was opened.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from models import certification
from models.certification import Certification
from models.facts import MessageSent, Urgency
from models.hours import Span
from models.kinds import Kind
from models.policy import CadenceStep, Rules
from models.referral import MessageRef, Referral
from models.tasks import TaskKind, task_key

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
_SAYS = {
    TaskKind.CALL_PATIENT: "Put a call to the patient on the board",
    TaskKind.ASK_OFFICE: "Ask the office for another number",
    TaskKind.PROPOSE_CLOSE: "Propose to close as unable to reach",
    TaskKind.CALL_CERTIFIER: "Put a call about the unsigned plan on the board",
    TaskKind.DIRECTOR_CALL: "Ask the director to call about the unsigned plan",
}


def says(act: Act) -> str:
    """The act as a plain sentence for the timeline."""
    if act.message is not None:
        return f"Wait for the time to send: {act.message.kind.replace('_', ' ')}"
    assert act.task is not None  # an act has a message or a task
    return _SAYS[act.task]


# --- reaching a patient ---------------------------------------------------------------------------


def next_reach(r: Referral, rules: Rules) -> Act | None:
    """The next act towards the patient, or None when the cadence is spent.

    A late start never fires as a burst: acts of a later day move to a business day after the one
    on which the day before was really done. A person's touch stands in for that day's automated
    step (policy.md rule 18).
    """
    cal = rules.calendar
    done_on: date | None = None
    shift_after: date | None = None
    current_day = -1
    touch = r.last_human_touch()
    for act, day in _reach_acts(r, rules):
        if day != current_day:
            current_day, shift_after = day, done_on
        at = act.at
        if day > 0 and shift_after is not None and cal.local_date(at) <= shift_after:
            late_by = at - cal.opening(cal.local_date(at))
            at = cal.opening(cal.next_business_day(shift_after + timedelta(days=1)))
            at += max(late_by, timedelta(0))
        done = act.done_at(r)
        if done is not None:
            done_on = max(done_on or cal.local_date(done), cal.local_date(done))
            continue
        proposes = act.task is TaskKind.PROPOSE_CLOSE
        if not proposes and touch is not None and _stands_in(touch, at, rules):
            continue
        return act._replace(at=at)
    return None


def _stands_in(touch: datetime, at: datetime, rules: Rules) -> bool:
    cal = rules.calendar
    return touch <= at and cal.local_date(touch) == cal.local_date(at)


def _reach_acts(r: Referral, rules: Rules) -> Iterator[tuple[Act, int]]:
    start = r.clock_start
    first_day = rules.calendar.local_date(rules.calendar.next_open(start))
    last_call = start
    for number, step in enumerate(_steps(r, rules)):
        at = _step_time(step, start, first_day, last_call, rules)
        for move in step.do:
            occasion = f"bd-{step.day}"
            if move in {"text", "last_text"}:
                kind = Kind.REACH_FOLLOWUP if step.day else Kind.SCHEDULE_TEXT
                kind = Kind.LAST_TEXT if move == "last_text" else kind
                if not rules.policy.ours(kind):
                    continue
                message = MessageRef(kind, "patient", occasion)
                yield Act(f"reach:{message.key}", at, message=message), step.day
                continue
            if move == "call":
                last_call = at
                occasion = f"{occasion}-{number}"
            task = _TASKS[move]
            yield Act(f"reach:{task}:{occasion}", at, task=task, occasion=occasion), step.day


def _steps(r: Referral, rules: Rules) -> list[CadenceStep]:
    cadence = list(rules.policy.reach.cadence)
    if r.received.urgency is not Urgency.POST_OP:
        return cadence
    urgent = rules.policy.reach.urgent
    rushed = [CadenceStep(day=0, do=("text",), after=Span.of("5 min"))]
    for day in range(urgent.for_days):
        for call in range(urgent.calls_per_day):
            within = urgent.call_within if day == 0 else Span.of("0 bm")
            after = within if call == 0 else Span.of("4 bh")
            rushed.append(CadenceStep(day=day, do=("call",), after=after))
    rushed.append(CadenceStep(day=urgent.tell_office_day, do=("ask_office",)))
    return rushed + [step for step in cadence if step.day > urgent.tell_office_day]


def _step_time(
    step: CadenceStep, start: datetime, first_day: date, last_call: datetime, rules: Rules
) -> datetime:
    cal = rules.calendar
    if step.day == 0:
        return cal.after(start, step.after)
    day = first_day
    for _ in range(step.day):
        day = cal.next_business_day(day + timedelta(days=1))
    if step.half == "other":
        return cal.other_half_day(day, last_call)
    return cal.after(cal.opening(day), step.after)


# --- chasing a signature --------------------------------------------------------------------------


def next_chase(r: Referral, rules: Rules) -> Act | None:
    """The next act of the chase for the newest plan; None when it rests or is in a person's hands.

    Days count from the earlier of evaluation and first treatment [G1][G7]; for a recertification
    from its own signature. Faxes keep their distance and their number (policy.md §2 poc.chase).
    After the limit a call stands once a week, the next one only when the last was made.
    """
    plan = r.plan()
    state = certification.state(r)
    if not rules.policy.ours(Kind.PLAN_OF_CARE):
        return None
    if plan is None or certification.settled(state) or r.returned_unjudged() is not None:
        return None
    poc = rules.policy.poc
    spoken = certification.spoken(r)
    if state is Certification.VERBAL and spoken is not None:
        acts = _verbal_acts(spoken.at, plan.version, rules)
        limit = rules.calendar.after(spoken.at, poc.verbal_signature)
    else:
        start = plan.at if plan.recertifies else (r.care_started_at or plan.at)
        acts = list(_chase_acts(r, start, plan.version, rules))
        limit = rules.calendar.after(start, poc.signature_due)
    for act in acts:
        if act.done_at(r) is None:
            return act
    return _late_call(r, limit, plan.version, rules)


def _chase_acts(r: Referral, start: datetime, version: int, rules: Rules) -> Iterator[Act]:
    cal, poc = rules.calendar, rules.policy.poc
    faxes = [
        m.at
        for m in r.all(MessageSent)
        if m.message_kind in {Kind.PLAN_OF_CARE, Kind.SIGNATURE_REQUEST}
        and MessageRef.parse(m.message).occasion.split("-")[0] == f"v{version}"
    ]
    requests = 0
    for step in poc.chase:
        at = cal.next_open(cal.after(start, Span.of(f"{step.day} d")))
        for move in step.do:
            occasion = f"v{version}-day-{step.day}"
            if move == "fax":
                requests += 1  # the plan itself was the first fax
                if requests >= poc.max_faxes or not rules.policy.ours(Kind.SIGNATURE_REQUEST):
                    continue
                message = MessageRef(Kind.SIGNATURE_REQUEST, "certifier", occasion)
                earlier = [fax for fax in faxes if fax < at]
                gap = [cal.next_open(cal.after(max(earlier), poc.fax_gap))] if earlier else []
                when = at if r.settled(message) else max([at, *gap])
                yield Act(f"chase:{occasion}:fax", when, message=message)
            else:
                task = TaskKind.CALL_CERTIFIER if move == "call" else TaskKind.DIRECTOR_CALL
                yield Act(f"chase:{occasion}:{move}", at, task=task, occasion=occasion)


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
