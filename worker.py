"""The worker: a composition root. Settings → adapters → activities → one Temporal Worker.

``python worker.py`` runs until SIGTERM or Ctrl-C and then lets running activities end. Any number
may run side by side on one task queue; the record and the engine keep them from doing anything
twice.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from activities.book import Book
from activities.catching_up import CatchingUp
from activities.chores import Chores
from activities.closing import Closing
from activities.fax_folder import FaxFolder
from activities.fax_intake import FaxIntake
from activities.fax_mailbox import FaxMailbox
from activities.fax_round import FaxRound
from activities.fax_vouching import FaxVouching
from activities.faxes import Faxes
from activities.free_times import FreeTimes
from activities.intake import Intake
from activities.loop import Loop
from activities.policy_watch import PolicyWatch, keep_looking
from activities.post import Post
from activities.sources import Sources
from activities.tenants import Tenants
from cli.workplace import load_settings, load_tenants, make_folder, wall_clock
from engine.client import connect, run_and_exit
from engine.log_context import LogContext
from engine.release import identity
from engine.schedules import ReportClock, ensure_reports
from integrations.email.smtp import SmtpSettings
from integrations.mailbox.imap import Mailbox
from integrations.reading.folders import clear_left
from integrations.registry import ChannelSettings, Clients, open_channels
from models.errors import ConfigError, EngineUnavailable
from settings import TASK_QUEUE, Settings
from store import schema
from store.engine import Store, open_store
from telemetry.logs import configure, logger
from telemetry.serving import metrics_served
from workflows.fax import InboundFaxWorkflow
from workflows.referral import ReferralWorkflow
from workflows.report import MonthlyReportWorkflow
from workflows.source import SourceWorkflow
from workflows.sweep import SweepWorkflow

_LOG = logger(__name__)
THREADS = 16
GRACE = timedelta(seconds=40)  # longer than any vendor call
PID_FILE = "worker.pid"  # written once the worker polls
SCHEDULE_AGAIN = timedelta(seconds=30)
WORKFLOWS = [
    ReferralWorkflow,
    SourceWorkflow,
    InboundFaxWorkflow,
    MonthlyReportWorkflow,
    SweepWorkflow,
]


def channels_for(
    settings: Settings, tenants: Tenants, clock: Callable[[], datetime] = wall_clock
) -> Clients:
    """The channel providers that the organizations name; raises ConfigError for unknown ones."""
    smtp = None
    if settings.smtp_host is not None:
        if settings.smtp_from is None:
            raise ConfigError(
                "REFERRAL_LOOP_SMTP_FROM is missing: mail needs an address it comes from.",
                field="REFERRAL_LOOP_SMTP_FROM",
            )
        secret = settings.smtp_password
        smtp = SmtpSettings(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            username=settings.smtp_username or "",
            password=secret if secret is not None else "",
            sender=settings.smtp_from,
        )
    given = ChannelSettings(
        outbox=settings.outbox_dir, smtp=smtp, twilio=settings.twilio, telnyx=settings.telnyx
    )
    return open_channels((tenants.get(org).channels for org in tenants), given, clock)


def chores_for(
    settings: Settings,
    store: Store,
    tenants: Tenants,
    intake: Intake,
    clock: Callable[[], datetime] = wall_clock,
) -> Chores:
    """The chores on their parts; drivers of virtual time call them by hand."""
    channels = channels_for(settings, tenants, clock)
    taking = FaxIntake(store, intake.loop, tenants, clock)
    box = settings.fax_mailbox
    mailbox = FaxMailbox(Mailbox(box), tenants, taking) if box is not None else None
    watched = settings.fax_folder
    folder = FaxFolder(watched, tenants, taking) if watched is not None else None
    vouching = FaxVouching(intake, Faxes(store, tenants, clock, intake))
    faxes = FaxRound(taking, vouching, folder, mailbox)
    times = FreeTimes(store, tenants, settings.fhir)
    untold = CatchingUp(store, channels, intake, taking)
    return Chores(store, tenants, channels, clock, intake.tell, intake, faxes, times, untold)


def make_worker(
    client: Client,
    settings: Settings,
    store: Store,
    tenants: Tenants,
    threads: ThreadPoolExecutor,
    *,
    clock: Callable[[], datetime] = wall_clock,
    task_queue: str = TASK_QUEUE,
) -> Worker:
    """A worker with every workflow and activity; the caller runs it and owns the threads.

    A driver of virtual time gives its own ``clock``, so that what the store learned bears it too.
    """
    loop = Loop(client, task_queue)
    intake = Intake(store, loop, tenants, clock)
    channels = channels_for(settings, tenants)
    post = Post(store, tenants, channels, clock, pages=settings.pages)
    closing = Closing(store, tenants, channels, clock, settings.base_url)
    book = Book(store, tenants, clock, loop)
    sources = Sources(store, tenants, clock)
    faxes = Faxes(store, tenants, clock, intake)
    chores = chores_for(settings, store, tenants, intake, clock)
    return Worker(
        client,
        task_queue=task_queue,
        identity=identity(),
        workflows=WORKFLOWS,
        interceptors=[LogContext()],
        activities=[
            post.send,
            post.drop,
            book.open_task,
            book.record,
            sources.look,
            closing.close,
            closing.mail,
            faxes.read,
            faxes.give_up,
            faxes.route,
            chores.run,
        ],
        activity_executor=threads,
        # As many as there are threads: an attempt that queued for one would run out of its time
        # here while the engine gives it to somebody else, and two would send.
        max_concurrent_activities=THREADS,
        graceful_shutdown_timeout=GRACE,
        # A worker that died is given up sooner than by default (10 s): its referrals move on.
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=2),
    )


def report_clocks(tenants: Tenants) -> list[ReportClock]:
    """When the months of every clinic we serve are looked at."""
    return [ReportClock(org, *one) for org in tenants for one in tenants.report_clocks(org)]


async def schedule_reports(
    client: Client, tenants: Tenants, again: timedelta = SCHEDULE_AGAIN
) -> None:
    """Ensure the Schedules of the monthly reports; a server that is not ready is asked again.

    Beside the worker's own start: what it does for referrals must not wait for reports.
    """
    while True:
        try:
            return await ensure_reports(client, TASK_QUEUE, report_clocks(tenants))
        except EngineUnavailable:
            _LOG.warning("reports_not_scheduled")
            await asyncio.sleep(again.total_seconds())


async def main() -> int:
    """Run until told to stop; raises ConfigError, EngineUnavailable, StoreUnavailable."""
    configure("worker")
    settings = load_settings()
    configure("worker", level=settings.log_level, form=settings.log_format)
    address = settings.engine_address
    tenants = load_tenants(settings)
    store = open_store(settings.database_url)
    schema.ready(store, may_migrate=settings.may_migrate)
    client = await connect(
        address,
        settings.temporal_namespace,
        keyring=settings.keyring,
        metrics=settings.engine_metrics,
    )
    stopping = asyncio.Event()
    running = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(name, stopping.set)
    make_folder(settings.data_dir)
    clear_left()  # pages of patients, where the last worker here was killed while it read
    note = settings.data_dir / PID_FILE
    measured = metrics_served(settings.metrics_host, settings.metrics_port)
    with measured, ThreadPoolExecutor(THREADS) as threads:
        async with make_worker(client, settings, store, tenants, threads):
            note.write_text(str(os.getpid()))
            looking = asyncio.create_task(keep_looking(PolicyWatch(settings.policy_files, tenants)))
            scheduling = asyncio.create_task(schedule_reports(client, tenants))
            _LOG.info("worker_started", pid=os.getpid(), address=address)
            await stopping.wait()
            _LOG.info("worker_stopping", pid=os.getpid())
            looking.cancel()
            scheduling.cancel()
    store.close()
    return 0


if __name__ == "__main__":
    run_and_exit(main())
