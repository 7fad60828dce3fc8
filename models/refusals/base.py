"""Why a decision is not possible."""

from __future__ import annotations

from models.base import Model


class Refusal(Model):
    """Why a decision is not possible, in a sentence for the person who made it."""

    code: str
    sentence: str
