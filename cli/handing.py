"""``tasks`` and ``task``: what people have to do, and in whose hands it is."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from activities.hands import ACTS, Hands
from cli.console import out, print_json
from cli.feeding import Doors, fields
from cli.showing import moment, words
from cli.workplace import wall_clock
from models.errors import BadRequest
from models.roles import Role
from store.tables import TaskRow


async def tasks(
    org: str | None, role: str | None, clinic: str | None, who: str | None, *, as_json: bool
) -> int:
    """Print what stands open, soonest first; raises BadRequest for an unknown role or person."""
    doors = await Doors.open()
    tenant = doors.org(org)
    hands = Hands(doors.intake)
    rows = hands.open_tasks(tenant, role=_role(role), clinic_id=clinic, who=who)
    parts = hands.parts(tenant, rows)
    if as_json:
        print_json([_task(row, parts.get(row.id, ())) for row in rows])
        return 0
    table = Table(box=None, header_style="dim")
    table.add_column("due", no_wrap=True)
    table.add_column("whose")
    table.add_column("what, its id, and about whom")
    organization = doors.tenants.get(tenant).organization
    for row in rows:
        place = organization.clinic(row.clinic_id) if row.clinic_id else organization.clinics[0]
        table.add_row(
            moment(row.due, ZoneInfo(place.zone)),
            _whose(row),
            _about(row),
        )
        for part in parts.get(row.id, ()):
            table.add_row("", "", Padding(_about(part), (0, 0, 0, 2)))
    out.print(table if rows else "Nothing is to be done.")
    return 0


def _about(row: TaskRow) -> Group:
    """The words first, the ids below them: on eighty columns they do not fit beside each other."""
    about = row.referral_id or row.source_id or row.practice_id or row.inbox_id or ""
    return Group(Text(row.says), Text(f"{row.id}  {about}".rstrip(), style="dim"))


async def task(
    task_id: str, act: str, data: Sequence[str], org: str | None, *, as_json: bool
) -> int:
    """Take, return, hand over or finish one task; raises Refused with the reason."""
    doors = await Doors.open()
    known = next((one for one in ACTS if one == act), None)
    if known is None:
        raise BadRequest(f"There is no {act!r}; a task can be: {', '.join(ACTS)}.")
    given = {name: str(value) for name, value in fields(data).items()}
    if given.keys() - {"by", "to"} or "by" not in given:
        raise BadRequest("Say who: by=<staff id>, and to=<staff id> to hand it over.")
    row = await Hands(doors.intake).act(
        doors.org(org), task_id, known, by=given["by"], to=given.get("to")
    )
    if as_json:
        print_json(_task(row))
    else:
        out.print(f"{row.says}: {_whose(row)}, {row.state}.", soft_wrap=True)
    return 0


def _role(text: str | None) -> Role | None:
    if text is None:
        return None
    try:
        return Role(text)
    except ValueError:
        raise BadRequest(f"There is no such role; there are: {', '.join(Role)}.") from None


def _whose(row: TaskRow) -> str:
    raised = f", {words(row.raised_to)}" if row.raised_to else ""
    ended = row.leased_until is not None and row.leased_until <= wall_clock()
    held = f" ({row.owner})" if row.owner and not ended else ""
    return f"{words(row.role)}{raised}{held}"


def _task(row: TaskRow, parts: Sequence[TaskRow] = ()) -> dict[str, object]:
    shown = ("id", "kind", "says", "role", "raised_to", "state", "owner", "clinic_id")
    told: dict[str, object] = {name: getattr(row, name) for name in shown}
    told |= {"due": row.due.isoformat(), "referral": row.referral_id, "source": row.source_id}
    told |= {"event": row.inbox_id, "practice": row.practice_id}
    return told | ({"parts": [_task(part) for part in parts]} if parts else {})
