"""The Dockerfile: pinned, without root and without development, and with every file it needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from deploy.laying_out import copied_by_dockerfile
from tests.deploy.test_compose import PINNED

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text()


def test_every_base_image_is_pinned_and_the_same() -> None:
    bases = re.findall(r"^FROM (\S+)", TEXT, flags=re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert all(PINNED.fullmatch(base) for base in bases)


def test_it_installs_from_the_lock_by_hash_and_nothing_for_development() -> None:
    installs = [line for line in TEXT.splitlines() if "pip install" in line]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert "-r /tmp/requirements.lock" in installs[0]
    assert "requirements-dev" not in TEXT


def test_from_the_system_come_the_readers_of_faxes_and_nothing_else() -> None:
    [install] = re.findall(r"apt-get install ([^&]+)", TEXT)
    packages = [word for word in install.replace("\\", "").split() if not word.startswith("-")]
    assert packages == ["poppler-utils", "tesseract-ocr"]
    assert "--no-install-recommends" in install
    assert TEXT.index("apt-get") > TEXT.rindex("\nFROM")
    assert "rm -rf /var/lib/apt/lists" in TEXT


def test_it_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)", TEXT, flags=re.MULTILINE)
    assert users == ["10001:10001"]
    assert TEXT.index("\nUSER") > TEXT.rindex("\nCOPY")


def test_what_it_copies_is_let_through() -> None:
    let = (ROOT / ".dockerignore").read_text().splitlines()
    assert let[1] == "*"
    assert {f"!{name}" for name in [*copied_by_dockerfile(), "requirements.lock"]} == {
        line for line in let if line.startswith("!")
    }


def test_it_copies_every_package_that_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    missing = {*wheel["packages"], *wheel["force-include"]} - set(copied_by_dockerfile())
    assert not missing, f"the Dockerfile does not copy {missing}"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the image has in /app, and nothing else."""
    folder = tmp_path_factory.mktemp("image") / "app"
    folder.mkdir()
    for name in copied_by_dockerfile():
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, folder / name)
    return folder


EVERYTHING = """
import worker, web.app, cli.serving, cli.jobs, cli.health, demo.run
from pathlib import Path
from cli.checking import preview
preview("plan_of_care", Path("var"))
"""


@pytest.mark.parametrize(
    "words", [("starter.py", "check"), ("-c", EVERYTHING)], ids=["check", "everything"]
)
def test_it_has_every_file_it_needs(image: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=image,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
