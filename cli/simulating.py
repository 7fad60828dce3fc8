"""``up --simulate-vendors``: both vendors on this machine, and the whole house pointed at them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from activities.tenants import Tenants
from cli.serving import serve_with
from cli.workplace import load_tenants, make_folder, wall_clock
from models.errors import ConfigError
from settings import PREFIX, Settings

HOST = "127.0.0.1"  # nobody else may play a patient here
_OPTIONS: dict[str, object] = {"access_log": False, "log_config": None, "server_header": False}
_CHANNELS = re.compile(r"^\[channels\][^\n]*\n(?:(?!\[).*\n)*", re.MULTILINE)
_KEY = re.compile(r'^(fax|sms)\s*=\s*"[^"\n]*"', re.MULTILINE)
_NOWHERE = re.compile(r'^(scheduling_link\s*=\s*)"https://example\.org/[^"\n]*"', re.MULTILINE)
_VENDORS = {"fax": "telnyx", "sms": "twilio"}


class Simulated(NamedTuple):
    """The settings of the house, what its workers must be told besides, and the page's address."""

    settings: Settings
    environment: dict[str, str]
    page: str


@asynccontextmanager
async def simulated(given: Settings) -> AsyncIterator[Simulated]:
    """Serve the simulators until the block ends, with accounts made for this run alone.

    Raises ConfigError outside dev, for a wrong policy file, and where the development packages that
    draw pages are not installed.
    """
    if given.environment != "dev":
        raise ConfigError(
            "--simulate-vendors is for trying things out: set REFERRAL_LOOP_ENVIRONMENT to dev.",
            field=f"{PREFIX}ENVIRONMENT",
        )
    try:
        from demo.vendors.page import Line, simulator
        from demo.vendors.telnyx import TelnyxServer
        from demo.vendors.twilio import TwilioServer
    except ImportError as error:
        raise ConfigError(
            f"--simulate-vendors needs the development packages ({error.name} is missing): "
            "install requirements-dev.lock."
        ) from None
    tenants = load_tenants(given)
    base = f"http://{HOST}:{given.http_port}"
    twilio, telnyx = TwilioServer(wall_clock), TelnyxServer(wall_clock)
    lines = tuple(
        Line(org, clinic.name, clinic.phone, clinic.fax, clinic.zone)
        for org in tenants
        for clinic in tenants.get(org).organization.clinics
    )
    for line in lines:
        twilio.webhooks[line.phone] = f"{base}/callbacks/twilio/{line.org}"
        telnyx.webhooks[line.fax] = f"{base}/callbacks/telnyx/{line.org}/fax"
    app = simulator(twilio, telnyx, lines, wall_clock)
    async with serve_with(app, _OPTIONS, HOST) as page:
        telnyx.address = f"{page}/telnyx"
        told = {
            "twilio_account_sid": twilio.account_sid,
            "twilio_auth_token": twilio.token,
            "twilio_url": f"{page}/twilio",
            "telnyx_api_key": telnyx.api_key,
            "telnyx_connection_id": telnyx.connection_id,
            "telnyx_public_key": telnyx.public_key,
            "telnyx_url": f"{page}/telnyx",
            "public_url": base,
        }
        files = pointed(given, tenants)
        secrets = {"twilio_auth_token", "telnyx_api_key"}
        changed: dict[str, object] = {
            name: SecretStr(value) if name in secrets else value for name, value in told.items()
        }
        environment = {PREFIX + name.upper(): value for name, value in told.items()}
        environment[f"{PREFIX}POLICY_FILES"] = ",".join(map(str, files))
        settings = given.model_copy(update={**changed, "policy_files": files})
        yield Simulated(settings, environment, page)


def pointed(given: Settings, tenants: Tenants) -> tuple[Path, ...]:
    """Copies of the policy files, in the data directory, whose channels are the vendors'.

    The originals stay as they are; a change of theirs needs a new start.
    """
    folder = given.data_dir / "simulated"
    make_folder(folder)
    files = []
    for number, (path, _) in enumerate(zip(given.policy_files, tenants, strict=True)):
        copy = folder / f"{number}-{path.name}"
        copy.write_text(with_vendors(path.read_text(encoding="utf-8")), encoding="utf-8")
        files.append(copy)
    return tuple(files)


def with_vendors(policy: str) -> str:
    """A policy file's text with texts by Twilio and faxes by Telnyx; pure.

    Made-up addresses for scheduling become pages of ours, so that every link of a text opens.
    """
    policy = _NOWHERE.sub(r'\1"ours"', policy)
    chosen = "".join(f'{channel} = "{vendor}"\n' for channel, vendor in _VENDORS.items())
    found = _CHANNELS.search(policy)
    if found is None:
        return f"{policy.rstrip()}\n\n[channels]\n{chosen}"
    kept = "".join(line for line in found[0].splitlines(True)[1:] if not _KEY.match(line))
    return f"{policy[: found.start()]}[channels]\n{chosen}{kept}{policy[found.end() :]}"
