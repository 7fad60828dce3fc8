"""Staff decisions on their way to the referral's workflow, or to the record of a closed one."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from activities import notes
from activities.applied import DECIDED
from activities.elsewhere import NAMES_A_CLINIC, checked
from activities.hanging_up import hang_up
from activities.loop import Decided, Loop
from activities.matching import Matching, question_about
from activities.tenants import Tenants
from models import duty
from models.decisions import refusal
from models.errors import NotFound, Refused
from models.facts import (
    AnyDecision,
    CallLogged,
    MatchChosen,
    ReferralClosed,
    Reopened,
    TaskCompleted,
    TaskHandedOver,
    TaskTaken,
    TextWritten,
)
from models.refusals.base import UNCONFIRMED
from models.tasks import TaskKind, kind_of
from store import audit, conversations, inbox, referrals
from store.engine import Store
from store.record import Record
from store.tables import InboxState


class Deciding:
    """Has decisions taken; safe to share between tasks and threads."""

    def __init__(
        self,
        store: Store,
        loop: Loop,
        tenants: Tenants,
        clock: Callable[[], datetime],
        dispatch: Callable[[str], Awaitable[None]],
    ) -> None:
        """``clock`` says when the record learned of a decision about a closed referral.

        ``dispatch`` makes a row of the inbox true (``Intake.dispatch``).
        """
        self._dispatch = dispatch
        self._matching = Matching(store, tenants)
        self._store = store
        self._record = Record(store)
        self._loop = loop
        self._tenants = tenants
        self._clock = clock

    async def decide(self, org: str, referral_id: str, decision: AnyDecision) -> Decided:
        """Have a staff decision taken; see ``Intake.decide``."""
        known, decision = await asyncio.to_thread(self._complete, org, referral_id, decision)
        if isinstance(decision, MatchChosen):
            await asyncio.to_thread(self._matching.check, org, known, decision)
        decided = await self._taken(org, known, decision)
        if isinstance(decision, MatchChosen):
            await self._attach(org, known, decision)
        return decided

    async def _taken(self, org: str, known: str, decision: AnyDecision) -> Decided:
        """By the workflow, or where it has ended by the record."""
        try:
            if isinstance(decision, CallLogged):
                await asyncio.to_thread(self._check_vouched, org, known, decision)
            decided = await self._loop.decide(org, known, decision)
            if decided.state == "closed" and _needs_a_run(decision):
                decided = await self._reopen(org, known, decision)
            elif decided.state == "closed":
                decided = await asyncio.to_thread(self._decide_closed, org, known, decision)
        except Refused as refused:
            notes.decided(org, known, decision.kind, "refused", refused.code)
            raise
        notes.decided(org, known, decision.kind, decided.state)
        return decided

    def _check_vouched(self, org: str, referral_id: str, call: CallLogged) -> None:
        """Nobody calls a patient whom only a machine has read of; their office may be called.

        Asked here and not of the workflow, whose recorded lives hold such calls.
        """
        if call.party == "patient" and not self._record.card(org, referral_id).confirmed:
            raise Refused(UNCONFIRMED.sentence, code=UNCONFIRMED.code)

    def _complete(
        self, org: str, referral_id: str, decision: AnyDecision
    ) -> tuple[str, AnyDecision]:
        """The first referral's id, and what only we can say of the decision."""
        card = self._record.card(org, referral_id)
        if isinstance(decision, TaskTaken | TaskHandedOver):
            decision = decision.model_copy(
                update={"until": self._lease(org, card.referral_id, decision)}
            )
        if isinstance(decision, TextWritten):
            self._written_for(org, card.referral_id, decision)
        if isinstance(decision, NAMES_A_CLINIC):
            referral = self._record.referral(org, card.referral_id)
            organization = self._tenants.get(org).organization
            decision = checked(organization, card.clinic_id, referral, decision)
        return card.referral_id, decision

    def _written_for(self, org: str, referral_id: str, decision: TextWritten) -> None:
        """The words are on record, for the referral by which they go out; raises NotFound."""
        with self._store.read() as session:
            text = conversations.text(session, org, decision.text_id)
        if text is None or text.referral_id != (decision.carried_by or referral_id):
            raise NotFound("There is no such text; write it on the page of the conversation.")

    def _lease(self, org: str, referral_id: str, decision: TaskTaken | TaskHandedOver) -> datetime:
        with self._store.read() as session:
            row = referrals.get(session, org, referral_id)
        try:
            kind = kind_of(decision.task)
        except ValueError:
            raise NotFound("There is no such task.") from None
        who = decision.to if isinstance(decision, TaskHandedOver) else decision.by
        return lease_ends(self._tenants, org, row.clinic_id, who, kind, row.urgency, decision.at)

    async def _attach(self, org: str, referral_id: str, chosen: MatchChosen) -> None:
        """The event itself, and a question about it that another referral was asked."""
        now = self._clock()
        asked = await asyncio.to_thread(self._matching.attach, org, referral_id, chosen, now)
        await self._dispatch(chosen.event_id)
        if asked is not None:
            task = question_about(chosen.event_id)
            with suppress(Refused):  # somebody has answered it by hand
                done = TaskCompleted(at=now, as_of=now, by=chosen.by, task=task)
                await self._taken(org, asked, done)

    async def _reopen(self, org: str, referral_id: str, decision: AnyDecision) -> Decided:
        """A new run, owed by a row of the inbox from the moment the person is answered.

        ``pending`` while Temporal is away: the run begins once it is back.
        """
        row_id = await asyncio.to_thread(self._keep, org, referral_id, decision)
        await self._dispatch(row_id)
        with self._store.read() as session:
            row = inbox.get(session, org, row_id)
        card = self._record.card(org, referral_id)
        return Decided("done" if row.state == InboxState.APPLIED else "pending", card.version)

    def _keep(self, org: str, referral_id: str, decision: AnyDecision) -> str:
        told = {"referral_id": referral_id, "decision": decision.model_dump(mode="json")}
        body = json.dumps(told, sort_keys=True).encode()
        with self._store.write() as session:
            refused = refusal(self._record.load(session, org, referral_id), decision)
            if refused is not None:
                raise Refused(refused.sentence, code=refused.code)
            row, _ = inbox.accept(
                session,
                org=org,
                origin=DECIDED,
                event_id=hashlib.sha256(body).hexdigest()[:32],
                body=body,
                received_at=self._clock(),
            )
            return row.id

    def _decide_closed(self, org: str, referral_id: str, decision: AnyDecision) -> Decided:
        with self._store.write() as session:
            refused = refusal(self._record.load(session, org, referral_id), decision)
            if refused is not None:
                raise Refused(refused.sentence, code=refused.code)
            now = self._clock()
            written = self._record.write_in(session, org, referral_id, decision, recorded_at=now)
            for fact in written.fresh:
                if isinstance(fact, CallLogged):  # the one call that is made after the end
                    hang_up(session, org, referral_id, fact, now)
                audit.note(
                    session,
                    org=org,
                    who=decision.by,
                    what=fact.kind,
                    subject=referral_id,
                    at=fact.at,
                    recorded_at=now,
                )
            return Decided("done", written.card.version)


def _needs_a_run(decision: AnyDecision) -> bool:
    """Whether a closed referral runs again for it: it goes on, or a text of ours is to be sent."""
    undone = isinstance(decision, ReferralClosed) and decision.retracted
    sends = isinstance(decision, TextWritten) and decision.carried_by is None
    return undone or sends or isinstance(decision, Reopened)


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
