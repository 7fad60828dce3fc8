"""Who certifies and who hears, as people come and go; what was certified stays so."""

from __future__ import annotations

import random
from typing import Any

import pytest

from models import certification, dues
from models.cadence import next_chase
from models.certification import Certification
from models.decisions import refusal
from models.facts import (
    AnyFact,
    CertifierNamed,
    MessageDelivered,
    MessageSent,
    PageJudged,
    PageVerdict,
    Payer,
    PlanOfCareReturned,
    ProviderLeft,
    TaskOpened,
    WhyDeclined,
)
from models.kinds import Kind
from models.parties import certifiers, plan_occasion, replaced_at
from models.referral import MessageRef, Referral
from tests.lives import co_source, evaluated, monday, on, planned, received, rules

START = monday()
RULES = rules()


def named(day: int, who: str | None, instead_of: str | None = "prv_1", **more: Any) -> AnyFact:
    return CertifierNamed(
        at=on(START, day), by="dana", provider_id=who, instead_of=instead_of, **more
    )


def left(day: int, successor: str | None = "prv_2", who: str = "prv_1") -> AnyFact:
    at = on(START, day)
    return ProviderLeft(at=at, provider_id=who, on=at.date(), successor_id=successor)


def sent(day: int, occasion: str, kind: Kind = Kind.PLAN_OF_CARE) -> MessageSent:
    key = MessageRef(kind, "certifier", occasion).key
    return MessageSent(at=on(START, day), message=key, message_kind=kind, channel="fax")


def arrived(day: int, occasion: str, who: str) -> MessageDelivered:
    key = MessageRef(Kind.PLAN_OF_CARE, "certifier", occasion).key
    return MessageDelivered(
        at=on(START, day),
        message=key,
        message_kind=Kind.PLAN_OF_CARE,
        channel="fax",
        recipient_id=who,
    )


def told(*facts: AnyFact, **request: Any) -> Referral:
    first = received(START, recipients=("prv_1", "prv_9"), **request)
    return Referral([first, *evaluated(START, day=2), *planned(START, day=2), *facts])


def test_a_successor_certifies_and_hears_instead() -> None:
    r = told(left(5), named(5, "prv_2"))
    assert (r.received.certifier_id, r.received.recipients) == ("prv_2", ("prv_2", "prv_9"))
    assert replaced_at(r) == on(START, 5)
    assert r.told.certifier_id == "prv_1"


def test_without_a_successor_nobody_certifies_and_the_others_hear() -> None:
    r = told(left(5, None), named(5, None))
    assert (r.received.certifier_id, r.received.recipients) == (None, ("prv_9",))


def test_the_last_word_counts_in_any_order() -> None:
    facts = [
        left(5, None),
        named(5, None),
        named(6, "prv_3", None),
        left(8, "prv_4", who="prv_3"),
        named(8, "prv_4", "prv_3"),
    ]
    for seed in range(20):
        random.Random(seed).shuffle(facts)
        r = told(*facts)
        assert r.received.certifier_id == "prv_4"
        assert r.received.recipients == ("prv_9", "prv_4")


def test_what_is_taken_back_never_was() -> None:
    back = named(5, "prv_2").model_copy(update={"retracted": True, "as_of": on(START, 6)})
    here = left(5).model_copy(update={"retracted": True, "as_of": on(START, 6)})
    r = told(left(5), named(5, "prv_2"), back, here)
    assert r.received == r.told
    assert plan_occasion(r, 1) == "v1"


def test_who_sends_the_patient_after_the_certifier_left_certifies() -> None:
    gone = (left(5, None), named(5, None))
    before = co_source(on(START, 1), "src_2", certifier_id="prv_7", recipients=("prv_7",))
    after = co_source(on(START, 6), "src_2", certifier_id="prv_7", recipients=("prv_7",))
    assert told(before, *gone).received.certifier_id is None, "was known and was not asked"
    assert told(after, *gone).received.certifier_id == "prv_7"


# --- the plan -------------------------------------------------------------------------------------


