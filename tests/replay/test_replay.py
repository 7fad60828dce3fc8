"""Recorded referrals go on under today's code, for ever; no server is needed to see it.

A failure here means that referrals running at a clinic would stop at their next step. The cure is
a patch in the workflow (docs/engineers/add-a-step.md), never a new recording.
"""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, WorkflowReplayResult

from engine.client import loop_plugin, runtime
from models.kinds import Kind
from tests.replay.record import HISTORIES, keyring, unrecorded
from workflows import referral
from workflows.desk import Desk
from workflows.fax import InboundFaxWorkflow
from workflows.referral import ReferralWorkflow
from workflows.source import SourceWorkflow

CORPUS = sorted(HISTORIES.glob("*.json.gz"))


def history(path: Path) -> WorkflowHistory:
    """A recorded history under a name of its own."""
    text = gzip.decompress(path.read_bytes()).decode()
    return WorkflowHistory.from_json(f"replay/{path.name}", text)


async def replay(path: Path, *, sandboxed: bool = True) -> WorkflowReplayResult:
    """Replay one history as a worker would."""
    from temporalio.worker import UnsandboxedWorkflowRunner

    # The plugin lets our models through the sandbox; without one the test may change the code.
    options = {} if sandboxed else {"workflow_runner": UnsandboxedWorkflowRunner()}
    replayer = Replayer(
        workflows=[ReferralWorkflow, SourceWorkflow, InboundFaxWorkflow],
        plugins=[loop_plugin(keyring())],
        runtime=runtime(),
        **options,
    )
    return await replayer.replay_workflow(history(path), raise_on_replay_failure=False)


def test_the_corpus_is_there() -> None:
    names = {path.name.rsplit("-", 1)[0] for path in CORPUS}
    assert {"easy", "missed", "slow", "never_signed", "changed", "paged", "source"} <= names
    assert {"fax", "fax_unread"} <= names
    assert len([path for path in CORPUS if path.name.startswith("paged-")]) >= 2


def test_every_scenario_has_a_recorded_history() -> None:
    """After a new case: ``python -m tests.replay.record scenario-<name>``."""
    assert unrecorded() == []


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
async def test_recorded_referrals_replay(path: Path) -> None:
    result = await replay(path)
    assert result.replay_failure is None


async def thanks_first(desk: Desk) -> None:
    """The acknowledgement without its wait: the same command, too early."""
    await desk.send(Kind.THANK_YOU, "source")


async def two_letters(desk: Desk) -> None:
    """The discharge summary, and another message nobody recorded."""
    await desk.send(Kind.PATIENT_THANKS, "patient", "again")


@pytest.mark.parametrize(
    ("step", "mutant"), [("acknowledge", thanks_first), ("report_progress", two_letters)]
)
async def test_a_reordered_or_added_command_is_caught(
    monkeypatch: pytest.MonkeyPatch, step: str, mutant: Callable[[Desk], Awaitable[None]]
) -> None:
    easy = HISTORIES / "easy-1.json.gz"
    same = await replay(easy, sandboxed=False)
    assert same.replay_failure is None  # unchanged code replays outside the sandbox as well
    monkeypatch.setattr(referral, step, mutant)
    changed = await replay(easy, sandboxed=False)
    assert "ondeterminism" in repr(changed.replay_failure)
