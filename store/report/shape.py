"""How the referrals of a month went: the funnel with its losses, ages of the open, channels, words.

Everything here is of the same lines as the measures, as known at the same moment.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, literal, or_
from sqlalchemy import select as columns
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from models.attribution import Heard
from models.monthly import AGES, Aged, Channel, Lost, Named, Step
from models.referral import OPEN, Stage
from store.report.scope import Period
from store.report.series import how_many
from store.tables import LedgerRow

L = LedgerRow
BEFORE_CARE: Final = (Stage.RECEIVED, Stage.CONTACTING, Stage.SCHEDULED, Stage.INTAKE)
STEPS: Final = (
    ("received", "Received"),
    ("attempted", "Tried"),
    ("reached", "Reached"),
    ("booked", "Booked"),
    ("evaluated", "Evaluated"),
    ("second_visit", "Came back for care"),
)
LOST: Final = {
    "unable_to_reach": "could not be reached",
    "declined_by_patient": "the patient declined",
    "declined_by_clinic": "declined by the clinic",
    "withdrawn": "withdrawn by the sender",
    "not_evaluated": "never came",
    "deceased": "died",
    "completed": "ended",
    "elsewhere": "went elsewhere",
    "better": "felt better",
    "cost": "cost",
    "no_time": "no time",
    "too_far": "too far",
    "unsaid": "declined without a reason",
    "discharged": "discharged after the first visit",
}
HEARD: Final = {
    Heard.PHYSICIAN: "A physician",
    Heard.PAST_PATIENT: "A past patient",
    Heard.FRIEND: "A friend or family",
    Heard.INSURER: "The insurer's directory",
    Heard.SEARCH: "A web search",
    Heard.SOCIAL: "Social media",
    Heard.EVENT: "An event",
    Heard.SIGN: "Passing by",
    Heard.EMPLOYER: "The employer",
    Heard.OTHER: "Something else",
}
#: By channel: what the ledger calls its messages, and the report.
CHANNELS: Final = {
    "sms": ("texts", "Texts to patients"),
    "fax": ("faxes", "Faxes to offices"),
    "email": ("mails", "Mails"),
}
WENT: Final = ("sent", "delivered", "failed")
ANSWERS: Final = "sms"  # the one channel on which patients write back
ODD: Final = {
    "evaluated_before_received": "Evaluated before it was received",
    "discharged_before_evaluated": "Discharged before it was evaluated",
}


def funnel(session: Session, period: Period) -> tuple[Step, ...]:
    """How far the month's referrals came, each counted at every step it passed.

    Who passed a later step passed the earlier ones, told or not. The losses of a step are closed
    referrals that came no further; those that still may are ``waiting``.
    """
    rows = columns(
        far().label("far"), case((over(), 1), else_=0).label("over"), why_lost().label("why")
    ).where(period.referrals(), col(L.received_month) == period.month)
    told = rows.subquery()
    query = columns(told.c.far, told.c.over, told.c.why, func.count()).group_by(
        told.c.far, told.c.over, told.c.why
    )
    came = [0] * len(STEPS)
    waiting = [0] * len(STEPS)
    lost: list[dict[str, int]] = [{} for _ in STEPS]
    for step, ended, reason, number in session.connection().execute(query):
        for passed in range(step + 1):
            came[passed] += number
        if step == len(STEPS) - 1:
            continue
        if ended:
            lost[step][reason] = lost[step].get(reason, 0) + number
        else:
            waiting[step] += number
    return tuple(
        Step(name=name, says=says, number=came[n], waiting=waiting[n], lost=_reasons(lost[n]))
        for n, (name, says) in enumerate(STEPS)
    )


def over() -> ColumnElement[bool]:
    """Closed, or out of care: it comes no further."""
    return or_(col(L.stage) == Stage.CLOSED, col(L.discharged_on).is_not(None))


def why_lost() -> ColumnElement[str]:
    """Why it came no further, as a code of ``LOST``; after an evaluation it was discharged."""
    before = case((col(L.lost_why).is_not(None), col(L.lost_why)), else_=col(L.closed_reason))
    evaluated = far() == len(STEPS) - 2
    return case((evaluated, literal("discharged")), else_=func.coalesce(before, "completed"))


def of_age(period: Period, place: int) -> ColumnElement[bool]:
    """Open at the moment of the report, and of the age at this place in ``AGES``."""
    low, high, _ = AGES[place]
    aged = and_(col(L.stage).in_(OPEN), col(L.received_at) <= period.at - timedelta(days=low))
    return (
        aged if high is None else and_(aged, col(L.received_at) > period.at - timedelta(days=high))
    )


def ageing(session: Session, period: Period) -> tuple[Aged, ...]:
    """Open referrals at the moment of the report by days since receipt, those in care apart."""
    waiting = col(L.stage).in_(BEFORE_CARE)
    asked: list[ColumnElement[int]] = []
    for place in range(len(AGES)):
        aged = of_age(period, place)
        asked += [how_many(and_(aged, waiting)), how_many(and_(aged, ~waiting))]
    # Said again for all ages at once: what is open is looked up by its stage, years of ended
    # referrals are not read for it.
    query = columns(*asked).where(period.referrals(), col(L.stage).in_(OPEN))
    told = session.connection().execute(query).one()
    return tuple(
        Aged(says=says, waiting=int(told[2 * n]), in_care=int(told[2 * n + 1]))
        for n, (_, _, says) in enumerate(AGES)
    )


def channels(session: Session, period: Period) -> tuple[Channel, ...]:
    """What was sent for the month's referrals, to patients and offices, and what arrived."""
    sums = [
        func.coalesce(func.sum(went(name, what)), 0)
        for name, _ in CHANNELS.values()
        for what in WENT
    ]
    replied = how_many(col(L.replied).is_(True))
    query = columns(*sums, replied).where(period.referrals(), col(L.received_month) == period.month)
    told = [int(one) for one in session.connection().execute(query).one()]
    return tuple(
        Channel(
            name=name,
            says=says,
            sent=told[3 * n],
            delivered=told[3 * n + 1],
            failed=told[3 * n + 2],
            answered=told[-1] if name == ANSWERS else None,
        )
        for n, (name, (_, says)) in enumerate(CHANNELS.items())
    )


