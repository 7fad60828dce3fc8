"""One referral as the reports count it: a line of figures, by the fold that everything else uses.

A line holds no names and no words, only dates, codes and counts, so that reports and the read API
need nothing else. Days and months are the clinic's own; lengths are never negative: a feed that
tells an evaluation from before the referral leaves the length empty and says so in ``odd``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum

from models import certification
from models.attribution import Heard, credited
from models.base import Model
from models.card import CONTACT_WITHIN
from models.clock import Calendar
from models.facts import (
    AppointmentBooked,
    AppointmentMissed,
    CallLogged,
    CallOutcome,
    CheckInAnswered,
    DischargeSummarySigned,
    MessageDelivered,
    MessageDropped,
    MessageFailed,
    MessageSent,
    OutcomeRecorded,
    PatientReplied,
    PlanOfCareSigned,
    Signer,
    UtcDatetime,
)
from models.kinds import Kind
from models.linking import Link
from models.outcomes import MEASURES, Better
from models.referral import MessageRef, Referral, Stage
from models.regions import Region
from models.sending import NO_THANKS

PROMPT = timedelta(days=1)  # told apart from late: see ``Line.prompt_reports``
_THANKS = frozenset({Kind.THANK_YOU, Kind.THANK_YOU_PAST_PATIENT})
_LONGEST = timedelta(days=400)  # beyond it a length of open hours is not worked out


class Counted(StrEnum):
    """What a request is in the reports."""

    REFERRAL = "referral"
    CO_SOURCE = "co_source"  # the same patient, sent by somebody else as well
    DUPLICATE = "duplicate"
    RENEWAL = "renewal"  # an order for care under way
    ERROR = "error"  # entered in error, or taken back by whoever told it
    UNCONFIRMED = "unconfirmed"  # a machine read it, and nobody has vouched for it


class Asked(Model):
    """What a row says of the request beside its facts."""

    clinic_id: str
    source_id: str
    source_kind: str
    received_at: UtcDatetime
    linked_as: Link | None = None
    region: Region | None = None
    heard: Heard | None = None
    campaign: str | None = None
    thanks_ours: bool = True  # policy.md rule 10: not where the EMR or nobody sends them


class Line(Model):
    """One referral's figures; ``None`` where it has not happened, or nobody can tell.

    ``*_on`` are local days, ``*_month`` local months as ``YYYY-MM``. ``contact_minutes`` counts by
    the wall's clock, ``contact_open_minutes`` only while the clinic is open.
    """

    clinic_id: str
    counted: Counted
    source_id: str
    source_kind: str
    heard: str | None = None
    campaign: str | None = None
    origin: str | None = None
    urgency: str | None = None
    payer: str | None = None
    region: str | None = None
    stage: str = Stage.RECEIVED
    received_at: UtcDatetime
    received_on: date
    received_month: str
    thanked_minutes: int | None = None
    thanks_unwanted: bool = False  # the sender wants none, or they are not ours to send
    attempted_at: UtcDatetime | None = None
    contact_within: UtcDatetime | None = None
    contact_by: UtcDatetime | None = None
    contact_minutes: int | None = None
    contact_open_minutes: int | None = None
    reached_at: UtcDatetime | None = None
    booked_at: UtcDatetime | None = None
    missed_evaluations: int = 0
    evaluated_at: UtcDatetime | None = None
    evaluated_on: date | None = None
    evaluated_month: str | None = None
    evaluation_days: int | None = None  # calendar days from the day it was received
    visits: int = 0  # treatment days
    missed_visits: int = 0
    plan_signed_at: UtcDatetime | None = None  # by the therapist
    plan_sent_at: UtcDatetime | None = None
    plan_minutes: int | None = None
    certification: str | None = None
    certified: bool = False
    reports: int = 0  # progress reports that went out
    prompt_reports: int = 0  # of these, within a day of the signature
    discharged_on: date | None = None
    discharged_month: str | None = None
    ending: str | None = None
    summary_signed_at: UtcDatetime | None = None
    summary_sent_at: UtcDatetime | None = None
    summary_minutes: int | None = None
    asked_on: date | None = None  # the one question after discharge
    asked_month: str | None = None
    score: int | None = None  # 0 to 10
    texts_sent: int = 0
    texts_delivered: int = 0
    texts_failed: int = 0
    faxes_sent: int = 0
    faxes_delivered: int = 0
    faxes_failed: int = 0
    mails_sent: int = 0
    mails_delivered: int = 0
    mails_failed: int = 0
    replied: bool = False
    closed_on: date | None = None
    closed_month: str | None = None
    closed_reason: str | None = None
    lost_why: str | None = None  # what the patient said who declined
    odd: str | None = None  # codes of what cannot be, joined by a comma


class ScoreLine(Model):
    """One reading of one measure against the first one of the same measure.

    ``day`` counts from that first reading; ``improved`` is in points, ``percent`` in percent of
    the first reading, and positive is better on both. ``percent`` is None where that one was 0.
    """

    measure: str
    taken_on: date
    day: int
    value: float
    improved: float
    percent: float | None = None
    meaningful: bool = False


def line(asked: Asked, r: Referral, calendar: Calendar) -> Line:
    """The line of one request as far as known; a linked request has no facts of its own."""
    came = asked.received_at
    begins = {
        "clinic_id": asked.clinic_id,
        "source_id": asked.source_id,
        "source_kind": asked.source_kind,
        "received_at": came,
        "region": asked.region,
        "heard": asked.heard,
        "campaign": asked.campaign,
        **_day("received", came, calendar),
    }
    if asked.linked_as is not None or not r.is_received():
        counted = Counted(asked.linked_as) if asked.linked_as else Counted.UNCONFIRMED
        return Line.model_validate({**begins, "counted": counted})
    told = r.received
    who = credited(r)
    return Line.model_validate(
        {
            **begins,
            "counted": _counted(r),
            "source_id": who.source_id,
            "source_kind": who.kind,
            "origin": told.origin,
            "urgency": told.urgency,
            "payer": told.payers[0] if told.payers else None,
            "stage": r.stage(),
            **_thanking(asked, r),
            **_reaching(r, came, calendar),
            **_evaluating(r, came, calendar),
            **_papers(r),
            **_ending(r, calendar),
            **_sending(r),
            "odd": ",".join(_odd(r, came, calendar)) or None,
        }
    )


def scores(r: Referral) -> tuple[ScoreLine, ...]:
    """Every reading of a measure we know; its first one, on day 0, shows who could be compared."""
    readings: dict[str, list[OutcomeRecorded]] = {}
    for one in r.all(OutcomeRecorded):
        readings.setdefault(one.measure, []).append(one)
    return tuple(found for told in readings.values() for found in _compared(told))


def percent_better(baseline: float, improved: float) -> float | None:
    """The improvement in percent of the first reading; None where that was 0."""
    return None if baseline == 0 else round(100 * improved / abs(baseline), 2)


def open_minutes(calendar: Calendar, first: datetime, last: datetime) -> int | None:
    """Whole minutes between two moments while the clinic was open; None when not in this order."""
    if last < first or last - first > _LONGEST:
        return None
    return int(calendar.open_between(first, last) / timedelta(minutes=1))


def _counted(r: Referral) -> Counted:
    if r.unconfirmed():
        return Counted.ERROR if r.rejected() is not None else Counted.UNCONFIRMED
    closed = r.closing()
    error = r.taken_back() or r.rejected() is not None
    if error or (closed is not None and closed.reason == "entered_in_error"):
        return Counted.ERROR
    return Counted.REFERRAL


def _thanking(asked: Asked, r: Referral) -> dict[str, object]:
    sent = min((s.at for s in r.all(MessageSent) if s.message_kind in _THANKS), default=None)
    refused = any(dropped.why == NO_THANKS for dropped in r.all(MessageDropped))
    return {
        "thanked_minutes": _minutes(asked.received_at, sent),
        "thanks_unwanted": sent is None and (refused or not asked.thanks_ours),
    }


def _reaching(r: Referral, came: datetime, calendar: Calendar) -> dict[str, object]:
    reached = r.reached_at()
    # Reached is more than tried: whoever books by phone and tells the EMR alone made an attempt
    # that nobody logged, and in a funnel nobody is reached who was not tried.
    tried = min([*r.attempts()[:1], *([reached] if reached else [])], default=None)
    booked = [one.as_of for one in r.all(AppointmentBooked) if one.purpose == "evaluation"]
    next_day = calendar.next_business_day(calendar.local_date(came))
    return {
        "attempted_at": tried,
        "contact_within": came + CONTACT_WITHIN,
        "contact_by": calendar.closing(next_day),
        "contact_minutes": _minutes(came, tried),
        "contact_open_minutes": open_minutes(calendar, came, tried) if tried else None,
        "reached_at": reached,
        "booked_at": min(booked, default=None),
    }


def _evaluating(r: Referral, came: datetime, calendar: Calendar) -> dict[str, object]:
    at, missed = r.evaluated_at, r.missed()
    days = None if at is None else (calendar.local_date(at) - calendar.local_date(came)).days
    return {
        "missed_evaluations": len(missed),
        "missed_visits": len(r.all(AppointmentMissed)) - len(missed),
        "evaluated_at": at,
        **(_day("evaluated", at, calendar) if at else {}),
        "evaluation_days": days if days is not None and days >= 0 else None,
        "visits": len(r.treatment_days()),
    }


def _papers(r: Referral) -> dict[str, object]:
    signed = min((p.at for p in r.all(PlanOfCareSigned) if p.by is Signer.THERAPIST), default=None)
    sent = _first_sent(r, Kind.PLAN_OF_CARE)
    summed_up = min((s.at for s in r.all(DischargeSummarySigned)), default=None)
    summary = _first_sent(r, Kind.DISCHARGE_SUMMARY)
    went, prompt = _progress(r)
    return {
        "plan_signed_at": signed,
        "plan_sent_at": sent,
        "plan_minutes": _minutes(signed, sent),
        "certification": certification.state(r),
        "certified": r.evaluated() and r.certified(),
        "reports": went,
        "prompt_reports": prompt,
        "summary_signed_at": summed_up,
        "summary_sent_at": summary,
        "summary_minutes": _minutes(summed_up, summary),
    }


def _progress(r: Referral) -> tuple[int, int]:
    """Signed reports that went out, and those that did within a day; each recipient's first."""
    signed = {one.report_id: one.at for one in r.progress_reports()}
    first: dict[str, datetime] = {}
    for sent in r.all(MessageSent):
        report = MessageRef.parse(sent.message).occasion
        if sent.message_kind is Kind.PROGRESS_REPORT and report in signed:
            first[report] = min(sent.at, first.get(report, sent.at))
    prompt = sum(at - signed[report] <= PROMPT for report, at in first.items())
    return len(first), prompt


