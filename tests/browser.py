"""A real browser: the Chromium of this machine, driven by Playwright; nothing is downloaded.

``troubles`` is what every page must not have.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from axe_playwright_python.async_playwright import Axe
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.required import lacking

# --no-sandbox: CI and containers run as root, where Chromium's own sandbox cannot start. The only
# pages ever opened are ours, on the loopback address.
_FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless browser without any profile; under CI a missing one is a failure."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        lacking("no Chromium on this machine (the package is called chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


expect.set_options(timeout=20_000)  # a busy machine is no defect
WIDTHS = (320, 768, 1280)
_RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


async def troubles(page: Page, path: str) -> list[str]:
    """What axe finds on the page as it stands, and what is wider than the screen.

    On a phone, a tablet and a desk, light; once more in the dark.
    """
    found: list[str] = []
    await page.evaluate(AXE_SCRIPT)  # once for all widths: it is half a megabyte
    there = Axe("0")
    for width, scheme in (*((width, "light") for width in WIDTHS), (WIDTHS[-1], "dark")):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme=scheme)
        told = await there.run(page, options=_RULES)
        if told.violations_count:
            found.append(f"{path} at {width} px, {scheme}: {told.generate_report()}")
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        if wide:
            found.append(f"{path} is wider than {width} px")
    return found
