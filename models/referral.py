"""The referral: a pure fold over facts, the same in any order and however often they are told.

The store folds facts for the card on the board; the workflow folds the same facts for its waits.
Questions imply what came before: a referral whose plan is signed has been evaluated, even if the
evaluation was never told, so a fact told early is simply known when a step arrives.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, TypeVar

from models import (
    answers,
    bookings,
    certification,
    holds,
    missed_calls,
    parties,
    requests,
    returned,
    tasks,
)
from models.facts import (
    LEASES,
    AnyFact,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    BookingRequested,
    CadenceShared,
    CallLogged,
    CallOutcome,
    CertifierNamed,
    CheckInAnswered,
    ClosedReason,
    CoSourceAdded,
    Decision,
    Discharged,
    DischargeSummarySigned,
    Ending,
    EvaluationCompleted,
    Fact,
    HandedOver,
    IntakeCompleted,
    Meaning,
    MessageApproved,
    MessageDelivered,
    MessageFailed,
    MessageHeld,
    MessageSent,
    PatientDied,
    PatientReplied,
    PlanOfCareReturned,
    PlanOfCareSigned,
    ProgressReportSigned,
    ProviderLeft,
    ReferralClosed,
    ReferralReceived,
    ReferralWithdrawn,
    Reopened,
    RequestConfirmed,
    RequestRejected,
    Signer,
    TaskCompleted,
    TaskHeld,
    TaskOpened,
    TextWritten,
    Transferred,
    VisitCompleted,
)
from models.kinds import Kind
from models.people import SourceKind

F = TypeVar("F", bound=Fact)


class Stage(StrEnum):
    """Where a referral stands; nobody stores it (DESIGN §2)."""

    RECEIVED = "received"
    CONTACTING = "contacting"
    SCHEDULED = "scheduled"
    INTAKE = "intake"
    EVALUATED = "evaluated"
    IN_CARE = "in_care"
    DISCHARGING = "discharging"
    CLOSED = "closed"


class MessageRef(NamedTuple):
    """Which message: its kind, the party it goes to, and the occasion that asks for it."""

    kind: Kind
    to: str
    occasion: str

    @property
    def key(self) -> str:
        """The message's name within its referral, e.g. ``plan_of_care:certifier:v1``."""
        return f"{self.kind}:{self.to}:{self.occasion}"

    @classmethod
    def parse(cls, key: str) -> MessageRef:
        """The reverse of ``key``; the party may contain colons. Raises ValueError."""
        kind, rest = key.split(":", 1)
        to, occasion = rest.rsplit(":", 1)
        return cls(Kind(kind), to, occasion)


def appointment_of(occasion: str) -> str:
    """The appointment that a message about a visit is for; behind @ stands when it moved."""
    return occasion.partition("@")[0]


