"""Patients who ask for a time.

Ida picks a time on the page the first text led to. The desk books it in the EMR within the hour: no
call comes meanwhile, and she hears the time once it is booked. Oli asks for one that cannot be had:
the desk dismisses it, and the cadence goes on the next business day. (policy.md rule 18)
"""

from __future__ import annotations

from demo.cast import HADDAD, OKAFOR, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

IDA = patient(71, "Ida", "Sample", "1984-03-09")
OLI = patient(72, "Oli", "Mockup", "1979-11-20")


def tell(case: Case) -> None:
    ida, oli = case.referral("ida"), case.referral("oli")

    # What happens
    ida.received(0, "09:30", IDA, OKAFOR, payers=["commercial"])
    ida.event(
        0,
        "10:00",
        "booking_requested",
        "Ida asks for Friday 10:00",
        request_id="RQ-1",
        starts_at=ida.when(4, "10:00").isoformat(),
    )
    ida.booked(0, "10:40", on=4)
    ida.event(1, "19:00", "intake_opened", "Ida opens her forms")
    ida.event(1, "19:20", "intake_completed", "forms complete")
    ida.evaluated(4, KNEE)
    oli.received(0, "09:30", OLI, HADDAD, payers=["commercial"])
    oli.event(
        0,
        "10:00",
        "booking_requested",
        "Oli asks for Friday 10:00",
        request_id="RQ-2",
        starts_at=oli.when(4, "10:00").isoformat(),
    )
    oli.done(0, "11:30", "book_request:RQ-2", "that time cannot be had", outcome="dismissed")
    oli.called(1, "13:30", "reached", "the desk calls; Oli wants Monday")
    oli.booked(1, "13:35", on=7)
    case.lasts(5)

    # What goes out
    ida.sends(0, "schedule_text", IDA, "sms", "09:35")
    ida.sends(0, "thank_you", OKAFOR, "fax")
    ida.sends(1, "intake", IDA, "sms", "09:00")  # one text a day
    ida.sends(4, "plan_of_care", OKAFOR, "fax")
    ida.never_sends("reach_followup", because="she has asked for a time")
    oli.sends(0, "schedule_text", OLI, "sms", "09:35")
    oli.sends(0, "thank_you", HADDAD, "email")
    oli.sends(1, "intake", OLI, "sms", "13:35")
    oli.sends(5, "intake_reminder", OLI, "sms", "10:00")

    # What people are asked; nobody is asked to call on day 0
    ida.asks(0, "book_request", "front_desk", "10:00", due=(0, "12:00"), until=(0, "10:40"))
    oli.asks(0, "book_request", "front_desk", "10:00", due=(0, "12:00"), until=(0, "11:30"))
    oli.asks(1, "call_patient", "front_desk", "12:00", due=(2, "19:00"), until=(1, "13:30"))

    ida.ends_as("evaluated", certification="needs_signature")
    oli.ends_as("intake", certification="needs_signature")