def went(name: str, what: str) -> Mapped[Any]:
    """How many of a referral's ``texts``, ``faxes`` or ``mails`` were sent, delivered or failed."""
    return col(getattr(L, f"{name}_{what}"))


def heard(session: Session, period: Period) -> tuple[Named, ...]:
    """How the month's patients say they heard of the clinic, the most named first."""
    return _named(session, period, col(L.heard), {str(k): v for k, v in HEARD.items()})


def campaigns(session: Session, period: Period) -> tuple[Named, ...]:
    """The campaigns the month's referrals named."""
    return _named(session, period, col(L.campaign), {})


def oddities(session: Session, period: Period) -> tuple[Named, ...]:
    """What the month's feeds told that cannot be."""
    asked = [how_many(is_odd(code)) for code in ODD]
    query = columns(*asked).where(period.referrals(), col(L.received_month) == period.month)
    told = session.connection().execute(query).one()
    found = zip(ODD.items(), told, strict=True)
    return tuple(Named(name=code, says=says, number=int(n)) for (code, says), n in found if n)


def is_odd(code: str) -> ColumnElement[bool]:
    """A line with this code among what cannot be."""
    return col(L.odd).contains(literal(code))


def far() -> ColumnElement[int]:
    """The last step a referral has passed, as its place in ``STEPS``."""
    return case(
        (col(L.visits) >= 2, 5),
        (col(L.evaluated_at).is_not(None), 4),
        (col(L.booked_at).is_not(None), 3),
        (col(L.reached_at).is_not(None), 2),
        (col(L.attempted_at).is_not(None), 1),
        else_=0,
    )


def _reasons(lost: dict[str, int]) -> tuple[Lost, ...]:
    by_size = sorted(lost.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Lost(reason=code, says=LOST.get(code, code), number=n) for code, n in by_size)


def _named(
    session: Session, period: Period, column: Any, words: dict[str, str]
) -> tuple[Named, ...]:
    query = (
        columns(column, func.count())
        .where(period.referrals(), col(L.received_month) == period.month, column.is_not(None))
        .group_by(column)
    )
    told = [(str(code), int(n)) for code, n in session.connection().execute(query)]
    told.sort(key=lambda one: (-one[1], one[0]))
    return tuple(Named(name=code, says=words.get(code, code), number=n) for code, n in told)
