"""The form of a text: what it offers, and what somebody has typed into it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from models.errors import BadRequest
from models.sending import CAPPED, Go, Hold, Never
from models.texting import gsm7, never_in_text
from web.desk.deeds import typed
from web.desk.talk import why_not
from web.pages import moment

LONGEST_WAIT: Final = timedelta(days=30)  # what lies further ahead is a task, no text; judgment
# What a text must not name; of what machines must not write the rest is about answer words.
_GRAVE: Final = ("diagnosis", "body part", "physician's name", "payer", "money")
CANNED: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "en": (
        ("Ask for days", "Which days and times suit you for your first visit?"),
        ("Call me", "Please call us when you have a moment: {phone}."),
        ("Thank you", "Thank you, we have noted it."),
        ("On the way", "You find us at {address}. Please come ten minutes early."),
        ("We call you", "Thank you for your message. We will call you today."),
    ),
    "es": (
        ("Pedir días", "¿Qué días y horas le convienen para su primera visita?"),
        ("Llámenos", "Por favor llámenos cuando pueda: {phone}."),
        ("Gracias", "Gracias, lo hemos anotado."),
        ("Cómo llegar", "Estamos en {address}. Por favor llegue diez minutos antes."),
        ("Le llamamos", "Gracias por su mensaje. Le llamaremos hoy."),
    ),
}


def graves(words: str) -> str:
    """What a text may name that must not stand on a locked phone, in words; mostly nothing."""
    return " and a ".join(what for what in never_in_text(gsm7(words)) if what in _GRAVE)


def send_at(form: Mapping[str, str], zone: str, now: datetime) -> datetime | None:
    """The later moment somebody chose, in UTC; None: now. Raises BadRequest.

    A day that was typed is never passed over: Enter in its field presses the first button.
    """
    if not form.get("then"):
        if form.get("day") or form.get("time"):
            raise BadRequest(
                "You have typed a day or a time: press “Send then”, or empty both to send it now.",
                code="now_or_then",
                field="day",
            )
        return None
    at = typed(form, zone)
    if at <= now:
        raise BadRequest("This time has passed; choose a later one.", code="past", field="day")
    if at > now + LONGEST_WAIT:
        raise BadRequest(
            f"Choose a time within the next {LONGEST_WAIT.days} days.", code="too_far", field="day"
        )
    return at


def why_not_then(verdict: Go | Hold | Never, zone: str, now: datetime) -> str:
    """Why a text cannot go out at the moment chosen for it, as a sentence; empty where it can."""
    if not isinstance(verdict, Hold):
        return why_not(verdict)
    until = moment(verdict.until, zone, now) if verdict.until else ""
    then = f" The next time it may go is {until}." if until else ""
    if verdict.why == CAPPED:
        return f"Enough texts will have gone to this number by then.{then}"
    return f"No texts are sent at that time where the patient lives.{then}"
