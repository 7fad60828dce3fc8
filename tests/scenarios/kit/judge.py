"""A shuffled run beside the ordered one: nothing doubled, nothing lost, every difference explained.

The rules, as code:

- **Doubled**: a message that vendors took more than once, two messages of one name, or the same
  words to the same address more often than in the ordered run, unless each was right when it went
  out (moved to Monday, and back to Friday).
- **Lost**: an event that was taken (202) and is neither in the facts, nor waits for its referral,
  nor stands with a person; or what is known in the end differs by anything else.
- **Explained**: a message that only one of the runs sent. An extra one must have been right on what
  was known when it went out; a missing one must at no moment have been owed on what was known,
  unless it was held until it was overtaken (``kit.known``). Anything else is a fault.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from integrations.emr.events import RECEIVED
from models.facts import MILESTONES, AnyFact, MessageApproved, MessageDropped, MessageHeld
from models.kinds import Kind
from models.referral import MessageRef, Referral
from store.tables import InboxState
from tests.scenarios.kit.evidence import Evidence, Known, Sent
from tests.scenarios.kit.known import right
from tests.scenarios.kit.scene import Played, event_ids

MOMENT = timedelta(minutes=1)  # what comes due as something arrives may be told either way
# What only a run itself names: ids made here, and when it was vouched for.
_OURS = frozenset({"as_of", "confirmed_at", "source_id", "certifier_id", "recipients"})
_NAMED = ("document_id", "provider_id", "episode_id", "therapist_id")
_MADE = re.compile(r"\b(?:ref|src|prv)_[2-9a-z]{12}\b")
_GIVEN_UP = frozenset({"overtaken", "over"})


@dataclass
class Judgement:
    """What one shuffled run came to, or several."""

    runs: int = 1
    messages: int = 0
    tasks: int = 0
    refused: int = 0  # decisions that were possible in the ordered run and not in this one
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    extra: int = 0  # explained
    missing: int = 0  # explained
    asked: int = 0  # events that a person looks at

    @property
    def wrong(self) -> list[str]:
        """Everything that must not be, as sentences."""
        return [
            *(f"doubled: {one}" for one in self.doubled),
            *(f"lost: {one}" for one in self.lost),
            *(f"unexplained: {one}" for one in self.unexplained),
        ]

    def line(self, name: str) -> str:
        """One line for people."""
        parts = [
            f"{name:<32}",
            f"{self.runs} × shuffled",
            f"{self.messages:>4} messages",
            f"{self.tasks:>4} tasks",
            f"{self.refused:>3} refused",
            f"{len(self.doubled)} doubled",
            f"{len(self.lost)} lost",
            f"{self.extra} more, {self.missing} fewer, {self.asked} asked: right on what was known",
        ]
        verdict = f"WRONG: {len(self.wrong)}" if self.wrong else "as it must"
        return "  ".join([*parts, verdict])


def sum_of(judgements: Sequence[Judgement]) -> Judgement:
    """Several runs of one case in one."""
    total = Judgement(runs=0)
    for one in judgements:
        for part in fields(Judgement):
            setattr(total, part.name, getattr(total, part.name) + getattr(one, part.name))
    return total


def judge(ordered: Played, shuffled: Played) -> Judgement:
    """Compare two runs of one case."""
    told = Judgement(messages=len(shuffled.found.sent), tasks=len(shuffled.found.tasks))
    told.refused = len(shuffled.refused.keys() - ordered.refused.keys())
    told.doubled = list(_doubled(ordered.found, shuffled.found))
    asked = _asked(shuffled)
    told.asked = len(asked)
    told.lost = [*_stuck(shuffled.found), *_unlike(ordered.found, shuffled.found, asked)]
    mine = {_name(ordered.found, one): one for one in ordered.found.sent}
    theirs = {_name(shuffled.found, one): one for one in shuffled.found.sent}
    for name in theirs.keys() - mine.keys():
        sent = theirs[name]
        if was_right(shuffled.found, sent):
            told.extra += 1
        else:
            when = ordered.case.day(sent.at)
            told.unexplained.append(f"{sent.life}: {sent.message.key} went out on {when}")
    for name in mine.keys() - theirs.keys():
        life, message = mine[name].life, _as_known(shuffled.found, name)
        owed = owed_at(shuffled.found, life, message)
        if owed is None:
            told.missing += 1
        else:
            when = ordered.case.day(owed)
            told.unexplained.append(f"{life}: {message.key} was owed on {when}, never went out")
    return told


# --- doubled and lost -----------------------------------------------------------------------------


def _doubled(ordered: Evidence, shuffled: Evidence) -> Iterator[str]:
    names = Counter((one.life, one.message.key) for one in shuffled.sent)
    for one in shuffled.sent:
        if one.acceptances > 1 or names[one.life, one.message.key] > 1:
            yield f"{one.life}: {one.message.key}"
    before, now = ordered.papers, shuffled.papers
    for where, times in now.items():
        same = [one for one in shuffled.sent if one.where == where]
        told = [f"{one.life}/{one.message.key}" for one in same]
        right = all(was_right(shuffled, one) for one in same)
        if times > max(1, before.get(where, 0)) and not right:
            yield f"the same words went {times} times to {where[0]}: {', '.join(told)}"


def _stuck(found: Evidence) -> Iterator[str]:
    seen = {InboxState.APPLIED, InboxState.WAITING, InboxState.TASK}
    for event_id, state in found.inbox.items():
        if state not in seen:
            yield f"the event {event_id} is {state}"


def _asked(played: Played) -> set[tuple[str, str]]:
    """Life and type of every event that waits for its referral, or for a person's word."""
    with_people = {InboxState.WAITING, InboxState.TASK}
    asked = set()
    for number, line in enumerate(played.case.script()):
        for event_id in event_ids(played.org, number):
            if played.found.inbox.get(event_id) in with_people:
                asked.add((line.life, str(line.body.get("type"))))
    return asked


