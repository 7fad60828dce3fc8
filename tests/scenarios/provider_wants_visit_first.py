"""The provider will not sign before a visit.

Dr. Okafor sends Jim's plan of care back: "wants a visit first". That is no signature, and nobody
asks her for one meanwhile. The lead gets Jim that visit and writes down when it is. On the business
day after it the office is asked once more, by a page and by a call, and she signs. Care goes on all
the time. (policy.md rules 4 and 5; poc.chase)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import SHOULDER
from tests.scenarios.kit.case import Case

JIM = patient(91, "Jim", "Specimen", "1949-04-19")


def tell(case: Case) -> None:
    jim = case.referral("jim")

    # What happens
    jim.received(0, "09:30", JIM, OKAFOR, payers=["medicare_part_b"])
    jim.booked(0, "11:00", on=2)
    jim.event(0, "19:00", "intake_completed", "forms complete")
    jim.evaluated(2, SHOULDER)
    jim.visits([4, 7, 11, 16])
    jim.event(7, "10:20", "plan_of_care_returned", "the page of the plan comes back")
    page = {"verdict": "declined", "why": "wants_visit_first"}
    jim.decide(7, "11:00", "page_judged", "the desk reads it: wants a visit first", **page)
    jim.decide(
        8, "09:30", "page_judged", "the lead gets Jim a visit", by="lee",
        visit_on=jim.day(15).isoformat(), **page,
    )  # fmt: skip
    jim.done(8, "09:35", "plan_visit_first:v1", "the visit is settled", by="lee")
    jim.event(17, "13:00", "plan_of_care_signed", "provider signed the plan", by="provider")
    case.lasts(18)

    # What goes out
    jim.sends(0, "schedule_text", JIM, "sms", "09:35")
    jim.sends(0, "thank_you", OKAFOR, "fax")
    jim.sends(1, "intake", JIM, "sms", "09:00")
    jim.sends(2, "plan_of_care", OKAFOR, "fax")
    jim.sends(16, "signature_request", OKAFOR, "fax")  # nothing on day 9: she has declined

    # What people are asked
    jim.asks(7, "judge_returned_plan", "front_desk", "10:20", due=(7, "14:20"), until=(7, "11:00"))
    jim.asks(7, "plan_visit_first", "lead", "11:00", due=(8, "19:00"), until=(8, "09:35"))
    jim.asks(16, "call_certifier", "front_desk", until=(17, "13:00"))

    jim.ends_as("in_care", certification="certified_by_signature")
