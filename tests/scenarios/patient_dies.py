"""A patient with two open referrals dies.

Nadia has a knee treated on Dr. Okafor's referral, and her shoulder was just referred by Noor
Haddad. The EMR tells of her death on one of them. Every message stops at once in both, also the
text that waited for tomorrow's hours; both referrals close as deceased; nobody is thanked, asked
or chased, and no cheerful letter follows. (policy.md rule 22)
"""

from __future__ import annotations

from demo.cast import HADDAD, OKAFOR, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

NADIA = patient(64, "Nadia", "Fixture", "1941-12-02")


def tell(case: Case) -> None:
    knee = case.referral("knee")
    shoulder = case.referral("shoulder")

    # What happens
    knee.received(0, "09:30", NADIA, OKAFOR, region="knee", payers=["commercial"])
    knee.booked(0, "11:00", on=4)
    knee.event(1, "20:00", "intake_completed", "forms complete")
    knee.evaluated(4, KNEE)
    knee.visits([8, 10])
    shoulder.received(10, "19:30", NADIA, HADDAD, region="shoulder", payers=["commercial"])
    knee.event(10, "21:00", "patient_died", "the EMR tells of the patient's death")
    knee.called(11, "09:10", "reached", "a colleague logs a call by mistake", refused="closed")
    shoulder.event(
        11, "09:30", "appointment_booked", "a booking made before, told late",
        appointment_id="S-LATE", starts_at=shoulder.when(15, "10:00").isoformat(),
        told=(12, "08:00"),
    )  # fmt: skip
    case.lasts(40)

    # What went out before
    knee.sends(0, "schedule_text", NADIA, "sms", "09:35")
    knee.sends(0, "thank_you", OKAFOR, "fax")
    knee.sends(1, "intake", NADIA, "sms", "09:00")
    knee.sends(4, "plan_of_care", OKAFOR, "fax")
    shoulder.sends(10, "thank_you", HADDAD, "email", "19:45")

    # And nothing after
    knee.never_sends("signature_request", "discharge_summary", because="deceased (rule 22)")
    shoulder.never_sends("schedule_text", because="it waited for 9:00; deceased (rule 22)")

    knee.ends_as("closed", closed="deceased")
    shoulder.ends_as("closed", closed="deceased")
