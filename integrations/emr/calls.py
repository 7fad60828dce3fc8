"""A call that nobody answered as a sender told it: its id, the caller's number, the one called."""

from __future__ import annotations

from typing import Final

from integrations.emr.problems import validated
from models import shapes
from models.base import StrictModel
from models.errors import BadRequest
from models.events import Event, Short
from models.facts import Id

MISSED: Final = "call_missed"
#: What an event says beside the fact: both stay in the store.
NUMBERS: Final = ("phone", "called")


class CallIn(StrictModel):
    """One call; ``called`` is our number, which says whose desk calls back."""

    call_id: Id
    phone: Short
    called: Short | None = None


def read_call(event: Event, country: str = "US") -> CallIn:
    """The call inside a ``call_missed`` event, its numbers normalised; pure.

    Raises BadRequest ``invalid_event``, and ``bad_phone`` for a caller who withholds their number:
    nobody can be called back.
    """
    read = validated(CallIn, event.data, within=["data"])
    try:
        phone = shapes.phone(read.phone, country)
    except BadRequest as error:
        raise BadRequest(error.sentence, code=error.code, field="data.phone") from None
    try:
        called = shapes.phone(read.called, country) if read.called else None
    except BadRequest:
        called = None  # ours, and only a hint
    return read.model_copy(update={"phone": phone, "called": called})
