"""The referral: a pure fold over facts, the same in any order and however often they are told.

The store folds facts for the card on the board; the workflow folds the same facts for its waits.
Questions imply what came before: a referral whose plan is signed has been evaluated, even if the
evaluation was never told, so a fact told early is simply known when a step arrives.
"""

from __future__ import annotations

from models.referral.message import MessageRef, appointment_of
from models.referral.whole import OPEN, Referral, Stage

__all__ = ["OPEN", "MessageRef", "Referral", "Stage", "appointment_of"]
