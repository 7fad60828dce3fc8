"""One run of the production shape for all of these tests, with mail that is counted as it comes."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.place import ROOT
from tests.mail import Mailbox, Server
from tests.native.topology import Topology, started

WORKERS = 3
SAID_LINES = 25


@pytest.fixture(scope="session")
def mail() -> Iterator[Mailbox]:
    """The mail server that the clinic sends by: it counts every message it accepts."""
    box = Mailbox()
    server = Server(box)
    server.start()
    box.port = server.port
    yield box
    server.stop()


@pytest.fixture(scope="session")
def topology(
    mail: Mailbox, request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> Iterator[Topology]:
    """Everything docker-compose.yml lists, with three workers."""
    # Not below pytest's own folder, which is closed to the account Postgres runs under.
    home = Path(tempfile.mkdtemp(prefix="loop-native-", dir="/tmp"))
    home.chmod(0o711)
    environment = {
        "REFERRAL_LOOP_POLICY_FILES": str(policy(home)),
        "REFERRAL_LOOP_SMTP_HOST": "127.0.0.1",
        "REFERRAL_LOOP_SMTP_PORT": str(mail.port),
        "REFERRAL_LOOP_SMTP_SECURITY": "none",
        "REFERRAL_LOOP_SMTP_FROM": "clinic@example.org",
    }
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        running = started(home / "run", WORKERS, environment)
        topology = running.__enter__()
    try:
        yield topology
        if request.session.testsfailed:
            for log in sorted((home / "run" / "logs").iterdir()):
                lines = log.read_text(errors="replace").splitlines()[-SAID_LINES:]
                sys.stderr.write(
                    "\n".join([f"--- {log.name}", *(line[:300] for line in lines), ""])
                )
    finally:
        running.__exit__(None, None, None)
        shutil.rmtree(home, ignore_errors=True)


def policy(folder: Path) -> Path:
    """The example clinic, which here thanks at once and sends its mail by a real server.

    All physicians share one fax number, which takes every letter by itself and at any hour.
    """
    text = (ROOT / "clinics" / "example.toml").read_text()
    for old, new in (
        ('wait_for_duplicates = "15 min"', 'wait_for_duplicates = "0 min"'),
        ('email = "outbox"', 'email = "smtp"'),
        ('bundle = "2 bh"', 'bundle = "0 bh"'),
        ("max_pages_per_number_day = 15", "max_pages_per_number_day = 1000"),
    ):
        assert old in text
        text = text.replace(old, new)
    path = folder / "clinic.toml"
    path.write_text(text)
    return path
