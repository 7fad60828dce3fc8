"""A mailbox by IMAP: its unread mails with the files they bring, marked as read once they are kept.

Blocking; every call has a limit. A mail is named by its Message-ID, so that one seen twice is one.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import Message
from typing import Any, Final, Literal, NamedTuple

from pydantic import SecretStr

from models.base import Model
from models.errors import ChannelError, Verdict
from models.fax import MAX_FAX_BYTES, Media, media_of

TIMEOUT: Final = 20.0  # seconds for each answer of the server
AT_ONCE: Final = 20  # mails of one look
SMALLEST_PICTURE: Final = 12 * 1024  # bytes; smaller ones beside a document are logos of signatures
_DOCUMENTS: Final = frozenset({Media.PDF, Media.TIFF})


class ImapSettings(Model):
    """Where the mailbox is, and whose faxes come to it."""

    host: str
    port: int = 993
    username: str
    password: SecretStr
    security: Literal["tls", "none"] = "tls"
    folder: str = "INBOX"
    org: str
    clinic: str


class File(NamedTuple):
    """One file of a mail; ``name`` tells it from the others of the same mail."""

    name: str
    content: bytes
    content_type: str


class Mail(NamedTuple):
    """One unread mail; ``uid`` is its number in the folder, ``message_id`` its name anywhere."""

    uid: str
    message_id: str
    files: tuple[File, ...]


class Mailbox:
    """One folder of one mailbox; each call is a session of its own."""

    def __init__(self, settings: ImapSettings) -> None:
        self.settings = settings

    def unread(self) -> list[Mail]:
        """The oldest unread mails with their files; nothing is marked.

        A mail without a file is its own file: somebody must look at it. Raises ChannelError
        ``mailbox_away`` or ``mailbox_refused``.
        """
        with self._open() as server:
            uids = (self._said(server.uid("SEARCH", "UNSEEN"))[0] or b"").split()[:AT_ONCE]
            found = [self._mail(server, uid.decode()) for uid in uids]
            return [mail for mail in found if mail is not None]

    def read(self, uid: str) -> None:
        """Mark one mail as read; again is harmless. Raises ChannelError."""
        with self._open() as server:
            self._said(server.uid("STORE", uid, "+FLAGS", r"(\Seen)"))

    # --- inside ---------------------------------------------------------------------------------

    @contextmanager
    def _open(self) -> Iterator[imaplib.IMAP4]:
        given = self.settings
        try:
            if given.security == "tls":
                context = ssl.create_default_context()
                server: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                    given.host, given.port, ssl_context=context, timeout=TIMEOUT
                )
            else:
                server = imaplib.IMAP4(given.host, given.port, timeout=TIMEOUT)
        except ssl.SSLCertVerificationError:
            raise _untrusted() from None
        except (OSError, imaplib.IMAP4.error):
            raise _away() from None
        try:
            server.login(given.username, given.password.get_secret_value())
            self._said(server.select(_quoted(given.folder)))
            yield server
        except imaplib.IMAP4.abort:
            raise _away() from None
        except imaplib.IMAP4.error:
            raise _refused() from None
        except OSError:
            raise _away() from None
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                server.logout()

    def _mail(self, server: imaplib.IMAP4, uid: str) -> Mail | None:
        """One mail; None for one that somebody has deleted meanwhile."""
        told = self._said(server.uid("FETCH", uid, "(BODY.PEEK[])"))
        raw = next((bytes(part[1]) for part in told if isinstance(part, tuple)), None)
        if raw is None:
            return None
        # The newer policies of this library fail at headers that strangers write, such as "<>".
        read = email.message_from_bytes(raw, policy=email.policy.compat32)
        named = str(read.get("Message-ID", "")).strip() or hashlib.sha256(raw).hexdigest()
        return Mail(uid, named[:150], tuple(_files(read)) or (_itself(raw),))

    def _said(self, answer: tuple[str, Any]) -> list[Any]:
        status, told = answer
        if status != "OK":
            raise _refused()
        return list(told)


def _files(mail: Message) -> Iterator[File]:
    found = []
    for number, part in enumerate(mail.walk(), 1):
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and media_of(content) is not Media.UNKNOWN:
            found.append(File(str(number), content[: MAX_FAX_BYTES + 1], part.get_content_type()))
    documents = any(media_of(file.content) in _DOCUMENTS for file in found)
    for file in found:
        picture = media_of(file.content) not in _DOCUMENTS
        if not (documents and picture and len(file.content) < SMALLEST_PICTURE):
            yield file


def _itself(raw: bytes) -> File:
    return File("mail", raw[: MAX_FAX_BYTES + 1], "message/rfc822")


def _quoted(folder: str) -> str:
    """The name of a folder as the protocol wants one that holds a space."""
    plain = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def _untrusted() -> ChannelError:
    return ChannelError(
        "mailbox_untrusted",
        "The mailbox of the faxes shows a certificate that is not for its host or that nobody "
        "vouches for, so nothing was told to it: check the host, or the certificates this machine "
        "trusts.",
        verdict=Verdict.FIX,
    )


def _away() -> ChannelError:
    return ChannelError(
        "mailbox_away",
        "The mailbox of the faxes does not answer; it is asked again within a minute.",
        verdict=Verdict.LATER,
    )


def _refused() -> ChannelError:
    return ChannelError(
        "mailbox_refused",
        "The mailbox of the faxes refuses us: check user name, password and folder.",
        verdict=Verdict.FIX,
    )
