"""Two open referrals of one patient on one phone.

Rosa is sent for her knee by Dr. Okafor and, the same day, for her shoulder by Noor Haddad. She is
one person: she gets one text and one round of calls for both, and a call about one counts for both.
She books the knee, ten minutes later the shoulder, and one text names both visits. Her son Ivo is
another person on the same phone: he has a cadence of his own, and only the number's budget of texts
is common; while his text waits for it, the desk calls. Tom's knee must wait for his insurer a day
after both his referrals came: his back takes the lead and goes on where the cadence stood. When the
back is booked and the insurer has approved, the knee leads: nothing goes quiet. (policy.md rules 12
and 15)
"""

from __future__ import annotations

from demo.cast import HADDAD, LINDQVIST, OKAFOR, patient
from tests.scenarios.kit.case import Case

ROSA = patient(94, "Rosa", "Sample", "1969-03-08")
IVO = {
    **patient(95, "Ivo", "Sample", "2014-05-02"),
    "guardian_name": "Rosa Sample",
    "guardian_phone": ROSA["phone"],
}
TOM = patient(96, "Tom", "Fixture", "1975-11-30")


def tell(case: Case) -> None:
    knee = case.referral("knee")
    shoulder = case.referral("shoulder")
    ivo = case.referral("ivo")
    toms_knee = case.referral("toms_knee")
    toms_back = case.referral("toms_back")
    case.on_time("knee", "shoulder", "ivo", "toms_knee", "toms_back")

    # What happens: Rosa
    knee.received(0, "09:30", ROSA, OKAFOR, region="knee", payers=["commercial"])
    shoulder.received(0, "13:00", ROSA, HADDAD, region="shoulder", payers=["commercial"])
    shoulder.called(1, "10:00", "voicemail", "the desk calls Rosa, about both")
    knee.booked(3, "10:00", on=16)
    shoulder.booked(3, "10:10", on=18)
    knee.event(3, "20:00", "intake_completed", "forms complete")
    shoulder.event(3, "20:00", "intake_completed", "forms complete")

    # Ivo
    ivo.received(4, "09:00", IVO, LINDQVIST, region="foot", payers=["commercial"])

    # Tom
    toms_knee.received(0, "09:30", TOM, OKAFOR, region="knee", payers=["commercial"])
    toms_back.received(0, "09:45", TOM, HADDAD, region="back", payers=["commercial"])
    toms_knee.event(
        1, "09:00", "authorization_changed", "the insurer wants to approve first",
        authorization_id="AU-1", status="requested",
    )  # fmt: skip
    toms_back.booked(2, "15:00", on=17)
    toms_back.event(3, "20:00", "intake_completed", "forms complete")
    toms_knee.event(
        4, "10:00", "authorization_changed", "the insurer approves",
        authorization_id="AU-1", status="granted", visits=12,
    )  # fmt: skip
    case.lasts(7, "12:30")

    # What goes out: every source is thanked for its own, the patient hears once
    knee.sends(0, "thank_you", OKAFOR, "fax")
    shoulder.sends(0, "thank_you", HADDAD, "email", "13:15")
    ivo.sends(4, "thank_you", LINDQVIST, "fax")
    toms_knee.sends(0, "thank_you", OKAFOR, "fax")
    toms_back.sends(0, "thank_you", HADDAD, "email", "10:00")
    knee.sends(0, "schedule_text", ROSA, "sms", "09:35")
    knee.sends(2, "reach_followup", ROSA, "sms", "09:00")
    shoulder.never_sends("schedule_text", "reach_followup", because="one cadence (rule 12)")
    both = ("10:00 AM and ", f"{knee.day(18):%b} {knee.day(18).day}, 10:00 AM")
    knee.sends(3, "intake", ROSA, "sms", "10:10", with_words=both)
    shoulder.sends(3, "intake", ROSA, "sms", "10:10", with_words=both)  # the same text
    ivo.sends(7, "schedule_text", IVO, "sms", "09:35")  # once the number had a text left
    toms_knee.sends(0, "schedule_text", TOM, "sms", "09:35")
    toms_back.sends(2, "reach_followup", TOM, "sms", "09:00")
    toms_back.never_sends("schedule_text", because="the cadence goes on, it does not begin anew")
    toms_back.sends(3, "intake", TOM, "sms", "09:00")
    toms_knee.sends(7, "schedule_text", TOM, "sms", "09:35")

    # What people are asked: one call for both
    knee.asks(0, "call_patient", "front_desk", "11:30", until=(1, "10:00"))
    ivo.asks(4, "call_patient", "front_desk", "11:00")  # meanwhile
    toms_knee.asks(0, "call_patient", "front_desk", "11:30", until=(1, "09:00"))
    toms_back.asks(1, "call_patient", "front_desk", "12:00", until=(2, "15:00"))
    toms_knee.asks(4, "call_patient", "front_desk", "12:00")
    toms_knee.asks(7, "call_patient", "front_desk", "07:00")

    knee.ends_as("intake")
    shoulder.ends_as("intake")
    ivo.ends_as("contacting")
    toms_knee.ends_as("contacting")
    toms_back.ends_as("intake")
