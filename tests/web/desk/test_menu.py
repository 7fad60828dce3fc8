"""The menu of every page: one row on every desk, and how many texts wait for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from settings import EXAMPLE_PASSWORD
from store import conversations
from store.engine import Store
from tests.browser import chromium
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.faxing import faxed
from tests.web.desk.test_conversations import opened, wrote


@contextmanager
def asked_of_threads(store: Store) -> Iterator[list[str]]:
    """Every count of talks meanwhile."""
    asked: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        if "count(*)" in statement and "FROM threads" in statement:
            asked.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


async def test_every_page_says_how_many_texts_wait_and_asks_once(
    site: Site, dana: Browser, wes: Browser
) -> None:
    referral_id = await site.door.refer()
    await wrote(site, "Can I come earlier?")
    where, _ = await opened(site, dana, referral_id)
    fax_id, _ = await faxed(site, "Patient Name: Jordan Sample\nDOB: 01/02/1970")
    own = f"/referrals/{referral_id}"
    pages = ["/board", "/tasks", "/tasks/times", "/conversations", where, "/faxes", "/waiting"]
    pages += ["/slots", f"/faxes/{fax_id}", own, f"{own}/call", f"{own}/move"]
    for path in pages:
        with asked_of_threads(site.door.store) as asked:
            page = await dana.get(path)
        assert '1<span class="hidden-text"> to answer</span></span></a>' in page.text, path
        assert len(asked) == 1, path
    for path in ("/board", "/tasks"):
        assert "to answer</span></span></a>" not in (await wes.get(path)).text, path


async def test_a_part_of_a_page_has_no_menu_and_asks_nothing(site: Site, dana: Browser) -> None:
    await site.door.refer()
    await dana.get("/board")
    with asked_of_threads(site.door.store) as asked:
        answer = await dana.post("/board/cards")
    assert answer.status_code == 200
    assert asked == []


async def test_the_count_reads_only_what_waits(site: Site) -> None:
    store = site.door.store
    with asked_of_threads(store) as asked, store.read() as session:
        assert conversations.unread(session, ORG, ("east",)) == 0
    (query,) = asked
    with store.engine.connect() as connection:
        explained = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {query}", ("x",) * query.count("?")
        )
        plan = " ".join(str(row) for row in explained)
    assert "ix_threads_to_answer" in plan, plan


async def test_a_directors_eleven_pages_stand_in_one_row_and_their_name_is_read(
    site: Site,
) -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        await page.goto(f"{site.url}/sign-in?next=/board")
        await page.fill("#email", "drew@example.org")
        await page.fill("#password", EXAMPLE_PASSWORD)
        await page.click("button.main")
        await page.wait_for_url("**/board")
        assert await page.locator(".top nav a").count() == 11
        for width in (1440, 1280, 1024):
            await page.set_viewport_size({"width": width, "height": 700})
            row = await page.evaluate(
                """() => [...document.querySelectorAll('.brand, .top nav a, .top .who button')]
                    .map(one => one.getBoundingClientRect())
                    .filter(one => one.top > 40 || one.right > innerWidth).length"""
            )
            assert row == 0, width
            name = await page.evaluate("document.querySelector('.top .who span').clientWidth")
            assert name >= 48, width  # cut short where it must be, never away
