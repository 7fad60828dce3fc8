"""The roles a task can belong to."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Who does a task at the clinic; one person may have several."""

    FRONT_DESK = "front_desk"
    LEAD = "lead"
    THERAPIST = "therapist"
    DIRECTOR = "director"
    LIAISON = "liaison"
    BILLING = "billing"
    COMPLIANCE = "compliance"
    ADMIN = "admin"
