"""``/waiting``: what referrals wait for, whose each wait is, and what care waits for to run on.

A hold is placed on the referral's own page; here it is looked after: lifted, or checked again
later, never past its limit (policy.md rule 15).
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from activities.intake import Intake
from models import dues, holds
from models.access import May
from models.errors import BadRequest, LoopError, NotFound, Refused
from models.facts import HoldEnd, HoldLifted, HoldPlaced, HoldReason
from models.holds import Hold
from models.planned import weekly
from models.roles import Role
from models.waiting import booked, left
from store import waiting
from store.waiting import Waiting
from web.desk.door import Desk, Viewer
from web.desk.queue import ROLES, name_of
from web.desk.subject import Subjects

_SAID: Final[dict[str, str]] = {
    "lift": "The wait is over; the referral goes on.",
    "check": "It is looked at again then.",
    "later": "It is on its way: the page shows it once the engine is back.",
}
ENDS: Final[dict[HoldEnd, str]] = {
    HoldEnd.OVER: "it has come",
    HoldEnd.NOT_NEEDED: "it goes on without",
    HoldEnd.GIVEN_UP: "given up",
}
_CHECK = time(9)  # local; a check is done in the morning


class Line(NamedTuple):
    """One wait on the list; ``at`` is what it is sorted by: the next thing due."""

    key: str
    referral_id: str
    version: str
    who: str
    clinic: str
    zone: str
    what: str
    reason: HoldReason
    owner: str
    since: datetime
    next_check: datetime | None
    limit: datetime | None
    status: str | None  # how far a payer's approval is
    hold: Hold | None
    late: bool

    @property
    def at(self) -> datetime:
        """When somebody must look at it next, or when it began."""
        return min([at for at in (self.next_check, self.limit) if at], default=self.since)


class WaitPages:
    """Reads what waits, and changes one hold."""

    def __init__(self, desk: Desk, intake: Intake) -> None:
        self.desk = desk
        self._intake = intake
        self._subjects = Subjects(desk)

    def told(self, viewer: Viewer, reason: str) -> dict[str, Any]:
        """What the list shows; *reason* picks one kind of wait."""
        now = self.desk.clock()
        clinics = {one.id: one for one in self.desk.clinics(viewer)}
        with self.desk.store.read() as session:
            found = waiting.waiting(session, viewer.org, viewer.clinics)
        lines = [line for one in found for line in self._lines(viewer, one, now)]
        wanted = [one for one in lines if reason in {"", one.reason}]
        return {
            "lines": sorted(wanted, key=lambda one: (not one.late, one.at, one.key)),
            "reasons": {one.reason: holds.WORDS[one.reason] for one in lines},
            "reason": reason,
            "left": self._left(viewer, found, now),
            "short": self._short(viewer, found, now),
            "zones": {one.id: one.zone for one in clinics.values()},
            "ends": ENDS,
            "today": now.astimezone(ZoneInfo(self.desk.home(viewer).zone)).date(),
            "trouble": {},
            "said": "",
        }

    async def lift(self, viewer: Viewer, referral_id: str, form: FormData) -> str:
        """A wait has ended; raises Refused, BadRequest, NotFound."""
        why = next((one for one in HoldEnd if one == str(form.get("why", ""))), None)
        if why is None:
            raise BadRequest("Say how the wait ended.", code="no_reason", field="why")
        now, hold_id = self.desk.clock(), str(form.get("hold", ""))[:60]
        return await self._decide(
            viewer,
            referral_id,
            HoldLifted(
                at=now, as_of=now, by=viewer.staff_id, hold_id=hold_id, why=why, seen=_seen(form)
            ),
            "lift",
        )

    async def check(self, viewer: Viewer, referral_id: str, form: FormData) -> str:
        """It is looked at again on a later day; raises as ``lift`` does."""
        now, hold_id = self.desk.clock(), str(form.get("hold", ""))[:60]
        referral = await asyncio.to_thread(self._intake.record.referral, viewer.org, referral_id)
        found = next((one for one in holds.standing(referral) if one.hold_id == hold_id), None)
        if found is None or found.limit is None:
            raise Refused("This wait is over, or has no date of its own.", code="no_hold")
        try:
            on = date.fromisoformat(str(form.get("day", "")))
        except ValueError:
            raise BadRequest("Say on which day.", code="no_day", field="day") from None
        card = await asyncio.to_thread(self._intake.record.card, viewer.org, referral_id)
        zone = ZoneInfo(self.desk.clinic(viewer, card.clinic_id).zone)
        check = max(datetime.combine(on, _CHECK, zone), now)
        if on == found.limit.astimezone(zone).date():
            check = min(check, found.limit)
        # Told again with the same id it waits on other terms; since when it waits stays known.
        placed = HoldPlaced(
            at=found.since,
            as_of=now,
            by=viewer.staff_id,
            hold_id=hold_id,
            reason=found.reason,
            owner=found.owner,
            next_check=check,
            limit=found.limit,
            seen=_seen(form),
        )
        return await self._decide(viewer, referral_id, placed, "check")

    def sees(self, viewer: Viewer, referral_id: str) -> str:
        """The id of one of their referrals; raises NotFound for another clinic's."""
        return self._subjects.find(viewer, referral_id).card.referral_id

    # --- inside -----------------------------------------------------------------------------------

    async def _decide(
        self, viewer: Viewer, referral_id: str, said: HoldLifted | HoldPlaced, what: str
    ) -> str:
        decided = await self._intake.decide(viewer.org, referral_id, said)
        return "later" if decided.state == "pending" else what

    def _lines(self, viewer: Viewer, one: Waiting, now: datetime) -> list[Line]:
        """The waits of one referral; a first day of care that lies ahead is one as well."""
        if one.referral.over():
            return []
        found = [self._line(viewer, one, hold, now) for hold in holds.standing(one.referral)]
        first = dues.first_day(one.referral, one.rules)
        if first is not None and first.at > now:
            clinic = self.desk.clinic(viewer, one.row.clinic_id)
            found.append(
                Line(
                    key=f"{one.row.id}-first",
                    referral_id=one.row.id,
                    version=one.row.version,
                    who=name_of(viewer, one.patient),
                    clinic=clinic.name,
                    zone=clinic.zone,
                    what=holds.WORDS[HoldReason.NOT_BEFORE],
                    reason=HoldReason.NOT_BEFORE,
                    owner="ends by itself",
                    since=one.referral.received.at,
                    next_check=None,
                    limit=first.at,
                    status=None,
                    hold=None,
                    late=False,
                )
            )
        return found

    def _line(self, viewer: Viewer, one: Waiting, hold: Hold, now: datetime) -> Line:
        clinic = self.desk.clinic(viewer, one.row.clinic_id)
        owner = Role.LEAD if hold.denied else hold.owner
        due = min([at for at in (hold.next_check, hold.limit) if at], default=None)
        return Line(
            key=f"{one.row.id}-{hold.hold_id}",
            referral_id=one.row.id,
            version=one.row.version,
            who=name_of(viewer, one.patient),
            clinic=clinic.name,
            zone=clinic.zone,
            what=holds.WORDS[hold.reason],
            reason=hold.reason,
            owner=ROLES[owner],
            since=hold.since,
            next_check=hold.next_check,
            limit=hold.limit,
            status=str(hold.authorization.status) if hold.authorization is not None else None,
            hold=hold,
            late=hold.denied or (due is not None and due < now),
        )

    def _left(self, viewer: Viewer, found: list[Waiting], now: datetime) -> list[Any]:
        """Authorizations that are given, the scarcest first."""
        rows = [(one, left(one.referral, one.rules, now)) for one in found]
        some = [(one, what) for one, what in rows if what is not None]
        some.sort(key=lambda pair: (not pair[1].low, pair[1].ends_on or date.max))
        return [
            {"who": name_of(viewer, one.patient), "row": one.row, "left": what}
            for one, what in some
        ]

    def _short(self, viewer: Viewer, found: list[Waiting], now: datetime) -> list[Any]:
        """Plans of which fewer visits are booked than the policy asks for."""
        rows = [(one, booked(one.referral, one.rules, _often(one), now)) for one in found]
        return [
            {"who": name_of(viewer, one.patient), "row": one.row, "booked": what}
            for one, what in rows
            if what is not None and what.short(one.rules.policy.under_scheduled.below)
        ]


