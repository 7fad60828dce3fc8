"""An example desk for pictures and browsers: fictional people at every stage of their way.

Told through the ordinary doors to a real store; of the engine only the stand-in is there, so what
workflows would have written is written here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from activities.sources import Sources
from activities.verdicts import Verdicts
from models.contracts import SourceStart
from models.facts import (
    CallLogged,
    CallOutcome,
    ClosedReason,
    HandedOver,
    HoldPlaced,
    HoldReason,
    MessageDelivered,
    MessageHeld,
    MessageSent,
    ReferralClosed,
    TaskOpened,
    Urgency,
)
from models.kinds import Kind
from models.referral import MessageRef
from models.roles import Role
from store import post, settling
from store.tables import DeliveryState, MessageState, SourceRow
from tests.doors import ORG, Door, event
from web.examples import PLAN_FIELDS

NOW = datetime(2026, 3, 12, 15, 5, tzinfo=UTC)  # a Thursday, 11:05 in Albany
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SOURCES = (
    {"name": "Amara Okafor", "npi": "1234567893", "practice": "Harbor Orthopedics"},
    {"name": "Noor Haddad", "npi": "1558598797", "practice": "Elm Street Family Health"},
    {"name": "Per Lindqvist", "npi": "1999999984", "practice": "North Hill Sports Medicine"},
)
GUARDIAN = {"guardian_name": "Min Kim", "guardian_phone": "+15185550190"}
# given, family, born, source, urgency, payer, days ago, how far
PEOPLE: tuple[tuple[str, str, str, int, Urgency, str, float, str], ...] = (
    ("Maria", "Ortiz", "1958-03-14", 0, Urgency.ROUTINE, "medicare_part_b", 1.1, "called"),
    ("Devon", "Brook", "1987-07-02", 0, Urgency.POST_OP, "commercial", 0.03, "urgent"),
    ("Ines", "Laurent", "1949-11-30", 1, Urgency.ROUTINE, "medicare_advantage", 0.14, "new"),
    ("Sam", "Whitfield", "1979-01-21", 2, Urgency.ROUTINE, "commercial", 0.002, "fresh"),
    ("Priya", "Anand", "1991-05-09", 1, Urgency.ROUTINE, "commercial", 0.13, "texted"),
    ("Otis", "Freeman", "1953-08-17", 0, Urgency.ROUTINE, "medicare_part_b", 4.2, "held"),
    ("Lena", "Fischer", "1968-12-05", 2, Urgency.ROUTINE, "workers_comp", 0.12, "texted"),
    ("Noah", "Kim", "2010-02-27", 1, Urgency.ROUTINE, "medicaid", 2.5, "booked"),
    ("Grace", "Obi", "1972-06-13", 0, Urgency.ROUTINE, "commercial", 2.0, "booked"),
    ("Walter", "Nowak", "1945-04-08", 1, Urgency.ROUTINE, "medicare_part_b", 3.3, "intake"),
    ("Aisha", "Rahman", "1983-10-19", 2, Urgency.ROUTINE, "self_pay", 3.1, "intake"),
    ("Ruth", "Delgado", "1951-09-25", 0, Urgency.ROUTINE, "medicare_part_b", 4.1, "evaluated"),
    ("Theo", "Marsh", "1995-03-03", 2, Urgency.ROUTINE, "commercial", 4.2, "evaluated"),
    ("Hanna", "Berg", "1964-07-29", 1, Urgency.ROUTINE, "commercial", 30.0, "in_care"),
    ("Luis", "Prado", "1976-01-11", 0, Urgency.POST_OP, "commercial", 26.0, "in_care"),
    ("Joan", "Whitaker", "1956-05-23", 1, Urgency.ROUTINE, "medicare_part_b", 40.0, "discharged"),
    ("Pete", "Sandoval", "1989-11-02", 2, Urgency.ROUTINE, "commercial", 19.0, "closed"),
)

#: How many they sent in each of twelve months before, oldest first; the last has gone quiet.
QUIET = {"name": "Dana Brightwell", "npi": "1003000126", "practice": "Lakefront Pediatrics"}
YEAR = (
    (SOURCES[0], (1, 2, 1, 2, 2, 2, 1, 2, 3, 4, 5, 5)),
    (SOURCES[1], (5, 4, 5, 5, 4, 5, 5, 4, 5, 2, 1, 0)),
    (SOURCES[2], (2, 1, 2, 2, 2, 1, 2, 2, 1, 2, 2, 1)),
    (QUIET, (3, 2, 3, 3, 3, 2, 3, 3, 3, 1, 0, 0)),
)


async def year(door: Door) -> None:
    """The year before of the example desk's sources, each as its watch and its week see it."""
    number = 0
    for which, (source, months) in enumerate(YEAR):
        fax = f"+1518555{110 + which:04d}"
        for ago, many in zip(range(len(months), 0, -1), months, strict=True):
            for one in range(many):
                number += 1
                door.now = NOW - timedelta(days=30 * ago + 14 - 28 * one / max(many, 1))
                await _past(door, number, {**source, "fax": fax})
    door.now = NOW
    Verdicts(door.store, door.tenants).run(NOW)
    watch = Sources(door.store, door.tenants, lambda: NOW)
    for row in door.rows(SourceRow):
        watch.judge(SourceStart(org=ORG, source_id=row.id), NOW)


