"""Paused, and handed over to a colleague.

Kai asks to be left alone for a week. The desk pauses his referral, with an end and somebody who
answers for it, and hands it to the lead. Until then nothing is texted and nobody is asked to call;
the thanks to the office wait as well, so the lead gives them by phone within the day. The pause
ends by itself, and the cadence goes on where it stood. Max is paused in the middle of care, while
his plan waits for the provider's signature: that is asked for all the same, and whoever watches
over his visits is still told that none comes. (ARCHITECTURE §7: a pause)
"""

from __future__ import annotations

from demo.cast import HADDAD, OKAFOR, patient
from demo.clinical import KNEE, SHOULDER
from tests.scenarios.kit.case import Case

KAI = patient(95, "Kai", "Specimen", "1990-01-15")
MAX = patient(71, "Max", "Placeholder", "1959-08-08")


def tell(case: Case) -> None:
    kai, max_ = case.referral("kai"), case.referral("max")

    # What happens
    kai.received(0, "09:30", KAI, OKAFOR, payers=["commercial"])
    kai.called(0, "10:00", "reached", "Kai asks to be left alone for a week")
    kai.decide(
        0, "10:05", "paused", "the desk pauses it",
        until=kai.when(7, "08:00").isoformat(), owner="front_desk",
    )  # fmt: skip
    kai.decide(0, "10:06", "handed_over", "and hands it to the lead", to="lee")
    kai.done(1, "09:10", "acknowledge:1", "the lead thanks the office by phone", by="lee")
    kai.called(7, "11:00", "reached", "the lead calls: Kai is ready", by="lee")
    kai.booked(7, "11:05", on=10)
    kai.event(7, "20:00", "intake_completed", "forms complete")
    kai.evaluated(10, SHOULDER)
    max_.received(0, "10:30", MAX, HADDAD, payers=["medicare_part_b"])
    max_.booked(0, "11:00", on=2)
    max_.event(0, "19:00", "intake_completed", "forms complete")
    max_.evaluated(2, KNEE)
    max_.visits([4, 15])
    max_.decide(
        7, "10:00", "paused", "Max is away for a week",
        until=max_.when(14, "08:00").isoformat(), owner="front_desk",
    )  # fmt: skip
    max_.event(15, "16:00", "plan_of_care_signed", "provider signed the plan", by="provider")
    case.lasts(16)

    # What goes out
    kai.sends(0, "schedule_text", KAI, "sms", "09:35")  # before he asked
    kai.sends(7, "thank_you", OKAFOR, "fax", "08:00")
    kai.sends(7, "intake", KAI, "sms", "11:05")
    kai.sends(10, "plan_of_care", OKAFOR, "fax")
    max_.sends(0, "schedule_text", MAX, "sms", "10:35")
    max_.sends(0, "thank_you", HADDAD, "email", "10:45")
    max_.sends(1, "intake", MAX, "sms", "09:00")
    max_.sends(2, "plan_of_care", HADDAD, "email", "16:30")
    max_.sends(9, "signature_request", HADDAD, "email", "11:00")

    # What people are asked
    kai.asks(1, "acknowledge", "lead", "05:30", until=(1, "09:10"))
    kai.asks(7, "call_patient", "front_desk", "08:00", until=(7, "11:00"))
    max_.asks(11, "dropout", "front_desk", "15:00", until=(15, "15:00"))

    kai.ends_as("evaluated", hands="lee")
    max_.ends_as("in_care", certification="certified_by_signature")
