"""A mail server for tests: aiosmtpd on a free port; its mailbox can be made to misbehave."""

from __future__ import annotations

import asyncio
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """A handler that keeps what it takes; ``answers`` overrides a phase's reply, one each."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.answers: dict[str, list[str]] = {}
        self.drop_at: str | None = None
        self.late = 0.0  # seconds until it says that it has taken a message

    def _answer(self, phase: str, server: Any, default: str) -> str:
        if self.drop_at == phase:
            server.transport.abort()
        left = self.answers.get(phase, [])
        return left.pop(0) if left else default

    async def handle_MAIL(  # noqa: N802 - aiosmtpd asks for it by this name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self._answer("mail", server, "250 OK")

    async def handle_RCPT(  # noqa: N802 - likewise
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        answer = self._answer("rcpt", server, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - likewise
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        answer = self._answer("data", server, "250 2.0.0 Ok: queued as 4XyZ")
        if answer.startswith("250"):
            self.taken.append(envelope)
            await asyncio.sleep(self.late)
        return answer


class Server(Controller):
    """aiosmtpd on a free port, with or without TLS and login."""

    def __init__(self, box: Mailbox, **options: Any) -> None:
        self.from_start = options.pop("ssl_context", None)
        super().__init__(box, hostname="127.0.0.1", port=0, ssl_context=self.from_start, **options)

    def _trigger_server(self) -> None:
        # The port is the system's choice; the base class would connect to port 0.
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
