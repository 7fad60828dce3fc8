"""From the plan of care to the question how it went."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from models.base import Model
from models.hours import Span
from models.policy.base import Count, Share, span

ChaseMove = Literal["fax", "call", "director_call"]


class ChaseStep(Model):
    """What is done on one day of chasing a signature.

    ``day`` counts calendar days from the earlier of evaluation and first treatment [G1][G7].
    """

    day: Annotated[int, Field(ge=1, le=365)]
    do: Annotated[tuple[ChaseMove, ...], Field(min_length=1)]


class Poc(Model):
    """The plan of care, signed, sent, chased and certified."""

    therapist_sign: Span = span("1 bd")  # after the evaluation
    nudge_days: tuple[Count, ...] = (1, 2)  # business days
    director_after: Span = span("3 bd")
    send: Span = span("1 bd")  # after the therapist's signature
    no_receipt_call: Span = span("2 bd")  # [G4]
    no_receipt_director: Span = span("10 d")  # [G4]
    signature_due: Span = span("30 d")  # from the earlier of evaluation and treatment [G1]
    transmission_within: Span = span("30 d")  # same start; certified_by_transmission [G4]
    chase: tuple[ChaseStep, ...] = (  # same start [G1][G7]
        ChaseStep(day=7, do=("fax",)),
        ChaseStep(day=14, do=("fax", "call")),
        ChaseStep(day=21, do=("call",)),
        ChaseStep(day=27, do=("director_call",)),
    )
    max_faxes: Count = 3
    fax_gap: Span = span("5 bd")
    late_call_every: Span = span("7 d")  # once signature_due has passed
    verbal_signature: Span = span("14 d")  # after a verbal certification [G1]
    verbal_chase_days: tuple[Count, ...] = (3, 7, 11)  # calendar days after it
    returned_check: Span = span("4 bh")  # a person looks at the page (rule 4)
    change_review: Span = span("1 bd")  # or before the next visit, whichever is first (rule 4)


class Recert(Model):
    """Recertification at the plan's end or ``at_day``, whichever is first [G3]."""

    at_day: Annotated[int, Field(ge=1, le=90)] = 90  # calendar days from the first treatment
    prepare_before: Span = span("14 d")
    send_before: Span = span("10 d")
    director_before: Span = span("3 d")


class Progress(Model):
    """Progress reports by treatment day, never by calendar day [G9] (rule 21)."""

    write_by_day: Annotated[int, Field(ge=1, le=10)] = 10
    prompt_day: Count = 8
    send: Span = span("1 bd")  # after the signature
    min_gap: Span = span("14 d")  # at most one sent in it, unless asked for
    before_physician_visit: Span = span("2 bd")


class Dropout(Model):
    """A patient in care who stops coming [E8]; closures and told absences do not count."""

    no_future_visit: Span = span("3 bd")
    no_visit_early: Span = span("7 d")
    early_visits: Count = 3
    no_visit_later: Span = span("14 d")
    propose_discharge: Span = span("30 d")


class UnderScheduled(Model):
    """Too few of the planned visits are booked [N4]."""

    check: Span = span("1 bd")  # after the evaluation
    below: Share = 0.5
    weeks: Count = 4


class Discharge(Model):
    """The summary that closes the loop."""

    sign: Span = span("3 bd")
    sign_unplanned: Span = span("7 d")
    director_after: Span = span("2 bd")  # after sign
    send: Span = span("1 bd")  # after the signature
    wait_for_evaluation: Span = span("3 d")  # discharge told before the evaluation was


class Followup(Model):
    """After a good ending only (rule 22), and then nothing more."""

    thank_you: Span = span("1 bd")
    check_in: Span = span("7 d")
    call_at_or_below: Annotated[int, Field(ge=0, le=10)] = 6  # of 10
    call_within: Span = span("4 bh")