def test_the_plan_goes_out_anew_to_whoever_certifies_instead() -> None:
    assert plan_occasion(told(), 1) == "v1"
    assert plan_occasion(told(named(3, "prv_2", None)), 1) == "v1", "nobody had it before"
    assert plan_occasion(told(named(5, "prv_2")), 1) == "v1-prv_2"
    gone_then_named = told(named(5, None), named(7, "prv_3", None))
    assert plan_occasion(gone_then_named, 1) == "v1-prv_3"


def test_the_chase_rests_until_the_new_one_has_the_plan() -> None:
    gone = (sent(2, "v1"), left(10), named(10, "prv_2"))
    assert next_chase(told(*gone), RULES) is None
    assert dues.plan_sent(told(*gone), RULES).at == RULES.calendar.after(
        on(START, 10), RULES.policy.poc.send
    )
    act = next_chase(told(*gone, sent(10, "v1-prv_2")), RULES)
    assert act is not None
    assert act.occasion == "v1-day-14", "what was due before is passed over"


def test_nobody_is_chased_while_nobody_certifies() -> None:
    r = told(sent(2, "v1"), left(10, None), named(10, None))
    assert next_chase(r, RULES) is None
    due = dues.certifier(r, RULES)
    assert due is not None
    assert (due.at, due.task) == (on(START, 10), "name_certifier")
    asked = TaskOpened(at=due.at, task="name_certifier:1", role="front_desk", due=due.at)
    assert told(*r.facts, asked).task_open("name_certifier:1")
    answered = told(*r.facts, asked, named(11, "prv_2", None))
    assert not answered.task_open("name_certifier:1")


def medicare(*facts: AnyFact) -> Referral:
    return told(*facts, payers=(Payer.MEDICARE_PART_B,), order_signed_and_dated=True)


@pytest.mark.parametrize("successor", ["prv_2", None])
def test_what_was_certified_by_transmission_stays_certified(successor: str | None) -> None:
    change = (left(12, successor), named(12, successor))
    assert certification.state(medicare(arrived(3, "v1", "prv_1"))) is (
        Certification.BY_TRANSMISSION
    )
    r = medicare(arrived(3, "v1", "prv_1"), *change)
    assert certification.state(r) is Certification.BY_TRANSMISSION
    assert not dues.certifier_missing(r)


def test_the_order_of_one_provider_and_the_receipt_of_another_certify_nothing() -> None:
    r = medicare(left(3), named(3, "prv_2"), arrived(4, "v1-prv_2", "prv_2"))
    assert certification.state(r) is Certification.NEEDS_SIGNATURE
    assert not r.received.order_signed_and_dated
    assert [one.certifier_id for one in certifiers(r)] == ["prv_2", "prv_1"]


def test_a_page_that_comes_back_stays_a_persons() -> None:
    page = PlanOfCareReturned(at=on(START, 9), document_id="doc_1")
    assert told(page, left(10), named(10, "prv_2")).returned_unjudged() is not None


def test_another_certifier_answers_the_one_who_declined() -> None:
    declined = PageJudged(
        at=on(START, 5),
        by="dana",
        version=1,
        verdict=PageVerdict.DECLINED,
        why=WhyDeclined.NOT_OUR_PATIENT,
    )
    asked = TaskOpened(
        at=on(START, 5), task="plan_not_their_patient:v1", role="lead", due=on(START, 6)
    )
    known = (sent(2, "v1"), declined, asked)
    assert next_chase(told(*known), RULES) is None
    assert told(*known).task_open(asked.task)
    named_since = told(*known, named(6, "prv_2"), sent(6, "v1-prv_2"))
    assert next_chase(named_since, RULES) is not None
    assert not named_since.task_open(asked.task)


# --- the decision ---------------------------------------------------------------------------------


def test_a_person_names_somebody_who_may() -> None:
    assert refusal(told(), named(5, "prv_2")) is None
    chiropractor = refusal(told(), named(5, "prv_2", may_certify=False))
    assert chiropractor is not None
    assert chiropractor.code == "may_not_certify"
    nobody = refusal(told(), named(5, None))
    assert nobody is not None
    assert nobody.code == "nobody_named"
