"""Free Slots read over HTTP from a small server that speaks the FHIR search for them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.emr.fhir_slots import FhirSlots
from integrations.emr.slot_file import FreeTime
from models.errors import ChannelError, Verdict

FIRST = datetime(2026, 1, 5, 15, tzinfo=UTC)
LAST = FIRST + timedelta(days=14)
PAGE = 2


def slot(name: str, hours: float, minutes: int = 60, **changes: Any) -> dict[str, Any]:
    starts = FIRST + timedelta(hours=hours)
    told = {
        "resourceType": "Slot",
        "id": name,
        "schedule": {"reference": "Schedule/123"},
        "status": "free",
        "start": starts.isoformat(),
        "end": (starts + timedelta(minutes=minutes)).isoformat(),
    }
    return {"resource": told | changes}


class Fhir(ThreadingHTTPServer):
    """Slots of one Schedule, in pages; remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.slots: list[Any] = []
        self.asked: list[dict[str, list[str]]] = []
        self.status = 200
        self.next_at = ""
        self.whole: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/fhir"

    def bundle(self, query: dict[str, list[str]]) -> Any:
        if self.whole is not None:
            return self.whole
        at = int(query.get("_page", ["0"])[0])
        links = [{"relation": "self", "url": f"{self.url}/Slot"}]
        if at + PAGE < len(self.slots):
            following = f"{self.next_at or self.url}/Slot?_page={at + PAGE}"
            links.append({"relation": "next", "url": following})
        found = self.slots[at : at + PAGE]
        return {"resourceType": "Bundle", "type": "searchset", "link": links, "entry": found}


class Handler(BaseHTTPRequestHandler):
    server: Fhir

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        self.server.asked.append(query | {"path": [parts.path]})
        allowed = self.headers["authorization"] == "Bearer secret"
        status = self.server.status if allowed else 401
        body = json.dumps(self.server.bundle(query) if status == 200 else {}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def fhir() -> Iterator[Fhir]:
    server = Fhir()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def read(fhir: Fhir, token: str = "secret") -> list[FreeTime]:
    return FhirSlots(fhir.url, token).free("east", "Schedule/123", FIRST, LAST)


def test_free_slots_are_read_page_after_page(fhir: Fhir) -> None:
    fhir.slots = [slot("c", 30), slot("a", 24), slot("b", 25, minutes=45)]
    found = read(fhir)
    assert [(one.external, one.minutes) for one in found] == [("a", 60), ("b", 45), ("c", 60)]
    assert found[0].starts_at == FIRST + timedelta(hours=24)
    assert len(fhir.asked) == 2
    first = fhir.asked[0]
    assert first["path"] == ["/fhir/Slot"]
    assert (first["schedule"], first["status"]) == (["Schedule/123"], ["free"])
    assert first["start"] == ["ge2026-01-05T15:00:00Z", "lt2026-01-19T15:00:00Z"]


def test_what_is_no_free_time_is_left_out(fhir: Fhir) -> None:
    fhir.slots = [
        slot("busy", 24, status="busy"),
        slot("past", -1),
        slot("far", 24 * 30),
        slot("allday", 24, minutes=24 * 60),
        slot("naive", 24, start="2026-01-06T10:00:00"),
        slot("never", 24, start="soon"),
        {"resource": {"resourceType": "OperationOutcome"}},
        "nonsense",
        slot("x" * 200, 24),
        slot("good", 24),
    ]
    assert [one.external for one in read(fhir)] == ["good"]


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        (503, "fhir_unreachable", Verdict.LATER),
        (429, "fhir_unreachable", Verdict.LATER),
        (404, "fhir_refused", Verdict.FIX),
    ],
)
def test_a_server_that_does_not_answer_is_told_apart(
    fhir: Fhir, status: int, code: str, verdict: Verdict
) -> None:
    fhir.status = status
    with pytest.raises(ChannelError) as error:
        read(fhir)
    assert (error.value.code, error.value.verdict) == (code, verdict)


def test_a_wrong_token_is_ours_to_mend(fhir: Fhir) -> None:
    with pytest.raises(ChannelError) as error:
        read(fhir, "wrong")
    assert (error.value.code, error.value.verdict) == ("fhir_refused", Verdict.FIX)


def test_our_token_never_goes_to_another_address(fhir: Fhir) -> None:
    fhir.slots = [slot(str(number), 24 + number) for number in range(5)]
    fhir.next_at = "http://127.0.0.1:9/elsewhere"
    with pytest.raises(ChannelError) as error:
        read(fhir)
    assert error.value.code == "fhir_unreadable"
    assert len(fhir.asked) == 1


@pytest.mark.parametrize("whole", [{}, [], {"resourceType": "Patient"}])
def test_something_else_than_a_bundle_is_unreadable(fhir: Fhir, whole: Any) -> None:
    fhir.whole = whole
    with pytest.raises(ChannelError) as error:
        read(fhir)
    assert error.value.code == "fhir_unreadable"


def test_a_list_without_an_end_has_one(fhir: Fhir) -> None:
    again = {"relation": "next", "url": f"{fhir.url}/Slot?_page=1"}
    fhir.whole = {"resourceType": "Bundle", "link": [again]}
    with pytest.raises(ChannelError) as error:
        read(fhir)
    assert "has no end" in error.value.sentence


def test_nobody_at_home_is_later() -> None:
    with pytest.raises(ChannelError) as error:
        FhirSlots("http://127.0.0.1:9/fhir").free("east", "Schedule/1", FIRST, LAST)
    assert error.value.code == "fhir_unreachable"
