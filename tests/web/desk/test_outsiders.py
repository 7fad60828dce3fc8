"""Every page of the desk, asked by those it is not for.

A route that is not in the table fails the first test: whoever adds one says who may use it, and
which thing of the clinic "east" an outsider asks it for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from models.access import GRANTS, May
from models.kinds import Kind
from models.months import back
from models.referral import MessageRef
from models.roles import Role
from store import board_views, conversations, documents, ledger, post, slots
from store.tables import ReferralRow
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.faxing import faxed
from tests.web.desk.working import a_call, a_hold
from web.desk.door import COOKIE, csrf_of

HIDDEN = ("Jordan", "Sample-East")  # the patient at "east", as the board would name them
# Nobody needs to have signed in for these.
OPEN_TO_ALL = {
    ("GET", "/"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/invited/{token}"),
    ("POST", "/sign-in/invited/{token}"),
}


class Route(NamedTuple):
    """One route: which rights it needs, and whether it is about one thing of a clinic.

    ``thing`` names the maker (``THINGS``) of what stands in its address; an outsider is told that
    there is no such thing. A page without one must not show anything of another clinic.
    """

    method: str
    path: str
    needs: tuple[May, ...] = ()
    thing: str | None = None
    fields: tuple[tuple[str, str], ...] = ()


_ONE = "/referrals/{referral_id}"
ROUTES: list[Route] = [
    Route("POST", "/sign-out"),
    Route("GET", "/staff", (May.STAFF,)),
    Route("POST", "/staff/{staff_id}/invite", (May.STAFF,), "colleague"),
    Route("POST", "/staff/{staff_id}/sign-out", (May.STAFF,), "colleague"),
    Route("GET", "/audit", (May.AUDIT,)),
    Route("GET", "/faxes", (May.SORT,)),
    Route("POST", "/faxes", (May.SORT,)),
    Route("GET", "/faxes/{fax_id}", (May.SORT,), "fax"),
    Route("GET", "/faxes/{fax_id}/pages/{page}", (May.SORT,), "fax"),
    Route("POST", "/faxes/{fax_id}/parts/{part_id}/{act}", (May.SORT,), "fax"),
    Route("GET", "/today", (May.NUMBERS,)),
    Route("GET", "/today/{name}", (May.NUMBERS,), "figure"),
    Route("GET", "/reports", (May.NUMBERS,)),
    Route("GET", "/reports/{scope}/{month}", (May.NUMBERS,), "month"),
    Route("POST", "/reports/{scope}/{month}", (May.NUMBERS,), "month"),
    Route("GET", "/reports/{scope}/{month}/{name}", (May.NUMBERS,), "month"),
    Route("GET", "/sources/{source_id}/scorecard", (May.SOURCES,), "source"),
    Route("POST", "/sources/{source_id}/scorecard", (May.SOURCES,), "source"),
    Route("GET", "/sources/{source_id}/scorecard/{name}", (May.SOURCES,), "source"),
    Route("GET", "/sources", (May.SOURCES,)),
    Route("POST", "/sources/search", (May.SOURCES,), fields=(("search", "sample"),)),
    Route("GET", "/sources/round", (May.SOURCES,)),
    Route("GET", "/sources/gifts.csv", (May.SOURCES,)),
    Route("GET", "/sources/{source_id}", (May.SOURCES,), "source"),
    Route("GET", "/sources/{source_id}/log", (May.SOURCES,), "source"),
    Route("POST", "/sources/{source_id}/other", (May.SOURCES,), "source"),
    Route("POST", "/sources/{source_id}/{act}", (May.SOURCES,), "source"),
    Route("GET", "/conversations", (May.TALK, May.NAMES)),
    Route("GET", "/conversations/of/{referral_id}", (May.TALK, May.NAMES), "referral"),
    Route("GET", "/conversations/{thread_id}", (May.TALK, May.NAMES), "thread"),
    Route("POST", "/conversations/{thread_id}/{act}", (May.TALK, May.NAMES), "thread"),
    Route("GET", "/waiting", (May.WAIT, May.NAMES)),
    Route("POST", "/waiting/{referral_id}/{act}", (May.WAIT, May.NAMES), "wait"),
    Route("GET", "/tasks", (May.BOARD,)),
    Route("GET", "/tasks/times", (May.BOARD,)),
    Route("POST", "/tasks/{task_id}/{act}", (May.BOARD,), "task"),
    Route("GET", "/referrals/{referral_id}/call", (May.WORK, May.NAMES), "referral"),
    Route("POST", "/referrals/{referral_id}/call", (May.WORK, May.NAMES), "referral"),
    Route("POST", "/referrals/{referral_id}/call/outcome", (May.WORK, May.NAMES), "referral"),
    Route("GET", "/slots", (May.SLOTS,)),
    Route("POST", "/slots", (May.SLOTS,)),
    Route("POST", "/slots/file", (May.SLOTS,)),
    Route("POST", "/slots/{slot_id}/withdraw", (May.SLOTS,), "slot"),
    # the board
    Route("GET", "/board", (May.BOARD,)),
    Route("POST", "/board/search", (May.BOARD, May.NAMES), fields=(("name", "jord"),)),
    Route("POST", "/board/cards", (May.BOARD,)),
    Route("POST", "/board/privacy", (May.BOARD,)),
    Route("POST", "/board/views", (May.BOARD,), fields=(("title", "Late"),)),
    Route("POST", "/board/views/{view_id}/remove", (May.BOARD,), "view"),
    Route("GET", "/referrals/{referral_id}/move", (May.BOARD, May.WORK), "referral"),
    Route("POST", "/referrals/{referral_id}/move", (May.BOARD, May.WORK), "referral"),
    Route("POST", "/referrals/{referral_id}/undo", (May.BOARD, May.WORK), "referral"),
    # one referral
    Route("GET", "/referrals/{referral_id}", (May.BOARD, May.CHART), "referral"),
    Route("POST", "/referrals/{referral_id}/notes", (May.BOARD, May.CHART), "referral"),
    Route("POST", "/referrals/{referral_id}/act/{name}", (May.BOARD, May.CHART, May.WORK), "act"),
    Route("GET", f"{_ONE}/messages/{{delivery_id}}", (May.BOARD, May.CHART), "message"),
    Route("GET", f"{_ONE}/messages/{{delivery_id}}/pages/{{page}}", (May.CHART,), "message"),
    Route("GET", f"{_ONE}/documents/{{document_id}}", (May.BOARD, May.CHART), "paper"),
    Route("GET", f"{_ONE}/documents/{{document_id}}/pages/{{page}}", (May.CHART,), "paper"),
    Route("GET", f"{_ONE}/documents/{{document_id}}/file", (May.CHART,), "paper"),
]


async def a_referral(site: Site) -> dict[str, str]:
    """One at the clinic "east"."""
    patient = {"given_name": HIDDEN[0], "family_name": HIDDEN[1]}
    referral = await site.door.refer(patient=patient, clinic="east")
    return {"referral_id": referral}


async def a_figure(site: Site) -> dict[str, str]:
    """One that the referral at "east" counts in."""
    await a_referral(site)
    return {"name": "overdue"}


async def a_month(site: Site) -> dict[str, str]:
    """The month the referral at "east" was received in."""
    await a_referral(site)
    return {"scope": "east", "month": f"{site.door.now:%Y-%m}", "name": "received"}


async def a_source(site: Site) -> dict[str, str]:
    """Whoever sent the one at "east", and the letter about them."""
    made = await a_referral(site)
    now = site.door.now
    ledger.close(site.door.store, ORG, "*", back(f"{now:%Y-%m}", 1), at=now, by="schedule")
    with site.door.store.read() as session:
        row = session.get_one(ReferralRow, made["referral_id"])
    return {"source_id": row.source_id, "name": "letter.pdf", "act": "touch"}


async def a_fax(site: Site) -> dict[str, str]:
    """One that came to the line of the clinic "east", and names its patient."""
    fax_id, part_id = await faxed(site, f"Patient Name: {' '.join(HIDDEN)}\nDOB: 01/02/1970")
    return {"fax_id": fax_id, "part_id": part_id, "page": "1", "act": "find"}


async def a_task(site: Site) -> dict[str, str]:
    """A call to another patient at the clinic "east", and something to do with it."""
    patient = {"given_name": HIDDEN[0], "family_name": HIDDEN[1], "born": "1970-02-02"}
    referral_id = await site.door.refer(external="R-2002", patient=patient, clinic="east")
    return {"task_id": a_call(site, referral_id), "act": "take"}


async def a_colleague(site: Site) -> dict[str, str]:
    """Somebody who works at "east" alone."""
    del site
    return {"staff_id": "tess"}


async def a_view(site: Site) -> dict[str, str]:
    """One of Dana's."""
    with site.door.store.write() as session:
        row = board_views.save(session, ORG, "dana", "Mine", "mine=1", site.door.now)
    return {"view_id": row.id}


