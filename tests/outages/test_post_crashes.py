"""A worker dies while it sends: at every point, on the real engine, over real channels.

Each case is a referral of its own whose first letter is under way when its worker is killed (or
its machine sleeps, or the vendor does not answer); another worker takes over. A message goes out
once, or a person is asked; it is never doubled and never forgotten.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from temporalio.client import Client

from activities.loop import Loop
from engine.client import connect
from engine.codec import KeyRing
from engine.server import Engine
from models.contracts import ReferralStart
from models.facts import MessageDropped, MessageSent, TaskOpened
from models.ids import referral_workflow_id
from models.referral import Referral
from store import tasks
from store.engine import open_store
from tests.activities.office import CLINIC, FAX, MAIL, ORG, Office
from tests.databases import sqlite_store
from tests.mail import Mailbox, Server
from tests.outages.crew import Cue, Ledger, make_worker, now, tenants

ROOT = Path(__file__).parents[2]
THANKS = "thank_you:source:1"
PATIENCE = 200.0  # seconds; the machine may be busy

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(300)]


class Played(NamedTuple):
    """What one case came to."""

    accepted: int  # by the vendor, each time it said yes
    referral: Referral
    says: list[str]  # of the tasks that stand open
    duplicates: int
    ended: int | None  # of the first worker


class Case:
    """One referral, one store, one queue; the vendor counts."""

    room = asyncio.Semaphore(3)  # workers that start at once: it takes a processor each

    def __init__(self, engine: Engine, client: Client, keys: str, folder: Path, mail: bool) -> None:
        folder.mkdir()
        self.folder = folder
        self.client = client
        self.box = Mailbox()
        self.mail = Server(self.box) if mail else None
        if self.mail is not None:
            self.mail.start()
        with sqlite_store(folder) as made:
            url = str(made.engine.url)
        self.store = open_store(url)
        self.office = Office(self.store, folder)
        self.office.tenants = tenants()
        self.office.wall = now()
        source = {"fax": None, "email": MAIL, "prefers": "email"} if mail else {"fax": FAX}
        self.referral_id = self.office.receive(at=now(), source=source)
        self.cue = Cue(
            address=engine.address,
            namespace=engine.namespace,
            queue=f"crash-{self.referral_id}",
            keys=keys,
            store=url,
            folder=folder,
            smtp_port=self.mail.port if self.mail else 0,
        )

    async def begin(self) -> None:
        """The referral's workflow starts; its thank-you goes out at once."""
        record = self.office.record
        start = ReferralStart(
            org=ORG,
            clinic_id=CLINIC,
            referral_id=self.referral_id,
            source_id=self.office.source_id,
            rules=record.rules(ORG, self.referral_id),
            facts=self.referral.facts,
        )
        await Loop(self.client, self.cue.queue).begin(start)

    def hire(self, point: str) -> subprocess.Popen[bytes]:
        """A worker of its own that meets its end, or a stop, at a point."""
        cue = self.cue.model_copy(update={"point": point})
        with (self.folder / "worker.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.outages.crew", cue.model_dump_json()],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    @property
    def referral(self) -> Referral:
        """Everything on record."""
        return self.office.record.referral(ORG, self.referral_id)

    @property
    def settled(self) -> bool:
        """The message went out, or will not."""
        referral = self.referral
        return any(referral.knows(f"{how}:{THANKS}") for how in ("sent", "dropped"))

    @property
    def accepted(self) -> int:
        """How often the vendor took something."""
        return len(self.box.taken) + len(Ledger.read(self.folder))

    async def close(self) -> None:
        """Leave nothing running."""
        if self.mail is not None:
            self.mail.stop()
        self.store.close()
        workflow_id = referral_workflow_id(ORG, self.referral_id)
        await self.client.get_workflow_handle(workflow_id).terminate()

    def result(self, ended: int | None) -> Played:
        """What is to be seen at the end."""
        with self.store.read() as session:
            open_now = tasks.open_tasks(session, ORG, referral_id=self.referral_id)
        return Played(
            accepted=self.accepted,
            referral=self.referral,
            says=[task.says for task in open_now],
            duplicates=self.office.duplicates(),
            ended=ended,
        )


async def until(done: Callable[[], bool], what: str) -> None:
    """Poll a condition; the limit is a failure."""
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, f"not within {PATIENCE} s: {what}"
        await asyncio.sleep(0.1)


async def killed(case: Case, point: str) -> Played:
    """The first worker dies at the point; the second is here and finds what it left."""
    async with case.room:
        first = case.hire(point)
        await case.begin()
        await until(lambda: first.poll() is not None, f"the worker dies at {point}")
    close(first)
    with ThreadPoolExecutor(4) as threads:
        async with make_worker(case.client, case.cue, case.store, threads):
            await until(lambda: case.settled, f"settled after {point}")
            await told(case)
    return case.result(first.returncode)


