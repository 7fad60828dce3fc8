"""A reading as parts: what each is, what could not be read of it, and where another begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.base import Model
from models.fax import FaxKind, Trouble
from models.fax_fields import FieldRead, Ours, missing, read, two_people
from models.fax_kinds import codes_of, kind_of
from models.fax_pages import PageText, Reading


class Part(Model):
    """One part of a fax as a machine sees it; ``code`` is the return code that stands on it."""

    first_page: int
    last_page: int
    kind: FaxKind
    trouble: Trouble | None = None
    splits: tuple[int, ...] = ()
    fields: tuple[FieldRead, ...] = ()
    code: str | None = None


def divide(reading: Reading, ours: Ours, known: Mapping[str, str]) -> tuple[Part, ...]:
    """The parts of a fax: one for each plan that came back, otherwise a single one.

    ``known``: the return codes that are ours, and whose. Pages up to and with a code belong to it;
    what follows the last one goes along. Two patients are never taken apart by a machine.
    """
    count = max(reading.count, 1)
    codes = {code: page for code, page in codes_of(reading.pages).items() if code in known}
    if codes:
        ends = sorted(codes.items(), key=lambda one: one[1])
        parts, first = [], 1
        for place, (code, page) in enumerate(ends):
            last = count if place == len(ends) - 1 else max(page, first)
            kind = FaxKind.RETURNED_PLAN
            parts.append(Part(first_page=first, last_page=last, kind=kind, code=code))
            first = min(last + 1, count)
        return tuple(parts)
    return (one_part(reading.pages, 1, count, ours, reading.trouble),)


def one_part(
    pages: Sequence[PageText], first: int, last: int, ours: Ours, trouble: Trouble | None = None
) -> Part:
    """What a run of pages is, by itself."""
    mine = [page for page in pages if first <= page.number <= last]
    kind, fields = kind_of(mine, ours), read(mine, ours)
    splits = two_people(mine, ours)
    if splits:
        trouble = Trouble.TWO_PATIENTS
    elif trouble is None and kind is FaxKind.NEW_REFERRAL and missing(fields):
        trouble = Trouble.MISSING_FIELDS
    elif trouble is None and kind is FaxKind.RETURNED_PLAN:
        trouble = Trouble.NO_REFERRAL
    elif trouble is None and kind is FaxKind.UNCLEAR:
        trouble = worst(mine) or Trouble.UNSURE
    return Part(
        first_page=first, last_page=last, kind=kind, trouble=trouble, splits=splits, fields=fields
    )


def worst(pages: Sequence[PageText]) -> Trouble | None:
    """Why nothing could be read on these pages; None where something could."""
    if not pages or any(page.trouble is None for page in pages):
        return None
    reasons = [page.trouble for page in pages if page.trouble is not Trouble.BLANK]
    return reasons[0] if reasons else Trouble.BLANK
