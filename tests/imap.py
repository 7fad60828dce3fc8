"""A small IMAP server for tests: one folder, one account, the commands a reader needs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

USER, PASSWORD = "faxes@example.org", "a secret of the clinic"
_FETCH = re.compile(r"UID FETCH (\d+) \(BODY\.PEEK\[\]\)", re.I)
_STORE = re.compile(r"UID STORE (\d+) \+FLAGS \(\\Seen\)", re.I)


@dataclass
class Folder:
    """The mails of the account by number, and which of them have been read."""

    mails: list[bytes] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One session, until LOGOUT or the line is cut."""
        writer.write(b"* OK ready\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, _, command = line.partition(" ")
            for answer in self.answers(command):
                writer.write(answer)
            refused = command.upper().startswith("LOGIN") and PASSWORD not in command
            writer.write(f"{tag} {'NO no' if refused else 'OK done'}\r\n".encode())
            await writer.drain()
            if command.upper() == "LOGOUT":
                break
        writer.close()

    def answers(self, command: str) -> list[bytes]:
        """The untagged answers to one command."""
        if command.upper() == "CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1\r\n"]
        if command.upper().startswith("SELECT"):
            return [f"* {len(self.mails)} EXISTS\r\n".encode()]
        if command.upper() == "UID SEARCH UNSEEN":
            unread = [n for n in range(1, len(self.mails) + 1) if n not in self.seen]
            return [f"* SEARCH {' '.join(map(str, unread))}\r\n".encode()]
        if found := _FETCH.match(command):
            body = self.mails[int(found[1]) - 1]
            head = f"* {found[1]} FETCH (UID {found[1]} BODY[] {{{len(body)}}}\r\n"
            return [head.encode() + body + b")\r\n"]
        if found := _STORE.match(command):
            self.seen.add(int(found[1]))
        return [b"* BYE\r\n"] if command.upper() == "LOGOUT" else []


@asynccontextmanager
async def imap() -> AsyncIterator[Folder]:
    """A server on a free port of the loopback address."""
    folder = Folder()
    server = await asyncio.start_server(folder.serve, "127.0.0.1", 0)
    folder.port = server.sockets[0].getsockname()[1]
    try:
        yield folder
    finally:
        server.close()
        await server.wait_closed()
