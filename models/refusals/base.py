"""Why a decision is not possible."""

from __future__ import annotations

from typing import Final

from models.base import Model


class Refusal(Model):
    """Why a decision is not possible, in a sentence for the person who made it."""

    code: str
    sentence: str


# What a machine read contacts nobody, by no way and no hand (policy.md rule 7).
UNCONFIRMED: Final = Refusal(
    code="unconfirmed",
    sentence="A machine read this referral and nobody has vouched for it: confirm it before "
    "anybody writes to the patient, calls them or books for them.",
)
