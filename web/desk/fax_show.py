"""What the pages of ``/faxes`` show: the list, and one fax beside what was read of it.

Pages are shown as pictures drawn here; the file itself never leaves the record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sqlmodel import Session

from activities.fax_events import fields_of, said_of
from integrations.reading import reader
from integrations.reading.pages import Unopened
from integrations.reading.tools import Slow
from models.access import May
from models.attribution import ASKED
from models.errors import NotFound
from models.fax import TROUBLE_SAYS, FaxKind, Media, PartState, Trouble
from models.fax_fields import FIELDS, NEEDED, Sure
from models.roles import Role
from store import faxes
from store.report.shape import HEARD
from store.tables import FaxPartRow, FaxRow, PatientRow, ReferralRow
from web.desk.door import Desk, Viewer

LABELS: Final[dict[FaxKind, str]] = {
    FaxKind.NEW_REFERRAL: "New referral",
    FaxKind.RETURNED_PLAN: "Plan of care that came back",
    FaxKind.ORDER_RENEWAL: "Renewed order",
    FaxKind.AUTHORIZATION: "Authorization or denial",
    FaxKind.CANCELLED: "Cancellation",
    FaxKind.QUESTION: "Question",
    FaxKind.RECORDS_REQUEST: "Request for records",
    FaxKind.ANOTHER_CLINIC: "Meant for another clinic",
    FaxKind.JUNK: "Advertising",
    FaxKind.UNCLEAR: "Unclear",
}
STATES: Final[dict[PartState, str]] = {
    PartState.OPEN: "Waits for a person",
    PartState.LEAD: "A referral",
    PartState.ATTACHED: "With a referral",
    PartState.DONE: "Seen to",
    PartState.JUNK: "Advertising",
    PartState.DIVIDED: "Divided",
}
SURE: Final[dict[Sure, str]] = {
    Sure.CLEAR: "clear",
    Sure.CHECK: "check with the page",
    Sure.MISSING: "not found",
}
_SHOWN_AT_ONCE: Final = 20  # pages drawn into one view; the others by their links
_ALL_OF_IT: Final = frozenset({Role.FRONT_DESK, Role.LEAD, Role.DIRECTOR})
_COUNTED: Final = timedelta(days=90)
_DRAWING: Final = 3  # pages drawn at once: each is a program of its own


class Line(NamedTuple):
    """One part in the list."""

    part: FaxPartRow
    fax: FaxRow
    what: str
    why: str
    lead: bool


class Field(NamedTuple):
    """One field beside the page."""

    name: str
    label: str
    value: str
    sure: Sure
    words: str
    page: int | None
    needed: bool
    kind: str
    first: bool


class FaxPages:
    """Reads faxes for a viewer."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._drawing = asyncio.Semaphore(_DRAWING)

    # --- the list ---------------------------------------------------------------------------------

    def waiting(self, viewer: Viewer) -> list[Line]:
        """What waits for this viewer, the most pressing first."""
        with self.desk.store.read() as session:
            theirs = (viewer.org, viewer.clinics, None if sorts_all(viewer) else viewer.role)
            mine = [*faxes.waiting(session, *theirs), *faxes.to_confirm(session, *theirs)]
            mine.sort(key=lambda part: (part.due, part.id))
            heads = faxes.heads(session, viewer.org, [part.fax_id for part in mine])
            return [
                Line(
                    part,
                    heads[part.fax_id],
                    LABELS[FaxKind(part.kind)],
                    TROUBLE_SAYS[Trouble(part.trouble)] if part.trouble else "",
                    part.state == PartState.LEAD,
                )
                for part in mine
            ]

    def zones(self, viewer: Viewer) -> dict[str | None, str]:
        """Whose clock a line goes by; what is no clinic's, by the first clinic's."""
        clinics = self.desk.tenants.get(viewer.org).organization.clinics
        return {None: clinics[0].zone, **{one.id: one.zone for one in clinics}}

    def accuracy(self, viewer: Viewer) -> list[tuple[str, int, int]]:
        """How often each field was read in the last 90 days, and how often corrected."""
        if not viewer.may(May.NUMBERS):
            return []
        since = self.desk.clock() - _COUNTED
        with self.desk.store.read() as session:
            found = faxes.accuracy(session, viewer.org, since)
        labels = {**FIELDS, "kind": "What it is"}
        return [(labels[name], *found[name]) for name in labels if name in found]

    # --- one fax ----------------------------------------------------------------------------------

    def find(self, viewer: Viewer, fax_id: str) -> FaxRow:
        """A fax with something on it for this viewer; raises NotFound as if there were none."""
        with self.desk.store.read() as session:
            fax = faxes.get(session, viewer.org, fax_id)
            parts = faxes.parts(session, fax_id)
        if not viewer.sees(fax.clinic_id) or (parts and not any(sees(viewer, p) for p in parts)):
            raise NotFound("There is no such fax.")
        return fax

    def part(self, viewer: Viewer, fax_id: str, part_id: str) -> FaxPartRow:
        """One part of it; raises NotFound."""
        self.find(viewer, fax_id)
        with self.desk.store.read() as session:
            part = faxes.part(session, viewer.org, part_id, lock=False)
        if part.fax_id != fax_id or not sees(viewer, part):
            raise NotFound("There is no such part of a fax.")
        return part

    def shown(
        self,
        viewer: Viewer,
        fax: FaxRow,
        *,
        typed: Mapping[str, str] | None = None,
        about: str = "",
        trouble: str = "",
    ) -> dict[str, Any]:
        """What the template shows; ``typed`` are values of the part ``about`` not yet taken."""
        with self.desk.store.read() as session:
            parts = [part for part in faxes.parts(session, fax.id) if sees(viewer, part)]
            arrivals = faxes.arrivals(session, fax.id)
            told = [
                self._part(session, viewer, part, typed if part.id == about else None)
                for part in parts
            ]
        count = fax.pages or 0
        return {
            "fax": fax,
            "pages": list(range(1, min(count, _SHOWN_AT_ONCE) + 1)),
            "more": list(range(_SHOWN_AT_ONCE + 1, count + 1)),
            "unread": TROUBLE_SAYS[Trouble(fax.trouble)] if fax.trouble else "",
            "times": len(arrivals),
            "parts": told,
            "kinds": LABELS,
            "asked": ASKED,
            "ways": HEARD,
            "about": about,
            "wrong": trouble,
            "zone": self.desk.tenants.calendar(viewer.org, fax.received_at, fax.clinic_id).zone,
            "clinic": next(
                (one.name for one in self.desk.clinics(viewer) if one.id == fax.clinic_id), None
            ),
        }

    def _part(
        self,
        session: Session,
        viewer: Viewer,
        part: FaxPartRow,
        typed: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        read = {one.name: one for one in fields_of(part)}
        stands = typed if typed is not None else said_of(session, part)
        fields: list[Field] = []
        for name, label in FIELDS.items():
            one = read.get(name)
            sure = one.sure if one is not None else Sure.MISSING
            first = sure is not Sure.CLEAR and all(field.sure is Sure.CLEAR for field in fields)
            fields.append(
                Field(
                    name,
                    label,
                    stands.get(name, ""),
                    sure,
                    SURE[sure],
                    one.page if one is not None else None,
                    name in NEEDED,
                    {"patient.born": "date"}.get(name, "tel" if "phone" in name else "text"),
                    first,
                )
            )
        by_name = {field.name: field.value for field in fields}
        waits = part.state == PartState.OPEN
        lead = part.state == PartState.LEAD and not _confirmed(session, part)
        return {
            "row": part,
            "what": LABELS[FaxKind(part.kind)],
            "state": STATES[PartState(part.state)],
            "why": TROUBLE_SAYS[Trouble(part.trouble)] if part.trouble else "",
            "fields": fields,
            "asked": {name: stands.get(name, "") for name in ASKED},
            "waits": waits,
            "lead": lead,
            "form": lead
            or (waits and not part.splits and part.kind in {FaxKind.NEW_REFERRAL, FaxKind.UNCLEAR}),
            "splits": part.splits,
            "long": part.last_page > part.first_page,
            "referrals": self._candidates(session, viewer, by_name) if waits else [],
        }

    def _candidates(
        self, session: Session, viewer: Viewer, said: Mapping[str, str]
    ) -> list[tuple[ReferralRow, PatientRow]]:
        try:
            born = date.fromisoformat(said.get("patient.born", ""))
        except ValueError:
            born = None
        family = said.get("patient.family_name", "")
        return faxes.candidates(session, viewer.org, viewer.clinics, family=family, born=born)

    async def picture(self, fax: FaxRow, page: int) -> bytes:
        """A page as a PNG, upright; raises NotFound for one that cannot be drawn."""
        async with self._drawing:
            return await asyncio.to_thread(self._drawn, fax, page)

    def _drawn(self, fax: FaxRow, page: int) -> bytes:
        with self.desk.store.read() as session:
            turned = {row.number: row.rotate for row in faxes.pages(session, fax.id)}
        try:
            return reader.shown(fax.content, Media(fax.media), page, turned.get(page, 0))
        except (Unopened, Slow):
            raise NotFound("This page cannot be shown.") from None


def sees(viewer: Viewer, part: FaxPartRow) -> bool:
    """Whether a part is theirs to look at: the desk's all of them, other roles' their own kind."""
    theirs = sorts_all(viewer) or part.role == viewer.role
    return theirs and viewer.sees(part.clinic_id)


def sorts_all(viewer: Viewer) -> bool:
    """Whether every fax of their clinics is theirs, and they take some in by hand."""
    return viewer.role in _ALL_OF_IT


def _confirmed(session: Session, part: FaxPartRow) -> bool:
    row = session.get(ReferralRow, part.referral_id) if part.referral_id else None
    return row is None or row.confirmed or row.closed_reason is not None
