"""What ``doctor`` looks at first: settings, disks, and whether Temporal and the database answer.

What they find there is what the other checks (``cli.checks``) work on. Nothing is changed.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import httpx
from temporalio.client import Client

from activities.tenants import Tenants
from cli.workplace import addresses, load_tenants, try_connect
from engine import examine as engine
from engine.namespace import RETENTION
from models import health, policy_file
from models.errors import EngineUnavailable, LoopError
from models.findings import EXAMPLES, Finding, found
from settings import Settings, examples
from store import examine as record
from store import schema
from store.engine import Store, open_store
from web.codec.door import is_loopback

PATIENCE: Final = 2.0  # seconds for the database's lock
WEB_SECONDS: Final = 3.0


@dataclass
class Patient:
    """What is examined; a part that cannot be reached is None, and what needs it is left out."""

    settings: Settings
    tenants: Tenants | None = None
    client: Client | None = None
    store: Store | None = None

    @property
    def orgs(self) -> list[str]:
        """The organizations whose rows are looked at."""
        return list(self.tenants) if self.tenants is not None else []


Check = Callable[[Patient], Awaitable[list[Finding]]]


async def policy(p: Patient) -> list[Finding]:
    """The policy files, and the tenants they make."""
    problems: list[str] = []
    for path in p.settings.policy_files:
        try:
            problems += policy_file.check(path)
        except LoopError as error:
            problems.append(error.sentence)
    if not problems:
        try:
            p.tenants = load_tenants(p.settings)
        except LoopError as error:
            problems.append(error.sentence)
    return [found("bad_policy", sentence=one) for one in problems]


async def temporal(p: Patient) -> list[Finding]:
    """Whether the server answers and has our namespace."""
    client = await try_connect(p.settings)
    if client is None:
        return [found("engine_unknown")]
    namespace = p.settings.temporal_namespace
    try:
        kept = await engine.retention(client)
    except EngineUnavailable:
        return [found("engine_unreachable", address=client.service_client.config.target_host)]
    if kept is None:
        return [found("no_namespace", namespace=namespace)]
    p.client = client
    if kept >= RETENTION:
        return []
    days = {"days": kept.days, "wanted": RETENTION.days}
    return [found("short_retention", namespace=namespace, **days)]


async def database(p: Patient) -> list[Finding]:
    """Whether the record can be read and written, and has our schema."""
    return await asyncio.to_thread(_database, p)


def _database(p: Patient) -> list[Finding]:
    store = open_store(p.settings.database_url, patience=PATIENCE)
    file = record.file_of(store)
    if file is not None and not file.exists():  # asking would make it
        return [found("no_schema")]
    try:
        findings, usable = _judged(store)
    except BaseException:
        store.close()
        raise
    if usable:
        p.store = store
    else:
        store.close()
    return findings


def _judged(store: Store) -> tuple[list[Finding], bool]:
    """What is to be said of a database, and whether it can be looked into."""
    trouble = record.why_not_reached(store)
    if trouble is not None:
        return [found("store_unreachable", why=trouble)], False
    blocked = record.why_not_writable(store)
    findings = [found(blocked[0], why=blocked[1])] if blocked else []
    has, wanted = schema.current(store), schema.newest()
    if has is None:
        return [*findings, found("no_schema")], False
    if not schema.known(has):
        return [*findings, found("newer_schema", found=has)], False
    if has != wanted:
        return [*findings, found("old_schema", found=has, wanted=wanted)], False
    lacking = record.lacks(store)
    if lacking:
        missing = ", ".join(lacking[:EXAMPLES])
        return [*findings, found("half_schema", found=has, missing=missing)], False
    return findings, True


async def web(p: Patient) -> list[Finding]:
    """Whether our web process answers, where anybody said where it is."""
    address = addresses(p.settings).get("http") or p.settings.public_url
    if address is None:
        return []
    try:
        async with httpx.AsyncClient(timeout=WEB_SECONDS, trust_env=False) as http:
            answer = await http.get(f"{address}/healthz")
    except httpx.HTTPError as error:
        return [found("no_web", address=address, why=type(error).__name__)]
    return [] if answer.is_success else [found("no_web", address=address, why=answer.status_code)]


async def secrets(p: Patient) -> list[Finding]:
    """Published secrets where others can reach us; outside dev they stop the start anyway."""
    host = p.settings.http_host
    public = urlsplit(p.settings.base_url).hostname or ""
    why = next((f"at {one}" for one in (host, public) if not is_loopback(one)), None)
    if why is None:
        return []
    return [found("example_secret", variable=one, why=why) for one in examples(p.settings)]


async def links(p: Patient) -> list[Finding]:
    """Whether the links in patients' texts lead anywhere, where they lead to us."""
    url = urlsplit(p.settings.base_url)
    reachable = url.scheme == "https" and not is_loopback(url.hostname or "")
    if p.tenants is None or reachable or p.settings.environment == "dev":
        return []
    clinics = [
        f"{org}/{clinic.id}"
        for org in p.orgs
        for clinic in p.tenants.get(org).organization.clinics
        if clinic.own_pages
    ]
    address = p.settings.base_url
    return [found("links_lead_nowhere", *clinics, address=address)] if clinics else []


async def disks(p: Patient) -> list[Finding]:
    """Room where the data directory and a SQLite record lie."""
    places: dict[int, tuple[str, Path]] = {}
    folders = {"the data directory": p.settings.data_dir}
    if p.settings.database_url.startswith("sqlite:///"):
        folders["the database"] = Path(p.settings.database_url.removeprefix("sqlite:///")).parent
    for where, folder in folders.items():
        there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
        places.setdefault(there.stat().st_dev, (where, there))
    return [
        finding
        for where, there in places.values()
        for finding in health.disk(where, shutil.disk_usage(there).free)
    ]


FIRST: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "policy files": policy,
        "Temporal": temporal,
        "database": database,
        "web process": web,
        "secrets": secrets,
        "links": links,
        "disks": disks,
    }
)
