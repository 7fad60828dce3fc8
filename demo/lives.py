"""The script of the demonstration: eight referrals as signed events and staff decisions.

Times are local to the clinic, as days from the opening Monday. Everything goes through the public
doors: events by ``POST /hooks/{org}/events``, decisions by the API.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from demo import cast, clinical
from demo.cast import Json
from demo.clinical import Region

ZONE = ZoneInfo("America/New_York")
DAYS = 98  # fourteen weeks


@dataclass(frozen=True)
class Line:
    """One thing that happens: an event of the EMR, or a decision of the staff."""

    at: datetime
    life: str
    says: str
    way: Literal["event", "decision"]
    body: Json


@dataclass
class Life:
    """One referral's script, and where it stands when the demonstration ends."""

    name: str
    title: str
    ends: str  # the stage expected at the end
    external: str
    opening: date
    lines: list[Line] = field(default_factory=list)

    def when(self, day: int, clock: str) -> datetime:
        """A local moment, ``day`` days after the opening Monday."""
        hour, minute = (int(part) for part in clock.split(":"))
        return datetime.combine(self.opening + timedelta(days=day), time(hour, minute), ZONE)

    def event(
        self,
        day: int,
        clock: str,
        kind: str,
        says: str,
        document: Json | None = None,
        /,
        **data: object,
    ) -> datetime:
        """Add one event of the EMR."""
        at = self.when(day, clock)
        body: Json = {
            "type": kind,
            "at": at.isoformat(),
            "referral": {"external": {"assigner": cast.EMR, "value": self.external}},
            "data": data,
        }
        if document is not None:
            body["document"] = {"fields": document}
        self.lines.append(Line(at, self.name, says, "event", body))
        return at

    def received(self, day: int, clock: str, patient: Json, source: Json, **more: object) -> None:
        """Add the event that begins the referral."""
        at = self.when(day, clock)
        data: Json = {
            "external": {"assigner": cast.EMR, "value": self.external},
            "clinic": cast.CLINIC,
            "received_at": at.isoformat(),
            "patient": patient,
            "source": source,
            **more,
        }
        body = {"type": "referral_received", "at": at.isoformat(), "data": data}
        self.lines.append(Line(at, self.name, "referral received", "event", body))

    def decide(self, day: int, clock: str, kind: str, says: str, **data: object) -> None:
        """Add a decision of the front desk."""
        at = self.when(day, clock)
        body = {"kind": kind, "at": at.isoformat(), "by": cast.STAFF, **data}
        self.lines.append(Line(at, self.name, says, "decision", body))

    def booked(self, day: int, clock: str, on: int, *, number: int = 1) -> None:
        """The EMR has the evaluation."""
        starts = self.when(on, "10:00").isoformat()
        self.event(
            day,
            clock,
            "appointment_booked",
            "evaluation booked",
            appointment_id=f"{self.external}-A{number}",
            starts_at=starts,
        )

    def evaluated(self, day: int, region: Region, *, signed: int | None = None) -> None:
        """Evaluated, the therapist signs the plan the same day; the provider ``signed`` later."""
        at = self.event(
            day, "11:00", "evaluation_completed", "evaluated", day=self._day(day).isoformat()
        )
        self.event(
            day,
            "16:30",
            "plan_of_care_signed",
            "therapist signed the plan of care",
            clinical.plan(region, at),
            by="therapist",
            ends_on=(self._day(day) + timedelta(weeks=8)).isoformat(),
        )
        if signed is not None:
            self.event(
                signed, "13:00", "plan_of_care_signed", "provider signed the plan", by="provider"
            )

    def visits(self, days: list[int], clock: str = "15:00") -> None:
        """Completed visits."""
        for day in days:
            self.event(
                day,
                clock,
                "visit_completed",
                "visit",
                visit_id=f"{self.external}-V{day}",
                day=self._day(day).isoformat(),
            )

    def reported(self, day: int, evaluated: int, region: Region, visits: int) -> None:
        """The therapist signs a progress report."""
        signed = self.when(day, "17:00")
        self.event(
            day,
            "17:00",
            "progress_report_signed",
            "progress report signed",
            clinical.report(region, self._day(evaluated), self._day(day), signed, visits),
            report_id=f"{self.external}-R{day}",
            day=self._day(day).isoformat(),
        )

    def discharged(
        self, day: int, evaluated: int, region: Region, visits: int, *, stopped: bool = False
    ) -> None:
        """Care ends, and the therapist signs the summary the next day."""
        self.event(
            day,
            "16:00",
            "discharged",
            "discharged",
            reason="stopped_coming" if stopped else "goals_met",
            planned=not stopped,
        )
        signed = self.when(day + 1, "12:00")
        self.event(
            day + 1,
            "12:00",
            "discharge_summary_signed",
            "discharge summary signed",
            clinical.summary(
                region, self._day(evaluated), self._day(day), signed, visits, stopped=stopped
            ),
        )

    def _day(self, day: int) -> date:
        return self.opening + timedelta(days=day)


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
        life.decide(
            day, clock, "call_logged", "the desk called: voicemail",
            call_id=f"{life.external}-C{day}", outcome="voicemail",
        )  # fmt: skip
    life.decide(
        10, "12:15", "call_logged", "the desk reached the patient",
        call_id=f"{life.external}-C10", outcome="reached",
    )  # fmt: skip
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


def opening_monday(today: date) -> date:
    """The first Monday of February that is still ahead.

    Virtual time cannot begin in the past, and these fourteen weeks hold no public holiday that
    would move the story from one year to the next (but a change of the clocks).
    """
    for year in (today.year, today.year + 1):
        first = date(year, 2, 1)
        monday = first + timedelta(days=-first.weekday() % 7)
        if monday > today:
            return monday
    raise AssertionError("next year's February is always ahead")
