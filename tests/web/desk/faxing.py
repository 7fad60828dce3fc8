"""Faxes at the desk for its tests: taken in, read, and looked at as their workflow would."""

from __future__ import annotations

from typing import Any, cast

from temporalio.client import Client

from activities.fax_intake import FaxIntake
from activities.fax_reading import FaxReading
from activities.faxes import Faxes
from activities.loop import Loop
from models.fax import FaxArrival, FaxStart
from models.fax_pages import PageText, Reading
from store import faxes
from tests.doors import ORG
from tests.web.conftest import Site

EAST = "+15185550143"


async def faxed(
    site: Site, text: str, *, content: bytes | None = None, called: str = EAST, pages: int = 1
) -> tuple[str, str]:
    """A fax that reads like this on each page; its id, and that of its first part."""
    read = [PageText(number=n + 1, text=text, source="text", quality=100) for n in range(pages)]
    return await taken(site, Reading(pages=tuple(read), count=pages), content, called=called)


async def taken(
    site: Site, reading: Reading, content: bytes | None = None, *, called: str = EAST
) -> tuple[str, str]:
    """A fax whose reading is this one."""
    door = site.door
    given: dict[str, Any] = {"vendor": "test", "received_at": door.now, "to_number": called}
    body = content if content is not None else b"%PDF-1 " + reading.model_dump_json().encode()
    intake = FaxIntake(
        door.store, Loop(cast(Client, door.engine), "tests"), door.tenants, lambda: door.now
    )
    row = await intake.take(
        ORG,
        FaxArrival(vendor_id=f"v{len(body)}", content=body, from_number="+15185550161", **given),
    )
    room = Faxes(
        door.store,
        door.tenants,
        lambda: door.now,
        door.intake,
        FaxReading(door.store, door.tenants, lambda: door.now, lambda *_: reading),
    )
    start = FaxStart(org=ORG, fax_id=row.id, clinic_id=row.clinic_id)
    room.read(start)
    await room.look(start, door.now)
    with door.store.read() as session:
        return row.id, faxes.parts(session, row.id)[0].id
