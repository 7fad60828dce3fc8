"""Workers that die on cue: a process of its own on the real engine, killed at a named point.

``hire`` runs a worker with the activities of a referral on a real store and real channels. Which
moment it dies at is planted here, from outside: the product has no hooks for it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from temporalio.client import Client
from temporalio.worker import Worker

from activities import claims, outcomes
from activities.book import Book
from activities.loop import Loop
from activities.post import Post
from activities.tenants import Tenants
from engine.client import connect, run_and_exit
from engine.codec import KeyRing
from integrations.contract import Accepted
from integrations.email.smtp import Smtp, SmtpSettings
from integrations.outbox import Outbox
from models.contracts import Parcel, Sent
from models.policy import Ack, Office
from models.policy_file import load
from store.engine import Store, open_store
from tests.activities.office import EXAMPLE
from workflows.referral import ReferralWorkflow

MAIL_PATIENCE = 2.0  # seconds a mail server is waited for here


class Cue(BaseModel):
    """Where a worker of these tests works, and when it dies."""

    address: str
    namespace: str
    queue: str
    keys: str
    store: str
    folder: Path
    smtp_port: int = 0
    bundle: str = "0 bh"
    point: str = ""


class Ledger:
    """A fax line that minds no reference and writes down every acceptance, on disk."""

    def __init__(self, folder: Path) -> None:
        self._outbox = Outbox(folder / "fax", "fax")
        self._book = folder / "accepted.log"

    def send(self, parcel: Parcel) -> Accepted:
        accepted = self._outbox.send(parcel)
        with self._book.open("a") as book:
            book.write(f"{parcel.reference}\n")
        return accepted

    def find(self, sent: Sent) -> Any:
        return self._outbox.find(sent)

    @staticmethod
    def read(folder: Path) -> list[str]:
        """The references accepted so far, one for each acceptance."""
        book = folder / "accepted.log"
        return book.read_text().split() if book.exists() else []


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def tenants(bundle: str = "0 bh") -> Tenants:
    """The example clinic, which thanks at once; letters wait for company as long as told."""
    given = load(EXAMPLE)
    ack = Ack.model_validate({"wait_for_duplicates": "0 min"})
    office = Office.model_validate({"bundle": bundle})
    policy = given.policy.model_copy(update={"ack": ack, "office": office})
    return Tenants([given.model_copy(update={"policy": policy})])


def post_office(cue: Cue, store: Store) -> Post:
    """Real channels: a fax line on disk, mail over SMTP."""
    smtp = SmtpSettings(
        host="127.0.0.1",
        port=cue.smtp_port or 1,
        security="none",
        sender="clinic@example.org",
        timeout=MAIL_PATIENCE,
    )
    channels: dict[Any, Any] = {
        ("fax", "outbox"): Ledger(cue.folder),
        ("sms", "outbox"): Outbox(cue.folder / "sms", "sms"),
        ("email", "outbox"): Smtp(smtp, now),
    }
    return Post(store, tenants(cue.bundle), channels, now)


def make_worker(client: Client, cue: Cue, store: Store, threads: ThreadPoolExecutor) -> Worker:
    """A worker for one referral's workflow."""
    post, book = post_office(cue, store), Book(store, tenants(), now, Loop())
    return Worker(
        client,
        task_queue=cue.queue,
        workflows=[ReferralWorkflow],
        activities=[post.send, post.drop, book.open_task, book.record],
        activity_executor=threads,
    )


# --- the points -----------------------------------------------------------------------------------


def die(*_: object, **__: object) -> Any:
    """Gone, as by the kernel: nothing is caught, nothing is flushed."""
    os.kill(os.getpid(), signal.SIGKILL)


def freeze() -> None:
    """Stand still until somebody lets us go on.

    Told to this very thread: one told to the process may stop another thread first, while this
    one walks on past the point.
    """
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def _instead(where: Any, name: str) -> None:
    getattr(where, name)  # a point that is not there would never be met
    setattr(where, name, die)


def _before(where: Any, name: str, first: Callable[[], Any]) -> None:
    done = getattr(where, name)

    def first_then(*args: Any, **kwargs: Any) -> Any:
        first()
        return done(*args, **kwargs)

    setattr(where, name, first_then)


def _after(where: Any, name: str, then: Callable[[], Any] = die) -> None:
    done = getattr(where, name)

    def and_then(*args: Any, **kwargs: Any) -> Any:
        came_to = done(*args, **kwargs)
        then()
        return came_to

    setattr(where, name, and_then)


POINTS: dict[str, Callable[[], None]] = {
    "before_row": lambda: _instead(claims.post, "queue_message"),
    "after_row": lambda: _after(claims.post, "queue_message"),
    "within_claim": lambda: _after(claims.settling, "claim"),
    "after_claim": lambda: _instead(Post, "_deliver"),
    "vendor_accepted": lambda: (_after(Ledger, "send"), _after(Smtp, "send"))[0],
    "before_settle": lambda: _instead(outcomes.settling, "settle"),
    "within_settle": lambda: _after(outcomes.Outcomes, "accepted"),
    "before_report": lambda: _after(Post, "turn"),
    "frozen": lambda: _before(Post, "_in_time", freeze),
}


# Each is a process of its own, forked from one that has read all the modules: twenty that read them
# at once would keep a small machine busy for longer than the tests take.
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload([__name__, "tests.outages.twins"])


def hire(cue: Cue) -> ForkServerProcess:
    """A worker that meets its end, or a stop, at the cue's point; it never outlives this process.

    What it writes goes to ``worker.log`` in the cue's folder.
    """
    process = FORKED.Process(target=_work, args=(cue.model_dump_json(),))
    process.start()
    return process


def write_to(log: Path) -> None:
    """Whatever this process writes from now on goes to a file, whoever forked it."""
    opened = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(opened, stream)


def _work(cue: str) -> None:
    told = Cue.model_validate_json(cue)
    write_to(told.folder / "worker.log")
    POINTS[told.point]()
    run_and_exit(_main(told))


async def _main(cue: Cue) -> int:
    """Work until the cue, or until nobody is there who gave it."""
    employer = multiprocessing.parent_process()
    assert employer is not None
    store = open_store(cue.store)
    client = await connect(cue.address, cue.namespace, keyring=KeyRing.parse(cue.keys))
    with ThreadPoolExecutor(4) as threads:
        async with make_worker(client, cue, store, threads):
            await asyncio.to_thread(employer.join)
    return 0
