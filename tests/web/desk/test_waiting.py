"""The waiting list as billing and the desk work it."""

from __future__ import annotations

from datetime import timedelta

from models import holds
from models.facts import AuthorizationChanged
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.working import a_hold, decided_in_record


async def waiting(site: Site) -> str:
    decided_in_record(site)
    referral_id = await site.door.refer()
    a_hold(site, referral_id)
    return referral_id


def seen(site: Site, referral_id: str) -> str:
    return site.door.referral(referral_id).version


async def test_a_wait_has_an_owner_a_check_and_an_end(site: Site, dana: Browser) -> None:
    referral_id = await waiting(site)
    page = (await dana.get("/waiting")).text
    for words in (
        "Jordan Sample",
        "the benefits to be verified",
        "billing",
        "next check Wed, Jan 7",
        "at the latest Thu, Jan 15",
    ):
        assert words in page
    where = f"/waiting/{referral_id}"
    fields = {"hold": "h1", "seen": seen(site, referral_id)}
    began = site.door.now
    site.door.now += timedelta(minutes=5)
    later = await dana.post(f"{where}/check", day="2026-01-12", **fields)
    assert later.headers["location"] == "/waiting?said=check"
    (hold,) = holds.standing(site.door.referral(referral_id))
    assert hold.next_check is not None
    assert hold.since == began, "since when it waits stays known"
    assert hold.next_check.date().isoformat() == "2026-01-12"
    stale = await dana.post(f"{where}/lift", why="over", hold="h1", seen="another")
    assert (stale.status_code, "not what you saw" in stale.text) == (409, True)
    fields["seen"] = seen(site, referral_id)
    site.door.now += timedelta(minutes=5)
    done = await dana.post(f"{where}/lift", why="over", **fields)
    assert done.headers["location"] == "/waiting?said=lift"
    assert holds.standing(site.door.referral(referral_id)) == []
    assert "No referral waits" in (await dana.get("/waiting")).text
    again = await dana.post(f"{where}/lift", why="over", hold="h1")
    assert (again.status_code, "no such hold" in again.text) == (409, True)


async def test_what_cannot_be_is_said_beside_the_wait(site: Site, dana: Browser) -> None:
    referral_id = await waiting(site)
    await dana.get("/waiting")
    where = f"/waiting/{referral_id}"
    past = await dana.post(f"{where}/check", day="2026-02-28", hold="h1")
    assert past.status_code == 409
    assert "must lie between now and its limit" in past.text
    for act, fields in (("check", {"day": "soon"}), ("lift", {"why": "whim"})):
        assert (await dana.post(f"{where}/{act}", hold="h1", **fields)).status_code == 400
    assert (await dana.post(f"{where}/dance", hold="h1")).status_code == 404


async def test_overdue_checks_come_first_and_one_kind_can_be_picked(
    site: Site, dana: Browser
) -> None:
    first = await waiting(site)
    second = await site.door.refer(external="R-2", patient={"given_name": "Robin"})
    site.door.now += timedelta(days=3)
    a_hold(site, second, reason="capacity", owner="lead")
    await dana.sign_in("dana@example.org")
    page = (await dana.get("/waiting")).text
    assert page.index(first) < page.index(second)
    assert "24 h late" in page
    only = (await dana.get("/waiting?reason=capacity")).text
    assert (first in only, second in only) == (False, True)


async def test_an_authorization_is_chased_by_task_and_counted_once_given(
    site: Site, dana: Browser
) -> None:
    referral_id = await site.door.refer()

    def told(status: str, **more: object) -> None:
        at = site.door.now
        fact = {"at": at, "as_of": at, "authorization_id": "au1", "status": status, **more}
        site.door.write(referral_id, AuthorizationChanged.model_validate(fact))

    told("required")
    page = (await dana.get("/waiting")).text
    assert "an authorization" in page
    assert "asked for and chased by task" in page
    site.door.now += timedelta(minutes=5)
    told("granted", visits=12)
    page = (await dana.get("/waiting")).text
    assert "12 of 12" in page