def _unlike(ordered: Evidence, shuffled: Evidence, asked: set[tuple[str, str]]) -> Iterator[str]:
    for life, known in ordered.known.items():
        if (life, RECEIVED) in asked:
            continue  # whether it is a referral at all is for a person to say
        mine, theirs = heard(known), heard(shuffled.known.get(life, []))
        for key in sorted(mine.keys() | theirs.keys()):
            fact = mine.get(key) or theirs[key]
            if mine.get(key) != theirs.get(key) and (life, fact["kind"]) not in asked:
                yield f"{life}: {key} is known as {theirs.get(key)}, expected {mine.get(key)}"
        mine_end, their_end = ordered.ends[life], shuffled.ends.get(life)
        if mine_end != their_end and not any(one == life for one, _ in asked):
            yield f"{life}: ends as {their_end}, expected {mine_end}"


def heard(known: list[Known]) -> dict[str, dict[str, Any]]:
    """What is known of the world in the end, without what a run names by itself."""
    referral, names = Referral(one.fact for one in known), aliases(known)
    told = [fact for fact in referral.facts if fact.kind in MILESTONES]
    return {renamed(fact.key, names): _plain(fact, names) for fact in told}


def aliases(known: list[Known]) -> dict[str, str]:
    """The ids a run made, by a name that both runs share: which of its kind came first."""
    told = sorted({one.fact.key: one.fact for one in known}.values(), key=_came)
    found: dict[str, str] = {}
    for fact in told:
        for made in _MADE.findall(fact.model_dump_json()):
            kind = made.partition("_")[0]
            count = sum(one.startswith(kind) for one in found)
            found.setdefault(made, f"{kind}-no{count}")
    return found


def _came(fact: AnyFact) -> tuple[datetime, str]:
    return fact.at, fact.kind


def renamed(text: str, names: dict[str, str]) -> str:
    """A text with one run's ids exchanged for the shared names, or back."""
    for made, shared in names.items():
        text = text.replace(made, shared)
    return text


