"""``check`` and ``preview``: what is wrong before it hurts, and what a document looks like."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape

from cli.console import out, print_json
from cli.workplace import load_settings, load_tenants, make_ready
from models import policy_file
from models.errors import BadRequest, LoopError
from reports.preview import preview as draw
from settings import Settings
from store.engine import open_store
from worker import channels_for


def check(*, as_json: bool) -> int:
    """Every problem of the settings, the policy files and the database at once; 0 when none."""
    problems: list[str] = []
    files: list[str] = []
    try:
        settings = load_settings()
    except LoopError as error:
        problems.append(error.sentence)
    else:
        files = [str(path) for path in settings.policy_files]
        for path in settings.policy_files:
            try:
                problems += policy_file.check(path)
            except LoopError as error:
                problems.append(error.sentence)
        if not problems:
            problems += _channels(settings)
        try:
            store = open_store(settings.database_url)
            make_ready(store, settings)
            store.ping()
        except LoopError as error:
            problems.append(error.sentence)
    if as_json:
        print_json({"ok": not problems, "problems": problems, "policy_files": files})
    elif problems:
        for problem in problems:
            out.print(f"[red]✗[/] {escape(problem)}", soft_wrap=True)
    else:
        out.print(f"[green]✓[/] settings, {', '.join(files)} and the database are in order.")
    return 2 if problems else 0


def _channels(settings: Settings) -> list[str]:
    """A provider nobody has written, or one whose settings are missing."""
    try:
        channels_for(settings, load_tenants(settings))
    except LoopError as error:
        return [error.sentence]
    return []


def preview(kind: str, folder: Path) -> None:
    """Write ``<kind>.pdf`` and ``<kind>.html`` with fictional data; raises NotFound."""
    pdf, html = draw(kind)
    for suffix, content in ((".pdf", pdf), (".html", html.encode())):
        path = folder / f"{kind}{suffix}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise BadRequest(f"{path} cannot be written: {error.strerror}.") from None
        out.print(str(path), markup=False, soft_wrap=True)
