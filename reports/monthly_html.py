"""The monthly report as a page: the same words and drawings, with every row, readable by ear.

``build`` gives a file that stands alone; ``body`` what is inside its ``main``, for a page of the
desk, which has the classes of desk.css and links report.css. Neither holds a script or a style
attribute, so the desk's content security policy allows all of it.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from models.monthly import MonthlyReport
from reports import monthly_charts as charts
from reports import monthly_sentences as sentences
from reports import monthly_source_tables as source_tables
from reports import monthly_tables as tables
from reports import monthly_words as words
from reports.html import environment
from reports.kit.scene_svg import to_hidden_svg, to_svg
from reports.monthly_pages import HOLLOW, NO_LINES, drawn
from reports.monthly_trend import trend

_CSS = Path(__file__).resolve().parent.parent / "web" / "static" / "report.css"
WIDE = 320.0  # of a chart on a page, in pixels at its own size; it grows and shrinks with the page


def build(report: MonthlyReport, desk: str | None = None) -> bytes:
    """A complete page that needs no other file; the same report gives the same bytes.

    ``desk`` is the address of the desk, for links to the referrals behind a figure; without one
    there are none.
    """
    template = environment().get_template("monthly_report.html")
    style = Markup(_CSS.read_text())  # noqa: S704 - a file of ours
    return template.render(d=report, body=body(report, desk), style=style).encode()


def body(report: MonthlyReport, desk: str | None = "") -> Markup:
    """What is inside ``main``, beginning with its h1; links are relative unless told otherwise."""
    template = environment().get_template("_monthly_body.html")

    def link(path: str) -> str:
        return "" if desk is None else desk + quote(path, safe="/?&=%*")

    return Markup(  # noqa: S704 - rendered by a template that escapes
        template.render(
            d=report,
            w=words,
            s=sentences,
            t=tables,
            of_sources=source_tables,
            link=link,
            linking=desk is not None,
            svg=_drawings(report),
            spark=lambda *line: to_hidden_svg(charts.sparkline(*line)),
            hollow=HOLLOW,
            no_lines=NO_LINES,
        )
    )


def _drawings(report: MonthlyReport) -> dict[str, object]:
    size = 11.0
    return {
        "funnel": to_svg(charts.funnel(report.funnel, WIDE, size), "funnel-chart"),
        "ageing": to_svg(charts.ageing(report.ageing, WIDE, size), "ageing-chart"),
        "trends": [
            to_svg(trend(one, 300, 170, 10.5), f"trend-{at}")
            for at, one in enumerate(drawn(report), 1)
        ],
    }
