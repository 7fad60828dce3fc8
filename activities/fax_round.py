"""What the ``faxes`` chore does each minute: folder, mailbox, and what was left over."""

from __future__ import annotations

import asyncio
from datetime import datetime

from activities.fax_folder import FaxFolder
from activities.fax_intake import FaxIntake
from activities.fax_mailbox import FaxMailbox
from activities.fax_vouching import FaxVouching
from integrations.reading.folders import clear_left
from telemetry.logs import logger

_LOG = logger(__name__)


class FaxRound:
    """One round after another; each part of it may be cut off and is done again by the next."""

    def __init__(
        self,
        intake: FaxIntake,
        vouching: FaxVouching,
        folder: FaxFolder | None = None,
        mailbox: FaxMailbox | None = None,
    ) -> None:
        """``folder`` None: no folder is watched; so with the mailbox."""
        self._intake = intake
        self._vouching = vouching
        self._folder = folder
        self._mailbox = mailbox

    async def begin_left(self, now: datetime) -> int:
        """Files, mails, workflows still to start, words of people still to be told; how many.

        *now* is wall time. What a killed reader left on this machine is cleared away. Raises
        StoreUnavailable.
        """
        if left := await asyncio.to_thread(clear_left):
            _LOG.warning("fax_pages_cleared", seen=left)
        count = await self._folder.sweep(now) if self._folder is not None else 0
        count += await self._mailbox.sweep(now) if self._mailbox is not None else 0
        count += await self._intake.begin_left(now)
        return count + await self._vouching.finish_left()
