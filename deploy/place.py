"""One folder that holds everything of one native run, and the ports it uses."""

from __future__ import annotations

import json
import os
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from models.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_FILE = ROOT / "docker-compose.yml"
HOST = "127.0.0.1"
PORTS = (
    *("postgres", "web", "ui", "frontend", "frontend_http", "matching", "history", "system"),
    *("frontend_member", "matching_member", "history_member", "system_member", "metrics"),
    *("web_metrics", "worker_metrics"),  # the last one is the first of two for each worker
)
MOST_WORKERS = 16
# Below the ports that outgoing connections are given: a service that was killed finds its own
# again when it is restarted.
FIRST_PORT, LAST_PORT = 20_000, 30_000
_PASSED_ON = (
    "REFERRAL_LOOP_POLICY_FILES",
    "REFERRAL_LOOP_SMTP_",
    "REFERRAL_LOOP_TWILIO_",
    "REFERRAL_LOOP_TELNYX_",
    "REFERRAL_LOOP_DESK_OIDC_",
    "REFERRAL_LOOP_FHIR_",
    "REFERRAL_LOOP_FAX_",
)


@dataclass(frozen=True)
class Place:
    """A folder of one native run; removing it leaves nothing behind."""

    folder: Path

    @property
    def app(self) -> Path:
        """What the image holds in /app: exactly the files the Dockerfile copies."""
        return self.folder / "app"

    @property
    def secrets(self) -> Path:
        """The secret files."""
        return self.folder / "secrets"

    @property
    def volumes(self) -> Path:
        """The named volumes."""
        return self.folder / "volumes"

    @property
    def cluster(self) -> Path:
        """The data directory of Postgres, inside its volume."""
        return self.volumes / "postgres" / "data"

    @property
    def logs(self) -> Path:
        """What each part says."""
        return self.folder / "logs"

    @property
    def programs(self) -> Path:
        """The programs of the images, under the names they have there."""
        return self.folder / "bin"

    @property
    def state(self) -> Path:
        """Where each part stands, written by the keeper."""
        return self.folder / "state.json"

    @property
    def lock(self) -> Path:
        """Held by the process that keeps the parts; its id stands inside."""
        return self.folder / "native.pid"

    @cached_property
    def ports(self) -> Mapping[str, int]:
        """The port of each name in ``PORTS``: a free block, chosen once and then kept."""
        file = self.folder / "ports.json"
        if not file.exists():
            file.write_text(
                json.dumps(
                    dict(zip(PORTS, _free_block(len(PORTS) + 2 * MOST_WORKERS), strict=False))
                )
            )
        told: dict[str, int] = json.loads(file.read_text())
        return told

    def url(self, port: str) -> str:
        """The address of a port by its name."""
        return f"http://{HOST}:{self.ports[port]}"

    def secret(self, name: str) -> str:
        """What is in a secret file."""
        return (self.secrets / name).read_text(encoding="utf-8").strip()

    @property
    def variables(self) -> dict[str, str]:
        """What docker-compose.yml is filled in with; what a clinic chooses is passed on."""
        chosen = {name: os.environ[name] for name in os.environ if name.startswith(_PASSED_ON)}
        return chosen | {
            "REFERRAL_LOOP_SECRETS_DIR": str(self.secrets),
            "REFERRAL_LOOP_PUBLIC_URL": self.url("web"),
            "REFERRAL_LOOP_TEMPORAL_UI_ADDRESS": self.url("ui"),
        }


def plain_environment() -> dict[str, str]:
    """An environment without the caller's settings, as a container has it."""
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **kept}


def _free_block(length: int) -> range:
    numbers = list(range(FIRST_PORT, LAST_PORT, 100))
    random.shuffle(numbers)  # two runs that begin at once seldom want the same
    for first in numbers:
        block = range(first, first + length)
        if all(_is_free(port) for port in block):
            return block
    raise ConfigError(f"No {length} ports in a row are free between {FIRST_PORT} and {LAST_PORT}.")


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
    return True