def router(desk: Desk, intake: Intake) -> APIRouter:
    """The pages of the waiting list."""
    routes = APIRouter(include_in_schema=False, tags=["desk"])
    pages = WaitPages(desk, intake)
    needs = (May.WAIT, May.NAMES)

    @routes.get("/waiting")
    async def listed(request: Request) -> Response:
        viewer = await desk.viewer(request, *needs)
        await asyncio.to_thread(desk.seen, viewer, "waiting")
        told = await asyncio.to_thread(pages.told, viewer, _reason(request))
        said = _SAID.get(request.query_params.get("said", ""), "")
        return await desk.page(request, viewer, "waiting.html", told | {"said": said})

    @routes.post("/waiting/{referral_id}/{act}")
    async def do(request: Request, referral_id: str, act: str) -> Response:
        viewer = await desk.viewer(request, *needs)
        form = await desk.form(request, viewer)
        known = await asyncio.to_thread(pages.sees, viewer, referral_id)
        acts = {"lift": pages.lift, "check": pages.check}
        if act not in acts:
            raise NotFound("There is nothing at this address.")
        try:
            said = await acts[act](viewer, known, form)
        except LoopError as error:
            await asyncio.to_thread(desk.seen, viewer, "waiting")
            told = await asyncio.to_thread(pages.told, viewer, "")
            key = f"{known}-{form.get('hold', '')}"
            told["trouble"] = {key: error.sentence}
            return await desk.page(request, viewer, "waiting.html", told, status=error.http_status)
        return RedirectResponse(f"/waiting?said={said}", status_code=303)

    return routes


def _often(one: Waiting) -> int | None:
    """Visits a week, as the plan's event told or as its fields say."""
    plan = one.referral.plan()
    told = plan.weekly if plan is not None else None
    return told or weekly(one.frequency)


def _reason(request: Request) -> str:
    reason = request.query_params.get("reason", "")
    return reason if reason in set(HoldReason) else ""


def _seen(form: FormData) -> str | None:
    """The version of the card that the form was made from."""
    seen = form.get("seen")
    return str(seen) if seen is not None else None
