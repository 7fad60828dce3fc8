"""The EMR falls silent for two days.

Ella and Finn are to be evaluated on Tuesday; from Monday noon the EMR tells nothing. That Tuesday
passes without a word says nothing about them: nobody is asked whether they came, nobody is texted
or called. An administrator is asked about the feed instead. On Thursday it speaks again and tells
of Ella's evaluation. Of Finn it still tells nothing, now that it can be heard: the desk is asked.
(policy.md rule 9; feed.silent)
"""

from __future__ import annotations

from demo.cast import OKAFOR, patient
from demo.clinical import KNEE, plan
from tests.scenarios.kit.case import Case

ELLA = patient(98, "Ella", "Sample", "1980-02-02")
FINN = patient(99, "Finn", "Placeholder", "1974-07-07")


def tell(case: Case) -> None:
    case.overrides(feed={"silent": "4 bh"})
    ella, finn = case.referral("ella"), case.referral("finn")

    # What happens
    ella.received(0, "09:30", ELLA, OKAFOR, payers=["commercial"])
    finn.received(0, "09:40", FINN, OKAFOR, payers=["commercial"])
    ella.booked(0, "11:00", on=1)
    finn.booked(0, "11:05", on=1)
    ella.event(0, "12:00", "intake_completed", "forms complete")
    finn.event(0, "12:10", "intake_completed", "forms complete")
    case.chore(1, "09:00", "feeds")
    case.chore(2, "12:00", "feeds")
    evaluated = ella.event(
        1, "10:00", "evaluation_completed", "evaluated on Tuesday, told on Thursday",
        day=ella.day(1).isoformat(), told=(3, "10:20"),
    )  # fmt: skip
    case.chore(3, "10:25", "feeds")
    ella.planned(3, "11:00", plan(KNEE, evaluated))
    case.lasts(3, "16:00")

    # What goes out
    for life, who in ((ella, ELLA), (finn, FINN)):
        life.sends(0, "schedule_text", who, "sms")
        life.sends(0, "thank_you", OKAFOR, "fax")
        life.sends(1, "intake", who, "sms", "09:00")
        life.never_sends("missed", because="silence is no evidence (rule 9)")
    ella.sends(3, "plan_of_care", OKAFOR, "fax")

    # What people are asked
    case.asks(1, "feed_silent", "admin", "09:00", due=(1, "10:00"), until=(3, "10:25"))
    ella.asks(3, "sign_plan", "therapist", "10:20", until=(3, "11:00"))  # owed since Wednesday
    finn.asks(3, "confirm_attendance", "front_desk", "14:00")

    ella.ends_as("evaluated", certification="needs_signature")
    finn.ends_as("intake")
