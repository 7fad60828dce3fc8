"""One promised date: what is owed, when, and whose it becomes once late."""

from __future__ import annotations

from datetime import datetime

from models.base import Model
from models.roles import Role
from models.tasks import TaskKind


class Due(Model):
    """A date that facts and policy promise.

    ``at`` is UTC. ``owner`` is None while the loop acts by itself at that moment; otherwise the
    role that answers for it, and ``task`` what stands on their board once it has passed, to be done
    ``by`` then (within the lease of the policy, where it says nothing).
    ``says`` is a plain sentence without names or dates: it labels the timer in the Temporal UI.
    """

    key: str
    at: datetime
    says: str
    owner: Role | None = None
    task: TaskKind | None = None
    occasion: str = "1"
    by: datetime | None = None
