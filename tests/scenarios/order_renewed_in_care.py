"""The order is renewed in the middle of care.

Walt has been in care for his knee for two months when a visit falls beyond the life of the order:
the front desk is asked, once, to get a new one. Three days later the office sends it, as it sends
every order: as a referral. It is no new referral, nobody texts Walt, and the office is thanked for
the order. An order for his shoulder a day later is another matter, and begins a referral of its
own. (policy.md rule 12; order.stale_after)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import KNEE, plan
from tests.scenarios.kit.case import Case

WALT = patient(88, "Walt", "Sample", "1955-02-14")
ORDER = {"signed": True, "dated": True}


def tell(case: Case) -> None:
    walt = case.referral("walt")
    shoulder = case.referral("shoulder")
    case.on_time("walt", "shoulder")

    # What happens
    walt.received(0, "09:30", WALT, OKAFOR, order=ORDER, payers=["commercial"], region="knee")
    walt.booked(0, "11:00", on=2)
    walt.event(0, "19:00", "intake_completed", "forms complete")
    at = walt.event(2, "11:00", "evaluation_completed", "evaluated", day=walt.day(2).isoformat())
    walt.planned(2, "16:30", plan(KNEE, at, weeks=12))
    walt.event(4, "13:00", "plan_of_care_signed", "provider signed the plan", by="provider")
    walt.visits([4, 9, 11, 16, 18, 23])
    walt.reported(23, 2, KNEE, 7)
    walt.visits([25, 30, 32, 37, 39, 44, 46])
    walt.reported(46, 2, KNEE, 14)
    walt.visits([51, 53, 58, 63])
    walt.received(
        66, "10:00", WALT, OKAFOR, says="the office renews the order", order=ORDER,
        payers=["commercial"], region="knee",
        external={"assigner": "demo-emr", "value": f"{walt.external}-again"},
    )  # fmt: skip
    shoulder.received(
        67, "10:00", WALT, OKAFOR, order=ORDER, payers=["commercial"], region="shoulder"
    )
    case.lasts(67, "12:30")

    # What goes out
    walt.sends(0, "schedule_text", WALT, "sms", "09:35")
    walt.sends(0, "thank_you", OKAFOR, "fax")
    walt.sends(1, "intake", WALT, "sms", "09:00")
    walt.sends(2, "plan_of_care", OKAFOR, "fax")
    walt.sends(23, "progress_report", OKAFOR, "fax")
    walt.sends((46, 49), "progress_report", OKAFOR, "fax")
    walt.sends(66, "thank_you", OKAFOR, "fax", with_words=("Thank you for the order",))
    shoulder.sends(67, "schedule_text", WALT, "sms", "10:05")
    shoulder.sends(67, "thank_you", OKAFOR, "fax", "10:15-12:15")

    # What people are asked
    walt.asks(63, "order_stale", "front_desk", "15:00", until=(66, "10:00"))
    shoulder.asks(67, "call_patient", "front_desk", "12:00")
    # An order for the same patient is no new patient: the silence ends with the shoulder.
    case.asks(60, "re_engagement", "liaison", until=(67, "10:00"))

    walt.ends_as("in_care", certification="certified_by_signature")
    shoulder.ends_as("contacting")
