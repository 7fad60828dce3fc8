"""The EMR amends and takes back what a letter has told already.

Uma's evaluation is told, the plan of care goes out; two days later the EMR takes the evaluation
back, because it was booked on the wrong chart, and tells it again an hour after with the right day.
At the end of care one of her visits turns out to be somebody else's, when the discharge summary has
left. Nothing is unsent and no second letter goes out by itself: each time the lead is asked what to
tell the physician, and the task names the letter. (ARCHITECTURE §7; policy.md rule 3)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

UMA = patient(72, "Uma", "Sample", "1966-06-16")


def tell(case: Case) -> None:
    uma = case.referral("uma")

    # What happens
    uma.received(0, "09:30", UMA, OKAFOR, payers=["commercial"])
    uma.booked(0, "11:00", on=4)
    uma.event(1, "12:00", "intake_completed", "forms complete")
    uma.evaluated(4, KNEE, signed=9)
    uma.retracted(
        7, "09:00", "evaluation_completed", "the evaluation was on the wrong chart",
        of=(4, "11:00"), day=uma.day(4).isoformat(),
    )  # fmt: skip
    uma.amended(
        7, "10:00", "evaluation_completed", "it took place, on Thursday",
        of=(3, "11:00"), day=uma.day(3).isoformat(),
    )  # fmt: skip
    uma.visits([8, 11, 15])
    uma.discharged(18, 4, KNEE, 4)
    uma.retracted(
        22, "09:00", "visit_completed", "the visit of Friday was somebody else's", of=(11, "15:00"),
        visit_id=f"{uma.external}-V11", day=uma.day(11).isoformat(),
    )  # fmt: skip
    case.lasts(22)

    # What goes out
    uma.sends(0, "schedule_text", UMA, "sms", "09:35")
    uma.sends(0, "thank_you", OKAFOR, "fax")
    uma.sends(1, "intake", UMA, "sms", "09:00")
    uma.sends(4, "plan_of_care", OKAFOR, "fax")  # once
    uma.sends(21, "discharge_summary", OKAFOR, "fax")  # once; signed on a Saturday
    uma.sends(21, "patient_thanks", UMA, "sms")

    # What people are asked
    uma.asks(7, "retracted_after_letter", "lead", "09:00")
    uma.asks(22, "retracted_after_letter", "lead", "09:00")

    uma.ends_as("discharging", certification="certified_by_signature")
