"""Who appears in the demonstration; nobody here exists (555-01xx numbers, example.org)."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

ORG: Final = "riverside"
CLINIC: Final = "east"
EMR: Final = "demo-emr"
STAFF: Final = "dana"  # the front desk of clinics/example.toml
THERAPIST: Final = "Tess Example, PT, DPT"
LICENCE: Final = "NY license 000042"

OKAFOR: Final[Json] = {
    "kind": "provider",
    "npi": "1234567893",
    "name": "Amara Okafor",
    "credential": "MD",
    "practice": "Harbor Orthopedics",
    "fax": "+15185550110",
    "phone": "+15185550111",
    "prefers": "fax",
}
HADDAD: Final[Json] = {
    "kind": "provider",
    "npi": "1558598797",
    "name": "Noor Haddad",
    "credential": "NP",
    "practice": "Elm Street Family Health",
    "fax": "+15185550120",
    "email": "referrals@elm-street.example.org",
    "prefers": "email",
}
LINDQVIST: Final[Json] = {
    "kind": "provider",
    "npi": "1999999984",
    "name": "Per Lindqvist",
    "credential": "DO",
    "practice": "North Hill Sports Medicine",
    "fax": "+15185550130",
    "prefers": "fax",
}
ROSSI: Final[Json] = {
    "kind": "provider",
    "npi": "1000000004",
    "name": "Carla Rossi",
    "credential": "MD",
    "practice": "Rossi Internal Medicine",
    "fax": "+15185550140",
    "prefers": "fax",
}
PAST_PATIENT: Final[Json] = {
    "kind": "past_patient",
    "name": "Gus Formerly",
    "email": "gus.formerly@example.org",
    "prefers": "email",
    "may_thank": True,
}


def patient(number: int, given: str, family: str, born: str, language: str = "en") -> Json:
    """A fictional patient who may be texted."""
    return {
        "given_name": given,
        "family_name": family,
        "born": born,
        "phone": f"+1518555{100 + number:04d}",
        "email": f"{given.lower()}.{number}@example.org",
        "language": language,
        "state": "NY",
        "may_text": True,
    }
