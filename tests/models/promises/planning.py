"""The order behind care, the plan of care and its signature, recertification."""

from __future__ import annotations

from datetime import date

from models import dues
from models.facts import (
    Discharged,
    Ending,
    PlanOfCareReturned,
)
from tests.lives import (
    booked,
    certified,
    discharged,
    evaluated,
    planned,
    received,
    visits,
)
from tests.models.promises.kit import (
    ASKED,
    ENDED,
    IN_CARE,
    ORDERED,
    OTHERS,
    SIGNED,
    START,
    Row,
    at,
    done,
    opened,
    order,
    visit_ahead,
)

ROWS = [
    # order.stale_after [G13]
    Row("young enough", dues.order_stale, [*ORDERED, *visits(START, 58)], None),
    Row("no order, nothing to renew", dues.order_stale, [*IN_CARE, *visits(START, 70)], None),
    Row(
        "grown old in care",
        dues.order_stale,
        [*ORDERED, *visits(START, 61, 64)],
        "day 61 14:00",
        "front_desk",
        "order_stale:of-20260112",
    ),
    Row(
        "a visit booked beyond it",
        dues.order_stale,
        [*ORDERED, visit_ahead(63, told=40)],
        "day 40 10:00",
        "front_desk",
        "order_stale:of-20260112",
    ),
    Row(
        "the first evaluation as well",
        dues.order_stale,
        [ORDERED[0], *booked(START, made=50, day=64)],
        "day 50 13:00",
        "front_desk",
        "order_stale:of-20260112",
    ),
    Row("renewed in time", dues.order_stale, [*ORDERED, order(40), *visits(START, 64)], None),
    Row(
        "an unsigned one renews nothing",
        dues.order_stale,
        [*ORDERED, order(40, signed=False), *visits(START, 64)],
        "day 64 14:00",
        "front_desk",
        "order_stale:of-20260112",
    ),
    Row(
        "the next one grows old too",
        dues.order_stale,
        [*ORDERED, order(40), *visits(START, 101)],
        "day 101 14:00",
        "front_desk",
        "order_stale:of-20260221",
    ),
    Row(
        "asked once",
        dues.order_stale,
        [*ORDERED, *visits(START, 61), opened("order_stale:of-20260112", 61)],
        None,
    ),
    Row(
        "care is over",
        dues.order_stale,
        [*ORDERED, *visits(START, 61), Discharged(at=at(62), reason=Ending.GOALS_MET)],
        None,
    ),
    # poc.therapist_sign; director 3 bd; rule 2
    Row(
        "one business day after the evaluation",
        dues.plan_signature,
        [ASKED, *evaluated(START, day=4)],
        "day 7 18:00",
        "therapist",
        "sign_plan:1",
    ),
    Row(
        "the director after three",
        dues.plan_signature,
        [ASKED, *evaluated(START, day=4), opened("sign_plan:1", 7)],
        "day 9 18:00",
        "director",
        "sign_plan:director",
    ),
    Row(
        "the provider's signature alone is no plan",
        dues.plan_signature,
        [ASKED, *evaluated(START), *certified(START, day=7)],
        "day 8 18:00",
        "therapist",
        "sign_plan:1",
    ),
    Row(
        "given up once care is summed up",
        dues.plan_signature,
        [
            ASKED,
            *evaluated(START),
            *discharged(START, 7),
            opened("sign_plan:1", 8),
            done("sign_plan:1", 8),
        ],
        None,
    ),
    Row(
        "nobody to certify: on the day of the evaluation",
        dues.certifier,
        [received(START, certifier_id=None), *evaluated(START)],
        "day 7 11:00",
        "front_desk",
        "name_certifier:1",
    ),
    Row(
        "none is needed",
        dues.certifier,
        [received(START, certifier_id=None, payers=("self_pay",)), *evaluated(START)],
        None,
    ),
    # poc.send
    Row(
        "out within a business day",
        dues.plan_sent,
        IN_CARE,
        "day 8 18:00",
        "front_desk",
        "undeliverable:plan_of_care:certifier:v1",
    ),
    Row("the EMR faxes it", dues.plan_sent, IN_CARE, None, rules=OTHERS),
    # poc.signature_due / verbal
    Row("30 days from care", dues.signature, IN_CARE, "day 37 11:00", "director"),
    Row(
        "14 days after a verbal one",
        dues.signature,
        [*IN_CARE, *certified(START, day=9, verbal=True)],
        "day 23 13:00",
        "director",
    ),
    Row("signed", dues.signature, SIGNED, None),
    # poc.returned_check / change_review; rule 4
    Row(
        "a page came back",
        dues.returned_page,
        [*IN_CARE, PlanOfCareReturned(at=at(9, "17:00"))],
        "day 9 17:00",
        "front_desk",
        "judge_returned_plan:v1",
    ),
    Row(
        "another page of the same version",
        dues.returned_page,
        [
            *IN_CARE,
            opened("judge_returned_plan:v1-d1", 8),
            done("judge_returned_plan:v1-d1", 9),
            PlanOfCareReturned(at=at(9, "17:00"), document_id="d2"),
        ],
        "day 9 17:00",
        "front_desk",
        "judge_returned_plan:v1-d2",
    ),
    Row(
        "changed: reviewed at once",
        dues.changed_plan,
        [*IN_CARE, *certified(START, day=9, changed=True)],
        "day 9 13:00",
        "therapist",
        "review_changed_plan:v1",
    ),
    Row(
        "changed: the director before the next visit",
        dues.changed_plan,
        [
            *IN_CARE,
            *certified(START, day=9, changed=True),
            opened("review_changed_plan:v1", 9),
            visit_ahead(10),
        ],
        "day 10 14:00",
        "director",
        "review_changed_plan:v1-director",
    ),
    Row(
        "taken over",
        dues.changed_plan,
        [*IN_CARE, *certified(START, day=9, changed=True), *planned(START, day=10, version=2)],
        None,
    ),
    # recert
    Row(
        "14 days ahead of day 90",
        dues.recertification,
        SIGNED,
        "day 83 11:00",
        "therapist",
        "recertify:v1",
    ),
    Row(
        "14 days ahead of the plan's end, signed or not",
        dues.recertification,
        [ASKED, *evaluated(START), *planned(START, ends_on=date(2026, 3, 12))],
        "day 45 17:00",
        "therapist",
        "recertify:v1",
    ),
    Row(
        "from the last period's start",
        dues.recertification,
        [*SIGNED, *planned(START, day=80, version=2, recertifies=True)],
        "day 156 15:00",
        "therapist",
        "recertify:v2",
    ),
    Row("discharged", dues.recertification, ENDED, None),
]
