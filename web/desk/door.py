"""Who is at the desk: a session of our sign-in page, and what its role may see and do.

Every page of the staff asks here first. A role, its clinics and whether somebody still works here
are read from the policy at each request; the session only says who it is.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse

from activities.tenants import Tenants
from models.access import GRANTS, May
from models.errors import Forbidden, NotAllowed, NotFound
from models.organization import Clinic, Staff
from models.roles import Role
from settings import Settings
from store import audit, conversations, sign_in
from store.engine import Store
from web.pages import page

IDLE: Final = timedelta(hours=1)  # nobody at the screen: 45 CFR 164.312(a)(2)(iii)
LASTS: Final = timedelta(hours=12)  # a working day
COOKIE: Final = "referral-loop"
PRIVATE_COOKIE: Final = "referral-loop-privacy"
_NOTED_EVERY: Final = timedelta(minutes=1)
MOST_FIELDS: Final = 500


class SignInNeeded(NotAllowed):
    """Nobody is signed in in this browser, or not any more."""

    code = "sign_in_needed"

    def __init__(self) -> None:
        super().__init__("Sign in first.")


class Viewer(NamedTuple):
    """Somebody of the staff who looks at a page."""

    org: str
    staff_id: str
    name: str
    role: Role
    clinics: tuple[str, ...]
    csrf: str
    private: bool = False  # a lobby sees this browser's screen

    @property
    def named(self) -> bool:
        """Whether patients stand here by name; by initials otherwise."""
        return self.may(May.NAMES) and not self.private

    def may(self, what: May) -> bool:
        """Whether their role has this right."""
        return what in GRANTS[self.role]

    def sees(self, clinic_id: str | None) -> bool:
        """Whether they work at this clinic; what belongs to no clinic is everybody's."""
        return clinic_id is None or clinic_id in self.clinics


