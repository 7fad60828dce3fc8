"""The charts: bars from zero, labels that touch nothing, the same words on paper and page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.graphics.shapes import String

from models.monthly import Aged, Amount, Figure, Good, Lost, Point, Step, Unit
from models.months import up_to
from reports.kit.bidi import visual
from reports.kit.scene import Bar, Box, Dot, Ink, Scene, Stroke, Words
from reports.kit.scene_pdf import to_drawing
from reports.kit.scene_svg import to_svg
from reports.monthly_charts import ageing, funnel, runs, sparkline
from reports.monthly_sample import SAMPLE
from reports.monthly_trend import scale, trend
from tests.reports.edges import EDGES

SVG = "{http://www.w3.org/2000/svg}"
WIDTHS = [(156.0, 117.0, 7.8), (300.0, 170.0, 10.5)]


def scenes() -> Iterator[tuple[str, Scene]]:
    for name, report in {"sample": SAMPLE, **EDGES}.items():
        for width, size in ((504.0, 8.5), (320.0, 11.0)):
            yield f"{name}-funnel-{width:g}", funnel(report.funnel, width, size)
            yield f"{name}-ageing-{width:g}", ageing(report.ageing, width, size)
        for figure in report.figures:
            for width, height, size in WIDTHS:
                yield f"{name}-{figure.name}-{width:g}", trend(figure, width, height, size)


def lines(scene: Scene) -> list[Words]:
    return [mark for mark in scene.marks if isinstance(mark, Words) and mark.text]


def troubles(scene: Scene) -> list[str]:
    """Labels on labels, labels over the edge, labels on the line they belong to."""
    found = []
    for one, other in combinations(lines(scene), 2):
        if one.box.meets(other.box):
            found.append(f"{one.text!r} lies on {other.text!r}")
    for one in lines(scene):
        box = one.box
        if box.x < -0.5 or box.x + box.width > scene.width + 0.5:
            found.append(f"{one.text!r} is over the side")
        if box.y < -1 or box.y + box.height > scene.height + 1:
            found.append(f"{one.text!r} is over the top or the foot")
        for mark in scene.marks:
            if isinstance(mark, Stroke) and mark.ink is Ink.ACCENT and box.crossed(mark.points):
                found.append(f"the line runs through {one.text!r}")
    return found


def test_no_label_touches_another_label_the_line_or_the_edge() -> None:
    found = [f"{name}: {what}" for name, scene in scenes() for what in troubles(scene)]
    assert not found, "\n".join(found[:20])


VALUES = st.lists(st.one_of(st.none(), st.integers(0, 100)), min_size=12, max_size=12)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.integers(10, 9_999), st.integers(0, 3), st.sampled_from([None, 0.0, 50.0, 97.0]))
def test_labels_find_a_place_whatever_the_months(
    values: list[int | None], n: int, still: int, target: float | None
) -> None:
    amounts = [
        Amount(
            value=None if v is None else float(v), n=n, number=None if v is None else v * n // 100
        )
        for v in values
    ]
    amounts[-1] = amounts[-1].model_copy(update={"open": still})
    figure = Figure(
        name="any",
        title="Any figure",
        unit=Unit.PERCENT,
        good=Good.UP,
        now=amounts[-1],
        before=amounts[-2],
        year_ago=amounts[0],
        months=tuple(
            Point(month=m, amount=a) for m, a in zip(up_to("2027-02", 12), amounts, strict=True)
        ),
        target=target,
    )
    for width, height, size in WIDTHS:
        assert not troubles(trend(figure, width, height, size))


def test_a_line_through_a_box_is_seen() -> None:
    box = Box(10, 10, 20, 10)
    assert box.crossed([(0, 0), (40, 30)])
    assert box.crossed([(20, 0), (20, 40)])
    assert not box.crossed([(0, 0), (9, 30)])
    assert not box.crossed([(0, 25), (40, 25)])


def bars(scene: Scene) -> list[Box]:
    return [mark.box for mark in scene.marks if isinstance(mark, Bar)]


def test_bars_start_at_zero_and_are_as_long_as_their_numbers() -> None:
    rows = [Aged(says="a", waiting=10, in_care=20), Aged(says="b", waiting=0, in_care=5)]
    first, second, third = bars(ageing(rows, 300))
    assert (first.width * 2, third.width * 4) == pytest.approx((second.width, second.width))
    assert second.x == third.x > first.x


def test_the_parts_of_a_funnels_bar_are_what_went_on_waits_and_was_lost() -> None:
    steps = [
        Step(
            name="a",
            says="A",
            number=100,
            waiting=10,
            lost=(Lost(reason="x", says="x", number=30),),
        ),
        Step(name="b", says="B", number=60),
    ]
    whole, waits, went, *_ = [one for one in bars(funnel(steps, 500)) if one.y > 20]
    assert (whole.width, waits.width, went.width) == (500, 50, 300)
    assert waits.x == 300
    told = " ".join(one.text for one in lines(funnel(steps, 500))).replace("\u00a0", " ")
    assert "60 (60 % of 100)" in told
    assert "Still on the way: 10. Lost: 30 x." in told


def test_a_month_that_is_open_or_of_few_is_hollow_and_a_gap_stays_one() -> None:
    figure = SAMPLE.figure("converted_30")
    *others, last = [mark for mark in trend(figure, 300).marks if isinstance(mark, Dot)]
    assert last.hollow
    assert not any(dot.hollow for dot in others)
    assert runs([1.0, None, 2.0, 3.0, None]) == [[(0, 1.0)], [(2, 2.0), (3, 3.0)]]
    strokes = [m for m in sparkline([1.0, None, 2.0, 3.0]).marks if isinstance(m, Stroke)]
    assert len(strokes) == 2  # the ground and one run of two


@pytest.mark.parametrize("name", [one.name for one in SAMPLE.figures])
def test_an_axis_holds_all_values_and_the_target(name: str) -> None:
    figure = SAMPLE.figure(name)
    low, high = scale(figure)
    values = [point.amount.value or 0.0 for point in figure.months]
    values += [] if figure.target is None else [figure.target]
    assert low <= min(values) <= max(values) <= high
    assert figure.unit is not Unit.COUNT or low == 0
    assert figure.unit is not Unit.PERCENT or high <= 100


def test_paper_and_page_show_the_same_words() -> None:
    for _, scene in list(scenes())[:40]:
        root = ElementTree.fromstring(str(to_svg(scene, "key")))
        page = [tag.text for tag in root.iter(f"{SVG}text")]
        paper = [one.text for one in to_drawing(scene).contents if isinstance(one, String)]
        assert [visual(text or "") for text in page] == paper


def test_an_svg_is_named_for_those_who_hear_it_and_holds_no_style_and_no_script() -> None:
    hostile = EDGES["markup"]
    text = str(to_svg(funnel(hostile.funnel, 320), 'k"><script>'))
    root = ElementTree.fromstring(text)
    title, desc = root.findall(f"{SVG}title")[0], root.findall(f"{SVG}desc")[0]
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert "Lost 9" in (desc.text or "")
    assert not list(root.iter(f"{SVG}script"))
    assert "style=" not in text
    assert not any(name.startswith("on") for tag in root.iter() for name in tag.attrib)
