"""The source takes a referral back, before and after the evaluation.

Dr. Okafor's office withdraws two referrals. Ida has not been evaluated yet: her referral closes by
itself, the texts and calls stop, and the desk gives the office a word by phone. Max is in care:
for him it is an unplanned end. The therapist signs a discharge summary, the physician gets it, the
referral closes when it is out; he gets no cheerful message. (policy.md rules 16 and 22)
"""

from __future__ import annotations

from demo import clinical
from demo.cast import OKAFOR, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

IDA = patient(70, "Ida", "Sample", "1985-05-15")
MAX = patient(71, "Max", "Placeholder", "1959-08-08")


def tell(case: Case) -> None:
    ida = case.referral("ida")
    max_ = case.referral("max")

    # What happens
    ida.received(0, "09:30", IDA, OKAFOR, payers=["commercial"])
    ida.called(1, "09:00", "voicemail")
    ida.event(1, "15:00", "referral_withdrawn", "the office takes the referral back")
    ida.called(2, "10:00", "reached", "a colleague calls all the same", refused="closed")
    max_.received(0, "10:00", MAX, OKAFOR, payers=["commercial"])
    max_.booked(0, "11:00", on=2)
    max_.event(1, "08:00", "intake_completed", "forms complete")
    max_.evaluated(2, KNEE, signed=4)
    max_.visits([7, 9])
    max_.event(10, "10:00", "referral_withdrawn", "the office takes the referral back")
    max_.event(
        14, "12:00", "discharge_summary_signed", "the therapist signs the discharge summary",
        clinical.summary(
            KNEE, max_.day(2), max_.day(9), max_.when(14, "12:00"), 3,
            unplanned="The referral was withdrawn",
        ),
    )  # fmt: skip
    case.lasts(30)

    # What goes out
    for one, who in ((ida, IDA), (max_, MAX)):
        one.sends(0, "thank_you", OKAFOR, "fax")
        one.sends(0, "schedule_text", who, "sms")
    max_.sends(1, "intake", MAX, "sms", "09:00")
    max_.sends(2, "plan_of_care", OKAFOR, "fax")
    max_.sends((14, 15), "discharge_summary", OKAFOR, "fax", with_words=("withdrawn",))
    ida.never_sends("reach_followup", "unable_to_reach", because="it is over (ARCHITECTURE §7)")
    max_.never_sends("patient_thanks", "check_in", because="no good ending (rule 22)")

    # What people are asked
    ida.asks(0, "call_patient", "front_desk", "11:30", until=(1, "09:00"))
    ida.asks(1, "tell_source", "front_desk", "15:00")

    ida.ends_as("closed", closed="withdrawn")
    max_.ends_as("closed", closed="completed")
