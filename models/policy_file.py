"""Reading a policy file (``clinics/*.toml``): every mistake with key, line and a way out."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path as FilePath
from typing import Any, get_args

from pydantic import ValidationError

from models.base import Model
from models.clock import Calendar
from models.errors import ConfigError
from models.organization import Channels, Organization, Staff
from models.policy import Policy
from models.policy_checks import Path, Problem, contradictions
from models.toml_lines import key_lines, line_of

# Years looked at when a holiday's name is checked; the names hardly ever change.
_NAME_YEARS = range(2024, 2031)
_ENDS_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_SAID = {
    "missing": "missing; expected a value",
    "too_short": "expected at least one",
    "model_type": "expected a table",
    "dict_type": "expected a table",
    "tuple_type": "expected a list",
    "string_type": "expected text in quotation marks",
    "string_too_short": "expected some text",
    "date_from_datetime_parsing": "expected a date such as 2026-12-24",
    "date_parsing": "expected a date such as 2026-12-24",
    "time_parsing": 'expected a local time such as "07:00"',
    "time_type": 'expected a local time such as "07:00"',
}
_TIDY = {"Input should be ": "expected ", "Value error, ": ""}


class OrganizationPolicy(Model):
    """What one policy file says."""

    organization: Organization
    staff: tuple[Staff, ...] = ()
    channels: Channels = Channels()
    policy: Policy


def load(path: FilePath | str) -> OrganizationPolicy:
    """The policy of one organization; raises ConfigError naming file, line and key if any is wrong.

    The error carries the first problem and says how many more there are; ``check`` lists them all.
    """
    found, problems = _read(FilePath(path))
    if found is None or problems:
        more = len(problems) - 1
        rest = f" ({more} more problem{'s' if more > 1 else ''})" if more else ""
        raise ConfigError(problems[0] + rest)
    return found


def understand(content: dict[str, Any]) -> OrganizationPolicy:
    """The policy in a file's content, changed after it was read; raises ConfigError naming keys."""
    found, problems = _understand(content)
    if found is None or problems:
        raise ConfigError("; ".join(f"{_dotted(one.path)}: {one.sentence}" for one in problems))
    return found


def check(path: FilePath | str) -> list[str]:
    """Every problem of the file, each as one line ``file:line: key: what was expected``."""
    return _read(FilePath(path))[1]


def calendar_for(organization: Organization, clinic_id: str, years: Iterable[int]) -> Calendar:
    """The location's calendar with the closed days of these years, known until the last one ends.

    Call it at a composition root or in an activity and hand the result in: the dates may change
    with the holidays library. Raises KeyError for an unknown clinic, ValueError without a year.
    """
    from models.holiday_dates import closed_dates  # only here: see that module

    clinic = organization.clinic(clinic_id)
    country, state = organization.country, clinic.state
    wanted = sorted(set(years))
    anyway: tuple[date | str, ...] = (*clinic.open_on, *clinic.open_dates)
    return Calendar(
        zone=clinic.zone,
        hours=clinic.hours,
        closed=closed_dates(country, state, wanted, clinic.closed_dates, anyway),
        holidays=closed_dates(country, state, wanted),
        known_until=date(max(wanted), 12, 31),
    )


