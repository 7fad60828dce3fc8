"""Touches and tasks about sources, handed to the CRM in batches.

A note for a quiet source comes with a draft, for the liaison to make their own; it is never sent
by itself (policy.md §3 re_engagement).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlmodel import Session

from activities.re_engagement import draft
from activities.tenants import Tenants
from integrations.contract import Accepted, ChannelClient
from integrations.registry import Clients
from models.contracts import Parcel, Sent
from models.errors import CannotTell, ChannelError
from models.tasks import TaskKind
from store import post, settling, sources
from store.engine import Store
from store.tables import DeliveryRow, DeliveryState

_QUIET = frozenset({TaskKind.RE_ENGAGEMENT, TaskKind.QUIET_PRACTICE})


class CrmOutbox:
    """Flushes queued rows; one that stands ``sending`` from a run cut off is looked up first."""

    def __init__(self, store: Store, tenants: Tenants, channels: Clients) -> None:
        self._store = store
        self._tenants = tenants
        self._channels = channels

    def waiting(self) -> list[DeliveryRow]:
        """What the CRM has not been given yet, oldest first."""
        with self._store.read() as session:
            return [row for row in post.unsent_crm(session) if row.org in self._tenants]

    def flush(self, row: DeliveryRow, now: datetime) -> bool:
        """Give the CRM one row; True once it has it. A refusal leaves the row for the next run."""
        client = self._client(row)
        try:
            if row.state == DeliveryState.SENDING:
                found = client.find(Sent(reference=row.reference))
                if found is not None:
                    return self._settle(row, Accepted(vendor_id=found.vendor_id), now)
            parcel = self._claim(row, now)
            return parcel is not None and self._settle(row, client.send(parcel), now)
        except (ChannelError, CannotTell) as error:
            with self._store.write() as session:
                settling.put_off(session, row.id, row.attempt + 1, code=error.code)
            return False

    def _claim(self, row: DeliveryRow, now: datetime) -> Parcel | None:
        with self._store.write() as session:
            if not settling.claim(session, row.id, row.attempt, at=now, again=True):
                return None
            payload = dict(row.payload or {})
            note = self._draft(session, row.org, payload, now)
        body = json.dumps(payload | note, ensure_ascii=False, sort_keys=True)
        return Parcel(reference=row.reference, channel="crm", to=row.org, body=body)

    def _settle(self, row: DeliveryRow, accepted: Accepted, now: datetime) -> bool:
        with self._store.write() as session:
            settling.settle(
                session, row.id, DeliveryState.DELIVERED, at=now, vendor_id=accepted.vendor_id
            )
        return True

    def _draft(
        self, session: Session, org: str, payload: dict[str, Any], now: datetime
    ) -> dict[str, str]:
        """The words to begin with, for a task about a quiet office."""
        if payload.get("type") != "task" or payload.get("kind") not in _QUIET:
            return {}
        source = sources.get(session, org, str(payload.get("source_id")))
        words = draft(self._tenants, source, now)
        return {"draft": words} if words else {}

    def _client(self, row: DeliveryRow) -> ChannelClient:
        return self._channels["crm", self._tenants.get(row.org).channels.crm]
