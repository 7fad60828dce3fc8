"""A small IMAP server for tests: one folder, one account, the commands a reader needs."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "faxes@example.org", "a secret of the clinic"
_FETCH = re.compile(r"UID FETCH (\d+) \(BODY\.PEEK\[\]\)", re.I)
_STORE = re.compile(r"UID STORE (\d+) \+FLAGS \(\\Seen\)", re.I)


@dataclass
class Folder:
    """The mails of the account by number, and which of them have been read."""

    mails: list[bytes] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)  # since they were listed
    name: str = "INBOX"
    port: int = 0
    commands: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One session, until LOGOUT or the line is cut."""
        writer.write(b"* OK ready\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, _, command = line.partition(" ")
            self.commands.append(command)
            for answer in self.answers(command):
                writer.write(answer)
            refused = command.upper().startswith("LOGIN") and PASSWORD not in command
            refused |= command.startswith("SELECT") and command != f'SELECT "{self.name}"'
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
            if int(found[1]) in self.deleted:
                return []
            body = self.mails[int(found[1]) - 1]
            head = f"* {found[1]} FETCH (UID {found[1]} BODY[] {{{len(body)}}}\r\n"
            return [head.encode() + body + b")\r\n"]
        if found := _STORE.match(command):
            self.seen.add(int(found[1]))
        return [b"* BYE\r\n"] if command.upper() == "LOGOUT" else []


@asynccontextmanager
async def imap(shown: Path | None = None) -> AsyncIterator[Folder]:
    """A server on a free port of the loopback address; over TLS where it has a certificate."""
    folder = Folder()
    context = None
    if shown is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(shown)
    server = await asyncio.start_server(folder.serve, "127.0.0.1", 0, ssl=context)
    folder.port = server.sockets[0].getsockname()[1]
    try:
        yield folder
    finally:
        server.close()
        await server.wait_closed()


def certificate(folder: Path, host: str = "127.0.0.1") -> Path:
    """A certificate of this moment for an address, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}-{made.serial_number}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
