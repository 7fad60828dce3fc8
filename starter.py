"""The command line of referral-loop: ``python starter.py --help``."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.console import friendly, report
from engine.client import run_and_exit
from models.errors import LoopError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def begin(context: typer.Context) -> None:
    """No referral goes quiet: every step has an owner, a deadline and a record."""
    from telemetry.logs import configure

    # A command answers on standard output; what goes wrong on the way is text for a person. What
    # keeps running says itself where its lines go.
    configure(context.invoked_subcommand or "command", level="warning", form="console")


AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON value.")]
Wanted = Annotated[str, typer.Argument(help="ref_… or assigner:value", metavar="ID")]


def _engine_exit(main: Coroutine[Any, Any, int | None], *, as_json: bool = False) -> None:
    """Run a command that uses the engine, whose threads must not meet Python's own shutdown."""

    async def told() -> int:
        try:
            return await main or 0
        except LoopError as error:
            return report(error, as_json=as_json)

    run_and_exit(told())


@app.command()
def demo(
    as_json: AsJson = False,
    stay: Annotated[
        bool, typer.Option("--stay", help="Keep everything running afterwards, until Ctrl-C.")
    ] = False,
    scenario: Annotated[
        str | None, typer.Option(help="Play one case of everyday clinic life instead, by its name.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Say which cases there are.")] = False,
) -> None:
    """Play eight referrals through fourteen weeks on a real Temporal server, in about a minute."""
    from cli.workplace import load_settings
    from demo import scenario as cases
    from demo.run import run

    async def play() -> int:
        if listed:
            return cases.listed()
        if scenario is not None:
            return await cases.run(scenario)
        return await run(load_settings(), as_json=as_json, stay=stay)

    _engine_exit(play(), as_json=as_json)


@app.command()
def up(
    workers: Annotated[int, typer.Option(min=1, max=16, help="Worker processes.")] = 1,
    simulate_vendors: Annotated[
        bool,
        typer.Option(
            "--simulate-vendors",
            help="Texts and faxes go to a page that plays the patient's phone and the physician's "
            "fax machine.",
        ),
    ] = False,
) -> None:
    """Start Temporal with its UI, the workers and the HTTP API; Ctrl-C stops them."""
    from cli.running import up as run_up
    from cli.workplace import load_settings

    async def serve() -> int:
        return await run_up(load_settings(), workers=workers, simulate_vendors=simulate_vendors)

    _engine_exit(serve())


@app.command()
def web() -> None:
    """Serve the HTTP API alone, until SIGTERM; needs TEMPORAL_ADDRESS."""
    from cli.serving import serve_alone
    from cli.workplace import load_settings

    async def serve() -> int:
        return await serve_alone(load_settings())

    _engine_exit(serve())


@app.command()
@friendly
def migrate() -> None:
    """Bring the database to the schema of this release; back it up first. Safe to run twice."""
    from cli.jobs import migrate as run_migrate
    from cli.workplace import load_settings

    run_migrate(load_settings())


@app.command()
def prepare() -> None:
    """Give Temporal our namespace, search attributes and Schedules. Safe to run twice."""
    from cli.jobs import prepare as run_prepare
    from cli.workplace import load_settings

    async def run() -> int:
        return await run_prepare(load_settings())

    _engine_exit(run())


class Part(StrEnum):
    """A process of ours whose health can be asked for."""

    WEB = "web"
    WORKER = "worker"


@app.command()
@friendly
def healthy(part: Part) -> None:
    """Whether the web process or the worker of this machine does its work; 0 or 3."""
    from cli import health
    from settings import load

    if part is Part.WORKER:
        _engine_exit(health.worker(load()))
    health.web(load())


