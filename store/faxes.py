"""Fax rows: kept by their bytes, read page by page, divided into parts that people settle."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import cast

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute, defer
from sqlmodel import Session, and_, col, func, or_, select

from models.errors import Conflict, NotFound
from models.fax import FaxKind, FaxState, Media, PartState, Trouble
from models.ids import new_id
from store.rows import LOCKED, find_or_insert
from store.tables import PatientRow, ReferralRow
from store.tables_fax import (
    FaxArrivalRow,
    FaxCorrectionRow,
    FaxPageRow,
    FaxPartRow,
    FaxRow,
    ReturnCodeRow,
)

_CONTENT = cast(InstrumentedAttribute[bytes], FaxRow.content)


def content_hash(content: bytes) -> str:
    """What tells two faxes apart: the SHA-256 of their bytes, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def accept(
    session: Session,
    *,
    org: str,
    clinic_id: str | None,
    content: bytes,
    media: Media,
    vendor: str,
    vendor_id: str,
    from_number: str | None,
    to_number: str | None,
    received_at: datetime,
    recorded_at: datetime,
) -> tuple[FaxRow, bool]:
    """The fax's row, and whether it is new; each further arrival of it is kept beside the row.

    One arrival told twice is one, even where its vendor renders the same fax to other bytes.
    """
    arrived = select(FaxArrivalRow).where(
        FaxArrivalRow.org == org,
        FaxArrivalRow.vendor == vendor,
        FaxArrivalRow.vendor_id == vendor_id,
    )
    known = session.exec(arrived).first()
    if known is not None:
        return get(session, org, known.fax_id), False
    sha256 = content_hash(content)
    same = select(FaxRow).where(FaxRow.org == org, FaxRow.sha256 == sha256)
    row, fresh = find_or_insert(
        session,
        FaxRow(
            id=new_id("fax"),
            org=org,
            clinic_id=clinic_id,
            sha256=sha256,
            content=content,
            media=media,
            from_number=from_number,
            to_number=to_number,
            received_at=received_at,
            recorded_at=recorded_at,
        ),
        lambda: session.exec(same).first(),
    )
    find_or_insert(
        session,
        FaxArrivalRow(
            org=org,
            fax_id=row.id,
            vendor=vendor,
            vendor_id=vendor_id,
            from_number=from_number,
            to_number=to_number,
            received_at=received_at,
            recorded_at=recorded_at,
        ),
        lambda: session.exec(arrived).first(),
    )
    return row, fresh


def arrived(session: Session, org: str, vendor: str, vendor_id: str) -> bool:
    """Whether a vendor's fax is on record, by the vendor's own id."""
    query = select(FaxArrivalRow).where(
        FaxArrivalRow.org == org,
        FaxArrivalRow.vendor == vendor,
        FaxArrivalRow.vendor_id == vendor_id,
    )
    return session.exec(query).first() is not None


def get(session: Session, org: str, fax_id: str, *, lock: bool = False) -> FaxRow:
    """One fax; raises NotFound. ``lock``: nobody else changes it until this ends."""
    row = session.get(
        FaxRow, fax_id, with_for_update=LOCKED if lock else None, populate_existing=lock
    )
    if row is None or row.org != org:
        raise NotFound("There is no such fax.")
    return row


def heads(session: Session, org: str, ids: Iterable[str]) -> dict[str, FaxRow]:
    """Faxes without their files, by id: for lists; one query."""
    query = (
        select(FaxRow)
        .where(FaxRow.org == org, col(FaxRow.id).in_(set(ids)))
        .options(defer(_CONTENT, raiseload=True))
    )
    return {row.id: row for row in session.exec(query).all()}


def arrivals(session: Session, fax_id: str) -> Sequence[FaxArrivalRow]:
    """Every time the fax came, the first one first."""
    query = select(FaxArrivalRow).where(FaxArrivalRow.fax_id == fax_id)
    return session.exec(query.order_by(col(FaxArrivalRow.id))).all()


def not_begun(session: Session, before: datetime, limit: int) -> Sequence[FaxRow]:
    """Faxes recorded before a moment whose workflow was never started, oldest first."""
    query = select(FaxRow).where(
        FaxRow.state == FaxState.RECEIVED,
        col(FaxRow.begun_at).is_(None),
        col(FaxRow.recorded_at) < before,
    )
    return session.exec(query.order_by(col(FaxRow.recorded_at)).limit(limit)).all()


def begun(session: Session, org: str, fax_id: str, at: datetime) -> FaxRow:
    """Its workflow has been started."""
    row = get(session, org, fax_id)
    row.begun_at = row.begun_at or at
    session.add(row)
    session.flush()
    return row


def pages(session: Session, fax_id: str) -> Sequence[FaxPageRow]:
    """The pages as read, in order."""
    query = select(FaxPageRow).where(FaxPageRow.fax_id == fax_id)
    return session.exec(query.order_by(col(FaxPageRow.number))).all()


