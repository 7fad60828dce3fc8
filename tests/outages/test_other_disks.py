"""No room where messages are put, or where logs go: a person is told, and the work goes on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from cli.serving import free_port
from integrations.crm.filebox import Filebox
from models.contracts import Parcel
from models.errors import ChannelError, Verdict
from models.facts import MessageSent, TaskOpened
from models.kinds import Kind
from models.roles import Role
from store.engine import Store
from tests.activities.office import MONDAY, Office
from tests.outages.parts import Filled, Outage, Quota, small_disk

ROOT = Path(__file__).parents[2]
HOUR = timedelta(hours=1)


class Room(NamedTuple):
    """Where messages are put, and what takes the room away."""

    folder: Path
    outage: Outage


@pytest.fixture(params=["quota", "disk full"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    if request.param == "disk full":
        with small_disk(tmp_path) as place:
            yield Room(place, Filled(place))
        return
    quota = Quota()
    try:
        yield Room(tmp_path / "outbox", quota)
    finally:
        quota.heal()


def test_a_fax_without_room_waits_with_a_task_and_leaves_once(
    store: Store, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(store, room.folder)
    office.receive()
    send = office.fax.inner.send

    def without_room(parcel: Parcel) -> object:
        room.outage.strike()  # the record lies elsewhere and has room
        try:
            return send(parcel)
        finally:
            if isinstance(room.outage, Quota):
                room.outage.heal()

    monkeypatch.setattr(office.fax.inner, "send", without_room)
    held = office.send(Kind.THANK_YOU, "source")
    monkeypatch.undo()
    [task] = [one for one in held.learned if isinstance(one, TaskOpened)]
    assert (task.role, held.held_until is not None) == (Role.ADMIN, True)
    assert list((room.folder / "fax").glob("*")) == [], "neither a letter nor half of one"
    room.outage.heal()
    for _ in range(2):
        learned = office.send(Kind.THANK_YOU, "source", at=MONDAY + HOUR).learned
    assert len([one for one in learned if isinstance(one, MessageSent)]) == 1
    assert len(list((room.folder / "fax").glob("*.pdf"))) == 1
    assert (len(office.fax.accepted), office.duplicates()) == (1, 0)


def test_what_is_said_of_it_names_the_cure(room: Room) -> None:
    office_line = '{"note": "' + "x" * 8000 + '"}'
    box = Filebox(room.folder / "crm")
    line = Parcel(reference="rl_1", channel="crm", to="riverside", body=office_line)
    room.outage.strike()
    with pytest.raises(ChannelError, match="make room on its disk") as told:
        box.send(line)
    assert told.value.verdict is Verdict.FIX
    room.outage.heal()
    box.send(line)
    box.send(line)
    whole = (room.folder / "crm" / "riverside.jsonl").read_text().splitlines()
    assert sum('"reference": "rl_1"' in one and one.endswith("}") for one in whole) == 1


@pytest.mark.slow
def test_a_web_process_whose_log_is_full_goes_on_and_counts_the_lines(tmp_path: Path) -> None:
    port, metrics = free_port(), free_port()
    environment = {
        **os.environ,
        "REFERRAL_LOOP_DATA_DIR": str(tmp_path),
        "REFERRAL_LOOP_HTTP_PORT": str(port),
        "REFERRAL_LOOP_METRICS_PORT": str(metrics),
        "TEMPORAL_ADDRESS": "127.0.0.1:1",  # away, which a web process may be without
    }
    with open("/dev/full", "wb") as full:
        web = subprocess.Popen(
            [sys.executable, "starter.py", "web"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=full,
        )
        try:
            with httpx.Client(trust_env=False, timeout=20) as http:
                wait_for(http, f"http://127.0.0.1:{port}/healthz", web)
                for _ in range(3):
                    assert http.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
                told = http.get(f"http://127.0.0.1:{metrics}/metrics").text
            lost = re.search(r"^referral_loop_log_lines_lost_total (\S+)", told, re.MULTILINE)
            assert lost is not None
            assert float(lost[1]) >= 3
            assert web.poll() is None
        finally:
            web.terminate()
            assert web.wait(timeout=30) == 0


def wait_for(http: httpx.Client, url: str, process: subprocess.Popen[bytes]) -> None:
    """Until it answers; a process that ends first is a failure."""
    end = time.monotonic() + 60
    while True:
        try:
            http.get(url)
            return
        except httpx.TransportError:
            assert process.poll() is None, "it ended"
            assert time.monotonic() < end
            time.sleep(0.1)  # a start cannot be waited on from outside