@app.command()
def refer(
    file: Annotated[Path, typer.Argument(help="Referrals as JSON or CSV.")],
    org: Annotated[
        str | None, typer.Option(help="The organization, where there are several.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take in the referrals of a file, as an EMR would send them."""
    from cli.feeding import refer as run_refer

    _engine_exit(run_refer(file, org, as_json=as_json), as_json=as_json)


@app.command()
@friendly
def slots(
    file: Annotated[Path, typer.Argument(help="Free times as CSV; the one column needed: starts.")],
    org: Annotated[
        str | None, typer.Option(help="The organization, where there are several.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Withdraw times of earlier files that it lacks.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Offer free times on the patients' own pages; what was asked for stays."""
    from cli.offering import offer

    offer(file, org, replace=replace, as_json=as_json)


book = typer.Typer(no_args_is_help=True, help="The book of sources: who sends you patients.")
app.add_typer(book, name="sources")


@book.command("import")
@friendly
def sources_import(
    file: Annotated[Path, typer.Argument(help="Sources as CSV; the one column needed: name.")],
    org: Annotated[
        str | None, typer.Option(help="The organization, where there are several.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come of it; change nothing.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Change nothing if one row cannot be taken.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read an existing book of sources; the same file again changes nothing."""
    from cli.sources import take_in

    raise typer.Exit(take_in(file, org, dry_run=dry_run, strict=strict, as_json=as_json))


@book.command("template")
@friendly
def sources_template() -> None:
    """Print a file to begin with."""
    from cli.sources import print_template

    print_template()


@app.command()
def milestone(
    wanted: Wanted,
    kind: Annotated[str, typer.Argument(help="e.g. evaluation_completed")],
    data: Annotated[
        list[str] | None, typer.Argument(help="name=value, the fields of the event")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(help="When it happened; now unless told. Local to the clinic."),
    ] = None,
    document: Annotated[
        Path | None, typer.Option(help="The signed document: a PDF, or its fields as JSON.")
    ] = None,
    retracted: Annotated[bool, typer.Option("--retract", help="Take the fact back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell one fact about a referral, as an EMR hook would."""
    from cli.feeding import milestone as run_milestone

    _engine_exit(
        run_milestone(wanted, kind, data or [], at, document, retracted=retracted, as_json=as_json),
        as_json=as_json,
    )


@app.command()
def decide(
    wanted: Wanted,
    kind: Annotated[str, typer.Argument(help="e.g. call_logged, task_completed")],
    data: Annotated[list[str] | None, typer.Argument(help="name=value, with by=<staff id>")] = None,
    as_json: AsJson = False,
) -> None:
    """Take a staff decision; a refused one says why."""
    from cli.feeding import decide as run_decide

    _engine_exit(run_decide(wanted, kind, data or [], as_json=as_json), as_json=as_json)


@app.command()
def provider_left(
    provider: Annotated[str, typer.Argument(help="Their NPI, or our id (prv_…).")],
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Their last day.")],
    successor: Annotated[
        str | None, typer.Option(help="Who takes over: an NPI or id we have met.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Your staff id, for the audit trail.")] = None,
    org: Annotated[
        str | None, typer.Option(help="The organization, where there are several.")
    ] = None,
    retracted: Annotated[bool, typer.Option("--retract", help="Take it back.")] = False,
    as_json: AsJson = False,
) -> None:
    """A physician retires or moves: open plans go to the successor, or somebody names one."""
    from cli.feeding import provider_left as run_left

    told = run_left(provider, on.date(), successor, by, org, retracted=retracted, as_json=as_json)
    _engine_exit(told, as_json=as_json)


@app.command()
def resume(
    org: Annotated[str | None, typer.Option(help="One organization alone.")] = None,
    anew: Annotated[
        bool,
        typer.Option(
            "--anew", help="Those that run as well: Temporal came back from an old backup."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is missing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start again from the record what should be running and is not: Temporal lost its memory."""
    from cli.resuming import resume as run_resume

    _engine_exit(run_resume(org=org, anew=anew, dry_run=dry_run, as_json=as_json), as_json=as_json)


@app.command()
def tasks(
    org: Annotated[str | None, typer.Option(help="The organization, where several are.")] = None,
    role: Annotated[str | None, typer.Option(help="Only this role's, e.g. front_desk")] = None,
    clinic: Annotated[str | None, typer.Option(help="Only this clinic's.")] = None,
    who: Annotated[
        str | None, typer.Option("--for", help="What this colleague has, then what is free.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What people have to do, soonest first, and in whose hands it is."""
    from cli.handing import tasks as run_tasks

    _engine_exit(run_tasks(org, role, clinic, who, as_json=as_json), as_json=as_json)


@app.command()
def task(
    task_id: Annotated[str, typer.Argument(help="tsk_…, see `tasks`", metavar="ID")],
    act: Annotated[str, typer.Argument(help="take, return, hand-over, done or dismiss")],
    data: Annotated[list[str] | None, typer.Argument(help="by=<staff id>, to=<staff id>")] = None,
    org: Annotated[str | None, typer.Option(help="The organization, where several are.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take a task, put it back, hand it over, or say that it is done."""
    from cli.handing import task as run_task

    _engine_exit(run_task(task_id, act, data or [], org, as_json=as_json), as_json=as_json)


@app.command()
@friendly
def show(wanted: Wanted, as_json: AsJson = False) -> None:
    """One referral: where it stands, and everything that happened."""
    from cli.showing import show as run_show
    from cli.workplace import located

    record, tenants, org, referral_id = located(wanted)
    run_show(record, tenants, org, referral_id, as_json=as_json)


@app.command()
@friendly
def explain(wanted: Wanted, as_json: AsJson = False) -> None:
    """What is owed next on one referral, by whom, until when."""
    from cli.showing import explain as run_explain
    from cli.workplace import located

    record, tenants, org, referral_id = located(wanted)
    run_explain(record, tenants, org, referral_id, as_json=as_json)


@app.command()
@friendly
def preview(
    kind: Annotated[str, typer.Argument(help="e.g. plan_of_care")],
    to: Annotated[
        Path, typer.Option("--out", help="Folder for the PDF and its HTML twin.")
    ] = Path(),
) -> None:
    """Write one document with fictional data, as PDF and HTML."""
    from cli.checking import preview as run_preview

    run_preview(kind, to)


@app.command("report")
@friendly
def report_month(
    clinic: Annotated[str | None, typer.Option(help="A clinic's id; without one, all.")] = None,
    month: Annotated[str | None, typer.Option(help="YYYY-MM; without one, last month.")] = None,
    to: Annotated[Path, typer.Option("--out", help="Folder for the files.")] = Path("report"),
    org: Annotated[str | None, typer.Option(help="The organization, where several are.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a month's report as PDF, page, spreadsheet, CSV and JSON; close the month if due."""
    from cli.reporting import report as run_report

    run_report(clinic, month, to, org, as_json=as_json)


@app.command()
@friendly
def invite(
    who: Annotated[str, typer.Argument(help="A staff id or mail address of the policy file.")],
) -> None:
    """Give somebody of the staff a link with which they set their password."""
    from cli.inviting import invite as run_invite

    run_invite(who)


@app.command()
def turn_the_page(
    wanted: Annotated[
        list[str] | None, typer.Argument(help="ref_… or assigner:value", metavar="ID…")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every open referral.")] = False,
    org: Annotated[str | None, typer.Option(help="With --all: of one organization only.")] = None,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait until all have.")] = 120,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also while workers of several releases poll.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """After a release: move open referrals onto the code of the day, new steps included."""
    from cli.turning import turn

    asked = turn(
        wanted or [], everybody=everybody, org=org, wait=wait, anyway=anyway, as_json=as_json
    )
    _engine_exit(asked, as_json=as_json)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say in words what is wrong and what to do; 0 when nothing is, 1 when something is."""
    from cli.doctor import doctor as run_doctor

    _engine_exit(run_doctor(as_json=as_json), as_json=as_json)


@app.command()
@friendly
def check(as_json: AsJson = False) -> None:
    """Check settings, policy files and the database; say what is wrong and where."""
    from cli.checking import check as run_check

    raise SystemExit(run_check(as_json=as_json))


if __name__ == "__main__":
    app()
