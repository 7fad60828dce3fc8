"""The lesson of docs/engineers/add-a-step.md, taken at its word: its blocks, applied to a copy."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

from engine.codec import KeyRing

ROOT = Path(__file__).parent.parent
LESSON = ROOT / "docs" / "engineers" / "add-a-step.md"
# What the lesson's code needs to run.
PARTS = ("models", "engine", "workflows", "integrations", "telemetry", "pyproject.toml")
TEST_PARTS = (
    "conftest.py",
    "logging_kept.py",
    "required.py",
    "theater.py",
    "lives.py",
    "release.py",
)


class Block(NamedTuple):
    """One block of code of the lesson, and where it goes."""

    path: str
    way: str  # new file | before | after
    anchor: str
    code: str


def blocks() -> list[Block]:
    found = []
    for text in re.findall(r"```python\n(.*?)```", LESSON.read_text(encoding="utf-8"), re.DOTALL):
        head, _, code = text.partition("\n")
        where = re.fullmatch(r"# (\S+), (new file|before|after)(?:: (.+))?", head)
        assert where is not None, f"a block does not say where it goes: {head}"
        found.append(Block(where[1], where[2], where[3] or "", code))
    return found


def apply(block: Block, copy: Path) -> None:
    """Do to a copy of the repository what a block says."""
    path = copy / block.path
    if block.way == "new file":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.code, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    places = [n for n, line in enumerate(lines) if line.strip().startswith(block.anchor)]
    assert len(places) == 1, f"{block.path} has {len(places)} lines like {block.anchor!r}"
    indent = lines[places[0]][: -len(lines[places[0]].lstrip())]
    lines.insert(places[0] + (block.way == "after"), textwrap.indent(block.code, indent))
    path.write_text("".join(lines), encoding="utf-8")


def copy_to(folder: Path) -> None:
    """The repository, as far as the lesson needs it."""
    for part in (*PARTS, *(f"tests/{name}" for name in TEST_PARTS)):
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def keys_of(ring: KeyRing) -> str:
    """A key ring as the environment gives it to another process."""
    return f"{ring.current}:{base64.b64encode(ring.keys[ring.current]).decode()}"


async def run(copy: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A command in the copy, which sees the copy's modules only."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, *command],
        cwd=copy,
        env={**os.environ, **env, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
