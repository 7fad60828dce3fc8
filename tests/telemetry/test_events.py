"""What the code logs, read from its source: the events and fields of the lists, and no others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from telemetry.events import EVENTS
from telemetry.fields import FIELDS

ROOT = Path(__file__).parents[2]
LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
BINDING = {"bound", "bind"}
# What the pipeline itself puts in, and what it turns into fields.
OF_THE_PIPELINE = {
    *("timestamp", "level", "event", "logger", "process", "dropped"),
    *("error", "says", "code", "at", "cause", "errno"),
}


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    """Every call of a logger of ours, and every binding of fields."""
    for path in sorted(ROOT.rglob("*.py")):
        if path.relative_to(ROOT).parts[0] in {"tests", ".venv"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            if isinstance(called, ast.Name) and called.id in BINDING:
                yield path, node, called.id
            if (
                isinstance(called, ast.Attribute)
                and called.attr in LEVELS
                and isinstance(called.value, ast.Name)
                and called.value.id in {"_LOG", "log"}
            ):
                yield path, node, called.attr


def names() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path, call, how in calls():
        if how in BINDING:
            continue
        assert len(call.args) == 1, f"{path}:{call.lineno} logs a sentence"
        event = call.args[0]
        if isinstance(event, ast.JoinedStr):  # "message_" and the verdict
            first = event.values[0]
            assert isinstance(first, ast.Constant)
            found |= {name: path for name in EVENTS if name.startswith(str(first.value))}
        else:
            assert isinstance(event, ast.Constant), f"{path.name}:{call.lineno} names no event"
            found[str(event.value)] = path
    return found


def test_every_event_logged_is_on_the_list_and_the_other_way_round() -> None:
    assert set(names()) == set(EVENTS)


def test_every_field_logged_is_on_the_list_and_the_other_way_round() -> None:
    used = set(OF_THE_PIPELINE)
    for path, call, _ in calls():
        given = {keyword.arg for keyword in call.keywords if keyword.arg} - {"exc_info"}
        assert given <= set(FIELDS), f"{path.name}:{call.lineno}: {given - set(FIELDS)}"
        used |= given
    aside = {"workflow_id", "workflow_type", "run_id", "activity", "attempt"}
    about = {"org", "row_id", "referral_id", "source_id"}  # handed on as a dictionary
    assert used | aside | about == set(FIELDS)


def test_no_module_of_ours_logs_past_the_pipeline() -> None:
    for path in sorted(ROOT.rglob("*.py")):
        top = path.relative_to(ROOT).parts[0]
        if top in {"tests", ".venv", "telemetry"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                plain = node.value.id == "logging" and node.attr in {*LEVELS, "basicConfig"}
                assert not plain, f"{path.name}:{node.lineno}"
                assert not (node.value.id == "traceback" and node.attr.startswith("print_")), path
