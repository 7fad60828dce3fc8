"""One example of every event, used by the OpenAPI page, the documentation and the tests.

Nobody here exists: names are made up, numbers are 555-01xx.
"""

from __future__ import annotations

from typing import Any, Final

_REFERRAL: Final = {"external": {"assigner": "example-emr", "value": "R-1001"}}

NEW_REFERRAL: Final[dict[str, Any]] = {
    "external": {"assigner": "example-emr", "value": "R-1001"},
    "clinic": "east",
    "patient": {
        "given_name": "Jordan",
        "family_name": "Sample",
        "born": "1961-01-04",
        "phone": "(518) 555-0117",
        "state": "NY",
    },
    "source": {
        "kind": "provider",
        "npi": "1234567893",
        "name": "Ana Ruiz",
        "credential": "MD",
        "practice": "Lakeside Family Medicine",
        "fax": "(518) 555-0111",
        "prefers": "fax",
    },
    "payers": ["medicare_part_b"],
    "order": {"signed": True, "dated": True},
    "reason": "Knee pain after a fall; evaluate and treat.",
}

PLAN_FIELDS: Final[dict[str, Any]] = {
    "plan": {
        "diagnoses": [{"code": "M17.11", "text": "osteoarthritis, right knee"}],
        "long_term_goals": [
            {"text": "Climb one flight of stairs without a rail", "by": "2026-03-30"}
        ],
        "treatment_type": "Therapeutic exercise, manual therapy, gait training",
        "amount": "45 minutes",
        "frequency": "2 times a week",
        "duration": "8 weeks",
        "starts_on": "2026-01-12",
        "ends_on": "2026-03-09",
        "therapist": "Tess Specimen, PT",
        "licence": "NY license 0000042",
    },
    "update": {
        "verdict": "Good candidate for therapy; expected to climb stairs safely in 8 weeks.",
        "evaluated_on": "2026-01-12",
        "findings": ["Knee flexion 95 degrees", "Needs a rail on stairs"],
        "scores": [
            {
                "measure": "lefs",
                "baseline": {"on": "2026-01-12", "value": 31},
                "now": {"on": "2026-01-12", "value": 31},
                "goal": 60,
            }
        ],
    },
}

_SIGNATURE: Final = {
    "name": "Tess Specimen, PT",
    "licence": "NY license 0000042",
    "signed_at": "2026-02-13T20:00:00Z",
}
_SCORES: Final = [
    {
        "measure": "lefs",
        "baseline": {"on": "2026-01-12", "value": 31},
        "now": {"on": "2026-02-13", "value": 47},
        "goal": 60,
    }
]

REPORT_FIELDS: Final[dict[str, Any]] = {
    "verdict": "On track: climbs stairs with one hand on the rail.",
    "period_starts": "2026-01-12",
    "period_ends": "2026-02-13",
    "diagnoses": [{"code": "M17.11", "text": "osteoarthritis, right knee"}],
    "scores": _SCORES,
    "goals": [{"text": "Climb one flight of stairs without a rail", "status": "On track"}],
    "attendance": {"attended": 9, "scheduled": 10, "missed": ["illness"]},
    "assessment": "Strength and range improve as expected.",
    "plan": "Continue 2 times a week for 4 weeks.",
    "signature": _SIGNATURE,
}

SUMMARY_FIELDS: Final[dict[str, Any]] = {
    "reason": "goals_met",
    "planned": True,
    "verdict": "Goals met: climbs stairs without a rail.",
    "evaluated_on": "2026-01-12",
    "last_visit_on": "2026-03-06",
    "discharged_on": "2026-03-06",
    "diagnoses": [{"code": "M17.11", "text": "osteoarthritis, right knee"}],
    "attendance": {"attended": 15, "scheduled": 16, "missed": ["illness"]},
    "scores": _SCORES,
    "goals": [{"text": "Climb one flight of stairs without a rail", "status": "Met"}],
    "treatment_given": "Therapeutic exercise, manual therapy, gait training.",
    "home_program": "Daily: sit to stand, step-ups, calf stretch.",
    "signature": {**_SIGNATURE, "signed_at": "2026-03-09T20:00:00Z"},
}


def _event(kind: str, at: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "at": at, "referral": _REFERRAL, "data": data}


