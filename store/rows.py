"""The few moves every table shares."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from models.errors import Conflict
from store.columns import Table

R = TypeVar("R", bound=Table)

# How a row is locked here: FOR NO KEY UPDATE. Inserting a row that points to this one locks its key
# in passing, and FOR UPDATE would wait for that: two transactions that each insert a message of one
# referral and then lock the referral would stop each other. SQLite
# has no row locks and needs none: its writers already queue.
LOCKED: Final = {"key_share": True}


def insert_unless_there(session: Session, row: Table) -> bool:
    """Insert a row; False when a uniqueness rule says that it is there already.

    The transaction goes on either way, so that two writers who find nothing and insert the same
    thing end with one row and no error: the one told False looks it up.
    """
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def find_or_insert(session: Session, row: R, find: Callable[[], R | None]) -> tuple[R, bool]:
    """The row *find* knows, or the given one inserted, and whether it was; safe in a race."""
    found = find()
    if found is not None:
        return found, False
    if insert_unless_there(session, row):
        return row, True
    found = find()
    if found is None:
        raise Conflict("A row clashes with one that is about something else.")
    return found, False


def fold(text: str) -> str:
    """A name as a key to find it by: composed, lower case, white space made single."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def digest(*parts: str) -> str:
    """A hash of several texts, 32 hexadecimal digits; their borders count."""
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:32]
