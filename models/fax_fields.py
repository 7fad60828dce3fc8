"""The fields of a referral, read from the text of a fax: each with its page and how sure.

Nothing read here is believed by itself: a person confirms name, birth date, phone and sender before
anybody is contacted (policy.md rule 7). *Clear* only says where a glance is enough.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from models import shapes
from models.base import Model
from models.errors import BadRequest
from models.fax_lines import Cell, Of, beside, cells, is_cover
from models.fax_pages import PageText

PATIENT: Final = (
    "patient.given_name",
    "patient.family_name",
    "patient.born",
    "patient.phone",
)
FIELDS: Final[dict[str, str]] = {
    "patient.given_name": "Patient's given name",
    "patient.family_name": "Patient's family name",
    "patient.born": "Date of birth",
    "patient.phone": "Patient's phone",
    "insurance": "Insurance",
    "member_id": "Member number",
    "diagnosis": "Diagnosis codes",
    "reason": "Reason",
    "order": "Order",
    "source.name": "Referring provider",
    "source.credential": "Credentials",
    "source.npi": "NPI",
    "source.practice": "Practice",
    "source.phone": "Office phone",
    "source.fax": "Office fax",
}
NEEDED: Final = ("patient.given_name", "patient.family_name", "patient.born", "source.name")


class Sure(StrEnum):
    """How far a field may be trusted at a glance."""

    CLEAR = "clear"
    CHECK = "check"  # read, but look at the page
    MISSING = "missing"


class FieldRead(Model):
    """One field as a machine read it."""

    name: str
    value: str
    sure: Sure
    page: int


class Ours(Model):
    """What is printed of us on every fax, and is therefore nobody else's."""

    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()  # E.164
    today: date


