"""A past patient sends two friends.

Gus, once a patient himself, gives the desk the name and number of his friend Kim; Kim knows nothing
of it. Nobody gave us leave to text Kim or to tell Gus anything: the desk calls Kim, and Gus is not
thanked. Later another friend, Lou, comes to the web form by herself, says that Gus sent her, and
ticks "you may thank him". Lou is texted like anybody else; Gus gets one mail the next business day,
without a word about Lou. Past patients never raise a task for falling silent.
(policy.md rules 8 and 20)
"""

from __future__ import annotations

from demo.cast import HADDAD, PAST_PATIENT, patient
from demo.clinical import SHOULDER
from tests.scenarios.kit.case import Case

KIM = {k: v for k, v in patient(65, "Kim", "Sample", "1979-07-19").items() if k != "may_text"}
LOU = patient(66, "Lou", "Placeholder", "1983-04-02")
CERTIFIER = {key: value for key, value in HADDAD.items() if key != "kind"}


def tell(case: Case) -> None:
    kim = case.referral("kim")
    lou = case.referral("lou")

    # What happens
    kim.received(0, "09:30", KIM, {**PAST_PATIENT, "may_thank": False}, certifier=CERTIFIER)
    kim.called(0, "14:00", "reached", "the desk reaches Kim")
    kim.booked(0, "14:05", on=3)
    kim.event(1, "20:00", "intake_completed", "forms complete")
    kim.evaluated(3, SHOULDER, signed=5)
    kim.visits([7, 10])
    lou.received(7, "10:00", LOU, PAST_PATIENT, certifier=CERTIFIER)
    lou.booked(7, "11:00", on=10)
    lou.event(8, "08:30", "intake_completed", "forms complete")
    lou.evaluated(10, SHOULDER, signed=12)
    case.lasts(14)

    # What goes out
    kim.sends(3, "plan_of_care", HADDAD, "email")
    kim.never_sends("schedule_text", "intake", because="a friend supplied the number (rule 8)")
    kim.never_sends("thank_you_past_patient", because="nobody allowed it (rule 8)")
    lou.sends(7, "schedule_text", LOU, "sms", "10:05")
    lou.sends(8, "thank_you_past_patient", PAST_PATIENT, "email", without=("Lou", "Placeholder"))
    lou.sends(8, "intake", LOU, "sms", "09:00")
    lou.sends(10, "plan_of_care", HADDAD, "email")

    # What people are asked
    kim.asks(0, "call_patient", "front_desk", "11:30", until=(0, "14:00"))

    kim.ends_as("in_care", certification="certified_by_signature")
    lou.ends_as("evaluated", certification="certified_by_signature")
