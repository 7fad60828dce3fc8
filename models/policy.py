"""Every number and switch of policy.md §2, typed, with its default.

``bh``/``bd`` are business hours/days of the location, ``bm`` business minutes, ``wh`` wall hours,
``d`` calendar days (models/hours.py). Sources in comments resolve in the reference's domain.md;
lines without one are judgment. Contradictions between numbers are refused when the file is read
(models/policy_checks.py), never here: a pinned policy must still decode after a rule is added.
"""

from __future__ import annotations

import hashlib
import json
from datetime import time
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from models.base import Model
from models.clock import Calendar
from models.hours import Hours, Span
from models.kinds import BY_HAND, Kind, Owner
from models.organization import Channels, Clinic, Organization, Staff
from models.roles import Role

__all__ = [
    "CadenceStep",
    "Channels",
    "ChaseStep",
    "Clinic",
    "Organization",
    "Policy",
    "Role",
    "Rules",
    "Staff",
]

Count = Annotated[int, Field(ge=1, le=1000)]
Share = Annotated[float, Field(gt=0, lt=1)]
_span = Span.of


class Capture(Model):
    """From arrival to a confirmed referral."""

    confirm_due: Span = _span("30 bm")  # [E6]
    lead_after: Span = _span("2 bh")
    director_after: Span = _span("4 bh")
    dedupe_window: Span = _span("14 d")
    unmatched_wait: Span = _span("90 d")  # a milestone for a referral nobody knows yet


class Mailroom(Model):
    """How soon a person looks at a fax that is no new referral, from its arrival (judgment).

    What nobody has understood yet has the times of ``capture``; a plan that came back has those of
    ``poc.returned_check``.
    """

    cancelled: Span = _span("1 bh")
    authorization: Span = _span("4 bh")
    order_renewal: Span = _span("4 bh")
    question: Span = _span("4 bh")
    another_clinic: Span = _span("4 bh")
    records_request: Span = _span("2 bd")
    junk: Span = _span("1 bd")


class Ack(Model):
    """Acknowledging whoever sent the referral, from arrival, on the wall clock (rule 8)."""

    due: Span = _span("24 wh")  # the product's promise
    warn: Span = _span("20 wh")
    wait_for_duplicates: Span = _span("15 min")
    past_patient: Span = _span("1 bd")
    need_information_call: Span = _span("2 bd")


class Office(Model):
    """How much one practice's fax line is asked to take (rule 13)."""

    bundle: Span = _span("2 bh")  # never past ack.due
    max_pages_per_number_day: Count = 15  # what is over goes on the call list


def _hours(weekdays: str, saturday: str = "", sunday: str = "") -> Hours:
    days: dict[str, Any] = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (weekdays,))
    days |= {"sat": (saturday,)} if saturday else {}
    days |= {"sun": (sunday,)} if sunday else {}
    return Hours(**days)


_STATE_HOURS = {  # [K11]
    **dict.fromkeys(("FL", "MD", "MS", "NJ", "OK"), _hours("08:00-20:00", *["08:00-20:00"] * 2)),
    "CT": _hours("09:00-20:00", "09:00-20:00", "09:00-20:00"),
    "RI": _hours("09:00-18:00", "10:00-17:00", "10:00-17:00"),
    "TX": _hours("09:00-21:00", "09:00-21:00", "12:00-21:00"),
}


class Text(Model):
    """When and how often one phone number may be texted, in the recipient's local time.

    ``window`` never opens on holidays; ``states`` (by the patient's address, never by area code)
    may only narrow it, and a state that a file leaves out keeps the hours known here. What is
    outside is held, not dropped. Caps count per phone number.
    """

    window: Hours = _hours("09:00-19:00", "10:00-16:00")
    states: dict[str, Hours] = Field(default_factory=lambda: dict(_STATE_HOURS))  # [K11]
    cap_per_day: Count = 1  # [K1][K3]
    cap_per_week: Count = 3  # any 7 days [K1][K3]
    outside_cap: tuple[Literal["live_reply", "opt_out_confirmation", "same_day_change"], ...] = (
        "live_reply",
        "opt_out_confirmation",
        "same_day_change",
    )

    @field_validator("states")
    @classmethod
    def _law_stays(cls, given: dict[str, Hours]) -> dict[str, Hours]:
        return _STATE_HOURS | given

    def hours(self, state: str | None) -> Hours:
        """The window for a patient of this state: the state table can only take time away."""
        law = self.states.get(state) if state else None
        return self.window.narrowed(law) if law else self.window


class Call(Model):
    """Calls per patient; a voicemail says the clinic's name only."""

    cap_per_day: Count = 2
    voicemail_per_day: Count = 1
    voicemail_in_all: Count = 3
    lock: Span = _span("10 min")  # opening the call script locks the number (rule 18)