def _read(path: FilePath) -> tuple[OrganizationPolicy | None, list[str]]:
    """The file's content and its problems as lines, in the order of the file."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return None, [f"{path}: the policy file cannot be read: {error.strerror}"]
    except UnicodeDecodeError:
        return None, [f"{path}: the policy file is not UTF-8 text"]
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        at = _ENDS_AT.search(said)
        line = int(at[1]) if at and at[1] else text.rstrip("\n").count("\n") + 1
        return None, [f"{path}:{line}: not valid TOML: {_ENDS_AT.sub('', said)}"]
    except (RecursionError, ValueError):  # brackets without end, a number of thousands of digits
        return None, [f"{path}: not valid TOML: it nests too deep, or a number is too long"]
    found, problems = _understand(content)
    lines = key_lines(text)
    places = sorted((line_of(lines, p.path), n, p) for n, p in enumerate(problems))
    return found, [f"{path}:{line}: {_dotted(p.path)}: {p.sentence}" for line, _, p in places]


def _understand(content: dict[str, Any]) -> tuple[OrganizationPolicy | None, list[Problem]]:
    problems = list(_unknown_tables(content))
    known = {name: value for name, value in content.items() if name in Policy.model_fields}
    head = content.get("organization", {})
    clinics = content.get("clinics", [])
    shaped = {
        "organization": {**head, "clinics": clinics} if isinstance(head, dict) else head,
        "staff": content.get("staff", []),
        "channels": content.get("channels", {}),
        "policy": {"owner": {}, **known},
    }
    if isinstance(head, dict) and "clinics" in head:
        problems.append(Problem(("organization", "clinics"), "write each clinic as [[clinics]]"))
    try:
        found = OrganizationPolicy.model_validate(shaped)
    except ValidationError as errors:
        problems += [_told(error["loc"], error["msg"], error["type"]) for error in errors.errors()]
        return None, problems
    problems += contradictions(found.organization, found.staff, found.channels, found.policy)
    problems += _unknown_holidays(found.organization)
    return found, problems


def _told(place: tuple[str | int, ...], message: str, kind: str) -> Problem:
    """A pydantic error as a problem of the file as it is written."""
    path: Path = tuple(part for part in place if part != "[key]")
    if path[:2] == ("organization", "clinics") or path[:1] == ("policy",):
        path = path[1:]
    if kind in _SAID:
        return Problem(path, _SAID[kind])
    if place[-1:] == ("[key]",):
        return Problem(path, f"unknown key; {message.replace('Input should be', 'expected')}")
    for ours, plain in _TIDY.items():
        message = message.replace(ours, plain)
    return Problem(path, message)


def _unknown_tables(content: dict[str, Any]) -> Iterator[Problem]:
    tables: dict[str, Any] = {
        "organization": Organization,
        "clinics": Organization.model_fields["clinics"].annotation,
        "staff": OrganizationPolicy.model_fields["staff"].annotation,
        "channels": Channels,
        **{name: field.annotation for name, field in Policy.model_fields.items()},
    }
    yield from _unknown(tables, content, ())


def _unknown(known: dict[str, Any], given: dict[str, Any], path: Path) -> Iterator[Problem]:
    """Keys nobody reads: an unread key is a typing mistake that would change nothing silently."""
    for name, value in given.items():
        here = (*path, name)
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            yield Problem(here, f"unknown key{hint}")
            continue
        model = _model_in(known[name])
        if model is None:
            continue
        fields = {key: field.annotation for key, field in model.model_fields.items()}
        if isinstance(value, dict) and _is_model(known[name]):
            yield from _unknown(fields, value, here)
        elif isinstance(value, dict):  # a table of tables with free names
            for key, one in value.items():
                if isinstance(one, dict):
                    yield from _unknown(fields, one, (*here, key))
        elif isinstance(value, list):
            for number, one in enumerate(value):
                if isinstance(one, dict):
                    yield from _unknown(fields, one, (*here, number))


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Model)


def _model_in(annotation: Any) -> type[Model] | None:
    """The model an annotation is, or holds as an element."""
    for one in (annotation, *get_args(annotation)):
        if _is_model(one):
            found: type[Model] = one
            return found
    return None


def _unknown_holidays(organization: Organization) -> Iterator[Problem]:
    from models.holiday_dates import holiday_names  # only here: see that module

    for place, clinic in enumerate(organization.clinics):
        try:
            names = holiday_names(organization.country, clinic.state, _NAME_YEARS)
        except ConfigError as error:
            yield Problem(("clinics", place, "state"), error.sentence)
            continue
        plain = {name.casefold(): name for name in names}
        for number, name in enumerate(clinic.open_on):
            if name.casefold() not in plain:
                close = difflib.get_close_matches(name.casefold(), plain, n=1)
                hint = f"; did you mean {plain[close[0]]}?" if close else f": {', '.join(names)}"
                yield Problem(("clinics", place, "open_on", number), f"unknown holiday{hint}")


def _dotted(path: Path) -> str:
    """The key as a person writes it; ``clinics[2]`` is the second [[clinics]] of the file."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "file"
