"""What people do with a fax: say what it is, confirm it, put it with a referral, take one in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.datastructures import FormData, UploadFile

from activities.fax_desk import FaxDesk
from activities.fax_intake import FaxIntake
from activities.intake import Intake
from models.attribution import ASKED
from models.errors import BadRequest, NotFound, TooLarge
from models.fax import MAX_FAX_BYTES, FaxArrival, FaxKind, PartState
from models.ids import new_id
from store.tables import FaxPartRow, FaxRow, ReferralRow
from web.desk.acts import way_here
from web.desk.door import Desk, Viewer


class FaxActs:
    """Does what a viewer says with a fax."""

    def __init__(self, desk: Desk, intake: Intake) -> None:
        self.desk = desk
        self._fax_desk = FaxDesk(intake)
        self._intake = FaxIntake(intake.store, intake.loop, intake.tenants, intake.clock)

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
            decided = await self._fax_desk.confirm(*who, said)
            return "later" if decided.state == "pending" else act
        if act == "kind":
            await self._fax_desk.call_it(*who, _kind(form))
        elif act == "attach":
            await self._fax_desk.attach(*who, await asyncio.to_thread(self._chosen, viewer, form))
        elif act == "split":
            await self._fax_desk.divide(*who, _number(form, "page"))
        elif act in {"done", "junk"}:
            state = PartState.DONE if act == "done" else PartState.JUNK
            await self._fax_desk.put_away(*who, state)
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
        return await self._intake.take(viewer.org, arrival)


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
