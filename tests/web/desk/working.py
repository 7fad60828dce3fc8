"""Work on the desk for its tests: tasks, and decisions that the stand-in engine makes true."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from activities.book import Book
from activities.loop import Decided
from models.contracts import RecordInput
from models.decisions import refusal
from models.errors import Refused
from models.facts import AnyDecision, HoldPlaced, TaskOpened
from models.roles import Role
from models.tasks import SPECS, TaskKind, task_key
from store import tasks
from tests.doors import ORG
from tests.web.conftest import Site


def decided_in_record(site: Site) -> None:
    """Decisions are judged and written as a worker would: by the rules, and by its activity."""
    door = site.door
    book = Book(door.store, door.tenants, lambda: door.now, door.intake.loop)

    async def decide(org: str, referral_id: str, decision: AnyDecision) -> Decided:
        refused = refusal(door.referral(referral_id), decision)
        if refused is not None:
            raise Refused(refused.sentence, code=refused.code)
        book.note(RecordInput(org=org, referral_id=referral_id, facts=(decision,)))
        return Decided("done", door.referral(referral_id).version)

    door.intake.loop.decide = decide


def a_task(site: Site, occasion: str = "1") -> str:
    """A task of the organization, due now."""
    with site.door.store.write() as session:
        at, kind = site.door.now, TaskKind.UNMATCHED_EVENT
        return tasks.open_for_org(session, ORG, kind, occasion, due=at, at=at).id


def a_call(site: Site, referral_id: str, occasion: str = "1") -> str:
    """A call to a referral's patient, due now."""
    return task_of(site, referral_id, TaskKind.CALL_PATIENT, occasion)


def a_hold(site: Site, referral_id: str, hold_id: str = "h1", **more: Any) -> None:
    """A referral waits for its benefits to be verified: looked at in two days, ten at most."""
    at = site.door.now
    given = {"reason": "benefits", "owner": "billing", **more}
    given |= {"next_check": at + timedelta(days=2), "limit": at + timedelta(days=10)}
    hold = HoldPlaced.model_validate(
        {"at": at, "as_of": at, "by": "dana", "hold_id": hold_id, **given}
    )
    site.door.write(referral_id, hold)


def task_of(
    site: Site, referral_id: str, kind: TaskKind, occasion: str, *, role: str | None = None
) -> str:
    """Any task of a referral, as its workflow would have opened it; its id."""
    key, at = task_key(kind, occasion), site.door.now
    role = Role(role) if role else SPECS[kind].role
    site.door.write(referral_id, TaskOpened(at=at, as_of=at, task=key, role=role, due=at))
    with site.door.store.read() as session:
        found = tasks.find(session, ORG, referral_id, key)
    assert found is not None
    return found.id
