"""The month of previews and of the guide is what the product makes of the fictional practice."""

from __future__ import annotations

import pytest

from models.monthly import MonthlyReport
from store.report.measures import MEASURES
from tests.truth.practice import PATH, made, sends, written


@pytest.fixture(scope="module")
def month() -> MonthlyReport:
    """Computed anew, once."""
    return made()


def test_the_sample_is_what_is_computed(month: MonthlyReport) -> None:
    assert PATH.read_text() == written(month), "python -m tests.truth.practice writes it anew"


def test_what_was_planted_is_found(month: MonthlyReport) -> None:
    planted = {one.name: one for one in sends()}
    for line in month.sources:
        if line.kind not in ("self", "past_patient"):
            assert line.twelve == planted[line.name].sent[3:], line.name
    verdicts = {one.name: one.verdict for one in month.sources}
    assert {name for name, told in verdicts.items() if told == "growing"} == {
        *("Lakeside Family Medicine", "Northgate Sports Medicine")
    }
    assert {name for name, told in verdicts.items() if told == "fading"} == {
        *("Eastside Spine Center", "Harborview Orthopedics")
    }
    assert {(one.name, one.state) for one in month.silent} == {
        ("Ana Ruiz, MD", "quiet"),
        ("Cedar Street Urgent Care", "quiet"),
        ("Harborview Orthopedics", "lapsed"),
        ("Peter Lowell, MD", "lapsed"),
    }
    assert [one.name for one in month.returned] == ["Pine Hill Pediatrics"]
    assert "after a visit by Lia" in month.returned[0].says
    assert (month.late.arrived, month.late.changed) == (2, 1)
    assert len(month.things) == 3
    assert {one.name for one in month.figures} == set(MEASURES)


def test_no_patient_is_named(month: MonthlyReport) -> None:
    text = month.model_dump_json()
    for one in sends():
        assert (one.name in text) == (one.kind not in ("self", "past_patient")), one.name