async def _past(door: Door, number: int, source: dict[str, str]) -> None:
    """A referral of the past, over long ago."""
    at = door.now
    ref = await door.refer(
        external=f"P-{number}",
        at=at,
        clinic="east",
        source=source,
        patient={
            "given_name": "Robin",
            "family_name": f"Example{number}",
            "born": f"{1940 + number % 60}-05-{number % 28 + 1:02d}",
            "phone": f"+1518556{number:04d}",
            "email": None,
        },
    )
    door.now = at + 20 * DAY
    end = ReferralClosed(at=door.now, as_of=door.now, by="lee", reason=ClosedReason.COMPLETED)
    door.write(ref, end)
    door.engine.close(ref)


async def seed(door: Door) -> dict[str, str]:
    """Everybody of the example desk at the clinic "east"; referral ids by family name."""
    known: dict[str, str] = {}
    for number, who in enumerate(PEOPLE):
        known[who[1]] = await _life(door, number, who)
    door.now = NOW
    return known


async def _life(door: Door, number: int, who: tuple[Any, ...]) -> str:
    given, family, born, source, urgency, payer, days, story = who
    at = NOW - days * DAY
    door.now = at
    ref = await door.refer(
        external=f"X-{2000 + number}",
        at=at,
        clinic="east",
        urgency=urgency,
        payers=[payer],
        source={**SOURCES[source], "fax": f"+1518555{110 + source:04d}"},
        patient={
            "given_name": given,
            "family_name": family,
            "born": born,
            "phone": f"+1518555{150 + number:04d}",
            "email": None,
            **(
                {"guardian_name": "Min Kim", "guardian_phone": "+15185550190"}
                if number == 7
                else {}
            ),
        },
        reason="Evaluate and treat.",
    )
    if story == "fresh":
        return ref
    _thanks(door, ref, at + 0.25 * HOUR)
    if story in {"urgent", "new"}:
        due = NOW + (0.4 if story == "urgent" else -0.9) * HOUR
        _ask(door, ref, "call_patient:bd0-2", at, due)
        return ref
    _text(door, ref, at + 6 * timedelta(minutes=1), Kind.SCHEDULE_TEXT, "bd0")
    if story in {"called", "held", "texted"}:
        _call(door, ref, at + 1.8 * HOUR, CallOutcome.VOICEMAIL)
    if story == "called":
        _ask(door, ref, "call_patient:bd2", at + 3 * HOUR, NOW - 2 * HOUR)
        _words(door, ref, at + 6 * timedelta(minutes=1))
        told = at + 20 * HOUR
        door.write(ref, HandedOver(at=told, as_of=told, by="lee", to="dana"))
    if story == "texted":
        held = MessageRef(Kind.REACH_FOLLOWUP, "patient", "bd2")
        told = NOW - HOUR
        door.write(
            ref,
            MessageHeld(
                at=told, as_of=told, message=held.key, until=NOW + 22 * HOUR, why="quiet_hours"
            ),
        )
    if story == "held":
        placed = at + DAY
        door.write(
            ref,
            HoldPlaced(
                at=placed,
                as_of=placed,
                by="dana",
                hold_id="H-1",
                reason=HoldReason.ORDER_MISSING,
                owner=Role.FRONT_DESK,
                next_check=NOW + 20 * HOUR,
                limit=NOW + 8 * DAY,
            ),
        )
    if story == "closed":
        end = at + 12 * DAY
        fact = ReferralClosed(at=end, as_of=end, by="lee", reason=ClosedReason.UNABLE_TO_REACH)
        door.write(ref, fact)
        door.engine.close(ref)
    if story in {"called", "held", "texted", "closed"}:
        return ref
    await _care(door, ref, number, at, story)
    return ref


