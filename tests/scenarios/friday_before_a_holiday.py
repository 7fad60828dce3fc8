"""Two faxes on the Friday before a long weekend.

At ten to five, with the clinic closed until Tuesday, two referrals come by fax and a machine reads
them. Nobody is contacted on a machine's word. Dr. Okafor's office, whose number we know, hears at
once that two pages came and when its patient will be called, without a word about who that is: that
keeps the promise of 24 hours. The other fax comes from a number nobody has vouched for, and hears
nothing. Both stand on the desk's board; the half hour for them runs on Tuesday morning. Dana
corrects a misread phone number, and from then on everything goes as it does for anybody else.
(policy.md rules 7 and 8; capture.confirm_due)
"""

from __future__ import annotations

from datetime import date, timedelta

from demo.cast import LINDQVIST, OKAFOR, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

CARL = patient(31, "Carl", "Sample", "1968-06-16")
READ_AS = {**CARL, "phone": "+15185550181", "given_name": "Car1"}
DORA = patient(32, "Dora", "Placeholder", "1981-12-03")
EARLIER = patient(33, "Ed", "Specimen", "1955-03-31")


def opening(today: date) -> date:
    """The Monday a week before Memorial Day, on which the clinic is closed."""
    for year in (today.year, today.year + 1):
        last = date(year, 5, 31)
        week_before = last - timedelta(days=last.weekday() + 7)
        if week_before > today:
            return week_before
    raise AssertionError("next year's May is always ahead")


def tell(case: Case) -> None:
    ed, carl, dora = (case.referral(name) for name in ("ed", "carl", "dora"))

    case.on_time("ed", "carl", "dora")  # by Friday the office's number is known

    # What happens
    ed.received(0, "09:30", EARLIER, OKAFOR, says="the EMR sends Ed: the office's number is known")
    ed.event(1, "10:00", "referral_withdrawn", "the office takes Ed back")
    carl.received(
        4, "16:50", READ_AS, OKAFOR, says="a fax of two pages, read by a machine",
        machine_read={"fax": OKAFOR["fax"], "pages": 2}, payers=["commercial"],
    )  # fmt: skip
    dora.received(
        4, "16:52", DORA, LINDQVIST, says="a fax from a number nobody knows",
        machine_read={"fax": LINDQVIST["fax"], "pages": 1}, payers=["commercial"],
    )  # fmt: skip
    carl.decide(
        8, "07:10", "request_confirmed", "Dana looks at the fax and corrects it",
        corrections={"patient": {"given_name": "Carl", "phone": CARL["phone"]}},
    )  # fmt: skip
    dora.decide(8, "07:15", "request_confirmed", "Dana calls the office: it is theirs")
    carl.called(8, "09:40", "reached", "the desk reaches Carl")
    carl.booked(8, "09:45", on=10)
    carl.event(9, "19:00", "intake_completed", "forms complete")
    carl.evaluated(10, KNEE)
    case.lasts(10, "19:00")

    # What goes out
    ed.sends(0, "schedule_text", EARLIER, "sms", "09:35")
    ed.sends(0, "thank_you", OKAFOR, "fax")
    carl.sends(
        4, "receipt_notice", OKAFOR, "fax", "16:50",
        with_words=("2 pages received", "10:00 AM"), without=("Carl", "Car1", "Sample"),
    )  # fmt: skip
    carl.sends(8, "thank_you", OKAFOR, "fax", "07:25")
    carl.sends(8, "schedule_text", CARL, "sms", "09:00")
    carl.sends(9, "intake", CARL, "sms", "09:00")
    carl.sends(10, "plan_of_care", OKAFOR, "fax")
    dora.sends(8, "thank_you", LINDQVIST, "fax", "07:30")
    dora.sends(8, "schedule_text", DORA, "sms", "09:00")
    dora.sends(10, "reach_followup", DORA, "sms", "09:00")
    dora.never_sends("receipt_notice", because="nobody knows that number (rule 7)")

    # What people are asked
    ed.asks(0, "call_patient", "front_desk", "11:30", until=(1, "10:00"))
    ed.asks(1, "tell_source", "front_desk", "10:00")
    carl.asks(4, "confirm_request", "front_desk", "16:50", due=(8, "07:20"), until=(8, "07:10"))
    dora.asks(4, "confirm_request", "front_desk", "16:52", due=(8, "07:22"), until=(8, "07:15"))
    carl.asks(8, "call_patient", "front_desk", "09:10", until=(8, "09:40"))
    dora.asks(8, "call_patient", "front_desk", "09:15")
    dora.asks(9, "call_patient", "front_desk", "12:00")

    ed.ends_as("closed", closed="withdrawn")
    carl.ends_as("evaluated", certification="needs_signature")
    dora.ends_as("contacting")
