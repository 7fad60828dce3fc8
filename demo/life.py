"""How a story is told: what arrives and what staff do, at local times as days from a Monday.

The one vocabulary of the demonstration and of the scenarios (tests/scenarios). Everything goes
through the public doors: events by ``POST /hooks/{org}/events``, decisions by the API.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from demo import cast, clinical
from demo.cast import Json
from demo.clinical import Region

ZONE = ZoneInfo("America/New_York")


Moment = tuple[int, str]  # a day of the story, and a local time


@dataclass(frozen=True)
class Line:
    """One thing that happens: ``way`` names the door it comes in by (``demo.stage.DOORS``).

    ``at`` is when it arrives; when it happened stands in its body. ``refused`` is the code with
    which it must be turned away, where the story says so.
    """

    at: datetime
    life: str  # "" where it belongs to no referral
    says: str
    way: str
    body: Json
    refused: str | None = None


@dataclass
class Life:
    """One referral's script, and where it stands when the story ends."""

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

    # --- anything ---------------------------------------------------------------------------------

    def event(
        self,
        day: int,
        clock: str,
        kind: str,
        says: str,
        document: Json | None = None,
        /,
        *,
        told: Moment | None = None,
        refused: str | None = None,
        **data: Any,
    ) -> datetime:
        """Add one event of the EMR; ``told``: it arrives later than it happened."""
        at = self.when(day, clock)
        body: Json = {
            "type": kind,
            "at": at.isoformat(),
            "referral": {"external": {"assigner": cast.EMR, "value": self.external}},
            "data": data,
        }
        if document is not None:
            body["document"] = {"fields": document}
        arrives = self.when(*told) if told else at
        self.lines.append(Line(arrives, self.name, says, "event", body, refused))
        return at

    def amended(
        self, day: int, clock: str, kind: str, says: str, /, *, of: Moment, **data: Any
    ) -> None:
        """The EMR corrects what it told of an earlier moment (``of``), and knows so only now."""
        self.event(*of, kind, says, told=(day, clock), **data)
        self._as_of(day, clock, {})

    def retracted(
        self, day: int, clock: str, kind: str, says: str, /, *, of: Moment, **data: Any
    ) -> None:
        """The EMR takes back what it told of an earlier moment (``of``)."""
        self.event(*of, kind, says, told=(day, clock), **data)
        self._as_of(day, clock, {"retracted": True})

    def _as_of(self, day: int, clock: str, more: Json) -> None:
        last = self.lines.pop()
        known = {"as_of": self.when(day, clock).isoformat(), **more}
        self.lines.append(replace(last, body={**last.body, **known}))

    def decide(
        self,
        day: int,
        clock: str,
        kind: str,
        says: str,
        /,
        *,
        refused: str | None = None,
        **data: Any,
    ) -> None:
        """Add a decision of the staff, the front desk's unless told (``by``)."""
        at = self.when(day, clock)
        body = {"kind": kind, "at": at.isoformat(), "by": cast.STAFF, **data}
        self.lines.append(Line(at, self.name, says, "decision", body, refused))

    # --- what often happens -----------------------------------------------------------------------

    def received(
        self,
        day: int,
        clock: str,
        patient: Json,
        source: Json,
        /,
        *,
        says: str = "referral received",
        told: Moment | None = None,
        **more: Any,
    ) -> None:
        """Add the event that begins the referral; ``told``: it arrives later."""
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
        arrives = self.when(*told) if told else at
        self.lines.append(Line(arrives, self.name, says, "event", body))

    def called(
        self, day: int, clock: str, outcome: str, says: str | None = None, /, **data: Any
    ) -> None:
        """A person calls the patient and logs what came of it."""
        words = says or f"the desk called: {outcome.replace('_', ' ')}"
        number = f"{self.external}-C{day}-{clock.replace(':', '')}"
        self.decide(day, clock, "call_logged", words, call_id=number, outcome=outcome, **data)

    def done(
        self, day: int, clock: str, task: str, says: str | None = None, /, **data: Any
    ) -> None:
        """A person does a task, named ``<kind>:<occasion>``."""
        words = says or f"done: {task.split(':', 1)[0].replace('_', ' ')}"
        self.decide(day, clock, "task_completed", words, task=task, **data)

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
            day, "11:00", "evaluation_completed", "evaluated", day=self.day(day).isoformat()
        )
        self.planned(day, "16:30", clinical.plan(region, at))
        if signed is not None:
            self.event(
                signed, "13:00", "plan_of_care_signed", "provider signed the plan", by="provider"
            )

    def planned(self, day: int, clock: str, plan: Json, /, **data: Any) -> None:
        """The therapist signs a plan of care; its end stands in the plan itself."""
        ends_on = plan["plan"]["ends_on"]
        says = "therapist signed the plan of care"
        version = data.get("version")
        self.event(
            day,
            clock,
            "plan_of_care_signed",
            f"{says}, version {version}" if version else says,
            plan,
            by="therapist",
            ends_on=ends_on,
            **data,
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
                day=self.day(day).isoformat(),
            )

    def reported(self, day: int, evaluated: int, region: Region, visits: int) -> None:
        """The therapist signs a progress report."""
        signed = self.when(day, "17:00")
        self.event(
            day,
            "17:00",
            "progress_report_signed",
            "progress report signed",
            clinical.report(region, self.day(evaluated), self.day(day), signed, visits),
            report_id=f"{self.external}-R{day}",
            day=self.day(day).isoformat(),
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
                region,
                self.day(evaluated),
                self.day(day),
                signed,
                visits,
                unplanned="The patient stopped coming" if stopped else None,
            ),
        )

    def day(self, day: int) -> date:
        """The date of a day of the story."""
        return self.opening + timedelta(days=day)


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