_DATE = (
    r"(?P<m>\d{1,2})\s*[/.-]\s*(?P<d>\d{1,2})\s*[/.-]\s*(?P<y>\d{4}|\d{2})\b|"
    r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[\s.,]*"
    r"(?P<day>\d{1,2})[\s.,]+(?P<year>\d{4})"
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_BORN = r"d\.?\s?o\.?\s?b\.?|date of birth|birth\s?date|born"
_BORN_HERE = re.compile(rf"\b(?:{_BORN})\b[\s:.]*(?:{_DATE})", re.I)
_BORN_LABEL = re.compile(rf"[\s,(]*\b(?:{_BORN}|sex|gender|age|mrn|phone|tel)\b.*$", re.I)
_NUMBER = re.compile(r"\(?\b\d{3}\)?[\s.-]*\d{3}[\s.-]?\d{4}\b")
_NPI_HERE = re.compile(r"\bNPI\b[\s:#.]*(?P<npi>[12][\dOIl]{9})\b")
_ICD = re.compile(r"\b[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?\b")
_SHARP = re.compile(r"\$(?=\d[0-9A-Z]\.\d)")  # how an S before digits is often misread
_LETTERS = r"M\.?D\.?|D\.?O\.?|N\.?P\.?|FNP(?:-[A-Z]+)?|APRN|CNS|P\.?A\.?(?:-C)?|DPM|DC|DDS|DMD|OD"
_PERSON = r"[A-Z][A-Za-z'’-]+(?: [A-Z]\.?)?(?: [A-Z][A-Za-z'’-]+){1,2}"
_SIGNED = re.compile(rf"(?P<name>{_PERSON}),? (?P<letters>{_LETTERS})(?=$|[\s,;.])")
_OFFICE = re.compile(
    r"\b(medicine|medical|clinic|associates|center|centre|orthop\w+|health|family|spine|sports|"
    r"group|practice|physicians|neurology|surgery|hospital|care)\b",
    re.I,
)
_NO_OFFICE = re.compile(r"\b(referral|order|form|fax|prescription|notice|request)\b|:", re.I)
_NO_NAME = re.compile(
    r"\d|signature|provider|\b(page|fax|new|referral|order|request|records|patient|form)\b|"
    r"physical|therapy|[:#]",
    re.I,
)
_EDGES = " .,;:|-—–‘’'*~"
_TREAT = re.compile(r"\beval(?:uat\w*|\.)?\s*(?:and|&|\+)\s*treat\w*", re.I)
_OFTEN = re.compile(
    r"\b\d(?:\s?-\s?\d)?\s*(?:x|times|visits?)?\s*(?:/|x|per|a)\s*(?:week|wk)\w*"
    r"(?:\s*(?:x|for)\s*\d+\s*(?:more\s)?w\w+)?",
    re.I,
)


def read(pages: Sequence[PageText], ours: Ours) -> tuple[FieldRead, ...]:
    """The fields of one referral, in the order of ``FIELDS``; a page read twice says the same."""
    found = cells(pages)
    readers: dict[str, Callable[[], Iterator[tuple[Cell, str, bool]]]] = {
        "patient.name": lambda: _patients(found),
        "patient.born": lambda: _births(found, ours.today),
        "patient.phone": lambda: _phones(found, ours, Of.PATIENT),
        "insurance": lambda: _insurance(found),
        "member_id": lambda: _members(found),
        "source.name": lambda: _providers(found),
        "source.npi": lambda: _npis(found),
        "source.practice": lambda: _practices(found, ours),
        "source.phone": lambda: _phones(found, ours, Of.SENDER),
        "source.fax": lambda: _faxes(found, ours),
    }
    out: dict[str, FieldRead] = {}
    for name, reader in readers.items():
        _keep(out, name, list(reader()))
    for name, value in (
        ("diagnosis", _codes(found)),
        ("reason", _reason(found)),
        ("order", _order(found)),
    ):
        if value is not None:
            cell, said = value
            sure = Sure.CLEAR if cell.sure(said) else Sure.CHECK
            out[name] = FieldRead(name=name, value=said, sure=sure, page=cell.page.number)
    return tuple(out[name] for name in FIELDS if name in out)


def missing(fields: Sequence[FieldRead]) -> tuple[str, ...]:
    """The fields without which no referral can be made of a fax."""
    there = {one.name for one in fields if one.value}
    return tuple(name for name in NEEDED if name not in there)


def two_people(pages: Sequence[PageText], ours: Ours) -> tuple[int, ...]:
    """The pages on which somebody else's matter begins; a suggestion, a person divides."""
    begins, before = [], None
    for page in pages:
        if is_cover(page):
            continue
        said = {one.name: one.value for one in read([page], ours)}
        born = said.get("patient.born")
        name = (said.get("patient.family_name", "").casefold(), born)
        if born is None or not name[0]:
            continue
        if before is not None and name[1] != before[1]:
            begins.append(page.number)
        before = name
    return tuple(begins)


# --- keeping ----------------------------------------------------------------------------------


def _keep(out: dict[str, FieldRead], name: str, found: list[tuple[Cell, str, bool]]) -> None:
    """The first of what was found; where another place says otherwise it is for a person."""
    if not found:
        return
    cell, value, firm = found[0]
    matter = [said for one, said, _ in found if not is_cover(one.page)] or [value]
    same = len({said.casefold() for said in matter}) == 1
    sure = Sure.CLEAR if firm and same and cell.sure(cell.text) else Sure.CHECK
    page = cell.page.number
    if name == "patient.name":
        given, family = split_name(value)
        for part, said in (("given_name", given), ("family_name", family)):
            key = f"patient.{part}"
            out[key] = FieldRead(name=key, value=said, sure=sure, page=page)
        return
    if name == "source.name":
        who, letters = _lettered(value)
        out[name] = FieldRead(name=name, value=who, sure=sure, page=page)
        if letters:
            key = "source.credential"
            out[key] = FieldRead(name=key, value=letters, sure=sure, page=page)
        return
    out[name] = FieldRead(name=name, value=value, sure=sure, page=page)


def split_name(value: str) -> tuple[str, str]:
    """Given and family name: ``Last, First`` or ``First Last``; a middle initial goes along."""
    if "," in value:
        family, _, given = value.partition(",")
        return given.strip(), family.strip()
    words = value.split()
    return " ".join(words[:-1]), words[-1]


def _lettered(value: str) -> tuple[str, str]:
    found = re.match(rf"^(?P<name>.+?),?\s+(?P<letters>{_LETTERS})\b", value)
    return (found["name"].strip(" ,"), found["letters"]) if found else (value.strip(" ,"), "")


# --- the patient ------------------------------------------------------------------------------


def _patients(found: Sequence[Cell]) -> Iterator[tuple[Cell, str, bool]]:
    label = r"patient(?:'s)?(?:\s+name)?|pt\.?(?:\s+name)?|name(?:\s+of\s+patient)?|re|regarding"
    for cell, value in beside(found, label):
        name = _BORN_LABEL.sub("", value).strip(" .,;:")
        if not _NO_NAME.search(name) and 2 <= len(name.replace(",", " ").split()) <= 4:
            yield cell, name, cell.about is not Of.US


def _births(found: Sequence[Cell], today: date) -> Iterator[tuple[Cell, str, bool]]:
    for cell in found:
        here = _BORN_HERE.search(cell.text)
        born = _day(here, today) if here else None
        if born is not None:
            yield cell, born.isoformat(), True
    for cell, value in beside(found, _BORN):
        here = re.search(_DATE, value, re.I)
        born = _day(here, today) if here else None
        if born is not None:
            yield cell, born.isoformat(), True
    if any(_BORN_HERE.search(cell.text) for cell in found):
        return
    for cell in found:  # a date of long ago under the patient's name can hardly be anything else
        here = re.search(_DATE, cell.text, re.I) if cell.about is Of.PATIENT else None
        born = _day(here, today) if here else None
        if born is not None and today.year - born.year >= 3:
            yield cell, born.isoformat(), False


def _day(here: re.Match[str] | None, today: date) -> date | None:
    if here is None:
        return None
    if here["month"]:
        month = _MONTHS.index(here["month"].lower()) + 1
        day, year = int(here["day"]), int(here["year"])
    else:
        month, day, year = int(here["m"]), int(here["d"]), int(here["y"])
        if year < 100:
            year += 2000 if year + 2000 <= today.year else 1900
    try:
        return shapes.birth_date(date(year, month, day), today)
    except (ValueError, BadRequest):
        return None


def _insurance(found: Sequence[Cell]) -> Iterator[tuple[Cell, str, bool]]:
    label = r"(?:primary\s+)?(?:insurance|coverage|payer|payor|carrier)(?:\s+name)?|health plan"
    for cell, value in beside(found, label):
        if not re.match(r"(id|phone|number|#)", value, re.I):
            yield cell, value.strip(" .,;:"), True
    for cell in found:
        here = re.search(r"insured (?:with|by) ([A-Z][A-Za-z &]+)", cell.text)
        if here:
            yield cell, here[1].strip(), True


def _members(found: Sequence[Cell]) -> Iterator[tuple[Cell, str, bool]]:
    label = r"(?:member|subscriber|policy|insurance)\s*(?:id|number|no\.?|#)(?:\s*[#:])?"
    for cell, value in beside(found, label):
        code = value.strip(" .,;:#").split()[0] if value.strip(" .,;:#") else ""
        if any(letter.isdigit() for letter in code):
            yield cell, code, True
    for cell in found:
        here = re.search(r"member (?:number|id) ([A-Z0-9-]{5,})", cell.text)
        if here:
            yield cell, here[1], True


# --- numbers ----------------------------------------------------------------------------------


def _phones(found: Sequence[Cell], ours: Ours, whose: Of) -> Iterator[tuple[Cell, str, bool]]:
    theirs = r"(?:patient|home|cell|mobile|contact|patient's)\s*(?:phone|number|tel\w*)?"
    office = r"(?:office|clinic|practice)\s+(?:phone|tel\w*)"
    label = theirs if whose is Of.PATIENT else office
    for cell, value in beside(found, label):
        number = _number(value, ours)
        if number is not None:
            yield cell, number, True
    if whose is Of.PATIENT:
        for cell in found:
            here = re.search(rf"reached at ({_NUMBER.pattern})", cell.text)
            number = _number(here[1], ours) if here else None
            if number is not None:
                yield cell, number, True
    plain = r"phone|tel(?:ephone)?\.?|ph\.?"
    for cell, value in beside(found, plain):
        number = _number(value, ours)
        sender = cell.about in {Of.SENDER, Of.LETTERHEAD}
        if number is not None and (sender if whose is Of.SENDER else cell.about is Of.PATIENT):
            yield cell, number, whose is Of.SENDER
    if whose is Of.SENDER:
        yield from _marked(found, ours, "phone")


def _faxes(found: Sequence[Cell], ours: Ours) -> Iterator[tuple[Cell, str, bool]]:
    for cell, value in beside(found, r"(?:office\s+|clinic\s+)?(?:fax|facsimile)(?:\s+number)?"):
        number = _number(value, ours)
        if number is not None and cell.about in {Of.SENDER, Of.LETTERHEAD, Of.PATIENT}:
            yield cell, number, cell.about is not Of.PATIENT
    yield from _marked(found, ours, "fax")
    for cell in found:
        here = re.search(rf"\bfax[\s:#.]*({_NUMBER.pattern})", cell.text, re.I)
        number = _number(here[1], ours) if here and cell.about is not Of.US else None
        if number is not None:
            yield cell, number, True


def _marked(found: Sequence[Cell], ours: Ours, mark: str) -> Iterator[tuple[Cell, str, bool]]:
    """Numbers with what they are written behind them: ``518-555-0160 (phone)``."""
    for cell in found:
        here = re.search(rf"({_NUMBER.pattern})\s*\(\s*{mark}\s*\)", cell.text, re.I)
        number = _number(here[1], ours) if here else None
        if number is not None:
            yield cell, number, True


def _number(text: str, ours: Ours) -> str | None:
    here = _NUMBER.search(text)
    if here is None:
        return None
    try:
        number = shapes.phone(here[0])
    except BadRequest:
        return None
    return None if number in ours.numbers else number


# --- who sends --------------------------------------------------------------------------------


def _providers(found: Sequence[Cell]) -> Iterator[tuple[Cell, str, bool]]:
    label = (
        r"(?:referring|ordering|requesting|prescribing|treating)\s*"
        r"(?:provider|physician|doctor|clinician)?(?:\s+name)?|ordered by|"
        r"electronically:?\s+signed\.?\s+by"
    )
    for cell, value in beside(found, label):
        name = re.sub(r"[‘’'](?=\s)|[|~*]", "", value.strip(_EDGES)).strip(_EDGES)
        if not _NO_NAME.search(name) and len(name.split()) >= 2:
            yield cell, name, True
    for cell in found:
        here = _SIGNED.search(cell.text)
        if here and not _NO_NAME.search(here["name"]):
            yield cell, f"{here['name']}, {here['letters']}", cell.about is not Of.PATIENT
    for cell, value in beside(found, r"(?:provider\s+)?signature|physician"):
        name = value.strip(" .,;:")
        if not _NO_NAME.search(name) and 2 <= len(name.split()) <= 4:
            yield cell, name, False


def _npis(found: Sequence[Cell]) -> Iterator[tuple[Cell, str, bool]]:
    """NPIs whose check digit is right; what does not check is nobody's."""
    for cell in found:
        here = _NPI_HERE.search(cell.text)
        if here is not None:
            yield from _checked(cell, here["npi"])
    for cell, value in beside(found, r"NPI(?:\s*(?:#|number))?"):
        yield from _checked(cell, value.split()[0])


def _checked(cell: Cell, said: str) -> Iterator[tuple[Cell, str, bool]]:
    digits = said.translate(str.maketrans("OIl", "011"))
    if shapes.npi_is_valid(digits):
        yield cell, digits, digits == said


def _practices(found: Sequence[Cell], ours: Ours) -> Iterator[tuple[Cell, str, bool]]:
    for cell, value in beside(found, r"practice(?:\s+name)?|clinic|facility|from"):
        if cell.about is not Of.US and not _ours(value, ours) and not re.search(r"\d{3}", value):
            yield cell, value.strip(_EDGES), True
    for cell in found:
        letterhead = cell.about is Of.LETTERHEAD and cell.line < 6
        if letterhead and _OFFICE.search(cell.text) and not _NO_OFFICE.search(cell.text):
            name = re.split(r"\s+NPI\b", cell.text)[0].strip(_EDGES)
            if not _ours(name, ours) and not re.search(r"\d{3}", name):
                yield cell, name, True


def _ours(text: str, ours: Ours) -> bool:
    return any(name.casefold() in text.casefold() for name in ours.names)


# --- what is asked ----------------------------------------------------------------------------


def _codes(found: Sequence[Cell]) -> tuple[Cell, str] | None:
    """Diagnosis codes: with their dot, or on a line that says it holds some."""
    said: list[str] = []
    first: Cell | None = None
    for cell in found:
        labelled = re.search(r"\b(icd|diagnos[ie]s|diagnoses|dx)\b", cell.text, re.I)
        for code in _ICD.findall(_SHARP.sub("S", cell.text)):
            if ("." in code or labelled) and code not in said and not _NPI_HERE.search(cell.text):
                said.append(code)
                first = first or cell
    return (first, " ".join(said[:8])) if first is not None else None


def _reason(found: Sequence[Cell]) -> tuple[Cell, str] | None:
    label = r"reason(?:\s+for\s+referral)?|diagnos[ie]s(?:\s+is)?|dx|the diagnosis is"
    for cell, value in beside(found, label):
        words = _ICD.sub("", value).strip(" .,;:()[]-")
        words = re.sub(r"^\(?ICD-?10\)?[\s:]*", "", words).strip(" .,;:()")
        if len(words) >= 4 and not words[0].isdigit():
            return cell, words[:300]
    return None


def _order(found: Sequence[Cell]) -> tuple[Cell, str] | None:
    treat = next((cell for cell in found if _TREAT.search(cell.text)), None)
    often = next((cell for cell in found if _OFTEN.search(cell.text)), None)
    first = treat or often
    if first is None:
        return None
    said = ["Evaluate and treat"] if treat is not None else []
    found_often = _OFTEN.search(often.text) if often is not None else None
    return first, ", ".join([*said, *([found_often[0]] if found_often else [])])
