"""What the read API says of one referral: codes, counts and lengths, and days only where allowed.

Without more, a line holds no name, no id of ours, no day and no moment: the month of each event and
how long things took. That is still finer than what HIPAA's Safe Harbor leaves of a date, which is
the year (45 CFR 164.514(b)(2)): treat it as data about patients, and share figures, not lines.
A token that says ``identified`` gets days, moments and our ids as well.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from pydantic import Field

from models.base import Model
from models.facts import UtcDatetime
from models.ledger import Line
from models.months import month_of

_MINUTE: Final = timedelta(minutes=1)


class SharedLine(Model):
    """One referral without names, ids and days; empty where it has not happened."""

    referral: str = Field(
        description="a pseudonym, the same for the same referral in every answer to your "
        "organization; it cannot be turned back into an id"
    )
    clinic_id: str = Field(description="the clinic, by its id in the policy file")
    counted: str = Field(
        description="`referral` counts in the figures; `co_source` was sent by somebody else as "
        "well; `duplicate`, `renewal`, `error` and `unconfirmed` count nowhere"
    )
    source_id: str = Field(
        description="who is credited; its name is in the report, unless it is a patient"
    )
    source_kind: str = Field(description="provider, practice, past_patient, self …")
    heard: str | None = Field(None, description="how the patient says they heard of the clinic")
    campaign: str | None = Field(None, description="the campaign, in the organization's words")
    origin: str | None = Field(None, description="the way the referral came in")
    urgency: str | None = Field(None, description="as the referral says it, `post_op` among them")
    payer: str | None = Field(None, description="the kind of the first payer")
    region: str | None = Field(None, description="the body region")
    stage: str = Field(description="how far the referral is")
    received_month: str = Field(description="YYYY-MM, by the clinic's own calendar")
    thanked_minutes: int | None = Field(None, description="from receipt until the thank-you left")
    thanks_unwanted: bool = Field(
        False, description="whether the sender wants no thanks, or nobody here sends them"
    )
    contact_minutes: int | None = Field(
        None, description="from receipt to the first delivered text, logged call, answer or booking"
    )
    contact_open_minutes: int | None = Field(
        None, description="the same, while the clinic was open"
    )
    contacted_24h: bool | None = Field(
        None, description="tried within 24 hours; empty while there is still time"
    )
    contacted_next_day: bool | None = Field(
        None, description="tried by closing time of the next business day; empty as above"
    )
    reached_minutes: int | None = Field(None, description="from receipt until the patient answered")
    booked_minutes: int | None = Field(None, description="from receipt until the first booking")
    missed_evaluations: int = Field(0, description="missed appointments for the evaluation")
    evaluated_month: str | None = Field(None, description="YYYY-MM of the evaluation")
    evaluation_days: int | None = Field(None, description="calendar days from receipt to it")
    visits: int = Field(0, description="treatment days, the evaluation included")
    missed_visits: int = Field(0, description="missed appointments after the evaluation")
    plan_minutes: int | None = Field(
        None, description="from the therapist's signature until the plan of care left"
    )
    certification: str | None = Field(None, description="the state of the plan's certification")
    certified: bool = Field(False, description="whether the plan needs no further signature")
    reports: int = Field(0, description="progress reports that went out")
    prompt_reports: int = Field(0, description="of these, within a day of the signature")
    discharged_month: str | None = Field(None, description="YYYY-MM of the end of care")
    care_days: int | None = Field(None, description="calendar days from evaluation to discharge")
    ending: str | None = Field(None, description="how care ended, such as `goals_met`")
    summary_minutes: int | None = Field(
        None, description="from the signature until the discharge summary left"
    )
    asked_month: str | None = Field(None, description="YYYY-MM of the question after discharge")
    score: int | None = Field(None, description="the answer to it, 0 to 10")
    texts_sent: int = Field(0, description="texts that went to the patient")
    texts_delivered: int = Field(0, description="of these, delivered")
    texts_failed: int = Field(0, description="texts that failed")
    faxes_sent: int = Field(0, description="faxes that went out about the referral")
    faxes_delivered: int = Field(0, description="of these, delivered")
    faxes_failed: int = Field(0, description="faxes that failed")
    mails_sent: int = Field(0, description="mails that went out about it")
    mails_delivered: int = Field(0, description="of these, delivered")
    mails_failed: int = Field(0, description="mails that failed")
    replied: bool = Field(False, description="whether the patient wrote back")
    closed_month: str | None = Field(None, description="YYYY-MM in which the referral was closed")
    open_days: int | None = Field(None, description="calendar days from receipt to its closing")
    closed_reason: str | None = Field(None, description="why it was closed")
    lost_why: str | None = Field(None, description="the code of what a patient said who declined")
    odd: str | None = Field(None, description="codes of what cannot be, joined by a comma")
    value: float | None = Field(
        None,
        description="behind a figure: the number it takes or judges of this referral, in hours, "
        "days, visits, messages, points or percent; empty where there is none",
    )


class IdentifiedLine(SharedLine):
    """The same with our id, days (the clinic's own) and moments (UTC)."""

    referral_id: str = Field(description="our id, as on the desk")
    received_at: UtcDatetime = Field(description="when the referral came")
    received_on: date = Field(description="the day it came")
    contact_within: UtcDatetime | None = Field(None, description="24 hours from then")
    contact_by: UtcDatetime | None = Field(None, description="closing time of the next day")
    attempted_at: UtcDatetime | None = Field(None, description="the first try")
    reached_at: UtcDatetime | None = Field(None, description="when the patient answered")
    booked_at: UtcDatetime | None = Field(None, description="when the evaluation was booked")
    evaluated_at: UtcDatetime | None = Field(None, description="the evaluation")
    evaluated_on: date | None = Field(None, description="its day")
    plan_signed_at: UtcDatetime | None = Field(None, description="the therapist's signature")
    plan_sent_at: UtcDatetime | None = Field(None, description="when the plan of care left")
    discharged_on: date | None = Field(None, description="the day care ended")
    summary_signed_at: UtcDatetime | None = Field(None, description="the summary's signature")
    summary_sent_at: UtcDatetime | None = Field(None, description="when the summary left")
    asked_on: date | None = Field(None, description="the day of the question after discharge")
    closed_on: date | None = Field(None, description="the day the referral was closed")


def shared(line: Line, pseudonym: str, at: datetime, *, value: float | None = None) -> SharedLine:
    """A line as told to whoever may not see days and ids, as of a moment."""
    return SharedLine.model_validate({**_columns(line, pseudonym, at), "value": value})


def identified(
    line: Line, pseudonym: str, at: datetime, referral_id: str, *, value: float | None = None
) -> IdentifiedLine:
    """A line as told to whoever may see days and ids, as of a moment."""
    told = {**line.model_dump(), **_columns(line, pseudonym, at)}
    return IdentifiedLine.model_validate({**told, "referral_id": referral_id, "value": value})


def _columns(line: Line, pseudonym: str, at: datetime) -> dict[str, object]:
    came = line.received_at
    evaluated, ended = line.evaluated_on, line.discharged_on
    return {
        **line.model_dump(include=set(SharedLine.model_fields)),
        "referral": pseudonym,
        "received_month": month_of(line.received_on),
        "contacted_24h": _kept(line.attempted_at, line.contact_within, at),
        "contacted_next_day": _kept(line.attempted_at, line.contact_by, at),
        "reached_minutes": _minutes(came, line.reached_at),
        "booked_minutes": _minutes(came, line.booked_at),
        "care_days": _days(evaluated, ended) if evaluated is not None else None,
        "open_days": _days(line.received_on, line.closed_on),
    }


def _kept(tried: datetime | None, by: datetime | None, at: datetime) -> bool | None:
    """Whether a try came in time; None for a line without a time limit, or while it runs."""
    if by is None or (tried is None and by > at):
        return None
    return tried is not None and tried <= by


def _minutes(first: datetime, last: datetime | None) -> int | None:
    return int((last - first) / _MINUTE) if last is not None and last >= first else None


def _days(first: date, last: date | None) -> int | None:
    return (last - first).days if last is not None and last >= first else None
