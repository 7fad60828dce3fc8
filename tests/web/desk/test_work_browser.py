"""Tasks, calls and texts in a real browser: by keys alone, without scripts, and seen by axe."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from settings import EXAMPLE_PASSWORD
from tests.browser import chromium, troubles
from tests.doors import event
from tests.web.conftest import Site
from tests.web.desk.working import a_call, a_hold, decided_in_record


async def sign_in(page: Page, site: Site, to: str) -> None:
    await page.goto(f"{site.url}/sign-in?next={to}")
    await page.fill("#email", "dana@example.org")
    await page.fill("#password", EXAMPLE_PASSWORD)
    await page.click("button.main")
    await page.wait_for_url(f"**{to}")


async def wrote(site: Site, text: str, reply_id: str) -> None:
    told = event("patient_replied", at=site.door.now.isoformat())
    told.pop("referral", None)
    told["data"] = {"reply_id": reply_id, "text": text, "phone": "518-555-0117"}
    await site.door.tell(told)


async def focused(page: Page) -> str:
    """The id of what has the keyboard."""
    return str(await page.evaluate("document.activeElement.id"))


async def press_until(page: Page, wanted: str) -> None:
    """The tab key, until something has the keyboard."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if re.fullmatch(wanted, await focused(page)):
            return
    pytest.fail(f"the tab key never comes to {wanted}")


@pytest.mark.timeout(120)
async def test_a_day_at_the_desk_by_keys_alone(site: Site) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer()
    task_id = a_call(site, referral_id)
    await wrote(site, "Can I come on Thursday?", "m1")
    found: list[str] = []
    async with chromium() as browser:
        page = await browser.new_page()
        await sign_in(page, site, "/tasks")

        # Take the task: the queue alone is replaced, and the keyboard stays on the task.
        await press_until(page, f"take-{task_id}")
        async with page.expect_response(re.compile(f"/tasks/{task_id}/take")):
            await page.keyboard.press("Enter")
        await expect(page.locator(f"#task-{task_id}")).to_be_focused()
        assert "It is yours now." in await page.inner_text("#said")
        assert "yours until" in await page.inner_text(f"#task-{task_id}")

        # Call, and say what came of it.
        await press_until(page, f"call-{task_id}")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/referrals/{referral_id}/call?task={task_id}")
        found += await troubles(page, "the script of a call")
        await page.focus("button[value=voicemail]")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/tasks?said=call")
        assert await page.locator(f"#task-{task_id}").count() == 0

        # Answer the text, with a ready-made one; an unfit one is said first, and nothing is lost.
        await page.goto(f"{site.url}/conversations/of/{referral_id}")
        await page.focus("[data-words] >> nth=2")
        await page.keyboard.press("Enter")
        assert await focused(page) == "words"
        await page.keyboard.type(" How is your knee?")
        await page.keyboard.press("Tab")
        await page.focus("form.compose button.main")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#trouble .trouble")
        assert "body part" in await page.inner_text("#trouble")
        assert "How is your knee?" in await page.input_value("#words")
        await page.fill("#words", "Thursday at 9 works.")
        await page.focus("form.compose button.main")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**said=sent*")
        assert "Thursday at 9 works." in await page.inner_text(".bubbles")

        # Who wants no texts is not written to.
        await wrote(site, "STOP", "m2")
        await page.reload()
        assert await page.locator("#words").count() == 0
        found += await troubles(page, "a talk that has ended")
    assert not found, "\n".join(found)


@pytest.mark.timeout(120)
async def test_the_same_without_scripts(site: Site) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer()
    task_id = a_call(site, referral_id)
    a_hold(site, await site.door.refer(external="R-2", patient={"given_name": "Robin"}))
    async with chromium() as browser:
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        await sign_in(page, site, "/tasks")
        await page.click(f"#take-{task_id}")
        await page.wait_for_url("**/tasks?role=front_desk&clinic=&said=take")
        await page.click(f"#call-{task_id}")
        await page.fill("#day", "2026-01-08")
        await page.fill("#time", "09:30")
        await page.click("button[value=booked]")
        await page.wait_for_url("**/tasks?said=booked")
        await page.goto(f"{site.url}/conversations/of/{referral_id}")
        await page.fill("#words", "Thursday at 9:30, see you then.")
        await page.click("form.compose button.main")
        await page.wait_for_url("**said=sent*")
        await page.goto(f"{site.url}/waiting")
        await page.click("text=End the wait")
        await page.wait_for_url("**/waiting?said=lift")
        assert "The wait is over" in await page.inner_text("#said")
