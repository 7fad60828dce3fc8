"""The sample month is one that the product computed: in its words, and fitting together."""

from __future__ import annotations

from itertools import pairwise

import pytest

from models.monthly import AGES, Amount, Figure, MonthlyReport, Unit
from reports.monthly_sample import SAMPLE
from store.report.measures import MEASURES, TILES
from store.report.shape import STEPS
from tests.reports.edges import EDGES


def test_every_figure_is_one_of_the_registry_in_its_words() -> None:
    """Otherwise: python -m tests.truth.practice."""
    assert [
        (one.name, one.title, one.unit, one.good, one.counts, one.target) for one in SAMPLE.figures
    ] == [
        (one.name, one.title, one.unit, one.good, one.asked, one.target)
        for one in MEASURES.values()
    ]
    assert [(one.name, one.title, one.note) for one in SAMPLE.definitions] == [
        (one.name, one.title, one.note) for one in MEASURES.values()
    ]
    assert SAMPLE.tiles == TILES
    assert tuple((one.name, one.says) for one in SAMPLE.funnel) == STEPS
    assert [one.says for one in SAMPLE.ageing] == [says for *_, says in AGES]


def test_sources_clinics_and_funnel_add_up_to_what_was_received() -> None:
    received = SAMPLE.figure("received")
    assert sum(one.received for one in SAMPLE.sources) == received.now.value
    assert sum(one.before or 0 for one in SAMPLE.sources) == received.before.value
    assert sum(one.year_ago or 0 for one in SAMPLE.sources) == received.year_ago.value
    assert sum(one.amounts[0].value or 0 for one in SAMPLE.clinics) == received.now.value
    assert SAMPLE.funnel[0].number == received.now.value
    for step, after in pairwise(SAMPLE.funnel):
        lost = sum(why.number for why in step.lost)
        assert step.number == after.number + step.waiting + lost, step.name


@pytest.mark.parametrize("name", ["sample", *EDGES])
def test_every_month_is_read_back_as_it_was_written(name: str) -> None:
    report = EDGES.get(name, SAMPLE)
    assert MonthlyReport.model_validate_json(report.model_dump_json()) == report
    assert set(report.tiles) <= {one.name for one in report.figures}


def test_a_figure_is_what_its_last_month_is() -> None:
    right = SAMPLE.figure("reached")
    with pytest.raises(ValueError, match="reached"):
        Figure.model_validate({**right.model_dump(), "now": Amount(value=1.0, n=1)})
    assert right.unit is Unit.PERCENT
