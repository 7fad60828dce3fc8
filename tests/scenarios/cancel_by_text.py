"""A patient texts "cancel".

Vera has had surgery and is booked for Friday; two days before, she texts "cancel". Carriers read
that as a wish for no more texts, so it is confirmed once and nothing else is texted. The booking
stands, nobody may close, and a person has fifteen minutes to call: it was only the hour that did
not suit. Otto's back is not urgent: his "cancel" is a call within the business hour. He has found
help nearer home, and only after he has said so to a person is anything cancelled or closed.
(policy.md rules 16 and 17; stop_or_cancel)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

VERA = patient(89, "Vera", "Sample", "1962-03-04")
OTTO = patient(90, "Otto", "Placeholder", "1979-06-07")


def tell(case: Case) -> None:
    vera, otto = case.referral("vera"), case.referral("otto")

    # What happens
    vera.received(0, "09:30", VERA, OKAFOR, urgency="post_op", payers=["commercial"])
    vera.booked(0, "09:45", on=4)
    vera.event(1, "19:00", "intake_completed", "forms complete")
    otto.received(0, "10:00", OTTO, OKAFOR, payers=["commercial"])
    otto.booked(0, "11:00", on=9)
    otto.event(1, "19:30", "intake_completed", "forms complete")
    vera.event(2, "14:00", "patient_replied", "Vera texts", reply_id="v1", text="cancel")
    vera.decide(
        2, "14:05", "referral_closed", "a colleague would close", by="lee",
        reason="unable_to_reach", refused="booked",
    )  # fmt: skip
    vera.called(2, "14:10", "reached", "the desk calls: the hour does not suit")
    vera.amended(
        2, "14:15", "appointment_booked", "the evaluation moves to 15:00", of=(0, "09:45"),
        appointment_id=f"{vera.external}-A1", starts_at=vera.when(4, "15:00").isoformat(),
    )  # fmt: skip
    otto.event(3, "10:00", "patient_replied", "Otto texts", reply_id="o1", text="Please cancel")
    otto.called(3, "10:40", "declined", "the desk calls: Otto goes elsewhere")
    otto.event(
        3, "10:45", "appointment_cancelled", "the desk cancels the evaluation",
        appointment_id=f"{otto.external}-A1",
    )  # fmt: skip
    otto.decide(
        3, "11:00", "referral_closed", "the lead closes", by="lee", reason="declined_by_patient"
    )
    vera.evaluated(4, KNEE)
    case.lasts(4, "18:30")

    # What goes out
    for life, who in ((vera, VERA), (otto, OTTO)):
        life.sends(0, "schedule_text", who, "sms")
        life.sends(0, "thank_you", OKAFOR, "fax")
        life.sends(1, "intake", who, "sms", "09:00")
        life.never_sends("booked", because="they wrote cancel: no more texts (rule 17)")
    vera.sends(2, "opt_out_confirmation", VERA, "sms", "14:00-14:05")
    vera.sends(4, "plan_of_care", OKAFOR, "fax")
    otto.sends(3, "opt_out_confirmation", OTTO, "sms", "10:00-10:05")

    # What people are asked
    vera.asks(2, "call_after_cancel", "front_desk", "14:00", due=(2, "14:15"), until=(2, "14:10"))
    otto.asks(3, "call_after_cancel", "front_desk", "10:00", due=(3, "11:00"), until=(3, "10:40"))
    otto.asks(3, "rebook_call", "front_desk", "10:45", until=(3, "11:00"))
    otto.asks(3, "tell_source", "front_desk", "11:00")

    vera.ends_as("evaluated", certification="needs_signature")
    otto.ends_as("closed", closed="declined_by_patient")
