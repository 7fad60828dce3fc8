"""What became of the patients of one source or one office: plain values, for a page and a letter.

Counted over twelve months that end with a closed one, by the registry of measures. It holds the
figures of this source alone, of no patient and of no other office. What stands on fewer patients
than ``least`` never leaves the house (policy.md §2 report, §3 scorecard [W2]).
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import Field

from models.base import Model
from models.documents import Document
from models.errors import Refused
from models.facts import UtcDatetime
from models.monthly import FEW, Amount, Outcome, Unit


class CardFigure(Model):
    """One figure of the registry, of this source's patients; ``note`` is its definition."""

    name: str
    title: str
    note: str
    unit: Unit
    amount: Amount


class Scorecard(Model):
    """Twelve months of one source, or of one office with all its providers.

    ``received`` are its valid referrals in that time. Months are ``YYYY-MM``, both included.
    """

    name: str
    first: str
    last: str
    as_of: UtcDatetime
    received: int
    least: int = Field(default=FEW, ge=FEW)
    figures: tuple[CardFigure, ...] = ()
    outcomes: tuple[Outcome, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether they sent enough patients for anything to be said to them."""
        return self.received >= self.least

    def shows(self, amount: Amount) -> bool:
        """Whether a figure stands on enough patients to leave the house."""
        return amount.value is not None and amount.n >= self.least

    def told(self) -> Scorecard:
        """The same with nothing in it that stands on too few.

        Raises Refused ``too_few`` where nothing would be left to tell.
        """
        figures = tuple(one for one in self.figures if self.shows(one.amount))
        outcomes = tuple(
            one for one in self.outcomes if one.n >= self.least and one.median_percent is not None
        )
        if not self.enough or not figures:
            raise Refused(
                f"In these twelve months they sent {self.received}, and nothing is said of fewer "
                f"than {self.least} patients.",
                code="too_few",
            )
        return self.model_copy(update={"figures": figures, "outcomes": outcomes})


class ScorecardLetter(Document):
    """Tells an office what became of its patients: facts of its own patients, no advertising.

    ``card`` has been through ``Scorecard.told``. ``counted_on`` is the clinic's day on which the
    last month was closed.
    """

    kind: ClassVar[str] = "scorecard"
    title: ClassVar[str] = "What became of your patients"

    card: Scorecard
    counted_on: date


#: The figures of a scorecard, by their names in the registry, in their order.
FIGURES: tuple[str, ...] = (
    "contacted_24h",
    "converted",
    "evaluation_days",
    "visits",
    "completed",
    "plan_hours",
    "summary_24h",
)
