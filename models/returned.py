"""What people found on pages of the plan that came back, and what follows (policy.md rule 4).

Only a dated signature certifies. A provider who declined is not chased until the reason is dealt
with; who changed the plan has signed their own numbers, and nothing may quote the old ones.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from models import parties
from models.facts import (
    PageJudged,
    PageVerdict,
    PlanOfCareReturned,
    PlanOfCareSigned,
    Signer,
    WhyDeclined,
)
from models.tasks import TaskKind, task_key

if TYPE_CHECKING:
    from models.policy import Rules
    from models.referral import Referral

LONGEST_PLAN = timedelta(days=90)  # from the first treatment [G3]

DECLINED_TASKS = {
    WhyDeclined.NOT_OUR_PATIENT: TaskKind.PLAN_NOT_THEIR_PATIENT,
    WhyDeclined.WANTS_VISIT_FIRST: TaskKind.PLAN_VISIT_FIRST,
    WhyDeclined.DISAGREES: TaskKind.PLAN_DISAGREED,
}


def signatures(r: Referral) -> list[PlanOfCareSigned]:
    """The signatures that people have seen on returned pages, as the facts they stand for."""
    return [
        PlanOfCareSigned(
            at=judged.at,
            as_of=judged.as_of,
            by=Signer.PROVIDER,
            version=judged.version,
            document_id=judged.document_id,
            signed_on=judged.signed_on,
            ends_on=judged.ends_on,
            changed=judged.verdict is PageVerdict.SIGNED_WITH_CHANGES,
        )
        for judged in r.all(PageJudged)
        if judged.verdict.certifies
    ]


def judged(r: Referral, page: PlanOfCareReturned) -> bool:
    """Whether a person has said what this page is, since it came."""
    return any(
        said.version == page.version
        and said.document_id in {None, page.document_id}
        and said.at >= page.at
        for said in r.all(PageJudged)
    )


def newest(r: Referral) -> PageJudged | None:
    """The latest word on a page of the newest plan, by whoever certifies now."""
    since = parties.replaced_at(r)
    said = [
        one
        for one in r.all(PageJudged)
        if one.version >= r.plan_version and (since is None or one.at >= since)
    ]
    return max(said, key=lambda one: (one.as_of, one.key), default=None)


def declined(r: Referral) -> PageJudged | None:
    """The page on which the provider declined, while nothing has come of it yet."""
    said = newest(r)
    if said is None or said.verdict is not PageVerdict.DECLINED or r.certified():
        return None
    replaced = parties.replaced_at(r)
    return None if replaced is not None and replaced > said.at else said


def occasion(said: PageJudged) -> str:
    """The occasion of the task about a judged page."""
    page = f"-{said.document_id}" if said.document_id else ""
    return f"v{said.version}{page}"


def chased_again_from(r: Referral, no: PageJudged, rules: Rules) -> datetime | None:
    """When a provider who declined may be asked again; None while it is in a person's hands.

    Who wants to see the patient first is left alone until the business day after that visit, or
    until the lead has dealt with it. The other reasons need another certifier or another plan.
    """
    if no.why is not WhyDeclined.WANTS_VISIT_FIRST:
        return None
    if no.visit_on is not None:
        return rules.calendar.opening(rules.calendar.next_business_day(no.visit_on))
    return r.task_done_at(task_key(TaskKind.PLAN_VISIT_FIRST, occasion(no)))


def changed(r: Referral) -> PlanOfCareSigned | None:
    """The provider's signature that changed the newest plan, until the therapist takes it over."""
    found = [p for p in r.plans(Signer.PROVIDER) if p.changed and p.version >= r.plan_version]
    return found[-1] if found and r.plan() is not None else None
