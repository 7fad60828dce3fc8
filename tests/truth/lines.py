"""One referral as it really was, and the lines of the ledger that the product would have written.

Whoever makes up organizations tells ``Truth``; what a report counts is written here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import insert

from models.outcomes import MEASURES, Better
from store.engine import Store
from store.tables import LedgerRow, LedgerScoreRow, ReferralRow
from store.tables_ledger import FOR_EVER

BATCH = 5_000
DAY = timedelta(days=1)
MEASURE_OF = {"shoulder": "quickdash", "knee": "lefs", "back": "odi", "neck": "ndi", "hip": "lefs"}


class Truth(NamedTuple):
    """One referral as it really was; moments in UTC, days local to its clinic."""

    id: str
    clinic: str
    source: str
    kind: str
    sort: str  # valid, duplicate, co_source, error, unconfirmed
    came: datetime
    came_day: date
    known: datetime
    tried: datetime | None
    next_closing: datetime
    open_minutes: int | None
    reached: datetime | None
    booked: datetime | None
    missed: int
    evaluated: datetime | None
    evaluated_day: date | None
    evaluated_known: datetime | None
    visits: int
    plan_signed: datetime | None
    plan_sent: datetime | None
    certified: int
    thanked: datetime | None
    unthanked: int
    discharged_day: date | None
    ending: str | None
    summary_signed: datetime | None
    summary_sent: datetime | None
    asked_day: date | None
    score: int | None
    texts: int
    texts_in: int
    replied: int
    closed_day: date | None
    reason: str | None
    said: str | None
    over: int
    region: str
    post_op: int
    heard: str | None
    campaign: str | None
    baseline: float
    baseline_day: date | None
    later: float | None
    later_day: date | None
    same_as: str | None = None  # the referral of the same patient, where somebody else sent them
    texts_bad: int = 0
    faxes: int = 0
    faxes_in: int = 0
    faxes_bad: int = 0
    mails: int = 0
    mails_in: int = 0
    last: float | None = None  # the reading after twelve weeks
    last_day: date | None = None


def fill(store: Store, org: str, patient: str, rows: Iterator[Truth]) -> None:
    """The referrals as lines of the ledger; what was told late is a second line.

    All of them are of one patient, whose row is there; so are those of their sources.
    """
    batch: list[Truth] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            _write(store, org, patient, batch)
            batch = []
    _write(store, org, patient, batch)


def _write(store: Store, org: str, patient: str, rows: list[Truth]) -> None:
    if not rows:
        return
    referrals = [
        {
            "id": row.id,
            "org": org,
            "clinic_id": row.clinic,
            "patient_id": patient,
            "source_id": row.source,
            "received_at": row.came,
            "urgency": "routine",
            "rules": {},
            "policy_version": "1",
            "recorded_at": row.known,
            "stage": "closed",
            "certification": "needs_signature",
            "open_tasks": 0,
            "attempts": 0,
            "holds": [],
            "confirmed": True,
            "version": "",
            "duplicate_of": row.same_as,
            "linked_as": row.sort if row.same_as else None,
        }
        for row in rows
    ]
    with store.write() as session:
        session.connection().execute(insert(ReferralRow), referrals)
        lines = [line for row in rows for line in _lines(org, row)]
        session.connection().execute(insert(LedgerRow), lines)
        scores = [line for row in rows for line in _scores(org, row)]
        if scores:
            session.connection().execute(insert(LedgerScoreRow), scores)


def _lines(org: str, row: Truth) -> Iterator[dict[str, Any]]:
    whole = _line(org, row)
    if row.evaluated_known is None or row.evaluated_known == row.known:
        yield whole
        return
    unheard = dict.fromkeys(
        ("evaluated_at", "evaluated_on", "evaluated_month", "evaluation_days"), None
    )
    stage = "closed" if row.over else "contacting"
    yield {**whole, **unheard, "stage": stage, "known_until": row.evaluated_known}
    yield {**whole, "known_from": row.evaluated_known}


def _line(org: str, row: Truth) -> dict[str, Any]:
    def month(day: date | None) -> str | None:
        return f"{day:%Y-%m}" if day else None

    def minutes(first: datetime | None, last: datetime | None) -> int | None:
        return int((last - first) / timedelta(minutes=1)) if first and last else None

    days = (row.evaluated_day - row.came_day).days if row.evaluated_day else None
    odd = row.evaluated is not None and row.evaluated < row.came - DAY
    return {
        "org": org,
        "referral_id": row.id,
        "known_from": row.known,
        "known_until": FOR_EVER,
        "clinic_id": row.clinic,
        "counted": "referral" if row.sort == "valid" else row.sort,
        "source_id": row.source,
        "source_kind": row.kind,
        "heard": row.heard,
        "campaign": row.campaign,
        "urgency": "post_op" if row.post_op else "routine",
        "region": row.region,
        "stage": "closed" if row.over else "in_care" if row.evaluated else "contacting",
        "received_at": row.came,
        "received_on": row.came_day,
        "received_month": month(row.came_day),
        "thanked_minutes": minutes(row.came, row.thanked),
        "thanks_unwanted": bool(row.unthanked),
        "attempted_at": row.tried,
        "contact_within": row.came + DAY,
        "contact_by": row.next_closing,
        "contact_minutes": minutes(row.came, row.tried),
        "contact_open_minutes": row.open_minutes,
        "reached_at": row.reached,
        "booked_at": row.booked,
        "missed_evaluations": row.missed,
        "evaluated_at": row.evaluated,
        "evaluated_on": row.evaluated_day,
        "evaluated_month": month(row.evaluated_day),
        "evaluation_days": days if days is not None and days >= 0 else None,
        "visits": row.visits,
        "missed_visits": 0,
        "plan_signed_at": row.plan_signed,
        "plan_sent_at": row.plan_sent,
        "plan_minutes": minutes(row.plan_signed, row.plan_sent),
        "certified": bool(row.certified),
        "reports": 0,
        "prompt_reports": 0,
        "discharged_on": row.discharged_day,
        "discharged_month": month(row.discharged_day),
        "ending": row.ending,
        "summary_signed_at": row.summary_signed,
        "summary_sent_at": row.summary_sent,
        "summary_minutes": minutes(row.summary_signed, row.summary_sent),
        "asked_on": row.asked_day,
        "asked_month": month(row.asked_day),
        "score": row.score,
        "texts_sent": row.texts,
        "texts_delivered": row.texts_in,
        "texts_failed": row.texts_bad,
        "faxes_sent": row.faxes,
        "faxes_delivered": row.faxes_in,
        "faxes_failed": row.faxes_bad,
        "mails_sent": row.mails,
        "mails_delivered": row.mails_in,
        "mails_failed": 0,
        "replied": bool(row.replied),
        "closed_on": row.closed_day,
        "closed_month": month(row.closed_day),
        "closed_reason": row.reason,
        "lost_why": row.said,
        "odd": "evaluated_before_received" if odd else None,
    }


def _scores(org: str, row: Truth) -> Iterator[dict[str, Any]]:
    if row.baseline_day is None:
        return
    measure = MEASURES[MEASURE_OF[row.region]]
    sign = 1 if measure.better is Better.HIGHER else -1
    for taken, value in (
        (row.baseline_day, row.baseline),
        (row.later_day, row.later),
        (row.last_day, row.last),
    ):
        if taken is None or value is None:
            continue
        improved = sign * (value - row.baseline)
        yield {
            "org": org,
            "referral_id": row.id,
            "known_from": row.known,
            "known_until": FOR_EVER,
            "measure": measure.key,
            "taken_on": taken,
            "day": (taken - row.baseline_day).days,
            "value": value,
            "improved": improved,
            "percent": round(100 * improved / row.baseline, 2),
            "meaningful": improved >= measure.meaningful,
        }
