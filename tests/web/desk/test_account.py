"""Who gets in, who does not, and what a stranger learns: nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from settings import EXAMPLE_PASSWORD
from store import audit, sign_in
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from web.desk.account import safe
from web.desk.door import IDLE, LASTS, hash_of

PASSWORD = "correct horse battery"
# A page of ours that everybody may see who is signed in.
HERE = "/sign-out"


async def inside(browser: Browser) -> bool:
    """Whether somebody is signed in: else even leaving sends one to the sign-in page."""
    answer = await browser.http.post(HERE, data={"csrf": "wrong"})
    assert answer.status_code in {401, 403}
    return answer.status_code == 403


def whats(site: Site, staff_id: str) -> list[str]:
    with site.door.store.read() as session:
        return [row.what for row in audit.about(session, ORG, staff_id)]


def invite(site: Site, staff_id: str, token: str = "t" * 43) -> str:
    now = site.door.now
    with site.door.store.write() as session:
        sign_in.invite(session, ORG, staff_id, hash_of(token), now, now + timedelta(hours=72))
    return f"/sign-in/invited/{token}"


async def set_password(browser: Browser, path: str, password: str = PASSWORD) -> httpx.Response:
    shown = await browser.http.get(path)
    nonce = re.search(r'name="nonce" value="([^"]+)"', shown.text)
    assert nonce, shown.text
    return await browser.http.post(
        path, data={"nonce": nonce[1], "password": password, "again": password}
    )


async def test_somebody_signs_in_and_goes_on_where_they_wanted_to(
    site: Site, browser: Browser
) -> None:
    first = await browser.get("/sign-in")
    assert first.status_code == 200
    assert re.search(r"Wes Sample, front desk <span[^>]*>west<", first.text)  # whose referrals
    assert "default-src 'none'" in first.headers["content-security-policy"]
    answer = await browser.sign_in("Dana@Example.org", to="/tasks?role=lead")
    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks?role=lead")
    cookie = next(
        c for c in answer.headers.get_list("set-cookie") if c.startswith("referral-loop=")
    )
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert await inside(browser)
    assert whats(site, "dana") == ["signed_in"]


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("dana@example.org", "wrong"),
        ("nobody@example.org", EXAMPLE_PASSWORD),
        ("", ""),
        ("dana@example.org", "x" * 5000),
    ],
)
async def test_a_stranger_learns_nothing(browser: Browser, email: str, password: str) -> None:
    answer = await browser.sign_in(email, password)
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert not await inside(browser)


async def test_five_wrong_passwords_close_the_account_for_a_while(
    site: Site, browser: Browser
) -> None:
    for _ in range(5):
        assert (await browser.sign_in("dana@example.org", "wrong")).status_code == 401
    assert (await browser.sign_in("dana@example.org")).status_code == 401
    assert (await browser.sign_in("lee@example.org")).status_code == 303  # others get in
    site.door.now += timedelta(minutes=16)
    assert (await browser.sign_in("dana@example.org")).status_code == 303
    assert whats(site, "dana") == [*["sign_in_failed"] * 4, "locked_out", "signed_in"]


async def test_signing_out_ends_the_session_for_good(dana: Browser) -> None:
    cookie = dana.http.cookies["referral-loop"]
    form = await dana.http.post("/sign-out", data={"csrf": _csrf(cookie)})
    assert (form.status_code, form.headers["location"]) == (303, "/sign-in")
    dana.http.cookies.set("referral-loop", cookie)
    assert not await inside(dana)


async def test_an_hour_without_anybody_or_a_working_day_signs_out(
    site: Site, dana: Browser
) -> None:
    site.door.now += IDLE - timedelta(minutes=1)
    assert await inside(dana)
    site.door.now += IDLE - timedelta(minutes=1)
    assert await inside(dana)
    site.door.now += IDLE
    assert not await inside(dana)
    await dana.sign_in("dana@example.org")
    for _ in range(14):
        site.door.now += timedelta(minutes=55)
        still = await inside(dana)
    assert not still
    assert timedelta(hours=11) < LASTS < timedelta(minutes=55) * 14


async def test_who_has_left_is_out_at_once(site: Site, dana: Browser) -> None:
    policy = site.door.tenants.get(ORG)
    left = policy.model_copy(
        update={"staff": tuple(one for one in policy.staff if one.id != "dana")}
    )
    site.door.tenants._by_id[ORG] = left
    assert not await inside(dana)


async def test_an_invitation_sets_a_password_once(site: Site, browser: Browser) -> None:
    path = invite(site, "dana")
    answer = await set_password(browser, path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/board")
    assert await inside(browser)
    assert (await browser.get(path)).status_code == 404
    assert (await browser.sign_in("dana@example.org")).status_code == 401  # no example any more
    assert (await browser.sign_in("dana@example.org", PASSWORD)).status_code == 303


async def test_a_new_password_signs_everybody_out_who_had_the_old_one(
    site: Site, dana: Browser, wes: Browser
) -> None:
    await set_password(wes, invite(site, "dana"))
    assert not await inside(dana)
    assert await inside(wes)


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "At least 12" and "at least 12"),
        ("aaaaaaaaaaaaaaaa", "too easy"),
        ("dana-dana-2026-x", "too easy"),
    ],
)
async def test_a_password_nobody_should_have_is_refused(
    site: Site, browser: Browser, password: str, says: str
) -> None:
    answer = await set_password(browser, invite(site, "dana"), password)
    assert answer.status_code == 422
    assert says in answer.text
    assert not await inside(browser)


async def test_an_invitation_ends_by_time_and_by_a_newer_one(site: Site, browser: Browser) -> None:
    first, second = invite(site, "dana", "a" * 43), invite(site, "dana", "b" * 43)
    assert (await browser.get(first)).status_code == 404
    assert (await browser.get(second)).status_code == 200
    site.door.now += timedelta(hours=73)
    gone = await browser.get(second)
    assert gone.status_code == 404
    assert "Ask for a new one" in gone.text


async def test_forms_of_other_pages_do_nothing(dana: Browser) -> None:
    cookie = dana.http.cookies["referral-loop"]
    for token, headers in (
        ("", {}),
        ("0" * 32, {}),
        (_csrf(cookie), {"sec-fetch-site": "cross-site"}),
    ):
        answer = await dana.http.post("/sign-out", data={"csrf": token}, headers=headers)
        assert answer.status_code == 403
    bare = await dana.http.post("/sign-in", data={"email": "dana@example.org", "nonce": "x"})
    assert bare.status_code == 403


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "board",
        "",
        "/a\nb",
        "javascript:1",
    ],
)
def test_no_link_leads_elsewhere_after_signing_in(target: str) -> None:
    assert safe(target) == "/board"


def test_pages_of_ours_are_gone_on_to() -> None:
    assert safe("/referrals/ref_1?tab=notes") == "/referrals/ref_1?tab=notes"


async def test_outside_dev_the_example_password_opens_nothing(site: Site, browser: Browser) -> None:
    from web.desk.account import Account
    from web.desk.door import Desk

    production = site.door.intake
    settings: Any = type("Told", (), {"environment": "production"})()
    desk = Desk(settings, site.door.store, production.tenants, lambda: site.door.now)
    assert await Account(desk).sign_in("dana@example.org", EXAMPLE_PASSWORD, "here") is None


def _csrf(cookie: str) -> str:
    from web.desk.door import csrf_of

    return csrf_of(cookie)
