"""Who is asking for payloads: a session of our sign-in page, a token, a login, our own dev UI."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from engine.codec_readers import Reader, Readers
from models.errors import Forbidden, NotAllowed, TooMany
from settings import Settings
from web.asking import caller_of
from web.attempts import Attempts
from web.codec.login import Login
from web.vouched import looks_like_one

SESSION: Final = timedelta(hours=12)  # a working day; then the token is typed again
COOKIE: Final = "referral-loop-codec"
EXTRAS: Final = "authorization-extras"  # where the UI puts the id token of its login
_PORTS: Final = {"http": 80, "https": 443}


class Door:
    """Lets people in by name; everything about one deployment's codec endpoint that is not HTTP."""

    def __init__(
        self, settings: Settings, clock: Callable[[], datetime], own_ui: str | None = None
    ) -> None:
        """*own_ui* is the address of a Temporal UI that this very process started."""
        self.readers: Readers = settings.readers
        self.namespace = settings.temporal_namespace
        self.base_url = settings.base_url
        self.ui_address = settings.temporal_ui_address or own_ui
        self.clock = clock
        self._attempts = Attempts()
        self._login = Login(settings, clock) if settings.codec_oidc_issuer else None
        own = both_names(own_ui) if own_ui else ()
        told = (origin_of(settings.temporal_ui_address),) if settings.temporal_ui_address else ()
        self.origins: tuple[str, ...] = tuple(dict.fromkeys((*told, *own)))
        # Comfort on one machine: no token for the UI of this process. Only in dev, only over
        # loopback; a browser does not let another page forge an origin.
        self._open_to = own if settings.environment == "dev" else ()

    # --- asking ---------------------------------------------------------------------------------

    async def admit(self, request: Request) -> str:
        """The name of who asks; for the logs.

        Raises NotAllowed (401) without a valid token or session, Forbidden (403) for a page that
        is not the Temporal UI and for another namespace, TooMany after wrong tokens.
        """
        who = self._session(request) or self._bearer(request) or self._own_ui(request)
        if who is None and self._login is not None:
            who = await self._login.who(bearer(request), request.headers.get(EXTRAS, ""))
        if who is None:
            raise NotAllowed(
                f"Sign in at {self.base_url}/codec/sign-in, or send 'Authorization: Bearer "
                "<token>' with a token of your own (REFERRAL_LOOP_CODEC_TOKENS).",
                code="bad_token",
                field="Authorization",
            )
        origin = request.headers.get("origin")
        if origin is not None and origin not in self.origins:
            raise Forbidden(
                "This page may not ask. Pages of REFERRAL_LOOP_TEMPORAL_UI_ADDRESS may; open the "
                "Temporal UI under exactly that address.",
                code="other_origin",
                field="Origin",
            )
        if request.headers.get("x-namespace") != self.namespace:
            raise Forbidden(
                f"Payloads of the namespace {self.namespace!r} are decoded here, and no others; "
                "name it in X-Namespace.",
                code="other_namespace",
                field="X-Namespace",
            )
        return who

    def sign_in(self, token: str, caller: str) -> Reader | None:
        """Whose token was typed; None when it is nobody's. Raises TooMany for who guesses on."""
        return self._checked(token, f"sign-in {caller}")

    def signed_in(self, request: Request) -> Reader | None:
        """Whose session the browser shows, if it is one of ours and not over."""
        return self.readers.in_session(request.cookies.get(self.cookie, ""), self.clock())

    # --- cookies ----------------------------------------------------------------------------------

    @property
    def https(self) -> bool:
        """Whether browsers reach us encrypted, so that cookies may be marked so."""
        return self.base_url.startswith("https://")

    @property
    def safe(self) -> bool:
        """Whether a token may be typed into our page: over HTTPS, or on this machine."""
        return self.https or is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def cookie(self) -> str:
        """The session's name; with the prefix browsers accept over HTTPS alone."""
        return f"__Secure-{COOKIE}" if self.https else COOKIE

    # --- inside -----------------------------------------------------------------------------------

    def _session(self, request: Request) -> str | None:
        reader = self.signed_in(request)
        # A cookie comes by itself; without an origin nobody can say which page had it sent.
        return reader.name if reader and "origin" in request.headers else None

    def _bearer(self, request: Request) -> str | None:
        token = bearer(request)
        if not token or looks_like_one(token):  # a login's token is nobody's guess at ours
            return None
        reader = self._checked(token, f"bearer {caller_of(request)}")
        return reader.name if reader else None

    def _own_ui(self, request: Request) -> str | None:
        near = is_loopback(caller_of(request))
        return "own-ui" if near and request.headers.get("origin") in self._open_to else None

    def _checked(self, token: str, caller: str) -> Reader | None:
        now = self.clock()
        left = self._attempts.locked_for(caller, now)
        if left is not None:
            raise TooMany(
                "Too many wrong tokens came from your address. Wait "
                f"{max(1, round(left.total_seconds() / 60))} minutes, then try again."
            )
        reader = self.readers.with_token(token)
        if reader is None:
            self._attempts.failed(caller, now)
        else:
            self._attempts.succeeded(caller)
        return reader


def bearer(request: Request) -> str:
    """The token a request shows; empty when it shows none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def origin_of(address: str) -> str:
    """The origin a browser names for pages of an address: scheme, host, unusual port."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    usual = parts.port is None or parts.port == _PORTS.get(parts.scheme)
    return f"{parts.scheme}://{named}" + ("" if usual else f":{parts.port}")


def both_names(address: str) -> tuple[str, ...]:
    """The origins of a page on this machine, which people open by either of its names."""
    origin = origin_of(address)
    return tuple(dict.fromkeys((origin, origin.replace("127.0.0.1", "localhost"))))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
