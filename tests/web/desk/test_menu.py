"""What stands in the menu of every page: how many texts wait for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from store import conversations
from store.engine import Store
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
