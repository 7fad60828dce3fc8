"""Signing in and out, and setting a password with an invitation.

After five wrong passwords an account rests for fifteen minutes, whoever typed them and through
whichever process; what is answered never says whether an address is known.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from models.errors import BadRequest, Forbidden, NotFound
from models.organization import Staff
from settings import EXAMPLE_PASSWORD
from store import sign_in
from telemetry.logs import logger
from web.asking import caller_of
from web.attempts import Attempts
from web.desk.door import LASTS, Desk, hash_of
from web.desk.passwords import Passwords, check
from web.pages import page

_LOG = logger(__name__)

SIGN_IN: Final = "/sign-in"
FIRST_PAGE: Final = "/board"
FORM_COOKIE: Final = "referral-loop-form"
_MOST_PER_CALLER: Final = 50  # a whole clinic comes from one address
_WRONG: Final = (
    "That address and password do not belong together. After five wrong tries the account rests "
    "for 15 minutes. If you have no password yet, ask your director for an invitation."
)


class Account:
    """Lets people in, one at a time."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._passwords = Passwords()
        self._attempts = Attempts(_MOST_PER_CALLER)

    # --- signing in -------------------------------------------------------------------------------

    async def sign_in(self, email: str, password: str, caller: str) -> str | None:
        """The token of a new session; None for a wrong address or password, or a locked account.

        Somebody who works for two organizations is let in where the password is right.
        """
        now = self.desk.clock()
        if self._attempts.locked_for(caller, now) is not None:
            _LOG.warning("desk_refused", outcome="caller_locked_out")
            return None
        people = self.people(email)
        if not people:
            await self._passwords.right(None, password)
        for org, person in people:
            if await self._right(org, person, password):
                self._attempts.succeeded(caller)
                return await asyncio.to_thread(self.begin, org, person)
        self._attempts.failed(caller, now)
        return None

    def begin(self, org: str, person: Staff) -> str:
        """A session for somebody who has proved who they are; its token is kept nowhere."""
        token, now = secrets.token_urlsafe(32), self.desk.clock()
        with self.desk.store.write() as session:
            sign_in.begin(session, org, person.id, hash_of(token), now, now + LASTS)
            self.desk.note(session, org, person.id, "signed_in", person.id)
        _LOG.info("desk_signed_in", staff=person.id)
        return token

    def end(self, token: str) -> None:
        """The session is over; again changes nothing."""
        with self.desk.store.write() as session:
            sign_in.end(session, hash_of(token))

    async def _right(self, org: str, person: Staff, password: str) -> bool:
        now = self.desk.clock()
        kept, locked = await asyncio.to_thread(self._kept, org, person.id)
        if locked:
            await self._passwords.right(None, password)
            return False
        example = self.desk.settings.environment == "dev" and kept is None
        if example and secrets.compare_digest(password.encode(), EXAMPLE_PASSWORD.encode()):
            return True
        if await self._passwords.right(kept, password):
            if kept is not None and self._passwords.stale(kept):
                fresh = await self._passwords.hashed(password)
                await asyncio.to_thread(self._rehash, org, person.id, kept, fresh)
            return True

        def failed() -> None:
            with self.desk.store.write() as session:
                locks = sign_in.failed(session, org, person.id, now)
                what = "locked_out" if locks else "sign_in_failed"
                self.desk.note(session, org, person.id, what, person.id)

        await asyncio.to_thread(failed)
        return False

    def _rehash(self, org: str, staff_id: str, kept: str, fresh: str) -> None:
        with self.desk.store.write() as session:
            sign_in.rehash(session, org, staff_id, kept, fresh)

    def _kept(self, org: str, staff_id: str) -> tuple[str | None, bool]:
        with self.desk.store.read() as session:
            return sign_in.kept(session, org, staff_id, self.desk.clock())

    def people(self, email: str) -> list[tuple[str, Staff]]:
        """Who of the staff has this mail address, in whichever organization."""
        wanted = email.strip().lower()
        return [
            (org, one)
            for org in self.desk.tenants
            for one in self.desk.tenants.get(org).staff
            if one.email.lower() == wanted
        ]

    # --- invitations ------------------------------------------------------------------------------

    def invited(self, token: str) -> tuple[str, Staff]:
        """Whom an invitation is for; raises NotFound once it is used or over."""
        with self.desk.store.read() as session:
            row = sign_in.invited(session, hash_of(token), self.desk.clock())
        person = self.desk.staff(row.org, row.staff_id) if row else None
        if row is None or person is None:
            raise NotFound(
                "This invitation was used already, or is too old. Ask for a new one.",
                code="invitation_over",
            )
        return row.org, person

    async def accept(self, token: str, password: str, again: str) -> str:
        """Set the password the invitation is for; the token of a session.

        Of two who use one link at once the first wins. Raises NotFound and BadRequest.
        """
        org, person = await asyncio.to_thread(self.invited, token)
        mailbox = person.email.partition("@")[0].casefold()
        check(password, again, mailbox, *(part.casefold() for part in person.name.split()))
        hashed = await self._passwords.hashed(password)

        def keep() -> None:
            now = self.desk.clock()
            with self.desk.store.write() as session:
                if not sign_in.use(session, hash_of(token), now):
                    raise NotFound("Somebody has just used this link.", code="invitation_over")
                sign_in.set_password(session, org, person.id, hashed, now)
                self.desk.note(session, org, person.id, "password_set", person.id)

        await asyncio.to_thread(keep)
        return await asyncio.to_thread(self.begin, org, person)


