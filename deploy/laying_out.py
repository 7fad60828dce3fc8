"""Fills the folder of a native run with what the images would bring: programs, files, a cluster."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.place import HOST, ROOT, Place, plain_environment
from engine.install import SERVER, SQL_TOOL, WEB_UI, Say, build
from models.errors import ConfigError

UI_MODULE = "github.com/temporalio/ui-server/v2"
# What the entrypoint of the server's image does once it knows the container's address.
ENTRYPOINT = "#!/bin/sh\nexec temporal-server start\n"


async def lay_out(place: Place, say: Say) -> None:
    """Make everything a run needs; what is there already stays, but for the image's files.

    Raises ConfigError for what this machine lacks, with what to install.
    """
    place.folder.mkdir(mode=0o711, parents=True, exist_ok=True)  # Postgres has its own account
    if place.folder.stat().st_uid != os.geteuid():
        raise ConfigError(f"{place.folder} belongs to somebody else; name another --dir.")
    for folder in (place.volumes, place.logs, place.programs):
        folder.mkdir(mode=0o711, exist_ok=True)
    await _bring_programs(place, say)
    _copy_image(place)
    _run(
        [str(ROOT / "deploy" / "secrets.sh")],
        plain_environment()
        | {
            "REFERRAL_LOOP_SECRETS_DIR": str(place.secrets),
            "REFERRAL_LOOP_STORE_HOST": f"{HOST}:{place.ports['postgres']}",
        },
    )
    if not (place.cluster / "PG_VERSION").exists():
        say("Making a Postgres cluster with two roles and three databases.")
        _make_cluster(place)


async def _bring_programs(place: Place, say: Say) -> None:
    for program in (SERVER, SQL_TOOL, WEB_UI):
        problem = await build(program, say)
        if problem is not None:
            raise ConfigError(f"{program.name} is missing: {problem}.")
        link = place.programs / program.name
        link.unlink(missing_ok=True)
        link.symlink_to(program.path)
    entrypoint = place.programs / "temporal-entrypoint"
    entrypoint.write_text(ENTRYPOINT)
    entrypoint.chmod(0o755)
    # The UI reads the file its image has; here it must listen on the loopback address alone.
    config = place.folder / "ui" / "config"
    config.mkdir(parents=True, exist_ok=True)
    shipped = _go_module(UI_MODULE, WEB_UI.version) / "config" / "docker.yaml"
    (config / "docker.yaml").write_text(f"{shipped.read_text()}\nhost: {HOST}\n")


def _copy_image(place: Place) -> None:
    shutil.rmtree(place.app, ignore_errors=True)
    for name in copied_by_dockerfile():
        source, target = ROOT / name, place.app / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def copied_by_dockerfile() -> list[str]:
    """Every file and folder of ours that the Dockerfile copies into the image."""
    final = (ROOT / "Dockerfile").read_text(encoding="utf-8").rpartition("\nFROM ")[2]
    found = re.findall(r"^COPY (?!--from)(.+) \S+$", final, flags=re.MULTILINE)
    return [name for names in found for name in names.split()]


def _make_cluster(place: Place) -> None:
    """What the Postgres image does with an empty volume: a cluster, then our roles.sh."""
    programs, account = postgres_programs(), postgres_account()
    password = place.cluster.parent / "password"
    place.cluster.mkdir(mode=0o700, parents=True, exist_ok=True)
    password.touch(mode=0o600)
    password.write_text(place.secret("postgres_password"))
    if account is not None:
        for path in (place.cluster.parent, place.cluster, password):
            shutil.chown(path, account, account)
    initdb = [str(programs / "initdb"), "-D", str(place.cluster), "--username=postgres"]
    initdb += ["--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8"]
    _run([*initdb, "--locale=C.UTF-8"], plain_environment(), account)
    password.unlink()
    control = [str(programs / "pg_ctl"), "-D", str(place.cluster), "-w"]
    options = ["-l", str(place.cluster / "first.log"), "-o", " ".join(postgres_options(place))]
    _run([*control, *options, "start"], plain_environment(), account)
    try:
        _run([str(ROOT / "deploy" / "postgres" / "roles.sh")], _for_roles(place, programs))
    finally:
        _run([*control, "-m", "fast", "stop"], plain_environment(), account)


def _for_roles(place: Place, programs: Path) -> dict[str, str]:
    return plain_environment() | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PGHOST": HOST,
        "PGPORT": str(place.ports["postgres"]),
        "PGPASSWORD": place.secret("postgres_password"),
        "POSTGRES_USER": "postgres",
        "TEMPORAL_PASSWORD_FILE": str(place.secrets / "temporal_password"),
        "STORE_PASSWORD_FILE": str(place.secrets / "store_password"),
    }


def postgres_options(place: Place) -> list[str]:
    """Where Postgres listens here: on one port of the loopback address, and on no socket."""
    port = str(place.ports["postgres"])
    return ["-p", port, "-c", f"listen_addresses={HOST}", "-c", "unix_socket_directories="]


def postgres_programs() -> Path:
    """The folder of initdb and postgres: REFERRAL_LOOP_POSTGRES_BIN, Debian's, or PATH's.

    Raises ConfigError when there is none.
    """
    told, on_path = os.environ.get("REFERRAL_LOOP_POSTGRES_BIN"), shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folders += [Path(on_path).resolve().parent] if on_path else []
    for folder in [Path(told)] if told else folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise ConfigError("There is no PostgreSQL server on this machine: apt-get install postgresql.")


def postgres_account() -> str | None:
    """The account Postgres runs under: its own where we are root, which it refuses to run as."""
    return "postgres" if os.geteuid() == 0 else None


def _go_module(name: str, version: str) -> Path:
    """The folder of a Go module's source, downloaded if need be."""
    words = ["go", "mod", "download", "-json", f"{name}@v{version}"]
    done = subprocess.run(  # noqa: S603  (a pinned name and version)
        words, capture_output=True, text=True, check=False, cwd="/"
    )
    if done.returncode != 0:
        raise ConfigError(f"Go could not get the source of {name} {version}.")
    return Path(json.loads(done.stdout)["Dir"])


def _run(words: list[str], environment: Mapping[str, str], account: str | None = None) -> None:
    done = subprocess.run(  # noqa: S603  (programs of ours and of Postgres)
        words,
        env=dict(environment),
        user=account,
        group=account,
        extra_groups=[] if account else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ConfigError(f"{Path(words[0]).name} failed:\n{done.stdout.strip()[-2000:]}")
