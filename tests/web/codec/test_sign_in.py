"""The sign-in page: a token typed once makes a browser a reader for a working day."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from engine.codec_readers import Readers
from store.engine import Store
from tests.web.codec.conftest import ALEX, ASK, HOME, PLAIN, SAM, UI, Codec, production, serving

PAGE = "/codec/sign-in"
SESSION = "__Secure-referral-loop-codec"
FORM = "referral-loop-codec-form"


def cookies_of(answer: httpx.Response) -> SimpleCookie:
    """What the answer sets, with attributes; httpx itself drops Secure ones over plain HTTP."""
    found = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        found.load(line)
    return found


async def nonce_of(codec: Codec, **headers: str) -> str:
    page = await codec.http.get(PAGE, headers=headers)
    found = re.search(r'name="nonce" value="([^"]+)"', page.text)
    assert found is not None
    assert cookies_of(page)[FORM].value == found[1]
    return found[1]


async def post(codec: Codec, token: str, *, address: str = PAGE, **headers: str) -> httpx.Response:
    nonce = await nonce_of(codec)
    told = {"cookie": f"{FORM}={nonce}", "sec-fetch-site": "same-origin", **headers}
    return await codec.http.post(address, data={"nonce": nonce, "token": token}, headers=told)


async def signed_in(codec: Codec, token: str = ALEX) -> str:
    """The cookie of somebody who typed a token."""
    answer = await post(codec, token)
    assert answer.status_code == 303, answer.text
    return f"{SESSION}={cookies_of(answer)[SESSION].value}"


async def ask(codec: Codec, cookie: str, origin: str | None = UI) -> httpx.Response:
    headers = {**ASK, "cookie": cookie, **({"origin": origin} if origin else {})}
    return await codec.http.post("/codec/decode", json=PLAIN, headers=headers)


async def test_a_token_typed_once_lets_the_ui_of_this_browser_read(
    codec: Codec, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cookie = await signed_in(codec)
    answer = await ask(codec, cookie)
    assert answer.json() == PLAIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    said = [record.getMessage() for record in caplog.records if record.name.startswith("web.")]
    by_alex = [line for line in said if "'reader': 'alex'" in line]
    assert [line.count("codec_signed_in") for line in by_alex].count(1) == 1
    assert [line.count("'outcome': 'decoded', 'seen': 1") for line in by_alex].count(1) == 1
    assert ALEX not in "".join(said)


async def test_the_cookie_goes_nowhere_it_need_not(codec: Codec) -> None:
    session = cookies_of(await post(codec, f"  {ALEX} "))[SESSION]
    assert session["secure"]
    assert session["httponly"]
    assert session["samesite"].lower() == "strict"
    assert session["path"] == "/codec"
    assert session["domain"] == ""
    assert int(session["max-age"]) == 12 * 3600
    assert ALEX not in session.value


async def test_a_session_ends_by_itself_on_the_servers_clock(codec: Codec) -> None:
    cookie = await signed_in(codec)
    codec.door.now += timedelta(hours=12, seconds=1)
    assert (await ask(codec, cookie)).status_code == 401


async def test_a_session_ends_with_its_token(tmp_path: Path, store: Store) -> None:
    async with serving(production(tmp_path), store) as codec:
        alex, sam = await signed_in(codec), await signed_in(codec, SAM)
    changed = production(tmp_path, codec_tokens=f"sam:{SAM},alex:another-token-for-alex")
    async with serving(changed, store) as codec:
        assert (await ask(codec, alex)).status_code == 401
        assert (await ask(codec, sam)).is_success  # and holds across processes and restarts


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.replace("alex|", "sam|"),
        lambda value: value.replace("alex|", "root|"),
        lambda value: value[:-1] + ("0" if value[-1] != "0" else "1"),
        lambda value: re.sub(r"\|\d+\|", lambda m: f"|{int(m[0][1:-1]) + 60}|", value),
        lambda value: re.sub(r"\|\d+\|", "|99999999999999|", value),
        lambda value: re.sub(r"\|\d+\|", "|-1|", value),
        lambda value: value.partition("|")[0],
    ],
)
async def test_an_altered_session_is_none(codec: Codec, change: object) -> None:
    name, _, value = (await signed_in(codec)).partition("=")
    altered = change(value)
    assert (await ask(codec, f"{name}={altered}")).status_code == 401


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", HOME])
async def test_a_session_counts_for_pages_of_the_ui_alone(codec: Codec, origin: str | None) -> None:
    answer = await ask(codec, await signed_in(codec), origin)
    assert answer.status_code == (401 if origin is None else 403)
    assert "access-control-allow-origin" not in answer.headers


async def test_a_wrong_token_is_said_and_after_five_there_is_a_wait(codec: Codec) -> None:
    for _ in range(5):
        answer = await post(codec, "not-the-token-of-anybody")
        assert answer.status_code == 401
        assert "Nobody has this token" in answer.text
        assert SESSION not in cookies_of(answer)
    locked = await post(codec, ALEX)
    assert locked.status_code == 429
    assert "Wait 15 minutes" in locked.text
    assert SESSION not in cookies_of(locked)
    codec.door.now += timedelta(minutes=15, seconds=1)
    assert (await post(codec, ALEX)).status_code == 303


async def test_typing_it_right_forgets_what_was_mistyped(codec: Codec) -> None:
    for _ in range(3):
        for _ in range(4):
            await post(codec, "mistyped-but-long-enough")
        assert (await post(codec, ALEX)).status_code == 303


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
async def test_another_page_cannot_post_the_form(codec: Codec, site: str) -> None:
    answer = await post(codec, ALEX, **{"sec-fetch-site": site})
    assert (answer.status_code, SESSION in cookies_of(answer)) == (403, False)


@pytest.mark.parametrize("cookie", ["", f"{FORM}=", f"{FORM}=" + "x" * 32])
async def test_the_form_needs_the_nonce_of_this_browser(codec: Codec, cookie: str) -> None:
    answer = await post(codec, ALEX, cookie=cookie)
    assert (answer.status_code, SESSION in cookies_of(answer)) == (403, False)


async def test_signing_out_takes_the_cookie_back(codec: Codec) -> None:
    cookie = await signed_in(codec)
    nonce = await nonce_of(codec, cookie=cookie)
    page = await codec.http.get(PAGE, headers={"cookie": cookie})
    assert "<strong>alex</strong>" in page.text
    assert f'href="{UI}"' in page.text
    told = {"cookie": f"{cookie}; {FORM}={nonce}", "sec-fetch-site": "same-origin"}
    out = await codec.http.post("/codec/sign-out", data={"nonce": nonce}, headers=told)
    assert out.status_code == 303
    assert cookies_of(out)[SESSION]["max-age"] == "0"
    told["sec-fetch-site"] = "cross-site"
    elsewhere = await codec.http.post("/codec/sign-out", data={"nonce": nonce}, headers=told)
    assert SESSION not in cookies_of(elsewhere)


async def test_the_page_runs_no_scripts_and_is_in_no_frame(codec: Codec) -> None:
    page = await codec.http.get(PAGE)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_no_token_is_typed_into_a_page_without_encryption(
    tmp_path: Path, store: Store
) -> None:
    plain = production(tmp_path, public_url="http://loop.example.org")
    async with serving(plain, store) as codec:
        page = await codec.http.get(PAGE)
        assert "REFERRAL_LOOP_PUBLIC_URL" in page.text
        assert 'name="token"' not in page.text
        answer = await codec.http.post(PAGE, data={"token": ALEX})
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers or not any(
            "codec=" in line for line in answer.headers.get_list("set-cookie")
        )


async def test_on_this_machine_it_works_without(tmp_path: Path, store: Store) -> None:
    here = production(tmp_path, public_url=None, temporal_ui_address="http://127.0.0.1:8233")
    async with serving(here, store) as codec:
        session = cookies_of(await post(codec, ALEX))["referral-loop-codec"]
        assert not session["secure"]
        answer = await ask(
            codec, f"referral-loop-codec={session.value}", origin="http://127.0.0.1:8233"
        )
        assert answer.json() == PLAIN


async def test_without_tokens_it_says_what_an_admin_does(tmp_path: Path, store: Store) -> None:
    async with serving(production(tmp_path, codec_tokens=None), store) as codec:
        assert "REFERRAL_LOOP_CODEC_TOKENS" in (await codec.http.get(PAGE)).text


@pytest.mark.parametrize("body", [b"\xff", b"x" * 5000, b"&".join([b"a=1"] * 50), b"nonce"])
async def test_a_form_that_is_not_ours_is_refused_and_never_our_fault(
    codec: Codec, body: bytes
) -> None:
    for address in (PAGE, "/codec/sign-out"):
        answer = await codec.http.post(address, content=body)
        assert answer.status_code in {303, 403, 413}
        assert SESSION not in cookies_of(answer)


def test_hashes_and_not_tokens_are_kept() -> None:
    assert ALEX not in repr(Readers.parse(f"alex:{ALEX}"))
