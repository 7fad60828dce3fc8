"""The shapes of what people and practices are told apart by: numbers, names, dates.

Numbers, names and dates are read once, at the edge, by the functions of this module; they raise
BadRequest with a stable code and never repeat what they were given, because it may be a fact
about a patient.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Any

import phonenumbers
from pydantic_core import PydanticCustomError

from models.errors import BadRequest

LONGEST_NAME = 300
LONGEST_EMAIL = 254
EARLIEST_BIRTH = date(1900, 1, 1)
_STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH "
    "NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI"
)
STATES = frozenset(_STATES.split())

# One @, no spaces, a dot in the domain, ASCII: what every mail provider we speak to accepts.
# Anything finer is answered by the first bounce.
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]+\.)+[A-Za-z]{2,63}")
_ICD10 = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")
_NPI = re.compile(r"[12][0-9]{9}")
# Marks that reorder the text around them: a name may not rearrange the line it stands in.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def npi_is_valid(text: str) -> bool:
    """Whether *text* is an NPI: ten digits, first 1 or 2, Luhn over "80840" + NPI [F1][F2]."""
    if not _NPI.fullmatch(text):
        return False
    total = 0
    for place, digit in enumerate(reversed("80840" + text)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def npi(text: str) -> str:
    """The NPI without spaces; raises BadRequest ``bad_npi``."""
    digits = "".join(text.split())
    if not npi_is_valid(digits):
        raise BadRequest(
            "The NPI is not valid: it has ten digits and its last one is a check digit. "
            "Look it up in the NPI registry.",
            code="bad_npi",
        )
    return digits


def phone(text: str, country: str = "US") -> str:
    """The number in E.164 (``+12025550134``), fax numbers likewise [F7].

    A number without a country code is read as one of *country*. Raises BadRequest ``bad_phone``,
    also for a number with an extension: a text or a fax cannot be sent to one.
    """
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or number.extension or not phonenumbers.is_valid_number(number):
        raise BadRequest(
            "The phone or fax number is not a number that exists; write it as (202) 555-0134 or "
            "with its country code, without an extension.",
            code="bad_phone",
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email(text: str) -> str:
    """The address with its domain in lower case; raises BadRequest ``bad_email``.

    A shape only: one @, ASCII, a dot in the domain, at most 254 characters.
    """
    address = text.strip()
    if len(address) > LONGEST_EMAIL or not _EMAIL.fullmatch(address):
        raise BadRequest(
            "The e-mail address is not complete; it looks like name@example.org.",
            code="bad_email",
        )
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def icd10(text: str) -> str:
    """The ICD-10-CM code in capitals; raises BadRequest ``bad_icd10``.

    The shape only (letter, digit, alphanumeric, then a dot and up to four more [F4][F5]): which
    codes are valid depends on the date of service and is the EMR's business.
    """
    code = text.strip().upper()
    if not _ICD10.fullmatch(code):
        raise BadRequest(
            "The diagnosis code does not have the shape of ICD-10-CM, such as M54.50.",
            code="bad_icd10",
        )
    return code


def state(text: str) -> str:
    """The two-letter US state or territory in capitals; raises BadRequest ``bad_state``."""
    code = text.strip().upper()
    if code not in STATES:
        raise BadRequest("Expected a two-letter US state such as NY.", code="bad_state")
    return code


def clean_name(text: str) -> str:
    """A name as people wrote it, made safe to print: any script, markup and emoji stay.

    Composed (NFC), control characters and direction marks removed, white space made single, at
    most 300 characters kept. Whoever prints it escapes it for its medium. Raises BadRequest
    ``bad_name`` when nothing is left. Cleaning twice changes nothing.
    """
    kept = []
    for char in unicodedata.normalize("NFC", text):
        if char.isspace():
            kept.append(" ")
        elif unicodedata.category(char) not in {"Cc", "Cs"} and char not in _BIDI:
            kept.append(char)
    # Composed again: taking a mark away can bring a letter and its accent together.
    name = unicodedata.normalize("NFC", " ".join("".join(kept).split()))[:LONGEST_NAME].rstrip()
    if not name:
        raise BadRequest("The name is empty.", code="bad_name")
    return name


def birth_date(value: str | date, today: date) -> date:
    """The date of birth; raises BadRequest ``impossible_date`` for 1899 and for tomorrow.

    *today* is the clinic's local date. A text is read as ISO 8601 (``1960-02-29``).
    """
    try:
        born = date.fromisoformat(value.strip()) if isinstance(value, str) else value
    except ValueError:
        born = date.min
    if not EARLIEST_BIRTH <= born <= today:
        raise BadRequest(
            "The birth date is impossible; expected year-month-day, not before 1900 and not in "
            "the future.",
            code="impossible_date",
        )
    return born


def as_validator(read: Callable[[str], str]) -> Callable[[Any], Any]:
    """One of the readers above as a pydantic validator that keeps the error's code."""

    def validate(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return read(value)
        except BadRequest as error:
            sentence = error.sentence.replace("{", "{{").replace("}", "}}")
            raise PydanticCustomError(error.code, sentence) from None

    return validate
