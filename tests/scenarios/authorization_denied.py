"""The insurer says no, and then yes.

Rosa's insurer must approve first. Billing asks within a business day and again every third one;
the texts and calls to book rest, and Rosa hears once that we wait. The insurer says no: the lead
has that at once, tells Rosa in person and appeals. After ten business days the wait itself is the
lead's. Then the insurer gives in: Rosa is reached from the beginning, and every date towards her
evaluation counts from that day. (policy.md rule 15; authorization)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

ROSA = patient(92, "Rosa", "Fixture", "1984-08-24")


def tell(case: Case) -> None:
    rosa = case.referral("rosa")

    def insurer(day: int, clock: str, status: str, says: str, **more: int) -> None:
        rosa.event(
            day, clock, "authorization_changed", says,
            authorization_id="AUTH-1", status=status, **more,
        )  # fmt: skip

    # What happens
    rosa.received(0, "09:30", ROSA, OKAFOR, payers=["commercial"])
    insurer(0, "09:32", "required", "the insurer must approve first")
    insurer(1, "10:00", "requested", "billing asks the insurer")
    insurer(8, "11:00", "denied", "the insurer says no")
    rosa.called(8, "11:30", "reached", "the lead tells Rosa", by="lee")
    insurer(9, "10:00", "requested", "the clinic appeals")
    insurer(15, "14:00", "granted", "the insurer approves twelve visits", visits=12)
    rosa.called(15, "16:30", "reached", "the desk reaches Rosa")
    rosa.booked(15, "16:35", on=18)
    rosa.event(16, "19:00", "intake_completed", "forms complete")
    rosa.evaluated(18, KNEE)
    case.lasts(19)

    # What goes out
    rosa.sends(0, "thank_you", OKAFOR, "fax")
    rosa.sends(2, "waiting_on_insurer", ROSA, "sms", "09:00")
    rosa.sends(15, "schedule_text", ROSA, "sms", "14:05")
    rosa.sends(16, "intake", ROSA, "sms", "09:00")
    rosa.sends(18, "plan_of_care", OKAFOR, "fax")
    rosa.never_sends("reach_followup", "unable_to_reach", because="it waited (rule 15)")

    # What people are asked
    rosa.asks(0, "request_authorization", "billing", "09:32", due=(1, "19:00"), until=(1, "10:00"))
    rosa.asks(4, "chase_authorization", "billing", "17:00", until=(8, "11:00"))
    rosa.asks(8, "authorization_denied", "lead", "11:00", due=(9, "19:00"), until=(9, "10:00"))
    rosa.asks(14, "chase_authorization", "billing", "19:00", until=(15, "14:00"))
    rosa.asks(14, "hold_limit", "lead", "19:00", until=(15, "14:00"))
    rosa.asks(15, "call_patient", "front_desk", "16:00", until=(15, "16:30"))

    rosa.ends_as("evaluated", certification="needs_signature")
