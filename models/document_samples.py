"""Fictional examples of every document, so that each can be previewed without a referral.

Nobody here exists: names, 555-01xx numbers and licenses are made up.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from models.documents import (
    Addressee,
    Attendance,
    Diagnosis,
    DischargeReason,
    DischargeSummary,
    Document,
    Goal,
    GoalStatus,
    Letterhead,
    PatientBlock,
    PlanOfCare,
    PlanOfCareFax,
    ProgressReport,
    ProgressUpdate,
    ReceiptNotice,
    Signature,
    SignatureRequest,
    ThankYouLetter,
)
from models.outcomes import MEASURES, Reading, Score, verdict_on
from models.scorecard_sample import SCORECARD

_CLINIC = Letterhead(
    clinic="Riverside Physical Therapy",
    address=("100 Example Avenue, Suite 4", "Austin, TX 78701"),
    phone="(512) 555-0142",
    fax="(512) 555-0143",
    time_zone="America/Chicago",
)
_PROVIDER = Addressee(
    name="Ana Ruiz, MD",
    practice="Lakeside Family Medicine",
    phone="(512) 555-0110",
    fax="(512) 555-0111",
)
_PATIENT = PatientBlock(name="Jordan Sample", born=date(1961, 1, 4))
_THERAPIST = "Priya Raman, PT, DPT"
_LICENCE = "TX license 0000042"
_DIAGNOSES = (
    Diagnosis(code="M17.11", text="unilateral primary osteoarthritis, right knee"),
    Diagnosis(code="R26.89", text="other abnormalities of gait"),
)
_EVALUATED = date(2026, 1, 12)
_LAST = date(2026, 3, 23)

_LEFS_EVAL = Score(
    measure=MEASURES["lefs"],
    baseline=Reading(on=_EVALUATED, value=31),
    now=Reading(on=_EVALUATED, value=31),
    goal=60,
)
_LEFS = Score(
    measure=MEASURES["lefs"],
    baseline=Reading(on=_EVALUATED, value=31),
    between=(Reading(on=date(2026, 1, 26), value=36),),
    now=Reading(on=date(2026, 2, 13), value=47),
    goal=60,
)
_PAIN = Score(
    measure=MEASURES["nprs"],
    baseline=Reading(on=_EVALUATED, value=7),
    between=(Reading(on=date(2026, 1, 26), value=6),),
    now=Reading(on=date(2026, 2, 13), value=3),
    goal=2,
)
_LEFS_END = _LEFS.model_copy(
    update={"between": (*_LEFS.between, _LEFS.now), "now": Reading(on=_LAST, value=63)}
)
_PAIN_END = _PAIN.model_copy(
    update={"between": (*_PAIN.between, _PAIN.now), "now": Reading(on=_LAST, value=2)}
)

_STAIRS = Goal(
    text="Climb one flight of stairs, one foot per step, without the rail",
    baseline=0,
    target=12,
    unit="steps",
    by=date(2026, 3, 23),
)
_WALK = Goal(
    text="Walk without a cane outdoors", baseline=5, target=30, unit="min", by=date(2026, 3, 23)
)
_BEND = Goal(
    text="Bend the right knee enough to cycle",
    baseline=95,
    target=120,
    unit="°",
    by=date(2026, 2, 23),
)

_PLAN = PlanOfCare(
    diagnoses=_DIAGNOSES,
    long_term_goals=(_STAIRS, _WALK, _BEND),
    treatment_type="therapeutic exercise, gait training, manual therapy",
    amount="One session a day of about 45 minutes",
    frequency="2 times a week",
    duration="10 weeks",
    starts_on=_EVALUATED,
    ends_on=_LAST,
    precautions="Stop and call if the calf swells or is warm.",
    therapist=_THERAPIST,
    licence=_LICENCE,
    signed_at=datetime(2026, 1, 12, 22, 10, tzinfo=UTC),
)

THANK_YOU = ThankYouLetter(
    letterhead=_CLINIC,
    to=_PROVIDER,
    sender="Sam Example, Front Desk",
    document_id="TY-1001",
    patient=_PATIENT,
    dated=date(2026, 1, 7),
    received_on=date(2026, 1, 7),
    next_step=(
        "We call and text your patient today to book the evaluation. You will hear from us when "
        "the plan of care is ready, or on January 16 if we could not reach your patient."
    ),
    needs=(
        "The date of the X-ray and the report, if there is one.",
        "Any weight-bearing limit. Please write “none” if there is none.",
    ),
    contact="Sam Example",
)

PLAN_OF_CARE = PlanOfCareFax(
    letterhead=_CLINIC,
    to=_PROVIDER,
    sender=_THERAPIST,
    document_id="POC-1001",
    patient=_PATIENT,
    dated=date(2026, 1, 13),
    update=ProgressUpdate(
        verdict="Evaluated on January 12. Good candidate for therapy; no surgery question now.",
        evaluated_on=_EVALUATED,
        findings=(
            "Right knee bends to 95°, straightens to −5°; thigh strength 4−/5.",
            "Walks 5 minutes with a cane; climbs stairs one step at a time.",
            "Ligament tests normal. No swelling of the calf, no fever.",
        ),
        scores=(_LEFS_EVAL,),
    ),
    plan=_PLAN,
    return_code="RL-7K3M-9QXD",
    sign_by=date(2026, 2, 11),
)

SIGNATURE_REQUEST = SignatureRequest(
    letterhead=_CLINIC,
    to=_PROVIDER,
    sender=_THERAPIST,
    document_id="SR-1001",
    patient=_PATIENT,
    dated=date(2026, 1, 20),
    plan_sent_on=date(2026, 1, 13),
    plan_document_id="POC-1001",
    plan_line=(
        "2 times a week for 10 weeks (Jan 12, 2026 to Mar 23, 2026): therapeutic exercise, gait "
        "training, manual therapy."
    ),
    diagnoses=_DIAGNOSES,
    therapist=_THERAPIST,
    plan_signed_on=date(2026, 1, 12),
    return_code="RL-7K3M-9QXD",
    sign_by=date(2026, 2, 11),
)

PROGRESS_REPORT = ProgressReport(
    letterhead=_CLINIC,
    to=_PROVIDER,
    sender=_THERAPIST,
    document_id="PR-1001",
    patient=_PATIENT,
    dated=date(2026, 2, 13),
    verdict=verdict_on((_LEFS, _PAIN)),
    ask="Please tell us before your visit on March 3 if you want the plan changed.",
    period_starts=_EVALUATED,
    period_ends=date(2026, 2, 13),
    diagnoses=_DIAGNOSES,
    scores=(_LEFS, _PAIN),
    goals=(
        _STAIRS.model_copy(update={"now": 6.0, "status": GoalStatus.ON_TRACK}),
        _WALK.model_copy(update={"now": 20.0, "status": GoalStatus.ON_TRACK}),
        _BEND.model_copy(update={"now": 121.0, "status": GoalStatus.MET}),
    ),
    attendance=Attendance(attended=8, scheduled=10, missed=("illness", "no ride")),
    assessment=(
        "Strength and endurance explain the gain in stairs and walking. Knee bending is no longer "
        "the limit. Stairs need four more weeks of strength work."
    ),
    plan="Continue 2 times a week to March 23; add step training and a walking program at home.",
    goal_changes="Knee bending met and closed; the other goals stand.",
    return_code="RL-4H8T-2WPC",
    signature=Signature(
        name=_THERAPIST, licence=_LICENCE, signed_at=datetime(2026, 2, 13, 23, 5, tzinfo=UTC)
    ),
)

DISCHARGE_SUMMARY = DischargeSummary(
    letterhead=_CLINIC,
    to=_PROVIDER,
    sender=_THERAPIST,
    document_id="DS-1001",
    patient=_PATIENT,
    dated=date(2026, 3, 24),
    reason=DischargeReason.GOALS_MET,
    planned=True,
    referred_on=date(2026, 1, 7),
    evaluated_on=_EVALUATED,
    last_visit_on=_LAST,
    discharged_on=_LAST,
    diagnoses=_DIAGNOSES,
    attendance=Attendance(attended=17, scheduled=20, missed=("illness", "no ride", "weather")),
    scores=(_LEFS_END, _PAIN_END),
    goals=(
        _STAIRS.model_copy(update={"now": 12.0, "status": GoalStatus.MET}),
        _WALK.model_copy(
            update={
                "now": 25.0,
                "status": GoalStatus.PARTLY_MET,
                "why": "Walks 25 minutes without a cane; longer walks go on at home.",
            }
        ),
        _BEND.model_copy(update={"now": 124.0, "status": GoalStatus.MET}),
    ),
    patient_status="Reports climbing stairs at home without the rail and working full days.",
    treatment_given=(
        "Therapeutic exercise, gait and step training, manual therapy to the right knee, and "
        "teaching of a home program over 17 visits."
    ),
    limits_and_precautions="Pain of 2 after standing for more than an hour. No precautions.",
    home_program="Strength exercises 3 days a week, walking 30 minutes on the other days.",
    equipment="None. The cane is no longer needed.",
    when_to_return=(
        "If stairs become painful again for more than two weeks, or the knee swells or locks: "
        "call (512) 555-0142."
    ),
    recommendations="No further therapy now. Please review pain medicine at your next visit.",
    signature=Signature(
        name=_THERAPIST, licence=_LICENCE, signed_at=datetime(2026, 3, 24, 15, 40, tzinfo=UTC)
    ),
)

UNPLANNED_DISCHARGE = DISCHARGE_SUMMARY.model_copy(
    update={
        "document_id": "DS-1002",
        "reason": DischargeReason.STOPPED_COMING,
        "planned": False,
        "last_visit_on": date(2026, 2, 13),
        "attendance": Attendance(attended=8, scheduled=14),
        "scores": (_LEFS, _PAIN),
        "goals": (
            _STAIRS.model_copy(
                update={"now": 6.0, "status": GoalStatus.NOT_MET, "why": "Last seen February 13."}
            ),
            _BEND.model_copy(update={"now": 121.0, "status": GoalStatus.MET}),
        ),
        "patient_status": "Not known. Two calls and one letter were not answered.",
        "treatment_given": "Therapeutic exercise, gait training and manual therapy over 8 visits.",
        "limits_and_precautions": "",
        "home_program": "Strength exercises taught on January 26; not reviewed at the end.",
        "equipment": "",
        "recommendations": "Please ask at your next visit. We gladly see your patient again.",
    }
)

RECEIPT_NOTICE = ReceiptNotice(
    letterhead=_CLINIC,
    to=Addressee(name="Referrals desk", practice=_PROVIDER.practice, fax=_PROVIDER.fax),
    document_id="RN-1001",
    dated=date(2026, 1, 9),
    pages_received=2,
    received_at=datetime(2026, 1, 9, 22, 50, tzinfo=UTC),
    next_step="We call your patient by Monday, January 12, 10:00 AM.",
)

#: One example for each kind of ``reports.registry.BUILDERS``.
SAMPLES: dict[str, Document] = {
    d.kind: d
    for d in (
        THANK_YOU,
        PLAN_OF_CARE,
        SIGNATURE_REQUEST,
        PROGRESS_REPORT,
        DISCHARGE_SUMMARY,
        RECEIPT_NOTICE,
        SCORECARD,
    )
}
