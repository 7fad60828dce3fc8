"""A worker dies while it sends: at every point, on the real engine, over real channels.

Each case is a referral of its own whose first letter is under way when its worker is killed (or
its machine sleeps, or the vendor does not answer); another worker takes over. A message goes out
once, or a person is asked; it is never doubled and never forgotten.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from temporalio.client import Client, WorkflowHandle

from activities.loop import Loop
from engine.client import connect
from engine.codec import KeyRing
from engine.server import Engine
from models.contracts import ReferralStart
from models.facts import MessageDropped, MessageSent, TaskOpened
from models.ids import referral_workflow_id
from models.kinds import Kind
from models.referral import Referral
from store import tasks
from store.engine import open_store
from tests.activities.office import CLINIC, FAX, MAIL, ORG, Office
from tests.databases import sqlite_store
from tests.mail import Mailbox, Server
from tests.outages.crew import Cue, Ledger, hire, make_worker, now, tenants

THANKS = "thank_you:source:1"
WAITED = timedelta(seconds=57)  # of the minute in which letters wait for one another
PATIENCE = 200.0  # seconds; the machine may be busy

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(540)]


class Played(NamedTuple):
    """What one case came to."""

    accepted: int  # by the vendor, each time it said yes
    referrals: list[Referral]
    says: list[str]  # of the tasks that stand open
    duplicates: int
    ended: int | None  # of the first worker


class Case:
    """One referral, one store, one queue; the vendor counts."""

    room = asyncio.Semaphore(8)  # workers at once

    def __init__(
        self,
        engine: Engine,
        client: Client,
        keys: str,
        folder: Path,
        *,
        mail: bool = False,
        letters: int = 1,
    ) -> None:
        folder.mkdir()
        bundle = "0 bh" if letters == 1 else "1 min"
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
        self.office.tenants = tenants(bundle)
        self.office.wall = now()
        source = {"fax": None, "email": MAIL, "prefers": "email"} if mail else {"fax": FAX}
        before = now() - WAITED
        self.referral_ids = [
            self.office.receive(
                at=before, source=source, patient={"family_name": f"Sentinel{number}"}
            )
            for number in range(letters)
        ]
        if letters > 1:
            self._have_waited(before)
        self.cue = Cue(
            address=engine.address,
            namespace=engine.namespace,
            queue=f"crash-{self.referral_ids[0]}",
            keys=keys,
            store=url,
            folder=folder,
            smtp_port=self.mail.port if self.mail else 0,
            bundle=bundle,
        )

    def _have_waited(self, since: datetime) -> None:
        """The letters stand in line for one another already, and their minute is nearly over."""
        for referral_id in self.referral_ids:
            self.office.referral_id = referral_id
            assert self.office.send(Kind.THANK_YOU, "source", at=since).held_until is not None

    async def begin(self) -> None:
        """The workflows start; their thank-you goes out at once, or together in a moment."""
        record = self.office.record
        for referral_id in self.referral_ids:
            start = ReferralStart(
                org=ORG,
                clinic_id=CLINIC,
                referral_id=referral_id,
                source_id=self.office.source_id,
                rules=record.rules(ORG, referral_id),
                facts=record.referral(ORG, referral_id).facts,
            )
            await Loop(self.client, self.cue.queue).begin(start)

    def hire(self, point: str) -> ForkServerProcess:
        """A worker of its own that meets its end, or a stop, at a point."""
        return hire(self.cue.model_copy(update={"point": point}))

    @property
    def referrals(self) -> list[Referral]:
        """Everything on record."""
        return [self.office.record.referral(ORG, one) for one in self.referral_ids]

    @property
    def settled(self) -> bool:
        """Every message went out, or will not."""
        return all(
            any(referral.knows(f"{how}:{THANKS}") for how in ("sent", "dropped"))
            for referral in self.referrals
        )

    @property
    def accepted(self) -> int:
        """How often the vendor took something."""
        return len(self.box.taken) + len(Ledger.read(self.folder))

    @property
    def workflows(self) -> list[WorkflowHandle[Any, Any]]:
        """The running referrals."""
        ids = [referral_workflow_id(ORG, one) for one in self.referral_ids]
        return [self.client.get_workflow_handle(one) for one in ids]

    async def close(self) -> None:
        """Leave nothing running."""
        if self.mail is not None:
            self.mail.stop()
        self.store.close()
        for workflow in self.workflows:
            await workflow.terminate()

    def result(self, ended: int | None) -> Played:
        """What is to be seen at the end."""
        with self.store.read() as session:
            open_now = [
                task
                for one in self.referral_ids
                for task in tasks.open_tasks(session, ORG, referral_id=one)
            ]
        return Played(
            accepted=self.accepted,
            referrals=self.referrals,
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
        await until(lambda: not first.is_alive(), f"the worker dies at {point}")
    with ThreadPoolExecutor(4) as threads:
        async with make_worker(case.client, case.cue, case.store, threads):
            await until(lambda: case.settled, f"settled after {point}")
            await told(case)
    return case.result(first.exitcode)


async def slept(case: Case, _: str) -> Played:
    """The first machine sleeps with the message in its hands, and wakes when it is long sent."""
    first = case.hire("frozen")
    assert first.pid is not None
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
        first.join()
    return case.result(first.exitcode)


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
    """The workflows have learned what the record knows, and turn nothing any more."""
    end = time.monotonic() + PATIENCE
    for workflow in case.workflows:
        while (await workflow.describe()).raw_description.pending_activities:
            assert time.monotonic() < end, "a workflow still waits for its activity"
            await asyncio.sleep(0.1)


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
BY_MAIL: dict[str, Any] = {"mail": True}
THREE: dict[str, Any] = {"letters": 3}
CASES: dict[str, tuple[Script, str, dict[str, Any]]] = {
    **{f"fax-{point}": (killed, point, {}) for point in ANYWHERE},
    **{f"mail-{point}": (killed, point, BY_MAIL) for point in ANYWHERE[3:]},
    **{f"together-{point}": (killed, point, THREE) for point in IN_ITS_HANDS},
    "fax-slept": (slept, "", {}),
    "mail-late": (late, "4", BY_MAIL),
    "mail-never": (late, "600", BY_MAIL),
}


@pytest.fixture(scope="module")
async def played(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    """Every case at once: each waits half a minute for the engine to give its turn away."""
    keys = KeyRing.generate("crew")
    client = await connect(engine.address, engine.namespace, keyring=KeyRing.parse(keys))
    folder = tmp_path_factory.mktemp("crashes")

    async def one(name: str) -> Played:
        script, detail, options = CASES[name]
        case = Case(engine, client, keys, folder / name, **options)
        try:
            return await script(case, detail)
        finally:
            await case.close()

    results = await asyncio.gather(*(one(name) for name in CASES))
    return dict(zip(CASES, results, strict=True))


def facts(one: Played) -> tuple[int, int]:
    """How often the messages count as sent, and as dropped."""
    sent = sum(len(r.all(MessageSent)) for r in one.referrals)
    return sent, sum(len(r.all(MessageDropped)) for r in one.referrals)


@pytest.mark.parametrize("point", ANYWHERE)
def test_a_fax_goes_out_once_wherever_its_worker_died(
    played: dict[str, Played], point: str
) -> None:
    one = played[f"fax-{point}"]
    assert one.ended == -signal.SIGKILL
    assert (one.accepted, facts(one), one.duplicates) == (1, (1, 0), 0)
    assert one.says == []


@pytest.mark.parametrize("point", IN_ITS_HANDS)
def test_letters_that_go_together_go_once_together(played: dict[str, Played], point: str) -> None:
    one = played[f"together-{point}"]
    assert (one.accepted, facts(one), one.duplicates) == (1, (3, 0), 0)
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
    (asked,) = one.referrals[0].all(TaskOpened)
    assert asked.task == f"uncertain_delivery:{THANKS}"
    (says,) = one.says
    assert "ask the recipient" in says


def test_who_slept_with_a_message_in_its_hands_does_not_send_it_on_waking(
    played: dict[str, Played],
) -> None:
    one = played["fax-slept"]
    assert (one.accepted, facts(one), one.duplicates) == (1, (1, 0), 0)
