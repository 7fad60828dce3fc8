"""The provider signs, but changes how often.

Dr. Okafor signs the plan of care and writes "3 times a week" over the "2". That is a signature:
nobody asks for another one. But the plan on file is no longer what the physician ordered, so the
therapist is asked the same hour to take the change over, before the next visit. The new plan goes
out once as version 2, and no letter quotes the old numbers afterwards. (policy.md rules 3 and 4)
"""

from __future__ import annotations

from demo import clinical
from demo.cast import OKAFOR, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

JO = patient(61, "Jo", "Sample", "1960-05-01")


def tell(case: Case) -> None:
    jo = case.referral("jo")

    # What happens
    jo.received(0, "09:30", JO, OKAFOR, payers=["commercial"])
    jo.booked(0, "11:10", on=4)
    jo.event(1, "20:00", "intake_completed", "forms complete")
    jo.evaluated(4, KNEE)
    jo.visits([7])
    says = "the provider signs, and writes 3 times a week over the 2"
    jo.event(8, "13:00", "plan_of_care_signed", says, by="provider", changed=True)
    jo.planned(9, "12:00", clinical.plan(KNEE, jo.when(4, "11:00"), times=3), version=2)
    jo.visits([9, 11, 14, 16])
    jo.discharged(18, 4, KNEE, 6)
    case.lasts(22)

    # What goes out
    jo.sends(0, "schedule_text", JO, "sms", "09:35")
    jo.sends(0, "thank_you", OKAFOR, "fax")
    jo.sends(1, "intake", JO, "sms", "09:00")  # the day's one text had gone out
    jo.sends(4, "plan_of_care", OKAFOR, "fax", with_words=("2 times a week",))
    jo.sends(
        9,
        "plan_of_care",
        OKAFOR,
        "fax",
        with_words=("3 times a week",),
        without=("2 times a week",),
    )
    jo.sends(21, "discharge_summary", OKAFOR, "fax", without=("2 times a week",))
    jo.sends(21, "patient_thanks", JO, "sms")
    jo.never_sends("signature_request", because="a signature with changes is a signature (rule 4)")

    # What people are asked
    jo.asks(8, "review_changed_plan", "therapist", "13:00", due=(9, "19:00"), until=(9, "12:00"))

    jo.ends_as("discharging", certification="certified_by_signature")
