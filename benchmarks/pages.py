"""Every page and answer over 200,000 referrals: ``python -m benchmarks.pages [sqlite|postgres]``.

A second number is how many sources there are (2,000). Prints for each address how long the server
takes, the first time and the median of some more, how long its own queries take on the driver, and
the ratio; then how long other requests wait while the slowest of them is answered.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from benchmarks.kit import Asked, listening, served, signed_in
from benchmarks.report import bare
from benchmarks.years import CLOSED, NOW, OPEN, seed, tenants
from reports.forms import FORMS
from settings import load
from store.engine import Store
from store.report.parts import PARTS
from tests.databases import postgres_store, sqlite_store
from tests.truth.year import CLINICS, ORG, SOURCES

COUNT: Final = 200_000
TURNS: Final = 3
TOKEN: Final = "a-token-of-the-benchmark"
SOURCE: Final = "src_00000"  # one of the busiest
DESK: Final = (
    *("/board", "/tasks", "/tasks/times", "/conversations", "/faxes", "/audit"),
    *("/today", "/today/contacted_24h", "/today/reached", "/today/overdue"),
    *("/reports", f"/reports/{CLINICS[0]}/{CLOSED}", f"/reports/{CLINICS[0]}/{OPEN}"),
    *(f"/reports/all/{CLOSED}", f"/reports/all/{OPEN}"),
    *(f"/reports/all/{CLOSED}/{name}" for name in (*FORMS, *PARTS)),
    f"/reports/all/{CLOSED}/received?source={SOURCE}",
)
BOOK: Final = (
    *("/sources", "/sources?sort=next", "/sources?sort=name", "/sources?page=20"),
    *("/sources?state=silent", "/sources?verdict=fading", "/sources?kind=practice"),
    *("/sources?mine=1", "/sources?due=1", "/sources/round", "/sources/gifts.csv?year=2026"),
    *(f"/sources/{SOURCE}", f"/sources/{SOURCE}/log", f"/sources/{SOURCE}/scorecard"),
    *(f"/sources/{SOURCE}/scorecard?whole=1", f"/sources/{SOURCE}/scorecard/letter.pdf"),
)
API: Final = (
    *(f"/api/v1/reports/all/{month}" for month in (CLOSED, OPEN)),
    f"/api/v1/reports/all/{CLOSED}.csv?table=sources",
    "/api/v1/measures",
    f"/api/v1/lines?month={CLOSED}&limit=1000",
    f"/api/v1/lines.csv?month={OPEN}",
    *(
        f"/api/v1/measures/{name}/referrals?month={CLOSED}"
        for name in ("received", "converted", "lost", "answered", "evaluation_days")
    ),
    f"/api/v1/measures/received/referrals?month={CLOSED}&source={SOURCE}",
)


class Took(NamedTuple):
    """One address: seconds the first time, then, and for its bare queries; its size in bytes."""

    path: str
    status: int
    first: float
    then: float
    queries: float
    size: int


async def once(http: httpx.AsyncClient, path: str) -> tuple[float, httpx.Response]:
    """Seconds for one answer, and the answer."""
    headers = {"authorization": f"Bearer {TOKEN}"} if path.startswith("/api/") else {}
    started = time.perf_counter()
    answer = await http.get(path, headers=headers)
    return time.perf_counter() - started, answer


async def timed(http: httpx.AsyncClient, store: Store, path: str) -> Took:
    """One address."""
    with listening(store, "SELECT", "WITH") as heard:
        first, answer = await once(http, path)
    asked: Asked = [one for one in heard if one[0].lstrip().startswith(("SELECT", "WITH"))]
    then = [(await once(http, path))[0] for _ in range(TURNS)]
    queries = bare(store, asked)
    size = len(answer.content)
    return Took(path, answer.status_code, first, statistics.median(then), queries, size)


async def beside(http: httpx.AsyncClient, path: str) -> tuple[float, float]:
    """The longest that ``/healthz`` took while a page was answered, and how long that was."""
    waits = [0.0]
    page = asyncio.create_task(once(http, path))
    while not page.done():
        waits.append((await once(http, "/healthz"))[0])
        await asyncio.sleep(0.01)
    return max(waits), (await page)[0]


async def measure(store: Store, folder: Path) -> None:
    """Every page and answer once more than a few times, the slow ones named."""
    settings = load(
        _env_file=None,
        data_dir=folder,
        report_tokens={ORG: ({"name": "bi", "token": TOKEN},)},
    )
    found: list[Took] = []
    async with served(settings, store, tenants(), NOW) as url:
        for who, paths in (("drew", DESK), ("lee", BOOK), ("drew", API)):
            async with signed_in(url, who) as http:
                for path in paths:
                    found.append(await timed(http, store, path))
                    say(found[-1])
        slowest = sorted(found, key=lambda one: -one.first)[:3]
        async with signed_in(url, "drew") as http:
            for one in slowest:
                waited, took = await beside(http, one.path)
                sys.stdout.write(
                    f"while {one.path} was answered ({took * 1000:,.0f} ms), /healthz took at most "
                    f"{waited * 1000:,.0f} ms\n"
                )


def say(one: Took) -> None:
    """One line of the table."""
    ratio = one.then / one.queries if one.queries else 0.0
    sys.stdout.write(
        f"{one.status} {one.first * 1000:8,.0f} ms first {one.then * 1000:8,.0f} ms then "
        f"{one.queries * 1000:8,.0f} ms queries {ratio:6.1f} {one.size / 1024:9,.0f} KiB  "
        f"{one.path}\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        kind = sys.argv[1] if len(sys.argv) > 1 else "sqlite"
        many = int(sys.argv[2]) if len(sys.argv) > 2 else SOURCES
        opened = sqlite_store(Path(place)) if kind == "sqlite" else postgres_store()
        with opened as made:
            seed(made, COUNT, many)
            asyncio.run(measure(made, Path(place)))
