"""The surgery moves, and moves again.

Sam is referred for therapy after a surgery that is a week away. The surgeon's office is thanked the
same day; nobody writes to or calls Sam before the day on which care may begin. The surgery is put
off twice, and every date moves with it. On the day itself Sam is texted and called, as every
patient after surgery is. (policy.md rule 15; reach.urgent)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

SAM = patient(93, "Sam", "Sample", "1957-09-17")


def tell(case: Case) -> None:
    sam = case.referral("sam")

    def surgery(day: int, clock: str, first: int) -> None:
        sam.event(
            day, clock, "not_before_changed", "the surgery is put off",
            not_before=sam.when(first, "09:00").isoformat(),
        )  # fmt: skip

    # What happens
    sam.received(
        0, "09:30", SAM, OKAFOR, urgency="post_op", payers=["commercial"],
        not_before=sam.when(8, "09:00").isoformat(),
    )  # fmt: skip
    surgery(3, "15:00", 16)
    surgery(14, "16:00", 22)
    sam.called(22, "09:40", "reached", "the desk reaches Sam")
    sam.booked(22, "09:45", on=24)
    sam.event(22, "19:00", "intake_completed", "forms complete")
    sam.evaluated(24, KNEE)
    case.lasts(25)

    # What goes out
    sam.sends(0, "thank_you", OKAFOR, "fax")
    sam.sends(22, "schedule_text", SAM, "sms", "09:05")
    sam.sends(23, "intake", SAM, "sms", "09:00")
    sam.sends(24, "plan_of_care", OKAFOR, "fax")

    # What people are asked
    sam.asks(22, "call_patient", "front_desk", "09:30", until=(22, "09:40"))

    sam.ends_as("evaluated", certification="needs_signature")
