"""``/api/v1``: referrals in, where they stand, and staff decisions about them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Request, Response

from activities.intake import Intake
from integrations.emr.events import read_json
from models.contracts import RawRequest
from models.errors import BadRequest
from models.ids import new_id
from settings import Settings
from web.answers import (
    Accepted,
    DecisionAnswer,
    ReferralView,
    TimelineEntry,
    accepted,
)
from web.auth import organization_of
from web.dispatcher import Dispatcher
from web.openapi import DECISION_BODY, PROBLEMS, REFERRAL_BODY

LONGEST_KEY = 100


def router(
    settings: Settings, intake: Intake, dispatcher: Dispatcher, clock: Callable[[], datetime]
) -> APIRouter:
    """The routes of the API."""
    api = APIRouter(prefix="/api/v1", tags=["referrals"])

    @api.post(
        "/referrals",
        status_code=202,
        response_model=Accepted,
        responses=PROBLEMS,
        openapi_extra=REFERRAL_BODY,
        summary="Send a referral",
    )
    async def refer(request: Request) -> Accepted:
        """Keep one new referral and begin it right after.

        With an ``Idempotency-Key`` the same request again is the same referral; without one a
        second request about the same patient and source is linked as a duplicate.
        """
        org = organization_of(settings, request.headers.get("authorization"))
        raw = RawRequest(
            origin="api",
            headers=dict(request.headers),
            body=await request.body(),
            received_at=clock(),
        )
        row = await asyncio.to_thread(intake.accept, org, raw, _key(request))
        dispatcher.soon(row.id)
        return accepted(settings.base_url, row)

    @api.get(
        "/referrals/{referral_id}",
        response_model=ReferralView,
        responses=PROBLEMS,
        summary="See where a referral stands",
    )
    async def see(referral_id: str, request: Request) -> ReferralView:
        """The card and the timeline: ids, dates and codes, no names."""
        org = organization_of(settings, request.headers.get("authorization"))
        card = await asyncio.to_thread(intake.record.card, org, referral_id)
        told_so_far = await asyncio.to_thread(intake.record.timeline, org, referral_id)
        entries = (
            TimelineEntry(
                kind=one.fact.kind,
                key=one.fact.key,
                at=one.fact.at,
                as_of=one.fact.as_of,
                recorded_at=one.recorded_at,
                retracted=one.fact.retracted,
            )
            for one in told_so_far
        )
        return ReferralView(card=card, timeline=tuple(entries))

    @api.post(
        "/referrals/{referral_id}/decisions",
        response_model=DecisionAnswer,
        responses=PROBLEMS,
        openapi_extra=DECISION_BODY,
        summary="Decide",
    )
    async def decide(referral_id: str, request: Request, response: Response) -> DecisionAnswer:
        """Have a staff decision taken; 409 says why not, 202 that it waits for a worker."""
        org = organization_of(settings, request.headers.get("authorization"))
        content = read_json(await request.body())
        decision = await asyncio.to_thread(intake.read_decision, org, referral_id, content)
        decided = await intake.decide(org, referral_id, decision)
        if decided.state == "pending":
            response.status_code = 202
        return DecisionAnswer(state=decided.state, version=decided.version)

    return api


def _key(request: Request) -> str:
    """The sender's idempotency key, or one of our own."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return new_id("req")
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise BadRequest(
            f"Idempotency-Key must be printable and at most {LONGEST_KEY} characters.",
            code="bad_event_id",
            field="Idempotency-Key",
        )
    return key
