"""Tokens that read figures and nothing else."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from models.base import StrictModel


class ReportToken(StrictModel):
    """One reader of the reports: what it is called in the audit log, and how much it may see.

    No ``clinics``: all of them. ``identified``: days, moments and our ids as well.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,30}$")]
    token: SecretStr
    clinics: tuple[str, ...] = ()
    identified: bool = False
