"""Reading a fax: the pages once, outside any transaction, then its parts in one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from activities.tenants import Tenants
from integrations.reading import reader
from models.fax import (
    KINDS,
    FaxKind,
    FaxRead,
    FaxStart,
    Ladder,
    Media,
    Trouble,
    ladder,
)
from models.fax_fields import Ours
from models.fax_kinds import codes_of
from models.fax_pages import PageText, Reading
from models.fax_parts import Part, divide, one_part
from models.ids import new_id
from store import faxes
from store.engine import Store
from store.tables import FaxPageRow, FaxPartRow, FaxRow


class FaxReading:
    """Has faxes read and keeps what was read; methods block."""

    def __init__(
        self,
        store: Store,
        tenants: Tenants,
        clock: Callable[[], datetime],
        read: Callable[[bytes, Media], Reading] = reader.read,
    ) -> None:
        """``read`` does the reading; without its programs every fax is a person's."""
        self._store = store
        self._tenants = tenants
        self._clock = clock
        self._read = read

    def read(self, start: FaxStart) -> FaxRead:
        """Read a fax unless it has been read; raises NotFound, StoreUnavailable."""
        with self._store.read() as session:
            fax = faxes.get(session, start.org, start.fax_id)
            if fax.read_at is not None:
                return self._told(session, fax)
            content, media = fax.content, Media(fax.media)
        return self.keep(start, self._read(content, media))

    def keep(self, start: FaxStart, reading: Reading) -> FaxRead:
        """Keep a reading and its parts; one that is there already stands."""
        now = self._clock()
        with self._store.write() as session:
            fax = faxes.get(session, start.org, start.fax_id, lock=True)
            pages = [_row(fax.id, page) for page in reading.pages]
            trouble = reading.trouble
            if faxes.keep_reading(
                session, fax, pages, count=reading.count, trouble=trouble, at=now
            ):
                ours = self.ours(fax)
                known = faxes.known_codes(session, fax.org, codes_of(reading.pages))
                for part in divide(reading, ours, known):
                    owner = known.get(part.code) if part.code else None
                    self.add(session, fax, part, referral_id=owner)
                faxes.mark(session, fax, now)
            return self._told(session, fax)

    def again(self, session: Session, fax: FaxRow, first: int, last: int) -> FaxPartRow:
        """A run of pages as a part of its own, by a person's word; in their transaction."""
        pages = [page_of(row) for row in faxes.pages(session, fax.id)]
        part = one_part(pages, first, last, self.ours(fax))
        return self.add(session, fax, part)

    def add(
        self, session: Session, fax: FaxRow, part: Part, *, referral_id: str | None = None
    ) -> FaxPartRow:
        """A part's row, in the caller's transaction."""
        number = len(faxes.parts(session, fax.id)) + 1
        return faxes.add_part(
            session,
            FaxPartRow(
                id=new_id("fxp"),
                org=fax.org,
                clinic_id=fax.clinic_id,
                fax_id=fax.id,
                number=number,
                first_page=part.first_page,
                last_page=part.last_page,
                kind=part.kind,
                trouble=part.trouble,
                splits=list(part.splits),
                fields=[one.model_dump(mode="json") for one in part.fields],
                referral_id=referral_id,
                code=part.code,
                role=KINDS[part.kind].role,
                due=self.limits(fax, part.kind).due,
            ),
        )

    def limits(self, fax: FaxRow, kind: FaxKind) -> Ladder:
        """When a part of this kind is due, and who hears of it when it lies."""
        policy = self._tenants.get(fax.org).policy
        calendar = self._tenants.calendar(fax.org, fax.received_at, fax.clinic_id)
        return ladder(kind, fax.received_at, policy, calendar)

    def ours(self, fax: FaxRow) -> Ours:
        """What is printed of us on every fax."""
        organization = self._tenants.get(fax.org).organization
        clinics = organization.clinics
        calendar = self._tenants.calendar(fax.org, fax.received_at, fax.clinic_id)
        return Ours(
            names=tuple({organization.name: None, **{one.name: None for one in clinics}}),
            numbers=tuple(number for one in clinics for number in (one.phone, one.fax)),
            today=calendar.local_date(fax.received_at),
        )

    def _told(self, session: Session, fax: FaxRow) -> FaxRead:
        found = faxes.parts(session, fax.id)
        return FaxRead(pages=fax.pages or 0, parts=len(found), trouble=fax.trouble)


def page_of(row: FaxPageRow) -> PageText:
    """A page as it was read, from its row."""
    return PageText(
        number=row.number,
        text=row.text,
        source=row.source,
        quality=row.quality,
        doubtful=tuple(row.doubtful),
        rotate=row.rotate,
        codes=tuple(row.codes),
        trouble=Trouble(row.trouble) if row.trouble else None,
    )


def _row(fax_id: str, page: PageText) -> FaxPageRow:
    given = page.model_dump(mode="json")
    return FaxPageRow(fax_id=fax_id, **given)
