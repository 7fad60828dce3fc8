"""Reads the settings of a process, and says in our words what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import SettingsError

from models.errors import ConfigError
from settings.checks import check
from settings.secret_files import PREFIX
from settings.whole import Settings


def load(**given: Any) -> Settings:
    """The settings of this process; raises ConfigError naming the variable that is wrong.

    *given* overrides the environment. Outside ``dev`` every published example secret is refused.
    """
    try:
        settings = Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        variable = _variable(str(first["loc"][0]))
        said = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{variable} is wrong: {said}.", field=variable) from None
    except SettingsError as error:
        variable = _variable_in(str(error))
        raise ConfigError(
            f"{variable} is not valid JSON; see .env.example for its shape.", field=variable
        ) from None
    check(settings)
    return settings


def variables() -> Mapping[str, FieldInfo]:
    """Every variable by its full name, for the documentation and its test."""
    return {PREFIX + name.upper(): field for name, field in Settings.model_fields.items()}


def _variable(place: str) -> str:
    return (
        place.upper() if place.upper().startswith((PREFIX, "TEMPORAL_")) else PREFIX + place.upper()
    )


def _variable_in(message: str) -> str:
    names = [name for name in Settings.model_fields if f'"{name}"' in message]
    return PREFIX + names[0].upper() if names else f"{PREFIX}*"
