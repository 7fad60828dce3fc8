"""``/p/{token}``: what a patient does on their phone; forms post and redirect, nothing else runs.

Whoever holds the link is who it was sent to: there is no login and no cookie, so no other page can
make a browser act for somebody. An address says nothing but the token and a language.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from activities.letters import printed
from activities.patient_page import LONGEST_WORDS, Opened, PatientPages
from models import calendar_file
from models.errors import NotFound
from models.links import LENGTH, Purpose
from models.patient_page import State
from web.asking import caller_of, small_form
from web.attempts import Attempts
from web.patient.show import busy, shown, shut, spoken

TAG: Final = "patient"
GUESSES: Final = 20  # links that are none, from one address, within fifteen minutes
ACTS: Final = 40  # forms sent by one link within fifteen minutes
_SCORES: Final = {str(number): number for number in range(11)}


class Asked(NamedTuple):
    """One form of a page: whose, by which link, and in which language the answer is."""

    there: Opened
    token: str
    form: Mapping[str, str]
    language: str

    def lacks(self, what: str) -> Response:
        """The page again, with what was missing (a key of the words)."""
        return shown(self.there, self.token, self.language, trouble=what, status=422)


def router(pages: PatientPages, clock: Callable[[], datetime]) -> APIRouter:
    """The pages behind a link."""
    routes = APIRouter(prefix="/p", tags=[TAG], include_in_schema=False)
    guesses, acts = Attempts(GUESSES), Attempts(ACTS)

    async def enter(request: Request, token: str, *, acting: bool = False) -> Opened | Response:
        """What the link opens, or the page that says why it opens nothing."""
        wanted = request.query_params.get("lang")
        if acting and acts.locked_for(token, clock()):
            return busy(wanted)
        there = await pages.open(token)
        if not isinstance(there, Opened):
            # Many phones share one address: who guesses must never shut out who has a good link.
            caller = caller_of(request)
            if there.clinic is None and guesses.locked_for(caller, clock()):
                return busy(wanted)
            if there.clinic is None:
                guesses.failed(caller, clock())
            return shut(there, wanted)
        if acting:
            acts.failed(token, clock())
        return there

    @routes.get("/{token}")
    async def look(request: Request, token: str) -> Response:
        there = await enter(request, token)
        if isinstance(there, Response):
            return there
        asked = request.query_params
        language = spoken(asked.get("lang"), there.language)
        return shown(there, token, language, said=asked.get("said", ""))

    @routes.post("/{token}/{act}")
    async def do(request: Request, token: str, act: str) -> Response:
        if act not in _ACTS:
            raise NotFound("There is nothing at this address.")
        there = await enter(request, token, acting=True)
        if isinstance(there, Response):
            return there
        form = await small_form(request)
        asked = Asked(there, token, form, spoken(form.get("lang"), there.language))
        return await _ACTS[act](pages, asked)

    @routes.get("/{token}/forms")
    async def forms(request: Request, token: str) -> Response:
        there = await enter(request, token)
        if isinstance(there, Response):
            return there
        if there.clinic.intake_link is None or there.view.state is not State.BOOKED:
            return _back(token, spoken(request.query_params.get("lang"), there.language))
        await pages.opened_forms(there)
        return RedirectResponse(there.clinic.intake_link, status_code=303)

    @routes.get("/{token}/visit.ics")
    async def calendar(request: Request, token: str) -> Response:
        there = await enter(request, token)
        if isinstance(there, Response):
            return there
        booked = there.booked
        if there.view.state is not State.BOOKED or booked is None:
            return _back(token, spoken(request.query_params.get("lang"), there.language))
        content = calendar_file.visit(
            appointment_id=booked.appointment_id,
            starts_at=booked.starts_at,
            as_of=booked.as_of,
            summary=there.clinic.short_name,
            place=there.clinic.address,
            phone=printed(there.clinic.phone),
        )
        named = {"content-disposition": 'attachment; filename="visit.ics"'}
        return Response(content, media_type=calendar_file.MEDIA_TYPE, headers=named)

    @routes.get("/{token}/{rest:path}")
    async def lost(request: Request, token: str, rest: str) -> Response:
        del rest  # such as a form's address, loaded again: back to the page itself
        language = request.query_params.get("lang")
        return _back(token, language) if len(token) == LENGTH else await look(request, token)

    return routes


async def _choose(pages: PatientPages, asked: Asked) -> Response:
    """Ask for one of the times."""
    wanted = asked.form.get("slot", "")
    if asked.there.link.purpose is not Purpose.VISIT or not wanted:
        return asked.lacks("missing_time")
    if await pages.ask_for(asked.there, wanted):
        return _back(asked.token, asked.language)
    now = await pages.open(asked.token)
    if not isinstance(now, Opened):
        return shut(now, asked.language)
    return shown(now, asked.token, asked.language, gone=True, status=409)


async def _write(pages: PatientPages, asked: Asked) -> Response:
    """Say in words what suits them."""
    words = " ".join(asked.form.get("words", "").split())[:LONGEST_WORDS]
    if not words:
        return asked.lacks("missing_words")
    if asked.there.view.state is State.BOOKED:  # they are asked for days that suit them better
        words = f"{'Reprogramar' if asked.language == 'es' else 'Reschedule'}. {words}"
    await pages.write(asked.there, words)
    return _back(asked.token, asked.language, "words")


async def _confirm(pages: PatientPages, asked: Asked) -> Response:
    """Say that they will come."""
    await pages.confirm(asked.there)
    return _back(asked.token, asked.language, "confirm")


async def _answer(pages: PatientPages, asked: Asked) -> Response:
    """Answer the one question."""
    score = _SCORES.get(asked.form.get("score", ""))
    if asked.there.link.purpose is not Purpose.CHECK_IN or score is None:
        return asked.lacks("missing_score")
    await pages.score(asked.there, score)
    return _back(asked.token, asked.language, "answer")


_ACTS: Final[dict[str, Callable[[PatientPages, Asked], Awaitable[Response]]]] = {
    "time": _choose,
    "words": _write,
    "confirm": _confirm,
    "answer": _answer,
}


def _back(token: str, language: str | None, said: str = "") -> Response:
    """To the page itself, so that loading it again sends nothing twice."""
    told = {name: value for name, value in (("lang", language), ("said", said)) if value}
    query = f"?{urlencode(told)}" if told else ""
    return RedirectResponse(f"/p/{token}{query}", status_code=303)