def _plain(fact: AnyFact, names: dict[str, str]) -> dict[str, Any]:
    body = fact.model_dump(mode="json", exclude=set(_OURS))
    shared = {n: renamed(v, names) if isinstance(v, str) else v for n, v in body.items()}
    named = {name: body[name] is not None for name in _NAMED if name in body}
    return {**shared, **named}


# --- right on what was known ----------------------------------------------------------------------


def was_right(found: Evidence, sent: Sent) -> bool:
    """Whether a message was right on what was known when it went out."""
    rules = found.rules[sent.life]
    referral = Referral(
        one.fact
        for one in found.known[sent.life]
        if one.at <= sent.at and not _about(one.fact, sent.message)
    )
    return right(referral, sent.message, rules, sent.at)


def owed_at(found: Evidence, life: str, message: MessageRef) -> datetime | None:
    """The first moment at which a message that never went out was owed; None: at no moment."""
    known = found.known.get(life, [])
    if any(_refused(one.fact, message) for one in known):
        return None
    referral, held = Referral(), None
    for number, one in enumerate(known):
        if isinstance(one.fact, MessageHeld) and _about(one.fact, message):
            held = one.fact
        if not _about(one.fact, message):
            referral.learn(one.fact)
        later = known[number + 1].at if number + 1 < len(known) else found.until or one.at
        moment = later - MOMENT
        if moment <= one.at or (held and (held.until is None or held.until > moment)):
            continue
        if right(referral, message, found.rules[life], moment):
            return moment
    return None


def _about(fact: AnyFact, message: MessageRef) -> bool:
    """A word about this message, or about what takes its place; not a person's leave to send it."""
    told = None if isinstance(fact, MessageApproved) else getattr(fact, "message", None)
    confirms = message.kind in {Kind.BOOKED, Kind.INTAKE}
    kinds = (Kind.BOOKED, Kind.INTAKE) if confirms else (message.kind,)
    return told in {message._replace(kind=kind).key for kind in kinds}


def _refused(fact: AnyFact, message: MessageRef) -> bool:
    """It was decided for a reason of its own that it does not go: no consent, no channel left.

    A confirmation shares the lot of the next one for the same appointment, which took its place.
    """
    if not isinstance(fact, MessageDropped) or fact.why in _GIVEN_UP:
        return False
    next_one = message.kind in {Kind.BOOKED, Kind.INTAKE} and "@" not in message.occasion
    told = MessageRef.parse(fact.message.partition("@")[0]) if next_one else None
    return _about(fact, message) or (told is not None and told == message)


# --- names that both runs share -------------------------------------------------------------------

Name = tuple[str, str, str, str]


def _name(found: Evidence, sent: Sent) -> Name:
    """A message's name; a report recipient by place, since each run makes ids of its own.

    An appointment is confirmed once, with the forms or without.
    """
    kind, to, occasion = sent.message
    kind = Kind.BOOKED if kind is Kind.INTAKE else kind
    if to.startswith("recipient:"):
        places = _recipients(found, sent.life)
        to = f"recipient:{places.index(to.partition(':')[2])}"
    names = aliases(found.known.get(sent.life, []))
    return (sent.life, kind, renamed(to, names), renamed(occasion, names))


def _as_known(found: Evidence, name: Name) -> MessageRef:
    """The message of a name, as this run calls it."""
    life, kind, to, occasion = name
    if to.startswith("recipient:"):
        places = _recipients(found, life)
        place = int(to.partition(":")[2])
        to = f"recipient:{places[place]}" if place < len(places) else to
    back = {shared: made for made, shared in aliases(found.known.get(life, [])).items()}
    return MessageRef(Kind(kind), renamed(to, back), renamed(occasion, back))


def _recipients(found: Evidence, life: str) -> list[str]:
    referral = Referral(one.fact for one in found.known.get(life, []))
    return list(referral.received.recipients) if referral.is_received() else []
