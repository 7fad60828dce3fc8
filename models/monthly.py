"""What a monthly report says, as values: no layout, no I/O, no clock.

One value is drawn as PDF and HTML and written as XLSX, CSV and JSON, so that they cannot disagree.
It names sources and clinics and never a patient. Everything in it is as known at ``as_of``; months
are the clinic's own, as ``YYYY-MM``.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import Field, computed_field, model_validator

from models.base import Model
from models.facts import UtcDatetime

FEW = 10  # fewer than this carry no share and no median that anybody should act on (style.md)
ALL_CLINICS = "*"


EVERY = "all"  # in an address


def in_address(scope: str) -> str:
    """A scope as it stands in an address."""
    return EVERY if scope == ALL_CLINICS else scope


def from_address(scope: str) -> str:
    """The reverse of ``in_address``."""
    return ALL_CLINICS if scope == EVERY else scope


class Unit(StrEnum):
    """What a figure's value is in."""

    COUNT = "count"
    PERCENT = "percent"  # 0 to 100
    OPEN_HOURS = "open_hours"  # while the clinic was open
    HOURS = "hours"  # by the wall's clock
    DAYS = "days"  # calendar days
    VISITS = "visits"
    SCORE = "score"  # 0 to 10
    MONEY = "money"  # US dollars


class Good(StrEnum):
    """Which way a figure gets better."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Amount(Model):
    """One number and of how many; ``value`` None: there was nothing to count it from.

    ``number`` is how many of ``n`` counted, where the value is a share. ``open`` are those of
    ``n`` for whom it may still come true: a share with open ones is not final.
    """

    value: float | None = None
    n: int = 0
    number: int | None = None
    open: int = 0

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated property
    @property
    def few(self) -> bool:
        """Too few to act on: shown greyed, never compared, and of a share only its two counts."""
        return self.n < FEW


class Point(Model):
    """A figure in one month."""

    month: str
    amount: Amount


class Figure(Model):
    """One figure of the registry, this month, last month, a year ago and over twelve months.

    ``months`` ends with this one, oldest first. ``counts`` says of which referrals it is asked in
    a few words ("received this month"). Its footnote is the definition of the same name. While
    the month is ``running`` it is compared with none that is over.
    """

    name: str
    title: str
    unit: Unit
    good: Good = Good.NEITHER
    counts: str = ""
    now: Amount
    before: Amount
    year_ago: Amount
    months: tuple[Point, ...] = ()
    target: float | None = None
    running: bool = False

    @model_validator(mode="after")
    def _one_value_for_one_month(self) -> Self:
        """Forms that show the line and forms that show the month alone must not disagree."""
        if self.months and self.months[-1].amount != self.now:
            raise ValueError(f"the last month of {self.name} is not what it is now")
        return self


class Lost(Model):
    """Referrals that ended at a step, by reason."""

    reason: str  # a code
    says: str
    number: int


class Step(Model):
    """One bar of the funnel: how many came this far, and why others stopped before the next."""

    name: str
    says: str
    number: int
    waiting: int = 0  # still on the way to the next step
    lost: tuple[Lost, ...] = ()


#: Ages of open referrals in days since they came: from, up to (left out), in words.
AGES = (
    (0, 2, "less than 2 days"),
    (2, 8, "2 to 7 days"),
    (8, 15, "8 to 14 days"),
    (15, 31, "15 to 30 days"),
    (31, None, "more than 30 days"),
)


class Aged(Model):
    """Open referrals of one age at the moment of the report."""

    says: str
    waiting: int  # for the first visit
    in_care: int


class SourceLine(Model):
    """One source in the month; every figure opens to its referrals.

    ``twelve`` are its referrals in each of twelve months, oldest first. ``also`` are patients it
    sent whom another source is credited with. ``verdict`` and ``state`` are codes. A month before
    the organization's first referral has no number: None.
    """

    source_id: str
    name: str
    kind: str
    received: int
    before: int | None
    year_ago: int | None
    also: int = 0
    twelve: tuple[int | None, ...] = ()
    contacted: Amount = Amount()
    evaluated: Amount = Amount()
    days: Amount = Amount()  # median days to evaluation, of those evaluated in the month
    state: str | None = None
    verdict: str | None = None
    verdict_says: str = ""  # "from 4.2 to 2.0 a month"
    last_on: date | None = None  # of the thirteen months that end with the report's

    @property
    def sent(self) -> int:
        """Its referrals of the twelve months."""
        return sum(number or 0 for number in self.twelve)


class Relationship(Model):
    """A source that fell silent, or came back; ``says`` gives the facts in a sentence.

    ``since`` is the local day; None where days are not told.
    """

    source_id: str
    name: str
    kind: str
    state: str
    since: date | None = None
    last_on: date | None = None
    owner: str | None = None  # a staff id
    says: str = ""


class Channel(Model):
    """What went out and came back on one channel."""

    name: str
    says: str
    sent: int
    delivered: int
    failed: int = 0
    answered: int | None = None  # referrals whose patient wrote back; None: it cannot be answered


class Outcome(Model):
    """Change on one measure for one group at given weeks (policy.md rule 19).

    ``days`` are the first and last day of the window after the first reading. With fewer than ten
    patients the values are withheld: None.
    """

    group: str  # a body region, or "post_op <region>"
    says: str
    measure: str
    measure_says: str
    days: tuple[int, int]
    n: int
    eligible: int  # discharged, or far enough along to have had a reading in the window
    median_percent: float | None = None
    reached: Amount | None = None  # the meaningful change

    @property
    def withheld(self) -> bool:
        """Too few patients to say anything that could not point at one of them."""
        return self.n < FEW


class Named(Model):
    """How many of one code: how patients heard of us, campaigns, oddities of the data."""

    name: str
    says: str
    number: int


class Thing(Model):
    """One of the three things to do: what, why, how many, and the page that shows them."""

    says: str
    why: str
    number: int
    link: str  # a path of ours, without PHI


class Late(Model):
    """What was told after the month was closed: none of it is in the figures."""

    arrived: int = 0  # referrals of the month nobody knew of then
    changed: int = 0  # others that would count otherwise by what is known now


class ClinicLine(Model):
    """One clinic in the roll-up: the tiles' figures, in their order."""

    clinic_id: str
    name: str
    zone: str
    amounts: tuple[Amount, ...]


