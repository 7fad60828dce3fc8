"""One referral: the request, what is asked of people, the plan of care, and where it stands."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from models import (
    answers,
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
    BookingRequested,
    CadenceShared,
    CertifierNamed,
    ClosedReason,
    CoSourceAdded,
    Decision,
    HandedOver,
    IntakeCompleted,
    PatientReplied,
    PlanOfCareReturned,
    PlanOfCareSigned,
    ProviderLeft,
    ReferralClosed,
    ReferralReceived,
    Reopened,
    RequestConfirmed,
    RequestRejected,
    Signer,
    TaskCompleted,
    TaskHeld,
    TaskOpened,
    TextWritten,
    Transferred,
)
from models.kinds import Kind
from models.people import SourceKind
from models.referral.care import Care
from models.referral.correspondence import Correspondence


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


# For queries: an index looks up what is open by naming it, not by what it is not.
OPEN: Final = tuple(stage for stage in Stage if stage is not Stage.CLOSED)


class Referral(Care, Correspondence):
    """What is known of one request to treat one patient."""

    _request: ReferralReceived | None = None

    def learn(self, fact: AnyFact) -> bool:
        """Take a fact in; False if it was known already or is older than what is known."""
        news = super().learn(fact)
        if news:
            self._request = None
        return news

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

    def reply_overtaken(self, kind: tasks.TaskKind, occasion: str) -> bool:
        """A call has answered the text that a task is about."""
        return answers.overtaken(self, kind, occasion)

    def decisions(self) -> list[Decision]:
        """What staff decided about this referral, oldest first; no leases of tasks, no texts."""
        told = [fact for fact in self.facts if isinstance(fact, Decision)]
        return [fact for fact in told if not isinstance(fact, (*LEASES, TextWritten))]

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
