"""The clinic cannot take the patient.

East is full, and Tuesday afternoon the lead declines Noa's referral: Dr. Okafor's office hears the
same hour by fax why, and that the sister clinic West has a place. Noa is called, not texted: the
desk leaves a voicemail, and speaks to her before the day is over. Sal's insurer has no contract
with the clinic; his physician is asked to send him elsewhere. The lead forgets to say why at
first, and is told to. Nothing that was planned goes out after that: no text,
no call, no closing letter. What the lead decides late on Friday, about Pia, is due on Monday
evening. (policy.md rule 14; §2 decline)
"""

from __future__ import annotations

from demo.cast import LINDQVIST, OKAFOR, ROSSI, patient
from tests.scenarios.kit.case import Case

NOA = patient(90, "Noa", "Sample", "1990-02-11")
SAL = patient(91, "Sal", "Placeholder", "1957-07-30")
PIA = patient(92, "Pia", "Example", "1981-12-01")
DECLINED = "declined_by_clinic"


def tell(case: Case) -> None:
    noa, sal, pia = case.referral("noa"), case.referral("sal"), case.referral("pia")

    # What happens
    noa.received(0, "10:00", NOA, OKAFOR, payers=["commercial"])
    noa.called(0, "13:30", "voicemail")
    noa.decide(
        1, "14:00", "referral_closed", "the lead declines: no free place, but West has one",
        by="lee", reason=DECLINED, declined_for="capacity", sister_clinic_id="west",
    )  # fmt: skip
    noa.called(1, "14:30", "voicemail", "the desk calls Noa to tell her: voicemail")
    noa.called(1, "16:00", "reached", "the desk speaks to Noa")
    noa.called(2, "09:00", "reached", "a colleague calls all the same", refused="closed")
    sal.received(0, "11:00", SAL, LINDQVIST, payers=["medicare_advantage"])
    sal.decide(
        0, "15:00", "referral_closed", "the lead declines and does not say why",
        by="lee", reason=DECLINED, refused="reason_missing",
    )  # fmt: skip
    sal.decide(
        0, "15:01", "referral_closed", "the lead declines: no contract with the insurer",
        by="lee", reason=DECLINED, declined_for="payer",
    )  # fmt: skip
    sal.called(0, "15:20", "reached", "the desk tells Sal")
    pia.received(4, "15:00", PIA, ROSSI, payers=["commercial"])
    pia.decide(
        4, "17:30", "referral_closed", "the lead declines after hours: no such care here",
        by="lee", reason=DECLINED, declined_for="scope",
    )  # fmt: skip
    case.lasts(30)

    # What goes out
    noa.sends(0, "thank_you", OKAFOR, "fax")
    noa.sends(0, "schedule_text", NOA, "sms", "10:05")
    noa.sends(
        1, "declined", OKAFOR, "fax", "14:00",
        with_words=("no free place", "Riverside Physical Therapy West", "217-555-0145"),
    )  # fmt: skip
    sal.sends(0, "thank_you", LINDQVIST, "fax")
    sal.sends(0, "schedule_text", SAL, "sms", "11:05")
    sal.sends(
        0, "declined", LINDQVIST, "fax", "15:01",
        with_words=("no contract", "another clinic"), without=("West", "Medicare"),
    )  # fmt: skip
    pia.sends(4, "schedule_text", PIA, "sms", "15:05")
    pia.sends(4, "thank_you", ROSSI, "fax")
    pia.sends(4, "declined", ROSSI, "fax", "17:30", with_words=("do not offer", "another clinic"))
    for one in (noa, sal, pia):
        one.never_sends("reach_followup", "last_text", "unable_to_reach", because="it is over")

    # What people are asked
    noa.asks(0, "call_patient", "front_desk", "12:00", until=(0, "13:30"))
    noa.asks(1, "call_patient", "front_desk", "07:00", until=(1, "14:00"))
    noa.asks(1, "tell_patient", "front_desk", "14:00", due=(1, "19:00"), until=(1, "16:00"))
    sal.asks(0, "call_patient", "front_desk", "13:00", until=(0, "15:01"))
    sal.asks(0, "tell_patient", "front_desk", "15:01", due=(0, "19:00"), until=(0, "15:20"))
    pia.asks(4, "call_patient", "front_desk", "17:00", until=(4, "17:30"))
    pia.asks(4, "tell_patient", "front_desk", "17:30", due=(7, "19:00"))

    for one in (noa, sal, pia):
        one.ends_as("closed", closed=DECLINED)
