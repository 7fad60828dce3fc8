"""Texts that people at the desk write: on record first, then handed to the referral's workflow.

Between the form and the vendor a text is owed by somebody at every moment. The row comes first,
under the form's own nonce. Then the decision ``text_written`` (ids only) goes to the workflow as an
update; the workflow sends it like every other message, holds it for the night, and goes on after a
crash. A row that no workflow has taken yet, the engine or every worker being away, is handed over
again by the inbox chore: the same update, however often. A closed referral gets a run of its own
for it: patients write after the end as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from activities import judging
from activities.loop import Decided
from activities.tenants import Tenants
from activities.turns import Turn
from models import written
from models.contracts import SendInput
from models.errors import BadRequest, EngineUnavailable, NotFound, Refused, StoreUnavailable
from models.facts import AnyDecision, TextWritten
from models.kinds import Kind
from models.sending import Go, Hold, Never, may_send
from models.texting import LONGEST, fits, gsm7, places
from store import conversations, referrals, replies
from store.engine import Store
from store.record import Record
from store.tables import DeskTextRow
from telemetry.logs import logger

_LOG = logger(__name__)
Decide = Callable[[str, str, AnyDecision], Awaitable[Decided]]


class Writing:
    """Keeps what people write and hands it over; safe to share between tasks."""

    def __init__(
        self, store: Store, tenants: Tenants, decide: Decide, clock: Callable[[], datetime]
    ) -> None:
        """``decide`` has a decision taken by a referral (``Intake.decide``)."""
        self._store = store
        self._tenants = tenants
        self._record = Record(store)
        self._decide = decide
        self._clock = clock

    async def write(
        self,
        org: str,
        referral_id: str,
        phone: str,
        *,
        by: str,
        words: str,
        nonce: str,
        send_at: datetime | None = None,
    ) -> DeskTextRow:
        """A text to a number, by the referral it is about; the same nonce again is the same text.

        *send_at* is the moment they chose, at which it is judged like every text; None: as soon as
        it may go. What stands on the row is what goes out: in the alphabet of text messages. Raises
        BadRequest ``no_words`` or ``too_long``, Refused where nobody may write, NotFound. With the
        engine away it raises nothing: the text is kept and goes out once it is back.
        """
        body = gsm7(words)
        if not body:
            raise BadRequest("Write something first.", code="no_words", field="words")
        if not fits(body, LONGEST):
            raise BadRequest(
                f"This takes {places(body)} characters; {LONGEST} is the most for one text.",
                code="too_long",
                field="words",
            )
        row = await asyncio.to_thread(self._keep, org, referral_id, phone, by, body, nonce, send_at)
        with suppress(EngineUnavailable):
            await self.hand_over(row)
        return row

    def may_leave(
        self, org: str, referral_id: str, phone: str, at: datetime | None = None
    ) -> Go | Hold | Never:
        """What would become of a text written for a moment, by the rules it will be judged by.

        *at* None: for now. Raises NotFound.
        """
        now = at or self._clock()
        with self._store.read() as session:
            row = referrals.get(session, org, referral_id)
            referral = self._record.load(session, org, row.id)
            given = SendInput(
                org=org,
                clinic_id=row.clinic_id,
                referral_id=row.id,
                kind=Kind.DESK_TEXT,
                to=written.PATIENT,
                occasion="draft",
            )
            turn = Turn(given, now, self._tenants.rules(org, row.clinic_id, now))
            to = judging.at_number(session, judging.contact(session, turn), phone)
            live = written.just_wrote(referral, now)
            clinic = self._tenants.get(org).organization.clinic(row.clinic_id)
            reached = judging.recipient(session, given, referral, to, "sms", clinic, now)
            if not (live or judging.channels_left(session, given, referral, to)):
                reached = reached.model_copy(update={"consented": False})
        message = judging.outgoing(given, referral, now, turn.rules)
        message = message.model_copy(update={"live": live})
        return may_send(message, reached, now, turn.rules)

    async def hand_over(self, row: DeskTextRow) -> None:
        """The referral takes it over, and the others on the number hear that it was answered.

        Again changes nothing. Raises Refused, which is kept on the row, and EngineUnavailable.
        """
        if row.handed_at is not None:
            return
        told = TextWritten(
            at=row.at,
            as_of=row.at,
            by=row.by,
            text_id=row.id,
            live=row.live,
            not_before=row.send_at,
        )
        try:
            taken = await self._decide(row.org, row.referral_id, told)
        except (Refused, NotFound) as refused:
            await asyncio.to_thread(self._handed, row, refused.code)
            raise
        if taken.state == "pending":
            return  # with the engine, but in its memory alone: the chore asks until it is taken
        for other in await asyncio.to_thread(self._beside, row):
            heard = told.model_copy(update={"carried_by": row.referral_id})
            with suppress(Refused):
                await self._decide(row.org, other, heard)
        await asyncio.to_thread(self._handed, row, None)

    async def hand_left(self, before: datetime) -> int:
        """Hand over what was written before a moment and nobody took; how many were looked at."""
        with self._store.read() as session:
            left = list(conversations.not_handed(session, before))
        for row in left:
            try:
                await self.hand_over(row)
            except (Refused, NotFound) as refused:
                _LOG.warning("text_refused", text_id=row.id, code=refused.code)
            except (EngineUnavailable, StoreUnavailable) as error:
                _LOG.warning("text_put_off", text_id=row.id, exc_info=error)
        return len(left)

    # --- inside -----------------------------------------------------------------------------------

    def _keep(
        self,
        org: str,
        referral_id: str,
        phone: str,
        by: str,
        body: str,
        nonce: str,
        send_at: datetime | None,
    ) -> DeskTextRow:
        now = self._clock()
        with self._store.write() as session:
            referral = self._record.load(session, org, referral_id)
            row = conversations.write(
                session,
                org=org,
                referral_id=referral_id,
                phone=phone,
                body=body,
                by=by,
                nonce=nonce,
                live=written.just_wrote(referral, send_at or now),
                at=now,
                recorded_at=now,
                send_at=send_at,
            )
            if (row.phone, row.body, row.send_at) != (phone, body, send_at):
                raise Refused(
                    "This form has sent already, other words or for another time: here is a fresh "
                    "one, with what you have typed.",
                    code="sent_already",
                )
            conversations.answered(session, org, phone, row.at)
            return row

    def _handed(self, row: DeskTextRow, refused: str | None) -> None:
        with self._store.write() as session:
            conversations.handed(session, row.id, self._clock(), refused)

    def _beside(self, row: DeskTextRow) -> list[str]:
        """The other open referrals on the number: their question is answered as well (rule 12)."""
        with self._store.read() as session:
            on = replies.on_number(session, row.org, row.phone)
            return [one.id for one in on if one.id != row.referral_id]
