"""What most commands need: settings, the record, and a client where an engine can be reached."""

from __future__ import annotations

import errno
import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError
from temporalio.client import Client

import settings as environment
from activities.tenants import Tenants
from cli.console import say
from engine.client import connect
from models import policy_file
from models.errors import ConfigError, NotFound
from models.events import ExternalId
from settings import Settings
from store import referrals, schema
from store.engine import Store, open_store
from store.record import Record

UP_FILE = "up.json"  # written by ``up`` while it runs


def wall_clock() -> datetime:
    """The real time; a command line is an edge where a clock may be read."""
    return datetime.now(UTC)


def load_settings() -> Settings:
    """The settings of this process; raises ConfigError naming the variable."""
    return environment.load()


def make_folder(folder: Path) -> None:
    """The folder, made where it is not there; raises ConfigError where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise ConfigError(
            f"The data directory cannot be written ({error.strerror}); "
            "choose REFERRAL_LOOP_DATA_DIR anew.",
            field="REFERRAL_LOOP_DATA_DIR",
        ) from None


def load_tenants(settings: Settings) -> Tenants:
    """Every organization's policy file; raises ConfigError with file, key and line."""
    return Tenants(policy_file.load(path) for path in settings.policy_files)


def open_record(settings: Settings) -> Record:
    """The record with the schema of this release; raises StoreUnavailable."""
    store: Store = open_store(settings.database_url)
    make_ready(store, settings)
    return Record(store)


def make_ready(store: Store, settings: Settings) -> None:
    """The schema of this release, said where that changed a database; raises StoreUnavailable.

    On a developer's machine any command may change it, also one that only reads: an earlier
    release will not open it again.
    """
    moved = schema.ready(store, may_migrate=settings.may_migrate)
    if moved is not None:
        say(f"The development database went from schema {moved[0]} to {moved[1]}.")


def located(wanted: str) -> tuple[Record, Tenants, str, str]:
    """The record, the tenants, and which referral is meant; raises NotFound, ConfigError."""
    settings = load_settings()
    tenants = load_tenants(settings)
    record = open_record(settings)
    return record, tenants, *find_referral(record, tenants, wanted)


def find_referral(record: Record, tenants: Tenants, wanted: str) -> tuple[str, str]:
    """Organization and id of a referral named by our id or as ``assigner:value``.

    Raises NotFound with what to try.
    """
    assigner, by_them, value = wanted.partition(":")
    with record.store.read() as session, suppress(ValidationError):
        for org in tenants if wanted.isprintable() else ():
            if by_them:
                row = referrals.find(session, org, ExternalId(assigner=assigner, value=value))
                wanted_id = row.id if row else ""
            else:
                wanted_id = wanted
            with suppress(NotFound):
                return org, referrals.get(session, org, wanted_id).id
    raise NotFound(
        "There is no such referral. Name it by its id (ref_…) or as the other system does, "
        "assigner:value."
    )


async def try_connect(settings: Settings) -> Client | None:
    """A client that connects at its first call, for commands that must work while it is down.

    Without TEMPORAL_ADDRESS it is the server of the ``up`` that runs on this data directory, and
    None without one: a server found anywhere else may be another data directory's, whose workers
    do not know our referrals.
    """
    address = settings.temporal_address or addresses(settings).get("temporal")
    if address is None:
        return None
    return await connect(address, settings.temporal_namespace, keyring=settings.keyring, lazy=True)


def addresses(settings: Settings) -> dict[str, str]:
    """Where the ``up`` of this data directory serves; empty when none runs any more."""
    try:
        found: dict[str, str] = json.loads((settings.data_dir / UP_FILE).read_text())
        os.kill(int(found["pid"]), 0)
    except PermissionError:  # somebody else's, and alive
        return found
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found
