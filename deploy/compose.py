"""Reads docker-compose.yml: as much of it as ours says, with its variables filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, field_validator

from models.base import Model

Condition = Literal["service_healthy", "service_completed_successfully"]
_VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::-([^}]*))?\}")
_DURATION = re.compile(r"(\d+)(s|m)")


class Healthcheck(Model):
    """How often a command is asked whether a service does its work; all times in seconds."""

    test: tuple[str, ...]
    interval: float
    timeout: float
    retries: int
    start_period: float = 0
    start_interval: float = 5

    @field_validator("interval", "timeout", "start_period", "start_interval", mode="before")
    @classmethod
    def _seconds(cls, told: Any) -> Any:
        return seconds(told) if isinstance(told, str) else told

    @property
    def command(self) -> tuple[str, ...]:
        """The words to run; CMD-SHELL is a line for a shell."""
        how, *words = self.test
        return tuple(words) if how == "CMD" else ("/bin/sh", "-c", *words)


class Needed(Model):
    """What must be true of another service first."""

    condition: Condition


class Replicas(Model):
    """How many containers of a service run."""

    replicas: int = 1


class Service(Model):
    """One service. ``entrypoint`` and ``command`` are empty where the image has its own."""

    image: str
    build: str | None = None
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    depends_on: Mapping[str, Needed] = {}
    healthcheck: Healthcheck | None = None
    restart: str = "no"
    secrets: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    stop_signal: str = "SIGTERM"
    stop_grace_period: float = 10
    deploy: Replicas = Field(default=Replicas())

    @field_validator("stop_grace_period", mode="before")
    @classmethod
    def _seconds(cls, told: Any) -> Any:
        return seconds(told) if isinstance(told, str) else told

    @property
    def is_job(self) -> bool:
        """Whether it runs once and ends, and is not kept running."""
        return self.restart == "no" or self.restart.startswith("on-failure")

    @property
    def tries(self) -> int:
        """How often a job that fails is started again."""
        return int(self.restart.partition(":")[2] or 0)


def load(path: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """The whole file with ``${NAME:-default}`` and ``$$`` replaced.

    Raises ValueError for a variable that is neither given nor has a default.
    """
    told: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {key: _filled(value, variables) for key, value in told.items()}


def services(path: Path, variables: Mapping[str, str]) -> dict[str, Service]:
    """Every service without a profile, by name."""
    all_of_them = load(path, variables)["services"]
    read = {name: Service.model_validate(told) for name, told in all_of_them.items()}
    return {name: service for name, service in read.items() if not service.profiles}


def seconds(told: str) -> float:
    """``90s`` or ``2m`` in seconds."""
    match = _DURATION.fullmatch(told)
    if match is None:
        raise ValueError(f"{told!r} is no duration such as 90s or 2m")
    return int(match[1]) * (60 if match[2] == "m" else 1)


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, variables) for one in value]
    if not isinstance(value, str):
        return value

    def fill(found: re.Match[str]) -> str:
        name, default = found.groups()
        if name is None:
            return "$"
        if name not in variables and default is None:
            raise ValueError(f"docker-compose.yml needs the variable {name}")
        return variables.get(name) or default or ""

    return _VARIABLE.sub(fill, value)
