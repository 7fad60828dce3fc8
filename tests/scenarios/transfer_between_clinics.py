"""A referral goes on at the organization's other clinic.

Uma was sent to East and has had its first text, when the lead gives her referral to West, where she
lives nearer. West is an hour behind and closes over noon; from now on its people have her tasks,
its name stands in her texts and its numbers on the faxes, but the days count from the day she was
sent. She gets one text that names the new clinic, and West calls her the same day; Dr. Okafor's
office gets one letter. Vic changes in the middle of care: his plan went out from East and does not
go out again, and the reminder that the signature is missing comes from West on the seventh day
after his evaluation. Wyn is given on before anybody has written to her: the first word she hears
comes from West, and nothing has to be explained. Nobody moves anything to a clinic that does not
exist, to where it is, or once it is closed. (policy.md rule 1; §3 transferred)
"""

from __future__ import annotations

from demo.cast import LINDQVIST, OKAFOR, ROSSI, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

UMA = patient(93, "Uma", "Sample", "1979-09-09")
VIC = patient(94, "Vic", "Placeholder", "1966-06-06")
WYN = patient(95, "Wyn", "Example", "1994-04-04")
WEST = ("Riverside Physical Therapy West", "217-555-0145")


def tell(case: Case) -> None:
    uma, vic, wyn = case.referral("uma"), case.referral("vic"), case.referral("wyn")

    # What happens
    uma.received(0, "10:00", UMA, OKAFOR, payers=["commercial"])
    uma.called(0, "16:00", "voicemail")
    uma.decide(1, "10:50", "transferred", "the lead mistypes the clinic", by="lee",
               clinic_id="wets", refused="unknown_clinic")  # fmt: skip
    uma.decide(1, "11:00", "transferred", "the lead gives Uma to West", by="lee", clinic_id="west")
    uma.decide(1, "11:05", "transferred", "and once more", by="lee", clinic_id="west",
               refused="same_clinic")  # fmt: skip
    uma.called(1, "15:30", "reached", "West calls Uma", by="wes")
    uma.booked(1, "15:35", on=11)
    uma.event(2, "12:00", "intake_completed", "forms complete")
    vic.received(0, "10:30", VIC, ROSSI, payers=["commercial"])
    vic.booked(0, "11:30", on=2)
    vic.event(1, "09:30", "intake_completed", "forms complete")
    vic.evaluated(2, KNEE)
    vic.visits([4])
    vic.decide(7, "12:30", "transferred", "the lead gives Vic to West", by="lee", clinic_id="west")
    vic.called(7, "16:00", "reached", "West calls Vic", by="wes")
    vic.visits([8, 9])
    wyn.received(0, "11:00", WYN, LINDQVIST, payers=["commercial"])
    wyn.decide(0, "11:03", "transferred", "Wyn belongs to West", by="lee", clinic_id="west")
    wyn.called(0, "12:00", "reached", "West reaches Wyn", by="wes")
    wyn.booked(0, "12:05", on=3)
    wyn.event(1, "12:00", "intake_completed", "forms complete")
    wyn.event(2, "10:10", "referral_withdrawn", "the office takes the referral back")
    wyn.decide(3, "09:20", "transferred", "too late to move", by="lee", clinic_id="east",
               refused="closed")  # fmt: skip
    case.lasts(10)

    # What goes out
    for one, source in ((uma, OKAFOR), (vic, ROSSI), (wyn, LINDQVIST)):
        one.sends(0, "thank_you", source, "fax")
        one.never_sends("declined", "unable_to_reach", because="it goes on")
    for one, who in ((uma, UMA), (vic, VIC)):
        one.sends(0, "schedule_text", who, "sms", with_words=("Riverside PT East",))
    uma.sends(1, "new_clinic", UMA, "sms", "11:00", with_words=("Riverside PT West",))
    uma.sends(1, "transferred", OKAFOR, "fax", "14:00", with_words=WEST)  # West rests at noon
    uma.sends(2, "intake", UMA, "sms", "09:00", with_words=("Riverside PT West",))
    vic.sends(1, "intake", VIC, "sms", "09:00", with_words=("Riverside PT East",))
    vic.sends(2, "plan_of_care", ROSSI, "fax", "16:30-19:00", with_words=("518-555-0143",))
    vic.sends(7, "new_clinic", VIC, "sms", "12:30", with_words=("Riverside PT West",))
    vic.sends(7, "transferred", ROSSI, "fax", "12:30-19:00", with_words=WEST)
    vic.sends(9, "signature_request", ROSSI, "fax", "11:00-19:00", with_words=WEST)
    wyn.sends(0, "schedule_text", WYN, "sms", "11:05", with_words=("Riverside PT West",))
    wyn.sends(0, "transferred", LINDQVIST, "fax", "11:03-19:00", with_words=WEST)
    wyn.sends(1, "intake", WYN, "sms", "09:00", with_words=("Riverside PT West",))
    wyn.never_sends("new_clinic", because="the first word comes from West")

    # What people are asked
    uma.asks(0, "call_patient", "front_desk", "12:00", until=(0, "16:00"))
    uma.asks(1, "call_patient", "front_desk", "07:00", until=(1, "15:30"))
    uma.asks(1, "call_after_transfer", "front_desk", "11:00", due=(1, "19:00"), until=(1, "15:30"))
    vic.asks(7, "call_after_transfer", "front_desk", "12:30", due=(7, "19:00"), until=(7, "16:00"))
    wyn.asks(2, "tell_source", "front_desk", "10:10")

    uma.ends_as("intake")
    vic.ends_as("in_care", certification="needs_signature")
    wyn.ends_as("closed", closed="withdrawn")
