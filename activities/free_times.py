"""Free times of the EMR, read for every clinic that names its schedule there."""

from __future__ import annotations

from datetime import datetime

from activities.tenants import Tenants
from integrations.emr.fhir_slots import FhirSlots
from models.errors import ChannelError
from store import slots
from store.engine import Store
from store.slots import Offer, SlotSource
from telemetry.logs import logger

_LOG = logger(__name__)


class FreeTimes:
    """Keeps what is offered in step with the EMR; methods block."""

    def __init__(self, store: Store, tenants: Tenants, fhir: FhirSlots | None) -> None:
        self._store = store
        self._tenants = tenants
        self._fhir = fhir

    def refresh(self, now: datetime) -> tuple[int, int]:
        """Read every clinic's free times; how many there are, and how many are new.

        What the EMR no longer tells is withdrawn, unless somebody has asked for it. A clinic whose
        EMR cannot be read keeps what it offers: the desk sees to what is asked for either way.
        Twice changes nothing. Raises StoreUnavailable.
        """
        seen = fresh = 0
        for org in self._tenants if self._fhir is not None else ():
            tenant = self._tenants.get(org)
            for clinic in tenant.organization.clinics:
                if clinic.own_pages and clinic.fhir_schedule:
                    read, new = self._clinic(org, clinic.id, clinic.fhir_schedule, now)
                    seen, fresh = seen + read, fresh + new
        return seen, fresh

    def _clinic(self, org: str, clinic_id: str, schedule: str, now: datetime) -> tuple[int, int]:
        assert self._fhir is not None  # refresh has looked
        ahead = self._tenants.get(org).policy.booking.ahead
        until = self._tenants.calendar(org, now, clinic_id).after(now, ahead)
        try:
            found = self._fhir.free(clinic_id, schedule, now, until)
        except ChannelError as error:
            _LOG.warning("free_times_not_read", org=org, code=error.code)
            return 0, 0
        offers = [Offer(one.external, one.starts_at, one.minutes) for one in found]
        with self._store.write() as session:
            new = slots.put(
                session,
                org,
                clinic_id,
                SlotSource.FHIR,
                offers,
                at=now,
                instead_of=(now, until),
            )
        return len(offers), new
