"""Patients' own pages: no login, a signed link, a first name and times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI

from activities.intake import Intake
from activities.patient_page import PatientPages
from settings import Settings
from web.patient import routes
from web.patient.show import trouble
from web.problems import Shapes


def install(
    app: FastAPI,
    settings: Settings,
    intake: Intake,
    clock: Callable[[], datetime],
    shapes: Shapes,
) -> None:
    """Serve the pages under ``/p/``; errors there are pages as well."""
    app.include_router(routes.router(PatientPages(intake, settings.pages, clock), clock))
    shapes[routes.TAG] = trouble
