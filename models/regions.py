"""Body regions as codes: they tell two courses of one patient apart, and stand in no message."""

from __future__ import annotations

from enum import StrEnum


class Region(StrEnum):
    """What part of the body a referral is about; never in a text or a subject (policy.md §3)."""

    NECK = "neck"
    BACK = "back"
    SHOULDER = "shoulder"
    ELBOW = "elbow"
    HAND = "hand"  # wrist included
    HIP = "hip"
    KNEE = "knee"
    FOOT = "foot"  # ankle included
    JAW = "jaw"
    PELVIS = "pelvis"
    BALANCE = "balance"
