"""A text from a patient as a sender told it: the id, the words, the number it came from."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from integrations.emr.problems import validated
from models import shapes
from models.base import StrictModel
from models.errors import BadRequest
from models.events import Event, Short
from models.facts import Id

REPLIED: Final = "patient_replied"
#: What an event says beside the fact: both stay in the store.
WORDS: Final = ("text", "phone")
LONGEST_TEXT: Final = 5000  # characters; the longest chained text has about 1,600


class TextIn(StrictModel):
    """One text; without words the sender keeps them, and a person has to look there."""

    reply_id: Id
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = None
    phone: Short | None = None


def read_text(event: Event, country: str = "US") -> TextIn:
    """The text inside a ``patient_replied`` event, its number normalised; pure.

    Raises BadRequest ``invalid_event`` and ``bad_phone`` naming the field; one without a number
    must name its referral.
    """
    read = validated(TextIn, event.data, within=["data"])
    if read.phone is None:
        return read
    try:
        return read.model_copy(update={"phone": shapes.phone(read.phone, country)})
    except BadRequest as error:
        raise BadRequest(error.sentence, code=error.code, field="data.phone") from None
