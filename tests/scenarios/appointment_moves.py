"""The evaluation moves, and moves again.

Ina is told Friday at ten. Two days later the clinic moves her to two o'clock: she gets one more
text with the new time. The EMR tells of the same time again that evening, as such systems do:
nobody texts twice. At nine at night a colleague moves her to Monday, and early next morning back to
Friday at two: the text about Monday waited for the morning and stays unsent, because she knows
Friday at two already. (policy.md §3 booked; rule 12)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import KNEE
from tests.scenarios.kit.case import Case

INA = patient(73, "Ina", "Sample", "1977-03-03")


def tell(case: Case) -> None:
    ina = case.referral("ina")

    def moved(day: int, clock: str, to: tuple[int, str], says: str) -> None:
        ina.amended(
            day, clock, "appointment_booked", says, of=(0, "11:00"),
            appointment_id=f"{ina.external}-A1", starts_at=ina.when(*to).isoformat(),
        )  # fmt: skip

    # What happens
    ina.received(0, "09:30", INA, OKAFOR, payers=["commercial"])
    ina.booked(0, "11:00", on=4)
    ina.event(1, "19:00", "intake_completed", "forms complete")
    moved(2, "10:30", (4, "14:00"), "the evaluation moves from 10:00 to 14:00")
    moved(2, "18:00", (4, "14:00"), "the EMR tells of the same time again")
    moved(2, "21:00", (7, "10:00"), "a colleague moves it to Monday")
    moved(3, "06:30", (4, "14:00"), "and back to Friday at 14:00")
    ina.evaluated(4, KNEE)
    case.lasts(5)

    # What goes out
    ina.sends(0, "schedule_text", INA, "sms", "09:35")
    ina.sends(0, "thank_you", OKAFOR, "fax")
    ina.sends(1, "intake", INA, "sms", "09:00", with_words=("10:00 AM",))
    ina.sends(2, "booked", INA, "sms", "10:30", with_words=("2:00 PM",))
    ina.sends(4, "plan_of_care", OKAFOR, "fax")

    ina.ends_as("evaluated", certification="needs_signature")
