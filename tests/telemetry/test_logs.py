"""Logging as a process does it: ours and the libraries' through one pipeline, nothing private."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from temporalio.exceptions import ApplicationError

from models.errors import StoreUnavailable
from telemetry.logs import Format, Level, bound, configure, logger
from telemetry.meters import LOG_LINES_LOST

ROOT = Path(__file__).parents[2]
NAME = "Jordan Placeholder"


class Lines(io.StringIO):
    """What was written, as JSON objects."""

    def read_all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def one(self) -> dict[str, Any]:
        [line] = self.read_all()
        return line


def listening(process: str = "worker", form: Format = "json", level: Level = "info") -> Lines:
    lines = Lines()
    configure(process, form=form, level=level, stream=lines)
    return lines


def test_a_line_names_the_fact_its_ids_and_the_process() -> None:
    lines = listening()
    logger("activities.post").info("message_sent", org="riverside", channel="fax", attempt=2)
    line = lines.one()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", line.pop("timestamp"))
    assert line == {
        "level": "info",
        "event": "message_sent",
        "logger": "activities.post",
        "process": "worker",
        "org": "riverside",
        "channel": "fax",
        "attempt": 2,
    }


def test_what_is_no_field_is_left_out_and_counted() -> None:
    lines = listening()
    logger("x").info("event_taken", patient=NAME, note=NAME, row_id=NAME)
    assert NAME not in lines.getvalue()
    assert (lines.one()["dropped"], lines.one()["row_id"]) == (2, "[masked]")


def test_a_sentence_is_no_event() -> None:
    lines = listening()
    logger("x").info(f"sent to {NAME}")
    assert lines.one()["event"] == "[masked]"


async def test_what_is_bound_stands_in_every_line_of_the_block_and_its_threads() -> None:
    lines = listening()
    log = logger("x")
    with bound(org="riverside", request_id="ed40d9080b1305ed"):
        await asyncio.to_thread(log.info, "chore_done")
        await asyncio.create_task(asyncio.to_thread(log.info, "chore_done"))
        logging.getLogger("uvicorn.error").warning("theirs as well")
    log.info("chore_done")
    *inside, outside = lines.read_all()
    assert [line["request_id"] for line in inside] == ["ed40d9080b1305ed"] * 3
    assert "request_id" not in outside


def test_an_error_of_ours_says_its_sentence_and_code() -> None:
    lines = listening()
    try:
        try:
            raise OSError(28, f"No space left on device: /data/{NAME}")
        except OSError:
            raise StoreUnavailable("Check that its disk has room.") from None
    except StoreUnavailable:
        logger("x").exception("activity_failed")
    line = lines.one()
    assert NAME not in lines.getvalue()
    assert (line["error"], line["code"], line["errno"]) == (
        *("StoreUnavailable", "store_unavailable", "ENOSPC"),
    )
    assert line["says"] == "Check that its disk has room."
    assert line["cause"] == "OSError"
    assert re.fullmatch(r"test_logs\.py:\d+", line["at"])


@pytest.mark.parametrize(
    "error",
    [
        ValueError(NAME),
        KeyError(NAME),
        ApplicationError(NAME, type="store_unavailable"),
        OperationalError(f"INSERT INTO patients VALUES ('{NAME}')", {"n": NAME}, Exception(NAME)),
        UnicodeDecodeError("utf-8", NAME.encode(), 0, 1, NAME),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_text_of_any_other_error_is_nobodys_to_read(error: Exception) -> None:
    secret = NAME  # a local value that a richer traceback would print

    def failing(patient: str) -> None:
        del patient
        raise error

    for form in ("json", "console"):
        lines = listening(form=form)
        try:
            failing(secret)
        except Exception as caught:
            logger("x").error("activity_failed", exc_info=caught)
            logging.getLogger("temporalio.worker").exception("Failed handling activation")
        assert type(error).__name__ in lines.getvalue()
        assert "test_logs.py:" in lines.getvalue()
        assert "Jordan" not in lines.getvalue()


@pytest.mark.parametrize(
    ("name", "words", "values", "shown"),
    [
        ("sqlalchemy.pool", "Exception terminating %r", (NAME,), "Exception terminating [masked]"),
        ("uvicorn.error", "Started server process [%d]", (4711,), "Started server process [4711]"),
        (
            "temporalio.worker",
            "Failed on workflow with run ID %s",
            ("0192d2aa-1b2c-4d3e-8f90-0192d2aa1b2c",),
            "Failed on workflow with run ID 0192d2aa-1b2c-4d3e-8f90-0192d2aa1b2c",
        ),
        ("temporalio.worker", "call %s at %d", (NAME, 5185550151), "call [masked] at [masked]"),
        (
            "temporalio.worker",
            "on workflow %s with ID %s",
            ("ReferralWorkflow", "referral/riverside/ref_7gk2mz4vhtqp"),
            "on workflow ReferralWorkflow with ID referral/riverside/ref_7gk2mz4vhtqp",
        ),
        (
            "temporalio.activity",
            f"Completing as failed ({{'x': '{NAME}'}})",
            (),
            "Completing as failed",
        ),
        ("asyncio", f"Task was destroyed: <Task {NAME}>\nmore {NAME}", (), "Task was destroyed"),
        ("asyncio", "100 %% of %(who)s", ({"who": NAME},), "100 % of [masked]"),
        ("somebody.else", f"{NAME} came", (), "[masked]"),
    ],
)
def test_a_librarys_words_come_without_their_values(
    name: str, words: str, values: tuple[Any, ...], shown: str
) -> None:
    lines = listening()
    logging.getLogger(name).error(words, *values)
    line = lines.one()
    assert (line["event"], line["logger"]) == (shown, name)
    assert line.get("run_id", "") in shown
    assert ("run_id" in line) == ("run ID" in shown)


def test_the_sdk_names_its_workflow() -> None:
    lines = listening()
    about = {
        "workflow_id": "referral/riverside/ref_7gk2mz4vhtqp",
        "workflow_run_id": "x",
        "a": NAME,
    }
    logging.getLogger("temporalio.workflow").error("x", extra={"temporal_workflow": about})
    assert lines.one()["workflow_id"] == "referral/riverside/ref_7gk2mz4vhtqp"
    assert lines.one()["run_id"] == "[masked]"
    assert "Jordan" not in lines.getvalue()


def test_an_activity_that_failed_is_told_once() -> None:
    lines = listening()
    try:
        raise ApplicationError("store_unavailable", type="store_unavailable")
    except ApplicationError:
        logging.getLogger("temporalio.activity").warning("Completing activity", exc_info=True)
    assert lines.read_all() == []


def test_addresses_are_never_logged() -> None:
    lines = listening(level="debug")
    logging.getLogger("uvicorn.access").info("%s %s", f"/patients/{NAME}", 200)
    logging.getLogger("httpx").info("HTTP Request: %s", NAME)
    assert lines.read_all() == []


def test_a_terminal_gets_text_and_everything_else_json() -> None:
    class Terminal(Lines):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    configure("up", stream=screen)
    logger("x").info("web_started", pid=1)
    assert "web_started" in screen.getvalue()
    assert not screen.getvalue().startswith("{")
    piped = listening("up", form="auto")
    logger("x").info("web_started", pid=1)
    assert piped.one()["event"] == "web_started"


def test_a_full_disk_costs_the_line_and_not_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    before = LOG_LINES_LOST._value.get()
    with open("/dev/full", "w", buffering=1, encoding="utf-8") as full:
        configure("worker", form="json", stream=full)
        logger("x").error("activity_failed", exc_info=ValueError(NAME))
        logging.getLogger("uvicorn.error").error("theirs %s", NAME)
        logging.getLogger().handlers.clear()
        with pytest.raises(OSError, match="No space"):
            full.flush()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())  # so that closing it is quiet
    assert LOG_LINES_LOST._value.get() == before + 2
    assert capsys.readouterr().err == ""


CRASHES = {
    "main": "raise ValueError(NAME)",
    "thread": "t = threading.Thread(target=int, args=(NAME,)); t.start(); t.join()",
    "finalizer": "x = X(); del x",
    "warning": "warnings.warn(NAME)",
    "asyncio": "asyncio.run(forgotten()); gc.collect()",
    "engine": "run_and_exit(forgotten_now())",
}


@pytest.mark.parametrize("how", CRASHES)
def test_whatever_ends_badly_is_a_line_without_its_text(how: str) -> None:
    program = f"""
import asyncio, gc, threading, warnings
from engine.client import run_and_exit
from telemetry.logs import configure
NAME = {NAME!r}
class X:
    def __del__(self): raise ValueError(NAME)
async def failing(): raise ValueError(NAME)
async def forgotten():
    task = asyncio.ensure_future(failing()); await asyncio.sleep(0.01)
    del task
async def forgotten_now(): await failing()
configure("worker", form="json")
{CRASHES[how]}
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert "Jordan" not in said
    [line] = [json.loads(line) for line in done.stderr.splitlines()]
    assert line["error"] in {"ValueError", "UserWarning"}
    assert done.returncode == (1 if how in {"main", "engine"} else 0)
