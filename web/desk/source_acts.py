"""What the forms of a source's page say, read and done; each answers the code of what to say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Final

from starlette.datastructures import FormData

from activities.intake import Intake
from activities.keeping import Keeping
from activities.likes import Likes
from models import book as rules
from models.book import Outcome, TouchKind
from models.clock import ONE_DAY
from models.errors import BadRequest
from models.ids import new_id
from store.gifts import Given
from store.tables import SourceRow
from store.touches import Touch
from web.desk.deeds import among, texts
from web.desk.door import Desk, Viewer
from web.desk.source_words import check_named

# What can be picked on the phone: one tap says how and what came of it.
QUICK: Final[dict[str, tuple[TouchKind, Outcome, str]]] = {
    "visit-warm": (TouchKind.VISIT, Outcome.WARM, "Visited: glad to send"),
    "visit-spoke": (TouchKind.VISIT, Outcome.SPOKE, "Visited: spoke with them"),
    "visit-left_word": (TouchKind.VISIT, Outcome.LEFT_WORD, "Visited: left word"),
    "call-spoke": (TouchKind.CALL, Outcome.SPOKE, "Called: spoke with them"),
    "call-left_word": (TouchKind.CALL, Outcome.LEFT_WORD, "Called: left word"),
    "call-nobody": (TouchKind.CALL, Outcome.NOBODY, "Nobody there"),
    "visit-trouble": (TouchKind.VISIT, Outcome.TROUBLE, "Unhappy with us"),
}
NEXT: Final[dict[str, tuple[str, int]]] = {
    "14": ("Next in 2 weeks", 14),
    "30": ("Next in a month", 30),
    "60": ("Next in 2 months", 60),
}


class SourceActs:
    """Does what the forms say."""

    def __init__(self, desk: Desk, intake: Intake) -> None:
        self.desk = desk
        self.keeping = Keeping(intake)
        self.by_name: dict[str, Callable[[Viewer, SourceRow, FormData], Awaitable[str]]] = {
            "touch": self.touch,
            "strike": self.strike,
            "prefer": self.prefer,
            "owner": self.owner,
            "away": self.away,
            "left": self.left,
            "gift": self.gift,
            "gift-back": self.gift_back,
            "merge": self.merge,
            "merge-back": self.merge_back,
        }

    async def touch(self, viewer: Viewer, source: SourceRow, sent: FormData) -> str:
        """A visit, a call, a note."""
        form = texts(sent)
        now = self.desk.clock()
        calendar = self.desk.tenants.calendar(viewer.org, now, self.desk.home(viewer).id)
        kind, outcome = _kind(form)
        at = rules.happened(form.get("day", ""), calendar, now)
        next_at = None
        if kind is not TouchKind.NOTE:
            if form.get("in", "") in NEXT:
                later = now + NEXT[form["in"]][1] * ONE_DAY
                next_at = calendar.opening(calendar.local_date(later))
            elif form.get("next"):
                next_at = rules.chosen_day(form["next"], calendar, now)
            else:
                nobody = outcome is Outcome.NOBODY
                next_at = self.keeping.next_touch(viewer.org, source, now, nobody=nobody)
        words = form.get("words", "")
        if kind is TouchKind.NOTE and not words:
            raise BadRequest("Write the note first.", code="empty_field", field="words")
        made = Touch(_form_id(form, "tch"), kind, outcome, words, at, viewer.staff_id, next_at)
        done = await self.keeping.touch(viewer.org, source.id, made)
        return "answered" if done.answered else "touch"

    async def strike(self, viewer: Viewer, source: SourceRow, sent: FormData) -> str:
        """A line that was logged by mistake."""
        form = texts(sent)
        await self.keeping.strike(
            viewer.org, source.id, form.get("touch", "")[:60], viewer.staff_id
        )
        return "strike"

    async def prefer(self, viewer: Viewer, source: SourceRow, sent: FormData) -> str:
        """What they like."""
        form = texts(sent)
        likes = Likes(
            prefers=form.get("prefers", ""),
            fax=form.get("fax", ""),
            phone=form.get("phone", ""),
            email=form.get("email", ""),
            best_hours=form.get("best_hours", ""),
            hears=form.get("hears", ""),
            wants_thanks=form.get("wants_thanks") == "1",
            key_source=form.get("key_source") == "1",
        )
        await self.keeping.prefer(viewer.org, source.id, likes, viewer.staff_id)
        return "prefer"

    async def owner(self, viewer: Viewer, source: SourceRow, sent: FormData) -> str:
        """Whose relationship it is."""
        form = texts(sent)
        await self.keeping.own(viewer.org, source.id, form.get("to") or None, viewer.staff_id)
        return "owner"

    async def away(self, viewer: Viewer, source: SourceRow, sent: FormData) -> str:
        """On leave, or back."""
        form = texts(sent)
        first, last = _day(form, "from"), _day(form, "until")
        why = form.get("why", "")
        await self.keeping.away(viewer.org, source.id, first, last, why, viewer.staff_id)
        return "away"

    async def left(self, viewer: Viewer, source: SourceRow, sent: FormData) -> str:
        """Retired or moved, or not after all."""
        form = texts(sent)
        back = form.get("back") == "1"
        on = source.left_on if back and source.left_on else _day(form, "on")
        if on is None:
            raise BadRequest("Give a date.", code="no_date", field="on")
        await self.keeping.left(
            viewer.org, source.id, on, form.get("successor", ""), viewer.staff_id, back=back
        )
        return "left-back" if back else "left"

    async def gift(self, viewer: Viewer, source: SourceRow, sent: FormData) -> str:
        """Something they were given."""
        told = texts(sent)
        on = _day(told, "on")
        if on is None:
            raise BadRequest("Give a date.", code="no_date", field="on")
        given = Given(
            id=_form_id(told, "gift"),
            on=on,
            cents=rules.cents(told.get("value", "")),
            what=told.get("what", ""),
            by=viewer.staff_id,
            among=tuple(str(one) for one in sent.getlist("among")),
        )
        await self.keeping.give(viewer.org, source.id, given)
        return "gift"

    async def gift_back(self, viewer: Viewer, source: SourceRow, sent: FormData) -> str:
        """A gift that was written down wrongly."""
        form = texts(sent)
        gift = form.get("gift", "")[:60]
        await self.keeping.take_gift_back(viewer.org, source.id, gift, viewer.staff_id)
        return "gift-back"

    async def merge(self, viewer: Viewer, source: SourceRow, sent: FormData) -> str:
        """It is the same as another one; who that is must be known by name."""
        check_named(viewer, source)
        form = texts(sent)
        into = form.get("into", "")[:60]
        await self.keeping.merge(viewer.org, source.id, into, viewer.staff_id)
        return "merge"

    async def merge_back(self, viewer: Viewer, source: SourceRow, sent: FormData) -> str:
        """They are two after all."""
        form = texts(sent)
        merge = form.get("merge", "")[:60]
        await self.keeping.take_merge_back(viewer.org, source.id, merge, viewer.staff_id)
        return "merge-back"


def _kind(form: Mapping[str, str]) -> tuple[TouchKind, Outcome | None]:
    if form.get("quick", "") in QUICK:
        kind, outcome, _ = QUICK[form["quick"]]
        return kind, outcome
    if "then" in form:
        raise BadRequest("Pick what came of it.", code="not_chosen", field="quick")
    chosen = TouchKind(among(form, "kind", {str(one): "" for one in TouchKind}))
    if chosen is TouchKind.NOTE:
        return chosen, None
    return chosen, Outcome(among(form, "outcome", {str(one): "" for one in Outcome}))


def _form_id(form: Mapping[str, str], prefix: str) -> str:
    """What the page called this form when it was made; a new name for one without."""
    given = form.get("form_id", "")
    return given if given.startswith(f"{prefix}_") and len(given) < 40 else new_id(prefix)


def _day(form: Mapping[str, str], field: str) -> date | None:
    text = form.get(field, "")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRequest("Give a date.", code="no_date", field=field) from None
