"""Mails with faxes, over a real connection to a small IMAP server."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from activities.fax_mailbox import FaxMailbox
from integrations.mailbox.imap import ImapSettings, Mailbox
from store.engine import Store
from store.tables import FaxArrivalRow, FaxRow
from tests.activities.test_fax_intake import Mailroom
from tests.doors import ORG, START
from tests.imap import PASSWORD, USER, Folder, imap

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


def watched(mailroom: Mailroom, folder: Folder, password: str = PASSWORD) -> FaxMailbox:
    settings = ImapSettings(
        host="127.0.0.1",
        port=folder.port,
        username=USER,
        password=password,
        security="none",
        org=ORG,
        clinic="west",
    )
    return FaxMailbox(Mailbox(settings), mailroom.door.tenants, mailroom.intake)


async def test_each_file_of_a_mail_is_a_fax_and_the_mail_is_read(mailroom: Mailroom) -> None:
    async with imap() as folder:
        folder.mails = [mail(PDF, TIFF, LOGO), mail(LOGO, named="<2@example.org>")]
        box = watched(mailroom, folder)
        assert await box.sweep(START) == 2
        assert folder.seen == {1, 2}
        assert await box.sweep(START) == 0
        found = {row.media: row for row in mailroom.rows(FaxRow)}
        assert sorted(found) == ["pdf", "png", "tiff"]  # beside documents a logo is no fax
        assert found["pdf"].content == PDF
        assert (found["pdf"].clinic_id, found["pdf"].received_at) == ("west", START)
        folder.seen = set()  # somebody marked them unread
        assert await box.sweep(START) == 2
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
        box = watched(mailroom, folder)
        with monkeypatch.context() as broken:
            broken.setattr(Mailbox, "read", _dies)
            with pytest.raises(RuntimeError):
                await box.sweep(START)
        assert await box.sweep(START) == 1
        assert folder.seen == {1}
        assert len(mailroom.rows(FaxArrivalRow)) == 1


def _dies(*_: object) -> None:
    raise RuntimeError("killed")
