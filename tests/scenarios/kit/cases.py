"""Every case there is: one file each beside this folder, found by name."""

from __future__ import annotations

import importlib
import re
from datetime import date
from pathlib import Path
from typing import NamedTuple

from demo.life import opening_monday
from tests.scenarios.kit.case import Case

FOLDER = Path(__file__).parent.parent
_PLACE = "../tests/scenarios"
_HEAD = """\
# Cases of everyday clinic life

What happens every week, as stories with what must be sent, what must not, and who is asked. Each is
played on the real engine by `make scenarios`; `python starter.py demo --scenario NAME` tells one.
How to write another: [tests/scenarios](../tests/scenarios/README.md).

<!-- made by `python -m tests.scenarios --index`; a test compares -->

| case | title | what happens |
|---|---|---|
"""


class Scenario(NamedTuple):
    """A case as its file tells it: the first line of its words is the title, the rest the story."""

    name: str
    title: str
    story: str

    @property
    def summary(self) -> str:
        """The first sentence of the story, its full stop included."""
        return re.split(r"(?<=\.)(?<!\bDr\.)\s", " ".join(self.story.split()), maxsplit=1)[0]

    def told(self, today: date) -> Case:
        """The case on the calendar: ahead of today, because no clock runs backwards."""
        module = importlib.import_module(f"tests.scenarios.{self.name}")
        begins = getattr(module, "opening", opening_monday)  # a case may need a week of its own
        case = Case(self.name, begins(today))
        module.tell(case)
        return case


def names() -> list[str]:
    """The names of all cases, in order."""
    found = (path.stem for path in FOLDER.glob("*.py"))
    return sorted(name for name in found if not name.startswith(("_", "test_")))


def scenario(name: str) -> Scenario:
    """One case by its name; raises KeyError when there is none."""
    if name not in names():
        raise KeyError(name)
    module = importlib.import_module(f"tests.scenarios.{name}")
    title, _, story = (module.__doc__ or "").strip().partition("\n")
    return Scenario(name, title.rstrip("."), story.strip())


def scenarios() -> list[Scenario]:
    """All of them."""
    return [scenario(name) for name in names()]


def index() -> str:
    """docs/scenarios.md: every case with its title and the first sentence of its story."""
    rows = (
        f"| [{one.name}]({_PLACE}/{one.name}.py) | {one.title} | {one.summary} |"
        for one in scenarios()
    )
    return _HEAD + "\n".join(rows) + "\n"
