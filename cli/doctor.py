"""``doctor``: says in words what is wrong and what to do; works while anything is down.

Checks run side by side, for a few seconds at most; what needs a part that is down is left out and
said so. Nothing is changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cli.checks import NEED_BOTH, NEED_RECORD, NEED_TEMPORAL
from cli.console import out, print_json
from cli.reach import FIRST, Check, Patient
from cli.workplace import load_settings
from models.errors import ConfigError, LoopError
from models.findings import Finding, Severity, found
from settings import Settings

LIMIT: Final = 8.0  # seconds for one check


@dataclass(frozen=True)
class Diagnosis:
    """What was found, what was looked at, and what could not be because something was down."""

    findings: tuple[Finding, ...]
    looked: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def fine(self) -> bool:
        """Nothing is wrong; there may be warnings."""
        return not any(one.severity is Severity.WRONG for one in self.findings)


async def examine(settings: Settings) -> Diagnosis:
    """Look at everything that can be reached; raises nothing."""
    patient = Patient(settings)
    try:
        return await _examine(patient)
    finally:
        if patient.store is not None:
            patient.store.close()


async def _examine(patient: Patient) -> Diagnosis:
    findings = await _all(FIRST, patient)
    record_there = patient.store is not None and patient.tenants is not None
    then: dict[str, Check] = {}
    left_out: list[str] = []
    for checks, there in (
        (NEED_TEMPORAL, patient.client is not None),
        (NEED_RECORD, record_there),
        (NEED_BOTH, patient.client is not None and record_there),
    ):
        if there:
            then |= checks
        else:
            left_out += checks
    findings += await _all(then, patient)
    order = list(Severity)
    findings.sort(key=lambda one: order.index(one.severity))  # stable: else as they were looked at
    return Diagnosis(tuple(findings), (*FIRST, *then), tuple(left_out))


async def doctor(*, as_json: bool) -> int:
    """Print what is wrong and what to do; 1 when something is wrong, 0 for warnings alone."""
    try:
        diagnosis = await examine(load_settings())
    except ConfigError as error:
        wrong = found("bad_settings", sentence=error.sentence)
        every = (*NEED_TEMPORAL, *NEED_RECORD, *NEED_BOTH)
        diagnosis = Diagnosis((wrong,), ("settings",), (*FIRST, *every))
    if as_json:
        print_json(
            {
                "ok": diagnosis.fine,
                "findings": [one.model_dump(mode="json") for one in diagnosis.findings],
                "looked_at": list(diagnosis.looked),
                "left_out": list(diagnosis.left_out),
            }
        )
    else:
        _tell(diagnosis)
    return 0 if diagnosis.fine else 1


def _tell(diagnosis: Diagnosis) -> None:
    for one in diagnosis.findings:
        mark = "[red]✗[/]" if one.severity is Severity.WRONG else "[yellow]![/]"
        out.print(f"{mark} [bold]{one.code}[/]  ", end="")
        out.print(one.says, markup=False, soft_wrap=True)
        if one.about:
            out.print(f"    such as {', '.join(one.about)}", markup=False, soft_wrap=True)
        out.print(f"    → {one.do}", markup=False, soft_wrap=True)
    wrong = sum(one.severity is Severity.WRONG for one in diagnosis.findings)
    warnings = len(diagnosis.findings) - wrong
    if diagnosis.left_out:
        left = ", ".join(diagnosis.left_out)
        out.print(f"Not looked at, because something above is missing: {left}.", soft_wrap=True)
    if not diagnosis.findings:
        out.print(f"[green]✓[/] All is well: {', '.join(diagnosis.looked)}.", soft_wrap=True)
    else:
        out.print(f"{wrong} wrong, {warnings} to know.")


async def _all(checks: Mapping[str, Check], patient: Patient) -> list[Finding]:
    done = await asyncio.gather(*(_one(name, check, patient) for name, check in checks.items()))
    return [finding for findings in done for finding in findings]


async def _one(name: str, check: Check, patient: Patient) -> list[Finding]:
    try:
        async with asyncio.timeout(LIMIT):
            return await check(patient)
    except TimeoutError:
        return [found("not_looked", check=name, why=f"not within {LIMIT:.0f} seconds")]
    except LoopError as error:
        return [found("not_looked", check=name, why=error.code)]
    except Exception as error:  # a doctor that falls over helps nobody
        return [found("not_looked", check=name, why=type(error).__name__)]
