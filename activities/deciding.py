"""Staff decisions on their way to the referral's workflow, or to the record of a closed one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from activities import notes
from activities.loop import Decided, Loop
from activities.tenants import Tenants
from models import duty
from models.decisions import refusal
from models.errors import NotFound, Refused
from models.facts import AnyDecision, TaskHandedOver, TaskTaken
from models.tasks import TaskKind, kind_of
from store import referrals
from store.engine import Store
from store.record import Record


class Deciding:
    """Has decisions taken; safe to share between tasks and threads."""

    def __init__(
        self, store: Store, loop: Loop, tenants: Tenants, clock: Callable[[], datetime]
    ) -> None:
        """``clock`` says when the record learned of a decision about a closed referral."""
        self._store = store
        self._record = Record(store)
        self._loop = loop
        self._tenants = tenants
        self._clock = clock

    async def decide(self, org: str, referral_id: str, decision: AnyDecision) -> Decided:
        """Have a staff decision taken; see ``Intake.decide``."""
        known, decision = await asyncio.to_thread(self._complete, org, referral_id, decision)
        try:
            decided = await self._loop.decide(org, known, decision)
            if decided.state == "closed":
                decided = await asyncio.to_thread(self._decide_closed, org, known, decision)
        except Refused as refused:
            notes.decided(org, known, decision.kind, "refused", refused.code)
            raise
        notes.decided(org, known, decision.kind, decided.state)
        return decided

    def _complete(
        self, org: str, referral_id: str, decision: AnyDecision
    ) -> tuple[str, AnyDecision]:
        """The first referral's id, and what only we can say of the decision."""
        card = self._record.card(org, referral_id)
        if isinstance(decision, TaskTaken | TaskHandedOver):
            decision = decision.model_copy(
                update={"until": self._lease(org, card.referral_id, decision)}
            )
        return card.referral_id, decision

    def _lease(self, org: str, referral_id: str, decision: TaskTaken | TaskHandedOver) -> datetime:
        with self._store.read() as session:
            row = referrals.get(session, org, referral_id)
        try:
            kind = kind_of(decision.task)
        except ValueError:
            raise NotFound("There is no such task.") from None
        who = decision.to if isinstance(decision, TaskHandedOver) else decision.by
        return lease_ends(self._tenants, org, row.clinic_id, who, kind, row.urgency, decision.at)

    def _decide_closed(self, org: str, referral_id: str, decision: AnyDecision) -> Decided:
        with self._store.write() as session:
            refused = refusal(self._record.load(session, org, referral_id), decision)
            if refused is not None:
                raise Refused(refused.sentence, code=refused.code)
            written = self._record.write_in(
                session, org, referral_id, decision, recorded_at=self._clock()
            )
            return Decided("done", written.card.version)


def lease_ends(
    tenants: Tenants,
    org: str,
    clinic_id: str | None,
    who: str,
    kind: TaskKind,
    urgency: str,
    at: datetime,
) -> datetime:
    """When a task returns that somebody takes at this moment, by the live policy and staff."""
    tenant = tenants.get(org)
    return duty.lease_ends(
        at,
        next((one for one in tenant.staff if one.id == who), None),
        tenant.policy,
        tenants.calendar(org, at, clinic_id),
        pressing=duty.urgent(kind, urgency),
    )
