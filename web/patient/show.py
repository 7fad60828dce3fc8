"""A patient's page, filled in."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from activities.letters import printed
from activities.patient_page import LONGEST_WORDS, Closed, Opened
from models.organization import Clinic
from web.pages import page
from web.patient.words import LANGUAGES, WORDS, clock, day, moment

SAID: Final = frozenset({"words", "confirm", "answer"})  # what an address may say was done


def spoken(wanted: str | None, otherwise: str) -> str:
    """The language asked for, else the patient's, else English."""
    return next((one for one in (wanted, otherwise) if one in LANGUAGES), "en")


def shown(
    there: Opened,
    token: str,
    language: str,
    *,
    said: str = "",
    trouble: str = "",
    gone: bool = False,
    status: int = 200,
) -> Response:
    """What a good link opens.

    ``said`` is what was just done, ``trouble`` what was missing (keys of the words), ``gone`` that
    somebody else was quicker.
    """
    zone, view = there.clinic.zone, there.view
    days = [
        (label, [(slot.id, clock(slot.starts_at, zone)) for slot in times])
        for label, times in groupby(there.offers, key=lambda s: day(s.starts_at, zone, language))
    ]
    told: dict[str, Any] = {
        **_frame(language, there.clinic),
        "token": token,
        "name": there.first_name,
        "state": view.state.value,
        "view": view,
        "when": (day(view.starts_at, zone, language), clock(view.starts_at, zone))
        if view.starts_at
        else (),
        "by": moment(view.answer_by, zone, language) if view.answer_by else "",
        "days": days,
        "said": said if said in SAID else "",
        "trouble": trouble,
        "gone": gone,
        "longest": LONGEST_WORDS,
        "forms": there.clinic.intake_link is not None,
        "review": there.clinic.public_review_link or "",
    }
    return _private(page("patient/page.html", told, status))


def shut(closed: Closed, wanted: str | None) -> Response:
    """What a link says that opens nothing: whom to call, where the link was once good."""
    language = spoken(wanted, closed.language)
    words = "closed" if closed.clinic is not None else "unknown"
    return _sentence(words, language, closed.clinic, closed.status)


def busy(wanted: str | None) -> Response:
    """Too often from one place, or by one link."""
    answer = _sentence("busy", spoken(wanted, "en"), None, 429)
    answer.headers["retry-after"] = "900"
    return answer


async def trouble(request: Request, status: int, code: str, sentence: str) -> Response:
    """An error as a page: our own words, not those meant for senders of events."""
    del code, sentence
    words = "unknown" if status in {404, 405} else "away"
    return _sentence(words, spoken(request.query_params.get("lang"), "en"), None, status)


def _sentence(words: str, language: str, clinic: Clinic | None, status: int) -> Response:
    told = _frame(language, clinic) | {"words": words}
    return _private(page("patient/sentence.html", told, status))


def _frame(language: str, clinic: Clinic | None) -> dict[str, Any]:
    return {
        "t": WORDS[language],
        "language": language,
        "other": "en" if language == "es" else "es",
        "clinic": clinic,
        "phone": printed(clinic.phone) if clinic is not None else "",
    }


def _private(answer: Response) -> Response:
    answer.headers["x-robots-tag"] = "noindex, nofollow"
    return answer
