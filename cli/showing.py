"""``show`` and ``explain``: one referral's story, and what is promised next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.table import Table

from activities.tenants import Tenants
from cli.console import out, print_json
from cli.workplace import wall_clock
from models import certification, dues, duty, holds
from models.due import Due
from models.facts import AnyFact, TaskOpened
from models.referral import Referral
from models.tasks import SPECS, kind_of
from store import tasks
from store.record import Record

# What a timeline line adds to its kind; ids and codes only.
_DETAILS = (
    "message", "channel", "why", "code", "task", "role", "by", "version", "starts_at",
    "reason", "outcome", "score", "measure", "day", "status", "owner", "next_check", "limit",
    "visits", "ends_on", "not_before", "to", "until",
)  # fmt: skip


def show(record: Record, tenants: Tenants, org: str, referral_id: str, *, as_json: bool) -> None:
    """Print the card and the timeline of one referral; ids and codes, no names."""
    card = record.card(org, referral_id)
    timeline = record.timeline(org, referral_id)
    if as_json:
        print_json(
            {
                "card": card.model_dump(mode="json"),
                "timeline": [told.fact.model_dump(mode="json") for told in timeline],
            }
        )
        return
    zone = _zone(tenants, org, card.clinic_id)
    out.print(f"[bold]{referral_id}[/]  stage [bold]{words(card.stage)}[/]", end="")
    out.print(f"  ·  closed: {words(card.closed_reason)}" if card.closed_reason else "")
    if card.holds:
        out.print(f"Waits for: {', '.join(words(reason) for reason in card.holds)}")
    if card.paused_until is not None and card.paused_until > wall_clock():
        out.print(f"Paused until {moment(card.paused_until, zone)}")
    if card.next_says:
        owner = f" ({words(card.next_owner)})" if card.next_owner else ""
        out.print(f"Next: {moment(card.next_at, zone)}  {card.next_says}{owner}", soft_wrap=True)
    table = Table("when", "what", "details", box=None, header_style="dim")
    for told in timeline:
        table.add_row(moment(told.fact.at, zone), words(told.fact.kind), _details(told.fact, zone))
    out.print(table)


def explain(record: Record, tenants: Tenants, org: str, referral_id: str, *, as_json: bool) -> None:
    """Print the referral's agenda in sentences: what is owed, by whom, until when, and why."""
    referral = record.referral(org, referral_id)
    rules = record.rules(org, referral_id)
    agenda, paused = dues.ahead(referral, rules, wall_clock()), holds.pause(referral)
    with record.store.read() as session:
        asked = {row.key: row.says for row in tasks.of_referral(session, referral_id)}
    if as_json:
        print_json(
            {
                "referral": referral_id,
                "stage": referral.stage(),
                "certification": certification.state(referral),
                "policy": rules.policy_version,
                "holds": [_hold(hold) for hold in holds.standing(referral)],
                "paused": paused.model_dump(mode="json") if paused is not None else None,
                "agenda": [due.model_dump(mode="json") for due in agenda],
                "tasks": [
                    {**task.model_dump(mode="json"), "says": _says(task, asked)}
                    for task in referral.open_tasks()
                ],
            }
        )
        return
    zone = _zone(tenants, org, record.card(org, referral_id).clinic_id)
    for sentence in sentences(referral, zone, agenda, asked, wall_clock()):
        out.print(sentence, markup=False, soft_wrap=True)


def sentences(
    referral: Referral, zone: ZoneInfo, agenda: list[Due], asked: Mapping[str, str], now: datetime
) -> list[str]:
    """The agenda as a person would say it; *asked* are the very questions of its tasks, by key."""
    lines = [f"The referral stands at “{words(referral.stage())}”."]
    closing = referral.closing()
    if closing is not None:
        lines.append(f"It was closed {moment(closing.at, zone)}: {words(closing.reason)}.")
    else:
        lines += [
            f"It waits for {holds.WORDS[hold.reason]} since {moment(hold.since, zone)}."
            for hold in holds.standing(referral)
        ]
    if referral.in_hands_of() is not None:
        lines.append(f"It is in the hands of {referral.in_hands_of()}.")
    if referral.plan() is not None:
        lines.append(f"Its plan of care: {words(certification.state(referral))}.")
    for task in referral.open_tasks():
        says, by = _says(task, asked), moment(task.due, zone)
        end = "" if says.endswith(("?", ".")) else "."
        whose = words(task.role).capitalize()
        raised, held = duty.raised_to(referral, task.task), duty.lease(referral, task.task)
        whose += f", now also the {words(raised)}" if raised else ""
        whose += f" ({held.who} has it)" if held is not None and held.stands(now) else ""
        lines.append(f"{whose}, by {by}: {says}{end}")
    for due in agenda:
        whose = f"; then it is the {words(due.owner)}'s" if due.owner else ""
        lines.append(f"{moment(due.at, zone)}: {due.says}{whose}.")
    if len(lines) == 1 or (closing is not None and not referral.open_tasks()):
        lines.append("Nothing is owed to anybody.")
    return lines


def _hold(hold: holds.Hold) -> dict[str, str | None]:
    told = hold.authorization
    return {
        "hold_id": hold.hold_id,
        "reason": hold.reason,
        "since": hold.since.isoformat(),
        "owner": hold.owner,
        "authorization": told.status if told is not None else None,
    }


def _says(task: TaskOpened, asked: Mapping[str, str]) -> str:
    return asked.get(task.task) or SPECS[kind_of(task.task)].says


def words(code: str | None) -> str:
    """A code as words."""
    return (code or "").replace("_", " ")


def _details(fact: AnyFact, zone: ZoneInfo) -> str:
    told = [
        f"{words(name)} {moment(value, zone) if isinstance(value, datetime) else value}"
        for name in _DETAILS
        if (value := getattr(fact, name, None)) not in (None, "", False)
    ]
    return "retracted" if fact.retracted else ", ".join(told)


def _zone(tenants: Tenants, org: str, clinic_id: str) -> ZoneInfo:
    return ZoneInfo(tenants.get(org).organization.clinic(clinic_id).zone)


def moment(at: datetime | None, zone: ZoneInfo) -> str:
    """A moment as people at the clinic say it; empty where there is none."""
    return f"{at.astimezone(zone):%a %d %b %Y %H:%M}" if at else ""
