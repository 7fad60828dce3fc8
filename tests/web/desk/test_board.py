"""The board as a page: who sees which names, what stands in an address, and what is asked again."""

from __future__ import annotations

import re
from datetime import timedelta

from models.facts import TaskOpened
from models.roles import Role
from store import audit
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser

NAME = "Jordan Sample"


async def ask(site: Site, ref: str, task: str = "call_patient:1") -> None:
    at = site.door.now
    due = at - timedelta(hours=3)
    fact = TaskOpened(at=at, as_of=at, task=task, role=Role.FRONT_DESK, due=due)
    site.door.write(ref, fact)


def column(page: str, stage: str) -> str:
    """The part of a page that is one column."""
    found = re.search(rf'id="col-{stage}".*?</section>', page, re.DOTALL)
    assert found, page
    return found[0]


async def test_a_card_says_who_must_do_what_and_that_it_is_late(site: Site, dana: Browser) -> None:
    ref = await site.door.refer()
    await ask(site, ref)
    page = (await dana.get("/board")).text
    lane = column(page, "needs")
    for said in (NAME, "Call the patient", "front desk", "3 h late", "Medicare", "No attempt yet"):
        assert said in lane, said
    assert NAME not in column(page, "received")
    assert "1 of them above" in column(page, "received")


async def test_the_desk_of_another_clinic_sees_none_of_it(site: Site, wes: Browser) -> None:
    await site.door.refer()
    page = await wes.get("/board")
    assert page.status_code == 200
    assert NAME not in page.text
    assert (await wes.get("/board", params={"clinic": "east"})).status_code == 404


async def test_names_are_for_those_who_need_them(site: Site, browser: Browser) -> None:
    await site.door.refer()
    await browser.sign_in("lia@example.org")
    page = (await browser.get("/board")).text
    assert NAME not in page
    assert "J. S." in page
    assert "Find a patient" not in page
    assert "Move to" not in column(page, "received")


async def test_a_screen_that_a_lobby_sees_shows_initials_until_told_otherwise(
    site: Site, dana: Browser
) -> None:
    await site.door.refer()
    await dana.get("/board")
    answer = await dana.post("/board/privacy", private="1", back="overdue=1&evil=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/board?overdue=1")
    page = (await dana.get("/board")).text
    assert NAME not in page
    assert "J. S." in page
    await dana.post("/board/privacy", private="")
    assert NAME in (await dana.get("/board")).text


async def test_a_name_somebody_looks_for_stands_in_no_address(site: Site, dana: Browser) -> None:
    await site.door.refer()
    await dana.get("/board")
    found = await dana.post("/board/search", name="jord samp")
    assert found.status_code == 200
    assert NAME in column(found.text, "received")
    assert not re.search(r'(href|hx-post|action)="[^"]*(jord|Jordan|samp)', found.text)
    assert NAME not in (await dana.post("/board/search", name="nobody")).text


async def test_filters_stand_in_the_address_and_nonsense_is_left_out(
    site: Site, dana: Browser
) -> None:
    await site.door.refer()
    assert NAME in (await dana.get("/board?urgency=nonsense&more=nothing")).text
    assert NAME not in (await dana.get("/board?urgency=post_op")).text
    page = (await dana.get("/board?payer=medicare_part_b")).text
    assert NAME in page
    assert 'hx-post="/board/cards?payer=medicare_part_b"' in page


async def test_a_view_is_saved_under_a_name_and_removed(site: Site, dana: Browser) -> None:
    await dana.get("/board")
    answer = await dana.post("/board/views", title=" Late  ones ", query="overdue=1&moved=x")
    assert answer.headers["location"] == "/board?overdue=1"
    page = (await dana.get("/board")).text
    assert 'href="/board?overdue=1">Late ones<' in page
    remove = re.search(r'action="(/board/views/[^"]+/remove)"', page)
    assert remove
    await dana.post(remove[1])
    assert "Late ones" not in (await dana.get("/board")).text
    assert (await dana.post("/board/views", title=" ", query="")).status_code == 400


async def test_the_page_asks_again_and_hears_nothing_while_nothing_changed(
    site: Site, dana: Browser
) -> None:
    ref = await site.door.refer()
    page = (await dana.get("/board")).text
    found = re.search(r'data-have="(\w+)"', page)
    assert found
    have = found[1]
    assert (await dana.post("/board/cards", have=have)).status_code == 204
    await ask(site, ref)
    changed = await dana.post("/board/cards", have=have)
    assert changed.status_code == 200
    assert "3 h late" in column(changed.text, "needs")
    assert "<html" not in changed.text


async def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(site: Site, dana: Browser) -> None:
    await dana.get("/board")
    for _ in range(3):
        site.door.now += timedelta(minutes=25)
        last = await dana.post("/board/cards")
    assert last.status_code == 401


async def test_who_saw_the_board_is_on_record(site: Site, dana: Browser) -> None:
    await dana.get("/board")
    with site.door.store.read() as session:
        lines = [(row.who, row.what) for row in audit.about(session, ORG, "board")]
    assert lines == [("dana", "viewed")]
