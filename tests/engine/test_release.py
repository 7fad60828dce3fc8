"""Workers say which release they run, and open referrals are moved by an operator."""

from __future__ import annotations

import os
import uuid

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from engine.release import identity, polling, release

pytestmark = pytest.mark.engine


@workflow.defn(sandboxed=False)
class Nothing:
    @workflow.run
    async def run(self) -> None:
        return


async def test_the_releases_that_poll_are_told_apart(client: Client) -> None:
    queue = f"release-{uuid.uuid4().hex[:8]}"
    names = (identity(), identity().replace(release(), "0ddba11e"), "somebody else")
    for seen, name in enumerate(names):
        async with Worker(client, task_queue=queue, workflows=[Nothing], identity=name):
            await client.execute_workflow(Nothing.run, id=f"{queue}-{seen}", task_queue=queue)
            there = await polling(client, queue)
        assert there == {release(), "0ddba11e"} if seen else {release()}


def test_an_identity_names_release_and_process() -> None:
    assert identity().startswith(f"release-{release()}@")
    assert identity().endswith(f":{os.getpid()}")
