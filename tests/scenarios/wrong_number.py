"""A stranger has the number.

The number on Nils's referral is somebody else's. "You have the wrong number" ends every text there
at once; the stranger hears nothing more, neither a name nor an apology. Compliance records the
incident, nobody is asked to call that number, and the office is asked for the right one. Dana
enters it and calls there: Nils is booked, and what is texted from then on reaches him.
(policy.md rule 17)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

NILS = patient(97, "Nils", "Fixture", "1966-11-11")
STRANGER = {**NILS, "phone": "+15185550130"}


def tell(case: Case) -> None:
    nils = case.referral("nils")

    # What happens
    nils.received(0, "09:30", STRANGER, OKAFOR, payers=["commercial"])
    nils.event(
        0, "10:00", "patient_replied", "a stranger texts",
        reply_id="n1", text="You have the wrong number",
    )  # fmt: skip
    nils.done(0, "16:00", "wrong_number:n1", "compliance records the incident", by="cam")
    nils.decide(
        1, "14:50", "request_confirmed", "Dana enters the number the office gave",
        corrections={"patient": {"phone": NILS["phone"]}},
    )  # fmt: skip
    nils.called(1, "15:00", "reached", "the desk reaches Nils")
    nils.booked(1, "15:05", on=4)
    nils.event(1, "19:00", "intake_completed", "forms complete")
    nils.evaluated(4, KNEE)
    case.lasts(5)

    # What goes out
    nils.sends(0, "schedule_text", STRANGER, "sms", "09:35")
    nils.sends(0, "thank_you", OKAFOR, "fax")
    nils.sends(0, "unable_to_reach", OKAFOR, "fax", "10:00-12:00")
    nils.sends(4, "plan_of_care", OKAFOR, "fax")
    nils.sends(1, "intake", NILS, "sms")
    nils.never_sends("opt_out_confirmation", because="a stranger has the number (rule 17)")

    # What people are asked
    nils.asks(1, "call_patient", "front_desk", "14:50", until=(1, "15:00"))
    nils.asks(0, "wrong_number", "compliance", "10:00", due=(1, "19:00"), until=(0, "16:00"))

    nils.ends_as("evaluated", certification="needs_signature")
