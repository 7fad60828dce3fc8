"""The tables of ``docs/admins/observability.md``, made from the code and the alert rules.

``python -m cli.doc_observability`` writes them into the page; a test compares the two, so that a
new log event, field, metric or alert cannot go undocumented.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml
from prometheus_client import Counter, Gauge, Histogram

from telemetry import meters
from telemetry.events import EVENTS
from telemetry.fields import FIELDS
from web import gauges
from web.doc_marks import rewrite

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "admins" / "observability.md"
ALERTS: Final = ROOT / "deploy" / "alerts.yml"
Row = tuple[str, ...]


def events() -> Iterator[Row]:
    """Every event of our own lines."""
    yield "event", "what it says"
    yield from ((f"`{name}`", says) for name, says in EVENTS.items())


def fields() -> Iterator[Row]:
    """Every field a line may have."""
    yield "field", "what it is"
    yield from ((f"`{name}`", field.says) for name, field in FIELDS.items())


def counts() -> Iterator[Row]:
    """What each process counts of its own."""
    yield "metric", "kind", "labels", "what it says"
    for metric in vars(meters).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            kind = type(metric).__name__.lower()
            suffix = "_total" if isinstance(metric, Counter) else ""
            name, labels = metric._name + suffix, metric._labelnames
            yield f"`{name}`", kind, _labels(labels), metric._documentation


def standing() -> Iterator[Row]:
    """What the web process tells of the whole record."""
    yield "metric", "labels", "what it says"
    for name, told in gauges.every().items():
        yield f"`{gauges.PREFIX}{name}`", _labels(told.labels), told.says


def alerts() -> Iterator[Row]:
    """Every rule with what it asks for."""
    yield "alert", "severity", "what is wrong", "what to do"
    for rule in rules():
        notes = rule["annotations"]
        yield f"`{rule['alert']}`", rule["labels"]["severity"], notes["summary"], notes["do"]


def rules() -> list[dict[str, Any]]:
    """The alert rules as they stand in their file."""
    content = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))
    return [rule for group in content["groups"] for rule in group["rules"]]


def write(page: str) -> str:
    """The page with its tables written anew; what stands outside the marks is left alone."""
    return rewrite(page, "cli.doc_observability", TABLES)


def _table(make: Callable[[], Iterator[Row]]) -> str:
    rows = make()
    head = next(rows)
    lines = [_line(head), "|" + "---|" * len(head), *(_line(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    cells = (re.sub(r"\s+", " ", cell).replace("|", "\\|") for cell in row)
    return f"| {' | '.join(cells)} |"


def _labels(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


TABLES: Final[dict[str, Callable[[], str]]] = {
    make.__name__: partial(_table, make) for make in (events, fields, standing, counts, alerts)
}

if __name__ == "__main__":
    PAGE.write_text(write(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
