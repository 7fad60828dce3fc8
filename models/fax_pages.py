"""A fax as a machine read it: pages of text with how sure it was."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from models.base import Model
from models.fax import Trouble


class PageText(Model):
    """One page; ``doubtful`` are the words hardly made out, in lower case."""

    number: Annotated[int, Field(ge=1)]
    text: str = ""
    source: Literal["text", "ocr", "none"] = "none"
    quality: int = 0  # 0-100
    doubtful: tuple[str, ...] = ()
    rotate: int = 0  # degrees clockwise to show it upright
    codes: tuple[str, ...] = ()
    trouble: Trouble | None = None


class Reading(Model):
    """A whole fax; ``count`` pages, of which ``pages`` were read."""

    pages: tuple[PageText, ...] = ()
    count: int = 0
    trouble: Trouble | None = None
