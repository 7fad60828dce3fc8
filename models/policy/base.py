"""The kinds of number a policy is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from models.hours import Span

Count = Annotated[int, Field(ge=1, le=1000)]
Share = Annotated[float, Field(gt=0, lt=1)]
span = Span.of