async def a_slot(site: Site) -> dict[str, str]:
    """A time that "east" offers."""
    at = site.door.now + timedelta(days=2)
    with site.door.store.write() as session:
        offer = slots.Offer("one", at, 60)
        slots.put(session, ORG, "east", slots.SlotSource.DESK, [offer], at=site.door.now)
        (row,) = slots.upcoming(session, ORG, "east", after=site.door.now)
        return {"slot_id": row.id}


async def an_act(site: Site) -> dict[str, str]:
    """A form of the page of the one at "east"."""
    return {**await a_referral(site), "name": "hand_over"}


async def a_message(site: Site) -> dict[str, str]:
    """A text to the patient at "east", with its words."""
    made = await a_referral(site)
    message = MessageRef(Kind.SCHEDULE_TEXT, "patient", "bd0")
    at, to = site.door.now, "+15185550117"
    told: dict[str, Any] = {"at": at, "recorded_at": at}
    with site.door.store.write() as session:
        row, _ = post.queue_message(
            session, org=ORG, referral_id=made["referral_id"], message=message, **told
        )
        sent, _ = post.queue_delivery(
            session, row, channel="sms", rung=0, address=to, payload={"body": "Hello"}, **told
        )
    return {**made, "delivery_id": sent.id, "page": "1"}