async def slept(case: Case, _: str) -> Played:
    """The first machine sleeps with the message in its hands, and wakes when it is long sent."""
    first = case.hire("frozen")
    try:
        async with case.room:
            await case.begin()
            await until(lambda: stopped(first.pid), "the worker stands still")
        with ThreadPoolExecutor(4) as threads:
            async with make_worker(case.client, case.cue, case.store, threads):
                await until(lambda: case.settled, "settled while the first sleeps")
                os.kill(first.pid, signal.SIGCONT)
                # Ours or the SDK's, whichever is awake first, tells it that its turn is over.
                log = case.folder / "worker.log"
                await until(lambda: "ApplicationError" in log.read_text(), "the first wakes up")
                await told(case)
    finally:
        first.kill()
        close(first)
    return case.result(first.returncode)


async def late(case: Case, seconds: str) -> Played:
    """The mail server takes the message and says so too late, or never."""
    case.box.late = float(seconds)
    await case.begin()
    with ThreadPoolExecutor(4) as threads:
        async with make_worker(case.client, case.cue, case.store, threads):
            await until(lambda: case.settled, "settled without an answer")
            await told(case)
    return case.result(None)


async def told(case: Case) -> None:
    """The workflow has learned what the record knows, and turns nothing any more."""
    handle = case.client.get_workflow_handle(referral_workflow_id(ORG, case.referral_id))
    end = time.monotonic() + PATIENCE
    while (await handle.describe()).raw_description.pending_activities:
        assert time.monotonic() < end, "the workflow still waits for its activity"
        await asyncio.sleep(0.1)


def close(process: subprocess.Popen[bytes]) -> None:
    """The process is gone, and our end of its pipe with it."""
    assert process.stdin is not None
    process.stdin.close()
    process.wait()


def stopped(pid: int) -> bool:
    """Whether a process of ours was stopped by a signal."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return fields[0] == "T"


Script = Callable[[Case, str], Awaitable[Played]]
ANYWHERE = (
    "before_row",
    "after_row",
    "within_claim",
    "after_claim",
    "vendor_accepted",
    "before_settle",
    "within_settle",
    "before_report",
)
IN_ITS_HANDS = ANYWHERE[3:7]
CASES: dict[str, tuple[Script, str, bool]] = {
    **{f"fax-{point}": (killed, point, False) for point in ANYWHERE},
    **{f"mail-{point}": (killed, point, True) for point in ANYWHERE[3:]},
    "fax-slept": (slept, "", False),
    "mail-late": (late, "4", True),
    "mail-never": (late, "600", True),
}


@pytest.fixture(scope="module")
async def played(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    """Every case at once: each waits half a minute for the engine to give its turn away."""
    keys = KeyRing.generate("crew")
    client = await connect(engine.address, engine.namespace, keyring=KeyRing.parse(keys))
    folder = tmp_path_factory.mktemp("crashes")

    async def one(name: str) -> Played:
        script, detail, mail = CASES[name]
        case = Case(engine, client, keys, folder / name, mail)
        try:
            return await script(case, detail)
        finally:
            await case.close()

    results = await asyncio.gather(*(one(name) for name in CASES))
    return dict(zip(CASES, results, strict=True))


def facts(one: Played) -> tuple[int, int]:
    """How often the message counts as sent, and as dropped."""
    r = one.referral
    return len(r.all(MessageSent)), len(r.all(MessageDropped))


@pytest.mark.parametrize("point", ANYWHERE)
def test_a_fax_goes_out_once_wherever_its_worker_died(
    played: dict[str, Played], point: str
) -> None:
    one = played[f"fax-{point}"]
    assert one.ended == -signal.SIGKILL
    assert (one.accepted, facts(one), one.duplicates) == (1, (1, 0), 0)
    assert one.says == []


def test_a_mail_that_is_settled_is_not_asked_about(played: dict[str, Played]) -> None:
    one = played["mail-before_report"]
    assert one.ended == -signal.SIGKILL
    assert (one.accepted, facts(one)) == (1, (1, 0))
    assert one.says == []


@pytest.mark.parametrize("case", [f"mail-{p}" for p in IN_ITS_HANDS] + ["mail-late", "mail-never"])
def test_a_mail_nobody_can_ask_about_is_a_persons_and_is_not_sent_again(
    played: dict[str, Played], case: str
) -> None:
    one = played[case]
    assert one.accepted == (0 if case == "mail-after_claim" else 1)
    assert facts(one) == (0, 1)
    (asked,) = one.referral.all(TaskOpened)
    assert asked.task == f"uncertain_delivery:{THANKS}"
    (says,) = one.says
    assert "ask the recipient" in says


def test_who_slept_with_a_message_in_its_hands_does_not_send_it_on_waking(
    played: dict[str, Played],
) -> None:
    one = played["fax-slept"]
    assert (one.accepted, facts(one), one.duplicates) == (1, (1, 0), 0)
