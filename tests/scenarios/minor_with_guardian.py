"""A child is reached through the parent.

Uma is eleven. Her physician sends her without a parent's number: nobody is texted, the office is
asked for it in the thank-you, and so is the front desk. The number comes the next morning, with
the mother's language, and the message that waited goes to the mother in Spanish. Nothing ever goes
to the child. (policy.md rule 12)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from tests.scenarios.kit.case import Case

UMA = patient(87, "Uma", "Sample", "2015-06-01")
WITH_MOTHER = {
    **UMA,
    "guardian_name": "Vera Sample",
    "guardian_phone": "+15185550188",
    "guardian_language": "es",
}


def tell(case: Case) -> None:
    uma = case.referral("uma")

    # What happens
    uma.received(0, "09:30", UMA, OKAFOR, payers=["commercial"])
    uma.amended(
        1, "09:20", "referral_received", "the office has the mother's number", of=(0, "09:30"),
        external={"assigner": "demo-emr", "value": uma.external}, clinic="east",
        received_at=uma.when(0, "09:30").isoformat(), patient=WITH_MOTHER, source=OKAFOR,
        payers=["commercial"],
    )  # fmt: skip
    uma.done(1, "09:30", "name_guardian:1", "the desk has entered it")
    uma.booked(1, "11:00", on=7)
    case.lasts(2)

    # What goes out
    uma.sends(0, "thank_you", OKAFOR, "fax", with_words=("parent or guardian",))
    uma.sends(1, "schedule_text", WITH_MOTHER, "sms", "09:30", with_words=("recibimos",))
    uma.sends(2, "intake", WITH_MOTHER, "sms", "09:00")

    # What people are asked
    uma.asks(0, "name_guardian", "front_desk", "09:35", until=(1, "09:30"))
    uma.asks(1, "call_patient", "front_desk", "09:30", until=(1, "11:00"))

    uma.ends_as("intake")