async def _care(door: Door, ref: str, number: int, at: datetime, story: str) -> None:
    first = {"booked": NOW + (3.9 + number % 3) * DAY, "intake": NOW + (2.2 + number % 3 / 8) * DAY}
    start = first.get(story, at + (3 if story == "evaluated" else 4) * DAY)
    await _tell(door, ref, "appointment_booked", at + DAY, appointment_id=f"A-{number}",
                starts_at=start.isoformat())  # fmt: skip
    if story != "booked":
        _text(door, ref, at + DAY, Kind.INTAKE, f"A-{number}")
    if story in {"booked", "intake"}:
        return
    day = start.date().isoformat()
    await _tell(door, ref, "evaluation_completed", start, day=day)
    if story == "evaluated":
        _ask(door, ref, "sign_plan:v1", start, NOW + 6 * HOUR, Role.THERAPIST)
        if number % 2:
            _ask(door, ref, "no_next_visit:1", start, NOW + 26 * HOUR)
        return
    plan = {"fields": PLAN_FIELDS}
    told = event("plan_of_care_signed", at=(start + 3 * HOUR).isoformat(), referral={"id": ref},
                 document=plan)  # fmt: skip
    door.now = start + 4 * HOUR
    await door.tell(told)
    message = MessageRef(Kind.PLAN_OF_CARE, "certifier", "v1").key
    sent = {"message": message, "message_kind": Kind.PLAN_OF_CARE, "channel": "fax"}
    at = start + 5 * HOUR
    door.write(ref, MessageSent(at=at, as_of=at, **sent), MessageDelivered(at=at, as_of=at, **sent))
    signed = (start + 3 * DAY).isoformat()
    told = event("plan_of_care_signed", at=signed, referral={"id": ref}, by="provider")
    del told["document"]
    door.now = start + 3 * DAY
    await door.tell(told)
    for visit in range(1, min(8, int((NOW - start) / (3 * DAY)))):
        when = start + visit * 3 * DAY
        await _tell(door, ref, "visit_completed", when, visit_id=f"V-{number}-{visit}",
                    day=when.date().isoformat())  # fmt: skip
    if story == "discharged":
        await _tell(door, ref, "discharged", NOW - 2 * DAY, reason="goals_met", planned=True)


async def _tell(door: Door, ref: str, kind: str, at: datetime, **data: Any) -> None:
    door.now = max(door.now, at)
    row = await door.tell(event(kind, at=at.isoformat(), referral={"id": ref}, **data))
    assert row.state == "applied", row.reason


def _ask(
    door: Door, ref: str, task: str, at: datetime, due: datetime, role: Role = Role.FRONT_DESK
) -> None:
    door.write(ref, TaskOpened(at=at, as_of=at, task=task, role=role, due=due))


def _call(door: Door, ref: str, at: datetime, outcome: CallOutcome) -> None:
    door.write(ref, CallLogged(at=at, as_of=at, by="dana", call_id="C-1", outcome=outcome))


def _text(door: Door, ref: str, at: datetime, kind: Kind, occasion: str) -> None:
    message = MessageRef(kind, "patient", occasion).key
    told: dict[str, Any] = {"message": message, "message_kind": kind, "channel": "sms"}
    door.write(ref, MessageSent(at=at, as_of=at, **told), MessageDelivered(at=at, as_of=at, **told))


def _thanks(door: Door, ref: str, at: datetime) -> None:
    message = MessageRef(Kind.THANK_YOU, "source", "1").key
    told: dict[str, Any] = {
        "message": message,
        "message_kind": Kind.THANK_YOU,
        "channel": "fax",
    }
    door.write(ref, MessageSent(at=at, as_of=at, **told), MessageDelivered(at=at, as_of=at, **told))


def _words(door: Door, ref: str, at: datetime) -> None:
    """The row of a text that was delivered, with its words."""
    with door.store.write() as session:
        message, _ = post.queue_message(
            session,
            org=ORG,
            referral_id=ref,
            message=MessageRef(Kind.SCHEDULE_TEXT, "patient", "bd0"),
            at=at,
            recorded_at=at,
        )
        delivery, _ = post.queue_delivery(
            session,
            message,
            channel="sms",
            rung=0,
            address="+15185550150",
            at=at,
            recorded_at=at,
            payload={
                "subject": "",
                "body": "Riverside PT East: we received your referral. Pick a time: "
                "https://example.org/p/x or text days that work. Call (518) 555-0142. "
                "STOP to opt out",
            },
        )
        settling.claim(session, delivery.id, 0, at=at)
        settling.settle(session, delivery.id, DeliveryState.ACCEPTED, at=at, vendor_id="v1")
        settling.settle(session, delivery.id, DeliveryState.DELIVERED, at=at)
        settling.mark_message(session, message.id, MessageState.SENT, at=at)
