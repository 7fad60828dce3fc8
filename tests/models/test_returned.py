"""Pages of the plan that came back, by what a person found on them (policy.md rule 4)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from models import cadence, dues, returned
from models.certification import Certification, state
from models.decisions import refusal
from models.facts import (
    AnyFact,
    MessageSent,
    PageJudged,
    PlanOfCareReturned,
    TaskCompleted,
    TaskOpened,
)
from models.kinds import Kind
from models.letters import contradiction
from models.referral import Referral
from models.tasks import moot, task_key
from tests.lives import Life, booked, certified, evaluated, local, on, planned, received, rules

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # a Monday, 10:00 in New York; evaluated on day 7
PLAN = "plan_of_care:certifier:v1"
SENT = MessageSent(
    at=on(START, 7, "15:00"), message=PLAN, message_kind=Kind.PLAN_OF_CARE, channel="fax"
)
OUT: Life = [received(START), *booked(START), *evaluated(START), *planned(START), SENT]
PAGE = PlanOfCareReturned(at=on(START, 13, "09:00"), document_id="d1")
BACK: Life = [*OUT, PAGE]


def said(verdict: str, day: int = 13, clock: str = "11:00", **more: Any) -> PageJudged:
    given = {"at": on(START, day, clock), "by": "dana", "document_id": "d1", **more}
    return PageJudged.model_validate({"verdict": verdict, **given})


SIGNED = said("signed")
CHANGED = said("signed_with_changes", frequency="1/week", ends_on=date(2026, 3, 2))
UNDATED = said("undated")
NOT_OURS = said("declined", why="not_our_patient")
VISIT_FIRST = said("declined", why="wants_visit_first")
DISAGREES = said("declined", why="disagrees")
BLANK = said("blank")


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (SIGNED, Certification.BY_SIGNATURE),
        (CHANGED, Certification.BY_SIGNATURE),
        (said("signed", day=40, signed_on=date(2026, 2, 10)), Certification.BY_SIGNATURE),
        (said("signed", day=40, signed_on=date(2026, 2, 25)), Certification.LATE),
        (UNDATED, Certification.NEEDS_SIGNATURE),
        (NOT_OURS, Certification.NEEDS_SIGNATURE),
        (BLANK, Certification.NEEDS_SIGNATURE),
        (SIGNED.model_copy(update={"retracted": True}), Certification.NEEDS_SIGNATURE),
    ],
)
def test_only_a_dated_signature_certifies(verdict: PageJudged, expected: Certification) -> None:
    assert state(Referral([*BACK, verdict])) is expected


def test_a_judged_page_is_answered_and_a_word_can_be_corrected() -> None:
    task = "judge_returned_plan:v1-d1"
    assert not moot(task, Referral(BACK))
    for verdict in (SIGNED, UNDATED, NOT_OURS, BLANK):
        judged = Referral([*BACK, verdict])
        assert judged.returned_unjudged() is None
        assert moot(task, judged)
    mistaken = Referral([*BACK, SIGNED, said("blank", day=14)])
    assert state(mistaken) is Certification.NEEDS_SIGNATURE
    taken_back = said("blank", day=14, retracted=True)
    assert Referral([*BACK, BLANK, taken_back]).returned_unjudged() == PAGE
    assert not moot(task, Referral([*BACK, BLANK, taken_back]))


def test_a_word_on_the_version_covers_the_page_but_none_that_comes_later() -> None:
    unnamed = said("blank", document_id=None)
    assert Referral([*BACK, unnamed]).returned_unjudged() is None
    again = PAGE.model_copy(update={"at": on(START, 15), "as_of": on(START, 15)})
    assert Referral([*BACK, unnamed, again]).returned_unjudged() == again
    other = again.model_copy(update={"document_id": "d2"})
    assert Referral([*BACK, BLANK, other]).returned_unjudged() == other


@pytest.mark.parametrize(
    ("verdict", "rule", "task", "role", "by"),
    [
        (UNDATED, dues.undated_page, "plan_undated:v1-d1", "front_desk", "day 14 18:00"),
        (NOT_OURS, dues.declined_plan, "plan_not_their_patient:v1-d1", "lead", "day 14 18:00"),
        (VISIT_FIRST, dues.declined_plan, "plan_visit_first:v1-d1", "lead", "day 14 18:00"),
        (DISAGREES, dues.declined_plan, "plan_disagreed:v1-d1", "lead", "day 14 18:00"),
        (CHANGED, dues.changed_plan, "review_changed_plan:v1", "therapist", "day 14 18:00"),
    ],
)
def test_whose_task_a_page_becomes(
    verdict: PageJudged, rule: dues.DueRule, task: str, role: str, by: str
) -> None:
    due = rule(Referral([*BACK, verdict]), rules())
    assert due is not None
    assert due.task is not None
    assert due.by is not None
    assert task_key(due.task, due.occasion) == task
    assert (due.owner, local(START, due.by)) == (role, by)
    opened = TaskOpened(at=due.at, task=task, role=role, due=due.by)
    assert rule(Referral([*BACK, verdict, opened]), rules()) != due  # asked once
    assert moot(task, Referral([*BACK, verdict, *planned(START, day=15, version=2)]))
    if verdict is not CHANGED:
        assert moot(task, Referral([*BACK, verdict, *certified(START, day=15)]))
        assert moot(task, Referral([*BACK, verdict, said("signed", day=15)]))


def next_act(*facts: AnyFact) -> tuple[str, str] | None:
    act = cadence.next_chase(Referral([*BACK, *facts]), rules())
    return (act.key, local(START, act.at)) if act else None


def test_the_chase_goes_on_after_a_blank_or_undated_page_and_stops_with_a_refusal() -> None:
    assert next_act() is None  # a person looks at the page
    request = ("chase:v1-day-7:fax", "day 14 11:00")
    assert next_act(BLANK) == next_act(UNDATED) == request
    for no in (NOT_OURS, VISIT_FIRST, DISAGREES):
        assert next_act(no) is None
    assert next_act(SIGNED) is None
    assert next_act(NOT_OURS, said("blank", day=14)) == request


def test_who_wants_to_see_the_patient_first_is_asked_again_after_that_visit() -> None:
    seen = said("declined", why="wants_visit_first", visit_on=date(2026, 2, 4))  # day 23
    assert next_act(seen) == ("chase:v1-visit:fax", "day 24 08:00")
    request = MessageSent(
        at=on(START, 24, "08:00"),
        message="signature_request:certifier:v1-visit",
        message_kind=Kind.SIGNATURE_REQUEST,
        channel="fax",
    )
    # what was due before the visit is passed over, the calls that follow are not
    assert next_act(seen, request) == ("chase:v1-day-21:call", "day 28 11:00")


def test_no_provider_gets_a_fax_more_because_they_saw_the_patient() -> None:
    seen = said("declined", why="wants_visit_first", visit_on=date(2026, 3, 20))  # day 67
    asked = [
        MessageSent(
            at=on(START, day),
            message=f"signature_request:certifier:v1-day-{day}",
            message_kind=Kind.SIGNATURE_REQUEST,
            channel="fax",
        )
        for day in (14, 21)
    ]
    assert next_act(seen, *asked) == ("chase:v1-visit:call", "day 70 08:00")


def test_a_refusal_stays_on_somebody_s_desk() -> None:
    task = "plan_not_their_patient:v1-d1"
    opened = TaskOpened(at=NOT_OURS.at, task=task, role="lead", due=on(START, 14))
    assert next_act(NOT_OURS, opened) is None
    done = TaskCompleted(at=on(START, 15), by="lee", task=task)
    again = f"{task}-again-1"
    assert next_act(NOT_OURS, opened, done) == (f"chase:{again}", "day 22 10:00")
    # dealt with, and no visit to wait for: who wanted one is asked again
    first = [one.model_copy(update={"task": "plan_visit_first:v1-d1"}) for one in (opened, done)]
    assert next_act(VISIT_FIRST, *first) == ("chase:v1-visit:fax", "day 15 10:00")


def test_nothing_goes_by_the_old_numbers_once_the_provider_wrote_others() -> None:
    changed = Referral([*BACK, CHANGED])
    signed = returned.changed(changed)
    assert signed is not None
    assert signed.ends_on == date(2026, 3, 2)
    recertify = dues.recertification(changed, rules())
    assert recertify is not None
    assert local(START, recertify.at) == "day 35 17:00"  # 14 days before their end, not ours
    longer = planned(START, day=14, version=2, ends_on=date(2026, 4, 1))[0]
    assert "ends later" in (contradiction(changed, longer) or "")
    adopted = planned(START, day=14, version=2, ends_on=date(2026, 3, 2))[0]
    assert contradiction(changed, adopted) is None
    assert returned.changed(Referral([*BACK, CHANGED, adopted])) is None
    assert state(Referral([*BACK, CHANGED, adopted])) is Certification.BY_SIGNATURE


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (SIGNED, None),
        (CHANGED, None),
        (NOT_OURS, None),
        (said("signed", version=2), "no_plan"),
        (said("declined"), "why_declined"),
        (said("blank", why="disagrees"), "why_declined"),
        (said("signed_with_changes"), "changes_missing"),
        (said("signed", frequency="1/week"), "changes_missing"),
        (said("signed_with_changes", ends_on=date(2026, 4, 19)), None),  # day 90 of care
        (said("signed_with_changes", ends_on=date(2026, 4, 20)), "after_day_90"),
        (said("signed", signed_on=date(2026, 1, 27)), "dated_ahead"),
        (said("signed", visit_on=date(2026, 2, 4)), "visit_without_wish"),
    ],
)
def test_what_may_be_said_of_a_page(verdict: PageJudged, code: str | None) -> None:
    found = refusal(Referral(BACK), verdict)
    assert (found.code if found else None) == code


def test_the_task_is_answered_by_the_verdict_alone() -> None:
    opened = TaskOpened(
        at=PAGE.at, task="judge_returned_plan:v1-d1", role="front_desk", due=on(START, 13)
    )
    done = TaskCompleted(at=on(START, 13, "12:00"), by="dana", task=opened.task)
    found = refusal(Referral([*BACK, opened]), done)
    assert found is not None
    assert found.code == "not_judged"
    dismissed = done.model_copy(update={"outcome": "dismissed"})
    assert refusal(Referral([*BACK, opened]), dismissed) is None
