"""Column types that read back the same from every database, and the base of every table."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, MetaData, Text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

# NUL and unpaired surrogates: what Postgres refuses and SQLite takes.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Constraints have the same names on both databases, so that a migration can speak of them.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(SQLModel):
    """Base of every table; rows are not validated, what writes them hands in checked values."""

    metadata = MetaData(naming_convention=_NAMES)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware going in, aware and in UTC coming out.

    A naive value is a bug of ours and raises ValueError before it reaches the database.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC, for databases that forget the zone."""
        del dialect  # every database alike
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime must not reach the store")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From UTC, whether or not the database says so."""
        del dialect  # every database alike
        if value is None:
            return None
        moment: datetime = value
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class Words(TypeDecorator[str]):
    """Text from outside, kept as it came but for what not every database can hold.

    A hostile name must neither be refused by one database and taken by the other, nor be lost.
    """

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """NUL and unpaired surrogates become U+FFFD."""
        del dialect  # every database alike
        return None if value is None else storable(value)


def storable(text: str) -> str:
    """The text with NUL and unpaired surrogates replaced by U+FFFD; everything else stays."""
    return _UNSTORABLE.sub("\ufffd", text)
