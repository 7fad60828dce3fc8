"""Every field a log line may have, with the shape its value must fit; pure.

The first wall is the code that logs: it names ids, codes and numbers. This is the second: a field
that is not listed here is left out, and a value that does not fit is masked. A name, a number or
a sentence about a patient fits no shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

MASK: Final = "[masked]"
LONGEST_TEXT: Final = 400

# An id of ours is a prefix and twelve letters without vowels (models.ids); a word is a code.
_OURS: Final = re.compile(r"[a-z]{2,4}_[0-9a-z]{12}")
_LONG_ID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
RUN_ID: Final = re.compile(_LONG_ID)
_REQUEST: Final = re.compile(rf"{_LONG_ID}|[0-9a-f]{{16,64}}")
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")
_TYPE: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,79}")
_SLUG: Final = re.compile(r"(?!.*\d[\d_-]{3,}\d)[a-z0-9][a-z0-9_-]{0,62}")
_PLACE: Final = re.compile(r"[A-Za-z0-9_.<>]+:\d+( < [A-Za-z0-9_.<>]+:\d+)*")
_TYPES: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,79}(, [A-Z][A-Za-z0-9]{0,79})*")
_NAME: Final = re.compile(r"(?!.*\d[\d_.-]{3,}\d)[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_ROUTE: Final = re.compile(r"-|(/([a-z0-9_.-]*|\{[a-z_]+\}(\.[a-z]{1,5})?))+")
_METHOD: Final = re.compile(r"[A-Z]{3,7}")
_ERRNO: Final = re.compile(r"E[A-Z0-9]{1,20}")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9_.:\[\]-]{1,120}:\d{1,5}")
_WORKFLOW: Final = re.compile(
    r"(referral|source)/[a-z0-9][a-z0-9_-]{0,62}/[a-z]{2,4}_[0-9a-z]{12}|sweep/[a-z]{1,20}(-[0-9TZ:-]+)?"
)
_WORKFLOW_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{1,60}Workflow")
_LOGGER: Final = re.compile(r"[A-Za-z0-9_.:-]{1,120}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

# What betrays a person inside a text: a mailbox, a number of five digits or more however it is
# written, a date in any common order. A machine's address and a run's id betray nobody.
_MONTH: Final = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_BYTE: Final = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_TELLING: Final = re.compile(
    rf"""(?P<machine>\b{_LONG_ID}\b | \b(?:{_BYTE}\.){{3}}{_BYTE}(?::\d{{1,5}})?(?![.\d-]))
      | [^\s@]+@[^\s@]+
      | \d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}
      | \b\d{{1,2}}\s+{_MONTH}\.?,?\s+\d{{2,4}}\b
      | \b{_MONTH}\.?\s+\d{{1,2}}(?:,?\s+\d{{2,4}})?\b
      | \+?\(?\d[\d\s().-]{{3,}}\d
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Field(NamedTuple):
    """One field: what fits, and what it says to whoever reads a log."""

    shape: re.Pattern[str] | type[int] | type[float] | type[str]
    says: str


FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        # what every line has
        "timestamp": Field(_TIME, "when, in UTC"),
        "level": Field(_WORD, "debug, info, warning, error or critical"),
        "event": Field(str, "what happened: one of the events below, or a library's own words"),
        "logger": Field(_LOGGER, "the module that says so"),
        "process": Field(_WORD, "web, worker, up, demo or a command"),
        # about what
        "org": Field(_SLUG, "organization"),
        "referral_id": Field(_OURS, "referral"),
        "source_id": Field(_OURS, "source"),
        "row_id": Field(_OURS, "row of the inbox"),
        "text_id": Field(_OURS, "a text that somebody of the staff wrote"),
        "reference": Field(_OURS, "our reference of a delivery, as the vendor knows it"),
        "workflow_id": Field(_WORKFLOW, "workflow"),
        "workflow_type": Field(_TYPE, "its type"),
        "run_id": Field(RUN_ID, "its run"),
        "activity": Field(_WORD, "activity"),
        "attempt": Field(int, "how often it was begun"),
        "request_id": Field(_REQUEST, "HTTP request; answers carry it as x-request-id"),
        # what
        "kind": Field(_WORD, "kind of event, message, decision or chore"),
        "party": Field(_WORD, "who a message is for"),
        "channel": Field(_WORD, "fax, sms, email or crm"),
        "origin": Field(_WORD, "how an event came: events, api, file"),
        "outcome": Field(_WORD, "what came of it"),
        "code": Field(_WORD, "an error code, as in reference.md"),
        "status": Field(int, "HTTP status"),
        "method": Field(_METHOD, "HTTP method"),
        "route": Field(_ROUTE, "template of the address, never the address"),
        "reader": Field(_NAME, "who reads, as REFERRAL_LOOP_CODEC_TOKENS names them"),
        "staff": Field(_WORD, "somebody of the staff, by their id in the policy file"),
        # how much
        "duration_ms": Field(int, "milliseconds"),
        "seen": Field(int, "how many were looked at"),
        "moved": Field(int, "how many went on"),
        "attempts": Field(int, "how often it was tried"),
        "dropped": Field(int, "fields left out of this line because they are not in this table"),
        # where
        "address": Field(_ADDRESS, "host and port"),
        "pid": Field(int, "process id"),
        # errors
        "error": Field(_TYPE, "class of an exception"),
        "says": Field(str, "our own sentence about it; a library's words are never logged"),
        "at": Field(_PLACE, "files and lines it passed, innermost first"),
        "cause": Field(_TYPES, "classes of the exceptions behind it"),
        "errno": Field(_ERRNO, "name of a system error"),
    }
)


def fits(name: str, value: Any) -> bool:
    """Whether a value may stand in a field as it is."""
    shape = FIELDS[name].shape
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if shape is str:
        return False  # text is never taken as it is; see ``tamed``
    return isinstance(value, int | float) and not isinstance(value, bool)


def tamed(text: str) -> str:
    """One line of text without numbers, dates and mailboxes that could be somebody's.

    Long text is masked as a whole: no sentence of ours is that long.
    """
    line = text.partition("\n")[0].strip()
    if len(line) > LONGEST_TEXT:
        return MASK
    return _TELLING.sub(lambda found: found["machine"] or MASK, line)


def tells_nothing(word: str) -> bool:
    """Whether a library's argument may be shown: a small number, a workflow's type or id, a run."""
    ids = (RUN_ID, _WORKFLOW, _WORKFLOW_TYPE)
    return (word.isdecimal() and len(word) < 5) or any(shape.fullmatch(word) for shape in ids)
