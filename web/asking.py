"""What small forms and their senders say, read the same way by every page without a session."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request

from models.errors import TooLarge

FORM_BYTES: Final = 8192
_MOST_FIELDS: Final = 10


def caller_of(request: Request) -> str:
    """The address a request came from."""
    return request.client.host if request.client else ""


async def small_form(request: Request) -> dict[str, str]:
    """The fields of a form without files, each one's first value; empty for what is no form.

    Raises TooLarge over 8 KiB.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_BYTES:
            raise TooLarge("This is more than the form can hold.")
    try:
        told = parse_qs(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:  # not what a form of ours sends
        return {}
    return {name: values[0] for name, values in told.items()}
