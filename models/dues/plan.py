"""The plan of care: signed, sent, certified, renewed."""

from __future__ import annotations

from datetime import time

from models import cadence, certification, parties, returned
from models.certification import Certification
from models.due import Due
from models.dues.asking import (
    CERTIFIER,
    DueRule,
    asked,
    once,
)
from models.facts import PageVerdict
from models.hours import Span
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.tasks import TaskKind, judge_key


def plan_signature(r: Referral, rules: Rules) -> Due | None:
    """The therapist signs one business day after the evaluation; the director hears after three.

    Once care is summed up, a person may say that no plan will come.
    """
    start = r.evaluated_at
    if start is None or r.plan_signed_by_therapist() or r.plan_given_up():
        return None
    cal, poc = rules.calendar, rules.policy.poc
    therapist = Due(
        key="plan_signature",
        at=cal.after(start, poc.therapist_sign),
        owner=Role.THERAPIST,
        task=TaskKind.SIGN_PLAN,
        says="Wait for the therapist to sign the plan of care",
    )
    director = therapist.model_copy(
        update={
            "key": "plan_signature:director",
            "at": cal.after(start, poc.director_after),
            "owner": Role.DIRECTOR,
            "occasion": "director",
        }
    )
    return asked(r, rules, therapist, director)


def certifier(r: Referral, rules: Rules) -> Due | None:
    """A missing certifying provider is a task on the day of the evaluation (policy.md rule 2).

    One who leaves later without a successor is missing from that day on.
    """
    at = r.evaluated_at
    if at is None or not certifier_missing(r) or not rules.policy.ours(Kind.PLAN_OF_CARE):
        return None
    if r.plan_given_up() and not r.plan_signed_by_therapist():
        return None
    due = Due(
        key="certifier",
        at=max(at, parties.replaced_at(r) or at),
        owner=Role.FRONT_DESK,
        task=TaskKind.NAME_CERTIFIER,
        says="Somebody must name the provider who certifies the plan of care",
    )
    return asked(r, rules, due, comes_again=rules.policy.task.asked_again)


def certifier_missing(r: Referral) -> bool:
    """A plan needs a signature and nobody is known who could give it."""
    return r.received.certifier_id is None and not r.certified()


def plan_sent(r: Referral, rules: Rules) -> Due | None:
    """A signed plan reaches the provider within one business day."""
    plan = r.plan()
    if plan is None or r.received.certifier_id is None or not rules.policy.ours(Kind.PLAN_OF_CARE):
        return None
    message = MessageRef(Kind.PLAN_OF_CARE, CERTIFIER, parties.plan_occasion(r, plan.version))
    if r.settled(message):
        return None
    since = max(plan.at, parties.replaced_at(r) or plan.at)
    due = Due(
        key="plan_sent",
        at=rules.calendar.after(since, rules.policy.poc.send),
        owner=Role.FRONT_DESK,
        task=TaskKind.UNDELIVERABLE,
        occasion=message.key,
        says="The signed plan of care must reach the provider",
    )
    return asked(r, rules, due)


def chase(r: Referral, rules: Rules) -> Due | None:
    """The next act of the chase for a signature."""
    act = cadence.next_chase(r, rules)
    return Due(key=act.key, at=act.at, says=cadence.says(act)) if act else None


def signature(r: Referral, rules: Rules) -> Due | None:
    """The provider's signature is due 30 days after care began, 14 after a spoken approval [G1].

    Nothing waits on it: the chase acts before and after. It stands on the agenda as the legal date.
    """
    plan = r.plan()
    if plan is None or r.certified():
        return None
    poc = rules.policy.poc
    spoken = certification.spoken(r)
    if certification.state(r) is Certification.VERBAL and spoken is not None:
        at = rules.calendar.after(spoken.at, poc.verbal_signature)
    else:
        at = rules.calendar.after(certification.began(r) or plan.at, poc.signature_due)
    return Due(
        key="signature",
        at=at,
        owner=Role.DIRECTOR,
        says="The provider's signature on the plan of care is due",
    )


