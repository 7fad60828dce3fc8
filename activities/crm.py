"""Touches and tasks about sources, handed to the CRM in batches.

A note for a quiet source comes with a draft, for the liaison to make their own; it is never sent
by itself (policy.md §3 re_engagement).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlmodel import Session

from activities.letters import local, printed
from activities.tenants import Tenants
from activities.wording import render
from integrations.contract import Accepted, ChannelClient
from integrations.registry import Clients
from models.contracts import Parcel, Sent
from models.errors import CannotTell, ChannelError
from models.kinds import Kind
from models.messages import ReEngagement
from models.people import SourceKind
from reports.kit.text import day
from store import post, sources
from store.engine import Store
from store.tables import DeliveryRow, DeliveryState


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
                post.put_off(session, row.id, row.attempt + 1, code=error.code)
            return False

    def _claim(self, row: DeliveryRow, now: datetime) -> Parcel | None:
        with self._store.write() as session:
            if not post.claim(session, row.id, row.attempt, at=now, again=True):
                return None
            payload = dict(row.payload or {})
            draft = self._draft(session, row.org, payload, now)
        body = json.dumps(payload | draft, ensure_ascii=False, sort_keys=True)
        return Parcel(reference=row.reference, channel="crm", to=row.org, body=body)

    def _settle(self, row: DeliveryRow, accepted: Accepted, now: datetime) -> bool:
        with self._store.write() as session:
            post.settle(
                session, row.id, DeliveryState.DELIVERED, at=now, vendor_id=accepted.vendor_id
            )
        return True

    def _draft(
        self, session: Session, org: str, payload: dict[str, Any], now: datetime
    ) -> dict[str, str]:
        """The words to begin with, for a task about a quiet office."""
        if payload.get("kind") != Kind.RE_ENGAGEMENT:
            return {}
        source = sources.get(session, org, str(payload.get("source_id")))
        if source.kind == SourceKind.PAST_PATIENT or source.last_received_at is None:
            return {}
        organization = self._tenants.get(org).organization
        clinic = organization.clinics[0]
        context = ReEngagement(
            clinic=clinic.short_name,
            phone=printed(clinic.phone),
            source=source.name,
            days_quiet=max(0, (now - source.last_received_at).days),
            last_referral=day(local(source.last_received_at, clinic).date()),
            postal_address=organization.postal_address,
        )
        return {"draft": render(Kind.RE_ENGAGEMENT, "crm", "en", context).body}

    def _client(self, row: DeliveryRow) -> ChannelClient:
        return self._channels["crm", self._tenants.get(row.org).channels.crm]
