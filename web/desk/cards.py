"""What a card says: the words of a tile, whoever looks and whatever screen it is on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from models import holds
from models.access import masked
from models.facts import HoldReason, Payer, Urgency
from models.moves import TITLES, WAYS, Seen, offered
from models.referral import Stage
from store.board import Tile
from web.pages import ago, moment, until

MOST_DOTS = 6
_PAYERS = {
    Payer.MEDICARE_PART_B: "Medicare",
    Payer.MEDICARE_ADVANTAGE: "Medicare Advantage",
    Payer.MEDICAID: "Medicaid",
    Payer.WORKERS_COMP: "Workers’ comp",
    Payer.COMMERCIAL: "Commercial",
    Payer.SELF_PAY: "Self-pay",
}
_URGENCY = {Urgency.URGENT: "Urgent", Urgency.POST_OP: "Post-op"}


class Face(NamedTuple):
    """One card as the page shows it; times are local to its clinic."""

    referral_id: str
    name: str
    age: str
    tags: tuple[str, ...]
    urgent: bool
    says: str
    owner: str
    due: str  # "" where nothing is due
    due_at: str
    late: bool
    touch: str
    waits: tuple[str, ...]
    dots: str
    attempts: str  # "" where none is counted
    stage: str
    title: str
    seen: str
    targets: str  # the columns it may go to, for the pointer
    held_by: str
    source: str


def face(tile: Tile, *, now: datetime, zone: str, staff: Mapping[str, str], named: bool) -> Face:
    """A tile in words; *staff* are names by id, *named* whether the patient's may be shown."""
    card, asks = tile.card, tile.asks
    due = asks.due if asks is not None else card.next_at
    says = asks.says if asks is not None else card.next_says or "Nothing is owed"
    moves = offered(card.stage, confirmed=card.confirmed)
    counts = card.stage in {Stage.RECEIVED, Stage.CONTACTING}
    return Face(
        referral_id=card.referral_id,
        name=patient(tile.given_name, tile.family_name, named=named),
        age=age_band(tile.born, now.date()) if named else "",
        tags=_tags(tile),
        urgent=tile.urgency != Urgency.ROUTINE,
        says=says,
        owner=_owner(tile, now, staff),
        due=until(due, now) if due is not None else "",
        due_at=moment(due, zone, now) if due is not None else "",
        late=due is not None and due <= now,
        touch=f"Last touch {ago(card.last_touch_at, now)}"
        if card.last_touch_at is not None
        else "No touch yet",
        waits=_waits(tile, now, zone),
        dots="●" * min(card.attempts, MOST_DOTS) if counts else "",
        attempts=_tries(card.attempts) if counts else "",
        stage=card.stage,
        title=TITLES[Stage(card.stage)],
        seen=str(Seen.of(card)),
        targets=" ".join(str(WAYS[move].to or "") for move in moves),
        held_by=staff.get(card.in_hands_of or "", ""),
        source=tile.source,
    )


def patient(given_name: str, family_name: str, *, named: bool) -> str:
    """A patient's name, or initials for those who need none."""
    return f"{given_name} {family_name}" if named else masked(given_name, family_name)


def age_band(born: date, today: date) -> str:
    """An age as the board says it: decades, and children as such."""
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if years < 18:
        return "under 18"
    return "90 or older" if years >= 90 else f"{years // 10 * 10}s"


def payer_words(payer: str) -> str:
    """A payer as the board says it."""
    return _PAYERS.get(Payer(payer), payer)


def urgency_words(urgency: str) -> str:
    """An urgency as the board says it."""
    return _URGENCY.get(Urgency(urgency), "Routine")


def words(code: str | None) -> str:
    """A code as words."""
    return (code or "").replace("_", " ")


def _tags(tile: Tile) -> tuple[str, ...]:
    tags = [_URGENCY[Urgency(tile.urgency)]] if tile.urgency != Urgency.ROUTINE else []
    tags += [payer_words(tile.card.payer)] if tile.card.payer else []
    return tuple(tags)


def _owner(tile: Tile, now: datetime, staff: Mapping[str, str]) -> str:
    asks = tile.asks
    if asks is not None:
        held = asks.owner is not None and (asks.leased_until is None or asks.leased_until > now)
        return staff.get(asks.owner or "", words(asks.role)) if held else words(asks.role)
    if tile.card.next_key is None:
        return ""
    return words(tile.card.next_owner) or "by itself"


def _waits(tile: Tile, now: datetime, zone: str) -> tuple[str, ...]:
    card = tile.card
    said = [f"Waits for {holds.WORDS[HoldReason(reason)]}" for reason in card.holds]
    if card.paused_until is not None and card.paused_until > now:
        said.append(f"Paused until {moment(card.paused_until, zone, now)}")
    if not card.confirmed:
        said.append("Read by machine: confirm it first")
    if card.closed_reason:
        said.append(f"Closed: {words(card.closed_reason)}")
    return tuple(said)


def _tries(count: int) -> str:
    if not count:
        return "No attempt yet"
    return f"{count} attempt{'s' if count > 1 else ''}"
