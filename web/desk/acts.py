"""What is done to a referral on its own page, beside moving it: forms read into facts; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from models.attribution import ASKED, Heard
from models.errors import BadRequest
from models.facts import HoldEnd, HoldReason, RejectedWhy
from models.ids import SLUG, new_id
from models.roles import Role
from web.desk.deeds import FARTHEST, Deed, ahead, among, local

_MORNING, _EVENING = time(9), time(17)

HOLDS: Final[dict[str, str]] = {
    HoldReason.AUTHORIZATION: "An authorization",
    HoldReason.BENEFITS: "The benefits",
    HoldReason.ORDER_MISSING: "The order",
    HoldReason.PATIENT_AWAY: "The patient is away",
    HoldReason.CAPACITY: "A free place",
}
HOLD_ENDS: Final[dict[str, str]] = {
    HoldEnd.OVER: "It has come",
    HoldEnd.NOT_NEEDED: "It is not needed",
    HoldEnd.GIVEN_UP: "We give it up",
}
OWNERS: Final[dict[str, str]] = {
    Role.FRONT_DESK: "Front desk",
    Role.BILLING: "Billing",
    Role.LEAD: "Lead",
    Role.THERAPIST: "Therapist",
}
REJECTED: Final[dict[str, str]] = {
    RejectedWhy.JUNK: "Junk",
    RejectedWhy.ANOTHER_CLINIC: "Meant for somebody else",
    RejectedWhy.DUPLICATE: "We have it already",
}
# What a person may correct, as it is called on the page.
PATIENT: Final[dict[str, str]] = {
    "given_name": "Given name",
    "family_name": "Family name",
    "born": "Birth date",
    "phone": "Phone",
    "email": "Email",
    "language": "Language",
}


def act(
    name: str,
    form: Mapping[str, str],
    *,
    by: str,
    zone: str,
    now: datetime,
    known: Mapping[str, str],
) -> Deed:
    """What one form of the page tells; *known* are the patient's details as they are on file.

    Raises BadRequest for a form that is not complete, and for one that does not exist.
    """
    told: dict[str, Any] = {"by": by, "at": now.isoformat()}
    if name == "hand_over":
        return Deed("handed_over", told | {"to": _needed(form, "to", "Pick a colleague.")}, now)
    if name == "pause":
        until = local(_date(form, "until", now) + timedelta(days=1), time(0), zone)
        return Deed("paused", told | {"until": until.isoformat(), "owner": _owner(form)}, now)
    if name == "resume":
        return Deed("resumed", told, now)
    if name == "hold":
        return Deed("hold_placed", told | _hold(form, zone, now), now)
    if name == "lift":
        told |= {"hold_id": form.get("hold_id", ""), "why": among(form, "why", HOLD_ENDS)}
        return Deed("hold_lifted", told, now)
    if name == "transfer":
        clinic = _needed(form, "clinic_id", "Pick a clinic.")
        return Deed("transferred", told | {"clinic_id": clinic}, now)
    if name == "book":
        starts = ahead(form, zone, now).isoformat()
        appointment = form.get("appointment_id") or new_id("apt")
        booked = {"appointment_id": appointment, "starts_at": starts}
        return Deed("appointment_booked", booked, now)
    if name in {"appointment_cancelled", "appointment_missed"}:
        appointment = _needed(form, "appointment_id", "There is no appointment.")
        return Deed(name, {"appointment_id": appointment}, now)
    if name == "correct":
        return Deed("request_confirmed", told | _corrected(form, known), now)
    if name == "reject":
        return Deed("request_rejected", told | {"why": among(form, "why", REJECTED)}, now)
    raise BadRequest("This page has no such form.", code="no_such_form")


def _hold(form: Mapping[str, str], zone: str, now: datetime) -> dict[str, Any]:
    return {
        "hold_id": new_id("hold"),
        "reason": among(form, "reason", HOLDS),
        "owner": _owner(form),
        "next_check": local(_date(form, "next_check", now), _MORNING, zone).isoformat(),
        "limit": local(_date(form, "limit", now), _EVENING, zone).isoformat(),
    }


def _corrected(form: Mapping[str, str], known: Mapping[str, str]) -> dict[str, Any]:
    """Only what somebody has changed; an emptied number or mailbox is struck out."""
    changed: dict[str, str | None] = {}
    for name in PATIENT:
        given = form.get(name)
        if given is None or given == known.get(name, ""):
            continue
        if not given and name not in {"phone", "email"}:
            raise BadRequest(f"{PATIENT[name]} is empty.", code="empty_field", field=name)
        changed[name] = given or None
    way: dict[str, str | None] = {}
    for name in ASKED:
        given = form.get(name)
        if given is not None and given != known.get(name, ""):
            way[name] = way_here(name, given)
    if not changed and not way and form.get("confirmed") == "1":
        raise BadRequest("You have changed nothing.", code="nothing_changed")
    corrections: dict[str, Any] = {"patient": changed} if changed else {}
    return {"corrections": corrections | way} if corrections or way else {}


def way_here(name: str, given: str) -> str | None:
    """How the patient heard of us, or a campaign, as it is kept; raises BadRequest."""
    if not given:
        return None
    if name == "heard" and given not in set(Heard):
        raise BadRequest("Pick one of the choices.", code="not_chosen", field=name)
    if name == "campaign" and SLUG.match(given) is None:
        raise BadRequest(
            "A campaign is a short name in small letters, such as knee-week.",
            code="bad_campaign",
            field=name,
        )
    return given


def _owner(form: Mapping[str, str]) -> str:
    return among(form, "owner", OWNERS)


def _date(form: Mapping[str, str], field: str, now: datetime) -> date:
    """A day that somebody waits for: what lies years away is a slip of the keys."""
    try:
        day = date.fromisoformat(form.get(field, ""))
    except ValueError:
        raise BadRequest("Give a date.", code="no_date", field=field) from None
    if day > (now + FARTHEST).date():
        raise BadRequest("This is more than a year away.", code="too_far", field=field)
    return day


def _needed(form: Mapping[str, str], field: str, says: str) -> str:
    value = form.get(field, "")
    if not value:
        raise BadRequest(says, code="not_chosen", field=field)
    return value
