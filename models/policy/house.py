"""What is about no one referral: sources, lines, tasks, reports, and what is kept."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from models.base import Model
from models.hours import Span
from models.policy.base import Count, Share, span
from models.roles import Role


class Silence(Model):
    """Sources that stop sending (rule 20; quiet is the product's promise) [W3].

    Cooling and the early quiet come from the source's own rhythm: the chance of a gap this long.
    """

    cooling_chance: Share = 0.05
    cooling_min_referrals: Count = 3
    cooling_min_gap: Span = span("14 d")
    rhythm_months: Count = 12
    quiet: Span = span("60 d")
    quiet_chance: Share = 0.01
    lapsed: Span = span("120 d")
    min_referrals: Count = 1  # fewer than this raise no task
    high_referrals: Count = 3  # in rhythm_months; a key flag is high as well
    task_high: Span = span("5 bd")
    task_high_director: Span = span("5 bd")  # after task_high
    task_low: Span = span("20 bd")  # no escalation
    no_repeat_for: Span = span("60 d")
    pauses_for: tuple[Literal["leave", "closure", "our_decline"], ...] = (
        "leave",
        "closure",
        "our_decline",
    )


class Fax(Model):
    """Trying a fax again, then the other channel, then a call."""

    retry: tuple[Span, ...] = (span("15 min"), span("1 wh"), span("3 wh"))
    retry_next_morning: bool = True
    tries: Count = 5
    tries_within: Span = span("2 bd")
    call: Span = span("4 bh")
    dead_after_documents: Count = 3


class Task(Model):
    """How long a person may hold a task; it returns at shift end or absence [C1].

    ``lead_after`` and ``director_after`` count from a task's due time, in the hours of the
    location. A task that was done without bringing what it is for comes round again: no wait may be
    left without an owner.
    """

    lease: Span = span("1 bd")
    lease_urgent: Span = span("1 bh")
    lead_after: Span = span("4 bh")
    lead_after_urgent: Span = span("1 bh")
    director_after: Span = span("2 bd")
    director_after_urgent: Span = span("4 bh")
    comes_again: Span = span("7 d")  # as calls about an unsigned plan do
    asked_again: Span = span("1 bd")  # a question about one appointment or one name


class Feed(Model):
    """An EMR that stops talking: rule 9 stops inference, and an alert goes out."""

    silent: Span = span("4 bh")


class Touch(Model):
    """When a source is to be heard of again, where nobody picked a day (rules 23, 24; judgment)."""

    next: Span = span("60 d")
    next_key: Span = span("30 d")  # flagged key
    again: Span = span("5 bd")  # nobody was there


class Gifts(Model):
    """The Stark ledger [S1][S2]: US dollars per physician and year, across all clinics."""

    enabled: bool = False
    cap: dict[int, Annotated[Decimal, Field(ge=0)]] = Field(
        default_factory=lambda: {2026: Decimal(535)}
    )

    def limit(self, year: int) -> Decimal | None:
        """The cap of a year; None blocks every gift: a year without a figure is not guessed."""
        return self.cap.get(year) if self.enabled else None


#: Days after receipt at which evaluations are counted; measures have them in their names.
COHORTS = (30, 90)


class Report(Model):
    """The monthly report, and the quarterly scorecard per practice [W2]."""

    business_day: Count = 2  # of the month
    at: time = time(7)  # local to each clinic
    cohort_days: tuple[Count, ...] = COHORTS
    scorecards_per_quarter: Count = 1
    scorecard_min_referrals: Count = 10
    scorecard_approved_by: Role = Role.DIRECTOR
    episode_value: Annotated[float, Field(ge=0)] = 0  # US dollars; 0: not told, and none is guessed


class Retention(Model):
    """How long records and links live [H8]."""

    years: Annotated[int, Field(ge=6, le=50)] = 6  # the floor of 164.316(b)(2)(i)
    years_by_state: dict[str, Annotated[int, Field(ge=6, le=50)]] = Field(default_factory=dict)
    scheduling_link: Span = span("7 d")
    document_link: Span = span("72 wh")
