"""From a service of docker-compose.yml to what runs it on this machine.

Words and environment are the file's own. Here is only what must differ where every service has
the machine's one address and sees its real files.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.compose import Service
from deploy.keeper import Command
from deploy.laying_out import postgres_account, postgres_options, postgres_programs
from deploy.place import HOST, ROOT, Place, plain_environment

OURS = "referral-loop:"  # what the names of our own images begin with


def command_for(place: Place, name: str, service: Service, replica: int = 1) -> Command:
    """What runs one container of a service here; replicas are counted from 1."""
    paths = _paths(place, service)
    words = [_swap(word, paths) for word in (*service.entrypoint, *service.command)]
    if name == "postgres":
        words = [str(postgres_programs() / "postgres"), "-D", str(place.cluster)]
        words += postgres_options(place)
    elif name == "temporal-ui":
        words = ["temporal-ui", "--root", str(place.folder / "ui"), "--env", "docker", "start"]
    plain = plain_environment()
    programs = [place.programs, Path(sys.executable).parent, postgres_programs()]
    plain["PATH"] = ":".join([*map(str, programs), plain["PATH"]])
    told = {key: _swap(value, paths) for key, value in service.environment.items()}
    return Command(
        words=tuple(words),
        environment={**plain, **told, **differs(place, name, service, replica)},
        folder=place.app if service.image.startswith(OURS) else place.folder,
        account=postgres_account() if name == "postgres" else None,
    )


def differs(place: Place, name: str, service: Service, replica: int) -> dict[str, str]:
    """Addresses and ports, of which each container has its own."""
    own = place.ports["worker_metrics"] + 2 * (replica - 1)
    port = {key: str(value) for key, value in place.ports.items()}
    temporal = f"{HOST}:{port['frontend']}"
    if service.image.startswith(OURS):
        return {
            "REFERRAL_LOOP_TEMPORAL_ADDRESS": temporal,
            "REFERRAL_LOOP_HTTP_HOST": HOST,
            "REFERRAL_LOOP_HTTP_PORT": port["web"],
            "REFERRAL_LOOP_METRICS_HOST": HOST,
            "REFERRAL_LOOP_METRICS_PORT": str(own) if name == "worker" else port["web_metrics"],
            "REFERRAL_LOOP_ENGINE_METRICS_PORT": str(own + 1),
        }
    return {
        "postgres": {"PGPORT": port["postgres"]},
        "temporal-schema": {"SQL_HOST": HOST, "SQL_PORT": port["postgres"]},
        "temporal": {
            "POSTGRES_SEEDS": HOST,
            "DB_PORT": port["postgres"],
            "BIND_ON_IP": HOST,
            "FRONTEND_GRPC_PORT": port["frontend"],
            "FRONTEND_HTTP_PORT": port["frontend_http"],
            "FRONTEND_MEMBERSHIP_PORT": port["frontend_member"],
            "MATCHING_GRPC_PORT": port["matching"],
            "MATCHING_MEMBERSHIP_PORT": port["matching_member"],
            "HISTORY_GRPC_PORT": port["history"],
            "HISTORY_MEMBERSHIP_PORT": port["history_member"],
            "WORKER_GRPC_PORT": port["system"],
            "WORKER_MEMBERSHIP_PORT": port["system_member"],
            "PROMETHEUS_ENDPOINT": f"{HOST}:{port['metrics']}",
        },
        "temporal-ui": {"TEMPORAL_ADDRESS": temporal, "TEMPORAL_UI_PORT": port["ui"]},
    }[name]


def _paths(place: Place, service: Service) -> dict[str, str]:
    """Paths inside the container, by the file's own mounts, as paths here."""
    known = {"/etc/temporal/entrypoint.sh": str(place.programs / "temporal-entrypoint")}
    for secret in service.secrets:
        known[f"/run/secrets/{secret}"] = str(place.secrets / secret)
    for volume in service.volumes:
        source, target = volume.split(":")[:2]
        known[target] = str(ROOT / source if source.startswith(".") else place.volumes / source)
    return known


def _swap(word: str, known: Mapping[str, str]) -> str:
    """A word that is one of these paths, or begins with one, as it is here."""
    for there, here in known.items():
        if word == there or word.startswith(f"{there}/"):
            return here + word[len(there) :]
    return word
