"""The read API over real HTTP: figures, lines, pages, who may see what, as of when."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from activities.monthly import Monthly
from cli.serving import serve
from models.errors import TooMany
from models.monthly import MonthlyReport
from models.months import month_of
from models.shared_lines import IdentifiedLine, SharedLine
from reports.monthly_sample import SAMPLE
from settings import Settings, load
from store import ledger
from store.engine import Store
from store.report.behind import Which
from store.report.measures import MEASURES
from store.tables import AuditRow
from telemetry.fields import fits
from tests.doors import ORG, Door, event
from tests.web.conftest import TOKEN, Site
from web.app import create_app
from web.examples import LINES_PAGE, MEASURE
from web.report_docs import PAGE, write
from web.reports_api import Figures, without_days

API = "/api/v1"
NAMES = ("Jordan", "Sample", "5550117", "555-0117")


def bearer(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}-token-of-their-own"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    readers: list[dict[str, Any]] = [
        {"name": "east", "token": "east-token-of-their-own", "clinics": ["east"]},
        {"name": "both", "token": "both-token-of-their-own", "clinics": ["east", "west"]},
        {"name": "days", "token": "days-token-of-their-own", "identified": True},
    ]
    return load(_env_file=None, data_dir=tmp_path, report_tokens={ORG: readers})


async def referred(site: Site, *clinics: str) -> list[str]:
    """One referral each, of different patients."""
    found = []
    for number, clinic in enumerate(clinics):
        patient = {"family_name": f"Sample{number}", "born": f"1960-01-{number + 1:02d}"}
        found.append(await site.door.refer(external=f"R-{number}", clinic=clinic, patient=patient))
    return found


def month(site: Site) -> str:
    return month_of(
        site.door.tenants.calendar(ORG, site.door.now, "east").local_date(site.door.now)
    )


async def read(site: Site, path: str, headers: dict[str, str] = TOKEN, **asked: Any) -> Any:
    answer = await site.http.get(f"{API}{path}", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_the_report_is_the_one_the_desk_shows(site: Site) -> None:
    await referred(site, "east", "west")
    here = f"/reports/all/{month(site)}"
    answer = await read(site, here, bearer("days"))
    told = MonthlyReport.model_validate_json(answer.content)
    monthly = Monthly(site.door.store, site.door.tenants)
    assert told == monthly.report(ORG, "*", month(site), now=site.door.now)
    plain = MonthlyReport.model_validate_json((await read(site, here)).content)
    assert [one.last_on for one in plain.sources] == [None]
    assert (plain.figures, plain.sources[0].received) == (told.figures, 2)
    assert (told.preliminary, answer.headers["x-as-of"]) == (True, told.as_of.isoformat())
    seen = [(one.who, one.subject) for one in site.door.rows(AuditRow) if one.what == "viewed"]
    assert seen == [("token:days", f"report:all:{month(site)}")]  # the other one held no day
    table = rows(await read(site, f"{here}.csv"))
    (received,) = [
        one for one in table if (one["figure"], one["month"]) == ("received", month(site))
    ]
    assert received["n"] == "2"
    by_source = rows(await read(site, here, {**TOKEN, "accept": "text/csv"}, table="sources"))
    assert [one["received"] for one in by_source] == ["2"]


def test_a_report_without_days_has_none_and_nothing_that_counts_from_one() -> None:
    assert SAMPLE.silent
    assert SAMPLE.returned
    text = without_days(SAMPLE).model_dump_json()
    assert re.findall(r"\d{4}-\d{2}-\d{2}", text) == [f"{SAMPLE.as_of:%Y-%m-%d}"]
    assert "days ago" not in text


async def test_a_token_that_never_pauses_waits(site: Site, settings: Settings) -> None:
    often, door = 3, site.door
    figures = Figures(settings, door.intake, door.store, lambda: door.now, often)

    def ask(name: str) -> str:
        headers = [(b"authorization", bearer(name)["authorization"].encode())]
        return figures.reader(Request({"type": "http", "headers": headers})).name

    for _ in range(often):
        ask("east")
    with pytest.raises(TooMany, match=r"3 answers in fifteen minutes\. Read on in 15 minutes"):
        ask("east")
    assert ask("days") == "days"  # each has its own
    site.door.now += timedelta(minutes=16)
    assert ask("east") == "east"


@pytest.mark.parametrize("kind", ["past_patient", "self"])
async def test_a_source_that_is_a_patient_is_not_named(site: Site, kind: str) -> None:
    source = {"kind": kind, "name": "Robin Hidden", "npi": None, "practice": None, "fax": None}
    await site.door.refer(clinic="east", source=source)
    for name in ("east", "days"):
        answer = await read(site, f"/reports/east/{month(site)}", bearer(name))
        assert "Hidden" not in answer.text
        (line,) = answer.json()["sources"]
        assert line["kind"] == kind


async def test_every_measure_is_listed_and_opens(site: Site) -> None:
    referral, _ = await referred(site, "east", "west")
    listed = (await read(site, "/measures")).json()
    assert [one["name"] for one in listed] == list(MEASURES)
    assert set(listed[0]) == set(MEASURE)
    assert len(rows(await read(site, "/measures.csv"))) == len(MEASURES)
    for name in MEASURES:
        for which in Which:
            await read(site, f"/measures/{name}/referrals", month=month(site), which=which)
    asked = {"month": month(site), "scope": "east"}
    page = (await read(site, "/measures/received/referrals", bearer("days"), **asked)).json()
    assert [one["referral_id"] for one in page["lines"]] == [referral]
    assert page["measure"] == "received"


async def test_a_line_has_no_day_and_no_id_unless_the_token_says_so(site: Site) -> None:
    referrals = await referred(site, "east", "west")
    told = (await read(site, "/lines", month=month(site))).json()
    assert [set(one) for one in told["lines"]] == [set(SharedLine.model_fields)] * 2
    assert set(LINES_PAGE) == set(told)
    assert set(LINES_PAGE["lines"][0]) == set(SharedLine.model_fields)
    lines = json.dumps(told["lines"])
    assert not any(word in lines for word in (*referrals, *NAMES, "2026-01-05"))
    whole = (await read(site, "/lines", bearer("days"), month=month(site))).json()
    assert {one["referral_id"] for one in whole["lines"]} == set(referrals)
    assert [set(one) for one in whole["lines"]] == [set(IdentifiedLine.model_fields)] * 2
    # the same pseudonym in every answer, whoever asks
    assert [one["referral"] for one in whole["lines"]] == [one["referral"] for one in told["lines"]]
    seen = [(one.who, one.what, one.subject) for one in site.door.rows(AuditRow)]
    assert ("token:days", "viewed", f"lines:all:{month(site)}") in seen
    assert not any(who == "token:api" for who, _, _ in seen)


async def test_pages_hold_every_line_once(site: Site) -> None:
    await referred(site, *["east", "west"] * 3, "east")
    whole = (await read(site, "/lines", month=month(site))).json()
    assert (len(whole["lines"]), whole["next"]) == (7, None)
    found: list[str] = []
    asked: dict[str, Any] = {"month": month(site), "limit": 3}
    sizes = []
    while True:
        answer = await read(site, "/lines", **asked)
        page = answer.json()
        sizes.append(len(page["lines"]))
        found += [one["referral"] for one in page["lines"]]
        if page["next"] is None:
            assert "link" not in answer.headers
            break
        assert page["next"] in answer.headers["link"]
        asked["after"] = page["next"]
        # what is read on is counted as of the first page
        site.door.now += timedelta(minutes=5)
        assert page["as_of"] == whole["as_of"]
    assert sizes == [3, 3, 1]
    assert found == [one["referral"] for one in whole["lines"]]
    linked = await read(site, "/lines.csv", month=month(site), limit=3)
    path = linked.headers["link"].split(">")[0].strip("<")
    more = await site.http.get(path, headers=TOKEN)
    assert [one["referral"] for one in rows(linked) + rows(more)] == found[:6]


async def test_a_cursor_fits_its_own_question_only(site: Site) -> None:
    await referred(site, "east", "east")
    asked: dict[str, Any] = {"month": month(site), "limit": 1}
    cursor = (await read(site, "/lines", **asked)).json()["next"]
    assert "ref_" not in cursor
    for path, told in (
        ("/lines", {**asked, "after": cursor, "scope": "east"}),
        ("/lines", {**asked, "after": cursor[:-4] + "AAAA"}),
        ("/lines", {**asked, "after": "ref_1"}),
        ("/lines", {**asked, "after": "\u00e9"}),
        ("/measures/received/referrals", {**asked, "after": cursor}),
    ):
        answer = await site.http.get(f"{API}{path}", params=told, headers=TOKEN)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor"), told


async def test_a_token_of_one_clinic_reads_that_one(site: Site) -> None:
    await referred(site, "east", "west")
    mine = (await read(site, "/lines", bearer("east"), month=month(site), scope="east")).json()
    assert [one["clinic_id"] for one in mine["lines"]] == ["east"]
    await read(site, f"/reports/east/{month(site)}", bearer("east"))
    for path, asked in (
        ("/lines", {"month": month(site)}),
        ("/lines", {"month": month(site), "scope": "west"}),
        (f"/reports/all/{month(site)}", {}),
        (f"/reports/west/{month(site)}.csv", {}),
        ("/measures/received/referrals", {"month": month(site), "scope": "west"}),
    ):
        answer = await site.http.get(f"{API}{path}", params=asked, headers=bearer("east"))
        assert (answer.status_code, answer.json()["code"]) == (403, "not_your_clinic"), path


async def test_a_token_of_all_clinics_there_are_reads_none_that_has_left(site: Site) -> None:
    (referral,) = await referred(site, "west")
    asked = {"month": month(site)}
    await read(site, "/lines", bearer("both"), **asked)
    with site.door.store.write() as session:
        for line in ledger.lines_of(session, referral):
            line.clinic_id = "gone"
    for path in ("/lines", "/measures/received/referrals"):
        answer = await site.http.get(f"{API}{path}", params=asked, headers=bearer("both"))
        assert (answer.status_code, answer.json()["code"]) == (403, "not_your_clinic")


async def test_a_token_for_figures_does_nothing_else(site: Site) -> None:
    (referral,) = await referred(site, "east")
    for path in (f"/referrals/{referral}", "/tasks"):
        assert (await site.http.get(API + path, headers=bearer("days"))).status_code == 401
    for path in ("/lines", "/measures", "/reports/all/2026-01", "/measures/received/referrals"):
        answer = await site.http.get(f"{API}{path}", params={"month": "2026-01"})
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")


@pytest.mark.parametrize(
    ("path", "asked", "status", "code"),
    [
        ("/reports/all/report.json", {}, 400, "no_month"),
        ("/reports/all/2026-01-31.csv", {}, 400, "no_month"),
        ("/lines.csv", {"month": "January 2026"}, 400, "no_month"),
        ("/measures/received/referrals", {"month": "2026-001"}, 400, "no_month"),
        ("/measures/received/referrals.csv", {"month": ""}, 400, "no_month"),
        (f"/reports/{'moon' * 20}/2026-01", {}, 404, "no_clinic"),
        (f"/measures/{'luck' * 20}/referrals", {"month": "2026-01"}, 404, "no_figure"),
        ("/lines", {"month": "2026-01", "after": "x" * 500}, 400, "bad_cursor"),
        ("/lines", {"month": "2026-13"}, 400, "no_month"),
        ("/lines", {"month": "2099-01"}, 404, "month_ahead"),
        ("/lines", {"month": "2026-01", "scope": "moon"}, 404, "no_clinic"),
        ("/lines", {"month": "2026-01", "limit": 0}, 422, "invalid_request"),
        ("/lines", {"month": "2026-01", "limit": 5000}, 422, "invalid_request"),
        ("/lines", {}, 422, "invalid_request"),
        ("/measures/luck/referrals", {"month": "2026-01"}, 404, "no_figure"),
        (
            "/measures/received/referrals",
            {"month": "2026-01", "which": "x"},
            422,
            "invalid_request",
        ),
        ("/reports/moon/2026-01", {}, 404, "no_clinic"),
        ("/reports/all/yesterday", {}, 400, "no_month"),
        ("/reports/all/2026-1", {}, 400, "no_month"),
    ],
)
async def test_what_cannot_be_answered_says_why(
    site: Site, path: str, asked: dict[str, Any], status: int, code: str
) -> None:
    answer = await site.http.get(API + path, params=asked, headers=TOKEN)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("asked", "field", "sentence"),
    [
        ({"limit": "5000"}, "limit", "limit is at most 1,000."),
        ({"limit": "0"}, "limit", "limit is at least 1."),
        ({"limit": "all"}, "limit", "limit is a whole number."),
        ({"which": "x"}, "which", "which is one of counted, others, open or all."),
        ({"source": "a b"}, "source", "source has characters that do not belong there."),
        ({"source": "a" * 101}, "source", "source has at most 100 characters."),
        ({"month": None}, "month", "month is missing."),
        ({"table": "x"}, "table", "table is one of figures or sources."),
    ],
)
async def test_a_parameter_that_does_not_fit_is_told_in_our_words(
    site: Site, asked: dict[str, str | None], field: str, sentence: str
) -> None:
    path = "/reports/all/2026-01" if "table" in asked else "/measures/received/referrals"
    told = {name: value for name, value in {"month": "2026-01", **asked}.items() if value}
    answer = await site.http.get(API + path, params=told, headers=TOKEN)
    said = answer.json()
    assert (answer.status_code, said["field"], said["message"]) == (422, field, sentence)


async def test_csv_says_what_json_says_in_the_same_words(site: Site) -> None:
    await referred(site, "east")
    for path in ("/lines", "/measures"):
        told = (await read(site, path, bearer("days"), month=month(site))).json()
        (line, *_) = told["lines"] if path == "/lines" else told
        (row, *_) = rows(await read(site, f"{path}.csv", bearer("days"), month=month(site)))
        for name, value in line.items():
            as_json = (
                "" if value is None else value if isinstance(value, str) else json.dumps(value)
            )
            assert row[name].removeprefix("'") == as_json, name


async def test_a_month_without_anything_is_empty_and_no_error(site: Site) -> None:
    told = (await read(site, "/lines", month="2025-03")).json()
    assert (told["lines"], told["next"]) == ([], None)
    assert rows(await read(site, "/lines.csv", month="2025-03")) == []
    report = (await read(site, "/reports/all/2025-03")).json()
    assert report["figures"]


async def test_a_closed_month_stays_as_it_was_closed(site: Site) -> None:
    referral, _ = await referred(site, "east", "west")
    closing = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)
    site.door.now = closing
    ledger.close(site.door.store, ORG, "east", "2026-01", at=closing, by="drew")
    asked = {"month": "2026-01", "scope": "east"}
    before = (await read(site, "/lines", bearer("days"), **asked)).json()
    assert (before["preliminary"], before["lines"][0]["evaluated_month"]) == (False, None)
    site.door.now += timedelta(days=20)
    await site.door.tell(
        event(
            "evaluation_completed",
            at="2026-01-20T15:00:00Z",
            referral={"external": {"assigner": "example-emr", "value": "R-0"}},
        )
    )
    with site.door.store.read() as session:
        now_known = ledger.lines_of(session, referral)[-1]
    assert now_known.evaluated_month == "2026-01"  # the record knows, the closed month does not
    after = (await read(site, "/lines", bearer("days"), **asked)).json()
    assert after == before
    assert after["as_of"] == "2026-02-03T12:00:00Z"


async def test_the_pseudonym_is_kept_by_each_process_and_lost_by_none(
    site: Site, settings: Settings, store: Store
) -> None:
    await referred(site, "east")
    (first,) = (await read(site, "/lines", month=month(site))).json()["lines"]
    door = Door(store)
    app = create_app(settings, door.intake, store, lambda: door.now)
    async with (
        serve(app, settings, port=0) as url,
        httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http,
    ):
        again = await http.get(f"{API}/lines", params={"month": month(site)}, headers=TOKEN)
    assert [one["referral"] for one in again.json()["lines"]] == [first["referral"]]


async def test_the_openapi_page_has_the_answers_with_examples(site: Site) -> None:
    page = (await site.http.get("/openapi.json")).json()
    assert not [one for one in page["components"]["schemas"] if "Validation" in one]  # all are ours
    for path in (
        "/reports/{scope}/{month}",
        "/measures",
        "/measures/{name}/referrals",
        "/lines",
    ):
        route = page["paths"][API + path]["get"]
        content = route["responses"]["200"]["content"]
        assert content["application/json"]["schema"], path
        assert content["application/json"]["example"], path
        assert content["text/csv"]["example"], path
        assert route["security"] == [{"token": []}]
    line = page["components"]["schemas"]["SharedLine"]["properties"]
    assert all(field["description"] for field in line.values())


def test_the_log_may_name_each_of_these_routes() -> None:
    for route in ("/api/v1/reports/{scope}/{month}.csv", "/api/v1/measures/{name}/referrals.csv"):
        assert fits("route", route)


def test_every_code_of_these_routes_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    root = PAGE.parent.parent.parent
    for name in ("reports_api.py", "cursors.py", "auth.py"):
        for code in re.findall(r"""code=["']([a-z_]+)["']""", (root / "web" / name).read_text()):
            assert f"| `{code}` |" in page, code


def test_the_tables_of_the_page_are_those_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert write(page) == page, "stale: run python -m web.report_docs"
