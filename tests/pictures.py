"""The pictures of the README: ``make pictures`` takes them of an example desk, in a real browser.

A page is one line in ``SHOTS``. Nobody on them exists; the desk is that of ``tests/example_desk``.
"""

from __future__ import annotations

import asyncio
import io
import random
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Final, NamedTuple, cast
from unittest.mock import patch

import pypdfium2
from PIL import Image
from playwright.async_api import Browser, Page

from cli.serving import serve
from integrations.reading import reader
from models.fax import Media
from models.links import Purpose
from models.monthly import MonthlyReport
from reports import monthly_html, monthly_report
from settings import EXAMPLE_PASSWORD, Settings, load
from store import slots
from tests.browser import chromium
from tests.databases import sqlite_store
from tests.doors import ORG, Door
from tests.example_desk import seed, year
from tests.faxes import layouts
from tests.faxes.people import DOCTORS, PEOPLE
from tests.truth.practice import made
from tests.web.conftest import Site
from tests.web.desk.faxing import taken
from web.app import create_app

OUT: Final = Path(__file__).resolve().parent.parent / "docs" / "images"
MOST_BYTES: Final = 300_000
DESK, PHONE = (1440, 900), (390, 844)


class Shot(NamedTuple):
    """One page: its file, where it is (a family name in braces is a referral), who looks."""

    name: str
    path: str
    who: str = "dana"
    dark: bool = False
    sizes: tuple[tuple[int, int], ...] = (DESK, PHONE)


SHOTS: Final = (
    Shot("board", "/board"),
    Shot("board-dark", "/board", dark=True, sizes=(DESK,)),
    Shot("referral", "/referrals/{Ortiz}"),
    Shot("tasks", "/tasks"),
    Shot("waiting", "/waiting", sizes=(DESK,)),
    Shot("fax", "/faxes/{fax}"),
    Shot("figures", "/today", who="drew", sizes=(DESK,)),
    Shot("patient", "/p/{Anand's page}", sizes=(PHONE,)),
)
AFTER_A_YEAR: Final = (
    Shot("sources", "/sources", who="lia", sizes=(DESK,)),
    Shot("round", "/sources/round", who="lia", sizes=(PHONE,)),
)


async def main() -> None:
    """Take every picture anew; prints each with its size, and fails on one that is too large."""
    OUT.mkdir(parents=True, exist_ok=True)
    month = made()
    _report(month)
    # Cards that are due at one moment stand in the order of their ids: the same ids, one picture.
    drawn = SimpleNamespace(choice=random.Random(0).choice)
    with patch("models.ids.secrets", drawn), tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings = load(_env_file=None, data_dir=folder)
        with sqlite_store(folder) as store:
            door = Door(store)
            people = await seed(door)
            people["Anand's page"] = _page_of(door, settings, people["Anand"])
            people["fax"] = await _fax(door)
            app = create_app(settings, door.intake, store, lambda: door.now)
            async with serve(app, settings, port=0) as url, chromium() as browser:
                await _report_on_a_phone(browser, month)
                await _shoot(browser, url, SHOTS, people)
                await year(door)  # its tasks are on no picture above
                await _shoot(browser, url, AFTER_A_YEAR, people)


def _report(month: MonthlyReport) -> None:
    """The pages of a fictional practice's monthly report, as they are printed."""
    pages = pypdfium2.PdfDocument(monthly_report.build(month))
    for at, page in enumerate(pages, 1):
        path = OUT / f"report-{at}.png"
        _kept(path, page.render(scale=1.5).to_pil())


async def _report_on_a_phone(browser: Browser, month: MonthlyReport) -> None:
    """The first screen of its page."""
    page = await browser.new_page(viewport={"width": PHONE[0], "height": PHONE[1]})
    await page.set_content(monthly_html.build(month).decode())
    _kept(OUT / "report-phone.png", Image.open(io.BytesIO(await page.screenshot())))
    await page.close()


async def _fax(door: Door) -> str:
    """A referral that came by fax this morning and was read; its id."""
    content = layouts.pdf(layouts.form(PEOPLE[0], DOCTORS[0]))
    reading = reader.read(content, Media.PDF)
    fax_id, _ = await taken(cast(Site, SimpleNamespace(door=door)), reading, content)
    return fax_id


def _page_of(door: Door, settings: Settings, referral_id: str) -> str:
    """The link of a patient who may choose from a few times."""
    day = door.now.replace(hour=14, minute=0, second=0, microsecond=0) + timedelta(days=4)
    offers = [
        slots.Offer(f"{days}-{minutes}", day + timedelta(days=days, minutes=minutes), 60)
        for days in (0, 1, 2)
        for minutes in (0, 90, 300)
    ]
    with door.store.write() as session:
        slots.put(session, ORG, "east", slots.SlotSource.DESK, offers, at=door.now)
    week = door.now + timedelta(days=7)
    address = settings.pages.address(ORG, Purpose.VISIT, referral_id, door.now, week)
    return address.rpartition("/")[2]


async def _shoot(browser: Browser, url: str, shots: Sequence[Shot], people: dict[str, str]) -> None:
    for shot in shots:
        for size in shot.sizes:
            await _take(browser, url, shot, size, people)


async def _take(
    browser: Browser, url: str, shot: Shot, size: tuple[int, int], people: dict[str, str]
) -> None:
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if shot.dark else "light",
        reduced_motion="reduce",
    )
    try:
        page = await context.new_page()
        await _sign_in(page, url, shot)
        answer = await page.goto(url + shot.path.format(**people))
        assert answer is not None
        assert answer.ok, (shot.name, answer.status)
        await page.wait_for_load_state("networkidle")
        suffix = "" if size == DESK else "-phone"
        path = OUT / f"{shot.name}{suffix}.png"
        _kept(path, Image.open(io.BytesIO(await page.screenshot())))
    finally:
        await context.close()


async def _sign_in(page: Page, url: str, shot: Shot) -> None:
    await page.goto(f"{url}/sign-in?next=/tasks")
    await page.fill("#email", f"{shot.who}@example.org")
    await page.fill("#password", EXAMPLE_PASSWORD)
    await page.click("button.main")
    await page.wait_for_url("**/tasks")


def _kept(path: Path, picture: Image.Image) -> None:
    """The same picture in 128 colours, which is all that a page has."""
    picture.convert("RGB").quantize(128).save(path, "PNG", optimize=True)
    length = path.stat().st_size
    sys.stdout.write(f"{path.relative_to(OUT.parent.parent)}  {length // 1000} kB\n")
    assert length < MOST_BYTES, path


if __name__ == "__main__":
    asyncio.run(main())
