"""``refer``, ``milestone``, ``provider-left``, ``decide``: the doors of the HTTP API, by hand.

What is told here goes through the same intake as any EMR: a row first, then the workflows. With
Temporal down it waits in the inbox and is applied when it is back.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from activities.intake import Intake
from activities.loop import Loop
from activities.tenants import Tenants
from cli.console import out, print_json
from cli.workplace import (
    find_referral,
    load_settings,
    load_tenants,
    open_record,
    try_connect,
    wall_clock,
)
from integrations.emr.referral_file import read_referrals
from models.contracts import RawRequest
from models.errors import BadRequest, TooLarge
from models.ids import new_id
from store.record import Record
from store.tables import InboxRow, InboxState

MAX_FILE_BYTES = 16 * 1024 * 1024
_SAYS = {
    InboxState.APPLIED: "applied",
    InboxState.RECEIVED: "kept; it is applied as soon as Temporal is back",
    InboxState.WAITING: "kept; it waits for its referral",
    InboxState.TASK: "kept; a person has been asked",
    InboxState.REJECTED: "rejected",
}


class Doors:
    """The intake of this machine, connected to the engine where one can be reached."""

    def __init__(self, tenants: Tenants, record: Record, loop: Loop) -> None:
        self.tenants = tenants
        self.record = record
        self.intake = Intake(record.store, loop, tenants, wall_clock)

    @classmethod
    async def open(cls) -> Doors:
        """Raises ConfigError, StoreUnavailable; never for an engine that is away."""
        settings = load_settings()
        tenants = load_tenants(settings)
        record = open_record(settings)
        return cls(tenants, record, Loop(await try_connect(settings)))

    def org(self, wanted: str | None) -> str:
        """The organization meant; raises BadRequest where there are several and none is named."""
        if wanted is not None:
            return self.tenants.get(wanted).organization.id
        every = list(self.tenants)
        if len(every) == 1:
            return every[0]
        raise BadRequest(f"There are several organizations; choose one with --org: {every}.")

    async def take(
        self, org: str, origin: Literal["hand", "file"], body: Any, event_id: str
    ) -> InboxRow:
        """One thing through the inbox, dispatched at once; answers what became of it."""
        raw = json.dumps(body, sort_keys=True).encode()
        request = RawRequest(origin=origin, body=raw, received_at=wall_clock())
        row = self.intake.accept(org, request, event_id)
        await self.intake.dispatch(row.id)
        return self.intake.status(org, row.id)


async def refer(file: Path, org: str | None, *, as_json: bool) -> int:
    """Take in every referral of a file; the same file again changes nothing."""
    doors = await Doors.open()
    tenant = doors.org(org)
    rows = []
    for referral in read_referrals(file.name, _read(file)):
        body = referral.model_dump(mode="json", exclude_none=True)
        content = json.dumps(body, sort_keys=True).encode()
        event_id = f"file-{hashlib.sha256(content).hexdigest()[:32]}"
        rows.append(await doors.take(tenant, "file", body, event_id))
    if as_json:
        print_json([_row(row) for row in rows])
    else:
        for row in rows:
            _say(row)
    return 0


async def milestone(
    wanted: str,
    kind: str,
    data: Sequence[str],
    at: datetime | None,
    document: Path | None,
    *,
    retracted: bool,
    as_json: bool,
) -> int:
    """Tell one fact; ``data`` are name=value, values read as JSON where they are."""
    doors = await Doors.open()
    org, referral_id = find_referral(doors.record, doors.tenants, wanted)
    happened = at or wall_clock()
    if happened.tzinfo is None:
        clinic = doors.record.card(org, referral_id).clinic_id
        zone = doors.tenants.get(org).organization.clinic(clinic).zone
        happened = happened.replace(tzinfo=ZoneInfo(zone))
    body: dict[str, Any] = {
        "type": kind,
        "at": happened.isoformat(),  # made UTC where it is read, which knows impossible dates
        "referral": {"id": referral_id},
        "data": fields(data),
        "retracted": retracted,
    }
    if document is not None:
        body["document"] = _document(document)
    row = await doors.take(org, "hand", body, new_id("cli"))
    if as_json:
        print_json(_row(row))
    else:
        _say(row)
    return 0


async def provider_left(
    provider: str,
    on: date,
    successor: str | None,
    by: str | None,
    org: str | None,
    *,
    retracted: bool,
    as_json: bool,
) -> int:
    """Tell that a provider has left; on their last day at the latest, twice is once."""
    doors = await Doors.open()
    tenant = doors.org(org)
    data = {_named("provider", provider): provider, "on": on.isoformat()}
    if successor is not None:
        data[_named("successor", successor)] = successor
    if by is not None:
        if by not in {one.id for one in doors.tenants.get(tenant).staff}:
            raise BadRequest("--by: nobody of the staff has this id.", code="unknown_staff")
        data["by"] = by
    body = {
        "type": "provider_left",
        "at": wall_clock().isoformat(),
        "data": data,
        "retracted": retracted,
    }
    row = await doors.take(tenant, "hand", body, new_id("cli"))
    if as_json:
        print_json(_row(row))
    else:
        _say(row)
    return 0


def _named(who: str, value: str) -> str:
    return f"{who}_npi" if value.isascii() and value.isdigit() else f"{who}_id"


async def decide(wanted: str, kind: str, data: Sequence[str], *, as_json: bool) -> int:
    """Take one staff decision; raises Refused with the reason."""
    doors = await Doors.open()
    org, referral_id = find_referral(doors.record, doors.tenants, wanted)
    content = {**fields(data), "kind": kind}
    decision = doors.intake.read_decision(org, referral_id, content)
    decided = await doors.intake.decide(org, referral_id, decision)
    if as_json:
        print_json({"state": decided.state, "version": decided.version})
    else:
        waits = " It is taken as soon as a worker is there." if decided.state == "pending" else ""
        out.print(f"{kind.replace('_', ' ')}: {decided.state}.{waits}", soft_wrap=True)
    return 0


def fields(data: Sequence[str]) -> dict[str, Any]:
    """Arguments ``name=value`` as a dictionary, values read as JSON where they are.

    Raises BadRequest for one without a value, or given twice.
    """
    found: dict[str, Any] = {}
    for given in data:
        name, equals, value = given.partition("=")
        if not equals:
            raise BadRequest(f"Expected name=value, got {name!r}.", field=name)
        if name in found:
            raise BadRequest(f"{name} is given twice.", field=name)
        try:
            found[name] = json.loads(value)
        except (ValueError, RecursionError):
            found[name] = value
    return found


def _document(path: Path) -> dict[str, Any]:
    content = _read(path)
    if content.startswith(b"%PDF"):
        return {"pdf": base64.b64encode(content).decode()}
    try:
        return {"fields": json.loads(content)}
    except (ValueError, RecursionError):
        raise BadRequest("The document is neither a PDF nor JSON.", field="document") from None


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise TooLarge(f"{path.name} is larger than {MAX_FILE_BYTES // 1024**2} MiB.")
        return path.read_bytes()
    except OSError as error:
        raise BadRequest(f"{path.name} cannot be read: {error.strerror}.", code="no_file") from None


def _row(row: InboxRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "status": row.state,
        "reason": row.reason,
        "referral_id": row.referral_id,
    }


def _say(row: InboxRow) -> None:
    which = f" ({row.referral_id})" if row.referral_id else ""
    why = f": {row.reason}" if row.reason else ""
    out.print(
        f"{row.id}{which}: {_SAYS[InboxState(row.state)]}{why}.", markup=False, soft_wrap=True
    )
