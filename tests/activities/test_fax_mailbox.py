"""Mails with faxes, over a real connection to a small IMAP server."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

import pytest

from activities.fax_mailbox import FaxMailbox
from integrations.mailbox.imap import ImapSettings, Mailbox
from models.errors import ChannelError
from store.engine import Store
from store.tables import FaxArrivalRow, FaxRow, TaskRow
from tests.activities.test_fax_intake import Mailroom
from tests.doors import ORG, START
from tests.imap import PASSWORD, USER, Folder, certificate, imap

PDF, TIFF = b"%PDF-1 a plan", b"II*\x00 a form"
LOGO = b"\x89PNG\r\n\x1a\n" + b"logo"


@pytest.fixture
def mailroom(store: Store) -> Mailroom:
    return Mailroom(store)


def mail(*files: bytes, named: str = "<1@example.org>") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = "fax@example.org", USER, named
    message["Subject"] = "New fax"
    message.set_content("A fax came for you.")
    for number, content in enumerate(files):
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=f"fax-{number}"
        )
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def box(
    folder: Folder, password: str = PASSWORD, security: Literal["tls", "none"] = "none"
) -> Mailbox:
    settings = ImapSettings(
        host="127.0.0.1",
        port=folder.port,
        username=USER,
        password=password,
        security=security,
        folder=folder.name,
        org=ORG,
        clinic="west",
    )
    return Mailbox(settings)


def watched(
    mailroom: Mailroom,
    folder: Folder,
    password: str = PASSWORD,
    security: Literal["tls", "none"] = "none",
) -> FaxMailbox:
    return FaxMailbox(box(folder, password, security), mailroom.door.tenants, mailroom.intake)


async def test_each_file_of_a_mail_is_a_fax_and_the_mail_is_read(mailroom: Mailroom) -> None:
    async with imap() as folder:
        folder.mails = [mail(PDF, TIFF, LOGO), mail(LOGO, named="<2@example.org>")]
        looking = watched(mailroom, folder)
        assert await looking.sweep(START) == 2
        assert folder.seen == {1, 2}
        assert await looking.sweep(START) == 0
        found = {row.media: row for row in mailroom.rows(FaxRow)}
        assert sorted(found) == ["pdf", "png", "tiff"]  # beside documents a logo is no fax
        assert found["pdf"].content == PDF
        assert (found["pdf"].clinic_id, found["pdf"].received_at) == ("west", START)
        folder.seen = set()  # somebody marked them unread
        assert await looking.sweep(START) == 2
        assert len(mailroom.rows(FaxRow)) == len(mailroom.rows(FaxArrivalRow)) == 3


async def test_a_mail_without_a_file_is_somebodys_to_look_at(mailroom: Mailroom) -> None:
    async with imap() as folder:
        folder.mails = [mail()]
        assert await watched(mailroom, folder).sweep(START) == 1
        [row] = mailroom.rows(FaxRow)
        assert row.media == "unknown"
        assert b"A fax came for you." in row.content


async def test_a_mailbox_that_is_away_or_refuses_stops_nothing(mailroom: Mailroom) -> None:
    async with imap() as folder:
        folder.mails = [mail(PDF)]
        assert await watched(mailroom, folder, "wrong").sweep(START) == 0
        assert folder.seen == set()
    assert await watched(mailroom, folder).sweep(START) == 0
    assert mailroom.rows(FaxRow) == []


async def test_a_run_that_was_cut_off_takes_the_mail_again_and_makes_one_fax(
    mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with imap() as folder:
        folder.mails = [mail(PDF)]
        looking = watched(mailroom, folder)
        with monkeypatch.context() as broken:
            broken.setattr(Mailbox, "read", _dies)
            with pytest.raises(RuntimeError):
                await looking.sweep(START)
        assert await looking.sweep(START) == 1
        assert folder.seen == {1}
        assert len(mailroom.rows(FaxArrivalRow)) == 1


def _dies(*_: object) -> None:
    raise RuntimeError("killed")


async def test_mails_come_over_tls_from_a_server_somebody_vouches_for(
    mailroom: Mailroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with imap(trusted) as folder:
        folder.mails = [mail(PDF)]
        assert await watched(mailroom, folder, security="tls").sweep(START) == 1
        assert folder.seen == {1}
    assert len(mailroom.rows(FaxRow)) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
async def test_a_certificate_of_another_is_told_neither_name_nor_password(
    mailroom: Mailroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Nobody vouches for the one; the other is trusted, and for another host."""
    shown = certificate(tmp_path, host)
    trusted = certificate(tmp_path) if host == "127.0.0.1" else shown
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with imap(shown) as folder:
        folder.mails = [mail(PDF)]
        with pytest.raises(ChannelError) as refused:
            await asyncio.to_thread(box(folder, security="tls").unread)
        assert refused.value.code == "mailbox_untrusted"
        assert await watched(mailroom, folder, security="tls").sweep(START) == 0
        assert folder.commands == []


async def test_a_mail_with_a_broken_header_keeps_nobody_elses_from_coming(
    mailroom: Mailroom,
) -> None:
    odd = [
        mail(PDF + name).replace(b"<1@example.org>", name) for name in (b"<>", b"<a@[b", b"<[", b"")
    ]
    typed = mail(TIFF).replace(b"application/octet-stream", b'a/b; x*0*="\'"')
    async with imap() as folder:
        folder.mails = [*odd, typed]
        assert await watched(mailroom, folder).sweep(START) == 5
        assert folder.seen == {1, 2, 3, 4, 5}
    assert len(mailroom.rows(FaxRow)) == 5


async def test_two_mails_of_one_name_are_two_faxes(mailroom: Mailroom) -> None:
    async with imap() as folder:
        folder.name = "Faxes of the desk"
        folder.mails = [mail(PDF), mail(PDF + b" for somebody else")]
        assert await watched(mailroom, folder).sweep(START) == 2
    assert len(mailroom.rows(FaxRow)) == 2


async def test_a_mail_deleted_while_it_was_fetched_is_no_fax(mailroom: Mailroom) -> None:
    async with imap() as folder:
        folder.mails, folder.deleted = [mail(PDF), mail(TIFF)], {1}
        assert await watched(mailroom, folder).sweep(START) == 1
    [row] = mailroom.rows(FaxRow)
    assert row.media == "tiff"


async def test_a_file_too_large_is_somebodys_to_look_for(
    mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.fax_intake.MAX_FAX_BYTES", 20)
    async with imap() as folder:
        folder.mails = [mail(PDF + b" of many pages", PDF)]
        assert await watched(mailroom, folder).sweep(START) == 1
    assert len(mailroom.rows(FaxRow)) == 1
    [asked] = mailroom.rows(TaskRow)
    assert (asked.kind, asked.role) == ("unreadable_event", "front_desk")
