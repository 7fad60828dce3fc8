"""The sixty faxes: who sends whom, in which layout, and what the line did to it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from models.fax import FaxKind
from tests.faxes import layouts, spoiling
from tests.faxes.people import DOCTORS, PEOPLE, Doctor, Person


class Case(NamedTuple):
    """One fax and the truth about it."""

    name: str
    kind: FaxKind
    person: Person
    doctor: Doctor
    layout: str
    spoil: str
    form: str  # text | pdf | tiff | tiff98 | png | jpeg
    cover: bool = False
    second: Person | None = None  # a further patient in the same fax

    def content(self) -> bytes:
        """The file as it would arrive; the same every time."""
        layout = LAYOUTS[self.layout]
        pages = [layouts.cover(self.doctor)] if self.cover else []
        pages.append(layout(self.person, self.doctor))
        if self.second is not None:
            pages.append(layout(self.second, self.doctor))
        pdf = layouts.pdf(*pages)
        if self.form == "text":
            return pdf
        rng = random.Random(self.name)
        sheets = [spoiling.SPOILS[self.spoil](one, rng) for one in spoiling.drawn(pdf)]
        if self.form == "pdf":
            return spoiling.as_pdf(sheets, one_bit=self.spoil != "coloured")
        if self.form.startswith("tiff"):
            return spoiling.as_tiff(sheets, fine=self.form == "tiff")
        return spoiling.as_png(sheets) if self.form == "png" else spoiling.as_jpeg(sheets)

    @property
    def truth(self) -> dict[str, str]:
        """What the fields of a referral should be, by the names of ``models.fax_fields``."""
        p, d = self.person, self.doctor
        told = {
            "patient.given_name": p.given,
            "patient.family_name": p.family,
            "patient.born": p.born.isoformat(),
            "patient.phone": _e164(p.phone),
            "insurance": p.payer,
            "member_id": p.member,
            "diagnosis": " ".join(p.icd),
            "source.name": d.name,
            "source.npi": d.npi,
            "source.practice": d.practice,
            "source.fax": _e164(d.fax),
        }
        absent = {"script": ("patient.phone", "insurance", "member_id")}.get(self.layout, ())
        return {name: value for name, value in told.items() if name not in absent}


REFERRALS = ("form", "boxes", "order", "script", "letter")
OTHERS: dict[str, FaxKind] = {
    "renewal": FaxKind.ORDER_RENEWAL,
    "authorized": FaxKind.AUTHORIZATION,
    "denied": FaxKind.AUTHORIZATION,
    "cancelled": FaxKind.CANCELLED,
    "question": FaxKind.QUESTION,
    "records": FaxKind.RECORDS_REQUEST,
    "elsewhere": FaxKind.ANOTHER_CLINIC,
    "advertising": FaxKind.JUNK,
    "scrawl": FaxKind.UNCLEAR,
    "empty": FaxKind.UNCLEAR,
}
LAYOUTS: dict[str, layouts.Layout] = {
    "form": layouts.form,
    "boxes": layouts.boxes,
    "order": layouts.order,
    "script": layouts.script,
    "letter": layouts.letter_of,
    "renewal": layouts.renewal,
    "authorized": layouts.authorized,
    "denied": layouts.denied,
    "cancelled": layouts.cancelled,
    "question": layouts.question,
    "records": layouts.records,
    "elsewhere": layouts.elsewhere,
    "advertising": layouts.advertising,
    "scrawl": layouts.scrawl,
    "empty": layouts.empty,
}
# How a referral came, over and over with other people: the file and what the line did to it.
_WAYS = (
    ("text", "clean"),
    ("pdf", "clean"),
    ("tiff", "clean"),
    ("tiff98", "clean"),
    ("pdf", "tilted"),
    ("tiff", "noisy"),
    ("png", "grey"),
    ("pdf", "coloured"),
    ("tiff", "upside_down"),
)


def _referrals() -> Iterator[Case]:
    """Five layouts, each in nine ways, with people and offices taking turns."""
    for row, layout in enumerate(REFERRALS):
        for place, (form, spoil) in enumerate(_WAYS):
            number = row * len(_WAYS) + place
            yield Case(
                f"{layout}-{form}-{spoil}",
                FaxKind.NEW_REFERRAL,
                PEOPLE[number % len(PEOPLE)],
                DOCTORS[number % len(DOCTORS)],
                layout,
                spoil,
                form,
                cover=number % 3 == 0 and form not in {"png", "jpeg"},
            )


def _others() -> Iterator[Case]:
    """What is no referral, and what no machine can read."""
    ways = (("tiff", "clean"), ("pdf", "noisy"), ("tiff98", "clean"), ("jpeg", "grey"))
    for number, (layout, kind) in enumerate(OTHERS.items()):
        form, spoil = ways[number % len(ways)]
        person, doctor = PEOPLE[number], DOCTORS[number % len(DOCTORS)]
        yield Case(f"{layout}-{form}-{spoil}", kind, person, doctor, layout, spoil, form)


def _pairs() -> Iterator[Case]:
    """Two patients in one fax, and a page that lies on its side."""
    for layout in ("form", "order", "letter"):
        yield Case(
            f"two-{layout}",
            FaxKind.NEW_REFERRAL,
            PEOPLE[0],
            DOCTORS[0],
            layout,
            "clean",
            "tiff",
            second=PEOPLE[3],
        )
    yield Case(
        "form-sideways", FaxKind.NEW_REFERRAL, PEOPLE[5], DOCTORS[1], "form", "sideways", "tiff"
    )
    yield Case("letter-jpeg", FaxKind.NEW_REFERRAL, PEOPLE[9], DOCTORS[3], "letter", "grey", "jpeg")


CASES: tuple[Case, ...] = (*_referrals(), *_others(), *_pairs())


def case(name: str) -> Case:
    return next(one for one in CASES if one.name == name)


def _e164(number: str) -> str:
    return "+1" + "".join(digit for digit in number if digit.isdigit())
