"""What a case promised beside what happened; a fault is written so that it can be pasted."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from tests.scenarios.kit.case import Asks, Case, Days, Ends, Sends, Until
from tests.scenarios.kit.evidence import Evidence, Sent, Task


def faults(case: Case, found: Evidence, refused: dict[int, str]) -> list[str]:
    """Everything that was not as the case says, as sentences; ``refused``: codes by line number."""
    return [
        *_messages(case, found),
        *_faxes(case, found),
        *_tasks(case, found),
        *_ends(case, found),
        *_refusals(case, refused),
    ]


def _messages(case: Case, found: Evidence) -> list[str]:
    left = list(found.sent)
    wrong = []
    for life, kind, because in case.never:
        if any(one.life == life and one.message.kind == kind for one in left):
            wrong.append(f"{life}: {kind} must never go out here: {because}")
    for wanted in case.sends:
        match = next((one for one in left if _is_sent(case, wanted, one)), None)
        if match is None:
            wrong.append(f"{wanted.life}: should have gone out: {_said_sends(wanted)}")
        else:
            left.remove(match)
            wrong += _wording(wanted, match)
    wrong += [f"{one.life}: went out and nobody said so: {_says_sent(case, one)}" for one in left]
    return wrong


def _wording(wanted: Sends, one: Sent) -> list[str]:
    words = one.words() if wanted.with_words or wanted.without else ""
    missing = [said for said in wanted.with_words if said not in words]
    unwanted = [said for said in wanted.without if said in words]
    what = f"{wanted.life}: {_said_sends(wanted)}"
    return [f"{what}: does not say “{said}”" for said in missing] + [
        f"{what}: says “{said}”" for said in unwanted
    ]


def _faxes(case: Case, found: Evidence) -> list[str]:
    wrong = []
    for (day, number), wanted in case.rang.items():
        letters = Counter(
            one.paper
            for one in found.sent
            if one.address == number and case.day(one.at)[0] == day and one.paper is not None
        )
        rang = tuple(sorted(letters.values()))
        if rang != wanted:
            wrong.append(f"{number} on day {day}: faxes of {rang} letters, expected {wanted}")
    return wrong


def _tasks(case: Case, found: Evidence) -> list[str]:
    left = list(found.tasks)
    wrong = []
    for wanted in case.asked:
        match = next((one for one in left if _is_task(case, wanted, one)), None)
        if match is None:
            wrong.append(f"{wanted.life or 'case'}: should have been asked: {_said_asks(wanted)}")
        else:
            left.remove(match)
    wrong += [
        f"{one.life or 'case'}: asked and nobody said so: {_says_task(case, one)}" for one in left
    ]
    return wrong


def _ends(case: Case, found: Evidence) -> list[str]:
    wrong = []
    for life, wanted in case.ends.items():
        end = found.ends.get(life)
        if end is None:
            wrong.append(f"{life}: never came to be a referral")
            continue
        stands = Ends(
            end.stage,
            end.certification if wanted.certification is not None else None,
            end.closed,
            end.hands,
        )
        if stands != wanted:
            wrong.append(f"{life}: ends as {stands}, expected {wanted}")
    missing = case.lives.keys() - case.ends.keys()
    return wrong + [f"{life}: the case does not say how it ends" for life in sorted(missing)]


def _refusals(case: Case, refused: dict[int, str]) -> list[str]:
    wrong = []
    for number, line in enumerate(case.script()):
        code = refused.get(number)
        if code != line.refused:
            said = f"{line.life} {line.way} “{line.says}” on {case.day(line.at)}"
            wrong.append(f"{said}: refused with {code}, expected {line.refused}")
    return wrong


def _is_sent(case: Case, wanted: Sends, one: Sent) -> bool:
    said = (wanted.life, wanted.kind, wanted.channel, wanted.address)
    same = (one.life, one.message.kind, one.channel, one.address) == said
    return same and _within(case, one.at, wanted.days, wanted.clock)


def _is_task(case: Case, wanted: Asks, one: Task) -> bool:
    same = (one.life, one.kind, one.role) == (wanted.life, wanted.kind, wanted.role)
    if not same or not _within(case, one.at, wanted.days, wanted.clock):
        return False
    if wanted.due is not None and case.day(one.due) != wanted.due:
        return False
    return _gone(case, one.gone, wanted.until)


def _gone(case: Case, gone: datetime | None, until: Until | None) -> bool:
    if gone is None or until is None:
        return gone is None and until is None
    if isinstance(until, tuple) and isinstance(until[1], str):
        return _within(case, gone, until[0], until[1])
    return _within(case, gone, until, None)


def _within(case: Case, at: datetime, days: Days, clock: str | None) -> bool:
    day, local = case.day(at)
    first, last = (days, days) if isinstance(days, int) else days
    if not first <= day <= last:
        return False
    if clock is None:
        return True
    begin, _, end = clock.partition("-")
    return begin <= local <= (end or _next_minute(begin))


def _next_minute(clock: str) -> str:
    minutes = int(clock[:2]) * 60 + int(clock[3:]) + 1
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _said_sends(one: Sends) -> str:
    return f"{one.kind} on day {one.days} {one.clock or ''} by {one.channel} to {one.address}"


def _says_sent(case: Case, one: Sent) -> str:
    day, clock = case.day(one.at)
    return f'sends({day}, "{one.message.kind}", {one.address}, "{one.channel}", "{clock}")'


def _said_asks(one: Asks) -> str:
    until = "to the end" if one.until is None else f"until {one.until}"
    until += f", due {one.due}" if one.due else ""
    return f"{one.kind} of the {one.role} on day {one.days} {one.clock or ''}, {until}"


def _says_task(case: Case, one: Task) -> str:
    day, clock = case.day(one.at)
    until = f", until={case.day(one.gone)}" if one.gone else ""
    due = f"{one.how}, due {case.day(one.due)}"
    return f'asks({day}, "{one.kind}", "{one.role}", "{clock}"{until})  # {due}'
