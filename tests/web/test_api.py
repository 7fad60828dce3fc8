"""The API, health and the OpenAPI page over real HTTP."""

from __future__ import annotations

import copy
import logging
import re
from typing import Any

import pytest

from integrations.emr.events import TYPES
from models.errors import Refused, StoreUnavailable
from models.facts import DECISIONS
from tests.doors import event
from tests.web.conftest import TOKEN, Site
from web.examples import DECISION, EVENTS, NEW_REFERRAL

REFERRALS = "/api/v1/referrals"


async def refer(site: Site, key: str | None = None, **changes: Any) -> Any:
    headers = {**TOKEN, **({"idempotency-key": key} if key else {})}
    content = {**copy.deepcopy(NEW_REFERRAL), **changes}
    return await site.http.post(REFERRALS, json=content, headers=headers)


async def referral_of(site: Site, answer: Any) -> str:
    await site.settled()
    status = site.door.intake.status("riverside", answer.json()["id"])
    assert status.referral_id is not None
    return status.referral_id


async def test_a_referral_by_the_api_is_seen_on_its_card_and_timeline(site: Site) -> None:
    answer = await refer(site)
    assert answer.status_code == 202
    referral_id = await referral_of(site, answer)
    view = (await site.http.get(f"{REFERRALS}/{referral_id}", headers=TOKEN)).json()
    assert view["card"]["stage"] == "received"
    assert view["card"]["next_says"]
    assert [one["kind"] for one in view["timeline"]] == ["referral_received"]
    assert site.door.referral(referral_id).received.origin == "api"


async def test_an_idempotency_key_makes_two_requests_one(site: Site) -> None:
    first, again = await refer(site, "key-1"), await refer(site, "key-1")
    assert first.json()["id"] == again.json()["id"]
    other = await refer(site, "key-1", urgency="urgent")
    assert (other.status_code, other.json()["code"]) == (409, "event_id_reused")
    assert other.json()["field"] == "Idempotency-Key"
    long = await refer(site, "k" * 101)
    assert (long.status_code, long.json()["code"]) == (400, "bad_event_id")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer nobody", "Basic x"])
async def test_without_a_token_nothing_is_shown_or_taken(site: Site, header: str | None) -> None:
    headers = {"authorization": header} if header is not None else {}
    for answer in (
        await site.http.post(REFERRALS, json=NEW_REFERRAL, headers=headers),
        await site.http.get(f"{REFERRALS}/ref_1", headers=headers),
        await site.http.post(f"{REFERRALS}/ref_1/decisions", json=DECISION, headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_mistake_names_the_field_as_it_was_sent(site: Site) -> None:
    patient = {**NEW_REFERRAL["patient"], "born": "3000-01-01"}
    answer = await refer(site, patient=patient)
    assert answer.status_code == 400
    assert answer.json()["field"] == "patient.born"


async def test_a_decision_is_taken_refused_or_pending(site: Site) -> None:
    referral_id = await referral_of(site, await refer(site))
    path = f"{REFERRALS}/{referral_id}/decisions"
    done = await site.http.post(path, json=DECISION, headers=TOKEN)
    assert (done.status_code, done.json()) == (200, {"state": "done", "version": "v1"})
    ((_, fact, _),) = site.door.engine.updates
    assert (fact.by, fact.at) == ("dana", site.door.now)

    def refuse(_: Any) -> str:
        raise Refused("Somebody else changed this referral since you opened it.", code="stale")

    site.door.engine.answer = refuse
    refused = await site.http.post(path, json=DECISION, headers=TOKEN)
    assert (refused.status_code, refused.json()["code"]) == (409, "stale")
    site.door.engine.down = True
    away = await site.http.post(path, json=DECISION, headers=TOKEN)
    assert (away.status_code, away.json()["code"]) == (503, "engine_unavailable")
    assert away.headers["retry-after"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "evaluation_completed"}, "invalid_decision"),
        ({"outcome": "maybe"}, "invalid_decision"),
        ({"note": "x"}, "invalid_decision"),
        ({"at": "3000-01-01T00:00:00Z"}, "impossible_date"),
        ({"at": "9999-12-31T23:59:59-14:00"}, "impossible_date"),
        ({"by": "nobody"}, "unknown_staff"),
        ({"by": "system"}, "unknown_staff"),
    ],
)
async def test_a_decision_that_is_none_is_a_coded_400(
    site: Site, changes: dict[str, Any], code: str
) -> None:
    referral_id = await referral_of(site, await refer(site))
    path = f"{REFERRALS}/{referral_id}/decisions"
    answer = await site.http.post(path, json={**DECISION, **changes}, headers=TOKEN)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_a_hold_needs_somebody_and_an_end(site: Site) -> None:
    referral_id = await referral_of(site, await refer(site))
    path = f"{REFERRALS}/{referral_id}/decisions"
    hold = {
        "kind": "hold_placed",
        "by": "dana",
        "hold_id": "H-1",
        "reason": "patient_away",
        "owner": "front_desk",
        "next_check": "2026-01-12T15:00:00Z",
        "limit": "2026-02-02T15:00:00Z",
    }
    for field in ("owner", "next_check", "limit", "reason"):
        less = {name: value for name, value in hold.items() if name != field}
        answer = await site.http.post(path, json=less, headers=TOKEN)
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert (await site.http.post(path, json=hold, headers=TOKEN)).status_code == 200


