"""Decode and encode: for people known by name, for pages of the Temporal UI, for our namespace."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import codec_http
from engine.codec import MARKER, KeyRing
from models.errors import BadRequest, TooLarge
from settings import Settings
from store.engine import Store
from tests.web.codec.conftest import ALEX, ASK, PLAIN, SAM, UI, Codec, production, serving

ROUTES = ("/codec/decode", "/codec/encode")
BEARER = {"authorization": f"Bearer {ALEX}"}
OWN_UI = "http://127.0.0.1:8233"
OUTSIDERS = (
    {},
    {"authorization": "Bearer"},
    {"authorization": f"Bearer {ALEX}x"},
    {"authorization": f"Basic {ALEX}"},
    {"authorization": ALEX},
    {"authorization": "Bearer a-token-of-our-own-1234"},  # the API's token reads nothing here
    {"cookie": "__Secure-referral-loop-codec=alex|9999999999|" + "0" * 64},
    {"cookie": f"__Secure-referral-loop-codec={ALEX}", "origin": UI},
    {"origin": UI},
)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("web.")]


# --- who ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("headers", OUTSIDERS)
async def test_an_outsider_gets_a_problem_and_nothing_else(
    codec: Codec, route: str, headers: dict[str, str]
) -> None:
    answer = await codec.http.post(route, json=PLAIN, headers={**ASK, **headers})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "payloads" not in answer.json()


@pytest.mark.parametrize("route", ROUTES)
async def test_an_outsiders_body_is_not_even_read(codec: Codec, route: str) -> None:
    answer = await codec.http.post(route, content=b"{", headers=ASK)
    assert answer.status_code == 401


async def test_what_it_hides_it_shows_again(codec: Codec) -> None:
    headers = {**ASK, **BEARER}
    hidden = (await codec.http.post("/codec/encode", json=PLAIN, headers=headers)).json()
    assert "MQ==" not in json.dumps(hidden)
    # As the UI asks, and as the CLI asks: its own prefix is written by whoever types the token.
    for address in ("/codec/decode?preserveStorageRefs=true", "/codec/decode"):
        assert (await codec.http.post(address, json=hidden, headers=headers)).json() == PLAIN


async def test_each_look_is_logged_by_name_and_number_alone(
    codec: Codec, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    five = {"payloads": PLAIN["payloads"] * 5}
    for token in (ALEX, SAM):
        headers = {**ASK, "authorization": f"bearer {token}"}
        assert (await codec.http.post("/codec/decode", json=five, headers=headers)).is_success
    lines = [record.msg for record in caplog.records if record.name == "web.codec.routes"]
    assert [(one["event"], one["reader"], one["outcome"], one["seen"]) for one in lines] == [
        ("codec_used", who, "decoded", 5) for who in ("alex", "sam")
    ]
    assert not [line for line in told(caplog) if "MQ==" in line or ALEX in line or SAM in line]


async def test_who_guesses_tokens_is_locked_out_for_a_while(codec: Codec) -> None:
    for number in range(5):
        assert (await codec.decode(authorization=f"Bearer guess-{number}")).status_code == 401
    locked = await codec.decode(**BEARER)
    assert (locked.status_code, locked.json()["code"]) == (429, "too_many")
    assert "15 minutes" in locked.json()["message"]
    assert int(locked.headers["retry-after"]) > 0
    codec.door.now += timedelta(minutes=16)
    assert (await codec.decode(**BEARER)).is_success


async def test_asking_without_a_token_locks_nobody_out(codec: Codec) -> None:
    """The UI of a browser that is not signed in asks once for every event on the page."""
    for _ in range(20):
        assert (await codec.decode(origin=UI)).status_code == 401
    assert (await codec.decode(**BEARER)).is_success


async def test_without_any_token_set_nobody_is_let_in(tmp_path: Path, store: Store) -> None:
    async with serving(production(tmp_path, codec_tokens=None), store) as codec:
        for headers in OUTSIDERS:
            answer = await codec.http.post("/codec/decode", json=PLAIN, headers={**ASK, **headers})
            assert answer.status_code == 401


# --- from where -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        *("null", "https://evil.example", f"{UI}.evil.example", f"{UI}/", f"{UI}:8443"),
        *(UI.upper(), "http://temporal.example.org", "https://loop.example.org"),
    ],
)
@pytest.mark.parametrize("route", ROUTES)
async def test_a_page_that_is_not_the_ui_gets_nothing_even_with_a_token(
    codec: Codec, route: str, origin: str
) -> None:
    headers = {**ASK, **BEARER, "origin": origin}
    answer = await codec.http.post(route, json=PLAIN, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "other_origin")
    assert "access-control-allow-origin" not in answer.headers
    preflight = await codec.http.options(route, headers={**_preflight(), "origin": origin})
    assert "access-control-allow-origin" not in preflight.headers


def _preflight(*headers: str) -> dict[str, str]:
    asked = ", ".join(headers or ("content-type", "x-namespace"))
    return {
        "origin": UI,
        "access-control-request-method": "POST",
        "access-control-request-headers": asked,
    }


@pytest.mark.parametrize("route", [*ROUTES, "/codec/download"])
async def test_the_ui_may_ask_with_every_header_it_sends(codec: Codec, route: str) -> None:
    asked = _preflight("authorization", "authorization-extras", "content-type", "x-namespace")
    allowed = await codec.http.options(f"{route}?preserveStorageRefs=true", headers=asked)
    assert allowed.is_success
    assert allowed.headers["access-control-allow-origin"] == UI
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert "Origin" in allowed.headers["vary"]


async def test_no_other_header_or_method_is_allowed(codec: Codec) -> None:
    for asked in (
        _preflight("x-other"),
        {**_preflight(), "access-control-request-method": "DELETE"},
    ):
        assert (await codec.http.options("/codec/decode", headers=asked)).status_code == 400


@pytest.mark.parametrize("headers", [{}, BEARER, {**BEARER, "x-namespace": "other"}])
async def test_the_ui_can_read_a_refusal_too(codec: Codec, headers: dict[str, str]) -> None:
    """A browser hides an answer without these headers, and the UI then tries again and again."""
    answer = await codec.http.post(
        "/codec/decode", content=b"{", headers={**ASK, **headers, "origin": UI}
    )
    assert 400 <= answer.status_code < 500
    assert answer.headers["access-control-allow-origin"] == UI
    assert answer.headers["access-control-allow-credentials"] == "true"


async def test_only_the_codec_is_open_to_the_ui(codec: Codec) -> None:
    for address in (
        *("/api/v1/referrals", "/hooks/riverside/events", "/healthz"),
        *("/codec/sign-in", "/codec/sign-out", "/codec/decode/"),
    ):
        answer = await codec.http.options(address, headers=_preflight())
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("namespace", ["", "default", "referral-loop2", "Referral-Loop", None])
async def test_another_namespace_is_refused(codec: Codec, namespace: str | None) -> None:
    headers = {**BEARER} if namespace is None else {**BEARER, "x-namespace": namespace}
    answer = await codec.http.post("/codec/decode", json=PLAIN, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "other_namespace")


# --- what -----------------------------------------------------------------------------------------


def _payload(**metadata: str) -> bytes:
    said = {
        name.replace("_", "-"): base64.b64encode(v.encode()).decode()
        for name, v in metadata.items()
    }
    return json.dumps({"payloads": [{"metadata": said, "data": "AAAA"}]}).encode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_payloads"),
        (b"{", "bad_payloads"),
        (b"\xff\xfe\x00", "bad_payloads"),
        (b"[" * 100_000, "bad_payloads"),
        (b'{"payloads": 5}', "bad_payloads"),
        (b'{"payloads": [{"metadata": {"\\ud800": "AA=="}}]}', "bad_payloads"),
        (_payload(encoding=MARKER.decode()), "unknown_key"),
        (_payload(encoding=MARKER.decode(), encryption_key_id="k1"), "payload_damaged"),
    ],
)
async def test_what_it_cannot_read_is_a_coded_400(codec: Codec, body: bytes, code: str) -> None:
    answer = await codec.http.post("/codec/decode", content=body, headers={**ASK, **BEARER})
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_a_key_that_is_gone_is_named(codec: Codec) -> None:
    body = _payload(encoding=MARKER.decode(), encryption_key_id="k0")
    answer = await codec.http.post("/codec/decode", content=body, headers={**ASK, **BEARER})
    assert "'k0'" in answer.json()["message"]


@pytest.mark.parametrize("route", ROUTES)
async def test_more_than_anybody_needs_is_refused(codec: Codec, route: str) -> None:
    many = json.dumps({"payloads": [{}] * (codec_http.MOST_PAYLOADS + 1)}).encode()
    large = b" " * (codec_http.MOST_BYTES + 1)
    for body in (many, large):
        answer = await codec.http.post(route, content=body, headers={**ASK, **BEARER})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["payloads", "metadata", "data", "encoding", "encryption-key-id", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_sent_is_answered_or_the_senders_fault(body: bytes) -> None:
    keys = KeyRing.parse(KeyRing.generate())
    for work in (codec_http.decode, codec_http.encode):
        with contextlib.suppress(BadRequest, TooLarge):
            work(body, keys)


# --- at home --------------------------------------------------------------------------------------


async def test_the_ui_that_dev_started_needs_no_token(settings: Settings, store: Store) -> None:
    async with serving(settings, store, codec_ui=OWN_UI) as codec:
        for origin in (OWN_UI, "http://localhost:8233"):
            answer = await codec.decode(origin=origin)
            assert answer.json() == PLAIN
            assert answer.headers["access-control-allow-origin"] == origin
        for origin in ("http://127.0.0.1:9999", f"{OWN_UI}.evil.example", "null"):
            assert (await codec.decode(origin=origin)).status_code == 401
        assert (await codec.decode()).status_code == 401


async def test_the_same_ui_in_production_needs_one(tmp_path: Path, store: Store) -> None:
    async with serving(production(tmp_path), store, codec_ui=OWN_UI) as codec:
        assert (await codec.decode(origin=OWN_UI)).status_code == 401
        assert (await codec.decode(origin=OWN_UI, **BEARER)).is_success


async def test_dev_trusts_its_ui_from_this_machine_alone(settings: Settings, store: Store) -> None:
    async with serving(settings, store, codec_ui=OWN_UI) as codec:
        # uvicorn believes a proxy on the loopback address about who is asking
        answer = await codec.decode(origin=OWN_UI, x_forwarded_for="203.0.113.7")
        assert answer.status_code == 401


async def test_nothing_to_download(codec: Codec) -> None:
    answer: httpx.Response = await codec.http.post(
        "/codec/download", json=PLAIN, headers={**ASK, **BEARER, "origin": UI}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["access-control-allow-origin"] == UI
