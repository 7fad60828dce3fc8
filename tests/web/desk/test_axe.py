"""Every page of the desk in a real browser: nothing that axe finds, nothing wider than a phone.

The pages are those of the table in ``test_outsiders``, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import pytest

from models.access import GRANTS
from models.roles import Role
from settings import EXAMPLE_PASSWORD
from tests.browser import chromium, troubles
from tests.web.conftest import Site
from tests.web.desk.test_outsiders import ROUTES, addresses


@pytest.mark.timeout(240)
async def test_axe_finds_nothing_on_any_page(site: Site) -> None:
    where = await addresses(site)
    found: list[str] = []
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(f"{site.url}/sign-in?next=/today")
        found += await troubles(page, "/sign-in")
        await page.fill("#email", "drew@example.org")
        await page.fill("#password", EXAMPLE_PASSWORD)
        await page.click("button.main")
        await page.wait_for_url("**/today")
        for route in ROUTES:
            if route.method != "GET" or not set(route.needs) <= GRANTS[Role.DIRECTOR]:
                continue
            if route.path.endswith(
                ("/file", "/pages/{page}", ".csv")
            ):  # saved, or a picture of a page
                continue
            answer = await page.goto(f"{site.url}{where[route]}")
            kind = answer.headers.get("content-type", "") if answer else ""
            if kind.startswith("text/html"):
                found += await troubles(page, route.path)
    assert not found, "\n".join(found)