async def test_what_is_not_there_is_404_in_the_one_shape(site: Site) -> None:
    for answer in (
        await site.http.get("/nowhere"),
        await site.http.get(f"{REFERRALS}/ref_none", headers=TOKEN),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    wrong = await site.http.delete("/healthz")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET"


async def test_a_bug_is_a_500_in_the_one_shape_and_quiet(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("Jordan Sample")

    monkeypatch.setattr(site.door.intake.record, "card", broken)
    answer = await site.http.get(f"{REFERRALS}/ref_1", headers=TOKEN)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.json()["request_id"] in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "Jordan" not in caplog.text + answer.text


async def test_every_answer_carries_safe_headers_and_the_senders_request_id(site: Site) -> None:
    given = "0192d2aa-1b2c-4d3e-8f90-0192d2aa1b2c"
    answer = await site.http.get("/healthz", headers={"x-request-id": given})
    assert answer.headers["x-request-id"] == given
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "server" not in answer.headers


@pytest.mark.parametrize("given", ["<b>x</b> evil", "Jordan-Placeholder", "1961-01-04-5185550151"])
async def test_a_request_id_that_could_be_somebody_is_not_taken_over(
    site: Site, given: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = await site.http.get("/healthz", headers={"x-request-id": given})
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])
    assert answer.headers["x-request-id"] in caplog.text
    assert given not in caplog.text


async def test_ready_means_that_events_can_be_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await site.http.get("/healthz")).json() == {"status": "ok"}
    everything = {"status": "ok", "store": "ok", "engine": "ok", "worker": "ok"}
    assert (await site.http.get("/readyz")).json() == everything
    site.door.engine.worker = False
    without = await site.http.get("/readyz")
    assert without.json() == {**everything, "status": "degraded", "worker": "not_seen"}
    site.door.engine.down = True
    alone = await site.http.get("/readyz")
    assert (alone.status_code, alone.json()["engine"]) == (200, "unreachable")

    def away() -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(site.door.store, "ping", away)
    unready = await site.http.get("/readyz")
    assert (unready.status_code, unready.json()["store"]) == (503, "unreachable")


async def test_the_openapi_page_shows_every_event_and_decision(site: Site) -> None:
    page = (await site.http.get("/openapi.json")).json()
    body = page["paths"]["/hooks/{org}/events"]["post"]["requestBody"]["content"]
    examples = body["application/json"]["examples"]
    assert set(examples) == set(TYPES)
    schemas = page["components"]["schemas"]
    for wanted in ("Event", "NewReferral", "PatientIn", "Problem"):
        assert wanted in schemas
    assert {cls.__name__ for cls in DECISIONS.values()} <= set(schemas)
    for reference in _references(page):
        assert reference.removeprefix("#/components/schemas/") in schemas, reference
    post = page["paths"]["/hooks/{org}/events"]["post"]
    assert {"400", "401", "404", "409", "413"} <= set(post["responses"])


async def test_every_example_is_taken(site: Site) -> None:
    for number, kind in enumerate(EVENTS):
        if kind not in {"patient_died", "referral_withdrawn"}:
            site.door.now = max(site.door.now, site.door.now.fromisoformat(EVENTS[kind]["at"]))
            status = await site.applied(event(kind), f"e-{number}")
            assert status["status"] == "applied", (kind, status)


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in _references(value)]
    if isinstance(node, list):
        return [found for value in node for found in _references(value)]
    return []
