"""The script of the demonstration: eight referrals as signed events and staff decisions.

Times are local to the clinic, as days from the opening Monday.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from demo import cast, clinical
from demo.life import Life

DAYS = 98  # fourteen weeks


def straightforward(life: Life) -> None:
    """Reached by the first text, certified by transmission, goals met, content."""
    life.received(
        0, "09:30", cast.patient(51, "Jordan", "Sample", "1957-01-04"), cast.OKAFOR,
        payers=["medicare_part_b"], order={"signed": True, "dated": True},
    )  # fmt: skip
    life.booked(0, "11:10", on=4)
    life.event(1, "20:00", "intake_completed", "forms complete")
    life.evaluated(4, clinical.KNEE)
    life.visits([7, 10, 14, 17, 21, 24, 28, 31, 35])
    life.reported(35, 4, clinical.KNEE, 9)
    life.visits([38, 42, 45, 49, 52])
    life.discharged(52, 4, clinical.KNEE, 15)
    life.event(60, "18:00", "check_in_answered", "answered the check-in", score=10)


def slow_to_answer(life: Life) -> None:
    """Texts and calls for a week and a half; the desk reaches them at last."""
    life.received(1, "14:20", cast.patient(52, "Robin", "Placeholder", "1984-06-30"), cast.HADDAD,
                  payers=["commercial"])  # fmt: skip
    for day, clock in ((2, "09:40"), (5, "08:30")):
        life.called(day, clock, "voicemail")
    life.called(10, "12:15", "reached", "the desk reached the patient")
    life.booked(10, "12:20", on=15)
    life.event(14, "21:00", "intake_completed", "forms complete")
    life.evaluated(15, clinical.SHOULDER, signed=24)  # after one signature request
    life.visits([18, 22, 25, 29, 32, 36, 39, 43, 46])
    life.reported(46, 15, clinical.SHOULDER, 10)
    life.visits([50, 53, 57, 60])
    life.discharged(60, 15, clinical.SHOULDER, 14)
    life.event(68, "18:00", "check_in_answered", "answered the check-in: not content", score=5)


def missed_then_recovered(life: Life) -> None:
    """The first evaluation is missed; a text, a call, and a second booking that holds."""
    life.received(3, "10:05", cast.patient(53, "Sam", "Fixture", "1990-11-12", "es"), cast.OKAFOR,
                  payers=["commercial"])  # fmt: skip
    life.booked(3, "13:00", on=8)
    life.event(
        8, "10:30", "appointment_missed", "evaluation missed",
        appointment_id=f"{life.external}-A1",
    )  # fmt: skip
    life.booked(9, "15:30", on=11, number=2)
    life.event(5, "19:00", "intake_completed", "forms complete")
    life.evaluated(11, clinical.BACK, signed=14)
    life.visits([14, 17, 21, 24, 28, 31, 35])
    life.discharged(35, 11, clinical.BACK, 8)
    life.event(43, "12:00", "check_in_answered", "answered the check-in", score=9)


def never_signed(life: Life) -> None:
    """The provider never signs: two requests, two calls, the director, a call each week."""
    life.received(7, "16:45", cast.patient(54, "Alex", "Dummy", "1972-03-08"), cast.LINDQVIST,
                  payers=["commercial"])  # fmt: skip
    life.booked(8, "09:15", on=10)
    life.event(9, "08:00", "intake_completed", "forms complete")
    life.evaluated(10, clinical.NECK)
    life.visits([14, 17, 21, 24, 28, 31, 35, 38])
    life.reported(38, 10, clinical.NECK, 9)
    life.visits([42, 45])
    life.discharged(45, 10, clinical.NECK, 11)
    life.event(53, "12:00", "check_in_answered", "answered the check-in", score=8)


def stopped_coming(life: Life) -> None:
    """Five visits, then nothing; the desk is asked twice, the therapist discharges."""
    life.received(4, "08:50", cast.patient(55, "Casey", "Specimen", "1966-09-21"), cast.ROSSI,
                  payers=["medicare_advantage"])  # fmt: skip
    life.booked(4, "10:40", on=9)
    life.event(7, "12:00", "intake_completed", "forms complete")
    life.evaluated(9, clinical.BACK, signed=15)
    life.visits([11, 14, 16, 21])
    life.discharged(52, 9, clinical.BACK, 5, stopped=True)


def friend_of_past_patient(life: Life) -> None:
    """A past patient sent a friend and may be thanked, without a word about the friend."""
    life.received(
        14, "11:00", cast.patient(56, "Morgan", "Sampleton", "1995-02-17"), cast.PAST_PATIENT,
        certifier={key: value for key, value in cast.HADDAD.items() if key != "kind"},
        payers=["self_pay"],
    )  # fmt: skip
    life.booked(14, "12:30", on=17)
    life.event(15, "09:00", "intake_completed", "forms complete")
    life.evaluated(17, clinical.SHOULDER)
    life.visits([21, 24, 28, 31, 35, 38])
    life.discharged(38, 17, clinical.SHOULDER, 7)
    life.event(46, "09:00", "check_in_answered", "answered the check-in", score=10)


def in_care_now(life: Life) -> None:
    """A second patient of a good source, in the middle of care when the demonstration ends."""
    life.received(
        73, "09:10", cast.patient(57, "Devon", "Mockley", "1951-07-07"), cast.OKAFOR,
        payers=["medicare_part_b"], order={"signed": True, "dated": True},
    )  # fmt: skip
    life.booked(73, "10:00", on=77)
    life.event(74, "09:00", "intake_completed", "forms complete")
    life.evaluated(77, clinical.KNEE)
    life.visits([80, 84, 87, 91, 94])


def just_arrived(life: Life) -> None:
    """Came in two days before the end: thanked and texted, not yet reached."""
    life.received(95, "15:40", cast.patient(58, "Riley", "Exemplar", "1979-12-01"), cast.HADDAD,
                  payers=["commercial"])  # fmt: skip


SCRIPTS: tuple[tuple[Callable[[Life], None], str, str], ...] = (
    (straightforward, "straightforward", "closed"),
    (slow_to_answer, "patient slow to answer", "closed"),
    (missed_then_recovered, "missed evaluation, recovered", "closed"),
    (never_signed, "plan never signed by the provider", "discharging"),
    (stopped_coming, "unplanned discharge", "closed"),
    (friend_of_past_patient, "sent by a past patient", "closed"),
    (in_care_now, "in care", "in_care"),
    (just_arrived, "just arrived", "contacting"),
)


def lives(opening: date) -> list[Life]:
    """All scripts, laid on the calendar from an opening Monday."""
    written = []
    for number, (script, title, ends) in enumerate(SCRIPTS, start=1):
        life = Life(script.__name__, title, ends, f"D-{1000 + number}", opening)
        script(life)
        written.append(life)
    return written
