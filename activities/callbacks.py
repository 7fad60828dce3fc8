"""What a vendor's callback comes to: a receipt heard at once, a fax fetched while its link lives.

The vendor has proved itself by now (``web.callbacks``). Everything may be told twice and in any
order: a delivery moves forward only, a text or a fax is known by the vendor's id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from activities.fax_intake import FaxIntake, at_vendor, number_told
from activities.intake import Intake
from activities.receipts import Receipts, pass_on
from activities.scorecard_post import ScorecardPost
from models.contracts import Channel, Receipt
from models.errors import EngineUnavailable, LoopError, NotAllowed
from models.fax import FaxArrival
from store import faxes, settling
from store.engine import Store
from store.tables import DeliveryRow, SubjectType
from telemetry.logs import bound, logger

_LOG = logger(__name__)


class Callbacks:
    """Takes in what vendors tell; safe to share between tasks."""

    def __init__(self, store: Store, intake: Intake, faxes: FaxIntake) -> None:
        self._store = store
        self._intake = intake
        self._faxes = faxes
        self._receipts = Receipts(store, intake.tenants, {})
        self._letters = ScorecardPost(store, intake.tenants, {}, intake.clock)

    async def receipt(self, org: str, channel: Channel, receipt: Receipt, now: datetime) -> None:
        """Settle every delivery that went under this reference, and tell its referral.

        With the engine away nothing is written: the receipts chore, which runs once it is back,
        asks the vendor at once. Raises StoreUnavailable.
        """
        rows = await asyncio.to_thread(self._carried, org, channel, receipt)
        if not rows:
            _LOG.warning("receipt_of_nothing", channel=channel, reference=receipt.reference[:60])
        for row in rows:
            if row.subject_type == SubjectType.SCORECARD:
                await asyncio.to_thread(self._letters.told, row, receipt)
                continue
            heard = await asyncio.to_thread(self._receipts.told, row, receipt, now)
            if heard is None:
                continue
            try:
                await pass_on(heard, self._intake.tell)
            except EngineUnavailable as error:
                _LOG.warning("receipt_put_off", channel=channel, exc_info=error)
                await asyncio.to_thread(self._ask_soon, row, now)

    async def fax(
        self,
        org: str,
        fetch: Callable[[], Awaitable[FaxArrival]],
        fax_id: str,
        called: str | None,
        now: datetime,
    ) -> None:
        """Fetch a fax and take it in; where that fails a person is asked, and the vendor again.

        Raises NotAllowed ``another_organization`` for a fax that is not this one's, ChannelError
        (the vendor tells it again), NotFound, StoreUnavailable.
        """
        with bound(org=org):
            await asyncio.to_thread(self._check_whose, org, fax_id, called)
            try:
                await self._faxes.take(org, await fetch())
            except LoopError as error:
                _LOG.warning("fax_not_fetched", code=error.code)
                await self._faxes.ask_for(org, fax_id, at_vendor(fax_id), now)
                raise
            await self._faxes.came_after_all(org, fax_id, now)

    # --- inside ---------------------------------------------------------------------------------

    def _carried(self, org: str, channel: Channel, receipt: Receipt) -> list[DeliveryRow]:
        with self._store.read() as session:
            rows = settling.carried_by(session, receipt.reference) if receipt.reference else ()
            if not rows and receipt.vendor_id:
                rows = settling.by_vendor_id(session, channel, receipt.vendor_id)
            return [row for row in rows if row.org == org and row.channel == channel]

    def _check_whose(self, org: str, fax_id: str, called: str | None) -> None:
        """One account serves every organization and signs the body alone, not our address: what was
        told to one of them is good at no other's. A number that is nobody's is kept all the same.
        """
        tenants = self._intake.tenants
        lines = {
            one: {clinic.fax for clinic in tenants.get(one).organization.clinics} for one in tenants
        }
        number = number_told(called, tenants.get(org).organization.country)
        others = [one for one in lines if one != org]
        theirs = number not in lines[org] and any(number in lines[one] for one in others)
        if not theirs:
            with self._store.read() as session:
                theirs = any(faxes.arrived(session, one, "telnyx", fax_id) for one in others)
        if theirs:
            raise NotAllowed(
                "This fax came to another organization. Compare the address of the webhook with "
                "the numbers of its application.",
                code="another_organization",
            )

    def _ask_soon(self, row: DeliveryRow, now: datetime) -> None:
        with self._store.write() as session:
            settling.prove_later(session, row.id, now)
