"""``/sources/{id}``: one source: how it stands, what was done, what it likes, gifts, merges.

``/sources/{id}/log`` is the same for a phone in a parking lot: what came of it, and when next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from activities.intake import Intake
from models import book as rules
from models.access import May
from models.book import dollars
from models.clock import ONE_DAY, Calendar
from models.errors import LoopError, NotFound
from models.ids import new_id
from models.referral import Stage
from store import book, gifts, merges, source_states, sources, tasks, touches, verdicts
from store.tables import SourceRow, SourceStateRow
from web.desk.deeds import texts
from web.desk.door import Desk, Viewer
from web.desk.source_acts import NEXT, QUICK, SourceActs
from web.desk.source_words import (
    KINDS,
    SAID,
    STATES,
    VERDICTS,
    called,
    check_named,
    hidden,
    keepers,
    last_months,
    spark,
    today_of,
)

_STAGES: Final = [str(one) for one in Stage]


class State(NamedTuple):
    """One line of how a source stood, in words."""

    state: str
    since: Any
    says: str
    said: Any  # the day on which the words were true


class SourcePages:
    """Reads one source for a viewer."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def find(self, viewer: Viewer, source_id: str) -> SourceRow:
        """One source of the organization; raises NotFound as if there were none."""
        with self.desk.store.read() as session:
            return sources.get(session, viewer.org, source_id)

    def calendar(self, viewer: Viewer) -> Calendar:
        """The calendar whose days the page means."""
        return self.desk.tenants.calendar(viewer.org, self.desk.clock(), self.desk.home(viewer).id)

    def told(self, viewer: Viewer, source: SourceRow) -> dict[str, Any]:
        """What the page shows."""
        now, months = self.desk.clock(), last_months(self.desk, viewer)
        policy = self.desk.tenants.get(viewer.org).policy
        today = self.calendar(viewer).local_date(now)
        with self.desk.store.read() as session:
            names = book.all_names_of(session, source.id)
            who = book.who(session, source)
            into = (
                sources.get(session, viewer.org, source.merged_into) if source.merged_into else None
            )
            counts = book.by_month(session, viewer.org, [source.id], months[0])
            given = gifts.on_page(session, source)
            # Nobody has a sum where none was given and none may be.
            wanted = given or policy.gifts.enabled
            recipients = gifts.recipients(session, source) if wanted else []
            told: dict[str, Any] = {
                "who": who,
                "into": into,
                "stages": book.by_stage(session, viewer.org, source.id),
                "states": [
                    _state(one) for one in source_states.of_source(session, viewer.org, source.id)
                ],
                "weeks": verdicts.of_source(session, viewer.org, source.id)[:26],
                "touches": touches.of_sources(session, names),
                "sent": book.sent_to(session, names),
                "tasks": tasks.open_tasks(session, viewer.org, source_id=source.id),
                "sums": [(one, gifts.total(session, one, today.year)) for one in recipients],
                "gifts": given,
                "merges": [
                    (
                        row,
                        sources.get(session, viewer.org, row.gone),
                        sources.get(session, viewer.org, row.into),
                    )
                    for row in book.merges_of(session, source.id)
                ],
            }
        series = [counts.get((source.id, month), 0) for month in months]
        limit = policy.gifts.limit(today.year)
        reversed_ones = {one.reverses for one in told["gifts"] if one.reverses}
        return told | {
            "source": source,
            "name": called(viewer, source),
            "called": partial(called, viewer),
            "hidden": hidden(viewer, source),
            "kind": KINDS[source.kind],
            "private": source.kind in book.PRIVATE,
            "series": list(zip(months, series, strict=True)),
            "spark": spark(series),
            "stage_names": [
                one for one in _STAGES if any(one in row for row in told["stages"].values())
            ],
            "words": {
                "states": STATES,
                "verdicts": VERDICTS,
                "kinds": rules.KINDS,
                "outcomes": rules.OUTCOMES,
            },
            "people": {one.id: one.name for one in self.desk.tenants.get(viewer.org).staff},
            "keepers": keepers(self.desk, viewer),
            "zone": self.desk.home(viewer).zone,
            "today": today,
            "limit": None if limit is None else dollars(int(limit * 100)),
            "gifts_on": policy.gifts.enabled,
            "reversed": reversed_ones,
            "dollars": dollars,
            "form_id": new_id("tch"),
            "gift_id": new_id("gift"),
            "trouble": {},
            "said": "",
            "typed": {},
        }