def keep_reading(
    session: Session,
    row: FaxRow,
    found: Iterable[FaxPageRow],
    *,
    count: int,
    trouble: Trouble | None,
    at: datetime,
) -> bool:
    """Keep what was read; False when somebody was faster, whose reading stands."""
    if row.read_at is not None:
        return False
    for page in found:
        session.add(page)
    row.pages, row.trouble, row.read_at = count, trouble, at
    session.add(row)
    session.flush()
    return True


def parts(session: Session, fax_id: str) -> Sequence[FaxPartRow]:
    """Its parts, in the order they were made."""
    query = select(FaxPartRow).where(FaxPartRow.fax_id == fax_id)
    return session.exec(query.order_by(col(FaxPartRow.number))).all()


def part(
    session: Session, org: str, part_id: str, *, version: int | None = None, lock: bool = True
) -> FaxPartRow:
    """One part; raises NotFound, and Conflict ``stale`` where it has changed since ``version``."""
    row = session.get(
        FaxPartRow, part_id, with_for_update=LOCKED if lock else None, populate_existing=lock
    )
    if row is None or row.org != org:
        raise NotFound("There is no such part of a fax.")
    if version is not None and row.version != version:
        raise Conflict(
            "Somebody else has changed this fax since you opened it. Nothing was written; look at "
            "what they did.",
            code="stale",
        )
    return row


def add_part(session: Session, row: FaxPartRow) -> FaxPartRow:
    """A part, unless the fax has one of this number."""
    same = select(FaxPartRow).where(
        FaxPartRow.fax_id == row.fax_id, FaxPartRow.number == row.number
    )
    return find_or_insert(session, row, lambda: session.exec(same).first())[0]


def change(session: Session, row: FaxPartRow) -> FaxPartRow:
    """Write a changed part; whoever looked at it before is told."""
    row.version += 1
    session.add(row)
    session.flush()
    return row


def settle(
    session: Session,
    row: FaxPartRow,
    state: PartState,
    *,
    by: str,
    at: datetime,
    referral_id: str | None = None,
) -> FaxPartRow:
    """What became of a part; the fax is settled with its last one."""
    row.state, row.settled_by, row.settled_at = state, by, at
    row.referral_id = referral_id or row.referral_id
    change(session, row)
    mark(session, get(session, row.org, row.fax_id), at)
    return row


def mark(session: Session, row: FaxRow, at: datetime) -> FaxRow:
    """The fax's own state, from its parts."""
    states = [one.state for one in parts(session, row.id)]
    if states:
        is_open = PartState.OPEN in states
        row.state = FaxState.OPEN if is_open else FaxState.SETTLED
        row.settled_at = None if is_open else row.settled_at or at
        session.add(row)
        session.flush()
    return row


def waiting(
    session: Session, org: str, clinics: Collection[str], role: str | None = None, limit: int = 200
) -> Sequence[FaxPartRow]:
    """The parts that wait for a person at these clinics, the most pressing first.

    What came to no clinic's number is everybody's; ``role``: of its own kind alone.
    """
    query = select(FaxPartRow).where(
        FaxPartRow.org == org, FaxPartRow.state == PartState.OPEN, _seen_by(clinics, role)
    )
    return session.exec(query.order_by(col(FaxPartRow.due), col(FaxPartRow.id)).limit(limit)).all()


def corrected(
    session: Session,
    part_row: FaxPartRow,
    field: str,
    *,
    sure: str,
    read: str | None,
    said: str | None,
    by: str,
    at: datetime,
) -> None:
    """Keep what a person says instead of what was read."""
    session.add(
        FaxCorrectionRow(
            org=part_row.org,
            part_id=part_row.id,
            field=field,
            sure=sure,
            read=read,
            said=said,
            by=by,
            recorded_at=at,
        )
    )
    session.flush()


def corrections(session: Session, part_id: str) -> Sequence[FaxCorrectionRow]:
    """Every correction of one part, oldest first."""
    query = select(FaxCorrectionRow).where(FaxCorrectionRow.part_id == part_id)
    return session.exec(query.order_by(col(FaxCorrectionRow.id))).all()


def keep_code(
    session: Session, org: str, code: str, referral_id: str, version: int | None, at: datetime
) -> None:
    """A code of ours is on a page that goes out; whose it is stays known."""
    mine = select(ReturnCodeRow).where(ReturnCodeRow.org == org, ReturnCodeRow.code == code)
    find_or_insert(
        session,
        ReturnCodeRow(org=org, code=code, referral_id=referral_id, version=version, recorded_at=at),
        lambda: session.exec(mine).first(),
    )


def known_codes(session: Session, org: str, codes: Iterable[str]) -> dict[str, str]:
    """Of these codes those that are ours, with their referral."""
    query = select(ReturnCodeRow).where(
        ReturnCodeRow.org == org, col(ReturnCodeRow.code).in_(list(codes))
    )
    return {row.code: row.referral_id for row in session.exec(query).all()}


