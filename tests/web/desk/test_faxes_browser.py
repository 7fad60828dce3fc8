"""The triage pages in a real browser: by keyboard without scripts, and as axe sees them."""

from __future__ import annotations

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from settings import EXAMPLE_PASSWORD
from store.tables import ReferralRow
from tests.browser import chromium
from tests.faxes.cases import case
from tests.faxes.score import kept
from tests.web.conftest import Site
from tests.web.desk.faxing import taken
from tests.web.desk.test_faxes import rows
from tests.web.desk.working import decided_in_record

FORM, TWO = case("form-pdf-clean"), case("two-form")


async def sign_in(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/sign-in?next=/faxes")
    await page.fill("#email", "dana@example.org")
    await page.fill("#password", EXAMPLE_PASSWORD)
    await page.press("#password", "Enter")
    await page.wait_for_url("**/faxes")


async def test_by_keyboard_without_scripts_at_any_width(site: Site) -> None:
    decided_in_record(site)
    await taken(site, kept(FORM), FORM.content())
    two, _ = await taken(site, kept(TWO), TWO.content())
    async with chromium() as browser:
        plain = await browser.new_context(java_script_enabled=False)
        page = await plain.new_page()
        await sign_in(page, site)
        await page.get_by_role("link", name="Confirm: New referral").press("Enter")
        await page.get_by_role("button", name="Confirm the referral").press("Enter")
        await page.wait_for_url("**/faxes?said=confirm")
        assert await page.get_by_role("status").inner_text() == (
            "Confirmed: the referral goes on, and its sender is thanked."
        )
        assert [row.confirmed for row in rows(site, ReferralRow)] == [True]
        await page.get_by_role("link", name="New referral").press("Enter")
        await page.get_by_role("button", name="Divide before page 2").press("Enter")
        await page.wait_for_url(f"**/faxes/{two}?said=split")
        assert await page.get_by_role("button", name="Confirm the referral").count() == 2
        await plain.close()
        for width, scheme in ((320, "dark"), (1280, "light")):
            context = await browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page = await context.new_page()
            await sign_in(page, site)
            for address in ("/faxes", f"/faxes/{two}"):
                await page.goto(f"{site.url}{address}")
                found = (await Axe().run(page)).response["violations"]
                assert [one["id"] for one in found] == [], (width, address)
                assert await page.evaluate("document.documentElement.scrollWidth") <= width
            await context.close()
