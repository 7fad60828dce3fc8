"""A person's word on what an event is about: checked, and the event applied where they said."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from activities.apply import read_row
from activities.tenants import Tenants
from integrations.emr.events import PROVIDER_LEFT, RECEIVED
from models.errors import Refused, UserError
from models.facts import MatchChosen
from models.tasks import TaskKind, task_key
from store import inbox, tasks
from store.engine import Store
from store.tables import InboxState, TaskState

_OPEN: Final = frozenset({InboxState.TASK, InboxState.WAITING})


class Matching:
    """The inbox as a person who places an event needs it; methods block."""

    def __init__(self, store: Store, tenants: Tenants) -> None:
        self._store = store
        self._tenants = tenants

    def check(self, org: str, referral_id: str, chosen: MatchChosen) -> None:
        """Whether this event may be said to be about that referral.

        Raises NotFound, Refused ``already_placed``, ``not_about_a_referral`` or, where somebody
        takes their word back, ``event_stands``.
        """
        if chosen.retracted:
            raise Refused(
                "What the event told stands; have it taken back by whoever sent it, or by hand.",
                code="event_stands",
            )
        with self._store.read() as session:
            row = inbox.get(session, org, chosen.event_id)
        if row.matched_to == referral_id:
            return  # said before: again is harmless
        if row.matched_to is not None or row.state not in _OPEN:
            raise _placed()
        country = self._tenants.get(org).organization.country
        try:
            kind = read_row(row.origin, row.body, row.received_at, country).type
        except UserError:
            kind = RECEIVED
        if kind in {RECEIVED, PROVIDER_LEFT}:
            raise Refused(
                "This is no event about one referral: correct it where it came from, then "
                "complete the task.",
                code="not_about_a_referral",
            )

    def attach(self, org: str, referral_id: str, chosen: MatchChosen, now: datetime) -> str | None:
        """Have the row applied to the referral, and its task done by whoever said so.

        Answers another referral whose task asked about this event, if there is one; twice changes
        nothing. The row is still to be dispatched. Raises Refused ``already_placed`` where somebody
        has placed it elsewhere since ``check``.
        """
        with self._store.write() as session:
            row = inbox.get(session, org, chosen.event_id)
            asked = row.referral_id if row.state == InboxState.TASK else None
            if not inbox.match(session, row.id, referral_id) and row.matched_to != referral_id:
                raise _placed()
            key = task_key(TaskKind.UNMATCHED_EVENT, row.id)
            task = tasks.find(session, org, tasks.ORG, key)
            if task is not None and task.state == TaskState.OPEN:
                tasks.complete(session, org, task.id, by=chosen.by, at=now)
            return asked if asked != referral_id else None


def _placed() -> Refused:
    return Refused("This event has found its referral already.", code="already_placed")


def question_about(row_id: str) -> str:
    """The key of the task that asked which referral a row is about."""
    return task_key(TaskKind.UNMATCHED_EVENT, row_id)
