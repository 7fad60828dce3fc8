"""What the read API and the scorecards keep."""

from __future__ import annotations

from sqlalchemy import LargeBinary
from sqlmodel import Field

from store.columns import Table


class ReportKeyRow(Table, table=True):
    """The key by which an organization's ids become pseudonyms; written once, never changed."""

    __tablename__ = "report_keys"

    org: str = Field(primary_key=True)
    key: bytes = Field(sa_type=LargeBinary)
