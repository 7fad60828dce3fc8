"""The patient has phoned already.

Ana calls the clinic while the fax of her referral is still on its way. It arrives while the desk is
speaking to her, and the desk logs the call: the text that would have gone five minutes later stays
unsent, because a person has been in touch today. She books the same afternoon, and nothing but the
confirmation with the forms follows. Ben calls the day after his referral and will think about it:
that day's automated steps rest, and the text of the second business day goes out as planned.
(policy.md rule 18)
"""

from __future__ import annotations

from demo.cast import HADDAD, OKAFOR, patient
from tests.scenarios.kit.case import Case

ANA = patient(67, "Ana", "Sample", "1968-10-10")
BEN = patient(68, "Ben", "Placeholder", "1990-01-20")


def tell(case: Case) -> None:
    ana = case.referral("ana")
    ben = case.referral("ben")

    # What happens
    ana.received(0, "09:30", ANA, OKAFOR, payers=["commercial"])
    ana.called(0, "09:33", "reached", "Ana is on the phone as her referral comes in")
    ana.booked(0, "15:30", on=3)
    ana.event(1, "09:00", "intake_completed", "forms complete")
    ben.received(0, "16:00", BEN, HADDAD, payers=["commercial"])
    ben.called(1, "10:15", "reached", "Ben calls: he will think about it")
    ben.called(3, "09:00", "reached", "Ben calls to book")
    ben.booked(3, "09:05", on=8)
    case.lasts(3, "10:00")

    # What goes out
    ana.sends(0, "thank_you", OKAFOR, "fax")
    ana.sends(0, "intake", ANA, "sms", "15:30")
    ana.never_sends("schedule_text", "booked", because="a person was in touch that day (rule 18)")
    ben.sends(0, "thank_you", HADDAD, "email")
    ben.sends(0, "schedule_text", BEN, "sms", "16:05")
    ben.sends(2, "reach_followup", BEN, "sms")
    ben.sends(3, "intake", BEN, "sms", "09:05")

    # What people are asked: whoever logs a call has made it
    ben.asks(0, "call_patient", "front_desk", "18:00", until=(1, "10:15"))
    ben.asks(1, "call_patient", "front_desk", "07:00", until=(1, "10:15"))

    ana.ends_as("intake")
    ben.ends_as("intake")
