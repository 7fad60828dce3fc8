"""The plan of care is sent, chased while a signature is needed, and answered."""

from __future__ import annotations

from models import cadence, certification, dues
from models.kinds import Kind
from models.referral import Referral
from models.tasks import TaskKind, judge_key
from workflows.desk import Desk, Known


async def certify_plan(desk: Desk) -> None:
    """The plan goes out the day the therapist signs it, the progress update on top.

    Chased only while a signature is needed (policy.md rule 5). A plan the provider changed comes
    round again as a new version (rule 4), and so does a recertification [G3].
    """
    if not desk.ours(Kind.PLAN_OF_CARE):
        return
    await desk.after(Referral.evaluated)  # watch_engagement holds that limit
    await desk.expect(Referral.plan_signed_by_therapist, dues.plan_signature)
    await _certifier(desk)
    while True:
        version = desk.referral.plan_version
        await desk.send(Kind.PLAN_OF_CARE, dues.CERTIFIER, f"v{version}", by=dues.plan_sent)
        await _chase(desk, version)
        newer = _newer_than(version)
        if not newer(desk.referral):
            await _changed(desk, version)
            await desk.expect(_newer_or_discharged(version), dues.recertification)
        if not newer(desk.referral):
            return


async def _certifier(desk: Desk) -> None:
    """A missing certifying provider is a task on the day of the evaluation (rule 2)."""
    if desk.referral.received.certifier_id is None:
        await desk.task(TaskKind.NAME_CERTIFIER, "1")
        await desk.after(lambda r: r.received.certifier_id is not None)


async def _chase(desk: Desk, version: int) -> None:
    """Faxes and calls on their days until signed; a returned page pauses them for a person."""
    newer = _newer_than(version)

    def enough(r: Referral) -> bool:
        return r.certified() or newer(r)

    def rest(r: Referral) -> bool:
        return enough(r) or r.returned_unjudged() is not None

    while not enough(desk.referral):
        page = desk.referral.returned_unjudged()
        if page is not None:
            check = desk.rules.calendar.after(page.at, desk.rules.policy.poc.returned_check)
            occasion = judge_key(page.version).split(":", 1)[1]
            await desk.task(TaskKind.JUDGE_RETURNED_PLAN, occasion, due=check)
            await desk.after(lambda r: enough(r) or r.returned_unjudged() is None)
        elif await desk.until(rest, dues.chase) is not None:
            await _act(desk, rest)
        elif not rest(desk.referral):
            await desk.after(_person_acted(desk, rest))


async def _act(desk: Desk, rest: Known) -> None:
    act = cadence.next_chase(desk.referral, desk.rules)
    if act is None:
        return
    if act.message is not None:
        kind, to, occasion = act.message
        await desk.send(kind, to, occasion, unless=rest)
    elif act.task is not None:
        await desk.task(act.task, act.occasion)


def _person_acted(desk: Desk, rest: Known) -> Known:
    """The last weekly call still stands; go on when it was made."""
    return lambda r: rest(r) or cadence.next_chase(r, desk.rules) is not None


async def _changed(desk: Desk, version: int) -> None:
    """What the provider changed becomes a new version before the next visit (rule 4)."""
    signed = certification.signature(desk.referral)
    if signed is None or not signed.changed or signed.version < version:
        return
    due = dues.changed_plan(desk.referral, desk.rules)
    if due is not None:
        await desk.task(TaskKind.REVIEW_CHANGED_PLAN, f"v{version}", due=due.at)
        await desk.expect(_newer_or_discharged(version), dues.changed_plan)


def _newer_than(version: int) -> Known:
    return lambda r: r.plan_version > version


def _newer_or_discharged(version: int) -> Known:
    return lambda r: r.plan_version > version or r.discharged()
