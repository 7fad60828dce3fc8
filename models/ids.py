"""Ids: opaque, PHI-free, and built in one place.

Workflow ids carry the organization and an opaque id, never a name or a number a person has.
"""

from __future__ import annotations

import re
import secrets
from typing import NewType

ReferralId = NewType("ReferralId", str)
SourceId = NewType("SourceId", str)
OrgId = NewType("OrgId", str)

SLUG = re.compile(r"^[a-z0-9][a-z0-9_-]{0,62}$")
OPAQUE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")

# No vowels and no look-alikes: an id read over the phone spells no word and is not misheard.
_ALPHABET = "23456789bcdfghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """A fresh opaque id such as ``ref_7gk2mz4vhtqp``; 12 characters, about 57 bits."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(12))


def referral_workflow_id(org: str, referral_id: str) -> str:
    """The workflow id of one referral."""
    return f"referral/{org}/{referral_id}"


def source_workflow_id(org: str, source_id: str) -> str:
    """The workflow id of one source's silence watch."""
    return f"source/{org}/{source_id}"


def fax_workflow_id(org: str, content_hash: str) -> str:
    """The workflow id of one fax: the same pages again are the same fax."""
    return f"fax/{org}/{content_hash}"


def report_workflow_id(org: str, scope: str) -> str:
    """The workflow id of the monthly reports of one clinic, or of all of them (``*``)."""
    return f"report/{org}/{'all' if scope == '*' else scope}"


def referral_of(workflow_id: str) -> tuple[str, str]:
    """The organization and referral id inside a referral workflow id."""
    _, org, referral_id = workflow_id.split("/", 2)
    return org, referral_id
