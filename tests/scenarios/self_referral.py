"""A patient comes without a referral.

Eve finds the clinic on the web and books by herself. There is no source to thank and none to fall
silent. Direct access lets her be evaluated, but her insurer wants a certified plan, and nobody is
known who could certify it: on the day of the evaluation the desk is asked to name a provider. The
therapist's plan waits for that name, and goes out the hour it is known.
(policy.md rule 2)
"""

from __future__ import annotations

from demo.cast import HADDAD, patient
from demo.clinical import BACK
from tests.scenarios.kit.case import Case

EVE = patient(69, "Eve", "Sample", "1972-12-12")
SELF = {"kind": "self", "name": "Web form"}
DOCTOR = {key: value for key, value in HADDAD.items() if key != "kind"}


def tell(case: Case) -> None:
    eve = case.referral("eve")

    # What happens
    eve.received(0, "20:10", EVE, SELF, payers=["commercial"])
    eve.booked(1, "08:20", on=3)
    eve.event(1, "19:00", "intake_completed", "forms complete")
    eve.evaluated(3, BACK)
    eve.amended(
        7, "09:40", "referral_received", "the desk has found her physician", of=(0, "20:10"),
        external={"assigner": "demo-emr", "value": eve.external}, clinic="east",
        received_at=eve.when(0, "20:10").isoformat(), patient=EVE, source=SELF, certifier=DOCTOR,
        payers=["commercial"],
    )  # fmt: skip
    eve.visits([8, 10])
    eve.event(10, "13:00", "plan_of_care_signed", "the provider signs", by="provider")
    case.lasts(14)

    # What goes out
    eve.sends(1, "intake", EVE, "sms", "09:00")
    eve.sends(7, "plan_of_care", HADDAD, "email", "09:40")
    eve.never_sends("thank_you", "thank_you_past_patient", because="nobody sent her (rule 2)")

    # What people are asked
    eve.asks(3, "name_certifier", "front_desk", "11:00", due=(4, "17:00"), until=(7, "09:40"))

    eve.ends_as("in_care", certification="certified_by_signature")