def _ending(r: Referral, calendar: Calendar) -> dict[str, object]:
    found: dict[str, object] = {"ending": r.ending()}
    if r.discharged_at is not None:
        found |= _day("discharged", r.discharged_at, calendar)
    asked = _first_sent(r, Kind.CHECK_IN)
    if asked is not None:
        found |= _day("asked", asked, calendar)
    told = r.last(CheckInAnswered)
    found["score"] = told.score if told is not None else None
    closed = r.closing()
    if closed is not None:
        found |= _day("closed", closed.at, calendar)
        found["closed_reason"] = closed.reason
        said = [c.why for c in r.all(CallLogged) if c.outcome is CallOutcome.DECLINED and c.why]
        found["lost_why"] = said[-1] if said and closed.reason.lost else None
    return found


def _sending(r: Referral) -> dict[str, object]:
    names = {"sms": "texts", "fax": "faxes", "email": "mails"}
    sent, arrived, failed = r.all(MessageSent), r.all(MessageDelivered), r.all(MessageFailed)
    counts: dict[str, object] = {}
    for channel, name in names.items():
        counts[f"{name}_sent"] = sum(one.channel == channel for one in sent)
        counts[f"{name}_delivered"] = sum(one.channel == channel for one in arrived)
        counts[f"{name}_failed"] = sum(one.channel == channel for one in failed)
    return {**counts, "replied": bool(r.all(PatientReplied))}