class Referral:
    """What is known of one request to treat one patient."""

    def __init__(self, facts: Iterable[AnyFact] = ()) -> None:
        self._facts: dict[str, AnyFact] = {}
        self._by_kind: dict[type[Fact], list[AnyFact]] | None = None
        self._request: ReferralReceived | None = None
        for fact in facts:
            self.learn(fact)

    def learn(self, fact: AnyFact) -> bool:
        """Take a fact in; False if it was known already or is older than what is known."""
        known = self._facts.get(fact.key)
        if known is not None and _rank(known) >= _rank(fact):
            return False
        self._facts[fact.key] = fact
        self._by_kind = self._request = None
        return True

    @property
    def facts(self) -> tuple[AnyFact, ...]:
        """Everything known, in the order it happened, retractions included."""
        return tuple(sorted(self._facts.values(), key=lambda f: (f.at, f.key)))

    def all(self, kind: type[F]) -> list[F]:
        """The standing facts of one kind, oldest first."""
        if self._by_kind is None:
            self._by_kind = {}
            for fact in self.facts:
                if not fact.retracted:
                    self._by_kind.setdefault(type(fact), []).append(fact)
        return self._by_kind.get(kind, [])  # type: ignore[return-value]

    def first(self, kind: type[F]) -> F | None:
        """The earliest standing fact of one kind."""
        found = self.all(kind)
        return found[0] if found else None

    def last(self, kind: type[F]) -> F | None:
        """The latest standing fact of one kind."""
        found = self.all(kind)
        return found[-1] if found else None

    def knows(self, key: str) -> bool:
        """A fact of this key stands."""
        fact = self._facts.get(key)
        return fact is not None and not fact.retracted

    # --- how it began ---------------------------------------------------------------------

    @property
    def received(self) -> ReferralReceived:
        """The request as it stands: what its sender left open, others have filled in.

        Known also once it was taken back; see ``is_received``.
        """
        if self._request is None:
            self._request = parties.standing(
                self.told,
                self.all(CoSourceAdded),
                self.all(CertifierNamed),
                self.all(ProviderLeft),
                next((one for one in self.all(RequestConfirmed) if not one.further), None),
            )
        return self._request

    @property
    def told(self) -> ReferralReceived:
        """The request itself, in the words of its sender."""
        received = self._facts.get("referral_received")
        if not isinstance(received, ReferralReceived):
            raise LookupError("a referral without referral_received cannot be walked")
        return received

    def is_received(self) -> bool:
        """Whether the request itself is known (a milestone may come first)."""
        return "referral_received" in self._facts

    def unconfirmed(self) -> bool:
        """A machine read the request and no person has vouched for it yet (rule 7)."""
        return self.is_received() and not self.received.confirmed

    def rejected(self) -> RequestRejected | None:
        """A person's word that what a machine read is no request to us, until it is reopened."""
        said, again = self.last(RequestRejected), self.last(Reopened)
        return None if said and again and again.at > said.at else said

    def taken_back(self) -> bool:
        """Whether the request was retracted: it never was one, and nobody is waited for."""
        return self.is_received() and self.received.retracted

    def treating_source(self) -> bool:
        """Only who treats the patient is told about the patient by itself (policy.md rule 2)."""
        return self.received.source_kind in {SourceKind.PROVIDER, SourceKind.PRACTICE}

    @property
    def clock_start(self) -> datetime:
        """When deadlines towards the patient start: once confirmed, and once nothing is waited for.

        The latest of the confirmation, the first day of care, the end of the last hold and the
        last reopening (policy.md rule 15).
        """
        r = self.received
        ends = (holds.not_before(self), holds.ended_at(self), self.reopened_at())
        return max([r.confirmed_at, r.at, *(end for end in ends if end is not None)])

    # --- the patient's way ------------------------------------------------------------------

    def calls(self, party: str = "patient") -> list[CallLogged]:
        """Logged calls to one party, oldest first."""
        return [call for call in self.all(CallLogged) if call.party == party]

    def attempted(self) -> bool:
        """A delivered text or a logged call (policy.md rule 19)."""
        return bool(self.attempts())

    def attempts(self) -> list[datetime]:
        """When the patient was tried: texts by their delivery, and logged calls, oldest first."""
        texts = [d.at for d in self.all(MessageDelivered) if _to_patient(d.message)]
        return sorted([*texts, *(call.at for call in self.calls())])

    def reached_with(self) -> str | None:
        """The referral for which the patient is texted and called meanwhile (policy.md rule 12)."""
        shared = self.last(CadenceShared)
        return shared.led_by if shared is not None and not self.ever_booked() else None

    def took_over(self) -> CadenceShared | None:
        """Since when this one leads a cadence that another referral led before.

        None once its own clock has started again since: what it waited for was something new.
        """
        shared = self.last(CadenceShared)
        leads = shared is not None and shared.led_by is None and shared.at >= self.clock_start
        return shared if leads else None

    def reached_at(self) -> datetime | None:
        """The first two-way contact: a reply, a request, a call that reached, or a booking."""
        theirs = [r for r in self.all(PatientReplied) if not r.says(Meaning.WRONG_NUMBER)]
        touches: list[datetime] = [reply.at for reply in theirs]
        touches += [c.at for c in self.calls() if c.outcome is CallOutcome.REACHED]
        touches += [asked.at for asked in self.all(BookingRequested)]
        touches += [booked.at for booked in self.all(AppointmentBooked)]
        return min(touches, default=None)

    def human_touches(self) -> list[datetime]:
        """Replies, requests, calls and texts; each stands in for that day's step (rule 18)."""
        touches = [r.at for r in self.all(PatientReplied)] + [c.at for c in self.calls()]
        touches += [text.at for text in self.all(TextWritten)]
        return touches + [asked.at for asked in self.all(BookingRequested)]

    def unread_reply(self) -> bool:
        """The patient wrote, and no person has answered, or seen to this referral since."""
        if self.unanswered():
            return True
        unknown = [reply for reply in self.all(PatientReplied) if reply.meaning is None]
        reply = unknown[-1] if unknown else None
        decided = [d.at for d in self.decisions() if not d.retracted]
        return reply is not None and reply.at > max(decided, default=self.received.at)

    def unanswered(self) -> bool:
        """A text from the patient asks something of a person, and nobody has seen to it."""
        return bool(answers.owed(self))

    def call_answered(self, call_id: str) -> bool:
        """Whether somebody has answered a missed call, or it was taken back."""
        return missed_calls.answered(self, call_id)

    def booking_request(self) -> BookingRequested | None:
        """The time the patient asked for, which nobody has booked or seen to yet."""
        return requests.standing(self)

    def asked_for_a_time_since(self, moment: datetime) -> bool:
        """The patient asked for a time on the page at or after a moment."""
        return any(asked.at >= moment for asked in self.all(BookingRequested))

    def reply_overtaken(self, kind: tasks.TaskKind, occasion: str) -> bool:
        """A call has answered the text that a task is about."""
        return answers.overtaken(self, kind, occasion)

    def decisions(self) -> list[Decision]:
        """What staff decided about this referral, oldest first; no leases of tasks, no texts."""
        told = [fact for fact in self.facts if isinstance(fact, Decision)]
        return [fact for fact in told if not isinstance(fact, (*LEASES, TextWritten))]

    def missed(self) -> list[AppointmentMissed]:
        """Missed evaluation appointments, oldest first."""
        visits = {a.appointment_id for a in self.all(AppointmentBooked) if a.purpose == "visit"}
        return [m for m in self.all(AppointmentMissed) if m.appointment_id not in visits]

    def appointment(self) -> AppointmentBooked | None:
        """The evaluation appointment that stands: booked, not cancelled since, not missed since."""
        off: dict[str, datetime] = {}
        for gone in [*self.all(AppointmentCancelled), *self.all(AppointmentMissed)]:
            if isinstance(gone, AppointmentCancelled | AppointmentMissed):
                before = off.get(gone.appointment_id, gone.as_of)
                off[gone.appointment_id] = max(before, gone.as_of)
        standing = [
            a
            for a in self.all(AppointmentBooked)
            if a.purpose == "evaluation"
            and (a.appointment_id not in off or off[a.appointment_id] < a.as_of)
        ]
        standing = bookings.once(standing, self.all(AppointmentBooked))
        return max(standing, key=lambda a: (a.starts_at, a.appointment_id), default=None)

    def told_time(self, appointment_id: str) -> datetime | None:
        """The time that the last message about an appointment named."""
        for sent in reversed(self.all(MessageSent)):
            about = appointment_of(MessageRef.parse(sent.message).occasion)
            if sent.starts_at is not None and about == appointment_id:
                return sent.starts_at
        return None

    def appointments(self) -> list[AppointmentBooked]:
        """Every appointment that was not cancelled since, of any purpose."""
        off = {c.appointment_id: c.as_of for c in self.all(AppointmentCancelled)}
        return [
            one
            for one in self.all(AppointmentBooked)
            if one.appointment_id not in off or off[one.appointment_id] < one.as_of
        ]

    def booked(self) -> bool:
        """An evaluation appointment stands, or the evaluation is behind us."""
        return self.appointment() is not None or self.evaluated() or self.discharged()

    def ever_booked(self) -> bool:
        """An evaluation was booked at some time; from then on it is about booking again."""
        return self.booked() or any(a.purpose == "evaluation" for a in self.all(AppointmentBooked))

    def rebooking(self) -> str | None:
        """Why the evaluation must be booked again, as the occasion of its tasks; None otherwise."""
        if self.booked() or not self.ever_booked():
            return None
        off: list[AppointmentMissed | AppointmentCancelled] = [*self.missed()]
        off += self.all(AppointmentCancelled)
        last = max(off, key=lambda gone: (gone.as_of, gone.key), default=None)
        if isinstance(last, AppointmentMissed):
            return f"miss-{len(self.missed())}"
        return f"cancelled-{last.appointment_id}" if last else None

    def intake_done(self) -> bool:
        """The forms are complete, or no longer matter."""
        return bool(self.all(IntakeCompleted)) or self.evaluated() or self.discharged()

    def evaluated(self) -> bool:
        """The evaluation took place, told or implied by what can only follow it."""
        later: tuple[type[Fact], ...] = (VisitCompleted, PlanOfCareSigned, ProgressReportSigned)
        return self.evaluation_on_record() or any(self.all(kind) for kind in later)

    def evaluation_on_record(self) -> bool:
        """The evaluation itself was told; a discharge letter needs it (ARCHITECTURE §7)."""
        return bool(self.all(EvaluationCompleted))

    def evaluated_or_discharged(self) -> bool:
        """Nothing is left to wait for before the discharge step."""
        return self.evaluated() or self.discharged()

    @property
    def evaluated_at(self) -> datetime | None:
        """When the evaluation took place, or the earliest thing that implies it."""
        told = self.first(EvaluationCompleted)
        if told is not None:
            return told.at
        implied: list[Fact] = [
            *self.all(VisitCompleted),
            *self.all(PlanOfCareSigned),
            *self.all(ProgressReportSigned),
        ]
        return min((fact.at for fact in implied), default=None)

    @property
    def care_started_at(self) -> datetime | None:
        """The earlier of evaluation and first treatment: every Medicare clock starts here [G1]."""
        moments = [v.at for v in self.all(VisitCompleted)]
        moments += [e.at for e in self.all(EvaluationCompleted)]
        return min(moments, default=self.evaluated_at)

    def treatment_days(self) -> list[date]:
        """Distinct local days with treatment, the evaluation included [G9]."""
        days = {visit.day for visit in self.all(VisitCompleted)}
        days |= {evaluation.day for evaluation in self.all(EvaluationCompleted)}
        return sorted(days)

    def last_visit_at(self) -> datetime | None:
        """The latest treatment of any kind."""
        moments = [v.at for v in self.all(VisitCompleted)]
        moments += [e.at for e in self.all(EvaluationCompleted)]
        return max(moments, default=self.evaluated_at)

    def next_visit_at(self, after: datetime) -> datetime | None:
        """The next standing appointment of any purpose after a moment."""
        ahead = [one.starts_at for one in self.appointments() if one.starts_at > after]
        return min(ahead, default=None)

    def progress_reports(self) -> list[ProgressReportSigned]:
        """Signed progress reports, oldest first."""
        return self.all(ProgressReportSigned)

    # --- the plan of care -------------------------------------------------------------------

    def plans(self, by: Signer) -> list[PlanOfCareSigned]:
        """Signed plans by one kind of signer, lowest version first; spoken approvals left out."""
        signed = [p for p in self.all(PlanOfCareSigned) if p.by is by and not p.verbal]
        if by is Signer.PROVIDER:
            signed += returned.signatures(self)
        return sorted(signed, key=lambda p: (p.version, p.at))

    def plan(self) -> PlanOfCareSigned | None:
        """The newest plan the therapist signed."""
        plans = self.plans(Signer.THERAPIST)
        return plans[-1] if plans else None

    @property
    def plan_version(self) -> int:
        """The newest version the therapist signed; 0 before the first."""
        plan = self.plan()
        return plan.version if plan else 0

    def plan_signed_by_therapist(self) -> bool:
        """There is a plan to send; a provider's signature alone is no plan."""
        return self.plan_version > 0

    def plan_given_up(self) -> bool:
        """Care is summed up, and whoever was asked for a plan has said that none will come."""
        asked = tasks.task_key(tasks.TaskKind.SIGN_PLAN, "")
        done = [d.task for d in self.all(TaskCompleted)]
        return self.summary_signed() and any(task.startswith(asked) for task in done)

    def certified(self) -> bool:
        """No further signature is needed for the newest plan."""
        return certification.settled(certification.state(self))

    def returned_unjudged(self) -> PlanOfCareReturned | None:
        """A page that came back and nobody has judged yet; one that came again is judged again."""
        for page in reversed(self.all(PlanOfCareReturned)):
            judged = [p.at for p in self.plans(Signer.PROVIDER) if p.version == page.version]
            done = self.task_done_at(tasks.judge_key(page.version, page.document_id))
            if not judged and done is None and not returned.judged(self, page):
                return page
        return None

    # --- the end ------------------------------------------------------------------------------

    def discharged(self) -> bool:
        """Care ended, or the source withdrew a referral already in care."""
        return bool(self.all(Discharged)) or (bool(self.withdrawn()) and self.evaluated())

    @property
    def discharged_at(self) -> datetime | None:
        """When care ended."""
        ends = [f.at for f in self.all(Discharged)] or [f.at for f in self.withdrawn()]
        return min(ends, default=None)

    def ending(self) -> Ending | None:
        """Why care ended, as far as told."""
        if self.died():
            return Ending.DECEASED
        told = self.last(Discharged)
        if told is not None:
            return told.reason
        return Ending.WITHDRAWN if self.withdrawn() else None

    def withdrawn(self) -> list[ReferralWithdrawn]:
        """The source's taking the referral back, unless a person has reopened it since."""
        back = self.reopened_at()
        return [w for w in self.all(ReferralWithdrawn) if back is None or w.as_of > back]

    def reopened_at(self) -> datetime | None:
        """When a person last had a closed referral go on."""
        reopened = self.last(Reopened)
        return reopened.at if reopened is not None else None

    def died(self) -> bool:
        """The patient died, told as such or as the reason of the discharge (rule 22)."""
        ends = self.all(Discharged)
        return bool(self.all(PatientDied)) or any(e.reason is Ending.DECEASED for e in ends)

    def planned_ending(self) -> bool:
        """Whether the discharge was planned; an untold one was not."""
        told = self.last(Discharged)
        return told is not None and told.planned

    def summary_signed(self) -> bool:
        """The discharge summary may go out."""
        return bool(self.all(DischargeSummarySigned))

    def asked_how_it_was(self) -> bool:
        """The one question after discharge went out."""
        return self.sent_kind(Kind.CHECK_IN)

    def check_in_answered(self) -> bool:
        """The patient told us how it went."""
        return bool(self.all(CheckInAnswered))

    def closing(self) -> ReferralClosed | None:
        """The closing that stands: nobody has reopened the referral since.

        One as lost gives way to an evaluation or a newer booking.
        """
        closed, back = self.last(ReferralClosed), self.reopened_at()
        if closed is None or (back is not None and back >= closed.at):
            return None
        if closed.reason.lost:
            newer = [a for a in self.all(AppointmentBooked) if a.as_of > closed.at]
            if newer or self.evaluated():
                return None
        return closed

    def closed(self) -> bool:
        """The referral left the board."""
        return self.closing() is not None

    def over(self) -> bool:
        """No step may go on: closed, deceased, told in error, or withdrawn before care began."""
        gone = bool(self.withdrawn()) and not self.evaluated()
        never = self.taken_back() or self.rejected() is not None
        return self.closed() or gone or self.died() or never

    def closing_reason(self) -> ClosedReason:
        """The reason the story's own end would write."""
        if self.taken_back() or self.rejected() is not None:
            return ClosedReason.ENTERED_IN_ERROR
        if self.died():
            return ClosedReason.DECEASED
        if self.withdrawn() and not self.evaluated():
            return ClosedReason.WITHDRAWN
        return ClosedReason.COMPLETED

    # --- what we sent and asked ---------------------------------------------------------------

    def sent(self, message: MessageRef) -> bool:
        """A vendor accepted it."""
        return f"sent:{message.key}" in self._facts

    def sent_kind(self, kind: Kind) -> bool:
        """Some message of this kind went out."""
        return any(m.message_kind is kind for m in self.all(MessageSent))

    def times_sent(self, *kinds: Kind) -> int:
        """How many messages of these kinds went out."""
        return sum(m.message_kind in kinds for m in self.all(MessageSent))

    def settled(self, message: MessageRef) -> bool:
        """It went out, or it is decided that it will not."""
        return self.sent(message) or f"dropped:{message.key}" in self._facts

    def begun(self, message: MessageRef) -> bool:
        """It is settled, or a row that waits for its time."""
        return self.settled(message) or f"held:{message.key}" in self._facts

    def settled_at(self, message: MessageRef) -> datetime | None:
        """When it went out or was dropped."""
        for prefix in ("sent", "dropped"):
            fact = self._facts.get(f"{prefix}:{message.key}")
            if fact is not None:
                return fact.at
        return None

    def rungs_spent(self, message: MessageRef) -> int:
        """How many channels of its ladder have failed for good."""
        return len({f.rung for f in self.all(MessageFailed) if f.message == message.key})

    def approved(self, message: MessageRef) -> bool:
        """The named person let it go."""
        return any(a.message == message.key for a in self.all(MessageApproved))

    def held_until(self, message: MessageRef) -> datetime | None:
        """Until when it is held, as last told; None where it is not, or waits for a person."""
        hold = self._facts.get(f"held:{message.key}")
        return hold.until if isinstance(hold, MessageHeld) else None

    def waits_for_approval(self, message: MessageRef) -> bool:
        """It was held for a person, by the policy of that moment, and nobody let it go since."""
        hold = self._facts.get(f"held:{message.key}")
        asked = isinstance(hold, MessageHeld) and hold.until is None
        return asked and not self.approved(message)

    def held_why(self, message: MessageRef) -> str | None:
        """Why it is held, as last told; a code of ``models.sending``."""
        hold = self._facts.get(f"held:{message.key}")
        return hold.why if isinstance(hold, MessageHeld) else None

    def stopped(self, message: MessageRef) -> bool:
        """The named person dismissed it instead of letting it go."""
        keys = {tasks.task_key(kind, message.key) for kind in tasks.LETS_GO}
        return any(d.task in keys and d.outcome == "dismissed" for d in self.all(TaskCompleted))

    def held(self) -> list[MessageHeld]:
        """Messages that are rows and wait for their time."""
        waiting = []
        for hold in self.all(MessageHeld):
            if not self.settled(MessageRef.parse(hold.message)):
                waiting.append(hold)
        return waiting

    def task(self, key: str) -> TaskOpened | None:
        """A task by its key, open or done."""
        found = self._facts.get(f"task:{key}")
        return found if isinstance(found, TaskOpened) else None

    def task_held_until(self, key: str) -> datetime | None:
        """Until when a question is not put because the feed is silent, as last told (rule 9)."""
        held = self._facts.get(f"task_held:{key}")
        return held.until if isinstance(held, TaskHeld) else None

    def task_done(self, key: str) -> bool:
        """A person has done or dismissed it."""
        return any(done.task == key for done in self.all(TaskCompleted))

    def task_done_at(self, key: str) -> datetime | None:
        """When a person did or dismissed it."""
        return next((d.at for d in self.all(TaskCompleted) if d.task == key), None)

    def times_done(self, kind: tasks.TaskKind) -> int:
        """How many tasks of this kind a person has done."""
        return sum(tasks.kind_of(done.task) is kind for done in self.all(TaskCompleted))

    def task_open(self, key: str) -> bool:
        """It stands on the board: neither done nor overtaken."""
        opened = self.task(key)
        return opened is not None and not self.task_done(key) and not tasks.moot(key, self)

    def open_tasks(self) -> list[TaskOpened]:
        """What people still have to do, soonest first; overtaken tasks left out."""
        standing = [t for t in self.all(TaskOpened) if self.task_open(t.task)]
        return sorted(standing, key=lambda t: (t.due, t.task))

    # --- where it stands ------------------------------------------------------------------------

    def stage(self) -> Stage:
        """The board column, from facts alone."""
        if self.closed() or not self.is_received():
            return Stage.CLOSED if self.closed() else Stage.RECEIVED
        if self.discharged() or self.over():
            return Stage.DISCHARGING
        if self.evaluated():
            return Stage.IN_CARE if len(self.treatment_days()) > 1 else Stage.EVALUATED
        if self.appointment() is not None:
            asked = self.sent_kind(Kind.INTAKE) or bool(self.all(IntakeCompleted))
            return Stage.INTAKE if asked else Stage.SCHEDULED
        return Stage.CONTACTING if self.attempted() else Stage.RECEIVED

    @property
    def version(self) -> str:
        """The key of the latest decision: the token a stale card is recognised by."""
        decisions = self.decisions()
        return decisions[-1].key if decisions else ""

    def transfer(self) -> Transferred | None:
        """The last move to another clinic; the first one it was at stands in no fact."""
        return self.last(Transferred)

    def in_hands_of(self) -> str | None:
        """The colleague whom the referral was handed over to last, at the clinic where it is."""
        handed, moved = self.last(HandedOver), self.transfer()
        if handed is None or (moved is not None and handed.at <= moved.at):
            return None
        return handed.to

    def last_touch_at(self) -> datetime | None:
        """The latest contact with source or patient, in or out."""
        moments = [m.at for m in self.all(MessageSent)]
        moments += [c.at for c in self.all(CallLogged)]
        moments += [p.at for p in self.all(PatientReplied)]
        moments += [asked.at for asked in self.all(BookingRequested)]
        return max(moments, default=None)


def _rank(fact: Fact) -> tuple[datetime, str]:
    # Two tellings at one moment: the body decides, so that the order they came in never does.
    return fact.as_of, fact.model_dump_json()


def _to_patient(message: str) -> bool:
    return MessageRef.parse(message).to == "patient"