class Value(Model):
    """What returned sources were worth, by the organization's own value of an episode.

    None of it is an estimate of ours: without ``per_episode`` there is no value.
    """

    returned: int = 0  # sources that came back and have sent one of these
    episodes: int = 0  # evaluated referrals since they came back
    per_episode: float | None = None  # US dollars, from the policy file
    protected: float | None = None


class Definition(Model):
    """The footnote of a figure, from the registry of measures."""

    name: str
    title: str
    note: str


class MonthlyReport(Model):
    """One month of one clinic, or of all of them.

    ``preliminary``: the month was not closed yet. ``tiles`` are names of figures. ``sources`` are
    sorted by size and complete: a page shows the first of them and says how many more there are.
    Drill-downs are at ``/reports/<scope>/<month>/<figure>``.
    """

    org: str
    org_name: str
    scope: str = ALL_CLINICS  # a clinic's id, or * for all
    scope_name: str
    month: str = Field(pattern=r"^\d{4}-\d{2}$")
    month_says: str  # "February 2027"
    zone: str
    as_of: UtcDatetime
    preliminary: bool = False
    verdict: str
    tiles: tuple[str, ...]
    figures: tuple[Figure, ...]
    things: tuple[Thing, ...] = ()
    funnel: tuple[Step, ...] = ()
    ageing: tuple[Aged, ...] = ()
    sources: tuple[SourceLine, ...] = ()
    silent: tuple[Relationship, ...] = ()  # quiet or lapsed at the end of the month (rule 19)
    returned: tuple[Relationship, ...] = ()
    channels: tuple[Channel, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    heard: tuple[Named, ...] = ()
    campaigns: tuple[Named, ...] = ()
    oddities: tuple[Named, ...] = ()
    late: Late = Late()
    clinics: tuple[ClinicLine, ...] = ()
    value: Value = Value()
    definitions: tuple[Definition, ...] = ()

    @property
    def running(self) -> bool:
        """The month is not over yet, so nothing of it is compared."""
        return any(one.running for one in self.figures)

    def figure(self, name: str) -> Figure:
        """A figure by its name; raises KeyError."""
        found = next((one for one in self.figures if one.name == name), None)
        if found is None:
            raise KeyError(name)
        return found
