"""The tenant as its policy file describes it: organization, clinics, staff and channels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    HttpUrl,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

from models import people
from models.base import Model
from models.hours import Hours, Zone
from models.ids import SLUG
from models.roles import Role


def _web_address(value: str) -> str:
    url = TypeAdapter(HttpUrl).validate_python(value)
    if url.scheme != "https" or url.query or url.fragment:
        raise ValueError("expected an https address without query or fragment")
    return value.rstrip("/")


def _page_or_ours(value: str) -> str:
    return value if value == OURS else _web_address(value)


def _slug(value: str) -> str:
    if not SLUG.fullmatch(value):
        raise ValueError("expected lower-case letters, digits, - and _, at most 63")
    return value


Slug = Annotated[str, AfterValidator(_slug)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Phone = Annotated[str, BeforeValidator(people.as_validator(people.phone))]
Email = Annotated[str, BeforeValidator(people.as_validator(people.email))]
State = Annotated[str, BeforeValidator(people.as_validator(people.state))]
WebAddress = Annotated[str, AfterValidator(_web_address)]
FhirSchedule = Annotated[str, StringConstraints(pattern=r"^(Schedule/[A-Za-z0-9.-]{1,64})?$")]
OURS = "ours"  # in place of an address: a page of ours
SchedulingLink = Annotated[str, AfterValidator(_page_or_ours)]


class Clinic(Model):
    """One location. Hours are local to ``zone``; ``closed_dates`` add to the public holidays.

    It opens anyway on the public holidays named in ``open_on`` and on those of ``open_dates``.
    ``scheduling_link`` is a page elsewhere, or ``"ours"``: a page of ours for each patient, which
    leads to ``intake_link``, where the forms are. ``fhir_schedule`` is the EMR's Schedule
    whose free Slots are offered there; empty: none.
    """

    id: Slug
    name: Text
    short_name: Annotated[str, StringConstraints(min_length=1, max_length=24)]
    address: Text
    phone: Phone
    fax: Phone
    zone: Zone
    state: State
    hours: Hours
    closed_dates: tuple[date, ...] = ()
    open_on: tuple[Text, ...] = ()
    open_dates: tuple[date, ...] = ()
    public_review_link: WebAddress | None = None
    scheduling_link: SchedulingLink
    intake_link: WebAddress | None = None
    fhir_schedule: FhirSchedule = ""

    @property
    def own_pages(self) -> bool:
        """Whether patients are sent to our own pages."""
        return self.scheduling_link == OURS


class Organization(Model):
    """The tenant: sources, consent, caps and gifts belong to it (policy.md rule 1)."""

    id: Slug
    name: Text
    postal_address: Text
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = "US"
    state: State
    clinics: tuple[Clinic, ...]

    def clinic(self, clinic_id: str) -> Clinic:
        """The location with this id; raises KeyError when there is none."""
        for clinic in self.clinics:
            if clinic.id == clinic_id:
                return clinic
        raise KeyError(clinic_id)


class Absence(Model):
    """Local days on which somebody is away, the last one included."""

    first: date
    last: date

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.last < self.first:
            raise ValueError("the last day comes before the first")
        return self


class Staff(Model):
    """One person of the organization; access is per clinic (policy.md rule 1).

    ``hours`` are their shifts where those are not the clinic's; both and ``away`` say when a task
    they hold returns.
    """

    id: Slug
    name: Text
    role: Role
    email: Email
    clinics: tuple[Slug, ...]
    hours: Hours | None = None
    away: tuple[Absence, ...] = ()


class Channels(Model):
    """Which provider serves each channel; ``outbox`` writes what would be sent to a folder."""

    fax: Slug = "outbox"
    sms: Slug = "outbox"
    email: Slug = "outbox"
    crm: Slug = "outbox"


def holders(staff: Sequence[Staff], role: Role, clinic_id: str) -> list[Staff]:
    """Everyone who holds *role* at this clinic, in the order of the file."""
    return [one for one in staff if one.role is role and clinic_id in one.clinics]


def duplicates(ids: Sequence[Any]) -> list[int]:
    """The places of ids that were used earlier in the list."""
    return [place for place, one in enumerate(ids) if one in ids[:place]]
