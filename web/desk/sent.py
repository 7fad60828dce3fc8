"""A message exactly as it was sent: its words, or pictures of its pages, and how far it came."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import NamedTuple

from fastapi import APIRouter, Request, Response

from models.access import May
from models.errors import NotFound
from store import story
from store.story import Sent
from web.desk.cards import words
from web.desk.door import Desk, Viewer
from web.desk.papers import MOST_SHOWN, Papers
from web.desk.subject import Subject
from web.pages import moment


class SentLine(NamedTuple):
    """One message on its way, as the page says it."""

    delivery_id: str
    what: str
    to: str
    how: str
    state: str
    when: str
    why: str


def line(one: Sent, zone: str, now: datetime) -> SentLine:
    """One message in words, in the time of its clinic."""
    message, delivery = one.message, one.delivery
    if delivery is None:
        held = f"until {moment(message.held_until, zone, now)}" if message.held_until else ""
        return SentLine(
            "", words(message.kind), words(message.to_party), "", f"{message.state} {held}".strip(),
            moment(message.created_at, zone, now), words(message.why),
        )  # fmt: skip
    at = delivery.settled_at or delivery.claimed_at or delivery.created_at
    return SentLine(
        delivery_id=delivery.id,
        what=words(message.kind),
        to=words(message.to_party),
        how={"sms": "text"}.get(delivery.channel, delivery.channel),
        state=delivery.state,
        when=moment(at, zone, now),
        why=words(delivery.code or message.why),
    )


def router(desk: Desk, papers: Papers) -> APIRouter:
    """One message, and its pages."""
    routes = APIRouter(include_in_schema=False, tags=["desk"])

    async def found(viewer: Viewer, referral_id: str, delivery_id: str) -> tuple[Subject, Sent]:
        subject = await asyncio.to_thread(papers.subjects.find, viewer, referral_id)
        known = subject.card.referral_id
        one = await asyncio.to_thread(_read, desk, viewer, known, delivery_id)
        await asyncio.to_thread(desk.seen, viewer, known)
        return subject, one

    @routes.get("/referrals/{referral_id}/messages/{delivery_id}")
    async def message(request: Request, referral_id: str, delivery_id: str) -> Response:
        viewer = await desk.viewer(request, May.BOARD, May.CHART)
        subject, one = await found(viewer, referral_id, delivery_id)
        delivery = one.delivery
        payload = (delivery.payload if delivery else None) or {}
        count = await papers.pages(one.pdf)
        told = {
            "referral_id": subject.card.referral_id,
            "delivery_id": delivery_id,
            "name": subject.name(named=viewer.named),
            "line": line(one, subject.zone, desk.clock()),
            "subject_line": payload.get("subject", ""),
            "body": payload.get("body", ""),
            "document": payload.get("document", ""),
            "code": payload.get("return_code", ""),
            "count": count,
            "pages": list(range(1, min(count, MOST_SHOWN) + 1)),
            "kept": bool(payload),
        }
        return await desk.page(request, viewer, "message.html", told)

    @routes.get("/referrals/{referral_id}/messages/{delivery_id}/pages/{page}")
    async def picture(request: Request, referral_id: str, delivery_id: str, page: int) -> Response:
        viewer = await desk.viewer(request, May.BOARD, May.CHART)
        _, one = await found(viewer, referral_id, delivery_id)
        return Response(await papers.picture(one.pdf, page), media_type="image/png")

    return routes


def _read(desk: Desk, viewer: Viewer, referral_id: str, delivery_id: str) -> Sent:
    with desk.store.read() as session:
        one = story.delivery(session, viewer.org, referral_id, delivery_id)
    if one.delivery is None:
        raise NotFound("There is no such message on this referral.")
    return one
