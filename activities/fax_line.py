"""One practice, one fax line (policy.md rule 13): who waits for company, and who goes along.

A letter that may wait is held; the first whose time comes takes along what waits for the same
number. Each is judged by itself at that moment, as if it went alone, and drawn before anything is
claimed. What may not go now is simply left: its own turn sees to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from sqlmodel import Session

from activities.company import Drawn, Going, along
from activities.judging import turn_of
from activities.letters import Letter
from activities.tenants import Tenants
from activities.turns import Carried, Turn
from models import bundling
from models.referral import Referral
from models.sending import Go, Hold, Never
from store import line
from store.contacts import Contact
from store.record import Record
from store.tables import MessageRow

FULL = "line_full"
SHARED = frozenset({line.FOR_COMPANY, FULL})  # reasons to wait under which others may go along


class FaxLine:
    """Questions about one number; every method runs inside the caller's transaction."""

    def __init__(self, record: Record, tenants: Tenants) -> None:
        self._record = record
        self._tenants = tenants

    def judge(
        self,
        session: Session,
        turn: Turn,
        referral: Referral,
        row: MessageRow,
        to: Contact,
        letter: Letter,
        *,
        begun: bool,
    ) -> Go | Hold | Never:
        """Wait for company, wait for another day, or go now; ``begun``: it was tried already."""
        number = shared_line(turn, to)
        if number is None:
            return Go()
        rules = turn.rules
        about = (turn.given.kind, row.created_at, referral.received.at, rules)
        waits = row.held_until if row.why == line.FOR_COMPANY else None
        if not begun and (waits is None or turn.at < waits):
            gathering = waits or line.gathering(session, turn.given.org, number, turn.at)
            limit = bundling.latest(*about, unasked=True)
            at = bundling.company_at(turn.at, limit, gathering, rules)
            if at is not None:
                return Hold(until=at, why=line.FOR_COMPANY)
        if bundling.takes(letter.pages, self._pages_today(session, turn, number), rules):
            return Go()
        at = bundling.another_day(turn.at, bundling.latest(*about), rules)
        return Never(why=FULL) if at is None else Hold(until=at, why=FULL)

    def others(self, session: Session, first: Going) -> tuple[Turn, ...]:
        """The turns of what waits for the line that this letter goes to."""
        if not _shares(first):
            return ()
        rows = line.waiting(session, first.turn.given.org, first.address, first.turn.at)
        at = first.turn.at
        others = [row for row in rows if row.id != first.row.id]
        return tuple(turn_of(session, self._tenants, row, at) for row in others)

    def joining(self, session: Session, first: Going, company: Sequence[Drawn]) -> list[Going]:
        """Who goes along, while the line takes them."""
        if not company or not _shares(first):
            return []
        gone = self._pages_today(session, first.turn, first.address) + first.letter.pages
        found = []
        for one in company:
            going = self._may_join(session, first, one)
            if going is not None and bundling.takes(one.letter.pages, gone, first.turn.rules):
                found.append(going)
                gone += one.letter.pages
        return found

    def _may_join(self, session: Session, first: Going, one: Drawn) -> Going | None:
        """None for what may not go now, or waits for another line."""
        going = along(session, self._record, self._tenants, first, one)
        if going is None or going.row.line != first.address:
            return None
        return going if shared_line(one.turn, going.to) == first.address else None

    def _pages_today(self, session: Session, turn: Turn, number: str) -> int:
        calendar = turn.rules.calendar
        midnight = calendar.at_local(calendar.local_date(turn.at), time(0))
        return line.pages_to(session, turn.given.org, number, midnight)


def shared_line(turn: Turn, to: Contact) -> str | None:
    """The number at which this letter may share a transmission.

    A number that nobody has verified gets each letter by itself, behind a cover sheet.
    """
    return to.fax if to.verified and bundling.may_wait(turn.given.kind) else None


def line_of(one: Carried) -> str | None:
    """The line a letter waits for when it is tried again, where others may go along."""
    shares = one.attempt.channel == "fax" and bundling.may_wait(one.turn.given.kind)
    return one.attempt.address if shares else None


def _shares(going: Going) -> bool:
    return going.channel == "fax" and shared_line(going.turn, going.to) is not None
