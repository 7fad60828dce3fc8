"""STOP, and then START again.

Lia answers the first text with STOP. It counts before anybody has seen it: one word confirms it,
nothing else is texted, and the desk calls within the business hour. She is booked by phone and gets
no text about that. A week later she writes START: from then on texts may go out again, and the
reminder of her forms does. (policy.md rule 17)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

LIA = patient(96, "Lia", "Sample", "1993-05-05")


def tell(case: Case) -> None:
    lia = case.referral("lia")

    # What happens
    lia.received(0, "09:30", LIA, OKAFOR, payers=["commercial"])
    lia.event(0, "10:00", "patient_replied", "Lia texts STOP", reply_id="l1", text="STOP")
    lia.called(0, "10:30", "reached", "the desk calls; Lia prefers the phone")
    lia.booked(0, "10:35", on=11)
    lia.event(7, "12:00", "patient_replied", "Lia texts START", reply_id="l2", text="START")
    lia.event(9, "19:00", "intake_completed", "forms complete")
    lia.evaluated(11, KNEE)
    case.lasts(12)

    # What goes out
    lia.sends(0, "schedule_text", LIA, "sms", "09:35")
    lia.sends(0, "opt_out_confirmation", LIA, "sms", "10:00-10:05")
    lia.sends(0, "thank_you", OKAFOR, "fax")
    lia.sends(9, "intake_reminder", LIA, "sms", "10:00")
    lia.sends(11, "plan_of_care", OKAFOR, "fax")
    lia.never_sends("intake", "booked", "reach_followup", because="she wrote STOP (rule 17)")

    # What people are asked
    lia.asks(0, "call_after_stop", "front_desk", "10:00", due=(0, "11:00"), until=(0, "10:30"))

    lia.ends_as("evaluated", certification="needs_signature")
