"""What a fax is, by the words on it; pure. A guess that only says whose task it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from models.fax import FaxKind
from models.fax_fields import Ours
from models.fax_lines import cells, is_cover
from models.fax_pages import PageText

RETURN_CODE: Final = re.compile(r"\bRL-[2-9BCDFGHJKMNPQRSTVWXYZ]{4}-[2-9BCDFGHJKMNPQRSTVWXYZ]{4}\b")
ENOUGH: Final = 3  # points; one phrase alone decides nothing unless it is a heading's
AHEAD: Final = 2  # points before the next kind, or a person says which it is

_PHRASES: Final[dict[FaxKind, tuple[tuple[int, str], ...]]] = {
    FaxKind.NEW_REFERRAL: (
        (3, r"physical therapy (referral|order|prescription|rx)"),
        (3, r"(referral|refer\w*) (to|for) (outpatient )?physical therapy"),
        (3, r"(outpatient )?therapy order( form)?"),
        (3, r"rx:? physical therapy"),
        (2, r"for physical therapy"),
        (3, r"eval(uat\w*|\.)? ?(and|&|\+) ?treat"),
        (1, r"\b(icd-?10|diagnos[ie]s|dx)\b"),
        (1, r"\b(referring|ordering) (provider|physician)\b"),
    ),
    FaxKind.RETURNED_PLAN: (
        (4, r"return code"),
        (3, r"certif\w+ (of|the) plan of care|i certify"),
        (2, r"plan of care"),
    ),
    FaxKind.ORDER_RENEWAL: (
        (5, r"(order|prescription|referral|therapy) renewal|renew(ed)? order"),
        (3, r"continue (physical )?therapy|continuation of (care|therapy)"),
        (3, r"additional visits|extend\w* (the )?(order|therapy)|re-?certif"),
    ),
    FaxKind.AUTHORIZATION: (
        (5, r"notice of (authorization|adverse determination|denial|approval)"),
        (3, r"(prior )?authorization (request|number|#)|pre-?cert"),
        (3, r"(visits|units) approved|has been (approved|denied)|not medically necessary"),
        (1, r"you may appeal|utilization (review|management)"),
    ),
    FaxKind.CANCELLED: (
        (5, r"referral cancel+ed|cancel+ation of referral"),
        (5, r"please cancel|cancel (the|this|our)"),
        (3, r"no longer needs|disregard (our|the) (earlier|previous)"),
    ),
    FaxKind.QUESTION: (
        (4, r"question about|(could|can|would) you (please )?(advise|tell|let us know|clarify)"),
        (3, r"what is the status|status of (the|our|this) (referral|patient)|please clarify"),
        (1, r"please call (us|our office)"),
    ),
    FaxKind.RECORDS_REQUEST: (
        (5, r"request for (medical )?records|(medical )?records request"),
        (3, r"copies of (all |the )?(medical )?records"),
        (3, r"authorization to (release|disclose)|release of information"),
    ),
    FaxKind.JUNK: (
        (3, r"limited time|act now|lowest rates|special offer|\d+% off|free quote"),
        (4, r"to be removed|remove (your|this) (fax )?number|unsubscribe|opt.?out"),
        (3, r"business loan|vacation|cruise|merchant (account|services)|seo services"),
    ),
}
_FOUND = {
    kind: tuple((points, re.compile(rf"(?<!\w)(?:{phrase})", re.I)) for points, phrase in phrases)
    for kind, phrases in _PHRASES.items()
}
_ELSEWHERE: Final = re.compile(
    r"\b(mri|ct scan|x-?ray|ultrasound) (order|exam)|exam:|home oxygen|cpap|hospital bed|"
    r"wheelchair|durable medical equipment|home health (order|referral)|sleep study",
    re.I,
)


def kind_of(pages: Sequence[PageText], ours: Ours) -> FaxKind:
    """The likeliest kind; ``unclear`` where nothing speaks for one, or as much for another.

    A return code of ours on the page decides alone; whether it is ours the record knows.
    """
    matter = [page for page in pages if not is_cover(page)] or list(pages)
    text = " ".join(page.text for page in matter)
    text = " ".join(text.split())
    if RETURN_CODE.search(text.upper()):
        return FaxKind.RETURNED_PLAN
    if _addressed_elsewhere(pages, ours):
        return FaxKind.ANOTHER_CLINIC
    points = {
        kind: sum(worth for worth, phrase in phrases if phrase.search(text))
        for kind, phrases in _FOUND.items()
    }
    if _ELSEWHERE.search(text) and points[FaxKind.NEW_REFERRAL] < ENOUGH + AHEAD:
        return FaxKind.ANOTHER_CLINIC
    first, second = sorted(points, key=lambda kind: -points[kind])[:2]
    if points[first] < ENOUGH or points[first] - points[second] < AHEAD:
        return FaxKind.UNCLEAR
    return first


def codes_of(pages: Sequence[PageText]) -> dict[str, int]:
    """The return codes on the pages, from bar codes first, and the page each stands on."""
    found: dict[str, int] = {}
    for page in pages:
        for code in page.codes:
            if RETURN_CODE.fullmatch(code):
                found.setdefault(code, page.number)
    for page in pages:
        for here in RETURN_CODE.finditer(page.text.upper()):
            found.setdefault(here[0], page.number)
    return found


def _addressed_elsewhere(pages: Sequence[PageText], ours: Ours) -> bool:
    """The sheet names somebody else as the one it is for, and us nowhere."""
    text = " ".join(page.text for page in pages).casefold()
    if any(name.casefold() in text for name in ours.names):
        return False
    digits = re.sub(r"\D", "", text)
    if any(number.removeprefix("+1") in digits for number in ours.numbers):
        return False
    said = [cell.text for cell in cells(pages) if re.match(r"to\s*:\s*\S", cell.text, re.I)]
    return any(_OFFICE_WORD.search(one) for one in said)


_OFFICE_WORD: Final = re.compile(
    r"\b(center|centre|clinic|imaging|radiology|pharmacy|hospital|laborator\w+|equipment|"
    r"orthop\w+|associates|therapy|rehab\w*|home health|medical)\b",
    re.I,
)
