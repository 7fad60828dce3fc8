"""The patient's way through the clinic, from the first appointment to the discharge."""

from __future__ import annotations

from datetime import date, datetime

from models import bookings
from models.facts import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentMissed,
    Discharged,
    DischargeSummarySigned,
    Ending,
    EvaluationCompleted,
    Fact,
    IntakeCompleted,
    PatientDied,
    PlanOfCareSigned,
    ProgressReportSigned,
    ReferralWithdrawn,
    Reopened,
    VisitCompleted,
)
from models.referral.fold import Fold


class Care(Fold):
    """Appointments, the evaluation, visits, and how care ended."""

    def missed(self) -> list[AppointmentMissed]:
        """Missed evaluation appointments, oldest first."""
        visits = {a.appointment_id for a in self.all(AppointmentBooked) if a.purpose == "visit"}
        return [m for m in self.all(AppointmentMissed) if m.appointment_id not in visits]

    def appointment(self) -> AppointmentBooked | None:
        """The evaluation appointment that stands: booked, not cancelled since, not missed since."""
        off: dict[str, datetime] = {}
        for gone in [*self.all(AppointmentCancelled), *self.all(AppointmentMissed)]:
            if isinstance(gone, AppointmentCancelled | AppointmentMissed):
                before = off.get(gone.appointment_id, gone.as_of)
                off[gone.appointment_id] = max(before, gone.as_of)
        standing = [
            a
            for a in self.all(AppointmentBooked)
            if a.purpose == "evaluation"
            and (a.appointment_id not in off or off[a.appointment_id] < a.as_of)
        ]
        standing = bookings.once(standing, self.all(AppointmentBooked))
        return max(standing, key=lambda a: (a.starts_at, a.appointment_id), default=None)

    def appointments(self) -> list[AppointmentBooked]:
        """Every appointment that was not cancelled since, of any purpose."""
        off = {c.appointment_id: c.as_of for c in self.all(AppointmentCancelled)}
        return [
            one
            for one in self.all(AppointmentBooked)
            if one.appointment_id not in off or off[one.appointment_id] < one.as_of
        ]

    def booked(self) -> bool:
        """An evaluation appointment stands, or the evaluation is behind us."""
        return self.appointment() is not None or self.evaluated() or self.discharged()

    def ever_booked(self) -> bool:
        """An evaluation was booked at some time; from then on it is about booking again."""
        return self.booked() or any(a.purpose == "evaluation" for a in self.all(AppointmentBooked))

    def rebooking(self) -> str | None:
        """Why the evaluation must be booked again, as the occasion of its tasks; None otherwise."""
        if self.booked() or not self.ever_booked():
            return None
        off: list[AppointmentMissed | AppointmentCancelled] = [*self.missed()]
        off += self.all(AppointmentCancelled)
        last = max(off, key=lambda gone: (gone.as_of, gone.key), default=None)
        if isinstance(last, AppointmentMissed):
            return f"miss-{len(self.missed())}"
        return f"cancelled-{last.appointment_id}" if last else None

    def intake_done(self) -> bool:
        """The forms are complete, or no longer matter."""
        return bool(self.all(IntakeCompleted)) or self.evaluated() or self.discharged()

    def evaluated(self) -> bool:
        """The evaluation took place, told or implied by what can only follow it."""
        later: tuple[type[Fact], ...] = (VisitCompleted, PlanOfCareSigned, ProgressReportSigned)
        return self.evaluation_on_record() or any(self.all(kind) for kind in later)

    def evaluation_on_record(self) -> bool:
        """The evaluation itself was told; a discharge letter needs it (ARCHITECTURE §7)."""
        return bool(self.all(EvaluationCompleted))

    def evaluated_or_discharged(self) -> bool:
        """Nothing is left to wait for before the discharge step."""
        return self.evaluated() or self.discharged()

    @property
    def evaluated_at(self) -> datetime | None:
        """When the evaluation took place, or the earliest thing that implies it."""
        told = self.first(EvaluationCompleted)
        if told is not None:
            return told.at
        implied: list[Fact] = [
            *self.all(VisitCompleted),
            *self.all(PlanOfCareSigned),
            *self.all(ProgressReportSigned),
        ]
        return min((fact.at for fact in implied), default=None)

    @property
    def care_started_at(self) -> datetime | None:
        """The earlier of evaluation and first treatment: every Medicare clock starts here [G1]."""
        moments = [v.at for v in self.all(VisitCompleted)]
        moments += [e.at for e in self.all(EvaluationCompleted)]
        return min(moments, default=self.evaluated_at)

    def treatment_days(self) -> list[date]:
        """Distinct local days with treatment, the evaluation included [G9]."""
        days = {visit.day for visit in self.all(VisitCompleted)}
        days |= {evaluation.day for evaluation in self.all(EvaluationCompleted)}
        return sorted(days)

    def last_visit_at(self) -> datetime | None:
        """The latest treatment of any kind."""
        moments = [v.at for v in self.all(VisitCompleted)]
        moments += [e.at for e in self.all(EvaluationCompleted)]
        return max(moments, default=self.evaluated_at)

    def next_visit_at(self, after: datetime) -> datetime | None:
        """The next standing appointment of any purpose after a moment."""
        ahead = [one.starts_at for one in self.appointments() if one.starts_at > after]
        return min(ahead, default=None)

    def progress_reports(self) -> list[ProgressReportSigned]:
        """Signed progress reports, oldest first."""
        return self.all(ProgressReportSigned)

    def discharged(self) -> bool:
        """Care ended, or the source withdrew a referral already in care."""
        return bool(self.all(Discharged)) or (bool(self.withdrawn()) and self.evaluated())

    @property
    def discharged_at(self) -> datetime | None:
        """When care ended."""
        ends = [f.at for f in self.all(Discharged)] or [f.at for f in self.withdrawn()]
        return min(ends, default=None)

    def ending(self) -> Ending | None:
        """Why care ended, as far as told."""
        if self.died():
            return Ending.DECEASED
        told = self.last(Discharged)
        if told is not None:
            return told.reason
        return Ending.WITHDRAWN if self.withdrawn() else None

    def withdrawn(self) -> list[ReferralWithdrawn]:
        """The source's taking the referral back, unless a person has reopened it since."""
        back = self.reopened_at()
        return [w for w in self.all(ReferralWithdrawn) if back is None or w.as_of > back]

    def reopened_at(self) -> datetime | None:
        """When a person last had a closed referral go on."""
        reopened = self.last(Reopened)
        return reopened.at if reopened is not None else None

    def died(self) -> bool:
        """The patient died, told as such or as the reason of the discharge (rule 22)."""
        ends = self.all(Discharged)
        return bool(self.all(PatientDied)) or any(e.reason is Ending.DECEASED for e in ends)

    def planned_ending(self) -> bool:
        """Whether the discharge was planned; an untold one was not."""
        told = self.last(Discharged)
        return told is not None and told.planned

    def summary_signed(self) -> bool:
        """The discharge summary may go out."""
        return bool(self.all(DischargeSummarySigned))
