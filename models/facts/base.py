"""What every fact has: a kind, a key, when it happened and when the teller knew it."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from models.base import Model

UtcDatetime = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
# No colon: ids are joined by colons into the keys of facts, messages and tasks.
Id = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class Fact(Model):
    """One keyed thing that happened; see the module."""

    kind: str
    at: UtcDatetime
    as_of: UtcDatetime
    retracted: bool = False

    @model_validator(mode="before")
    @classmethod
    def _known_when_it_happened(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("as_of") is None and "at" in given:
            return {**given, "as_of": given["at"]}
        return given

    @property
    def key(self) -> str:
        """What this fact is about, unique within a referral."""
        return self.kind
