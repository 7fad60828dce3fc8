"""A run and the ways in: commands, hooks, the API, a browser at the desk, a patient's phone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from temporalio.client import Client

from demo import cast
from demo.life import Life
from demo.stage import Stage
from demo.vendors.telnyx import TelnyxServer
from demo.vendors.twilio import TwilioServer
from engine.server import Engine
from integrations.emr.signature import sign
from settings import EXAMPLE_API_TOKEN, Settings
from store.engine import Store
from tests.vendors import Stage as Stand
from tests.vendors import wall
from tests.web.desk.conftest import Browser

ROOT = Path(__file__).parents[3]
TOKEN = {"Authorization": f"Bearer {EXAMPLE_API_TOKEN}"}
HOOK = f"/hooks/{cast.ORG}/events"


class Vendors:
    """Where texts and faxes go and come from, simulated; on the stage's time once there is one."""

    def __init__(self, texting: Stand, faxing: Stand, callbacks: str) -> None:
        self.clock: Callable[[], datetime] = wall
        self.twilio = TwilioServer(wall, callbacks=f"{callbacks}/callbacks/twilio/{cast.ORG}")
        self.telnyx = TelnyxServer(
            lambda: self.clock(), webhook=f"{callbacks}/callbacks/telnyx/{cast.ORG}/fax"
        )
        self.telnyx.address = faxing.url
        texting.app, faxing.app = self.twilio.app, self.telnyx.app
        self.environment = {
            "TWILIO_ACCOUNT_SID": self.twilio.account_sid,
            "TWILIO_AUTH_TOKEN": self.twilio.token,
            "TWILIO_URL": texting.url,
            "TELNYX_API_KEY": self.telnyx.api_key,
            "TELNYX_CONNECTION_ID": self.telnyx.connection_id,
            "TELNYX_PUBLIC_KEY": self.telnyx.public_key,
            "TELNYX_URL": faxing.url,
        }


class Refused:
    """Keeps answers to requests that were refused or failed, headers and all."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []

    async def hear(self, answer: httpx.Response) -> None:
        """After each answer."""
        if answer.status_code >= 400:
            headers = repr(answer.headers.multi_items()).encode()
            self.answers.append(headers + await answer.aread())


class Addresses:
    """Keeps where pages and redirects lead to; a number to call is no address of ours."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    async def hear(self, answer: httpx.Response) -> None:
        """After each answer."""
        self.addresses.append(answer.headers.get("location", ""))
        if answer.headers.get("content-type", "").startswith("text/html"):
            page = (await answer.aread()).decode()
            found = re.findall(r'\b(?:href|src|action|hx-\w+)="([^"]*)"', page)
            self.addresses += [one for one in found if not one.startswith("tel:")]


@dataclass
class Run:
    """Everything a run left behind, and the parts while they are still up."""

    folder: Path
    settings: Settings
    store: Store
    client: Client
    engine: Engine
    stage: Stage
    metrics: list[str]  # where web, worker and engine tell theirs
    answers: list[bytes]  # of requests to the API that were refused or failed, headers and all
    vendors: Vendors
    desk: Browser  # nobody has signed in yet
    phone: httpx.AsyncClient  # a patient's
    addresses: list[str]  # that pages and answers of ours lead to
    said: list[str] = field(default_factory=list)  # by commands, and in exceptions

    def cli(self, *words: str, file: bytes = b"", name: str = "") -> None:
        """A command as an operator types it, with a file of theirs."""
        theirs = self.folder / "theirs"
        theirs.mkdir(exist_ok=True)
        if name:
            (theirs / name).write_bytes(file)
            words = (*words, str(theirs / name))
        done = subprocess.run(
            [sys.executable, "starter.py", *words],
            cwd=ROOT,
            env={
                **os.environ,
                "REFERRAL_LOOP_DATA_DIR": str(self.settings.data_dir),
                "TEMPORAL_ADDRESS": self.engine.address,
                "TEMPORAL_NAMESPACE": self.engine.namespace,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.said += [done.stdout, done.stderr]

    async def post(self, path: str, content: Any, **headers: str) -> httpx.Response:
        """Something to the API."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return await self.stage.http.post(path, content=body, headers={**TOKEN, **headers})

    async def hook(self, content: Any, event_id: str | None = None, **headers: str) -> int:
        """A signed event; the status of its answer."""
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        event_id = event_id or self.stage.next_event_id()
        secret = self.settings.hook_secrets(cast.ORG)[0]
        signed = sign(secret, event_id, self.stage.skipper.now, raw)
        answer = await self.stage.http.post(HOOK, content=raw, headers={**signed, **headers})
        await self.stage.app.state.dispatcher.settled()
        return answer.status_code

    async def live(self, life: Life) -> None:
        """Play the lines of a life in their order."""
        for line in life.lines:
            if line.at > self.stage.skipper.now:
                await self.stage.advance(line.at)
            code = await self.stage.happen(line)
            assert code is None, f"{line.says}: {code}"
            await self.stage.settle()
        life.lines.clear()