def router(desk: Desk, account: Account) -> APIRouter:
    """The pages somebody sees who is not signed in."""
    pages = APIRouter(include_in_schema=False, tags=["desk"])

    @pages.get(SIGN_IN)
    async def show(request: Request, next: str = FIRST_PAGE) -> Response:
        return _sign_in_page(desk, request, next)

    @pages.post(SIGN_IN)
    async def enter(request: Request) -> Response:
        form = await _own_form(request)
        target = safe(str(form.get("next", "")))
        token = await account.sign_in(
            str(form.get("email", "")), str(form.get("password", "")), caller_of(request)
        )
        if token is None:
            return _sign_in_page(desk, request, target, _WRONG, 401)
        return with_session(desk, token, target)

    @pages.post("/sign-out")
    async def leave(request: Request) -> Response:
        viewer = await desk.viewer(request)
        await desk.form(request, viewer)
        await asyncio.to_thread(account.end, request.cookies.get(desk.cookie, ""))
        answer = RedirectResponse(SIGN_IN, status_code=303)
        answer.delete_cookie(desk.cookie, secure=desk.https, httponly=True, samesite="lax")
        return answer

    @pages.get("/sign-in/invited/{token}")
    async def invited(request: Request, token: str) -> Response:
        org, person = await asyncio.to_thread(account.invited, token)
        return _password_page(desk, request, org, person)

    @pages.post("/sign-in/invited/{token}")
    async def accept(request: Request, token: str) -> Response:
        form = await _own_form(request)
        try:
            new = await account.accept(
                token, str(form.get("password", "")), str(form.get("again", ""))
            )
        except BadRequest as error:
            org, person = await asyncio.to_thread(account.invited, token)
            return _password_page(desk, request, org, person, error.sentence, 422)
        return with_session(desk, new, FIRST_PAGE)

    return pages


def safe(target: str) -> str:
    """Where to go after signing in: a page of ours, whatever a link says."""
    ours = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if ours and target.isprintable() else FIRST_PAGE


def with_session(desk: Desk, token: str, target: str) -> Response:
    """On to a page, with the session in a cookie that no script and no other page can read."""
    answer = RedirectResponse(target, status_code=303)
    answer.set_cookie(
        desk.cookie,
        token,
        max_age=int(LASTS / timedelta(seconds=1)),
        secure=desk.https,
        httponly=True,
        samesite="lax",
    )
    return answer


def _sign_in_page(
    desk: Desk, request: Request, target: str, trouble: str = "", status: int = 200
) -> Response:
    dev = desk.settings.environment == "dev"
    names = [one for org in desk.tenants for one in desk.tenants.get(org).staff] if dev else []
    told = {
        "trouble": trouble,
        "next": safe(target),
        "provider": bool(desk.settings.desk_oidc_issuer),
        "example": EXAMPLE_PASSWORD if dev else "",
        "people": [
            (one.email, one.name, one.role.replace("_", " "), ", ".join(one.clinics))
            for one in names
        ],
    }
    return _with_nonce(desk, request, "desk/sign_in.html", told, status)


def _password_page(
    desk: Desk, request: Request, org: str, person: Staff, trouble: str = "", status: int = 200
) -> Response:
    name = desk.tenants.get(org).organization.name
    told = {"trouble": trouble, "person": person.name, "email": person.email, "org": name}
    return _with_nonce(desk, request, "desk/password.html", told, status)


def _with_nonce(
    desk: Desk, request: Request, template: str, told: Mapping[str, object], status: int
) -> Response:
    """A form for who has no session yet; its nonce is in a cookie that other pages cannot read."""
    nonce = request.cookies.get(FORM_COOKIE, "") or secrets.token_urlsafe(24)
    answer = page(template, {**told, "nonce": nonce}, status)
    answer.set_cookie(
        FORM_COOKIE, nonce, path=SIGN_IN, secure=desk.https, httponly=True, samesite="strict"
    )
    return answer


async def _own_form(request: Request) -> dict[str, object]:
    form = await request.form(max_fields=10, max_files=0)
    nonce = request.cookies.get(FORM_COOKIE, "")
    given = str(form.get("nonce", ""))
    if not nonce or not secrets.compare_digest(nonce.encode(), given.encode()):
        raise Forbidden(
            "This page was open for too long, or your browser keeps no cookies. Load it again.",
            code="foreign_form",
        )
    return dict(form)
