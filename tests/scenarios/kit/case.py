"""The words a case is written in: what arrives, what staff do, and what must come of it.

A case file holds one function ``tell(case)``. Times are local to the clinic in New York, as days
from an opening Monday (day 0). What a case does not say must go out, must not go out; what it does
not say is asked of people, must not be asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from demo.cast import Json
from demo.life import ZONE, Life, Line, Moment

Days = int | tuple[int, int]  # a day, or the first and the last of several
Until = Days | Moment


@dataclass(frozen=True)
class Sends:
    """A message that must go out: on these days, by this channel, to this person's address."""

    life: str
    days: Days
    clock: str | None  # "16:30", or a range "09:00-11:30"; None: any time of the day
    kind: str
    to: Json | str
    channel: str
    with_words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The number or mailbox it must arrive at."""
        if isinstance(self.to, str):
            return self.to
        if self.channel == "sms":
            return str(self.to.get("guardian_phone") or self.to["phone"])
        return str(self.to[self.channel])


@dataclass(frozen=True)
class Asks:
    """A task that must be opened, for this role, and until when it must stand."""

    life: str  # "" for a task of a source or of the organization
    days: Days
    clock: str | None
    kind: str
    role: str
    until: Until | None = None  # None: it stands when the story ends
    due: Moment | None = None


@dataclass(frozen=True)
class Ends:
    """Where a referral must stand when the story ends; None: not said."""

    stage: str
    certification: str | None = None
    closed: str | None = None
    hands: str | None = None  # of whom it was handed over to


@dataclass
class Case:
    """One case: its referrals, everything that happens, and everything that must come of it."""

    name: str
    opening: date
    lives: dict[str, ReferralLife] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)  # those of no referral
    sends: list[Sends] = field(default_factory=list)
    never: list[tuple[str, str, str]] = field(default_factory=list)  # life, kind, because
    asked: list[Asks] = field(default_factory=list)
    ends: dict[str, Ends] = field(default_factory=dict)
    rang: dict[tuple[int, str], tuple[int, ...]] = field(
        default_factory=dict
    )  # letters of each fax
    policy: dict[str, Any] = field(default_factory=dict)
    punctual: set[str] = field(default_factory=set)
    until: datetime | None = None

    def referral(self, name: str = "referral") -> ReferralLife:
        """One more referral of this case, under a name of its own within it."""
        life = ReferralLife(
            name, name.replace("_", " "), "", f"S-{2001 + len(self.lives)}", self.opening
        )
        life.case = self
        self.lives[name] = life
        return life

    def overrides(self, **tables: Any) -> None:
        """Change numbers of the clinic's policy file for this case: ``office={"bundle": "0 bh"}``.

        Whole lists of tables (``clinics``, ``staff``) are replaced, everything else is merged.
        """
        self.policy = merged(self.policy, tables)

    def chore(self, day: int, clock: str, chore: str) -> None:
        """Run one of the chores that a Schedule runs in real life."""
        self.line(day, clock, "chore", f"the {chore} chore runs", chore=chore)

    def line(
        self,
        day: int,
        clock: str,
        way: str,
        says: str,
        /,
        *,
        refused: str | None = None,
        **body: Any,
    ) -> None:
        """Anything else that comes in, by one of ``demo.stage.DOORS``."""
        self.lines.append(Line(self.when(day, clock), "", says, way, body, refused))

    def asks(
        self,
        days: Days,
        kind: str,
        role: str,
        clock: str | None = None,
        *,
        until: Until | None = None,
        due: Moment | None = None,
    ) -> None:
        """A task of a source or of the organization; see ``ReferralLife.asks``."""
        self.asked.append(Asks("", days, clock, kind, role, until, due))

    def faxes(self, day: int, number: str, *letters: int) -> None:
        """How often a fax line rings on that day, and how many letters each transmission holds."""
        self.rang[day, number] = tuple(sorted(letters))

    def on_time(self, *lives: str) -> None:
        """These referrals come when they come, also where the story is shuffled: which of several
        is the first decides what follows, and rightly so."""
        self.punctual |= set(lives)

    def lasts(self, day: int, clock: str = "12:00") -> None:
        """When the story ends: what stands then is what ``asks`` and ``ends`` speak of."""
        self.until = self.when(day, clock)

    def when(self, day: int, clock: str) -> datetime:
        """A local moment, ``day`` days after the opening Monday."""
        return Life("", "", "", "", self.opening).when(day, clock)

    def day(self, at: datetime) -> tuple[int, str]:
        """A moment as a case would say it: the day, and the local time."""
        local = at.astimezone(ZONE)
        return (local.date() - self.opening).days, f"{local:%H:%M}"

    def script(self) -> list[Line]:
        """Everything that happens, in the order it arrives; at one moment, as it was written."""
        lines = [line for life in self.lives.values() for line in life.lines]
        return sorted([*lines, *self.lines], key=lambda line: line.at)


@dataclass
class ReferralLife(Life):
    """One referral of a case: its script (``demo.life.Life``), and what must come of it."""

    case: Case = field(init=False, repr=False)

    def sends(
        self,
        days: Days,
        kind: str,
        to: Json | str,
        channel: str,
        clock: str | None = None,
        *,
        with_words: tuple[str, ...] = (),
        without: tuple[str, ...] = (),
    ) -> None:
        """A message must go out on this day (or between two), to this person, by this channel.

        ``clock`` is a local time, or a range (``"16:30-18:00"``); what is written on it may be
        looked at, too. Anything not named is a fault.
        """
        words = (with_words, without)
        self.case.sends.append(Sends(self.name, days, clock, kind, to, channel, *words))

    def never_sends(self, *kinds: str, because: str) -> None:
        """What above all must not go out, and the rule that says so."""
        self.case.never += [(self.name, kind, because) for kind in kinds]

    def asks(
        self,
        days: Days,
        kind: str,
        role: str,
        clock: str | None = None,
        *,
        until: Until | None = None,
        due: Moment | None = None,
    ) -> None:
        """A task must be opened for this role, and stand until then; without, to the end.

        It ends when a person did it or the facts overtook it: on the day ``until``, at the moment
        ``until=(day, "HH:MM")``; ``due`` is the limit its owner was given. Anything not named is
        a fault.
        """
        self.case.asked.append(Asks(self.name, days, clock, kind, role, until, due))

    def ends_as(
        self,
        stage: str,
        *,
        certification: str | None = None,
        closed: str | None = None,
        hands: str | None = None,
    ) -> None:
        """Where the referral must stand when the story ends, and in whose hands (a staff id)."""
        self.case.ends[self.name] = Ends(stage, certification, closed, hands)


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Tables within tables; a value or a list of the changes replaces the one before."""
    result = dict(base)
    for key, value in changes.items():
        known = result.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            result[key] = merged(known, value)
        else:
            result[key] = value
    return result
