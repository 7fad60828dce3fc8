"""Real email over SMTP (aiosmtplib); works with any provider.

SMTP has no way to ask about a message: an answer lost after the content was handed over stays
unknown, and a person decides (DESIGN §6 rule 2). Each phase is called apart, so that everything
before that moment is known not to have gone out. Error classes: integrations.md §2.3.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal, NoReturn

import aiosmtplib
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from pydantic import Field, SecretStr

from integrations.contract import LONGEST_CALL, Accepted
from integrations.email.envelope import envelope
from models.base import Model
from models.contracts import Parcel, Receipt, Sent
from models.errors import CannotTell, ChannelError, Verdict


class SmtpSettings(Model):
    """How a mail server is reached; ``tls`` is the encryption from the first byte on."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: str  # the address mail comes from
    ca_file: str | None = None  # trusted besides the system's own authorities
    timeout: Annotated[float, Field(gt=0, le=LONGEST_CALL)] = LONGEST_CALL


class Smtp:
    """Email by one mail server; a connection per message.

    ``clock`` dates the messages: real mail carries the real date.
    """

    def __init__(self, settings: SmtpSettings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock

    def send(self, parcel: Parcel) -> Accepted:
        """Hand one message to the server, in at most ``timeout`` seconds.

        Accepted is not delivered: a mail server proves no arrival. Raises ChannelError (later for
        4xx and an unreachable server, permanent for 5xx on recipient or content, fix for login,
        TLS and our own address) and CannotTell when the connection broke after the content began.
        Must not be called from a running event loop.
        """
        message = envelope(parcel, sender=self._settings.sender, at=self._clock())
        # Its own loop, which is nobody's current one: this runs in a worker's thread.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(self._send(parcel.to.strip(), message.as_bytes(), parcel.reference))

    def find(self, sent: Sent) -> Receipt | None:
        """A mail server cannot be asked; always raises CannotTell."""
        raise CannotTell(
            f"A mail server cannot say whether message {sent.reference} arrived; ask the recipient."
        )

    async def _send(self, to: str, content: bytes, reference: str) -> Accepted:
        handing_over = False
        client = self._client()
        try:
            async with asyncio.timeout(self._settings.timeout):
                await self._open(client)
                await client.mail(self._settings.sender)
                await client.rcpt(to)
                handing_over = True
                answer = await client.data(content)
                handing_over = False
        except SMTPResponseException as error:
            _refused(error)
        except (SMTPException, TimeoutError, OSError) as error:
            if handing_over:
                raise CannotTell(
                    "The connection to the mail server broke while the message was handed over."
                ) from None
            _unreachable(error)
        finally:
            await _leave(client)
        return Accepted(vendor_id=_queue_id(answer.message) or reference)

    def _client(self) -> aiosmtplib.SMTP:
        given = self._settings
        return aiosmtplib.SMTP(
            hostname=given.host,
            port=given.port,
            use_tls=given.security == "tls",
            start_tls=False,
            tls_context=_tls(given) if given.security != "none" else None,
            timeout=given.timeout,
        )

    async def _open(self, client: aiosmtplib.SMTP) -> None:
        given = self._settings
        await client.connect()
        await client.ehlo()
        if given.security == "starttls":
            if not client.supports_extension("starttls"):
                raise ChannelError(
                    "no_starttls",
                    "The mail server offers no STARTTLS; check port and security in the settings.",
                    verdict=Verdict.FIX,
                )
            await client.starttls()
            await client.ehlo()
        if given.username:
            await client.login(given.username, given.password.get_secret_value())


async def _leave(client: aiosmtplib.SMTP) -> None:
    """Say goodbye if anybody listens; what happened before stands either way."""
    try:
        async with asyncio.timeout(1):
            await client.quit()
    except (SMTPException, TimeoutError, OSError):
        client.close()
    finally:
        # The socket is only closed a few turns of the loop later (TLS takes its own leave), and
        # this loop ends with the message.
        for _ in range(5):
            await asyncio.sleep(0)


def _tls(given: SmtpSettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if given.ca_file is not None:
        context.load_verify_locations(given.ca_file)
    return context


def _refused(error: SMTPResponseException) -> NoReturn:
    """The server's no, by phase and class; its own words may quote an address and are left out."""
    later = 400 <= error.code < 500
    if isinstance(error, SMTPAuthenticationError):
        code, verdict = "login_refused", Verdict.FIX
    elif isinstance(error, SMTPRecipientRefused):
        code, verdict = "recipient_refused", Verdict.PERMANENT
    elif isinstance(error, SMTPSenderRefused):
        code, verdict = "sender_refused", Verdict.FIX
    elif isinstance(error, SMTPConnectError | SMTPHeloError):
        code, verdict = "server_refused", Verdict.FIX
    elif error.code in {530, 534, 538}:  # it wants a login or encryption first
        code, verdict = "login_required", Verdict.FIX
    else:
        code, verdict = "content_refused", Verdict.PERMANENT
    raise ChannelError(
        "put_off" if later else code,
        f"The mail server answered {error.code}.",
        verdict=Verdict.LATER if later else verdict,
    ) from None


def _unreachable(error: BaseException) -> NoReturn:
    cause = error.__cause__ if isinstance(error, SMTPException) else error
    if isinstance(cause, ssl.SSLError) or "certificate" in str(error).lower():
        raise ChannelError(
            "tls",
            "The mail server's certificate is not trusted; check host, security and CA file.",
            verdict=Verdict.FIX,
        ) from None
    if isinstance(error, SMTPException) and "AUTH" in str(error):
        raise ChannelError(
            "no_login",
            "The mail server offers no login; check port and security in the settings.",
            verdict=Verdict.FIX,
        ) from None
    raise ChannelError(
        "unreachable",
        f"The mail server cannot be reached ({type(error).__name__}).",
        verdict=Verdict.LATER,
    ) from None


def _queue_id(answer: str) -> str:
    """The id many servers give in ``250 … queued as X``; empty when there is none."""
    words = answer.split()
    if "queued" in words[:-2] and words[words.index("queued") + 1] == "as":
        return words[words.index("queued") + 2][:100]
    return ""
