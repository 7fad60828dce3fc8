"""A practice with eight physicians and one fax line.

Within ten minutes each of the eight physicians of Lakeside sends a patient. Their fax line rings
once for eight letters of thanks, one patient a page. The eight plans of care are more than the
fifteen pages that the line is asked to take in a day: what is over goes out next morning, in time
all the same, and is asked about a day later than the others. When a call is due about each of the
plans, the desk has one call to make, not eight. (policy.md rule 13; office.bundle,
max_pages_per_number_day)
"""

from __future__ import annotations

from demo.cast import Json, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

FAX = "+15185550170"
PHYSICIANS = (
    ("Ana Alder", "1123456786"),
    ("Bo Birch", "1223456785"),
    ("Cy Cedar", "1323456784"),
    ("Di Dogwood", "1423456783"),
    ("Ed Elm", "1523456782"),
    ("Fay Fir", "1623456781"),
    ("Gil Ginkgo", "1723456780"),
    ("Hal Hazel", "1823456789"),
)


def physician(number: int) -> Json:
    name, npi = PHYSICIANS[number]
    return {
        "kind": "provider", "npi": npi, "name": name, "credential": "MD",
        "practice": "Lakeside Orthopedics", "fax": FAX, "prefers": "fax",
    }  # fmt: skip


def tell(case: Case) -> None:
    case.overrides(poc={"chase": [{"day": 7, "do": ["fax", "call"]}]})  # a short story
    for number in range(len(PHYSICIANS)):
        one = case.referral(f"patient_{number}")
        who = patient(40 + number, f"No{number}", "Sample", f"19{60 + number}-05-05")
        source = physician(number)

        # What happens
        one.received(0, f"09:{30 + number}", who, source, payers=["medicare_part_b"])
        one.booked(0, "10:35", on=2)
        one.event(0, "10:36", "intake_completed", "forms complete")
        one.evaluated(2, KNEE)
        one.visits([7])

        # What goes out
        one.sends(0, "schedule_text", who, "sms")
        one.sends(0, "thank_you", source, "fax", "11:45-11:55")
        one.sends(1, "intake", who, "sms", "09:00")
        one.sends((2, 3), "plan_of_care", source, "fax")
        one.sends((9, 10), "signature_request", source, "fax")

        # What people are asked
        one.asks((9, 10), "call_certifier", "front_desk")  # stands under the practice's

        one.ends_as("in_care", certification="needs_signature")
    # While letters wait for company, and after they went: between two moments of a story each
    # referral's clock runs by itself, and one that is ahead would give its letter along too early.
    for day, clock in ((2, "17:30"), (2, "19:30"), (9, "12:00"), (9, "19:30")):
        case.chore(day, clock, "receipts")
    case.asks(9, "call_practice", "front_desk")
    case.faxes(0, FAX, 8)
    case.faxes(2, FAX, 7)
    case.faxes(3, FAX, 1)
    case.faxes(9, FAX, 7)
    case.faxes(10, FAX, 1)
    case.lasts(10, "12:00")
