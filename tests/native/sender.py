"""An EMR that sends signed events, and sends them again when it is asked to come back later."""

from __future__ import annotations

import copy
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from integrations.emr.signature import sign
from tests.native.topology import ORG, Topology
from web.examples import NEW_REFERRAL, PLAN_FIELDS

PATIENCE = 1.0  # seconds; a real sender waits as long as Retry-After says
AREAS = ("518", "212", "315", "607", "716", "845", "914", "585", "631", "646")
Event = tuple[str, dict[str, Any]]


@dataclass
class Told:
    """What became of what was sent."""

    accepted: dict[str, str] = field(default_factory=dict)  # status address by event id
    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Sender:
    """Sends each event until it is taken; safe to use from several threads."""

    def __init__(self, topology: Topology) -> None:
        secrets = json.loads(topology.place.secret("webhook_secrets"))
        self._secret = secrets[ORG][0]
        self._http = topology.http()
        self._lock = threading.Lock()
        self.told = Told()

    def close(self) -> None:
        """Give its connections back."""
        self._http.close()

    def tell(self, event_id: str, body: dict[str, Any]) -> None:
        """Send one event; come back after each clear 503, until it got its 202."""
        raw = json.dumps(body).encode()
        while True:
            headers = sign(self._secret, event_id, datetime.now(UTC), raw)
            try:
                answer = self._http.post(f"/hooks/{ORG}/events", content=raw, headers=headers)
            except httpx.TransportError as error:
                self._note(-1, f"{event_id}: no answer ({type(error).__name__})")
                time.sleep(PATIENCE)
                continue
            clear = answer.status_code == 503 and answer.headers.get("Retry-After", "").isdigit()
            if answer.status_code == 202:
                self._note(202)
                with self._lock:
                    self.told.accepted[event_id] = answer.json()["status_url"]
                return
            self._note(answer.status_code, "" if clear else f"{event_id}: {answer.text[:200]}")
            time.sleep(min(PATIENCE, float(answer.headers.get("Retry-After", 1))))

    def _note(self, status: int, wrong: str = "") -> None:
        with self._lock:
            self.told.answers[status] += 1
            if wrong:
                self.told.wrong.append(wrong)


def referral(number: int) -> Iterator[Event]:
    """One referral's events of today, in order; every fifth comes twice, and so does its plan.

    Half of the sources want mail, the others fax. Nobody here exists.
    """
    now = datetime.now(UTC)
    own = f"N-{number}"
    about = {"external": {"assigner": "example-emr", "value": own}}
    source = number % 30

    def event(kind: str, ago: float, **data: Any) -> dict[str, Any]:
        at = (now - timedelta(minutes=ago)).isoformat()
        return {"type": kind, "at": at, "referral": about, "data": data}

    data = copy.deepcopy(NEW_REFERRAL)
    data["external"] = about["external"]
    data["patient"] |= {
        "family_name": f"Sample{chr(97 + number // 26 % 26)}{chr(97 + number % 26)}",
        "born": f"{1940 + number % 60}-0{1 + number % 9}-{10 + number % 18}",
        "phone": f"({AREAS[number // 100 % 10]}) 555-01{number % 100:02}",
    }
    data["source"] |= {
        "npi": npi(source),
        "name": f"Ana Specimen{chr(97 + source)}",
        "practice": f"Example Practice {source}",
        "fax": f"(518) 555-01{source:02}",
        "email": f"office{source}@example.org",
        "prefers": "email" if source % 2 else "fax",
    }
    received = {"type": "referral_received", "at": event("", 60)["at"], "data": data}
    yield f"{own}-received", received
    if number % 5 == 0:
        yield f"{own}-received", received
    start = (now + timedelta(days=3)).isoformat()
    booking = {"appointment_id": f"A-{number}", "starts_at": start, "purpose": "evaluation"}
    yield f"{own}-booked", event("appointment_booked", 50, **booking)
    day = (now - timedelta(minutes=20)).date().isoformat()
    yield f"{own}-evaluated", event("evaluation_completed", 20, day=day)
    plan = {
        **event("plan_of_care_signed", 10, by="therapist", version=1),
        "document": {"fields": PLAN_FIELDS},
    }
    yield f"{own}-plan", plan
    if number % 5 == 0:
        yield f"{own}-plan", plan
    yield f"{own}-visit", event("visit_completed", 5, visit_id=f"V-{number}", day=day)


def npi(number: int) -> str:
    """A made-up provider number that passes its own check digit."""
    digits = f"1{number:08}"
    total = 24  # of the prefix 80840 that stands before every number
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return f"{digits}{-total % 10}"


class Load:
    """Referrals sent one after the other by several threads, until all are told."""

    def __init__(self, sender: Sender, referrals: range, threads: int = 3) -> None:
        self.done = 0
        self._sender = sender
        self._numbers = iter(referrals)
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work) for _ in range(threads)]

    def begin(self) -> None:
        """Start sending."""
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Until everything is told."""
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                return
            for event_id, body in referral(number):
                self._sender.tell(event_id, body)
            with self._lock:
                self.done += 1


PROBES = itertools.count(9000)  # referrals beside the load, sent to see how long it takes
