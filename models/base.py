"""The base of every value that crosses a border of the system."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen value that tolerates fields it does not know.

    Unknown fields are ignored because a signal whose payload does not decode is dropped by the
    engine; an older worker must be able to read what a newer one wrote. Inputs are hidden in
    validation errors because they may hold facts about a patient.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )


class StrictModel(Model):
    """The same for files a person wrote: an unknown key is a typing mistake and is refused."""

    model_config = ConfigDict(extra="forbid")
