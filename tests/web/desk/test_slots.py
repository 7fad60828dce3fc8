"""``/slots``: times typed in, from a file, withdrawn; and what was asked for stays."""

from __future__ import annotations

from datetime import timedelta

from store import slots
from store.engine import Store
from store.slots import SlotRow
from tests.doors import ORG, START
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser

LATER = "2026-01-07"  # two days after START, a Wednesday


def offered(store: Store, clinic: str = "east") -> list[SlotRow]:
    with store.read() as session:
        return list(slots.upcoming(session, ORG, clinic, after=START))


async def test_times_are_typed_in_seen_and_withdrawn(site: Site, dana: Browser) -> None:
    shown = await dana.get("/slots")
    assert "Nothing is offered yet" in shown.text
    fields = {"day": LATER, "times": "9:00, 2 pm", "minutes": "45", "places": "2"}
    answer = await dana.post("/slots", clinic="east", **fields)
    assert answer.headers["location"] == "/slots?clinic=east&offered=4"
    page = await dana.get(answer.headers["location"])
    for words in ("4 times are new", "Wed, Jan 7", "9:00 AM", "2:00 PM", "Withdraw"):
        assert words in page.text
    again = await dana.post("/slots", clinic="east", **fields)
    assert again.headers["location"].endswith("offered=0")
    first = offered(site.door.store)[0]
    gone = await dana.post(f"/slots/{first.id}/withdraw")
    assert gone.status_code == 303
    assert len(offered(site.door.store)) == 3


async def test_what_cannot_be_read_is_said_and_kept_in_the_form(dana: Browser) -> None:
    await dana.get("/slots")
    good = {"day": LATER, "times": "9", "minutes": "60", "places": "1", "clinic": "east"}
    for field, value, says in (
        ("times", "soon", "Write times such as"),
        ("day", "", "Choose a day"),
        ("day", "2025-12-01", "from now on"),
        ("minutes", "61", "Choose a length"),
    ):
        answer = await dana.post("/slots", **good | {field: value})
        assert answer.status_code == 400
        assert says in answer.text
        assert f'value="{value}"' in answer.text or field == "minutes"


async def test_a_file_is_taken_whole_or_not_at_all(site: Site, dana: Browser) -> None:
    await dana.get("/slots")
    good = {"file": ("free.csv", b"starts\n2026-01-07 09:00\n2026-01-07 10:00\n", "text/csv")}
    answer = await dana.post("/slots/file", clinic="east", files=good)
    assert answer.headers["location"].endswith("offered=2")
    bad = {"file": ("free.csv", b"starts\n2026-01-08 09:00\nsoon\n", "text/csv")}
    wrong = await dana.post("/slots/file", clinic="east", files=bad)
    assert wrong.status_code == 400
    assert "row 3, column starts" in wrong.text
    assert len(offered(site.door.store)) == 2


async def test_a_time_that_was_asked_for_is_not_withdrawn(site: Site, dana: Browser) -> None:
    await dana.get("/slots")
    fields = {"day": LATER, "times": "9", "minutes": "60", "places": "1"}
    await dana.post("/slots", clinic="east", **fields)
    (slot,) = offered(site.door.store)
    ref = await site.door.refer()
    with site.door.store.write() as session:
        until = START + timedelta(days=1)
        slots.hold(session, ORG, slot.id, referral_id=ref, request_id="q1", now=START, until=until)
    page = await dana.get("/slots")
    assert "asked for" in page.text
    assert "Jordan" not in page.text  # nobody's name stands here
    refused = await dana.post(f"/slots/{slot.id}/withdraw")
    assert refused.status_code == 409
    assert "Somebody has asked for this time" in refused.text


async def test_nobody_offers_times_at_another_clinic(site: Site, dana: Browser) -> None:
    await dana.get("/slots")
    assert (await dana.get("/slots?clinic=west")).status_code == 404
    fields = {"day": LATER, "times": "9", "minutes": "60", "places": "1"}
    assert (await dana.post("/slots", clinic="west", **fields)).status_code == 404
    assert offered(site.door.store, "west") == []
