"""The physician retires in the middle of care.

Ria's and Sol's plans are out for signature when Dr. Okafor retires; Toni's was signed long before.
Dr. Haddad takes over: both open plans go to her anew the same day, and the calls about them are
hers. Toni's plan is certified and goes nowhere again. Reports go to Dr. Haddad from then on.
(policy.md rules 2 and 20)
"""

from __future__ import annotations

from demo.cast import HADDAD, OKAFOR, patient
from demo.clinical import BACK, KNEE, SHOULDER
from tests.scenarios.kit.case import Case

RIA = patient(84, "Ria", "Sample", "1975-11-11")
SOL = patient(85, "Sol", "Placeholder", "1965-12-12")
TONI = patient(86, "Toni", "Specimen", "1958-01-13")
SUCCESSOR = {key: value for key, value in HADDAD.items() if key != "kind"}


def tell(case: Case) -> None:
    ria, sol, toni = (case.referral(name) for name in ("ria", "sol", "toni"))

    # What happens
    for life, who, clock, region, signed in (
        (ria, RIA, "09:30", KNEE, None),
        (sol, SOL, "10:30", BACK, None),
        (toni, TONI, "11:30", SHOULDER, 4),
    ):
        life.received(0, clock, who, OKAFOR, payers=["commercial"])
        life.booked(0, "12:00", on=2)
        life.event(0, "19:00", "intake_completed", "forms complete")
        life.evaluated(2, region, signed=signed)
    retires = case.when(7, "10:00")
    case.line(
        7, "10:00", "event", "Dr. Okafor retires, Dr. Haddad takes over",
        type="provider_left", at=retires.isoformat(),
        data={"provider_npi": OKAFOR["npi"], "on": ria.day(7).isoformat(), "successor": SUCCESSOR},
    )  # fmt: skip
    for life in (ria, sol, toni):
        life.visits([8])
    case.lasts(8, "18:00")

    # What goes out
    for life, who in ((ria, RIA), (sol, SOL), (toni, TONI)):
        life.sends(0, "schedule_text", who, "sms")
        life.sends(0, "thank_you", OKAFOR, "fax")
        life.sends(1, "intake", who, "sms", "09:00")
        life.sends(2, "plan_of_care", OKAFOR, "fax")
    for life in (ria, sol):
        life.sends(7, "plan_of_care", HADDAD, "email", "10:00")
        life.ends_as("in_care", certification="needs_signature")

    # What people are asked
    ria.asks(0, "call_patient", "front_desk", "11:30", until=(0, "12:00"))

    toni.ends_as("in_care", certification="certified_by_signature")
