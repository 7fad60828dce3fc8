"""``slots``: free times from a file, for the patients' own pages."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from pathlib import Path

from cli.console import out, print_json
from cli.workplace import load_settings, load_tenants, open_record, wall_clock
from integrations.emr.slot_file import read_slots
from models.errors import BadRequest, TooLarge
from store import slots
from store.slots import Offer, SlotSource

MAX_FILE_BYTES = 4 * 1024 * 1024
_FAR = timedelta(days=366 * 5)


def offer(file: Path, org: str | None, *, replace: bool, as_json: bool) -> None:
    """Offer the times of a file; with *replace* those of earlier files that it lacks are withdrawn.

    The same file again changes nothing. Raises BadRequest naming row and column, TooLarge,
    NotFound, ConfigError, StoreUnavailable.
    """
    settings = load_settings()
    tenants = load_tenants(settings)
    known = list(tenants)
    if org is None and len(known) > 1:
        raise BadRequest(f"There are several organizations; choose one with --org: {known}.")
    tenant = tenants.get(org or known[0])
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise TooLarge(f"The file is larger than {MAX_FILE_BYTES // 1024} KiB; split it.")
        content = file.read_bytes()
    except OSError as error:
        raise BadRequest(f"The file cannot be read ({type(error).__name__}).") from None
    clinics = {one.id: one.zone for one in tenant.organization.clinics}
    now, fresh = wall_clock(), 0
    offers: defaultdict[str, list[Offer]] = defaultdict(list)
    for one in read_slots(content, clinics):
        offers[one.clinic_id].append(Offer(one.external, one.starts_at, one.minutes))
    store = open_record(settings).store
    try:
        with store.write() as session:
            for clinic_id, times in offers.items():
                fresh += slots.put(
                    session,
                    tenant.organization.id,
                    clinic_id,
                    SlotSource.FILE,
                    times,
                    at=now,
                    instead_of=(now, now + _FAR) if replace else None,
                )
    finally:
        store.close()
    told = sum(len(times) for times in offers.values())
    if as_json:
        print_json({"times": told, "new": fresh})
    else:
        out.print(f"{told} times, {fresh} of them new.")
