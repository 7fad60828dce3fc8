"""Medicare, alone and with a secondary insurance.

Dr. Okafor sends two patients on the same day, each with a signed and dated order. Pat has Medicare
alone: the plan of care that reached the physician's fax is certified by that (the 2025 exception),
and nobody asks the office for a signature. Sam has Medicare and a commercial secondary: the
strictest payer decides, so Sam's plan needs a signature and is asked for after a week. The chase
ends the moment the physician has signed. (policy.md rule 5)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import BACK, KNEE
from tests.scenarios.kit.case import Case

PAT = patient(62, "Pat", "Sample", "1950-02-11")
SAM = patient(63, "Sam", "Placeholder", "1948-09-30")
ORDER = {"signed": True, "dated": True}


def tell(case: Case) -> None:
    pat = case.referral("pat")
    sam = case.referral("sam")

    # What happens
    pat.received(0, "09:30", PAT, OKAFOR, payers=["medicare_part_b"], order=ORDER)
    sam.received(0, "14:00", SAM, OKAFOR, payers=["medicare_part_b", "commercial"], order=ORDER)
    for one, region in ((pat, KNEE), (sam, BACK)):
        one.booked(1, "10:00", on=4)
        one.event(1, "20:00", "intake_completed", "forms complete")
        one.evaluated(4, region)
        one.visits([8, 11, 15, 18])
    sam.event(14, "09:00", "plan_of_care_signed", "the provider signs", by="provider")
    case.lasts(21)

    # What goes out
    for one, who in ((pat, PAT), (sam, SAM)):
        one.sends(0, "thank_you", OKAFOR, "fax")
        one.sends(0, "schedule_text", who, "sms")
        one.sends(1, "intake", who, "sms", "10:00")
        one.sends(4, "plan_of_care", OKAFOR, "fax", "16:30-19:00")
    sam.sends(11, "signature_request", OKAFOR, "fax")
    pat.never_sends("signature_request", because="the delivered plan certifies by itself (rule 5)")

    # What people are asked
    pat.asks(0, "call_patient", "front_desk", "11:30", until=(1, "10:00"))
    sam.asks(0, "call_patient", "front_desk", "16:00", until=(1, "10:00"))
    sam.asks(1, "call_patient", "front_desk", "07:00", until=(1, "10:00"))  # the other half-day

    pat.ends_as("in_care", certification="certified_by_transmission")
    sam.ends_as("in_care", certification="certified_by_signature")