EVENTS: Final[dict[str, dict[str, Any]]] = {
    str(event["type"]): event
    for event in (
        {"type": "referral_received", "at": "2026-01-05T15:00:00Z", "data": NEW_REFERRAL},
        _event("not_before_changed", "2026-01-05T16:00:00Z", not_before="2026-01-09T14:00:00Z"),
        _event(
            "authorization_changed",
            "2026-01-05T17:00:00Z",
            authorization_id="AU-1",
            status="granted",
            visits=12,
            ends_on="2026-04-05",
        ),
        _event(
            "appointment_booked",
            "2026-01-05T18:00:00Z",
            appointment_id="A-1",
            starts_at="2026-01-12T14:00:00Z",
            purpose="evaluation",
        ),
        _event("appointment_cancelled", "2026-01-06T15:00:00Z", appointment_id="A-1"),
        _event("appointment_missed", "2026-01-12T15:00:00Z", appointment_id="A-1"),
        _event(
            "booking_requested",
            "2026-01-05T17:30:00Z",
            request_id="RQ-1",
            starts_at="2026-01-12T14:00:00Z",
        ),
        _event("intake_opened", "2026-01-06T19:40:00Z"),
        _event("intake_completed", "2026-01-06T20:00:00Z"),
        _event("evaluation_completed", "2026-01-12T15:00:00Z", day="2026-01-12"),
        _event(
            "order_received",
            "2026-01-05T15:00:00Z",
            order_id="O-1",
            provider_npi="1234567893",
            signed_and_dated=True,
        ),
        {
            **_event("plan_of_care_signed", "2026-01-12T21:00:00Z", by="therapist", version=1),
            "document": {"fields": PLAN_FIELDS},
        },
        _event("plan_of_care_returned", "2026-01-15T15:00:00Z", version=1),
        _event("visit_completed", "2026-01-15T15:00:00Z", visit_id="V-2", day="2026-01-15"),
        _event(
            "outcome_recorded", "2026-02-13T15:00:00Z", measure="lefs", score=47, day="2026-02-13"
        ),
        {
            **_event(
                "progress_report_signed", "2026-02-13T20:00:00Z", report_id="P-1", day="2026-02-13"
            ),
            "document": {"fields": REPORT_FIELDS},
        },
        _event("discharged", "2026-03-06T16:00:00Z", reason="goals_met", planned=True),
        {
            **_event("discharge_summary_signed", "2026-03-09T20:00:00Z"),
            "document": {"fields": SUMMARY_FIELDS},
        },
        _event("referral_withdrawn", "2026-01-07T15:00:00Z"),
        _event("patient_died", "2026-02-01T15:00:00Z"),
        _event(
            "patient_replied",
            "2026-01-05T16:00:00Z",
            reply_id="M-1",
            text="Tuesday after 3 works",
            phone="(518) 555-0117",
        ),
        _event(
            "call_missed",
            "2026-01-05T16:20:00Z",
            call_id="CA-1",
            phone="(518) 555-0117",
            called="(518) 555-0142",
        ),
        _event("check_in_answered", "2026-03-16T15:00:00Z", score=9),
        _event(
            "release_recorded",
            "2026-01-12T15:00:00Z",
            release_id="RL-1",
            recipient={
                "kind": "case_manager",
                "name": "Casey Adjuster",
                "fax": "(518) 555-0133",
            },
            scope="reports",
            ends_on="2026-07-12",
        ),
        _event("release_revoked", "2026-03-02T15:00:00Z", release_id="RL-1"),
        {
            "type": "provider_left",
            "at": "2026-03-20T15:00:00Z",
            "data": {
                "provider_npi": "1245319599",
                "on": "2026-03-20",
                "successor_npi": "1234567893",
            },
        },
    )
}

DECISION: Final[dict[str, Any]] = {
    "kind": "call_logged",
    "by": "dana",
    "call_id": "C-1",
    "party": "patient",
    "outcome": "reached",
}

MEASURE: Final[dict[str, Any]] = {
    "name": "evaluated",
    "title": "Evaluations held",
    "note": "Referrals whose evaluation took place in the month, whenever they were received.",
    "unit": "count",
    "how": "count",
    "month": "evaluated_month",
    "asked": "evaluated in the month",
    "good": "up",
    "target": None,
}

LINES_PAGE: Final[dict[str, Any]] = {
    "scope": "east",
    "month": "2026-01",
    "measure": None,
    "which": None,
    "as_of": "2026-02-03T12:00:00Z",
    "preliminary": False,
    "next": None,
    "lines": [
        {
            "referral": "p_4b1f7c0a92d35e6688a1f0c2",
            "clinic_id": "east",
            "counted": "referral",
            "source_id": "src_7gk2mz4vhtqp",
            "source_kind": "provider",
            "heard": "physician",
            "campaign": None,
            "origin": "fax",
            "urgency": "routine",
            "payer": "medicare_part_b",
            "region": "knee",
            "stage": "in_care",
            "received_month": "2026-01",
            "thanked_minutes": 95,
            "thanks_unwanted": False,
            "contact_minutes": 42,
            "contact_open_minutes": 42,
            "contacted_24h": True,
            "contacted_next_day": True,
            "reached_minutes": 130,
            "booked_minutes": 131,
            "missed_evaluations": 0,
            "evaluated_month": "2026-01",
            "evaluation_days": 6,
            "visits": 4,
            "missed_visits": 1,
            "plan_minutes": 610,
            "certification": "certified_by_signature",
            "certified": True,
            "reports": 0,
            "prompt_reports": 0,
            "discharged_month": None,
            "care_days": None,
            "ending": None,
            "summary_minutes": None,
            "asked_month": None,
            "score": None,
            "texts_sent": 3,
            "texts_delivered": 3,
            "texts_failed": 0,
            "faxes_sent": 2,
            "faxes_delivered": 2,
            "faxes_failed": 0,
            "mails_sent": 0,
            "mails_delivered": 0,
            "mails_failed": 0,
            "replied": True,
            "closed_month": None,
            "open_days": None,
            "closed_reason": None,
            "lost_why": None,
            "odd": None,
            "value": None,
        }
    ],
}
