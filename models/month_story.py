"""What a month comes to: its one sentence, and the three things to do about it.

Pure rules over the figures. A thing to do names a count and the page that shows who is behind it;
nothing is said of fewer than it would take to be sure. Sources are named, the largest first; days
on which somebody came are not told, so that nobody who may not know them need be kept from this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.monthly import AGES, Aged, Amount, Figure, Relationship, SourceLine, Thing, in_address
from models.months import back, month_of, says, up_to

MOST_THINGS = 3
MOST_NAMES = 3  # of sources in one sentence
QUIET = "quiet"  # models.source_states.SourceState
OLD = AGES[-1][2]  # more than 30 days


def verdict(month: str, figures: Sequence[Figure], silent: int, returned: int) -> str:
    """The month in one or two sentences, of the referrals and of the sources."""
    named = {one.name: one for one in figures}
    received, converted = named["received"], named["converted"]
    came = int(received.now.value or 0)
    so_far = " so far" if received.running else ""
    if not came:
        first = f"No referral was received in {says(month)}{so_far}."
    else:
        first = (
            f"{_counted(came, 'referral')} in {says(month)}{so_far}{_against(received, month)}"
            f"{_conversion(came, converted.now)}."
        )
    return f"{first}{_sources(silent, returned)}"


def things(
    scope: str,
    month: str,
    figures: Sequence[Figure],
    sources: Sequence[SourceLine],
    silent: Sequence[Relationship],
    ageing: Sequence[Aged],
) -> tuple[Thing, ...]:
    """The first three of what this month calls for, the most urgent first."""
    found = _wanted(scope, month, figures, sources, silent, ageing)
    return tuple(one for one, _ in zip(found, range(MOST_THINGS), strict=False))


def fell_silent(month: str, silent: Sequence[Relationship]) -> tuple[Relationship, ...]:
    """Who fell silent in the month; who has lapsed in it did so two months ago, and was called."""
    return tuple(
        one
        for one in silent
        if one.state == QUIET and one.since is not None and month_of(one.since) == month
    )


def fading(sources: Sequence[SourceLine]) -> tuple[SourceLine, ...]:
    """Whom the month's last verdict calls fading."""
    return tuple(one for one in sources if one.verdict == "fading")


def _wanted(
    scope: str,
    month: str,
    figures: Sequence[Figure],
    sources: Sequence[SourceLine],
    silent: Sequence[Relationship],
    ageing: Sequence[Aged],
) -> Iterator[Thing]:
    named = {one.name: one.now for one in figures}
    page = f"/reports/{in_address(scope)}/{month}"
    fresh = fell_silent(month, silent)
    if fresh:
        by_size = _largest_first(fresh, sources)
        yield Thing(
            says=f"Call {_these(len(fresh))} that fell silent this month: "
            f"{_names([one.name for one, _ in by_size])}",
            why=_sent_before(month, by_size),
            number=len(fresh),
            link=f"{page}/fell_silent",
        )
    fewer = sorted(fading(sources), key=lambda one: -one.sent)
    if fewer:
        are = "is" if len(fewer) == 1 else "are"
        yield Thing(
            says=f"Visit {_these(len(fewer))} that {are} fading: "
            f"{_names([_with_state(one) for one in fewer])}",
            why=f"{_each([(one.name, one.verdict_says) for one in fewer])} "
            "That is more than chance.".lstrip(),
            number=len(fewer),
            link=f"{page}/fading",
        )
    yield from _missed(
        named["contacted_24h"],
        "Find out why {} waited longer than 24 hours for a first try",
        "The first hours decide whether a patient can still be reached.",
        f"{page}/contacted_24h?which=others",
    )
    old = sum(one.waiting for one in ageing if one.says == OLD)
    if old:
        yield Thing(
            says=f"Book or close {_counted(old, 'referral')} open for more than 30 days",
            why="They were received more than 30 days ago and have not been evaluated.",
            number=old,
            link=f"{page}/open_{len(AGES) - 1}",
        )
    yield from _missed(
        named["certified"],
        "See to the plans of care of {} that are not certified",
        "Medicare asks for the signature, or the proof of sending, within 30 days.",
        f"{page}/certified?which=others",
    )
    yield from _missed(
        named["summary_24h"],
        "Send the discharge summaries of {} sooner",
        "They left more than a day after they were signed, or have not left.",
        f"{page}/summary_24h?which=others",
    )
    yield from _missed(
        named["thanked_24h"],
        "See why the senders of {} were not thanked within 24 hours",
        "It is the promise that every sender can check.",
        f"{page}/thanked_24h?which=others",
    )