def version_of(session: Session, org: str, code: str) -> int | None:
    """The version of the plan a code stands on; None where it is no plan's, or not ours."""
    row = session.get(ReturnCodeRow, (org, code))
    return row.version if row is not None else None


def to_confirm(
    session: Session, org: str, clinics: Collection[str], role: str | None = None, limit: int = 200
) -> Sequence[FaxPartRow]:
    """The parts that are referrals nobody has vouched for yet; otherwise as ``waiting``."""
    query = (
        select(FaxPartRow)
        .join(ReferralRow, col(FaxPartRow.referral_id) == col(ReferralRow.id))
        .where(
            FaxPartRow.org == org,
            FaxPartRow.state == PartState.LEAD,
            col(ReferralRow.confirmed).is_(False),
            col(ReferralRow.closed_reason).is_(None),
            _seen_by(clinics, role),
        )
    )
    return session.exec(query.order_by(col(FaxPartRow.due), col(FaxPartRow.id)).limit(limit)).all()


def unfinished(session: Session, limit: int = 100) -> Sequence[FaxPartRow]:
    """The parts, of all organizations, that a person has said everything of and that are not done.

    Their event is on its way, or the referral has not heard yet that somebody vouches for it.
    """
    vouched = and_(
        FaxPartRow.kind == FaxKind.NEW_REFERRAL,
        FaxPartRow.kind_by != "machine",
        col(FaxPartRow.trouble).is_(None),
    )
    untold = and_(
        FaxPartRow.state == PartState.LEAD,
        vouched,
        col(ReferralRow.confirmed).is_(False),
        col(ReferralRow.closed_reason).is_(None),
    )
    on_its_way = and_(
        FaxPartRow.state == PartState.OPEN, or_(vouched, col(FaxPartRow.inbox_id).is_not(None))
    )
    query = (
        select(FaxPartRow)
        .join(ReferralRow, col(FaxPartRow.referral_id) == col(ReferralRow.id), isouter=True)
        .where(or_(on_its_way, untold))
    )
    return session.exec(query.order_by(col(FaxPartRow.due), col(FaxPartRow.id)).limit(limit)).all()


def candidates(
    session: Session,
    org: str,
    clinics: Sequence[str],
    *,
    family: str,
    born: date | None,
    limit: int = 8,
) -> list[tuple[ReferralRow, PatientRow]]:
    """Referrals at these clinics that a fax may be about: by birth date or family name.

    Those with both come first, then the newest.
    """
    if not family and born is None:
        return []
    same_name = func.lower(col(PatientRow.family_name)) == family.lower()
    same_day = col(PatientRow.born) == born
    query = (
        select(ReferralRow, PatientRow)
        .join(PatientRow, col(ReferralRow.patient_id) == col(PatientRow.id))
        .where(
            ReferralRow.org == org,
            col(ReferralRow.clinic_id).in_(clinics),
            col(ReferralRow.duplicate_of).is_(None),
            or_(same_name, same_day) if born is not None else same_name,
        )
        .order_by(col(ReferralRow.received_at).desc())
        .limit(50)
    )
    found = list(session.exec(query).all())
    found.sort(
        key=lambda pair: (pair[1].family_name.lower() == family.lower()) + (pair[1].born == born),
        reverse=True,
    )
    return found[:limit]


def accuracy(session: Session, org: str, since: datetime) -> dict[str, tuple[int, int]]:
    """For each field how often it was read, and how often a person then said otherwise.

    Of referrals that came by fax since a moment and that somebody has vouched for since. A field
    the machine missed and a person filled in counts as corrected, not as read.
    """
    vouched = (
        select(FaxPartRow)
        .join(ReferralRow, col(FaxPartRow.referral_id) == col(ReferralRow.id))
        .where(
            FaxPartRow.org == org,
            FaxPartRow.state == PartState.LEAD,
            col(FaxPartRow.settled_at) >= since,
            col(ReferralRow.confirmed).is_(True),
        )
    )
    parts = list(session.exec(vouched).all())
    read = Counter(one["name"] for part in parts for one in part.fields if one["value"])
    said = select(FaxCorrectionRow.part_id, FaxCorrectionRow.field).where(
        FaxCorrectionRow.org == org, col(FaxCorrectionRow.recorded_at) >= since
    )
    mine = {part.id for part in parts}
    found = {(part_id, field) for part_id, field in session.exec(said).all() if part_id in mine}
    corrected = Counter(field for _, field in found)
    return {name: (read[name], corrected[name]) for name in sorted({*read, *corrected})}


def _seen_by(clinics: Collection[str], role: str | None) -> ColumnElement[bool]:
    place = col(FaxPartRow.clinic_id)
    here = or_(place.is_(None), place.in_(clinics))
    return here if role is None else and_(here, col(FaxPartRow.role) == role)
