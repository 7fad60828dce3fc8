"""How well the sixty are read: fields right, wrong, and left for a person, for each kind."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from models.fax import FaxKind
from models.fax_fields import Ours, Sure
from models.fax_lead import values
from models.fax_pages import Reading
from models.fax_parts import Part, divide
from tests.faxes.cases import CASES, Case

KEPT: Final = Path(__file__).parent / "kept"
OURS: Final = Ours(
    names=("Riverside Physical Therapy",),
    numbers=("+15185550142", "+15185550143"),
    today=date(2026, 3, 2),
)


class Verdict(NamedTuple):
    """One field of one fax: what it should be, what was read, and what follows."""

    case: str
    field: str
    right: str
    read: str
    sure: Sure

    @property
    def outcome(self) -> str:
        """``right`` and ``wrong`` say *clear*; whatever is not clear is left for a person."""
        if self.sure is Sure.CLEAR:
            return "right" if self.same else "wrong"
        return "left, read right" if self.same else "left"

    @property
    def same(self) -> bool:
        return self.read.casefold() == self.right.casefold()


def kept(case: Case) -> Reading:
    """The reading of a case as tesseract 5.3 made it, kept beside the tests."""
    return Reading.model_validate_json((KEPT / f"{case.name}.json").read_text())


def part_of(reading: Reading) -> Part:
    return divide(reading, OURS, {})[0]


def verdicts(case: Case, part: Part) -> list[Verdict]:
    """Each field of a new referral about one patient; other faxes have none that count."""
    if case.kind is not FaxKind.NEW_REFERRAL or case.second is not None:
        return []
    sure = {one.name: one.sure for one in part.fields}
    said = values(part.fields)
    return [
        Verdict(case.name, name, right, said.get(name, ""), sure.get(name, Sure.MISSING))
        for name, right in case.truth.items()
    ]


def table(read: dict[str, Reading]) -> str:
    """The table of the documentation: a row for each layout and line, then the fields."""
    parts = {case.name: part_of(read[case.name]) for case in CASES}
    every = [one for case in CASES for one in verdicts(case, parts[case.name])]
    lines = [
        "| fax | faxes | fields | right, clear | wrong, clear | read right, to check | left |",
        "|---|---|---|---|---|---|---|",
    ]
    layouts = dict.fromkeys(case.layout for case in CASES if case.kind is FaxKind.NEW_REFERRAL)
    for layout in layouts:
        names = {case.name for case in CASES if case.layout == layout and case.second is None}
        lines.append(_row(layout, len(names), [one for one in every if one.case in names]))
    for form in ("text", "pdf", "tiff", "tiff98", "png", "jpeg"):
        names = {case.name for case in CASES if case.form == form and case.second is None}
        mine = [one for one in every if one.case in names]
        lines.append(_row(f"as {form}", len({one.case for one in mine}), mine))
    for spoil in ("tilted", "noisy", "grey", "coloured", "upside_down", "sideways"):
        names = {case.name for case in CASES if case.spoil == spoil}
        mine = [one for one in every if one.case in names]
        lines.append(_row(spoil.replace("_", " "), len({one.case for one in mine}), mine))
    lines.append(_row("**all referrals**", len({one.case for one in every}), every))
    lines += [
        "",
        "| field | fields | right, clear | wrong, clear | read right, to check | left |",
        "|---|---|---|---|---|---|",
    ]
    for field in dict.fromkeys(one.field for one in every):
        mine = [one for one in every if one.field == field]
        lines.append(_row(f"`{field}`", None, mine))
    right = sum(parts[case.name].kind is case.kind for case in CASES)
    pairs = [case for case in CASES if case.second is not None]
    divided = sum(parts[case.name].splits == (2,) for case in pairs)
    lines += [
        "",
        f"What it is: {right} of {len(CASES)} right. Two patients in one fax: {divided} of "
        f"{len(pairs)} seen, and left for a person to divide.",
    ]
    return "\n".join(lines)


def _row(name: str, faxes: int | None, mine: list[Verdict]) -> str:
    count = Counter(one.outcome for one in mine)
    numbers = [len(mine), count["right"], count["wrong"], count["left, read right"], count["left"]]
    cells = [name, *([str(faxes)] if faxes is not None else []), *map(str, numbers)]
    return f"| {' | '.join(cells)} |"
