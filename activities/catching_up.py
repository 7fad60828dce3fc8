"""What a vendor could tell nobody, because our address was away: looked for, and taken in late.

Twilio tells a text once and never again; a STOP that was said in that moment must count all the
same. Whatever came by its callback is known by the vendor's id and left alone.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from activities.fax_intake import FaxIntake, at_vendor
from activities.intake import Intake
from activities.texts import TextMessage
from integrations.fax.telnyx import HeardFax, Telnyx
from integrations.registry import Clients
from integrations.sms.twilio import HeardText, Twilio
from models.errors import CannotTell, ChannelError, UserError
from models.fax import FaxArrival
from models.organization import Organization
from store import faxes, inbox
from store.engine import Store
from telemetry.logs import bound, logger

_LOG = logger(__name__)
BACK = timedelta(days=2)  # how long our address may have been away, a weekend
GRACE = timedelta(minutes=2)  # what is younger is on its way to us


class CatchingUp:
    """Asks the vendors of every organization; doing it again changes nothing."""

    def __init__(self, store: Store, channels: Clients, intake: Intake, faxes: FaxIntake) -> None:
        self._store = store
        self._channels = channels
        self._intake = intake
        self._faxes = faxes

    async def run(self, now: datetime) -> tuple[int, int]:
        """How many texts and faxes were looked at, and how many of them nobody had told us."""
        seen = late = 0
        for org in self._intake.tenants:
            tenant = self._intake.tenants.get(org)
            texting = self._channels.get(("sms", tenant.channels.sms))
            faxing = self._channels.get(("fax", tenant.channels.fax))
            with bound(org=org):
                if isinstance(texting, Twilio):
                    counted = await self._texts(texting, tenant.organization, now)
                    seen, late = seen + counted[0], late + counted[1]
                if isinstance(faxing, Telnyx):
                    counted = await self._faxes_of(faxing, tenant.organization, now)
                    seen, late = seen + counted[0], late + counted[1]
        return seen, late

    # --- inside ---------------------------------------------------------------------------------

    async def _texts(
        self, vendor: Twilio, organization: Organization, now: datetime
    ) -> tuple[int, int]:
        found: list[HeardText] = []
        for number in sorted({clinic.phone for clinic in organization.clinics}):
            try:
                found += await asyncio.to_thread(vendor.heard, number, now - BACK)
            except (ChannelError, CannotTell) as error:
                _LOG.warning("vendor_not_asked", channel="sms", code=error.code)
        untold = [
            text
            for text in sorted(found, key=lambda text: text.at)  # a START after its STOP
            if text.at <= now - GRACE
            and not await asyncio.to_thread(self._known_text, organization.id, text.id)
        ]
        for text in untold:
            message = TextMessage(reply_id=text.id, phone=text.sender, text=text.body, at=text.at)
            try:
                row = await asyncio.to_thread(self._intake.accept_text, organization.id, message)
            except UserError as error:
                _LOG.warning("text_not_taken", code=error.code)
            else:
                _LOG.warning("heard_late", channel="sms", row_id=row.id)
                await self._intake.dispatch(row.id)
        return len(found), len(untold)

    async def _faxes_of(
        self, vendor: Telnyx, organization: Organization, now: datetime
    ) -> tuple[int, int]:
        try:
            told = await asyncio.to_thread(vendor.heard, now - BACK)
        except (ChannelError, CannotTell) as error:
            _LOG.warning("vendor_not_asked", channel="fax", code=error.code)
            return 0, 0
        ours = {clinic.fax for clinic in organization.clinics}
        found = [fax for fax in told if fax.to in ours and fax.at <= now - GRACE]
        late = 0
        for fax in found:
            if not await asyncio.to_thread(self._known_fax, organization.id, fax.id):
                late += await self._take(vendor, organization.id, fax, now)
        return len(found), late

    async def _take(self, vendor: Telnyx, org: str, fax: HeardFax, now: datetime) -> bool:
        try:
            page = await vendor.pages(fax.id)
            arrival = FaxArrival(
                vendor="telnyx",
                vendor_id=fax.id,
                content=page.content,
                content_type=page.content_type[:100],
                received_at=fax.at,
                from_number=fax.sender or None,
                to_number=fax.to,
            )
            row = await self._faxes.take(org, arrival)
        except (ChannelError, CannotTell, UserError) as error:
            _LOG.warning("fax_not_fetched", code=error.code)
            await self._faxes.ask_for(org, fax.id, at_vendor(fax.id), now)
            return False
        _LOG.warning("heard_late", channel="fax", row_id=row.id)
        await self._faxes.came_after_all(org, fax.id, now)
        return True

    def _known_text(self, org: str, reply_id: str) -> bool:
        with self._store.read() as session:
            return inbox.find(session, org, "texts", reply_id) is not None

    def _known_fax(self, org: str, fax_id: str) -> bool:
        with self._store.read() as session:
            return faxes.arrived(session, org, "telnyx", fax_id)
