"""People and practices: who sends, who certifies, who is treated.

The values hold what the readers of models/shapes.py returned and check no more than shape, so a
record written last year always reads back.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import StringConstraints

from models.base import Model
from models.shapes import (
    LONGEST_NAME,
    as_validator,
    birth_date,
    clean_name,
    email,
    icd10,
    npi,
    npi_is_valid,
    phone,
    state,
)

__all__ = [
    "Certifier",
    "Credential",
    "Guardian",
    "Patient",
    "Practice",
    "Provider",
    "Source",
    "SourceKind",
    "as_validator",
    "birth_date",
    "clean_name",
    "credential",
    "email",
    "icd10",
    "may_certify",
    "npi",
    "npi_is_valid",
    "phone",
    "state",
]


class SourceKind(StrEnum):
    """Who sends patients (policy.md rule 2)."""

    PROVIDER = "provider"
    PRACTICE = "practice"
    PAST_PATIENT = "past_patient"
    CASE_MANAGER = "case_manager"
    EMPLOYER = "employer"
    ATTORNEY = "attorney"
    SCHOOL = "school"
    SELF = "self"  # web, payer directory, walk-in

    @property
    def treating(self) -> bool:
        """Patient facts go automatically only to those who treat the patient."""
        return self in {SourceKind.PROVIDER, SourceKind.PRACTICE}

    @property
    def third_party(self) -> bool:
        """Neither treats nor is the patient's own: reads only what the patient has released."""
        return self in _THIRD_PARTIES

    @property
    def thanked(self) -> bool:
        """A self-referral gets no thank-you."""
        return self is not SourceKind.SELF


_THIRD_PARTIES = {
    SourceKind.CASE_MANAGER,
    SourceKind.EMPLOYER,
    SourceKind.ATTORNEY,
    SourceKind.SCHOOL,
}


class Credential(StrEnum):
    """What a provider is, as far as certification depends on it."""

    PHYSICIAN = "physician"  # MD, DO
    NURSE_PRACTITIONER = "nurse_practitioner"
    CLINICAL_NURSE_SPECIALIST = "clinical_nurse_specialist"
    PHYSICIAN_ASSISTANT = "physician_assistant"
    PODIATRIST = "podiatrist"
    OPTOMETRIST = "optometrist"
    CHIROPRACTOR = "chiropractor"
    DENTIST = "dentist"
    OTHER = "other"


class Certifier(StrEnum):
    """Whether a provider may certify a plan of care; ``scope`` and ``unknown`` are for a person."""

    YES = "yes"
    SCOPE = "scope"  # only within the provider's scope: feet for a podiatrist, low vision
    NO = "no"
    UNKNOWN = "unknown"


_CERTIFIES = {  # [G6]; dentists by policy.md rule 5
    Credential.PHYSICIAN: Certifier.YES,
    Credential.NURSE_PRACTITIONER: Certifier.YES,
    Credential.CLINICAL_NURSE_SPECIALIST: Certifier.YES,
    Credential.PHYSICIAN_ASSISTANT: Certifier.YES,
    Credential.PODIATRIST: Certifier.SCOPE,
    Credential.OPTOMETRIST: Certifier.SCOPE,
    Credential.CHIROPRACTOR: Certifier.NO,
    Credential.DENTIST: Certifier.NO,
    Credential.OTHER: Certifier.UNKNOWN,
}
_LETTERS = {
    "MD": Credential.PHYSICIAN,
    "DO": Credential.PHYSICIAN,
    "NP": Credential.NURSE_PRACTITIONER,
    "FNP": Credential.NURSE_PRACTITIONER,
    "APRN": Credential.NURSE_PRACTITIONER,
    "CNS": Credential.CLINICAL_NURSE_SPECIALIST,
    "PA": Credential.PHYSICIAN_ASSISTANT,
    "DPM": Credential.PODIATRIST,
    "OD": Credential.OPTOMETRIST,
    "DC": Credential.CHIROPRACTOR,
    "DDS": Credential.DENTIST,
    "DMD": Credential.DENTIST,
}


def credential(letters: str) -> Credential:
    """What the letters behind a name say: ``"M.D."``, ``"PA-C"``, ``"DO, MPH"``.

    The first letters that are known decide; none known is ``OTHER``, which a person looks at.
    """
    for part in re.split(r"[,;/\s]+", letters.upper().replace(".", "")):
        known = _LETTERS.get(part) or _LETTERS.get(part.partition("-")[0])
        if known:
            return known
    return Credential.OTHER


Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)]
Number = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]  # E.164
Address = Annotated[str, StringConstraints(max_length=1000)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Practice(Model):
    """An office; fax numbers belong to it, not to its providers (policy.md rule 13)."""

    id: Id
    name: Name
    fax: Number | None = None
    fax_verified: bool = False
    phone: Number | None = None
    address: Address | None = None
    wants_thanks: bool = True


class Provider(Model):
    """Someone who orders or certifies therapy; ``npi`` as read by ``npi()``."""

    id: Id
    name: Name
    credential: Credential = Credential.OTHER
    npi: Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")] | None = None
    practice_id: Id | None = None


class Source(Model):
    """Whoever sent the patient; who ordered and who certifies are other fields (rule 2)."""

    id: Id
    kind: SourceKind
    name: Name
    provider_id: Id | None = None
    practice_id: Id | None = None
    fax: Number | None = None
    fax_verified: bool = False
    email: str | None = None
    prefers: Literal["fax", "email", "letter"] = "fax"
    key: bool = False  # set by the liaison: its silence is always urgent (rule 20)


class Guardian(Model):
    """Who is written to instead of a patient under 18 (policy.md rule 12)."""

    name: Name
    relationship: Name
    phone: Number | None = None
    email: str | None = None


class Patient(Model):
    """The patient as far as the loop needs to know; clinical facts are elsewhere."""

    name: Name
    born: date
    phone: Number | None = None
    email: str | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] = "en"
    state: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    guardian: Guardian | None = None

    def is_minor(self, on: date) -> bool:
        """Whether the patient is under 18 on this day: then only the guardian is written to."""
        had_birthday = (on.month, on.day) >= (self.born.month, self.born.day)
        return on.year - self.born.year - (not had_birthday) < 18


def may_certify(provider: Provider) -> Certifier:
    """Whether this provider may certify a Medicare plan of care [G6].

    Physicians, NPs, CNSs and PAs may; chiropractors and dentists may not; podiatrists within
    their scope and optometrists for low vision only, which a person judges.
    """
    return _CERTIFIES[provider.credential]
