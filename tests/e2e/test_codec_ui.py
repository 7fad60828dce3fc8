"""The real Temporal UI in a real browser: encrypted for a stranger, readable after signing in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.async_api import Page, expect

from cli.serving import free_port, serve
from engine.client import connect
from engine.server import Engine, find_or_start
from tests.browser import chromium
from tests.databases import sqlite_store
from tests.doors import Door
from tests.lives import received, rules
from tests.required import lacking
from tests.theater import on_stage
from tests.web.codec.conftest import ALEX, production
from web.app import create_app

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(300)]

START = datetime(2027, 2, 1, 15, tzinfo=UTC)
SUMMARY = "Wait up to 30 days for the evaluation"
INPUT = '"referral_id": "ref_a"'
PATIENCE = 30_000  # milliseconds
TROUBLE = "Payloads stay encrypted until you sign in:"


class Scene(NamedTuple):
    """Where one running referral is shown, and where one signs in."""

    history: str
    sign_in: str


@pytest.fixture
async def scene(engine: Engine, tmp_path: Path) -> AsyncIterator[Scene]:
    """Production settings on one machine: server, UI, web process, and one referral that waits."""
    del engine  # the session's own: says early, and in words, when there can be no server
    port = free_port()
    home = f"http://127.0.0.1:{port}"
    started = await find_or_start(
        data_dir=tmp_path / "temporal", say=print, codec_endpoint=f"{home}/codec"
    )
    if started.ui_address is None:
        await started.stop()
        lacking("there is no Temporal Web UI on this machine, and it cannot be built")
    try:
        settings = production(tmp_path, public_url=home, temporal_ui_address=started.ui_address)
        client = await connect(started.address, started.namespace, keyring=settings.keyring)
        with sqlite_store(tmp_path) as store:
            app = create_app(settings, Door(store).intake, store)
            async with serve(app, settings, port=port), on_stage(client, START) as theater:
                await theater.begin("ref_a", received(START), rules())
                await theater.settle()
                run = await theater.handle("ref_a").describe()
                where = f"workflows/{run.id.replace('/', '%2F')}/{run.run_id}/history"
                yield Scene(
                    f"{started.ui_address}/namespaces/{started.namespace}/{where}",
                    f"{home}/codec/sign-in",
                )
    finally:
        await started.stop()


async def is_hidden(page: Page) -> None:
    """The page says that payloads are encrypted, and shows none."""
    await expect(page.get_by_text(TROUBLE)).to_be_visible(timeout=PATIENCE)
    for words in (INPUT, SUMMARY):
        await expect(page.locator("main")).not_to_contain_text(words)


async def is_shown(page: Page) -> None:
    """The page shows what the workflow was started with and what it waits for."""
    for words in (INPUT, SUMMARY):
        await expect(page.locator("main")).to_contain_text(words, timeout=PATIENCE)
    await expect(page.get_by_text(TROUBLE)).to_have_count(0)


async def test_the_ui_shows_payloads_to_who_signed_in_and_to_nobody_else(scene: Scene) -> None:
    async with chromium() as browser:
        page = await (await browser.new_context()).new_page()
        await page.goto(scene.history)
        await is_hidden(page)
        await expect(page.get_by_role("link", name=scene.sign_in)).to_have_attribute(
            "href", scene.sign_in
        )

        await page.goto(scene.sign_in)
        await page.get_by_label("Your codec token").fill("a-token-that-nobody-has")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("Nobody has this token")
        await page.get_by_label("Your codec token").fill(ALEX)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("status")).to_contain_text("You are signed in as alex")

        await page.goto(scene.history)
        await is_shown(page)

        await page.goto(scene.sign_in)
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_label("Your codec token")).to_be_visible()
        await page.goto(scene.history)
        await is_hidden(page)
