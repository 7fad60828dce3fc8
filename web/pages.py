"""HTML pages: one template environment, files with names that change with their content, words.

Pages load nothing from elsewhere and hold no script or style of their own: what they may do is
said once, in ``POLICY``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from activities.letters import printed

ROOT: Final = Path(__file__).resolve().parent.parent
STATIC: Final = ROOT / "web" / "static"
TEMPLATES: Final = ROOT / "templates" / "web"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_SOON: Final = timedelta(minutes=90)


class Files(StaticFiles):
    """Our styles and scripts; their addresses name their content, so browsers keep them."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file, kept by the browser for good where its version is named."""
        answer = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b"") and answer.status_code == 200:
            answer.headers["cache-control"] = "public, max-age=31536000, immutable"
        return answer


def page(template: str, context: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """One template of templates/web, filled in; a name it does not know is an error."""
    html = environment().get_template(template).render(context)
    return HTMLResponse(html, status_code=status, headers={"content-security-policy": POLICY})


def asset(name: str) -> str:
    """The address of a static file."""
    return f"/static/{name}?v={_version(name)}"


@cache
def environment() -> Environment:
    """The environment of every page: everything is escaped, nothing may be undefined."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = asset
    made.filters |= {"day": _day, "clock": clock, "moment": _moment, "until": until, "ago": ago}
    made.filters |= {"lease": lease, "length_of": length_of, "phone": printed, "birthday": birthday}
    return made


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


# --- words for times, local to a clinic -----------------------------------------------------------


def day(at: datetime, zone: str, now: datetime) -> str:
    """A local day: ``Mon, Mar 9``; with its year where that is not this one."""
    there = at.astimezone(ZoneInfo(zone))
    year = "" if there.year == now.astimezone(ZoneInfo(zone)).year else f", {there.year}"
    return f"{there:%a, %b} {there.day}{year}"


def birthday(born: date) -> str:
    """A date as somebody says their own: ``January 4, 1961``."""
    return f"{born:%B} {born.day}, {born.year}"


def clock(at: datetime, zone: str) -> str:
    """A local time of day: ``4:50 PM``."""
    there = at.astimezone(ZoneInfo(zone))
    return f"{there.hour % 12 or 12}:{there:%M %p}"


def moment(at: datetime, zone: str, now: datetime) -> str:
    """A local day and time: ``Mon, Mar 9, 4:50 PM``; with its year as ``day``."""
    return f"{day(at, zone, now)}, {clock(at, zone)}"


class Here(NamedTuple):
    """Whose clock a page goes by, and when it is read."""

    zone: str
    now: datetime

    def moment(self, at: datetime) -> str:
        """As ``moment``."""
        return moment(at, self.zone, self.now)


@pass_context
def _day(page: Context, at: datetime, zone: str) -> str:
    """The filter: every page that says days knows its ``now``."""
    return day(at, zone, page["now"])


@pass_context
def _moment(page: Context, at: datetime, zone: str) -> str:
    return moment(at, zone, page["now"])


def until(at: datetime, now: datetime) -> str:
    """How long it is until something is due, or has been: ``in 2 h``, ``1 d late``."""
    left = at - now
    return f"in {_length(left)}" if left > timedelta(0) else f"{_length(-left)} late"


def ago(at: datetime, now: datetime) -> str:
    """How long ago something happened: ``3 h ago``."""
    return f"{_length(max(now - at, timedelta(0)))} ago"


def lease(at: datetime, now: datetime, zone: str) -> str:
    """When something ends: ``3:40 PM`` on the same local day, else with its day."""
    there = ZoneInfo(zone)
    same = at.astimezone(there).date() == now.astimezone(there).date()
    return clock(at, zone) if same else moment(at, zone, now)


def length_of(time: timedelta) -> str:
    """A length of time: ``40 min``, ``5 h``, ``3 d``."""
    return _length(time)


def _length(time: timedelta) -> str:
    if time < _SOON:
        return f"{max(1, int(time.total_seconds() // 60))} min"
    hours = time.total_seconds() / 3600
    return f"{round(hours)} h" if hours < 36 else f"{round(hours / 24)} d"
