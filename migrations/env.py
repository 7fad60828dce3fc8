"""How Alembic meets our database: on the connection it is handed, or by URL from the command line.

``alembic -x url=postgresql://… upgrade head``, or ``REFERRAL_LOOP_STORE_URL`` in the
environment. Programs call ``store.engine.migrate`` instead, which hands in a connection inside its
own transaction.
"""

from __future__ import annotations

import os
from typing import Literal

from alembic import context
from sqlalchemy import Connection
from sqlmodel.sql.sqltypes import AutoString

from models.errors import ConfigError
from store.columns import UtcDateTime, Words
from store.engine import open_store
from store.tables import Table


def plain_type(kind: str, thing: object, _context: object) -> str | Literal[False]:
    """How a new revision writes our column types: as what they are in the database."""
    if kind == "type":
        if isinstance(thing, UtcDateTime):
            return "sa.DateTime(timezone=True)"
        if isinstance(thing, Words):
            return "sa.Text()"
        if isinstance(thing, AutoString):
            return "sa.String()"
    return False


def run(connection: Connection) -> None:
    """Walk the revisions on one connection, in one transaction on both databases."""
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        compare_type=True,
        render_as_batch=True,  # SQLite alters a table by making it anew
        transactional_ddl=True,
        render_item=plain_type,
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Find the connection and run."""
    handed_in = context.config.attributes.get("connection")
    if handed_in is not None:
        run(handed_in)
        return
    url = context.get_x_argument(as_dictionary=True).get("url") or os.environ.get(
        "REFERRAL_LOOP_STORE_URL"
    )
    if not url:
        raise ConfigError(
            "Name the database: alembic -x url=sqlite:///path … or REFERRAL_LOOP_STORE_URL."
        )
    store = open_store(url)
    with store.begin() as connection:
        run(connection)
    store.close()


main()