async def a_paper(site: Site) -> dict[str, str]:
    """A document of the one at "east"."""
    made = await a_referral(site)
    with site.door.store.write() as session:
        row = documents.put(
            session,
            org=ORG,
            kind="plan_of_care",
            at=site.door.now,
            referral_id=made["referral_id"],
            content={"verdict": HIDDEN[1]},
            pdf=b"%PDF-1.4",
        )
    return {**made, "document_id": row.id, "page": "1"}


async def a_thread(site: Site) -> dict[str, str]:
    """A talk with another patient at the clinic "east"."""
    patient = {"given_name": HIDDEN[0], "family_name": HIDDEN[1], "born": "1972-02-02"}
    patient["phone"] = "(518) 555-0133"
    await site.door.refer(external="R-2003", patient=patient, clinic="east")
    with site.door.store.write() as session:
        thread = conversations.thread_of(session, ORG, "+15185550133", site.door.now)
        return {"thread_id": thread.id, "act": "answered"}


async def a_wait(site: Site) -> dict[str, str]:
    """A hold of the referral at "east", and an end for it."""
    patient = {"given_name": HIDDEN[0], "family_name": HIDDEN[1], "born": "1973-02-02"}
    referral_id = await site.door.refer(external="R-2004", patient=patient, clinic="east")
    a_hold(site, referral_id)
    return {"referral_id": referral_id, "act": "lift"}


