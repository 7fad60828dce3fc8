"""Closed as lost, and then the patient calls.

Nobody reaches Bea in two weeks, and the office is asked for another number. The lead closes her
referral, and the office hears that its patient could not be reached. Three weeks later Bea calls:
she was abroad. Nothing can be decided about a closed referral but to reopen it, which the lead
does; all that is known stays known, what went out does not go out again, and she is booked the
same day. (policy.md rule 16)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import BACK
from tests.scenarios.kit.case import Case

BEA = patient(94, "Bea", "Placeholder", "1971-10-30")


def tell(case: Case) -> None:
    bea = case.referral("bea")

    # What happens
    bea.received(0, "09:30", BEA, OKAFOR, payers=["commercial"])
    bea.called(1, "10:00", "voicemail")
    bea.called(4, "15:00", "no_answer")
    bea.called(10, "10:00", "no_answer")
    bea.decide(
        16, "09:30", "referral_closed", "the lead closes", by="lee", reason="unable_to_reach"
    )
    bea.called(37, "10:00", "reached", "Bea calls", refused="closed")
    bea.decide(37, "10:05", "reopened", "the lead reopens", by="lee", why="came_back")
    bea.called(37, "10:07", "reached", "Bea is on the phone")
    bea.booked(37, "10:08", on=39)
    bea.event(37, "19:00", "intake_completed", "forms complete")
    bea.evaluated(39, BACK)
    case.lasts(40)

    # What goes out
    bea.sends(0, "schedule_text", BEA, "sms", "09:35")
    bea.sends(0, "thank_you", OKAFOR, "fax")
    bea.sends(2, "reach_followup", BEA, "sms", "09:00")
    bea.sends(9, "reach_followup", BEA, "sms", "09:00")
    bea.sends(9, "unable_to_reach", OKAFOR, "fax", "09:00-11:00")
    bea.sends(15, "last_text", BEA, "sms", "09:00")  # day 14 is a public holiday
    bea.sends(16, "unable_to_reach", OKAFOR, "fax", "09:30-11:30")
    bea.sends(37, "intake", BEA, "sms", "10:08")
    bea.sends(39, "plan_of_care", OKAFOR, "fax")

    # What people are asked
    bea.asks(0, "call_patient", "front_desk", "11:30", until=(1, "10:00"))
    bea.asks(4, "call_patient", "front_desk", "07:00", until=(4, "15:00"))
    bea.asks(9, "call_patient", "front_desk", "07:00", until=(10, "10:00"))
    bea.asks(16, "propose_close", "lead", "07:00", until=(16, "09:30"))

    bea.ends_as("evaluated", certification="needs_signature")
