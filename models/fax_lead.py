"""What a fax says as the request of a referral, in the shape every other door uses; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from models import shapes
from models.attribution import ASKED
from models.fax_fields import FIELDS, NEEDED, FieldRead
from models.fax_pages import PageText

_PAYERS: Final = (
    ("medicare_advantage", r"medicare advantage|advantage plan|\bhumana\b.*medicare"),
    ("medicare_part_b", r"medicare"),
    ("medicaid", r"medicaid"),
    ("workers_comp", r"worker'?s'? comp|workmen"),
    ("self_pay", r"self.?pay|\bcash\b"),
)
_POST_OP: Final = re.compile(r"\bpost-?op|status post|\bs/p\b", re.I)
_URGENT: Final = re.compile(r"\b(stat|urgent|asap)\b", re.I)


def request(
    fields: Mapping[str, str],
    *,
    text: str,
    fax: str | None,
    pages: int,
    clinic_id: str | None,
) -> dict[str, Any] | None:
    """The ``data`` of a ``referral_received`` event; None while something it needs is missing.

    ``fields`` by the names of ``models.fax_fields.FIELDS``. It says that a machine read it, so that
    a person confirms it before anybody is contacted (policy.md rule 7).
    """
    if any(not fields.get(name) for name in NEEDED):
        return None
    patient = {
        "given_name": fields["patient.given_name"],
        "family_name": fields["patient.family_name"],
        "born": fields["patient.born"],
        "phone": fields.get("patient.phone"),
    }
    npi = fields.get("source.npi")
    source = {
        "name": fields["source.name"],
        "credential": fields.get("source.credential"),
        "npi": npi if npi and shapes.npi_is_valid(npi) else None,
        "practice": fields.get("source.practice"),
        "phone": fields.get("source.phone"),
        "fax": fields.get("source.fax"),
        "verified": False,
    }
    told: dict[str, Any] = {
        "patient": _said(patient),
        "source": _said(source),
        "urgency": urgency(text),
        "machine_read": _said({"fax": fax, "pages": min(max(pages, 1), 500)}),
    }
    if clinic_id is not None:
        told["clinic"] = clinic_id
    if fields.get("insurance"):
        told["payers"] = [payer(fields["insurance"])]
    if words := _reason(fields):
        told["reason"] = words
    return told | {name: fields[name] for name in ASKED if fields.get(name)}


def changed(said: Mapping[str, str], told: Mapping[str, Any]) -> dict[str, Any]:
    """What a person says otherwise than a request told it, as ``request_confirmed`` takes it.

    ``said`` by the names of ``models.fax_fields.FIELDS``; ``told`` as ``request`` makes it. What
    they left empty is struck out, but for how the patient heard of us: that may be known elsewhere.
    """
    found: dict[str, Any] = {}
    for name in FIELDS:
        part, _, field = name.partition(".")
        value = said.get(name, "")
        if field and value != (told.get(part, {}).get(field) or ""):
            found.setdefault(part, {})[field] = value or None
    payers = [payer(said["insurance"])] if said.get("insurance") else []
    if payers != list(told.get("payers") or []):
        found["payers"] = payers
    if _reason(said) != (told.get("reason") or ""):
        found["reason"] = _reason(said) or None
    asked = {name: said[name] for name in ASKED if said.get(name)}
    return found | {name: value for name, value in asked.items() if value != told.get(name)}


def _reason(fields: Mapping[str, str]) -> str:
    parts = (fields.get(name, "") for name in ("reason", "diagnosis", "order"))
    return ". ".join(part for part in parts if part)[:2000]


def payer(insurance: str) -> str:
    """The class of an insurer by its name; one that says nothing of itself is commercial."""
    found = (name for name, words in _PAYERS if re.search(words, insurance, re.I))
    return next(found, "commercial")


def urgency(text: str) -> str:
    """How soon the patient must be reached, by the words on the page; a person sees it."""
    if _POST_OP.search(text):
        return "post_op"
    return "urgent" if _URGENT.search(text) else "routine"


def values(fields: Sequence[FieldRead]) -> dict[str, str]:
    """The fields by name, those without a value left out."""
    return {one.name: one.value for one in fields if one.value}


def whole(pages: Sequence[PageText]) -> str:
    """Everything that was read, as one text."""
    return "\n".join(page.text for page in pages)


def _said(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value not in {None, ""}}
