"""The people of the run, as other systems tell of them; none of them exists."""

from __future__ import annotations

from datetime import date
from typing import Any

from demo.clinical import Region
from tests.e2e.phi.sentinels import SENTINELS
from tests.faxes.people import Doctor, Person


def of(name: str) -> str:
    """A sentinel as it is told."""
    return SENTINELS[name].text


OURS = Region(of("diagnosis code"), of("diagnosis"), "lefs", (31, 47, 63), of("goal"), 12, "steps")
OFFICE: dict[str, Any] = {
    "kind": "provider",
    "npi": "1234567893",
    "name": of("physician"),
    "credential": "MD",
    "practice": of("practice"),
    "fax": of("practice's fax"),
    "email": of("practice's mailbox"),
    "prefers": "email",
}
CERTIFIER: dict[str, Any] = {
    "npi": "1558598797",
    "name": of("certifier"),
    "credential": "DO",
    "practice": of("practice"),
    "fax": of("practice's fax"),
}
COPY_TO = {"npi": "1999999984", "name": of("copy to"), "credential": "MD", "fax": "518-555-0161"}
PATIENT: dict[str, Any] = {
    "given_name": of("given name"),
    "family_name": of("family name"),
    "born": of("birth date"),
    "phone": of("phone"),
    "email": of("mailbox"),
    "state": "NY",
    "may_email": True,
}
MINOR: dict[str, Any] = {
    "given_name": of("minor's given name"),
    "family_name": of("minor's family name"),
    "born": of("minor's birth date"),
    "guardian_name": of("guardian"),
    "guardian_phone": of("guardian's phone"),
    "state": "NY",
}
FRIEND: dict[str, Any] = {
    "kind": "past_patient",
    "name": of("past patient"),
    "email": of("past patient's mailbox"),
    "prefers": "email",
}
# By fax: as the sheet says it, and whose office sends it.
FAXED = Person(
    given=of("faxed given name"),
    family=of("faxed family name"),
    born=date(1957, 11, 5),
    phone=of("faxed phone"),
    payer="Medicare Part B",
    member=of("faxed member number"),
    icd=("M75.41",),
    reason=of("faxed reason"),
)
FAXED_BY = Doctor(
    name=of("faxed physician"),
    letters="MD",
    npi="1881018208",
    practice=of("faxed practice"),
    phone="(518) 555-0164",
    fax=of("faxed from"),
)
