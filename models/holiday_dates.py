"""Public holidays as plain dates, by the ``holidays`` library; the only module that imports it.

Never imported by models/clock.py, models/policy/ or a workflow: a newer release of the library
may know other dates, and a replay must not. The dates are handed in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

import holidays

from models.errors import ConfigError

_NAME_DIVIDER = "; "


def closed_dates(
    country: str,
    state: str | None,
    years: Iterable[int],
    extra: Iterable[date] = (),
    open_anyway: Collection[date | str] = (),
) -> tuple[date, ...]:
    """The days a location is closed in these years, sorted.

    The country's and the state's public holidays with their observed days (a holiday on a Sunday
    also closes the Monday), plus *extra*, minus *open_anyway*. Public means the library's
    ``public`` category: federal holidays and those the state adds by law, without half days and
    unofficial ones. *open_anyway* names a date, or a holiday as the library calls it in English;
    a name covers its observed day too, and a day with two holidays stays closed until both are
    named. A date in *extra* is closed whatever else is said.
    Raises ConfigError when the library does not know the country or the state.
    """
    wanted = sorted(set(years))
    names = {name.casefold() for name in open_anyway if isinstance(name, str)}
    days = {day for day in open_anyway if isinstance(day, date)}
    closed = {
        day
        for day, called in _public(country, state, wanted).items()
        if day.year in wanted
        and day not in days
        and not all(_plain(name) in names for name in called.split(_NAME_DIVIDER))
    }
    return tuple(sorted(closed | {day for day in extra if day.year in wanted}))


def holiday_names(country: str, state: str | None, years: Iterable[int]) -> tuple[str, ...]:
    """Every name that ``open_anyway`` may use for these years, sorted."""
    called = _public(country, state, sorted(set(years))).values()
    names = {name for day in called for name in day.split(_NAME_DIVIDER)}
    return tuple(sorted({name.removesuffix(" (observed)") for name in names}))


def _plain(name: str) -> str:
    return name.casefold().removesuffix(" (observed)")


def _public(country: str, state: str | None, years: list[int]) -> dict[date, str]:
    try:
        # The neighbouring years too: New Year's Day on a Saturday is observed the year before.
        around = sorted({year + step for year in years for step in (-1, 0, 1)})
        return dict(
            holidays.country_holidays(country, subdiv=state, years=around, language="en_US")
        )
    except NotImplementedError:
        raise ConfigError(
            f"No public holidays are known for {country}{f'-{state}' if state else ''}; "
            "check country and state."
        ) from None
