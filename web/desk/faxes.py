"""``/faxes``: what came by fax and waits for a person, the page beside what was read of it.

Pages are shown as pictures drawn here; the file itself never leaves the record. Every act is one
form and works without scripts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse

from activities.fax_desk import FaxDesk
from activities.fax_events import fields_of, said_of
from activities.fax_intake import FaxIntake
from activities.intake import Intake
from integrations.reading import reader
from integrations.reading.pages import Unopened
from integrations.reading.tools import Slow
from models.access import May
from models.attribution import ASKED
from models.errors import BadRequest, Forbidden, LoopError, NotFound, TooLarge
from models.fax import (
    MAX_FAX_BYTES,
    TROUBLE_SAYS,
    FaxArrival,
    FaxKind,
    Media,
    PartState,
    Trouble,
)
from models.fax_fields import FIELDS, NEEDED, Sure
from models.ids import new_id
from models.roles import Role
from store import faxes
from store.report.shape import HEARD
from store.tables import FaxPartRow, FaxRow, PatientRow, ReferralRow
from web.desk.acts import way_here
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
SAID: Final[dict[str, str]] = {
    "confirm": "Confirmed: the referral goes on, and its sender is thanked.",
    "later": "Noted; it goes on by itself as soon as the record and the engine are back.",
    "kind": "Noted what it is.",
    "attach": "It is with the referral now.",
    "done": "Put away as seen to.",
    "junk": "Put away as advertising.",
    "split": "Divided; look at each part.",
    "upload": "The fax is taken in and being read.",
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
    """Reads faxes for a viewer and does what they say with one."""

    def __init__(self, desk: Desk, intake: Intake) -> None:
        self.desk = desk
        self.acts = FaxDesk(intake)
        self.intake = FaxIntake(intake.store, intake.loop, intake.tenants, intake.clock)
        self._drawing = asyncio.Semaphore(_DRAWING)

    # --- the list ---------------------------------------------------------------------------------

    def waiting(self, viewer: Viewer) -> list[Line]:
        """What waits for this viewer, the most pressing first."""
        with self.desk.store.read() as session:
            theirs = (viewer.org, viewer.clinics, None if _sorts_all(viewer) else viewer.role)
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

    # --- acts -------------------------------------------------------------------------------------

    async def act(
        self, viewer: Viewer, part: FaxPartRow, act: str, form: FormData, said: Mapping[str, str]
    ) -> str:
        """Do it; answers the code of what to say.

        Raises what ``FaxDesk`` raises, and BadRequest for what no form of ours sends.
        """
        version = _number(form, "version")
        who = (viewer.org, part.id, version, viewer.staff_id)
        if act == "confirm":
            for name in ASKED:
                way_here(name, said.get(name, ""))
            decided = await self.acts.confirm(*who, said)
            return "later" if decided.state == "pending" else act
        if act == "kind":
            await self.acts.call_it(*who, _kind(form))
        elif act == "attach":
            await self.acts.attach(*who, await asyncio.to_thread(self._chosen, viewer, form))
        elif act == "split":
            await self.acts.divide(*who, _number(form, "page"))
        elif act in {"done", "junk"}:
            state = PartState.DONE if act == "done" else PartState.JUNK
            await self.acts.put_away(*who, state)
        else:
            raise NotFound("There is no such act.")
        return act

    def _chosen(self, viewer: Viewer, form: FormData) -> str:
        """The referral they chose, which must be at one of their clinics."""
        typed = str(form.get("referral_id", "")).strip() or str(form.get("other", "")).strip()
        referral_id = typed.rstrip("/").rpartition("/")[2]
        with self.desk.store.read() as session:
            row = session.get(ReferralRow, referral_id) if referral_id else None
        if row is None or row.org != viewer.org or not viewer.sees(row.clinic_id):
            raise BadRequest(
                "Choose a referral, or paste the address of its page.", code="no_referral"
            )
        return row.id

    async def take(self, viewer: Viewer, form: FormData) -> FaxRow:
        """A file somebody brings by hand."""
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise BadRequest("Choose a file first.", code="no_file", field="file")
        content = await file.read(MAX_FAX_BYTES + 1)
        if len(content) > MAX_FAX_BYTES:
            raise TooLarge("The file is larger than 50 MiB.")
        clinic = self.desk.clinics(viewer)[0] if viewer.clinics else None
        arrival = FaxArrival(
            vendor="upload",
            vendor_id=new_id("upl"),
            content=content,
            content_type=file.content_type or "",
            received_at=self.desk.clock(),
            to_number=clinic.fax if clinic is not None else None,
        )
        return await self.intake.take(viewer.org, arrival)


def router(desk: Desk, intake: Intake) -> APIRouter:
    """The routes of ``/faxes``."""
    pages = FaxPages(desk, intake)
    routes = APIRouter(tags=["desk"], include_in_schema=False)

    @routes.get("/faxes")
    async def index(request: Request) -> Response:
        viewer = await desk.viewer(request, May.SORT)
        return await _index(request, viewer)

    async def _index(request: Request, viewer: Viewer, trouble: str = "") -> Response:
        lines = await asyncio.to_thread(pages.waiting, viewer)
        said = SAID.get(request.query_params.get("said", ""), "")
        told = {
            "lines": lines,
            "said": said,
            "lost": trouble,
            "zones": _zones(desk, viewer),
            "accuracy": await asyncio.to_thread(pages.accuracy, viewer),
        }
        return await desk.page(request, viewer, "faxes.html", told, status=400 if trouble else 200)

    @routes.post("/faxes")
    async def upload(request: Request) -> Response:
        viewer = await desk.viewer(request, May.SORT)
        form = await desk.form(request, viewer)
        if not _sorts_all(viewer):
            raise Forbidden("Your role does not take faxes in.", code="not_your_role")
        try:
            fax = await pages.take(viewer, form)
        except BadRequest as error:
            return await _index(request, viewer, error.sentence)
        finally:
            await form.close()
        return RedirectResponse(f"/faxes/{fax.id}?said=upload", status_code=303)

    @routes.get("/faxes/{fax_id}")
    async def one(request: Request, fax_id: str) -> Response:
        viewer = await desk.viewer(request, May.SORT)
        fax = await asyncio.to_thread(pages.find, viewer, fax_id)
        await asyncio.to_thread(desk.seen, viewer, fax.id)
        told = await asyncio.to_thread(pages.shown, viewer, fax)
        told["said"] = SAID.get(request.query_params.get("said", ""), "")
        return await desk.page(request, viewer, "fax.html", told)

    @routes.get("/faxes/{fax_id}/pages/{page}")
    async def picture(request: Request, fax_id: str, page: int) -> Response:
        viewer = await desk.viewer(request, May.SORT)
        fax = await asyncio.to_thread(pages.find, viewer, fax_id)
        png = await pages.picture(fax, page)
        await asyncio.to_thread(desk.seen, viewer, fax.id)
        return Response(png, media_type="image/png")

    @routes.post("/faxes/{fax_id}/parts/{part_id}/{act}")
    async def act(request: Request, fax_id: str, part_id: str, act: str) -> Response:
        viewer = await desk.viewer(request, May.SORT)
        form = await desk.form(request, viewer)
        part = await asyncio.to_thread(pages.part, viewer, fax_id, part_id)
        if act == "confirm" and not viewer.may(May.WORK):
            raise Forbidden("Your role does not decide about referrals.", code="not_your_role")
        said = {name: str(form.get(name, "")).strip()[:300] for name in (*FIELDS, *ASKED)}
        wrong, status = "", 200
        if act != "find":
            try:
                done = await pages.act(viewer, part, act, form, said)
            except LoopError as error:
                if error.http_status >= 500 or isinstance(error, NotFound):
                    raise
                wrong, status = error.sentence, error.http_status
            else:
                stay = act in {"kind", "split"}
                where = f"/faxes/{fax_id}" if stay else "/faxes"
                return RedirectResponse(f"{where}?said={done}", status_code=303)
        fax = await asyncio.to_thread(pages.find, viewer, fax_id)
        await asyncio.to_thread(desk.seen, viewer, fax.id)
        typed = said if act in {"confirm", "find"} else None
        shown = await asyncio.to_thread(
            lambda: pages.shown(viewer, fax, typed=typed, about=part_id, trouble=wrong)
        )
        shown["said"] = ""
        return await desk.page(request, viewer, "fax.html", shown, status=status)

    return routes


def sees(viewer: Viewer, part: FaxPartRow) -> bool:
    """Whether a part is theirs to look at: the desk's all of them, other roles' their own kind."""
    theirs = _sorts_all(viewer) or part.role == viewer.role
    return theirs and viewer.sees(part.clinic_id)


def _sorts_all(viewer: Viewer) -> bool:
    return viewer.role in _ALL_OF_IT


def _confirmed(session: Session, part: FaxPartRow) -> bool:
    row = session.get(ReferralRow, part.referral_id) if part.referral_id else None
    return row is None or row.confirmed or row.closed_reason is not None


def _zones(desk: Desk, viewer: Viewer) -> dict[str | None, str]:
    clinics = desk.tenants.get(viewer.org).organization.clinics
    return {None: clinics[0].zone, **{one.id: one.zone for one in clinics}}


def _kind(form: FormData) -> FaxKind:
    try:
        return FaxKind(str(form.get("kind", "")))
    except ValueError:
        raise BadRequest("Say what the fax is.", code="unknown_kind", field="kind") from None


def _number(form: FormData, name: str) -> int:
    told = str(form.get(name, ""))
    if not told.isascii() or not told.isdigit() or len(told) > 6:
        raise BadRequest("Choose a page by its number.", code="no_such_page", field=name)
    return int(told)
