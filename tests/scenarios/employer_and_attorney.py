"""An employer sends one patient, an attorney another.

Neither treats anybody. Both are thanked within a day, by a letter that says nothing they have not
told us themselves. When Pia cannot be treated after all, the front desk is asked to tell her
employer as much as it may know. When Quinn's care ends, the summary goes to the physician; the
attorney's copy waits for the lead, who releases it by hand. (policy.md rule 2)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import BACK
from tests.scenarios.kit.case import Case

PIA = patient(82, "Pia", "Sample", "1991-09-09")
QUINN = patient(83, "Quinn", "Sample", "1988-10-10")
EMPLOYER = {"kind": "employer", "name": "Harbor Cranes", "fax": "+15185550162"}
ATTORNEY = {"kind": "attorney", "name": "Lane & Lane", "fax": "+15185550163"}
DOCTOR = {key: value for key, value in OKAFOR.items() if key != "kind"}


def tell(case: Case) -> None:
    pia, quinn = case.referral("pia"), case.referral("quinn")

    # What happens
    pia.received(0, "09:30", PIA, EMPLOYER, certifier=DOCTOR)
    pia.called(0, "14:00", "declined", "Pia does not want therapy")
    pia.decide(
        0, "14:30", "referral_closed", "the lead closes", by="lee", reason="declined_by_patient"
    )
    quinn.received(0, "09:40", QUINN, ATTORNEY, certifier=DOCTOR, payers=["commercial"])
    quinn.booked(0, "11:00", on=2)
    quinn.event(0, "19:00", "intake_completed", "forms complete")
    quinn.evaluated(2, BACK, signed=4)
    quinn.visits([4, 7])
    quinn.discharged(9, 2, BACK, 3)
    quinn.decide(
        11, "10:00", "message_approved", "the lead releases the summary",
        by="lee", message="discharge_summary:source:1",
    )  # fmt: skip
    case.lasts(11, "18:00")

    # What goes out
    pia.sends(0, "schedule_text", PIA, "sms", "09:35")
    pia.sends(0, "thank_you", EMPLOYER, "fax", without=("plan of care", "evaluation"))
    quinn.sends(0, "schedule_text", QUINN, "sms", "09:45")
    quinn.sends(0, "thank_you", ATTORNEY, "fax", without=("plan of care", "evaluation"))
    quinn.sends(1, "intake", QUINN, "sms", "09:00")
    quinn.sends(2, "plan_of_care", OKAFOR, "fax")
    quinn.sends(10, "discharge_summary", OKAFOR, "fax", "12:00-14:00")
    quinn.sends(11, "discharge_summary", ATTORNEY, "fax", "10:00-12:00")
    quinn.sends(10, "patient_thanks", QUINN, "sms", "14:00")

    # What people are asked
    pia.asks(0, "call_patient", "front_desk", "11:30", until=(0, "14:00"))
    pia.asks(0, "propose_close", "lead", "14:00", until=(0, "14:30"))
    pia.asks(0, "tell_source", "front_desk", "14:30")
    quinn.asks(10, "release_message", "lead", "12:00", until=(11, "10:00"))

    pia.ends_as("closed", closed="declined_by_patient")
    quinn.ends_as("discharging")
