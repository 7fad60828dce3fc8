"""What comes in: requests and the mail, and the word back to whoever sent them."""

from __future__ import annotations

from models.base import Model
from models.hours import Span
from models.policy.base import Count, span


class Capture(Model):
    """From arrival to a confirmed referral."""

    confirm_due: Span = span("30 bm")  # [E6]
    lead_after: Span = span("2 bh")
    director_after: Span = span("4 bh")
    dedupe_window: Span = span("14 d")
    unmatched_wait: Span = span("90 d")  # a milestone for a referral nobody knows yet


class Mailroom(Model):
    """How soon a person looks at a fax that is no new referral, from its arrival (judgment).

    What nobody has understood yet has the times of ``capture``; a plan that came back has those of
    ``poc.returned_check``.
    """

    cancelled: Span = span("1 bh")
    authorization: Span = span("4 bh")
    order_renewal: Span = span("4 bh")
    question: Span = span("4 bh")
    another_clinic: Span = span("4 bh")
    records_request: Span = span("2 bd")
    junk: Span = span("1 bd")


class Ack(Model):
    """Acknowledging whoever sent the referral, from arrival, on the wall clock (rule 8)."""

    due: Span = span("24 wh")  # the product's promise
    warn: Span = span("20 wh")
    wait_for_duplicates: Span = span("15 min")
    past_patient: Span = span("1 bd")
    need_information_call: Span = span("2 bd")


class Office(Model):
    """How much one practice's fax line is asked to take (rule 13)."""

    bundle: Span = span("2 bh")  # never past ack.due
    max_pages_per_number_day: Count = 15  # what is over goes on the call list


class Decline(Model):
    """The clinic cannot take the patient (rule 14); 0 bd = the same business day."""

    decide: Span = span("1 bd")
    tell_source: Span = span("0 bd")


class Order(Model):
    """The order behind the referral."""

    stale_after: Span = span("60 d")  # a warning, never a block [G13]