def _odd(r: Referral, came: datetime, calendar: Calendar) -> Iterator[str]:
    """What a feed told that cannot be; it stays out of every length and is counted by itself.

    By local days, as the lengths are: feeds that tell days alone know of no hours.
    """
    moments = (came, r.evaluated_at, r.discharged_at)
    received, evaluated, ended = (calendar.local_date(at) if at else None for at in moments)
    if evaluated and received and evaluated < received:
        yield "evaluated_before_received"
    if ended and evaluated and ended < evaluated:
        yield "discharged_before_evaluated"


def _compared(told: Iterable[OutcomeRecorded]) -> Iterator[ScoreLine]:
    every = sorted(told, key=lambda one: (one.day, one.as_of))
    baseline = every[0]
    measure = MEASURES.get(baseline.measure)
    if measure is None:
        return  # nobody can say which way is better
    sign = 1 if measure.better is Better.HIGHER else -1
    for one in every:
        improved = round(sign * (one.score - baseline.score), 4)
        yield ScoreLine(
            measure=one.measure,
            taken_on=one.day,
            day=(one.day - baseline.day).days,
            value=one.score,
            improved=improved,
            percent=percent_better(baseline.score, improved),
            meaningful=improved >= measure.meaningful,
        )


def _first_sent(r: Referral, kind: Kind) -> datetime | None:
    return min((s.at for s in r.all(MessageSent) if s.message_kind is kind), default=None)


def _minutes(first: datetime | None, last: datetime | None) -> int | None:
    """Whole minutes, None while one is missing or they are not in this order."""
    if first is None or last is None or last < first:
        return None
    return int((last - first) / timedelta(minutes=1))


def _day(name: str, at: datetime, calendar: Calendar) -> dict[str, object]:
    on = calendar.local_date(at)
    return {f"{name}_on": on, f"{name}_month": f"{on:%Y-%m}"}
