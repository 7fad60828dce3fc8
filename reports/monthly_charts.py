"""The bars and sparklines of the monthly report, from its values to scenes.

Every bar starts at zero and carries its number; the parts of a bar are told apart by fill, stripes
and outline, and once more in words.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.monthly import FEW, Aged, Step, Unit
from reports.kit import fonts
from reports.kit.scene import Bar, Box, Dot, Ink, Mark, Scene, Stroke, words
from reports.kit.text import cut, wrapped
from reports.monthly_words import many, with_unit

_LINES = 3  # of reasons under a bar


def funnel(steps: Sequence[Step], width: float, size: float = 8.5) -> Scene:
    """How far the referrals came, what is still on the way, and why others stopped."""
    first = steps[0].number if steps else 0
    longest = max((step.number for step in steps), default=0)
    marks: list[Mark] = _legend(width, size)
    y = 2.2 * size
    for at, step in enumerate(steps):
        after = steps[at + 1].number if at + 1 < len(steps) else step.number
        y += 1.1 * size
        label = words(0, y, step.says, size, bold=True, room=width * 0.55)
        marks.append(label)
        marks.append(words(label.length + 6, y, _share(step.number, first), size))
        y += 0.45 * size
        marks.extend(_parts(step, after, Box(0, y, width, size), longest))
        y += size
        for line in wrapped(_lost(step), fonts.REGULAR, size * 0.9, width, _LINES):
            y += 1.15 * size
            marks.append(words(0, y, line, size * 0.9, room=width, ink=Ink.SOFT))
        y += 0.7 * size
    return Scene(width, y, "How far referrals came", funnel_says(steps), tuple(marks))


def funnel_says(steps: Sequence[Step]) -> str:
    """The funnel in sentences."""
    first = steps[0].number if steps else 0
    if not first:
        return "No referral was received."
    return " ".join(
        f"{step.says}: {_share(step.number, first)}. {_lost(step)}".strip() for step in steps
    )


def _share(number: int, first: int) -> str:
    if not first or number == first:
        return f"{number:,}"
    if first < FEW:
        return f"{number:,} of {first:,}"
    return f"{number:,} ({with_unit(100 * number / first, Unit.PERCENT)} of {first:,})"


def _lost(step: Step) -> str:
    parts = [f"{why.number:,} {why.says}" for why in step.lost]
    total = f" {sum(why.number for why in step.lost):,}" if len(parts) > 1 else ""
    lost = f"Lost{total}: {', '.join(parts)}." if parts else ""
    # The numbers first: long reasons are cut at the end.
    return f"Still on the way: {step.waiting:,}. {lost}".strip() if step.waiting else lost


def _parts(step: Step, after: int, whole: Box, longest: int) -> list[Mark]:
    """Solid went on, striped is on the way, empty was lost."""
    if not longest:
        return [Stroke(((whole.x, whole.y), (whole.x, whole.y + whole.height)))]
    unit = whole.width / longest
    long = step.number * unit
    went = min(after, step.number) * unit
    waits = min(step.waiting * unit, long - went)
    y, height = whole.y, whole.height
    marks: list[Mark] = [Bar(Box(0, y, long, height), Ink.PAPER, Ink.ACCENT)]
    if waits > 0:
        marks.append(Bar(Box(went, y, waits, height), Ink.PAPER, Ink.ACCENT, striped=True))
    if went > 0:
        marks.append(Bar(Box(0, y, went, height), Ink.ACCENT))
    return marks


def _legend(width: float, size: float) -> list[Mark]:
    """What the three fills mean, above the bars."""
    marks: list[Mark] = []
    x, small = 0.0, size * 0.9
    for says, fill, striped in (
        ("went on", Ink.ACCENT, False),
        ("still on the way", Ink.PAPER, True),
        ("lost", Ink.PAPER, False),
    ):
        marks.append(Bar(Box(x, 0.3 * size, 1.4 * size, 0.8 * size), fill, Ink.ACCENT, striped))
        text = words(x + 1.7 * size, size, says, small, room=width / 2, ink=Ink.SOFT)
        marks.append(text)
        x = text.x + text.length + 1.4 * size
    return marks


def ageing(rows: Sequence[Aged], width: float, size: float = 8.5) -> Scene:
    """Open referrals by age: before the first visit on the left, in care on the right."""
    label = max(
        (fonts.width(cut(row.says, fonts.REGULAR, size, width / 3), fonts.REGULAR, size))
        for row in (*rows, Aged(says="", waiting=0, in_care=0))
    )
    longest = max((max(row.waiting, row.in_care) for row in rows), default=0)
    number = fonts.width(f"{max(longest, 1000):,}", fonts.REGULAR, size)
    each = (width - label - 8) / 2 - number - 10
    lefts = (label + 8, label + 8 + each + number + 14)
    marks: list[Mark] = [
        words(left, size, text, size * 0.9, bold=True, room=each + number)
        for left, text in zip(lefts, ("before first visit", "in care"), strict=True)
    ]
    y = 1.6 * size
    for row in rows:
        marks.append(words(0, y + size, row.says, size, room=width / 3))
        for left, count in zip(lefts, (row.waiting, row.in_care), strict=True):
            long = each * count / longest if longest else 0.0
            if long:
                marks.append(Bar(Box(left, y + 0.2 * size, long, size)))
            marks.append(words(left + long + 3, y + size, f"{count:,}", size))
        y += 1.7 * size
    for left in lefts:
        marks.append(Stroke(((left, 1.5 * size), (left, y))))
    return Scene(width, y + 2, "Open referrals by age", ageing_says(rows), tuple(marks))


def ageing_says(rows: Sequence[Aged]) -> str:
    """The ageing in a sentence for each age."""
    return " ".join(
        f"{row.says.capitalize()}: {row.waiting:,} before the first visit, {row.in_care:,} in care."
        for row in rows
    )


def sparkline(values: Sequence[float | None], width: float = 62.0, height: float = 15.0) -> Scene:
    """Twelve months as a line from zero, the last one as a dot; a month without data is a gap."""
    known = [value for value in values if value is not None]
    top = max(known, default=0.0)
    step = (width - 6) / max(len(values) - 1, 1)

    def point(at: int, value: float) -> tuple[float, float]:
        share = value / top if top > 0 else 0.0
        return (3 + at * step, height - 2.5 - share * (height - 5))

    marks: list[Mark] = [
        Stroke(((0, height - 1), (width, height - 1)), Ink.SOFT, 0.4),
        *(
            Stroke(tuple(point(at, value) for at, value in part), Ink.INK, 1.0)
            for part in runs(values)
            if len(part) > 1
        ),
    ]
    if values and values[-1] is not None:
        marks.append(Dot(*point(len(values) - 1, values[-1]), radius=min(1.8, height / 8)))
    says = f"From {known[0]:g} to {known[-1]:g}" if known else "Nothing"
    return Scene(width, height, many(len(values), "month"), says, tuple(marks))


def runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Neighbouring values that are there, each with its place: a line is drawn through each run."""
    found: list[list[tuple[int, float]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            found.append([])
        else:
            found[-1].append((at, value))
    return [run for run in found if run]