def returned_page(r: Referral, rules: Rules) -> Due | None:
    """A page that came back is judged by a person in four business hours (rule 4)."""
    page = r.returned_unjudged()
    if page is None:
        return None
    due = Due(
        key="returned_page",
        at=page.at,
        owner=Role.FRONT_DESK,
        task=TaskKind.JUDGE_RETURNED_PLAN,
        occasion=judge_key(page.version, page.document_id).split(":", 1)[1],
        by=rules.calendar.after(page.at, rules.policy.poc.returned_check),
        says="A plan of care came back: a person says what is on the page",
    )
    return once(r, due)


def undated_page(r: Referral, rules: Rules) -> Due | None:
    """A signature without a date certifies nothing: the page goes back within a business day."""
    said = returned.newest(r)
    if said is None or said.verdict is not PageVerdict.UNDATED or r.certified():
        return None
    due = Due(
        key="undated_page",
        at=said.at,
        owner=Role.FRONT_DESK,
        task=TaskKind.PLAN_UNDATED,
        occasion=returned.occasion(said),
        by=rules.calendar.after(said.at, rules.policy.poc.change_review),
        says="The plan was signed without a date: the office is asked for it",
    )
    return once(r, due)


def declined_plan(r: Referral, rules: Rules) -> Due | None:
    """A provider who declined is the lead's, whatever the reason (rule 4)."""
    no = returned.declined(r)
    if no is None or no.why is None:
        return None
    due = Due(
        key="declined_plan",
        at=no.at,
        owner=Role.LEAD,
        task=returned.DECLINED_TASKS[no.why],
        occasion=returned.occasion(no),
        by=rules.calendar.after(no.at, rules.policy.poc.change_review),
        says="The provider declined to sign: the lead deals with the reason",
    )
    return once(r, due)


def changed_plan(r: Referral, rules: Rules) -> Due | None:
    """A plan the provider changed becomes a new version before the next visit (rule 4)."""
    signed = returned.changed(r)
    if signed is None or r.discharged():
        return None
    at = rules.calendar.after(signed.at, rules.policy.poc.change_review)
    visit = r.next_visit_at(signed.at)
    limit = min(at, visit) if visit else at
    therapist = Due(
        key="changed_plan",
        at=signed.at,
        owner=Role.THERAPIST,
        task=TaskKind.REVIEW_CHANGED_PLAN,
        occasion=f"v{signed.version}",
        by=limit,
        says="Wait for the therapist to sign the plan as the provider changed it",
    )
    director = therapist.model_copy(
        update={
            "key": "changed_plan:director",
            "at": limit,
            "owner": Role.DIRECTOR,
            "occasion": f"v{signed.version}-director",
            "by": None,
        }
    )
    return asked(r, rules, therapist, director)


def recertification(r: Referral, rules: Rules) -> Due | None:
    """Recertify at the plan's end or day 90, whichever is first [G3]; prepared 14 days ahead."""
    plan, start = r.plan(), r.care_started_at
    if plan is None or start is None or r.discharged():
        return None
    if certification.state(r) is Certification.NOT_REQUIRED:
        return None
    cal, recert = rules.calendar, rules.policy.recert
    began = plan.at if plan.recertifies else start
    limit = cal.after(began, Span.of(f"{recert.at_day} d"))
    signed = returned.changed(r)
    for ends_on in (plan.ends_on, signed.ends_on if signed else None):
        if ends_on is not None:
            limit = min(limit, cal.at_local(ends_on, time(17)))
    therapist = Due(
        key="recertification",
        at=max(plan.at, cal.before(limit, recert.prepare_before)),
        owner=Role.THERAPIST,
        task=TaskKind.RECERTIFY,
        occasion=f"v{plan.version}",
        by=cal.before(limit, recert.send_before),
        says="Prepare the recertification ahead of the plan's end",
    )
    director = Due(
        key="recertification:director",
        at=max(plan.at, cal.before(limit, recert.director_before)),
        owner=Role.DIRECTOR,
        task=TaskKind.RECERTIFY,
        occasion=f"v{plan.version}-director",
        says="The certification is about to end without a new plan",
    )
    return asked(r, rules, therapist, director)


RULES: tuple[DueRule, ...] = (
    plan_signature,
    certifier,
    plan_sent,
    chase,
    signature,
    changed_plan,
    recertification,
)
