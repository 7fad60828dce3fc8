"""What progress reports and discharge summaries say."""

from __future__ import annotations

from models.documents import DischargeReason, DischargeSummary, ProgressReport
from models.outcomes import verdict_on
from reports import words
from reports.kit.text import day

DISCHARGE_THANKS = "Thank you for referring this patient to us."


def report_verdict(report: ProgressReport | DischargeSummary) -> str:
    """The bottom line: the author's own, or what the scores say."""
    if isinstance(report, ProgressReport):
        return report.verdict or verdict_on(report.scores) or "Progress report."
    return report.verdict or discharge_verdict(report)


def discharge_verdict(summary: DischargeSummary) -> str:
    met = sum(1 for g in summary.goals if g.status is not None and g.status.value == "Met")
    goals = f" Goals met: {met} of {len(summary.goals)}." if summary.goals else ""
    opening = "Discharged" if summary.planned else "Unplanned discharge"
    if summary.reason is DischargeReason.GOALS_MET and summary.goals:
        return f"{opening}, goals met: {met} of {len(summary.goals)}."
    return f"{opening}: {_lower(summary.reason.value)}.{goals}"


def discharge_ask(summary: DischargeSummary) -> str:
    """What the physician may do next; the recommendations, or that nothing is needed."""
    return summary.recommendations or words.NO_ACTION


def unplanned(summary: DischargeSummary) -> str:
    """Said plainly when care ended without a last visit to discharge at [G12]."""
    last = f"on {day(summary.last_visit_on)}" if summary.last_visit_on else "not recorded"
    return (
        f"This discharge was not planned. The last visit was {last}; what follows "
        "rests on the treatment notes up to then, and later changes are not known to us."
    )


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def episode_rows(summary: DischargeSummary) -> list[tuple[str, str]]:
    dates = (
        ("referred", summary.referred_on),
        ("evaluated", summary.evaluated_on),
        ("last visit", summary.last_visit_on),
        ("discharged", summary.discharged_on),
    )
    rows = [
        ("Dates", "; ".join(f"{what} {day(on)}" for what, on in dates if on)),
        ("Diagnosis", words.diagnoses(summary.diagnoses)),
        ("Visits", words.attendance(summary.attendance) if summary.attendance else ""),
    ]
    return [(label, text) for label, text in rows if text]


def discharge_sections(summary: DischargeSummary) -> list[tuple[str, str]]:
    rows = [
        ("How the patient is now", summary.patient_status),
        ("What was done", summary.treatment_given),
        ("Remaining limits and precautions", summary.limits_and_precautions),
        ("Home program", summary.home_program),
        ("Equipment", summary.equipment),
        ("When to return, and whom to call", summary.when_to_return),
    ]
    return [(label, text) for label, text in rows if text]


def report_facts(report: ProgressReport) -> str:
    """Period, diagnosis and attendance in one paragraph."""
    parts = []
    if report.period_starts and report.period_ends:
        parts.append(f"Period {day(report.period_starts)} to {day(report.period_ends)}.")
    if report.diagnoses:
        parts.append(f"Diagnosis: {words.diagnoses(report.diagnoses)}.")
    return " ".join(parts)


def report_sections(report: ProgressReport) -> list[tuple[str, str]]:
    rows = [
        ("Attendance", words.attendance(report.attendance) if report.attendance else ""),
        ("Assessment", report.assessment),
        ("Plan", report.plan),
        ("Changes to goals", report.goal_changes or "None."),
    ]
    return [(label, text) for label, text in rows if text]
