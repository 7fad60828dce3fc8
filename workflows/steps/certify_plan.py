"""The plan of care is sent, chased while a signature is needed, and answered."""

from __future__ import annotations

from models import cadence, dues, parties
from models.kinds import Kind
from models.referral import Referral
from workflows.desk import Desk, Known


async def certify_plan(desk: Desk) -> None:
    """The plan goes out the day the therapist signs it, the progress update on top.

    Chased only while a signature is needed (policy.md rule 5). A plan the provider changed comes
    round again as a new version (rule 4), and so does a recertification [G3]. Once
    care is summed up, a person may say that no plan will come.
    """
    await desk.after(Referral.evaluated_or_discharged)  # watch_engagement holds that limit
    await desk.expect(_papers_in, dues.soonest(dues.plan_signature, dues.certifier))
    seen = 0
    while desk.referral.plan_version > seen:
        seen = desk.referral.plan_version
        await _certify(desk, seen)


def _papers_in(r: Referral) -> bool:
    """There is a plan and somebody to certify it, or it is too late for one."""
    if r.plan_signed_by_therapist():
        return not dues.certifier_missing(r)
    return r.plan_given_up()


async def _certify(desk: Desk, version: int) -> None:
    """One version of the plan, until it needs nothing more or a newer one takes its place.

    Another certifier gets the plan anew and is chased from then on; without one somebody is asked.
    """

    def newer(r: Referral) -> bool:
        return r.plan_version > version

    def nobody_to_ask(r: Referral) -> bool:
        waits = desk.ours(Kind.PLAN_OF_CARE) or not r.discharged()
        return dues.certifier_missing(r) and waits and not newer(r)

    while True:
        await desk.expect(lambda r: not nobody_to_ask(r), dues.certifier)
        asked = desk.referral.received.certifier_id
        if asked is None:  # nobody needs to sign any more; who certifies may still be named
            if not desk.since("2026-11-certifier-named-late"):
                break
            await desk.expect(lambda r: _known_or_too_late(r) or newer(r), dues.changed_plan)
            if desk.referral.received.certifier_id is None or newer(desk.referral):
                break
            continue  # whoever certifies hears once, also of a plan that was signed before (rule 3)
        moved = _newer_or_elsewhere(newer, asked)
        occasion = parties.plan_occasion(desk.referral, version)
        await desk.send(
            Kind.PLAN_OF_CARE, dues.CERTIFIER, occasion, unless=moved, by=dues.plan_sent
        )
        await _chase(desk, moved)
        if newer(desk.referral) or desk.referral.certified() or not moved(desk.referral):
            break
    await desk.expect(lambda r: newer(r) or r.discharged(), dues.changed_plan)


def _known_or_too_late(r: Referral) -> bool:
    return r.received.certifier_id is not None or r.discharged()


def _newer_or_elsewhere(newer: Known, asked: str) -> Known:
    """A newer plan takes its place, or somebody else certifies by now."""
    return lambda r: newer(r) or r.received.certifier_id != asked


async def _chase(desk: Desk, newer: Known) -> None:
    """Faxes and calls on their days until signed; a returned page pauses them for a person."""
    chased = desk.ours(Kind.PLAN_OF_CARE)

    def enough(r: Referral) -> bool:
        return r.certified() or newer(r) or (r.discharged() and not chased)

    def promised(r: Referral) -> bool:
        return dues.chase(r, desk.rules) is not None

    while not enough(desk.referral):
        due = await desk.until(enough, dues.chase)
        if due is not None:
            await _act(desk)
        else:  # a person has it: a page to judge, or the last call to make
            await desk.after(lambda r: enough(r) or promised(r))


async def _act(desk: Desk) -> None:
    act = cadence.next_chase(desk.referral, desk.rules)
    if act is None:
        return
    if act.message is not None:
        kind, to, occasion = act.message
        overtaken = _no_longer_next(desk, act)
        await desk.send(kind, to, occasion, unless=overtaken)
    elif act.task is not None:
        await desk.task(act.task, act.occasion)


def _no_longer_next(desk: Desk, act: cadence.Act) -> Known:
    """Signed, replaced by a newer plan, or a page came back."""

    def overtaken(r: Referral) -> bool:
        due = dues.chase(r, desk.rules)
        return due is None or due.key != act.key

    return overtaken
