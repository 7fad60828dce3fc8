"""Every number and switch of policy.md §2, typed, with its default.

``bh``/``bd`` are business hours/days of the location, ``bm`` business minutes, ``wh`` wall hours,
``d`` calendar days (models/hours.py). Sources in comments resolve in the reference's domain.md;
lines without one are judgment. Contradictions between numbers are refused when the file is read
(models/policy_checks.py), never here: a pinned policy must still decode after a rule is added.
"""

from __future__ import annotations

from models.policy.arriving import Ack, Decline, Office
from models.policy.care import ChaseStep
from models.policy.house import Feed, Retention, Silence
from models.policy.reaching import CadenceStep, Text
from models.policy.whole import Policy, Rules

__all__ = [
    "Ack",
    "CadenceStep",
    "ChaseStep",
    "Decline",
    "Feed",
    "Office",
    "Policy",
    "Retention",
    "Rules",
    "Silence",
    "Text",
]
