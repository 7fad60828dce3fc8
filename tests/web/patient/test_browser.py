"""The patient's page in a real browser: a phone without JavaScript, and what axe finds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from models.facts import BookingRequested
from models.links import Purpose
from tests.browser import chromium
from tests.web.patient.conftest import DAY, HOUR, SOON, Phone

PHONE: dict[str, Any] = {"viewport": {"width": 320, "height": 640}, "has_touch": True}
_CLEAN = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


async def press(page: Page, button: str) -> None:
    """Send a form, and wait until its answer is there."""
    async with page.expect_navigation():
        await page.get_by_role("button", name=button).click()


async def overflow(page: Page) -> list[str]:
    """What stands outside the screen's width; runs in the debugger, not on the page."""
    found: list[str] = await page.evaluate(
        "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right"
        " > innerWidth + 1).map(e => e.tagName)"
    )
    return found


@pytest.mark.timeout(120)
async def test_a_phone_without_javascript_asks_for_a_time_and_changes_it(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.offer(SOON, SOON + HOUR, SOON + DAY)
    link = phone.link(ref)
    async with chromium() as browser:
        context = await browser.new_context(java_script_enabled=False, **PHONE)
        page = await context.new_page()
        await page.goto(f"{phone.url}{link}")
        async with page.expect_navigation():
            await page.get_by_role("link", name="Español").click()
        await page.get_by_label("11:00 AM").check()
        await press(page, "Pedir esta hora")
        assert "Todavía no está reservada" in await page.inner_text("main")
        await page.get_by_text("Elija otra hora").click()
        await page.get_by_label("10:00 AM").first.check()
        await press(page, "Pedir esta hora")
        await page.reload()  # sends nothing again
        assert "10:00 AM" in await page.inner_text(".when")
        standing = phone.knows(ref).booking_request()
        assert standing is not None
        assert standing.starts_at == SOON
        assert len(phone.knows(ref).all(BookingRequested)) == 2


@pytest.mark.timeout(120)
async def test_two_phones_race_for_one_time(phone: Phone) -> None:
    refs = [
        await phone.door.refer(external=name, patient={"given_name": name, "phone": number})
        for name, number in (("Ann", "518-555-0118"), ("Bo", "518-555-0119"))
    ]
    phone.offer(SOON, SOON + HOUR)
    async with chromium() as browser:
        pages = [await (await browser.new_context(**PHONE)).new_page() for _ in refs]
        for page, ref in zip(pages, refs, strict=True):
            await page.goto(f"{phone.url}{phone.link(ref)}")
            await page.get_by_label("10:00 AM").check()
        await asyncio.gather(*(press(page, "Ask for this time") for page in pages))
        seen = sorted([await page.inner_text("main") for page in pages], key=len)
        assert sum("It is not booked yet" in text for text in seen) == 1
        late = next(text for text in seen if "Somebody has just asked for that time" in text)
        assert "11:00 AM" in late
        assert "10:00 AM" not in late


@pytest.mark.timeout(180)
async def test_axe_finds_nothing_on_any_page(phone: Phone) -> None:
    """Every state, on a phone and a wide screen, light and dark; nothing is wider than a phone."""
    ref = await phone.door.refer()
    phone.offer(SOON, SOON + HOUR, SOON + DAY)
    link, question = phone.link(ref), phone.link(ref, Purpose.CHECK_IN)
    async with chromium() as browser:
        context = await browser.new_context(**PHONE)
        page = await context.new_page()

        async def clean(path: str, opened: str = "") -> None:
            await page.goto(f"{phone.url}{path}")
            if opened:
                await page.get_by_text(opened).click()
            for width, scheme in ((320, "light"), (1280, "dark")):
                await page.set_viewport_size({"width": width, "height": 700})
                await page.emulate_media(color_scheme=scheme)
                found = await Axe().run(page, options=_CLEAN)
                assert found.violations_count == 0, (path, width, found.generate_report())
                assert await overflow(page) == [], (path, width)

        await clean(link)
        await clean("/p/none")
        await phone.http.post(f"{link}/time", data={"slot": phone.slots()[0].id})
        await clean(f"{link}?lang=es", "Elija otra hora")
        phone.door.now += HOUR
        phone.book(ref)
        await clean(link, "I need another time")
        phone.discharge(ref)
        await clean(question)
        await phone.http.post(f"{question}/answer", data={"score": "4"})
        await clean(f"{question}?said=answer", "Change my answer")
        await clean(link)  # over by now
