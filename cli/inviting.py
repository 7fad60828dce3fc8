"""``invite``: gives somebody of the staff a link with which they set their password."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from activities.tenants import Tenants
from cli.console import out, say
from cli.workplace import load_settings, load_tenants, open_record, wall_clock
from models.errors import NotFound
from models.organization import Staff
from store import audit, sign_in
from web.desk.door import hash_of

LASTS: Final = timedelta(hours=72)


def invite(wanted: str) -> None:
    """Print a link for one person; links given to them before stop working.

    Raises NotFound for nobody of the staff, and for an id or address two organizations know.
    """
    settings = load_settings()
    tenants = load_tenants(settings)
    org, person = _find(tenants, wanted)
    token, now = secrets.token_urlsafe(32), wall_clock()
    with open_record(settings).store.write() as session:
        sign_in.invite(session, org, person.id, hash_of(token), now, now + LASTS)
        audit.note(
            session,
            org=org,
            who="system",
            what="invited",
            subject=person.id,
            at=now,
            recorded_at=now,
        )
    say(f"For {person.name} alone; it works once, for {int(LASTS / timedelta(hours=1))} hours:")
    out.print(f"{settings.base_url}/sign-in/invited/{token}", soft_wrap=True)


def _find(tenants: Tenants, wanted: str) -> tuple[str, Staff]:
    found = [
        (org, one)
        for org in tenants
        for one in tenants.get(org).staff
        if wanted.lower() in {one.id, one.email.lower(), f"{org}/{one.id}"}
    ]
    if len(found) != 1:
        raise NotFound(
            "Name one person of [[staff]] by id or mail address; where two organizations know it, "
            "as organization/id.",
            code="unknown_staff",
        )
    return found[0]
