"""The book of sources: the list, the search, the round."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import event

from tests.web.conftest import Site
from tests.web.desk.book import a_source, row
from tests.web.desk.conftest import Browser


async def test_the_list_shows_who_sends_and_no_patient(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    page = await lia.get("/sources")
    assert page.status_code == 200
    assert f"/sources/{source_id}" in page.text
    assert "Jordan" not in page.text
    for wrong in ("?state=nonsense&page=0", f"?page={'9' * 5000}", "?kind=provider&verdict=fading"):
        assert (await lia.get(f"/sources{wrong}")).status_code == 200
    name = row(site, source_id).name
    found = await lia.post("/sources/search", search=name[-6:].upper())
    assert f"/sources/{source_id}" in found.text
    assert "/sources/src" not in (await lia.post("/sources/search", search="100%_nobody")).text


async def test_the_list_is_two_queries(site: Site, lia: Browser) -> None:
    for number in range(3):
        await a_source(
            site, name=f"Dr. N {number}", npi=("1234567893", "1558598797", "1679576722")[number]
        )
    asked: list[str] = []
    engine = site.door.store.engine

    def note(_c: object, _cu: object, statement: str, *_: object) -> None:
        if "FROM sources" in statement or "FROM ledger" in statement:
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        await lia.get("/sources")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 2


async def test_every_source_that_sends_has_a_next_touch(site: Site, lia: Browser) -> None:
    due = row(site, await a_source(site)).next_touch_at
    assert due is not None
    assert timedelta(days=13) < due - site.door.now < timedelta(days=18)
