"""The chore that reads the EMR's free times: offered, withdrawn, and kept while it is away."""

from __future__ import annotations

from datetime import datetime, timedelta

from activities.free_times import FreeTimes
from activities.tenants import Tenants
from integrations.emr.fhir_slots import FhirSlots
from integrations.emr.slot_file import FreeTime
from models.errors import ChannelError, Verdict
from models.organization import OURS
from store import slots
from tests.activities.office import MONDAY, ORG, Office

HOUR = timedelta(hours=1)


class Emr(FhirSlots):
    """An EMR whose schedule is a list."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9")
        self.times: list[datetime] = []
        self.away = False
        self.asked: list[str] = []

    def free(
        self, clinic_id: str, schedule: str, first: datetime, last: datetime
    ) -> list[FreeTime]:
        self.asked.append(schedule)
        if self.away:
            raise ChannelError("fhir_unreachable", "Away.", verdict=Verdict.LATER)
        return [
            FreeTime(clinic_id, f"s{at:%d%H}", at, 60) for at in self.times if first <= at < last
        ]


def tenants(office: Office) -> Tenants:
    """The clinic "east" names its schedule, "west" has none."""
    there = office.tenant.organization
    east = {"scheduling_link": OURS, "fhir_schedule": "Schedule/1"}
    changed = tuple(
        one.model_copy(update=east if one.id == "east" else {}) for one in there.clinics
    )
    organization = there.model_copy(update={"clinics": changed})
    return Tenants([office.tenant.model_copy(update={"organization": organization})])


def offered(office: Office) -> list[datetime]:
    with office.store.read() as session:
        found = slots.upcoming(session, ORG, "east", after=MONDAY)
        return [row.starts_at for row in found]


def test_the_offer_follows_the_emr_and_stays_while_it_is_away(office: Office) -> None:
    emr = Emr()
    times = FreeTimes(office.store, tenants(office), emr)
    emr.times = [MONDAY + 24 * HOUR, MONDAY + 25 * HOUR]
    assert times.refresh(MONDAY) == (2, 2)
    assert times.refresh(MONDAY) == (2, 0)
    assert emr.asked == ["Schedule/1"] * 2  # nobody asks for "west"
    emr.away = True
    assert times.refresh(MONDAY) == (0, 0)
    assert offered(office) == emr.times
    emr.away, emr.times = False, emr.times[1:]
    assert times.refresh(MONDAY) == (1, 0)
    assert offered(office) == emr.times


def test_without_a_server_nobody_is_asked(office: Office) -> None:
    assert FreeTimes(office.store, tenants(office), None).refresh(MONDAY) == (0, 0)
