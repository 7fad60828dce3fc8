from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from models.document_samples import (
    DISCHARGE_SUMMARY,
    PLAN_OF_CARE,
    PROGRESS_REPORT,
    SAMPLES,
    THANK_YOU,
    UNPLANNED_DISCHARGE,
)
from models.documents import (
    Attendance,
    Goal,
    PlanOfCare,
    PlanOfCareFax,
    Signature,
    content_hash,
    missing_elements,
)

PLAN = PLAN_OF_CARE.plan
assert PLAN is not None


@pytest.mark.parametrize(
    ("field", "empty", "named"),
    [
        ("diagnoses", (), "diagnosis"),
        ("long_term_goals", (), "long-term goals"),
        ("long_term_goals", (Goal(text=""),), "long-term goals"),
        ("treatment_type", "", "type of treatment"),
        ("amount", "", "amount"),
        ("frequency", "", "frequency"),
        ("duration", "", "duration"),
        ("therapist", "", "name of the therapist"),
        ("licence", "", "license of the therapist"),
    ],
)
def test_every_required_element_of_a_plan_is_missed(field: str, empty: Any, named: str) -> None:
    assert missing_elements(PLAN.model_copy(update={field: empty})) == [named]


def test_an_empty_plan_misses_everything_and_a_full_one_nothing() -> None:
    assert len(missing_elements(PlanOfCare())) == 8
    assert missing_elements(PLAN) == []


def test_blank_is_missing() -> None:
    data = {**PLAN.model_dump(), "frequency": "   \n"}
    assert missing_elements(PlanOfCare.model_validate(data)) == ["frequency"]


@pytest.mark.parametrize(
    ("field", "empty", "named"),
    [
        ("period_starts", None, "start of the period"),
        ("scores", (), "an objective measure"),
        ("goals", (Goal(text="Walk"),), "progress toward each goal"),
        ("attendance", None, "visits attended"),
        ("plan", "", "plan"),
    ],
)
def test_every_required_element_of_a_report_is_missed(field: str, empty: Any, named: str) -> None:
    assert missing_elements(PROGRESS_REPORT.model_copy(update={field: empty})) == [named]


def test_an_unplanned_discharge_may_lack_what_a_last_visit_gives() -> None:
    without = {"home_program": "", "scores": ()}
    assert missing_elements(UNPLANNED_DISCHARGE.model_copy(update=without)) == []
    assert missing_elements(DISCHARGE_SUMMARY.model_copy(update=without)) == [
        "home program",
        "current scores",
    ]


def test_clinical_documents_are_drafts_until_signed() -> None:
    assert not PLAN_OF_CARE.is_draft
    unsigned = PLAN.model_copy(update={"signed_at": None})
    assert PLAN_OF_CARE.model_copy(update={"plan": unsigned}).is_draft
    assert PROGRESS_REPORT.model_copy(update={"signature": None}).is_draft
    assert PLAN_OF_CARE.model_copy(update={"plan": None}).is_draft
    assert not THANK_YOU.is_draft


def test_impossible_values_are_refused() -> None:
    with pytest.raises(ValidationError):
        PlanOfCare(starts_on=date(2026, 3, 1), ends_on=date(2026, 2, 1))
    with pytest.raises(ValidationError):
        Attendance(attended=5, scheduled=4)
    with pytest.raises(ValidationError):
        Signature(name="A", licence="B", signed_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake
    with pytest.raises(ValidationError):
        PlanOfCareFax.model_validate({**PLAN_OF_CARE.model_dump(), "return_code": "Jordan Sample"})


@pytest.mark.parametrize("kind", SAMPLES)
def test_content_hash_survives_storage_and_sees_every_change(kind: str) -> None:
    sample = SAMPLES[kind]
    again = type(sample).model_validate_json(sample.model_dump_json())
    assert content_hash(again) == content_hash(sample)
    assert content_hash(sample.model_copy(update={"version": 2})) != content_hash(sample)
    assert content_hash(sample, b"pdf") != content_hash(sample, b"other")


def test_samples_are_signed_after_the_period_they_cover() -> None:
    signed = PROGRESS_REPORT.signature
    assert signed is not None
    local = signed.signed_at.astimezone(timezone(timedelta(hours=-6)))
    assert PROGRESS_REPORT.period_ends == local.date()
    assert signed.signed_at.tzinfo is UTC
