"""The board in a real browser: by keys alone, without scripts, with a pointer, and two at one card.

One example desk and one browser for all of it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from cli.serving import serve
from models.facts import TaskOpened
from models.roles import Role
from settings import EXAMPLE_PASSWORD, load
from tests.browser import chromium, troubles
from tests.databases import sqlite_store
from tests.doors import ORG, Door
from tests.example_desk import DAY, NOW, seed
from web.app import create_app

pytestmark = pytest.mark.timeout(180)


# What the browser says when somebody comes back to the tab: the page looks for news at once.
COME_BACK = "document.dispatchEvent(new Event('visibilitychange'))"


class House(NamedTuple):
    """The desk, served, and a browser to look at it."""

    door: Door
    people: dict[str, str]  # referral ids by family name
    url: str
    browser: Browser

    @asynccontextmanager
    async def somebody(self, who: str = "dana", *, scripts: bool = True) -> AsyncIterator[Page]:
        """A browser of its own in which somebody has signed in and sees the board."""
        context: BrowserContext = await self.browser.new_context(java_script_enabled=scripts)
        try:
            page = await context.new_page()
            said: list[str] = []
            page.on("console", lambda told: said.append(f"{told.text} {told.location}"))
            await page.goto(f"{self.url}/sign-in?next=/board")
            await page.fill("#email", f"{who}@example.org")
            await page.fill("#password", EXAMPLE_PASSWORD)
            await page.click("button.main")
            await page.wait_for_url("**/board")
            yield page
            assert [one for one in said if "Content Security Policy" in one] == []
        finally:
            await context.close()

    def stage(self, family: str) -> str:
        return self.door.intake.record.card(ORG, self.people[family]).stage


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder: Path = tmp_path_factory.mktemp("desk")
    settings = load(_env_file=None, data_dir=folder)
    with sqlite_store(folder) as store:
        door = Door(store)
        people = await seed(door)
        app = create_app(settings, door.intake, store, lambda: door.now)
        async with serve(app, settings, port=0) as url, chromium() as browser:
            yield House(door, people, url, browser)


async def focused(page: Page) -> str:
    """The id of what the keyboard is at."""
    return str(await page.evaluate("document.activeElement.id"))


async def fill_booking(page: Page) -> None:
    day = (NOW + 6 * DAY).date().isoformat()
    await page.fill("#booked-day", day)
    await page.fill("#booked-time", "14:30")


async def test_by_keys_alone_a_card_is_found_moved_undone_opened_and_noted(house: House) -> None:
    ref = house.people["Ortiz"]
    async with house.somebody() as page:
        keys = page.keyboard
        await page.focus("#main")
        await keys.press("/")
        assert await focused(page) == "search"
        await keys.type("ortiz")
        await keys.press("Enter")
        await page.wait_for_url("**/board/search")
        await expect(page.locator(".card")).to_have_count(1)
        # Tab comes to the card once: its name, its move, and then past the board.
        for _ in range(40):
            await keys.press("Tab")
            if await focused(page) == f"open-{ref}":
                break
        assert await focused(page) == f"open-{ref}"
        await keys.press("m")
        await expect(page.locator("#mover")).to_be_visible()
        await expect(page.locator(".way summary").first).to_be_focused()
        await keys.press("Escape")
        await expect(page.locator(f"#move-{ref}")).to_be_focused()
        await keys.press("Enter")
        await page.click("#mover >> text=Not now")  # the only way out with a thumb
        await expect(page.locator("#mover")).to_be_hidden()
        await expect(page.locator(f"#move-{ref}")).to_be_focused()
        await keys.press("Enter")
        await expect(page.locator(".way summary").first).to_be_focused()
        await keys.press("Enter")  # Scheduled
        await expect(page.locator("#booked-day")).to_be_focused()
        await fill_booking(page)
        await page.focus("#booked-time")
        await keys.press("Enter")
        await expect(page.locator("#moved")).to_contain_text("Maria Ortiz is at “Scheduled” now")
        await expect(page.locator(f"#open-{ref}")).to_be_focused()
        await expect(page.locator(f"#col-scheduled #card-{ref}")).to_be_visible()
        assert house.stage("Ortiz") == "scheduled"
        await keys.press("u")
        await expect(page.locator("#moved")).to_contain_text("Maria Ortiz is at “Contacted” now")
        await expect(page.locator(f"#open-{ref}")).to_be_focused()
        assert house.stage("Ortiz") == "contacting"
        await keys.press("Enter")
        await page.wait_for_url(f"**/referrals/{ref}")
        await page.focus("#act-note summary")
        await keys.press("Enter")
        await keys.press("Tab")
        await keys.type("Prefers mornings")
        await keys.press("Tab")
        await keys.press("Enter")
        await expect(page.locator(".timeline .quote").first).to_have_text("Prefers mornings")


async def test_arrows_go_from_card_to_card_and_single_letters_can_be_turned_off(
    house: House,
) -> None:
    async with house.somebody() as page:
        first, second = (page.locator("#col-needs .open").nth(n) for n in (0, 1))
        assert await page.locator(".card .open[tabindex='0']").count() == 1
        await first.focus()
        await page.keyboard.press("ArrowDown")
        await expect(second).to_be_focused()
        await page.keyboard.press("ArrowRight")
        inside = "document.activeElement.closest('.column') !== null"
        assert await page.evaluate(inside)
        await page.click(".keys summary")
        await page.uncheck("#keys-on")
        await first.focus()
        await page.keyboard.press("m")
        await expect(page.locator("#mover")).to_be_hidden()
        await page.reload()
        assert not await page.is_checked("#keys-on")


async def test_without_scripts_everything_is_a_form_and_a_page(house: House) -> None:
    ref = house.people["Laurent"]
    async with house.somebody(scripts=False) as page:
        await page.fill("#search", "laurent")
        await page.click("form[role=search] button")
        await page.click(f"#move-{ref}")
        await page.wait_for_url("**/move")
        await page.click("summary:has-text('Scheduled')")
        await page.click("text=Move to Scheduled")  # nothing is filled in yet: the browser says so
        await fill_booking(page)
        await page.click("text=Move to Scheduled")
        await page.wait_for_url("**/board?moved=**")
        assert house.stage("Laurent") == "scheduled"
        await page.click("#undo")
        await page.wait_for_url("**/board?moved=**")
        assert house.stage("Laurent") == "received"
        await page.click(f"#open-{ref}")
        await page.click("summary:has-text('Add a note')")
        await page.fill("#note-text", "Called from the car park")
        await page.click("text=Add the note")
        await expect(page.locator(".timeline .quote").first).to_contain_text("car park")


async def test_of_two_browsers_at_one_card_the_second_hears_who_was_first(house: House) -> None:
    ref = house.people["Whitfield"]
    async with house.somebody() as mine, house.somebody("lee") as theirs:
        for page in (mine, theirs):
            await page.click(f"#move-{ref}")
            await page.click("#mover summary:has-text('Scheduled')")
            await fill_booking(page)
        await mine.click("#mover >> text=Move to Scheduled")
        await expect(mine.locator("#moved")).to_contain_text("Sam Whitfield is at “Scheduled” now")
        await theirs.click("#mover >> text=Move to Scheduled")
        said = theirs.locator("#mover-trouble")
        await expect(said).to_contain_text("Dana Example was here")
        await expect(said).to_contain_text("Nothing of yours was done")
        found = await troubles(theirs, "a refused move")
        assert not found, "\n".join(found)
        # What the card may do is what it may do now.
        await expect(theirs.locator("#mover")).to_contain_text("Now at “Scheduled”")
        booked = house.door.referral(ref).appointments()
        assert len(booked) == 1


async def test_a_card_is_dragged_only_where_it_may_go(house: House) -> None:
    ref = house.people["Anand"]
    async with house.somebody() as page:
        # All of the board in sight: where a page scrolls between the press and the first move,
        # Chromium takes what then lies under the pointer.
        await page.set_viewport_size({"width": 2400, "height": 2400})
        card = page.locator(f"#card-{ref}")
        await card.drag_to(page.locator("#col-in_care h2"))
        await expect(page.locator("#mover")).to_be_hidden()
        await card.drag_to(page.locator("#col-scheduled h2"))
        await expect(page.locator("#booked-day")).to_be_focused()
        await fill_booking(page)
        await page.click("#mover >> text=Move to Scheduled")
        await expect(page.locator(f"#col-scheduled #card-{ref}")).to_be_visible()


async def test_news_come_by_themselves_and_the_keyboard_stays_where_it_is(house: House) -> None:
    ref, other = house.people["Fischer"], house.people["Obi"]
    async with house.somebody() as page:
        await page.focus(f"#open-{ref}")
        task = TaskOpened(
            at=NOW, as_of=NOW, task="no_next_visit:9", role=Role.FRONT_DESK, due=NOW - DAY
        )
        house.door.write(other, task)
        await page.evaluate(
            "document.body.dispatchEvent(new Event('visibilitychange', {bubbles: true}))"
        )
        await expect(page.locator(f"#col-needs #card-{other}")).to_be_visible()
        await expect(page.locator(f"#open-{ref}")).to_be_focused()
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url))
        await page.focus("#search")  # nobody who types is interrupted
        await page.evaluate(
            "document.body.dispatchEvent(new Event('visibilitychange', {bubbles: true}))"
        )
        await page.evaluate("new Promise(requestAnimationFrame)")
        assert not [one for one in asked if re.search("/board/cards", one)]


async def test_axe_finds_nothing_on_a_full_board_or_an_open_panel(house: House) -> None:
    async with house.somebody() as page:
        found = await troubles(page, "a full board")
        await page.goto(f"{house.url}/board?overdue=1&urgency=post_op")
        found += await troubles(page, "a board with filters")
        await page.goto(f"{house.url}/referrals/{house.people['Prado']}")
        found += await troubles(page, "a referral in care")
    assert not found, "\n".join(found)
