"""``report``: a month's report as files, and the month closed where it is due."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from activities.monthly import Monthly
from activities.tenants import Tenants
from cli.console import out, print_json
from cli.workplace import load_settings, load_tenants, open_record, wall_clock
from models.errors import BadRequest
from models.monthly import EVERY, MonthlyReport, from_address
from models.months import back, first_day, month_of
from reports import forms
from reports.kit.text import moment
from store.engine import Store

BY = "command"  # who closed the month, on record


def report(
    clinic: str | None, month: str | None, to: Path, org: str | None, *, as_json: bool
) -> None:
    """Write report.pdf, .html, .xlsx, .json and two CSV files into a folder.

    The month is closed if it is due; without one, last month's. Run again on a closed month it
    writes the same figures. Raises BadRequest, NotFound, ConfigError, StoreUnavailable.
    """
    settings = load_settings()
    tenants = load_tenants(settings)
    known = list(tenants)
    if org is None and len(known) > 1:
        raise BadRequest(f"There are several organizations; choose one with --org: {known}.")
    org, scope, now = org or known[0], from_address(clinic or EVERY), wall_clock()
    today = tenants.calendar(org, now).local_date(now)
    wanted = month or back(month_of(today), 1)
    if first_day(wanted) > today:
        raise BadRequest("That month has not begun yet.", code="month_ahead")
    store = open_record(settings).store
    try:
        told, paths = made(store, tenants, org, scope, wanted, to, now, settings.base_url)
    finally:
        store.close()
    if as_json:
        files = [str(path) for path in paths]
        print_json({"month": wanted, "as_of": told.as_of.isoformat(), "files": files})
        return
    out.print(told.verdict)
    if told.preliminary:
        out.print("The month is not closed yet: its figures may still change.")
    else:
        closed = moment(told.as_of, told.zone)
        out.print(f"The month was closed on {closed}: its figures stay as they are.")
    for path in paths:
        out.print(f"  {path}", markup=False, soft_wrap=True)


def made(
    store: Store,
    tenants: Tenants,
    org: str,
    scope: str,
    month: str,
    to: Path,
    now: datetime,
    address: str | None,
) -> tuple[MonthlyReport, list[Path]]:
    """The report of a month, closed if it is due at *now*, and the files it was written to.

    *address* is where the desk is reached; without one no figure is a link.
    """
    monthly = Monthly(store, tenants)
    monthly.close(org, scope, month, now=now, by=BY)
    told = monthly.report(org, scope, month, now=now)
    return told, list(forms.write(told, to, address).values())
