"""The mailbox that faxes are mailed to: every unread mail becomes a fax, and is then marked read.

Marked only once its files are in the record: a run that is cut off takes the mail again, and a mail
taken again is the same fax.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from activities.fax_intake import FaxIntake
from activities.tenants import Tenants
from integrations.mailbox.imap import Mail, Mailbox
from models.errors import ChannelError, UserError
from models.fax import FaxArrival
from store import faxes
from telemetry.logs import logger

_LOG = logger(__name__)
_TOO_MUCH = (
    "A mail to the fax mailbox brought a file too large to take in. Look for it among the mails "
    "that have been read, and upload its pages"
)


class FaxMailbox:
    """Takes mails in; a mailbox that is away stops nothing else."""

    def __init__(self, mailbox: Mailbox, tenants: Tenants, intake: FaxIntake) -> None:
        self._mailbox = mailbox
        self._tenants = tenants
        self._intake = intake

    async def sweep(self, now: datetime) -> int:
        """Take in the unread mails; how many there were. Raises StoreUnavailable.

        *now* is wall time, and counts as their arrival: what a mail says of its own age is its
        sender's word.
        """
        try:
            mails = await asyncio.to_thread(self._mailbox.unread)
            for mail in mails:
                await self._take(mail, now)
                await asyncio.to_thread(self._mailbox.read, mail.uid)
        except ChannelError as error:
            _LOG.warning("fax_mailbox_away", code=error.code)
            return 0
        return len(mails)

    async def _take(self, mail: Mail, now: datetime) -> None:
        given = self._mailbox.settings
        fax = self._tenants.get(given.org).organization.clinic(given.clinic).fax
        for file in mail.files:
            arrival = FaxArrival(
                vendor="mailbox",
                # With its bytes: some machines give every mail of theirs the same Message-ID.
                vendor_id=f"{mail.message_id}#{file.name}-{faxes.content_hash(file.content)[:16]}",
                content=file.content,
                content_type=file.content_type,
                received_at=now,
                to_number=fax,
            )
            try:
                await self._intake.take(given.org, arrival)
            except UserError as error:
                _LOG.warning("fax_file_refused", code=error.code)
                await self._intake.ask_for(given.org, f"mail-{mail.uid}", _TOO_MUCH, now)
