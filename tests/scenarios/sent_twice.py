"""A physician and a past patient send the same patient.

Mia has a sore knee. Her neighbour Gus, whom the clinic treated once, sends her in the morning. In
the afternoon her physician sends her too, with a signed order. She is one referral and is texted
once a day at most; the physician's request fills in what Gus could not know: who certifies, who
reads the reports, who pays. Both are thanked, each by the rules of their kind and without a word
about the other. When the office's fax comes once more two days later, nobody is thanked again.
(policy.md rules 2, 8 and 12)
"""

from __future__ import annotations

from demo.cast import OKAFOR, PAST_PATIENT, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

MIA = patient(80, "Mia", "Sample", "1969-05-05")
ORDER = {"signed": True, "dated": True}


def also(number: int) -> dict[str, str]:
    """The id under which the office sends her."""
    return {"assigner": "demo-emr", "value": f"S-2001-{number}"}


def tell(case: Case) -> None:
    mia = case.referral("mia")
    case.on_time("mia")

    # What happens
    mia.received(0, "09:30", MIA, PAST_PATIENT)
    mia.received(
        0, "14:00", MIA, OKAFOR, says="her physician sends her too", external=also(1),
        order=ORDER, payers=["medicare_part_b"], region="knee",
    )  # fmt: skip
    mia.booked(0, "16:00", on=3)
    mia.event(1, "19:00", "intake_completed", "forms complete")
    mia.received(
        2, "10:00", MIA, OKAFOR, says="the office's fax comes once more", external=also(2),
        order=ORDER, payers=["medicare_part_b"], region="knee",
    )  # fmt: skip
    mia.evaluated(3, KNEE)
    case.chore(4, "09:00", "receipts")
    case.lasts(5)

    # What goes out
    mia.sends(0, "schedule_text", MIA, "sms", "09:35")
    mia.sends(0, "thank_you", OKAFOR, "fax", "14:15-16:15", without=("Gus", "Formerly"))
    mia.sends(1, "thank_you_past_patient", PAST_PATIENT, "email", without=("Mia", "Okafor"))
    mia.sends(1, "intake", MIA, "sms", "09:00")
    mia.sends(3, "plan_of_care", OKAFOR, "fax")
    mia.never_sends("signature_request", because="the order is on file, the plan arrived (rule 5)")

    # What people are asked
    mia.asks(0, "call_patient", "front_desk", "11:30", until=(0, "16:00"))

    mia.ends_as("evaluated", certification="certified_by_transmission")
