"""What a liaison does with a source: in touch, preferences, leave, gifts, two that are one.

Each deed is one transaction with its line in the audit; the silence watch is told afterwards and
looks at what the store then says. A watch that cannot be told looks by itself later.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final, TypeVar

from sqlmodel import Session

from activities.intake import Intake
from activities.likes import Likes, prefer, read_field, words_of
from models import book
from models.access import May, holders_of
from models.book import TouchKind
from models.clock import Calendar
from models.contracts import RawRequest
from models.errors import BadRequest, EngineUnavailable, Refused
from models.ids import new_id
from models.people import SourceKind
from models.policy import Policy
from models.shapes import npi as read_npi
from models.sources import watched
from store import audit, gifts, ledger, merges, sources, touches
from store.gifts import Given
from store.tables import InboxState, SourceRow, TouchRow
from store.touches import Logged, Touch

T = TypeVar("T")
LONGEST_LEAVE: Final = 400  # days


class Keeping:
    """The liaison's deeds; every method may be called again with the same without harm."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._store = intake.store
        self._tenants = intake.tenants

    # --- in touch ---------------------------------------------------------------------------------

    async def touch(self, org: str, source_id: str, touch: Touch) -> Logged:
        """Log a touch; where no day for the next one was picked, the policy sets it (rule 24)."""

        def write(session: Session, source: SourceRow) -> Logged:
            source = ledger.standing(session, source.id)  # a page opened before a merge
            sources.locked(session, source)
            if source.left_on is not None and touch.kind is not TouchKind.NOTE:
                raise Refused("They have left: there is nobody to be in touch with.", code="left")
            made = touch._replace(words=words_of(touch.words))
            return touches.log(session, source, made, recorded_at=self._intake.clock())

        done = await asyncio.to_thread(
            self._write, org, source_id, touch.by, "touch", write, lock=False
        )
        if done.answered:
            await self._changed(org, done.row.source_id)
        return done

    def next_touch(self, org: str, source: SourceRow, at: datetime, *, nobody: bool) -> datetime:
        """When the policy has a source heard of again after a moment."""
        calendar = self._tenants.calendar(org, at)
        touch = self._policy(org).touch
        return book.next_touch(touch, calendar, at, key=source.key_source, nobody=nobody)

    async def strike(self, org: str, source_id: str, touch_id: str, by: str) -> TouchRow:
        """Strike out a touch that was logged by mistake; raises NotFound."""

        def write(session: Session, _: SourceRow) -> TouchRow:
            return touches.strike(session, org, touch_id, by=by, at=self._intake.clock())

        return await asyncio.to_thread(self._write, org, source_id, by, "touch_struck", write)

    # --- what they like ---------------------------------------------------------------------------

    async def prefer(self, org: str, source_id: str, likes: Likes, by: str) -> None:
        """Write what a source prefers where it is kept: of its provider, its practice, or itself.

        A fax number belongs to the practice (policy.md rule 13). Raises BadRequest naming the
        field, Refused ``fax_of_another`` for a number that is another practice's.
        """

        def write(session: Session, source: SourceRow) -> None:
            prefer(session, source, likes, self._tenants.get(org).organization.country)

        await asyncio.to_thread(self._write, org, source_id, by, "source_preferences", write)
        await self._changed(org, source_id)

    async def own(self, org: str, source_id: str, owner: str | None, by: str) -> None:
        """Say whose relationship it is; None: any liaison's. Raises BadRequest."""
        keep = {one.id for one in holders_of(self._tenants.get(org).staff, May.SOURCES)}
        if owner is not None and owner not in keep:
            raise BadRequest(
                "Pick somebody of the staff who keeps the book of sources.",
                code="unknown_staff",
                field="to",
            )

        def write(_: Session, source: SourceRow) -> None:
            source.owner_id = owner

        await asyncio.to_thread(self._write, org, source_id, by, "source_owner", write)
        await self._changed(org, source_id)

    async def away(
        self,
        org: str,
        source_id: str,
        first: date | None,
        last: date | None,
        why: str,
        by: str,
    ) -> None:
        """On leave, both days included; none of both: not, or not any more. Raises BadRequest."""
        if (first is None) != (last is None):
            raise BadRequest("Give both days, or neither.", code="no_date", field="until")
        if first is not None and last is not None:
            if last < first:
                raise BadRequest("The last day lies before the first.", code="bad_span")
            if (last - first).days > LONGEST_LEAVE:
                raise BadRequest(
                    "That is more than a year. Somebody who stays away has left.", code="too_far"
                )

        def write(_: Session, source: SourceRow) -> None:
            source.away_from, source.away_until = first, last
            source.away_why = words_of(why) if first is not None else None

        await asyncio.to_thread(self._write, org, source_id, by, "source_leave", write)
        await self._changed(org, source_id)

    async def left(
        self, org: str, source_id: str, on: date, successor_npi: str, by: str, *, back: bool = False
    ) -> None:
        """The provider retired or moved: told the way an EMR tells it, so the same follows.

        Open plans go to the successor or to a person, and the watch ends. *back*: it was told by
        mistake. Raises BadRequest for a source that is no provider, Refused where a person must
        look first.
        """
        with self._store.read() as session:
            source = sources.get(session, org, source_id)
        if source.provider_id is None:
            raise BadRequest("Only a provider can leave a practice.", code="no_provider")
        now = self._intake.clock()
        data: dict[str, Any] = {"provider_id": source.provider_id, "on": on.isoformat(), "by": by}
        if successor_npi.strip():
            data["successor_npi"] = read_field(read_npi, successor_npi, "successor")
        told = {
            "type": "provider_left",
            "at": now.isoformat(),
            "as_of": now.isoformat(),
            "data": data,
            "retracted": back,
        }
        raw = RawRequest(
            origin="hand",
            headers={},
            body=json.dumps(told, sort_keys=True).encode(),
            received_at=now,
        )
        row = await asyncio.to_thread(self._intake.accept, org, raw, new_id("book"))
        await self._intake.dispatch(row.id)
        settled = await asyncio.to_thread(self._intake.status, org, row.id)
        if settled.state not in {InboxState.APPLIED, InboxState.RECEIVED}:
            raise Refused(
                "This is kept and comes to pass on its day, or a task says what is missing: is the "
                "successor somebody we know?",
                code="not_applied",
            )

    # --- gifts ------------------------------------------------------------------------------------

    async def give(self, org: str, source_id: str, given: Given) -> None:
        """Write a gift down; raises Refused over the limit, with what is left."""
        today = self._calendar(org).local_date(self._intake.clock())
        if given.on > today:
            raise BadRequest("This day has not come yet.", code="not_yet", field="on")

        def write(session: Session, source: SourceRow) -> None:
            if not watched(SourceKind(source.kind)):
                raise Refused(
                    "Nobody is given anything for sending a friend: this source is a patient.",
                    code="gift_to_patient",
                )
            what = words_of(given.what)
            if not what:
                raise BadRequest("Say what it was.", code="empty_field", field="what")
            gifts.give(
                session,
                source,
                given._replace(what=what),
                self._policy(org).gifts,
                recorded_at=self._intake.clock(),
            )

        await asyncio.to_thread(self._write, org, source_id, given.by, "gift", write)

    async def take_gift_back(self, org: str, source_id: str, gift_id: str, by: str) -> None:
        """Put a gift right by its opposite; nothing is erased."""

        def write(session: Session, source: SourceRow) -> None:
            shown = {one.id for one in gifts.on_page(session, source)}
            if gift_id not in shown:
                raise BadRequest("This gift is not of this page.", code="not_here")
            gifts.take_back(session, org, gift_id, by=by, recorded_at=self._intake.clock())

        await asyncio.to_thread(self._write, org, source_id, by, "gift_taken_back", write)

    # --- two that are one -------------------------------------------------------------------------

    async def merge(self, org: str, gone_id: str, into_id: str, by: str) -> str:
        """Two sources are one from now on; raises Refused, NotFound."""
        now = self._intake.clock()

        def write(session: Session, _: SourceRow) -> str:
            return merges.merge(session, org, gone_id, into_id, by=by, at=now)

        merge_id = await asyncio.to_thread(
            self._write, org, gone_id, by, "source_merged", write, lock=False
        )
        await self._changed(org, gone_id)
        await self._heard(org, into_id)
        return merge_id

    async def take_merge_back(self, org: str, source_id: str, merge_id: str, by: str) -> None:
        """They are two after all; raises Refused, NotFound."""
        now = self._intake.clock()

        def write(session: Session, _: SourceRow) -> tuple[str, str]:
            row = merges.take_back(session, org, merge_id, by=by, at=now)
            return row.gone, row.into

        both = await asyncio.to_thread(
            self._write, org, source_id, by, "source_unmerged", write, lock=False
        )
        for one in both:
            await self._heard(org, one)

    # --- inside -----------------------------------------------------------------------------------

    def _write(
        self,
        org: str,
        source_id: str,
        by: str,
        what: str,
        do: Callable[[Session, SourceRow], T],
        *,
        lock: bool = True,
    ) -> T:
        now = self._intake.clock()
        with self._store.write() as session:
            source = sources.get(session, org, source_id)
            if lock:
                sources.locked(session, source)
            done = do(session, source)
            session.add(source)
            audit.note(
                session, org=org, who=by, what=what, subject=source_id, at=now, recorded_at=now
            )
            session.flush()
        return done

    async def _changed(self, org: str, source_id: str) -> None:
        try:
            await self._intake.loop.source_changed(org, source_id)
        except EngineUnavailable:
            return  # the watch looks by itself on its next date

    async def _heard(self, org: str, source_id: str) -> None:
        """Have a watch look again, and begin one where there is none yet."""
        with self._store.read() as session:
            source = sources.get(session, org, source_id)
        last = source.last_received_at
        if last is None or not watched(SourceKind(source.kind)):
            return
        try:
            await self._intake.loop.source_heard(org, source_id, last)
        except EngineUnavailable:
            return

    def _policy(self, org: str) -> Policy:
        return self._tenants.get(org).policy

    def _calendar(self, org: str) -> Calendar:
        return self._tenants.calendar(org, self._intake.clock())
