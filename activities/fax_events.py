"""A part of a fax as an event for the inbox: a new referral, or a plan that came back.

The same words of the same part are the same event, however often they are put in; a part whose
event stands in the inbox (``inbox_id``) gets no other one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlmodel import Session

from activities.fax_reading import page_of
from integrations.reading import reader
from integrations.reading.pages import Unopened
from integrations.reading.tools import Slow
from models.attribution import ASKED
from models.events import MAX_PDF_BYTES
from models.fax import FaxKind, Media, PartState
from models.fax_fields import FIELDS, FieldRead
from models.fax_lead import request, values, whole
from store import faxes, inbox
from store.tables import FaxPartRow, FaxRow

MACHINE: Final = "machine"  # who said what a part is, where no person did
RETURNED: Final = "plan_of_care_returned"
RECEIVED: Final = "referral_received"


class Certain(NamedTuple):
    """A part that can go further by itself: the event it is, ready for the inbox."""

    part_id: str
    event_id: str
    body: bytes
    received_at: datetime
    becomes: PartState


def vouched(part: FaxPartRow) -> bool:
    """Whether a person has said that it is a new referral, and everything that it needs."""
    return part.kind == FaxKind.NEW_REFERRAL and part.kind_by != MACHINE and part.trouble is None


def certain_of(session: Session, part: FaxPartRow) -> Certain | None:
    """How an open part goes further: by the event it has in the inbox, or as a new referral.

    None while it waits for a person, and for a plan that came back, whose pages must be drawn.
    """
    if part.state != PartState.OPEN:
        return None
    if part.inbox_id is not None:
        row = inbox.get(session, part.org, part.inbox_id)
        new = part.kind == FaxKind.NEW_REFERRAL
        becomes = PartState.LEAD if new else PartState.ATTACHED
        return Certain(part.id, row.event_id, row.body, row.received_at, becomes)
    if part.kind == FaxKind.NEW_REFERRAL and part.trouble is None:
        return _lead(session, part, said_of(session, part))
    return None


def _lead(session: Session, part: FaxPartRow, said: Mapping[str, str]) -> Certain | None:
    """A part as the event of a new referral, with these values; None while some is missing."""
    fax = faxes.get(session, part.org, part.fax_id)
    pages = [page_of(row) for row in faxes.pages(session, fax.id)]
    mine = [page for page in pages if part.first_page <= page.number <= part.last_page]
    data = request(
        said,
        text=whole(mine),
        fax=fax.from_number,
        pages=part.last_page - part.first_page + 1,
        clinic_id=part.clinic_id,
    )
    if data is None:
        return None
    event = {"type": RECEIVED, "at": fax.received_at.isoformat(), "data": data}
    return _certain(part, fax, event, PartState.LEAD)


def returned(
    fax: FaxRow, part: FaxPartRow, referral_id: str, version: int, pdf: bytes | None
) -> Certain:
    """A part as the event of a plan that came back."""
    event: dict[str, Any] = {
        "type": RETURNED,
        "at": fax.received_at.isoformat(),
        "referral": {"id": referral_id},
        "data": {"version": version},
    }
    if pdf is not None:
        event["document"] = {"pdf": base64.b64encode(pdf).decode()}
    return _certain(part, fax, event, PartState.ATTACHED)


def fields_of(part: FaxPartRow) -> tuple[FieldRead, ...]:
    """The fields of a part as they were read."""
    return tuple(FieldRead.model_validate(one) for one in part.fields)


def said_of(session: Session, part: FaxPartRow) -> dict[str, str]:
    """The fields of a part as they stand: as read, and as people said otherwise since."""
    said = values(fields_of(part))
    for one in faxes.corrections(session, part.id):
        if one.field in FIELDS or one.field in ASKED:
            said[one.field] = one.said or ""
    return {name: value for name, value in said.items() if value}


def turns_of(session: Session, fax_id: str) -> dict[int, int]:
    """The pages that were read, and by how much each is turned to stand upright."""
    return {row.number: row.rotate for row in faxes.pages(session, fax_id)}


def pictures(fax: FaxRow, part: FaxPartRow, turns: dict[int, int]) -> bytes | None:
    """The pages of a part as a PDF of pictures; None where they cannot be drawn, or are too many.

    Takes seconds: call it outside any transaction.
    """
    pages = {
        page: turn for page, turn in turns.items() if part.first_page <= page <= part.last_page
    }
    try:
        pdf = reader.flattened(fax.content, Media(fax.media), pages) if pages else b""
    except (Unopened, Slow):
        return None
    return pdf if 0 < len(pdf) <= MAX_PDF_BYTES else None


def _certain(part: FaxPartRow, fax: FaxRow, event: dict[str, Any], becomes: PartState) -> Certain:
    body = json.dumps(event, sort_keys=True).encode()
    event_id = f"{part.id}-{hashlib.sha256(body).hexdigest()[:16]}"
    return Certain(part.id, event_id, body, fax.recorded_at, becomes)
