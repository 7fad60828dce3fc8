"""What is asked about the plan of care: who signs it, and what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models import parties
from models.facts import PageJudged, PageVerdict, Signer, WhyDeclined
from models.roles import Role
from models.tasks.base import Moot, TaskKind, TaskSpec, judge_key, kind_of, number_of

if TYPE_CHECKING:
    from models.referral import Referral


def _certifier_known(r: Referral, _: str) -> bool:
    return r.over() or r.certified() or (r.is_received() and r.received.certifier_id is not None)


def _plan_known(r: Referral, _: str) -> bool:
    return r.plan_signed_by_therapist() or r.over()


def _signed(r: Referral, occasion: str) -> bool:
    return r.certified() or r.over() or r.plan_version > number_of(occasion)


def _judged(r: Referral, occasion: str) -> bool:
    version = number_of(occasion)
    if r.over() or any(p.version == version for p in r.plans(Signer.PROVIDER)):
        return True
    page = r.returned_unjudged()
    waits = page is not None and judge_key(page.version, page.document_id).endswith(f":{occasion}")
    return not waits and bool(_said(r, version))


def _found(verdict: PageVerdict, why: WhyDeclined | None = None) -> Moot:
    """Overtaken by a signature, by another plan or certifier, or by another word on the page."""

    def moot(r: Referral, occasion: str) -> bool:
        said = _said(r, number_of(occasion))
        stands = bool(said) and (said[-1].verdict, said[-1].why) == (verdict, why)
        return _signed(r, occasion) or not stands

    return moot


def _said(r: Referral, version: int) -> list[PageJudged]:
    since = parties.replaced_at(r)  # of whoever certified before, nothing is asked any more
    said = [
        one
        for one in r.all(PageJudged)
        if one.version == version and (since is None or one.at >= since)
    ]
    return sorted(said, key=lambda one: (one.as_of, one.key))


def _newer_plan(r: Referral, occasion: str) -> bool:
    return r.discharged() or r.over() or r.plan_version > number_of(occasion)


def moot(key: str, r: Referral) -> bool:
    """Whether the facts have overtaken the task.

    A referral closed for good keeps only what must still be told or repaired.
    """
    return SPECS[kind_of(key)].moot(r, key.split(":", 1)[1])


SPECS: dict[TaskKind, TaskSpec] = {
    TaskKind.NAME_CERTIFIER: TaskSpec(
        Role.FRONT_DESK, "Name the provider who certifies the plan of care", _certifier_known
    ),
    TaskKind.SIGN_PLAN: TaskSpec(
        Role.THERAPIST, "Write and sign the plan of care", _plan_known, own_ladder=True
    ),
    TaskKind.CALL_CERTIFIER: TaskSpec(
        Role.FRONT_DESK, "Call the provider's office about the unsigned plan of care", _signed
    ),
    TaskKind.DIRECTOR_CALL: TaskSpec(
        Role.DIRECTOR, "Call the provider personally about the unsigned plan of care", _signed
    ),
    TaskKind.JUDGE_RETURNED_PLAN: TaskSpec(
        Role.FRONT_DESK, "A plan of care came back: say what is on the page", _judged
    ),
    TaskKind.REVIEW_CHANGED_PLAN: TaskSpec(
        Role.THERAPIST,
        "The provider changed the plan: review it before the next visit",
        _newer_plan,
        own_ladder=True,
    ),
    TaskKind.PLAN_UNDATED: TaskSpec(
        Role.FRONT_DESK,
        "The plan was signed without a date: send the page back, or call for it",
        _found(PageVerdict.UNDATED),
    ),
    TaskKind.PLAN_NOT_THEIR_PATIENT: TaskSpec(
        Role.LEAD,
        "The provider says this is not their patient: name another certifier, and check with "
        "compliance whether the plan reached the wrong office",
        _found(PageVerdict.DECLINED, WhyDeclined.NOT_OUR_PATIENT),
    ),
    TaskKind.PLAN_VISIT_FIRST: TaskSpec(
        Role.LEAD,
        "The provider wants to see the patient before signing: help the patient get that visit",
        _found(PageVerdict.DECLINED, WhyDeclined.WANTS_VISIT_FIRST),
    ),
    TaskKind.PLAN_DISAGREED: TaskSpec(
        Role.LEAD,
        "The provider disagrees with the plan: let the therapist talk to them and revise it",
        _found(PageVerdict.DECLINED, WhyDeclined.DISAGREES),
    ),
    TaskKind.RECERTIFY: TaskSpec(
        Role.THERAPIST, "Prepare the recertification, or discharge", _newer_plan, own_ladder=True
    ),
}