Move = Literal["text", "call", "ask_office", "last_text", "propose_close"]
ChaseMove = Literal["fax", "call", "director_call"]
HalfDay = Literal["any", "other"]


class CadenceStep(Model):
    """What is done on one day of reaching a patient.

    ``day`` counts business days after the confirmation. ``after`` counts from the confirmation on
    day 0, from the opening of the day on later ones. ``half = "other"``: the half of the day in
    which the call before was not made.
    """

    day: Annotated[int, Field(ge=0, le=250)]
    do: Annotated[tuple[Move, ...], Field(min_length=1)]
    after: Span = _span("0 bm")
    half: HalfDay = "any"


class ChaseStep(Model):
    """What is done on one day of chasing a signature.

    ``day`` counts calendar days from the earlier of evaluation and first treatment [G1][G7].
    """

    day: Annotated[int, Field(ge=1, le=365)]
    do: Annotated[tuple[ChaseMove, ...], Field(min_length=1)]


class Urgent(Model):
    """Post-op and stat referrals."""

    call_within: Span = _span("30 bm")
    calls_per_day: Count = 2
    for_days: Count = 2  # business days
    tell_office_day: Count = 2  # business day


class Reach(Model):
    """Reaching the patient until booked [E2][C3]."""

    cadence: tuple[CadenceStep, ...] = (
        CadenceStep(day=0, do=("text",), after=_span("5 min")),
        CadenceStep(day=0, do=("call",), after=_span("2 bh")),
        CadenceStep(day=1, do=("call",), half="other"),
        CadenceStep(day=2, do=("text",)),
        CadenceStep(day=4, do=("call",)),
        CadenceStep(day=7, do=("text", "call", "ask_office")),
        CadenceStep(day=10, do=("last_text",)),
        CadenceStep(day=12, do=("propose_close",)),
    )
    urgent: Urgent = Urgent()
    together: Span = _span("15 min")  # a booking waits for the patient's other one (rule 12)


class InboundText(Model):
    """Texts from patients."""

    answer: Span = _span("15 bm")
    lead_after: Span = _span("1 bh")
    opt_out_confirmation: Span = _span("5 min")
    closed_hours_reply_every: Span = _span("12 wh")  # rule 17


class MissedCall(Model):
    """Calls that nobody answered: a word by text while it is news, and a call back."""

    call_back: Span = _span("15 bm")
    text_within: Span = _span("1 wh")  # later the call back is all there is


class StopOrCancel(Model):
    """A patient wrote STOP or cancel: suppressed at once, then a person calls [K4] (rule 17)."""

    task: Span = _span("1 bh")
    urgent_task: Span = _span("15 min")  # post-op, or booked within:
    urgent_if_booked_within: Span = _span("24 wh")


class Evaluation(Model):
    """From referral to the first visit."""

    target_routine: Span = _span("7 d")
    target_urgent: Span = _span("2 bd")
    window: Span = _span("30 d")  # [D2]
    propose_close: Span = _span("45 d")
    no_show_ask_at: time = time(10)  # local, next business day: did the patient attend? (rule 9)
    no_show_call: Span = _span("1 bd")  # after a confirmed first miss
    no_show_call_only_from: Count = 2  # which miss gets a call and no text
    no_show_lead_from: Count = 3  # which miss the lead decides, and the office hears of


class Reminders(Model):
    """Before a visit, where ``[owner] reminder`` is us."""

    first_before: Span = _span("2 bd")
    second_before: Span = _span("3 wh")  # only if unconfirmed


class Intake(Model):
    """Forms before the first visit: sent at booking [W12]."""

    reminder_before: Span = _span("48 wh")
    desk_task_before: Span = _span("24 wh")
    max_messages: Count = 2


class Booking(Model):
    """Times that patients may ask for on our own page; judgment (rule 18)."""

    answer: Span = _span("2 bh")  # booked by the desk, or another time offered
    hold: Span = _span("1 bd")  # a time asked for is kept that long for who asked first
    notice: Span = _span("4 bh")  # nothing sooner than this is offered
    ahead: Span = _span("14 d")  # nothing later
    most: Count = 12  # times on one page


class Authorization(Model):
    """Waiting for a payer."""

    request: Span = _span("1 bd")
    chase_every: Span = _span("3 bd")
    lead_after: Span = _span("10 bd")
    warn_visits_left: Count = 3
    warn_before_end: Span = _span("14 d")
    tell_patient: Span = _span("2 bd")  # into the hold, once