class Desk:
    """What the pages of the staff share: who looks, forms that only ours can send, rendering."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        tenants: Tenants,
        clock: Callable[[], datetime],
        ui: str | None = None,
    ) -> None:
        """*ui* is where the Temporal UI can be opened, if anywhere."""
        self.settings = settings
        self.store = store
        self.tenants = tenants
        self.clock = clock
        self.ui = ui

    # --- who looks ------------------------------------------------------------------------------

    async def viewer(self, request: Request, *needs: May, quiet: bool = False) -> Viewer:
        """Who asks, with every right the page needs.

        *quiet*: the page asks by itself, which keeps no session alive. Raises SignInNeeded, and
        Forbidden ``not_your_role``.
        """
        token = request.cookies.get(self.cookie, "")
        viewer = await asyncio.to_thread(self._viewer, token, quiet) if token else None
        if viewer is None:
            raise SignInNeeded
        viewer = viewer._replace(private=request.cookies.get(PRIVATE_COOKIE) == "1")
        request.state.viewer = viewer
        lacking = [need for need in needs if not viewer.may(need)]
        if lacking:
            raise Forbidden(
                "Your role does not include this page. Ask your director if it should.",
                code="not_your_role",
            )
        return viewer

    def _viewer(self, token: str, quiet: bool) -> Viewer | None:
        now, hashed = self.clock(), hash_of(token)
        with self.store.read() as session:
            row = sign_in.find(session, hashed, now, IDLE)
        if row is None:
            return None
        person = self.staff(row.org, row.staff_id)
        if person is None:
            return None
        if not quiet and now - row.seen_at >= _NOTED_EVERY:
            with self.store.write() as session:
                sign_in.seen(session, hashed, now)
        return Viewer(row.org, person.id, person.name, person.role, person.clinics, csrf_of(token))

    def staff(self, org: str, staff_id: str) -> Staff | None:
        """Somebody of the staff as the policy has them now; None once they have left."""
        if org not in self.tenants:
            return None
        people = self.tenants.get(org).staff
        return next((one for one in people if one.id == staff_id), None)

    def clinics(self, viewer: Viewer) -> list[Clinic]:
        """The clinics they work at, in the order of the policy file."""
        every = self.tenants.get(viewer.org).organization.clinics
        return [one for one in every if one.id in viewer.clinics]

    def home(self, viewer: Viewer) -> Clinic:
        """The clinic whose time a page tells; the organization's first for who works at none."""
        return (self.clinics(viewer) or self.tenants.get(viewer.org).organization.clinics)[0]

    def clinic(self, viewer: Viewer, clinic_id: str) -> Clinic:
        """One clinic; raises NotFound for one they do not work at, as if there were none."""
        found = next((one for one in self.clinics(viewer) if one.id == clinic_id), None)
        if found is None:
            raise NotFound("There is nothing here that you work with.", code="not_yours")
        return found

    def seen(self, viewer: Viewer, subject: str, what: str = "viewed") -> None:
        """Keep who has looked at whom: every view of facts about a patient is on record."""
        with self.store.write() as session:
            self.note(session, viewer.org, viewer.staff_id, what, subject)

    def note(self, session: Session, org: str, who: str, what: str, subject: str) -> None:
        """Keep who did what to whom, in the caller's transaction."""
        now = self.clock()
        audit.note(session, org=org, who=who, what=what, subject=subject, at=now, recorded_at=now)

    # --- forms ------------------------------------------------------------------------------------

    async def form(self, request: Request, viewer: Viewer) -> FormData:
        """What a form of ours has sent; raises Forbidden ``foreign_form`` for anybody else's."""
        form = await request.form(max_fields=MOST_FIELDS, max_files=20)
        given = request.headers.get("x-csrf-token") or str(form.get("csrf", ""))
        foreign = request.headers.get("sec-fetch-site", "same-origin") not in _OURS
        if foreign or not hmac.compare_digest(given.encode(), viewer.csrf.encode()):
            raise Forbidden(
                "This page was open for too long, or another page sent this. Load it again; "
                "nothing was changed.",
                code="foreign_form",
            )
        return form

    # --- pages ------------------------------------------------------------------------------------

    async def page(
        self,
        request: Request,
        viewer: Viewer,
        template: str,
        context: Mapping[str, Any] | None = None,
        *,
        status: int = 200,
    ) -> HTMLResponse:
        """One page of templates/web/desk for this viewer.

        Every template knows ``viewer``, ``may(right)``, ``now``, ``organization``, ``path`` and
        ``to_answer`` (for the menu) and ``csrf`` beside its own names.
        """
        menu = not template.startswith("_")  # a part of a page has none
        told: dict[str, Any] = {
            "to_answer": await asyncio.to_thread(self._to_answer, viewer) if menu else 0,
            "viewer": viewer,
            "may": lambda right: viewer.may(May(right)),
            "now": self.clock(),
            "organization": self.tenants.get(viewer.org).organization.name,
            "path": request.url.path,
            "csrf": viewer.csrf,
        }
        return page(f"desk/{template}", told | dict(context or {}), status)

    def _to_answer(self, viewer: Viewer) -> int:
        """How many texts wait for an answer, for whoever answers texts; one query."""
        if not (viewer.may(May.TALK) and viewer.may(May.NAMES)):
            return 0
        with self.store.read() as session:
            return conversations.unread(session, viewer.org, viewer.clinics)

    # --- cookies ----------------------------------------------------------------------------------

    @property
    def https(self) -> bool:
        """Whether browsers reach us encrypted, so that cookies may be marked so."""
        return self.settings.base_url.startswith("https://")

    @property
    def cookie(self) -> str:
        """The session's name; over HTTPS with the prefix that binds it to this host."""
        return f"__Host-{COOKIE}" if self.https else COOKIE


_OURS: Final = frozenset({"same-origin", "none"})


def hash_of(token: str) -> str:
    """What is kept of a token. They are 256 random bits: nothing slower is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_of(token: str) -> str:
    """What only pages of this session know: another page cannot read the cookie it is made of."""
    return hashlib.sha256(b"csrf:" + token.encode()).hexdigest()[:32]


def wants_fragment(request: Request) -> bool:
    """Whether a page of ours asks for a part of itself."""
    return request.headers.get("hx-request") == "true"
