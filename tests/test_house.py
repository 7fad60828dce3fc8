"""House rules that a reader cannot see at a glance: imports flow one way, facts have signals."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from models.facts import DECISIONS, MILESTONES
from tests.required import lacking
from workflows.milestones import Milestones

ROOT = Path(__file__).parent.parent

# models <- telemetry <- engine | integrations | reports | store <- activities <- workflows <- web
# (ARCHITECTURE §5). Workflows address activities by name, so they need no more than models and
# engine.
MAY_IMPORT = {
    "models": {"models"},
    "telemetry": {"models", "telemetry"},
    "engine": {"models", "engine", "telemetry"},
    "integrations": {"models", "integrations", "telemetry"},
    "reports": {"models", "reports"},
    "store": {"models", "store", "migrations", "telemetry"},
    "activities": {
        "models",
        "engine",
        "integrations",
        "reports",
        "store",
        "activities",
        "settings",
        "telemetry",
    },
    "workflows": {"models", "engine", "workflows"},
    "web": {
        *("models", "engine", "integrations", "reports", "store", "activities", "web"),
        *("settings", "telemetry"),
    },
}
OURS = {*MAY_IMPORT, "settings", "starter", "worker", "demo", "migrations"}
MAY_USE_TEMPORAL = {"engine", "activities", "workflows"}
ROOTS_IN_WEB = {"web/app.py"}
# A file system can be mounted by few accounts; a quota fills a disk for all the others.
MAY_SKIP = {"tests/outages/parts.py"}
SKIPS = {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.importorskip"}


def imports(path: Path) -> set[str]:
    """The top-level packages a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


def modules() -> list[tuple[str, Path]]:
    return [
        (package, path) for package in MAY_IMPORT for path in sorted((ROOT / package).rglob("*.py"))
    ]


@pytest.mark.parametrize(
    ("package", "path"), modules(), ids=lambda value: str(value).replace(str(ROOT) + "/", "")
)
def test_imports_flow_one_way(package: str, path: Path) -> None:
    used = imports(path)
    wrong = (used & OURS) - MAY_IMPORT[package]
    assert not wrong, f"{package}/ may not import {sorted(wrong)}"
    if package not in MAY_USE_TEMPORAL and str(path.relative_to(ROOT)) not in ROOTS_IN_WEB:
        assert "temporalio" not in used, f"{package}/ may not know Temporal"


def test_steps_know_the_desk_and_the_models_only() -> None:
    for path in (ROOT / "workflows" / "steps").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module != "__future__":
                top = node.module
                assert top.startswith("models") or top == "workflows.desk", f"{path.name}: {top}"


def test_every_milestone_has_a_signal_of_its_name() -> None:
    signals = {name for name, _ in inspect.getmembers(Milestones, inspect.isfunction)}
    assert set(MILESTONES) <= signals
    # Decisions come in as updates and may be refused; only what follows from a provider who left,
    # or from a call about the patient's other referral, reaches a referral as a fact.
    assert set(DECISIONS) & signals <= {"certifier_named", "call_logged"}


def test_models_read_no_clock() -> None:
    clocks = {"datetime", "date", "time"}
    for path in (ROOT / "models").rglob("*.py"):
        read = {
            f"{node.value.id}.{node.attr}"
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if node.value.id in clocks and node.attr in {"now", "utcnow", "today", "monotonic"}
        }
        assert not read, f"{path.name} reads a clock: {read}"


def test_what_is_required_under_ci_is_never_skipped_there() -> None:
    said = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in SKIPS
    ]
    assert set(said) == {"tests/required.py", *MAY_SKIP}, "end it by tests.required.lacking"


@pytest.mark.parametrize(
    ("ci", "ends"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)]
)
def test_what_is_lacking_fails_under_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, ends: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ends, match="no such part"):
        lacking("no such part")