class Decline(Model):
    """The clinic cannot take the patient (rule 14); 0 bd = the same business day."""

    decide: Span = _span("1 bd")
    tell_source: Span = _span("0 bd")


class Order(Model):
    """The order behind the referral."""

    stale_after: Span = _span("60 d")  # a warning, never a block [G13]


class Poc(Model):
    """The plan of care, signed, sent, chased and certified."""

    therapist_sign: Span = _span("1 bd")  # after the evaluation
    nudge_days: tuple[Count, ...] = (1, 2)  # business days
    director_after: Span = _span("3 bd")
    send: Span = _span("1 bd")  # after the therapist's signature
    no_receipt_call: Span = _span("2 bd")  # [G4]
    no_receipt_director: Span = _span("10 d")  # [G4]
    signature_due: Span = _span("30 d")  # from the earlier of evaluation and treatment [G1]
    transmission_within: Span = _span("30 d")  # same start; certified_by_transmission [G4]
    chase: tuple[ChaseStep, ...] = (  # same start [G1][G7]
        ChaseStep(day=7, do=("fax",)),
        ChaseStep(day=14, do=("fax", "call")),
        ChaseStep(day=21, do=("call",)),
        ChaseStep(day=27, do=("director_call",)),
    )
    max_faxes: Count = 3
    fax_gap: Span = _span("5 bd")
    late_call_every: Span = _span("7 d")  # once signature_due has passed
    verbal_signature: Span = _span("14 d")  # after a verbal certification [G1]
    verbal_chase_days: tuple[Count, ...] = (3, 7, 11)  # calendar days after it
    returned_check: Span = _span("4 bh")  # a person looks at the page (rule 4)
    change_review: Span = _span("1 bd")  # or before the next visit, whichever is first (rule 4)


class Recert(Model):
    """Recertification at the plan's end or ``at_day``, whichever is first [G3]."""

    at_day: Annotated[int, Field(ge=1, le=90)] = 90  # calendar days from the first treatment
    prepare_before: Span = _span("14 d")
    send_before: Span = _span("10 d")
    director_before: Span = _span("3 d")


class Progress(Model):
    """Progress reports by treatment day, never by calendar day [G9] (rule 21)."""

    write_by_day: Annotated[int, Field(ge=1, le=10)] = 10
    prompt_day: Count = 8
    send: Span = _span("1 bd")  # after the signature
    min_gap: Span = _span("14 d")  # at most one sent in it, unless asked for
    before_physician_visit: Span = _span("2 bd")


class Dropout(Model):
    """A patient in care who stops coming [E8]; closures and told absences do not count."""

    no_future_visit: Span = _span("3 bd")
    no_visit_early: Span = _span("7 d")
    early_visits: Count = 3
    no_visit_later: Span = _span("14 d")
    propose_discharge: Span = _span("30 d")


class UnderScheduled(Model):
    """Too few of the planned visits are booked [N4]."""

    check: Span = _span("1 bd")  # after the evaluation
    below: Share = 0.5
    weeks: Count = 4


class Discharge(Model):
    """The summary that closes the loop."""

    sign: Span = _span("3 bd")
    sign_unplanned: Span = _span("7 d")
    director_after: Span = _span("2 bd")  # after sign
    send: Span = _span("1 bd")  # after the signature
    wait_for_evaluation: Span = _span("3 d")  # discharge told before the evaluation was


class Followup(Model):
    """After a good ending only (rule 22), and then nothing more."""

    thank_you: Span = _span("1 bd")
    check_in: Span = _span("7 d")
    call_at_or_below: Annotated[int, Field(ge=0, le=10)] = 6  # of 10
    call_within: Span = _span("4 bh")


class Silence(Model):
    """Sources that stop sending (rule 20; quiet is the product's promise) [W3].

    Cooling and the early quiet come from the source's own rhythm: the chance of a gap this long.
    """

    cooling_chance: Share = 0.05
    cooling_min_referrals: Count = 3
    cooling_min_gap: Span = _span("14 d")
    rhythm_months: Count = 12
    quiet: Span = _span("60 d")
    quiet_chance: Share = 0.01
    lapsed: Span = _span("120 d")
    min_referrals: Count = 1  # fewer than this raise no task
    high_referrals: Count = 3  # in rhythm_months; a key flag is high as well
    task_high: Span = _span("5 bd")
    task_high_director: Span = _span("5 bd")  # after task_high
    task_low: Span = _span("20 bd")  # no escalation
    no_repeat_for: Span = _span("60 d")
    pauses_for: tuple[Literal["leave", "closure", "our_decline"], ...] = (
        "leave",
        "closure",
        "our_decline",
    )


