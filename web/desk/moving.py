"""Moving a card, and taking a move back: the same with a pointer, with keys and without scripts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from activities.by_hand import ByHand
from models.access import May
from models.errors import BadRequest, LoopError
from models.moves import TITLES, WAYS, Move, Seen, offered
from models.referral import Stage
from web.desk import deeds
from web.desk.board import back
from web.desk.deeds import texts
from web.desk.door import Desk, Viewer, wants_fragment
from web.desk.subject import Subject, Subjects


class Choice(NamedTuple):
    """One move as the panel offers it."""

    move: str
    title: str
    says: str
    field: str
    label: str
    options: dict[str, str]


class Mover:
    """Makes the moves of the staff."""

    def __init__(self, desk: Desk, by_hand: ByHand) -> None:
        self.desk = desk
        self.subjects = Subjects(desk)
        self._by_hand = by_hand

    async def move(
        self, viewer: Viewer, subject: Subject, move: Move, form: Mapping[str, str]
    ) -> str:
        """The key of the fact that moved the card; raises Refused and UserError."""
        now = self.desk.clock()
        told = deeds.deed(move, form, by=viewer.staff_id, zone=subject.zone, now=now)
        seen = Seen.parse(form.get("seen", ""))
        return await self.tell(viewer, subject, told, seen)

    async def tell(
        self, viewer: Viewer, subject: Subject, told: deeds.Deed, seen: Seen | None
    ) -> str:
        """One deed on the card somebody has seen; the key of its fact."""
        org, referral_id = viewer.org, subject.card.referral_id
        if told.decides:
            content = {**told.data, "kind": told.kind}
            return await self._by_hand.decide(org, referral_id, content, seen)
        return await self._by_hand.tell(
            org,
            referral_id,
            by=viewer.staff_id,
            seen=seen,
            kind=told.kind,
            data=told.data,
            at=told.at,
        )

    async def undo(self, viewer: Viewer, subject: Subject, fact: str) -> None:
        """Take a move back; raises Refused with the reason."""
        org, referral_id = viewer.org, subject.card.referral_id
        await self._by_hand.undo(org, referral_id, by=viewer.staff_id, key=fact)

    def panel(
        self,
        viewer: Viewer,
        subject: Subject,
        *,
        form: Mapping[str, str] | None = None,
        trouble: str = "",
    ) -> dict[str, Any]:
        """What the panel shows: every move that is possible now, and why one was not."""
        form = form or {}
        now = self.desk.clock()
        card = subject.card
        named = viewer.named
        clinics = self.desk.tenants.get(viewer.org).organization.clinics
        return {
            "referral_id": card.referral_id,
            "name": subject.name(named=named),
            "title": TITLES[Stage(card.stage)],
            "confirmed": card.confirmed,
            "seen": str(Seen.of(card)),
            "choices": choices(card.stage, confirmed=card.confirmed),
            "chosen": form.get("move") or form.get("to", ""),
            "form": form,
            "trouble": trouble,
            "plain": False,
            "today": today(now, subject.zone),
            "declined": deeds.DECLINED,
            "sisters": [(one.id, one.name) for one in clinics if one.id != card.clinic_id],
        }


def choices(stage: str, *, confirmed: bool) -> list[Choice]:
    """The moves a card has now, as they are offered."""
    found = []
    for move in offered(stage, confirmed=confirmed):
        way = WAYS[move]
        field, label, options = deeds.CHOICES.get(move, ("", "", {}))
        title = TITLES[way.to] if way.to is not None else "Reopen"
        told = {str(code): words for code, words in options.items()}
        found.append(Choice(move, title, way.says, field, label, told))
    return found


def today(now: datetime, zone: str) -> str:
    """The clinic's day, as a date field has it."""
    return now.astimezone(ZoneInfo(zone)).date().isoformat()


def router(desk: Desk, by_hand: ByHand) -> APIRouter:
    """The panel with its moves, and the way back."""
    pages = APIRouter(include_in_schema=False, tags=["desk"])
    mover = Mover(desk, by_hand)

    def template(request: Request) -> str:
        return "_move.html" if wants_fragment(request) else "move.html"

    async def moved(
        request: Request, viewer: Viewer, subject: Subject, fact: str, form: Mapping[str, str]
    ) -> Response:
        """The card where it is now: said by the board, or by the page it was moved on."""
        referral_id = subject.card.referral_id
        if not wants_fragment(request):
            if form.get("from") == "referral":
                done = f"?{urlencode({'fact': fact})}" if fact else ""
                return RedirectResponse(f"/referrals/{referral_id}{done}", status_code=303)
            told = urlencode({"moved": referral_id, **({"fact": fact} if fact else {})})
            where = back(form.get("back", ""))
            joined = f"{where}{'&' if '?' in where else '?'}{told}#card-{referral_id}"
            return RedirectResponse(joined, status_code=303)
        named = viewer.named
        said = {
            "referral_id": referral_id,
            "name": subject.name(named=named),
            "title": TITLES[Stage(subject.card.stage)],
            "fact": fact,
        }
        answer = await desk.page(request, viewer, "_moved.html", {"moved": said})
        answer.headers["hx-retarget"] = "#moved"
        answer.headers["hx-reswap"] = "innerHTML"
        answer.headers["hx-trigger"] = json.dumps({"moved": {"id": referral_id}})
        return answer

    @pages.get("/referrals/{referral_id}/move")
    async def show(request: Request, referral_id: str) -> Response:
        viewer = await desk.viewer(request, May.BOARD, May.WORK)
        subject = await asyncio.to_thread(mover.subjects.find, viewer, referral_id)
        await asyncio.to_thread(desk.seen, viewer, subject.card.referral_id)
        told = mover.panel(viewer, subject, form=dict(request.query_params))
        return await desk.page(request, viewer, template(request), told)

    @pages.post("/referrals/{referral_id}/move")
    async def make(request: Request, referral_id: str) -> Response:
        viewer = await desk.viewer(request, May.BOARD, May.WORK)
        form = texts(await desk.form(request, viewer))
        subject = await asyncio.to_thread(mover.subjects.find, viewer, referral_id)
        try:
            fact = await mover.move(viewer, subject, _move(form), form)
        except LoopError as error:
            subject = await asyncio.to_thread(mover.subjects.find, viewer, referral_id)
            await asyncio.to_thread(desk.seen, viewer, subject.card.referral_id)
            told = mover.panel(viewer, subject, form=form, trouble=error.sentence)
            return await desk.page(
                request, viewer, template(request), told, status=error.http_status
            )
        subject = await asyncio.to_thread(mover.subjects.find, viewer, referral_id)
        return await moved(request, viewer, subject, fact, form)

    @pages.post("/referrals/{referral_id}/undo")
    async def undo(request: Request, referral_id: str) -> Response:
        viewer = await desk.viewer(request, May.BOARD, May.WORK)
        form = texts(await desk.form(request, viewer))
        subject = await asyncio.to_thread(mover.subjects.find, viewer, referral_id)
        await mover.undo(viewer, subject, form.get("fact", ""))
        subject = await asyncio.to_thread(mover.subjects.find, viewer, referral_id)
        return await moved(request, viewer, subject, "", form)

    return pages


def _move(form: Mapping[str, str]) -> Move:
    """The move a form asks for, whether or not it is possible from where the card is now."""
    try:
        return Move(form.get("move", ""))
    except ValueError:
        raise BadRequest("Say where the card goes.", code="no_move", field="move") from None