# How to make what stands in an address: the names in its braces and their values.
THINGS: dict[str, Callable[[Site], Awaitable[dict[str, str]]]] = {
    "referral": a_referral,
    "figure": a_figure,
    "month": a_month,
    "source": a_source,
    "colleague": a_colleague,
    "task": a_task,
    "thread": a_thread,
    "wait": a_wait,
    "view": a_view,
    "fax": a_fax,
    "slot": a_slot,
    "act": an_act,
    "message": a_message,
    "paper": a_paper,
}
# Who signs in for a role (clinics/example.toml).
PEOPLE = {
    Role.FRONT_DESK: "dana",
    Role.LEAD: "lee",
    Role.THERAPIST: "tess",
    Role.LIAISON: "lia",
    Role.BILLING: "bill",
    Role.COMPLIANCE: "cam",
    Role.DIRECTOR: "drew",
    Role.ADMIN: "ada",
}


def told(routes: Iterable[BaseRoute]) -> set[tuple[str, str]]:
    """The routes of the desk's pages, as the app has them."""
    found: set[tuple[str, str]] = set()
    for route in routes:
        if isinstance(route, APIRoute) and "desk" in route.tags:
            found |= {(method, route.path) for method in (route.methods or set()) - {"HEAD"}}
        joined = getattr(route, "original_router", None)  # FastAPI keeps routers as they were
        found |= told(joined.routes) if joined is not None else set()
    return found


async def addresses(site: Site) -> dict[Route, str]:
    """Each route with what it is about filled in."""
    made = {name: await make(site) for name, make in THINGS.items()}
    return {route: route.path.format(**made.get(route.thing or "", {})) for route in ROUTES}


async def ask(browser: Browser, route: Route, address: str) -> httpx.Response:
    if route.method == "GET":
        return await browser.http.get(address)
    return await browser.post(address, **dict(route.fields))


async def sign_in(browser: Browser, who: str) -> None:
    """Somebody else at the same browser, with the token that their pages would hold."""
    browser.http.cookies.clear()
    assert (await browser.sign_in(f"{who}@example.org")).status_code == 303
    browser.csrf = csrf(browser)


def csrf(browser: Browser) -> str:
    """The token of every form of this session."""
    return csrf_of(browser.http.cookies[COOKIE])


async def test_every_route_of_the_desk_is_in_the_table(site: Site) -> None:
    table = {(route.method, route.path) for route in ROUTES}
    assert told(site.app.routes) - OPEN_TO_ALL == table


async def test_nobody_gets_in_without_signing_in(site: Site, browser: Browser) -> None:
    for route, address in (await addresses(site)).items():
        answer = await ask(browser, route, address)
        if route.method == "GET":
            assert answer.status_code == 303, (route, answer.status_code)
            assert answer.headers["location"].startswith("/sign-in?next="), route
        else:
            assert answer.status_code == 401, (route, answer.status_code)
        assert not shows(answer.text), route


async def test_a_role_gets_only_what_it_is_for(site: Site, browser: Browser) -> None:
    where = await addresses(site)
    for role, routes in by_role(where).items():
        await sign_in(browser, PEOPLE[role])
        for route in routes:
            answer = await ask(browser, route, where[route])
            assert answer.status_code == 403, (role, route, answer.status_code)
            assert not shows(answer.text), (role, route)


async def test_staff_see_nothing_of_a_clinic_they_do_not_work_at(site: Site, wes: Browser) -> None:
    wes.csrf = csrf(wes)
    for route, address in (await addresses(site)).items():
        if not set(route.needs) <= GRANTS[Role.FRONT_DESK] or route.path == "/sign-out":
            continue
        answer = await ask(wes, route, address)
        assert not shows(answer.text), route
        if route.thing is not None:
            assert answer.status_code == 404, (route, answer.status_code)


def by_role(routes: Iterable[Route]) -> dict[Role, list[Route]]:
    """For each role the routes that are not for it."""
    found: dict[Role, list[Route]] = {}
    for route in routes:
        for role, grants in GRANTS.items():
            if not set(route.needs) <= grants:
                found.setdefault(role, []).append(route)
    return found


def shows(text: str) -> bool:
    """Whether anything of the patient stands on a page."""
    return any(name in text for name in HIDDEN)
