"""Who is asking: a bearer token of one organization, compared in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from models.errors import NotAllowed
from settings import Settings

T = TypeVar("T")


class Reader(NamedTuple):
    """Who reads figures: no ``clinics`` is all of them, ``identified`` days and ids as well."""

    org: str
    name: str
    clinics: tuple[str, ...] = ()
    identified: bool = False


def organization_of(settings: Settings, authorization: str | None) -> str:
    """The organization whose token this is; raises NotAllowed ``bad_token``.

    Every token of every organization is compared, so that the time taken tells nothing.
    """
    pairs = ((known, org) for org in settings.api_tokens for known in settings.tokens(org))
    found = _match(pairs, authorization)
    if found is None:
        raise _unknown()
    return found


def reader_of(settings: Settings, authorization: str | None) -> Reader:
    """Who reads the reports; a token of the API reads every clinic, without days and ids.

    Raises NotAllowed ``bad_token``. Compared as above.
    """
    found = _match(_readers(settings), authorization)
    if found is None:
        raise _unknown()
    return found


def _readers(settings: Settings) -> Iterator[tuple[str, Reader]]:
    for org in settings.api_tokens:
        for known in settings.tokens(org):
            yield known, Reader(org, "api")
    for org, readers in settings.report_tokens.items():
        for one in readers:
            reader = Reader(org, one.name, one.clinics, one.identified)
            yield one.token.get_secret_value(), reader


def _match(known: Iterable[tuple[str, T]], authorization: str | None) -> T | None:
    scheme, _, token = (authorization or "").partition(" ")
    given = token.strip().encode("utf-8", "replace")
    found: T | None = None
    for one, whose in known:
        same = hmac.compare_digest(one.encode(), given)
        if same and scheme.lower() == "bearer":
            found = whose
    return found


def _unknown() -> NotAllowed:
    return NotAllowed(
        "Send a token of your organization: 'Authorization: Bearer <token>'.",
        code="bad_token",
        field="Authorization",
    )