class Fax(Model):
    """Trying a fax again, then the other channel, then a call."""

    retry: tuple[Span, ...] = (_span("15 min"), _span("1 wh"), _span("3 wh"))
    retry_next_morning: bool = True
    tries: Count = 5
    tries_within: Span = _span("2 bd")
    call: Span = _span("4 bh")
    dead_after_documents: Count = 3


class Task(Model):
    """How long a person may hold a task; it returns at shift end or absence [C1].

    ``lead_after`` and ``director_after`` count from a task's due time, in the hours of the
    location. A task that was done without bringing what it is for comes round again: no wait may be
    left without an owner.
    """

    lease: Span = _span("1 bd")
    lease_urgent: Span = _span("1 bh")
    lead_after: Span = _span("4 bh")
    lead_after_urgent: Span = _span("1 bh")
    director_after: Span = _span("2 bd")
    director_after_urgent: Span = _span("4 bh")
    comes_again: Span = _span("7 d")  # as calls about an unsigned plan do
    asked_again: Span = _span("1 bd")  # a question about one appointment or one name


class Feed(Model):
    """An EMR that stops talking: rule 9 stops inference, and an alert goes out."""

    silent: Span = _span("4 bh")


class Gifts(Model):
    """The Stark ledger [S1][S2]: US dollars per physician and year, across all clinics."""

    enabled: bool = False
    cap: dict[int, Annotated[Decimal, Field(ge=0)]] = Field(
        default_factory=lambda: {2026: Decimal(535)}
    )

    def limit(self, year: int) -> Decimal | None:
        """The cap of a year; None blocks every gift: a year without a figure is not guessed."""
        return self.cap.get(year) if self.enabled else None


class Report(Model):
    """The monthly report, and the quarterly scorecard per practice [W2]."""

    business_day: Count = 2  # of the month
    at: time = time(7)  # local to the organization's first clinic
    cohort_days: tuple[Count, ...] = (30, 90)
    scorecards_per_quarter: Count = 1
    scorecard_min_referrals: Count = 10
    scorecard_approved_by: Role = Role.DIRECTOR


class Retention(Model):
    """How long records and links live [H8]."""

    years: Annotated[int, Field(ge=6, le=50)] = 6  # the floor of 164.316(b)(2)(i)
    years_by_state: dict[str, Annotated[int, Field(ge=6, le=50)]] = Field(default_factory=dict)
    scheduling_link: Span = _span("7 d")
    document_link: Span = _span("72 wh")


def _owners() -> dict[Kind, Owner]:
    named = [kind for kind in Kind if kind not in BY_HAND]
    return {kind: "emr" if kind is Kind.REMINDER else "us" for kind in named}


class Policy(Model):
    """One organization's numbers and switches; ``version`` names exactly this set of them."""

    capture: Capture = Capture()
    mailroom: Mailroom = Mailroom()
    ack: Ack = Ack()
    office: Office = Office()
    text: Text = Text()
    call: Call = Call()
    reach: Reach = Reach()
    inbound_text: InboundText = InboundText()
    missed_call: MissedCall = MissedCall()
    stop_or_cancel: StopOrCancel = StopOrCancel()
    evaluation: Evaluation = Evaluation()
    reminders: Reminders = Reminders()
    intake: Intake = Intake()
    booking: Booking = Booking()
    authorization: Authorization = Authorization()
    decline: Decline = Decline()
    order: Order = Order()
    poc: Poc = Poc()
    recert: Recert = Recert()
    progress: Progress = Progress()
    dropout: Dropout = Dropout()
    under_scheduled: UnderScheduled = UnderScheduled()
    discharge: Discharge = Discharge()
    followup: Followup = Followup()
    silence: Silence = Silence()
    fax: Fax = Fax()
    task: Task = Task()
    feed: Feed = Feed()
    gifts: Gifts = Gifts()
    report: Report = Report()
    retention: Retention = Retention()
    owner: dict[Kind, Owner] = Field(default_factory=_owners)  # rule 10
    # Held until a person of this role lets it go.
    approve: dict[Kind, Role] = Field(default_factory=dict)

    @property
    def version(self) -> str:
        """A hash of the content, 12 hexadecimal digits; the order of keys does not matter."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def ours(self, kind: Kind) -> bool:
        """Whether sending this kind is our job (rule 10)."""
        return kind in BY_HAND or self.owner.get(kind, "nobody") == "us"


class Rules(Model):
    """What every promised date is computed from: the pinned policy and the location's calendar.

    ``policy_version`` is kept as it was when the referral was pinned: the same policy read by
    newer code may gain fields and hash differently.
    """

    policy: Policy
    calendar: Calendar
    policy_version: str = Field(default_factory=lambda given: given["policy"].version)