def router(desk: Desk, intake: Intake) -> APIRouter:
    """The pages of one source."""
    routes = APIRouter(include_in_schema=False, tags=["desk"])
    pages = SourcePages(desk)
    acts = SourceActs(desk, intake).by_name

    async def found(request: Request, source_id: str) -> tuple[Viewer, SourceRow]:
        viewer = await desk.viewer(request, May.SOURCES)
        source = await asyncio.to_thread(pages.find, viewer, source_id)
        if viewer.named and source.kind in book.PRIVATE:
            await asyncio.to_thread(desk.seen, viewer, source.id)
        return viewer, source

    @routes.get("/sources/{source_id}")
    async def one(request: Request, source_id: str) -> Response:
        viewer, source = await found(request, source_id)
        told = await asyncio.to_thread(pages.told, viewer, source)
        told["said"] = SAID.get(request.query_params.get("said", ""), "")
        return await desk.page(request, viewer, "source.html", told)

    @routes.get("/sources/{source_id}/log")
    async def log(request: Request, source_id: str) -> Response:
        viewer, source = await found(request, source_id)
        return await desk.page(request, viewer, "source_log.html", _log(desk, viewer, source))

    @routes.post("/sources/{source_id}/other")
    async def other(request: Request, source_id: str) -> Response:
        viewer, source = await found(request, source_id)
        form = texts(await desk.form(request, viewer))
        told = await asyncio.to_thread(_other, desk, viewer, source, form)
        if viewer.named and source.kind in book.PRIVATE and told["search"]:
            await asyncio.to_thread(desk.seen, viewer, "sources:patients")
        into = told["into"]
        if viewer.named and into is not None and into.kind in book.PRIVATE:
            await asyncio.to_thread(desk.seen, viewer, into.id)
        return await desk.page(request, viewer, "source_merge.html", told)

    @routes.post("/sources/{source_id}/{act}")
    async def do(request: Request, source_id: str, act: str) -> Response:
        viewer, source = await found(request, source_id)
        form = await desk.form(request, viewer)
        if act not in acts:
            raise NotFound("There is nothing at this address.")
        try:
            said = await acts[act](viewer, source, form)
        except LoopError as error:
            return await refused(request, viewer, source, act, form, error)
        after = "/sources/round" if form.get("then") == "round" else f"/sources/{source.id}"
        if act == "merge":
            after = f"/sources/{form.get('into')}"
        return RedirectResponse(f"{after}?said={said}", status_code=303)

    async def refused(
        request: Request,
        viewer: Viewer,
        source: SourceRow,
        act: str,
        form: FormData,
        error: LoopError,
    ) -> Response:
        """The page with the sentence beside the form, and what was typed still in it."""
        status = error.http_status
        if form.get("then") == "round":
            told = _log(desk, viewer, source) | {"trouble": error.sentence, "typed": texts(form)}
            return await desk.page(request, viewer, "source_log.html", told, status=status)
        told = await asyncio.to_thread(pages.told, viewer, source)
        told |= {"trouble": {act: error.sentence}, "typed": {act: texts(form)}}
        return await desk.page(request, viewer, "source.html", told, status=status)

    return routes


def _log(desk: Desk, viewer: Viewer, source: SourceRow) -> dict[str, Any]:
    return {
        "source": source,
        "name": called(viewer, source),
        "kind": KINDS[source.kind],
        "quick": QUICK,
        "next": NEXT,
        "form_id": new_id("tch"),
        "zone": desk.home(viewer).zone,
        "tomorrow": today_of(desk, viewer) + ONE_DAY,
        "trouble": "",
        "typed": {},
    }


def _other(
    desk: Desk, viewer: Viewer, source: SourceRow, form: Mapping[str, str]
) -> dict[str, Any]:
    """Candidates by name, or what would follow of one that was picked."""
    text, into_id = form.get("search", "")[:80], form.get("into", "")[:60]
    told: dict[str, Any] = {
        "source": source,
        "name": called(viewer, source),
        "search": text,
        "found": [],
        "into": None,
        "follows": None,
        "sorry": "",
        "kinds": KINDS,
        "zone": desk.home(viewer).zone,
    }
    with desk.store.read() as session:
        if into_id:
            into = sources.get(session, viewer.org, into_id)
            check_named(viewer, source, into)
            told["into"] = into
            try:
                told["follows"] = merges.would_follow(session, source, into)
            except LoopError as error:
                told["sorry"] = error.sentence
        elif text:
            check_named(viewer, source)
            # A patient is never one with somebody who sends: only their like is offered.
            kind = source.kind if source.kind in book.PRIVATE else ""
            wanted = book.Wanted(search=text, kind=kind, sort="name")
            rows, _ = book.listed(session, viewer.org, wanted, (), desk.clock())
            told["found"] = [one for one in rows if one.source.id != source.id]
    return told


def _state(row: SourceStateRow) -> State:
    says = row.facts.get("says") or ""
    return State(row.state, row.since, str(says), row.known_at)
