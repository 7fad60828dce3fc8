"""The front desk's pages: everything the staff sees in a browser."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response

from activities.by_hand import ByHand
from activities.intake import Intake
from settings import Settings
from store.engine import Store
from web.desk import (
    account,
    board,
    calls,
    conversations,
    faxes,
    figures,
    gifts,
    login,
    moving,
    papers,
    people,
    referral,
    reports,
    scorecard,
    sent,
    slots,
    source,
    sources,
    tasks,
    waiting,
)
from web.desk.account import Account
from web.desk.door import Desk
from web.desk.trouble import trouble
from web.pages import Files
from web.problems import NOBODYS, Shapes


def install(
    app: FastAPI, settings: Settings, intake: Intake, store: Store, ui: str | None, shapes: Shapes
) -> None:
    """Serve the desk from this app; errors of its pages are pages as well."""
    desk = Desk(settings, store, intake.tenants, intake.clock, ui)
    door = Account(desk)
    by_hand = ByHand(intake)
    drawn = papers.Papers(desk)
    app.mount("/static", Files(), name="static")

    @app.get("/", include_in_schema=False, tags=["desk"])
    async def front() -> Response:
        return RedirectResponse(account.FIRST_PAGE, status_code=303)

    for routes in (
        account.router(desk, door),
        login.router(desk, door),
        people.router(desk),
        calls.router(desk, intake),
        faxes.router(desk, intake),
        conversations.router(desk, intake),
        figures.router(desk),
        reports.router(desk),
        scorecard.router(desk),
        sources.router(desk),
        gifts.router(desk),
        source.router(desk, intake),
        tasks.router(desk, intake),
        waiting.router(desk, intake),
        board.router(desk),
        moving.router(desk, by_hand),
        slots.router(desk),
        referral.router(desk, by_hand),
        papers.router(desk, drawn),
        sent.router(desk, drawn),
    ):
        app.include_router(routes)
    shapes["desk"] = shapes[NOBODYS] = trouble(desk)