def _these(number: int) -> str:
    return "the source" if number == 1 else f"the {_counted(number, 'source')}"


def _names(names: Sequence[str]) -> str:
    """``A, B and C``; of many the first ones, and how many more."""
    first, left = list(names[:MOST_NAMES]), len(names) - MOST_NAMES
    if left > 0:
        return f"{', '.join(first)} and {left:,} more"
    return " and ".join([", ".join(first[:-1]), first[-1]] if len(first) > 1 else first)


def _each(told: Sequence[tuple[str, str]]) -> str:
    """``A: …; B: ….`` of those of whom something is said; empty where nothing is."""
    parts = [f"{name}: {what}" for name, what in told[:MOST_NAMES] if what]
    return f"{'; '.join(parts)}." if parts else ""


def _with_state(source: SourceLine) -> str:
    return f"{source.name} ({source.state})" if source.state else source.name


def _largest_first(
    these: Sequence[Relationship], sources: Sequence[SourceLine]
) -> list[tuple[Relationship, SourceLine | None]]:
    lines = {one.source_id: one for one in sources}
    told = [(one, lines.get(one.source_id)) for one in these]
    return sorted(told, key=lambda pair: -pair[1].sent if pair[1] else 0)


def _sent_before(month: str, these: Sequence[tuple[Relationship, SourceLine | None]]) -> str:
    """``A: 27 in twelve months, the last in December; B: 4, the last in December.``"""
    told = []
    for one, line in these:
        sent = line.sent if line else 0
        if line is None or not sent:
            continue
        last = max(at for at, count in enumerate(line.twelve) if count)
        name = says(up_to(month, len(line.twelve))[last]).split()[0]
        told.append((one.name, f"{sent:,} in twelve months, the last in {name}"))
    return _each(told) or "Their page says what each sent before; the tasks bring a draft note."


def _missed(amount: Amount, sentence: str, why: str, link: str) -> Iterator[Thing]:
    number = amount.n - (amount.number or 0) - amount.open
    if amount.value is not None and number > 0:
        yield Thing(
            says=sentence.format(_counted(number, "patient")), why=why, number=number, link=link
        )


def _against(received: Figure, month: str) -> str:
    if received.before.value is None or received.running:
        return ""  # nothing is known of the month before, or this one is not over
    came, before = int(received.now.value or 0), int(received.before.value)
    last = says(back(month, 1)).split()[0]
    if came == before:
        return f", as many as in {last}"
    more = "more" if came > before else "fewer"
    return f", {abs(came - before):,} {more} than in {last}"


def _conversion(came: int, converted: Amount) -> str:
    if converted.value is None:
        return ""
    has = "has" if converted.number == 1 else "have"
    kept = "" if converted.n == came else " neither withdrawn nor declined"
    told = f"; {converted.number:,} of {converted.n:,}{kept} {has} come to evaluation"
    still = f", {converted.open:,} {'is' if converted.open == 1 else 'are'} still open"
    return told + (still if converted.open else "")


def _sources(silent: int, returned: int) -> str:
    told = []
    if silent:
        told.append(f"{_counted(silent, 'source')} {'is' if silent == 1 else 'are'} silent")
    if returned:
        told.append(
            f"{_counted(returned, 'source')} came back" if not told else f"{returned} came back"
        )
    return f" {' and '.join(told).capitalize()}." if told else ""


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
