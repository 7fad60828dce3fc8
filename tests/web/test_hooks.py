"""The hook over real HTTP: what is taken, what is refused, and with which code."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from pypdf import PdfWriter
from standardwebhooks.webhooks import Webhook

from cli.serving import serve
from integrations.emr.signature import sign
from models.ids import new_id
from settings import EXAMPLE_WEBHOOK_SECRET, Settings
from tests.doors import ORG, START, event, referral_event
from tests.web.conftest import HOOK, TOKEN, Site
from web.app import create_app
from web.event_docs import PAGE
from web.examples import EVENTS
from web.guard import Guard

SECOND = timedelta(seconds=1)


async def test_a_signed_event_is_kept_answered_and_applied(site: Site) -> None:
    answer = await site.hook(referral_event(), "e-1")
    assert answer.status_code == 202
    accepted = answer.json()
    assert accepted["status"] == "received"
    assert accepted["status_url"].endswith(f"{HOOK}/{accepted['id']}")
    await site.settled()
    status = (await site.http.get(f"{HOOK}/{accepted['id']}", headers=TOKEN)).json()
    assert (status["status"], status["reason"]) == ("applied", None)
    card = (await site.http.get(f"/api/v1/referrals/{status['referral_id']}", headers=TOKEN)).json()
    assert card["card"]["stage"] == "received"


async def test_the_same_event_again_has_the_same_answer_and_no_effect(site: Site) -> None:
    first = await site.hook(referral_event(), "e-1")
    await site.settled()
    calls = site.door.engine.calls
    again = await site.hook(referral_event(), "e-1")
    await site.settled()
    assert again.status_code == 202
    assert again.json()["status_url"] == first.json()["status_url"]
    assert again.json()["status"] == "applied"
    assert site.door.engine.calls == calls


async def test_the_same_id_with_another_body_is_a_conflict(site: Site) -> None:
    await site.hook(referral_event(), "e-1")
    answer = await site.hook(referral_event(external="R-2"), "e-1")
    assert (answer.status_code, answer.json()["code"]) == (409, "event_id_reused")


async def test_two_copies_at_the_same_instant_are_one_event(site: Site) -> None:
    answers = await asyncio.gather(*(site.hook(referral_event(), "e-1") for _ in range(6)))
    assert {a.status_code for a in answers} == {202}
    assert len({a.json()["id"] for a in answers}) == 1
    await site.settled()
    assert len(site.door.engine.runs) == 2  # the referral and its source


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("webhook-signature", "v1,AAAA", "bad_signature"),
        ("webhook-signature", "v1,not base64 ü", "bad_signature"),
        ("webhook-signature", "v2,whatever", "bad_signature"),
        ("webhook-signature", "", "bad_signature"),
        ("webhook-timestamp", "now", "bad_signature"),
        ("webhook-timestamp", "99999999999999999999", "bad_signature"),
        ("webhook-timestamp", "-1", "bad_signature"),
        ("webhook-id", "another", "bad_signature"),
    ],
)
async def test_what_is_not_signed_by_the_organization_is_refused_and_not_kept(
    site: Site, header: str, value: str, code: str
) -> None:
    body = json.dumps(referral_event()).encode()
    headers: dict[str, str | bytes] = {**sign(EXAMPLE_WEBHOOK_SECRET, "e-1", START, body)}
    headers[header] = value.encode()
    answer = await site.http.post(HOOK, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert await site.http.post(HOOK, content=body) is not None
    again = await site.hook(referral_event(), "e-1")
    assert again.status_code == 202, "the id is still free"


async def test_another_organizations_secret_does_not_open_this_one(site: Site) -> None:
    other = "whsec_" + "b3RoZXIgc2VjcmV0LCBub3QgdGhpcyBvcmdhbml6YXRpb24="
    answer = await site.hook(referral_event(), secret=other)
    assert answer.json()["code"] == "bad_signature"


async def test_a_changed_body_is_not_signed(site: Site) -> None:
    headers = sign(EXAMPLE_WEBHOOK_SECRET, "e-1", START, b"{}")
    answer = await site.http.post(HOOK, content=b"{} ", headers=headers)
    assert answer.json()["code"] == "bad_signature"


@pytest.mark.parametrize("seconds", [-301, 301])
async def test_a_stale_timestamp_is_refused_whichever_way_it_is_off(
    site: Site, seconds: int
) -> None:
    answer = await site.hook(referral_event(), at=START + seconds * SECOND)
    assert (answer.status_code, answer.json()["code"]) == (401, "stale_timestamp")
    inside = await site.hook(referral_event(), at=START + (seconds // 301) * 300 * SECOND)
    assert inside.status_code == 202


async def test_an_unknown_organization_is_not_found(site: Site) -> None:
    answer = await site.hook(referral_event(), path="/hooks/nowhere/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_organization")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{not json", "malformed_json"),
        (b"\xff\xfe", "malformed_json"),
        (json.dumps(EVENTS["discharged"]).encode("utf-16"), "malformed_json"),
        ({**EVENTS["discharged"], "type": "no_such_thing"}, "unknown_event_type"),
        ({**EVENTS["discharged"], "at": "1899-01-01T00:00:00Z"}, "impossible_date"),
        ({**EVENTS["discharged"], "at": "3000-01-01T00:00:00Z"}, "impossible_date"),
        ({**EVENTS["discharged"], "extra": 1}, "invalid_event"),
        (b'{"type": "discharged", "n": 1' + b"0" * 400 + b"}", "malformed_json"),
        (referral_event(patient={"guardian_name": "\x00"}), "bad_name"),
        (referral_event(source={"practice": "\u202e"}), "bad_name"),
        (referral_event(recipients=[{"name": "A", "practice": "\x00"}]), "bad_name"),
    ],
)
async def test_bad_content_is_a_coded_400(site: Site, content: Any, code: str) -> None:
    site.door.now = START + timedelta(days=70)
    answer = await site.hook(content)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert set(answer.json()) == {"code", "message", "field", "request_id"}
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_ten_megabytes_are_refused_before_they_are_read(site: Site) -> None:
    answer = await site.hook(b" " * 10_000_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_ten_megabytes_without_a_length_are_refused_while_they_stream(site: Site) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    answer = await site.http.post(HOOK, content=pieces(), headers={"webhook-id": "e-1"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_nobody_is_read_for_ever(site: Site) -> None:
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(2000):
            sent += 1
            yield b" " * 100_000

    with contextlib.suppress(httpx.TransportError):  # the connection may break before the answer
        await site.http.post(HOOK, content=pieces(), headers={"webhook-id": "e-1"})
    assert sent < 1000, "most of 200 MB was never asked for"


async def test_a_body_that_trickles_is_let_go(
    settings: Settings, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings, site.door.intake, site.door.store, lambda: site.door.now)
    guard = Guard(app, max_body_bytes=1024, body_seconds=0.2)
    async with serve(guard, settings, port=0) as url:
        address = httpx.URL(url)
        reading, writing = await asyncio.open_connection(address.host, address.port)
        writing.write(f"POST {HOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12".encode())
        async with asyncio.timeout(10):
            answer = await reading.read()  # to the end: the connection is closed
        writing.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"too_slow"' in answer


async def test_a_sender_that_hangs_up_is_no_failure_of_ours(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    address = httpx.URL(site.url)
    reading, writing = await asyncio.open_connection(address.host, address.port)
    writing.write(f"POST {HOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12".encode())
    await writing.drain()
    writing.close()
    await writing.wait_closed()
    async with asyncio.timeout(10):
        while "'status': 499" not in caplog.text:
            await asyncio.sleep(0.01)  # a condition is polled, not a time waited out
    assert "request_failed" not in caplog.text
    del reading


async def test_a_sender_that_asks_first_is_told_before_it_sends(site: Site) -> None:
    command = ["curl", "--silent", "--noproxy", "*", "--expect100-timeout", "20"]
    command += ["--header", "Expect: 100-continue", "--data-binary", "@-", f"{site.url}{HOOK}"]
    command += ["--write-out", " %{http_code} %{size_upload}"]
    done = await asyncio.to_thread(
        subprocess.run, command, input=b" " * 10_000_000, capture_output=True, timeout=30
    )
    answer, status, uploaded = done.stdout.decode().rsplit(" ", 2)
    assert (json.loads(answer)["code"], status, uploaded) == ("too_large", "413", "0")


async def test_a_body_at_the_limit_is_read(site: Site) -> None:
    answer = await site.hook(b" " * (9 * 1024 * 1024))
    assert answer.json()["code"] == "malformed_json"


async def test_a_wrong_npi_is_taken_and_somebody_looks_it_up(site: Site) -> None:
    status = await site.applied(referral_event(source={"npi": "1234567890"}), "e-1")
    assert status["status"] == "applied"
    url = f"/api/v1/referrals/{status['referral_id']}"
    assert (await site.http.get(url, headers=TOKEN)).json()["card"]["open_tasks"] == 1


async def test_a_discharge_before_its_referral_is_taken_and_somebody_decides(site: Site) -> None:
    await site.applied(referral_event(), "e-1")
    early = event("discharged", at=(START - timedelta(days=3)).isoformat())
    status = await site.applied(early, "e-2")
    assert (status["status"], status["reason"]) == ("task", "needs_a_person")


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "🦵🏽", "\u202eמשה\u202c", "N" * 300, "\u0000\ud800"]
)
async def test_any_name_gets_a_202_or_a_coded_400_never_a_500(site: Site, name: str) -> None:
    content = referral_event(patient={"given_name": name, "family_name": name})
    answer = await site.hook(content, new_id("e"))
    await site.settled()
    assert answer.status_code in {202, 400}
    if answer.status_code == 202:
        status = await site.http.get(f"{HOOK}/{answer.json()['id']}", headers=TOKEN)
        assert status.json()["status"] == "applied"


async def test_the_answer_does_not_wait_for_the_engine(site: Site) -> None:
    release = asyncio.Event()
    start = site.door.engine.start_workflow

    async def slow(*given: Any, **options: Any) -> None:
        await release.wait()
        await start(*given, **options)

    site.door.engine.start_workflow = slow
    answer = await site.hook(referral_event())
    assert answer.status_code == 202, "answered while the engine hangs"
    release.set()
    await site.settled()
    assert len(site.door.engine.runs) == 2


async def test_an_engine_that_is_away_costs_nothing_but_time(site: Site) -> None:
    site.door.engine.down = True
    status = await site.applied(referral_event(), "e-1")
    assert (status["status"], status["reason"]) == ("received", "engine_unavailable")
    site.door.engine.down = False
    site.door.now += timedelta(minutes=1)
    assert await site.door.intake.dispatch_left(site.door.now) == 1
    after = (await site.http.get(f"{HOOK}/{status['id']}", headers=TOKEN)).json()
    assert after["status"] == "applied"


async def test_status_is_for_the_organization_alone(site: Site) -> None:
    accepted = (await site.hook(referral_event())).json()
    path = f"{HOOK}/{accepted['id']}"
    assert (await site.http.get(path)).json()["code"] == "bad_token"
    assert (await site.http.get(f"{HOOK}/evt_nothing", headers=TOKEN)).status_code == 404
    signed = sign(EXAMPLE_WEBHOOK_SECRET, "ask-1", site.door.now, b"")
    assert (await site.http.get(path, headers=signed)).json()["id"] == accepted["id"]
    forged = {**signed, "webhook-signature": "v1,AAAA"}
    assert (await site.http.get(path, headers=forged)).status_code == 401


async def test_nothing_about_the_patient_is_logged_or_told(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    names = {"given_name": "Sentinelle", "family_name": "Watchword", "phone": "(518) 555-0199"}
    accepted = await site.hook(referral_event(patient=names), "e-1")
    await site.settled()
    refused = await site.hook(referral_event(patient={**names, "born": "Sentinelle"}), "e-2")
    seen = caplog.text + accepted.text + refused.text
    status = await site.http.get(f"{HOOK}/{accepted.json()['id']}", headers=TOKEN)
    card = f"/api/v1/referrals/{status.json()['referral_id']}"
    seen += status.text + (await site.http.get(card, headers=TOKEN)).text
    for word in ("Sentinelle", "Watchword", "5550199", "555-0199"):
        assert word not in seen
    assert "'route': '/hooks/{org}/events', 'status': 202" in caplog.text, "by its template"


async def test_a_damaged_pdf_is_not_quoted_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page = BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(612, 792)
    writer.write(page)
    site.door.now = START + timedelta(days=70)

    async def told(torn: bytes, event_id: str) -> httpx.Response:
        document = {"pdf": base64.b64encode(torn).decode()}
        return await site.hook({**EVENTS["plan_of_care_signed"], "document": document}, event_id)

    readable = page.getvalue().replace(b"/MediaBox [", b"/MediaBox [ Sentinelle ")
    assert (await told(readable, "e-1")).status_code == 202
    hopeless = page.getvalue().replace(b"/Type /Page\n", b"/Type /Sentinelle\n")
    assert (await told(hopeless, "e-2")).json()["code"] == "not_a_pdf"
    assert "Sentinelle" not in caplog.text


async def test_our_signature_is_the_standards(site: Site) -> None:
    """Both ways against the library's own verifier, which reads the machine's clock."""
    import datetime as clock

    now = clock.datetime.now(clock.UTC)
    body = json.dumps(referral_event()).encode()
    ours = sign(EXAMPLE_WEBHOOK_SECRET, "e-1", now, body)
    assert Webhook(EXAMPLE_WEBHOOK_SECRET).verify(body, ours) == json.loads(body)
    theirs = Webhook(EXAMPLE_WEBHOOK_SECRET).sign("e-1", START, body.decode())
    headers = {**sign(EXAMPLE_WEBHOOK_SECRET, "e-1", START, body), "webhook-signature": theirs}
    assert (await site.http.post(HOOK, content=body, headers=headers)).status_code == 202


async def test_the_documented_command_moves_a_referral(wall_site: Site) -> None:
    page = PAGE.read_text(encoding="utf-8")
    script = page.split("```bash\n")[1].split("```")[0]
    done = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        env={"BASE": wall_site.url, "PATH": "/usr/bin:/bin", "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line]
    assert [answer["status"] for answer in answers] == ["received", "received"]
    await wall_site.settled()
    statuses = [wall_site.door.intake.status(ORG, answer["id"]) for answer in answers]
    assert [status.state for status in statuses] == ["applied", "applied"]
    referral_id = statuses[0].referral_id
    assert referral_id is not None
    assert wall_site.door.intake.record.card(ORG, referral_id).stage == "scheduled"
