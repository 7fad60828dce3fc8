"""Some eighty facts about people who do not exist, each with every spelling it could turn up in.

``kept`` is the spelling that must be in the record afterwards: what was never taken in would prove
nothing. Where it is None the fact only ever stood in a request, and nobody should keep it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple


class Sentinel(NamedTuple):
    """One fact, and how to recognize it."""

    spellings: tuple[str, ...]
    kept: str | None

    @property
    def text(self) -> str:
        """As it is told."""
        return self.spellings[0]


def word(text: str, *, kept: bool = True) -> Sentinel:
    """A word nobody else uses; found in any case, and with spaces as a file or an address has."""
    spelt = dict.fromkeys(
        [text, text.replace(" ", "_"), text.replace(" ", "%20"), text.split()[-1]]
    )
    return Sentinel(tuple(spelt), text if kept else None)


def number(digits: str) -> Sentinel:
    """A telephone number of ten digits."""
    area, office, line = digits[:3], digits[3:6], digits[6:]
    return Sentinel(
        (
            f"+1{digits}",
            digits,
            f"{area}-{office}-{line}",
            f"({area}) {office}-{line}",
            f"{area}.{office}.{line}",
            f"{area} {office} {line}",
        ),
        f"+1{digits}",
    )


def birthday(day: date) -> Sentinel:
    """A birth date, as people and libraries write it."""
    return Sentinel(
        (
            day.isoformat(),
            f"{day:%m/%d/%Y}",
            f"{day.month}/{day.day}/{day.year}",
            f"{day:%d.%m.%Y}",
            f"{day:%Y%m%d}",
            f"{day:%B} {day.day}, {day.year}",
            f"{day:%b} {day.day}, {day.year}",
            f"{day.day} {day:%B} {day.year}",
            f"datetime.date({day.year}, {day.month}, {day.day})",
        ),
        day.isoformat(),
    )


SENTINELS: Mapping[str, Sentinel] = {
    # the patients
    "given name": word("Zebulonia"),
    "family name": word("Quackenbosch"),
    "birth date": birthday(date(1961, 3, 17)),
    "phone": number("5185550151"),
    "mailbox": word("zebulonia.51@example.org"),
    "minor's given name": word("Ottoline"),
    "minor's family name": word("Pemberwick"),
    "minor's birth date": birthday(date(2014, 7, 9)),
    "guardian": word("Wilhelmina Guardsworth"),
    "guardian's phone": number("5185550152"),
    "name in a file": word("Csvetlana"),
    "number in a file": number("5185550153"),
    "chart number": word("MRN-77-88123"),
    "why sent": word("traumatic hemarthrosis"),
    # what is treated
    "diagnosis": word("chondromalacia patellae"),
    "diagnosis code": word("M22.41"),
    "goal": word("waltz with grandchildren"),
    "verdict": word("suspects malingering"),
    "assessment": word("limps past the bakery"),
    "status": word("tearful about the divorce"),
    "treatment": word("iontophoresis with dexamethasone"),
    "home programme": word("quad sets beside the aquarium"),
    "inside a PDF": word("synovial chondrosarcoma"),
    "title of a PDF": word("Titlepage Quillfeather"),
    # those around them
    "physician": word("Amaranth Fiddlewood"),
    "practice": word("Gooseberry Jointworks"),
    "practice's fax": number("5185550160"),
    "practice's mailbox": word("desk@fiddlewood.example.org"),
    "certifier": word("Cordelia Blackthornley"),
    "copy to": word("Ignatius Featherstonehaugh"),
    "past patient": word("Gustav Formerlyknown"),
    "past patient's mailbox": word("gustav.formerly@example.org"),
    "therapist": word("Tessalind Sentinelli"),
    "licence": word("NY-SENT-4242"),
    # by fax, by text, at the desk, on a patient's page
    "faxed given name": word("Marigoldine"),
    "faxed family name": word("Thistlewaite"),
    "faxed family name, put right": word("Thistlewhitney"),
    "faxed birth date": birthday(date(1957, 11, 5)),
    "faxed phone": number("5185550154"),
    "faxed member number": word("1QX7ZZ5MK72"),
    "faxed reason": word("calcific tendinopathia"),
    "faxed physician": word("Peregrine Oxenstierna"),
    "faxed practice": word("Riverbank Hollyhockian"),
    "faxed from": number("5185550163"),
    "in a fax nobody can read": word("Unreadabella"),
    "name of a file by hand": word("Uploadina", kept=False),
    "in a text": word("my cat Bartholomewfizz"),
    "stranger's number": number("5185550155"),
    "stranger's words": word("ask for Strangerina"),
    "in a forged text": word("Forgerina", kept=False),
    "text by hand": word("bring Snickerdoodle"),
    "note": word("weeps at Fluffernutter"),
    "in a note that is too long": word("Longwindedia", kept=False),
    "mailbox, put right": word("zebulonia.right@example.org"),
    "searched for": word("Searchlightly", kept=False),
    "mailbox at sign-in": word("nobody.signs@example.org", kept=False),
    "password at sign-in": word("Passwordia-of-nobody", kept=False),
    "words on a page": word("only after Pilatesbury"),
    "in a link": word("Linkerella-without-end", kept=False),
    # ids that other systems made, and not well
    "appointment": word("APPT-Quillon-17"),
    "call": word("CALL-Quillon-18"),
    "event id": word("evt-Hookington-19"),
    "idempotency key": word("key-Idemponia-20"),
    "unknown referral": word("EXT-Unmatchka-21"),
    "program": word("Agentia-Browser"),
    # what is refused
    "in a body that is no JSON": word("Refusenik Brokenbody"),
    "in an impossible event": word("Impossibilia Neverborn"),
    "type of event": word("quackery_performed"),
    "name of a field": word("Fieldmouse_Keyholder"),
    "in a decision": word("Ditherington Decider", kept=False),
    "name of a decision's field": word("Fieldvole_Keyholder", kept=False),
    "task": word("call_patient:Occasionia", kept=False),
    "in an address": word("Pathfinderly", kept=False),
    "in a query": word("Querulousia", kept=False),
    "request id": word("Requestia-55501", kept=False),
    "token": word("Bearerinia-token-of-nobody", kept=False),
    "file name": word("Filemonia", kept=False),
    "workflow's reason": word("Undecodablia", kept=False),
}


def found_in(place: bytes, names: Iterable[str] = SENTINELS) -> list[str]:
    """Which sentinels a place holds, in any spelling and any case."""
    low = place.lower()
    return [
        name
        for name in names
        if any(one.lower().encode() in low for one in SENTINELS[name].spellings)
    ]
