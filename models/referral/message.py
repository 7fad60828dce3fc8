"""How a message is named within its referral."""

from __future__ import annotations

from typing import NamedTuple

from models.kinds import Kind


class MessageRef(NamedTuple):
    """Which message: its kind, the party it goes to, and the occasion that asks for it."""

    kind: Kind
    to: str
    occasion: str

    @property
    def key(self) -> str:
        """The message's name within its referral, e.g. ``plan_of_care:certifier:v1``."""
        return f"{self.kind}:{self.to}:{self.occasion}"

    @classmethod
    def parse(cls, key: str) -> MessageRef:
        """The reverse of ``key``; the party may contain colons. Raises ValueError."""
        kind, rest = key.split(":", 1)
        to, occasion = rest.rsplit(":", 1)
        return cls(Kind(kind), to, occasion)


def appointment_of(occasion: str) -> str:
    """The appointment that a message about a visit is for; behind @ stands when it moved."""
    return occasion.partition("@")[0]
