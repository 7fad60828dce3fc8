"""What ``starter.py doctor`` can find: each with a code, how bad it is, and what to do about it.

``docs/reference.md`` lists them from here. Sentences hold ids, codes and counts; never a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from models.base import Model


class Severity(StrEnum):
    """Whether the loop is broken somewhere, or about to be."""

    WRONG = "wrong"  # somebody must act; the command ends with 1
    WARNING = "warning"  # worth knowing; the command still ends with 0


class Spec(NamedTuple):
    """One kind of finding; ``says`` and ``do`` are filled in by name."""

    severity: Severity
    says: str
    do: str


class Finding(Model):
    """One thing that is not as it should be; ``about`` names a few examples by id."""

    code: str
    severity: Severity
    says: str
    do: str
    about: tuple[str, ...] = ()


EXAMPLES: Final = 5  # how many ids a finding names

_WRONG, _WARNING = Severity.WRONG, Severity.WARNING

FINDINGS: Final[Mapping[str, Spec]] = MappingProxyType(
    {
        # --- settings and policy ---
        "bad_settings": Spec(
            _WRONG, "{sentence}", "Correct it in the environment or .env, and start again."
        ),
        "links_lead_nowhere": Spec(
            _WRONG,
            "Texts of the clinics below lead to {address}, which patients' phones cannot open.",
            "Set REFERRAL_LOOP_PUBLIC_URL to the https address under which patients reach the web "
            "process, for it and for the workers; or give those clinics another scheduling_link.",
        ),
        "example_secret": Spec(
            _WRONG,
            "{variable} holds the published example, and others can reach this deployment ({why}).",
            "Set your own, and REFERRAL_LOOP_ENVIRONMENT=production.",
        ),
        "bad_policy": Spec(
            _WRONG,
            "{sentence}",
            "Correct the policy file; `python starter.py check` names every line. Running "
            "processes keep what they read at their start.",
        ),
        # --- the record ---
        "store_unreachable": Spec(
            _WRONG,
            "The database does not answer ({why}).",
            "Start it, or correct REFERRAL_LOOP_STORE_URL. Events are refused with 503 meanwhile, "
            "and senders try again.",
        ),
        "no_schema": Spec(
            _WRONG,
            "The database has no tables yet.",
            "Run `python starter.py migrate`; `up` does so by itself.",
        ),
        "old_schema": Spec(
            _WRONG,
            "The database has schema {found}; this release needs {wanted}.",
            "Back it up, run `python starter.py migrate`, and start the processes again.",
        ),
        "newer_schema": Spec(
            _WRONG,
            "The database has schema {found}, which this release does not know.",
            "Start the newer release, or restore the backup made before it.",
        ),
        "half_schema": Spec(
            _WRONG,
            "The database says it has schema {found}, and lacks {missing}.",
            "A migration was cut off or undone by hand. Restore the backup made before it, and run "
            "`python starter.py migrate`.",
        ),
        "store_locked": Spec(
            _WRONG,
            "Nobody can write to the database: something holds its lock ({why}).",
            "Find the process that holds it (a backup tool, an open console) and end it.",
        ),
        "store_read_only": Spec(
            _WRONG,
            "The database can be read and not written ({why}).",
            "Point REFERRAL_LOOP_STORE_URL at the primary, or give the file and its folder back "
            "to the account that runs the processes.",
        ),
        "disk_full": Spec(
            _WRONG,
            "The disk of {where} has {free} left.",
            "Make room now: writes are about to fail.",
        ),
        "disk_low": Spec(
            _WARNING, "The disk of {where} has {free} left.", "Make room, or give it a larger one."
        ),
        # --- Temporal ---
        "engine_unknown": Spec(
            _WRONG,
            "No Temporal is known here: TEMPORAL_ADDRESS is not set, and no `up` runs on this "
            "data directory.",
            "Start `python starter.py up`, or set TEMPORAL_ADDRESS.",
        ),
        "engine_unreachable": Spec(
            _WRONG,
            "No Temporal server answers at {address}.",
            "Start it, or correct TEMPORAL_ADDRESS. Events are kept meanwhile and applied when it "
            "is back; nobody is reminded, and no message goes out.",
        ),
        "no_namespace": Spec(
            _WRONG,
            "The Temporal server has no namespace {namespace!r}.",
            "Correct TEMPORAL_NAMESPACE, or run `python starter.py prepare`. If the namespace was "
            "lost, run `python starter.py resume` afterwards.",
        ),
        "short_retention": Spec(
            _WARNING,
            "The namespace keeps closed referrals for {days} days only.",
            "temporal operator namespace update --namespace {namespace} --retention {wanted}d",
        ),
        "missing_attributes": Spec(
            _WRONG,
            "The namespace lacks search attributes: {names}. No workflow can start.",
            "Run `python starter.py prepare`.",
        ),
        "wrong_attributes": Spec(
            _WRONG,
            "These search attributes have another type than ours: {names}.",
            "Use a namespace of its own, or `temporal operator search-attribute remove`, then "
            "`python starter.py prepare`.",
        ),
        "no_worker": Spec(
            _WRONG,
            "No worker asks the task queue {queue!r} for {what}.",
            "Start `python worker.py` with the same TEMPORAL_ADDRESS and namespace, or read its "
            "log: why did it end?",
        ),
        "two_releases": Spec(
            _WARNING,
            "Workers of several releases poll: {releases}.",
            "Stop the old ones; until then do not turn pages.",
        ),
        "other_release": Spec(
            _WARNING,
            "The workers run release {theirs}, this command is of release {ours}.",
            "Deploy the same release everywhere, or run doctor from theirs.",
        ),
        "schedule_missing": Spec(
            _WRONG,
            "The Schedule {schedule} is missing: {means}.",
            "Run `python starter.py prepare`.",
        ),
        "schedule_paused": Spec(
            _WARNING,
            "The Schedule {schedule} is paused: {means}.",
            "temporal schedule toggle --schedule-id {schedule} --unpause",
        ),
        "chore_stuck": Spec(
            _WRONG,
            "A run of the chore {chore} began {ago} ago and has not ended: {means}.",
            "Open it in the Temporal UI and read its pending activity, or the worker's log.",
        ),
        "failing_workflows": Spec(
            _WRONG,
            "{count} workflows cannot go on: their workflow task fails again and again.",
            "Open one in the Temporal UI and read the failure: a bug, or code that does not fit "
            "its history. Deploy the fix or roll back; nothing is lost meanwhile.",
        ),
        "unknown_key": Spec(
            _WRONG,
            "{count} of {looked} running workflows looked at were encrypted with the key {key!r}, "
            "which is not in REFERRAL_LOOP_CODEC_KEYS.",
            "Put that key back behind the current one, everywhere, and start the processes again.",
        ),
        "wrong_key": Spec(
            _WRONG,
            "{count} of {looked} running workflows looked at were encrypted with another key that "
            "is also called {key!r}.",
            "Compare REFERRAL_LOOP_CODEC_KEYS of all processes. Put the lost key back, and give "
            "the other one a name of its own.",
        ),
        "not_running": Spec(
            _WRONG,
            "{referrals} open referrals and {sources} watches over sources have no running "
            "workflow: nobody waits for them.",
            "Run `python starter.py resume`: it starts them again from the record.",
        ),
        "unknown_runs": Spec(
            _WRONG,
            "{count} referrals run in Temporal that this database does not know.",
            "Is REFERRAL_LOOP_STORE_URL the right database, and TEMPORAL_NAMESPACE the right "
            "namespace? Or was the database restored from an older backup?",
        ),
        # --- clocks ---
        "clock_wrong": Spec(
            _WRONG,
            "{whose} is {by} {way} this machine's clock.",
            "Set both by NTP (timedatectl). Signatures and deadlines are judged by these clocks.",
        ),
        "clock_off": Spec(
            _WARNING,
            "{whose} is {by} {way} this machine's clock.",
            "Set both by NTP (timedatectl).",
        ),
        # --- what waits ---
        "feed_silent": Spec(
            _WRONG,
            "The EMR feed of {org} has told nothing we could read since {heard}, for more than "
            "{limit} of open time. Nothing is inferred from its silence meanwhile.",
            "Ask whoever runs the EMR's hooks; look for 4xx answers in its log and for rejected "
            "events in ours.",
        ),
        "inbox_leftover": Spec(
            _WRONG,
            "{count} events of {org} are kept and not applied, the oldest for {ago}{why}.",
            "They are tried again every 15 seconds while a worker runs and chore-inbox is not "
            "paused. If both are so, read the worker's log.",
        ),
        "stuck_deliveries": Spec(
            _WRONG,
            "{count} of {what} ({channel}), the oldest for {ago}.",
            "See that a worker runs and that the Schedules are not paused; then read the worker's "
            "log for the channel.",
        ),
        "dead_numbers": Spec(
            _WARNING,
            "{count} numbers or mailboxes of {whose} in {org} take nothing any more.",
            "Ask for the right ones; what was to go there is a task on the board.",
        ),
        "overdue_tasks": Spec(
            _WARNING,
            "{org}: {count} tasks of {owner} are late, the oldest by {ago}.",
            "`python starter.py explain ID` says what each one asks.",
        ),
        # --- this command ---
        "no_web": Spec(
            _WRONG,
            "Our web process does not answer at {address} ({why}): no event can come in.",
            "Start `python starter.py web`, or correct REFERRAL_LOOP_PUBLIC_URL.",
        ),
        "not_looked": Spec(
            _WRONG,
            "Doctor could not look at {check} ({why}).",
            "Run it again; if it stays, look at what else is wrong first.",
        ),
    }
)


def found(code: str, *about: str, **given: object) -> Finding:
    """A finding by its code; ``about`` are ids, of which the first few are kept."""
    spec = FINDINGS[code]
    return Finding(
        code=code,
        severity=spec.severity,
        says=spec.says.format(**given),
        do=spec.do.format(**given),
        about=about[:EXAMPLES],
    )
