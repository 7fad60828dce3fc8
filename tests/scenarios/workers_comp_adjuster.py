"""Workers' compensation: an adjuster reads along while the authorization lasts.

Ned was hurt at work. His physician sends him and hears everything. Casey, the adjuster, may read
the reports because Ned has signed an authorization; the first report and nothing before it reaches
Casey. Then the authorization ends. The second report goes to the physician alone, and the lead is
asked: record another authorization, release this page, or stop it. A new authorization comes, and
the page that waited goes out by itself. (policy.md rule 2)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import SHOULDER
from tests.scenarios.kit.case import Case

NED = patient(81, "Ned", "Sample", "1984-08-08")
CASEY = {"kind": "case_manager", "name": "Casey Adjuster", "fax": "+15185550161"}


def tell(case: Case) -> None:
    ned = case.referral("ned")

    def allows(day: int, clock: str, release_id: str, until: int, says: str) -> None:
        ends_on = ned.day(until).isoformat()
        ned.event(
            day, clock, "release_recorded", says,
            release_id=release_id, recipient=CASEY, scope="reports", ends_on=ends_on,
        )  # fmt: skip

    # What happens
    ned.received(0, "09:30", NED, OKAFOR, payers=["workers_comp"])
    ned.booked(0, "11:00", on=2)
    ned.event(0, "19:00", "intake_completed", "forms complete")
    allows(1, "10:00", "RL-1", 20, "Ned lets the adjuster read reports for three weeks")
    ned.evaluated(2, SHOULDER, signed=4)
    ned.visits([4, 7, 9, 11, 14])
    ned.reported(14, 2, SHOULDER, 6)
    ned.visits([16, 18, 21, 23, 25, 28])
    ned.reported(29, 2, SHOULDER, 12)
    allows(31, "10:00", "RL-2", 60, "Ned signs another authorization")
    case.lasts(33)

    # What goes out
    ned.sends(0, "schedule_text", NED, "sms", "09:35")
    ned.sends(0, "thank_you", OKAFOR, "fax")
    ned.sends(1, "intake", NED, "sms", "09:00")
    ned.sends(2, "plan_of_care", OKAFOR, "fax")
    ned.sends(14, "progress_report", OKAFOR, "fax")
    ned.sends(14, "progress_report", CASEY, "fax")
    ned.sends(29, "progress_report", OKAFOR, "fax")
    ned.sends(31, "progress_report", CASEY, "fax", "10:00")

    # What people are asked
    ned.asks(29, "release_message", "lead", "17:00", until=(31, "10:00"))

    ned.ends_as("in_care", certification="certified_by_signature")
