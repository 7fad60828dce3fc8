"""What a report is about: whose lines, of which month, as known when."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from models.ledger import Counted
from models.months import back, up_to
from store.ledger import known_at
from store.tables import LedgerRow

YEAR = 12


class Period(NamedTuple):
    """One month of some clinics, as known at a moment: its closing, or now.

    ``newest``: the month is open, and what was learned last counts whatever clock it was told by.
    ``at`` is then the time it is, for what is still to come. ``begins`` is the midnight at which
    the twelve months begin for the organization's sources, who belong to no one clinic.
    """

    org: str
    clinics: tuple[str, ...]
    month: str
    at: datetime
    newest: bool = False
    begins: datetime | None = None

    @property
    def known(self) -> datetime | None:
        """The moment for ``ledger.known_at``; None for the lines that hold now."""
        return None if self.newest else self.at

    @property
    def year(self) -> tuple[str, ...]:
        """Twelve months, oldest first, this one the last."""
        return up_to(self.month, YEAR)

    @property
    def compared(self) -> tuple[str, ...]:
        """The same and the month of a year ago before them."""
        return (back(self.month, YEAR), *self.year)

    def of_month(self, month: str) -> Period:
        """Another month, as known at the same moment."""
        return self._replace(month=month)

    def lines(self) -> ColumnElement[bool]:
        """Every line of these clinics that held at the moment."""
        return and_(
            col(LedgerRow.org) == self.org,
            col(LedgerRow.clinic_id).in_(self.clinics),
            known_at(self.known),
        )

    def referrals(self) -> ColumnElement[bool]:
        """Of these the valid referrals: no duplicates, renewals, errors, nothing unconfirmed."""
        return and_(self.lines(), col(LedgerRow.counted) == Counted.REFERRAL)
