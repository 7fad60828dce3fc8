"""Each organization's own key for what the read API must not say: ids become pseudonyms by it.

It lives in the record, beside what it hides, because it has to outlast every rotation of secrets:
a pseudonym that changed would cut the figures somebody has joined by it. Whoever has the database
has the referrals anyway.
"""

from __future__ import annotations

import secrets

from sqlmodel import Session

from store.engine import Store
from store.rows import insert_unless_there
from store.tables_scorecard import ReportKeyRow

BYTES = 32


def key_of(store: Store, org: str) -> bytes:
    """The organization's key, made when it is first asked for; always the same afterwards."""
    with store.read() as session:
        found = _known(session, org)
    if found is not None:
        return found
    with store.write() as session:
        insert_unless_there(session, ReportKeyRow(org=org, key=secrets.token_bytes(BYTES)))
        row = session.get_one(ReportKeyRow, org)
        return row.key


def _known(session: Session, org: str) -> bytes | None:
    row = session.get(ReportKeyRow, org)
    return row.key if row is not None else None
