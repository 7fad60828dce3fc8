"""What a further request about one patient is, case by case (policy.md rules 2 and 12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from models.facts import (
    AnyFact,
    ClosedReason,
    CoSourceAdded,
    Discharged,
    Ending,
    EvaluationCompleted,
    Payer,
    ReferralClosed,
    ReferralWithdrawn,
)
from models.linking import Earlier, Link, Request, ended_at, link, never_was
from models.parties import office, senders
from models.people import SourceKind
from models.referral import Referral
from models.regions import Region
from tests.lives import received

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOW = 14 * DAY


def request(day: int, source: str = "src_other", **changes: Any) -> Request:
    fields: dict[str, Any] = {"source_id": source, "kind": SourceKind.PROVIDER, **changes}
    return Request(received_at=START + day * DAY, **fields)


def earlier(**changes: Any) -> Earlier:
    asked = changes.pop("asked", {"src_first": START})
    return Earlier(asked=asked, received_at=START, **changes)


KNEE, BACK = Region.KNEE, Region.BACK
PAST, LAWYER = SourceKind.PAST_PATIENT, SourceKind.ATTORNEY
CARE: dict[str, Any] = {"in_care": True}
OVER: dict[str, Any] = {"ended_at": START + 10 * DAY}
BESIDE: dict[str, Any] = {"asked": {"src_first": START, "src_other": START + 10 * DAY}}


class Row(NamedTuple):
    says: str
    request: Request
    earlier: Earlier
    link: Link


ROWS = (
    Row("the same again", request(3, "src_first"), earlier(), Link.DUPLICATE),
    Row("told before the first", request(-3, "src_first"), earlier(), Link.DUPLICATE),
    Row("on the last day", request(14, "src_first"), earlier(), Link.DUPLICATE),
    Row("too late", request(15, "src_first"), earlier(), Link.NEW),
    Row("somebody else", request(3), earlier(), Link.CO_SOURCE),
    Row("a friend", request(3, kind=PAST), earlier(), Link.CO_SOURCE),
    Row("somebody else, late", request(15), earlier(), Link.NEW),
    Row("the co-source again", request(20), earlier(**BESIDE), Link.DUPLICATE),
    Row("the co-source, late", request(25), earlier(**BESIDE), Link.NEW),
    Row("another region", request(3, region=KNEE), earlier(region=BACK), Link.NEW),
    Row("the same region", request(3, region=KNEE), earlier(region=KNEE), Link.CO_SOURCE),
    Row("no region told", request(3), earlier(region=KNEE), Link.CO_SOURCE),
    Row("none known", request(3, region=KNEE), earlier(), Link.CO_SOURCE),
    Row("renewed", request(60, "src_first"), earlier(**CARE), Link.RENEWAL),
    Row("in care, soon", request(9, "src_first"), earlier(**CARE), Link.DUPLICATE),
    Row("in care, somebody else", request(60), earlier(**CARE), Link.CO_SOURCE),
    Row(
        "in care, another region",
        request(60, "src_first", region=KNEE),
        earlier(region=BACK, **CARE),
        Link.NEW,
    ),
    Row(
        "who cannot order renews nothing",
        request(60, "src_first", kind=LAWYER),
        earlier(**CARE),
        Link.DUPLICATE,
    ),
    Row("after the end", request(11, "src_first"), earlier(**OVER), Link.NEW),
    Row("before the end, told late", request(9, "src_first"), earlier(**OVER), Link.DUPLICATE),
    Row("somebody else after the end", request(9), earlier(**OVER), Link.NEW),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.says)
def test_what_a_request_is(row: Row) -> None:
    assert link(row.request, row.earlier, WINDOW) is row.link


def told(*facts: AnyFact) -> Referral:
    return Referral([received(START, source_id="src_first"), *facts])


def co_source(source_id: str = "src_other", kind: str = "provider", **more: Any) -> CoSourceAdded:
    at = START + DAY
    return CoSourceAdded(
        at=at, confirmed_at=at, source_id=source_id, source_kind=kind, may_thank=True, **more
    )


def test_an_earlier_referral_knows_who_asked_and_whether_it_is_in_care() -> None:
    at = START + 5 * DAY
    known = told(co_source(), EvaluationCompleted(at=at, day=at.date()))
    found = Earlier.of(known, KNEE)
    assert found.asked == {"src_first": START, "src_other": START + DAY}
    assert (found.in_care, found.region, found.ended_at) == (True, KNEE, None)


@pytest.mark.parametrize(
    "end",
    [
        Discharged(at=START + 9 * DAY, reason=Ending.GOALS_MET),
        ReferralWithdrawn(at=START + 9 * DAY),
        ReferralClosed(at=START + 9 * DAY, by="lee", reason=ClosedReason.UNABLE_TO_REACH),
    ],
    ids=lambda end: end.kind,
)
def test_a_referral_ends_with_the_first_word_of_its_end(end: AnyFact) -> None:
    late = ReferralClosed(at=START + 20 * DAY, by="system", reason=ClosedReason.COMPLETED)
    facts = (end,) if isinstance(end, ReferralClosed) else (end, late)
    assert ended_at(told(*facts)) == START + 9 * DAY
    assert not Earlier.of(told(end), None).in_care


def test_what_was_entered_in_error_never_was_one() -> None:
    error = ReferralClosed(at=START + DAY, by="lee", reason=ClosedReason.ENTERED_IN_ERROR)
    taken_back = received(START, as_of=START + DAY, retracted=True)
    assert never_was(told(error))
    assert never_was(told(taken_back))
    assert never_was(Referral())
    assert not never_was(told())


# --- what a co-source fills in --------------------------------------------------------------------


def test_a_co_source_fills_in_what_the_first_left_open() -> None:
    friend = received(
        START,
        source_id="src_friend",
        source_kind="past_patient",
        certifier_id=None,
        recipients=(),
        payers=(),
    )
    brings = co_source(certifier_id="prv_2", recipients=("prv_2",), payers=(Payer.MEDICARE_PART_B,))
    known = Referral([friend, brings])
    stands = known.received
    assert (stands.certifier_id, stands.recipients) == ("prv_2", ("prv_2",))
    assert stands.payers == (Payer.MEDICARE_PART_B,)
    assert known.told == friend, "the request itself stays in its sender's words"
    assert [(one.party, one.kind) for one in senders(known)] == [
        ("source", "past_patient"),
        ("source:src_other", "provider"),
    ]
    assert office(known) == "source:src_other"


def test_a_co_source_corrects_nothing() -> None:
    known = told(
        co_source(certifier_id="prv_2", recipients=("prv_2",), payers=(Payer.MEDICARE_PART_B,))
    )
    assert known.received.certifier_id == "prv_1"
    assert known.received.recipients == ("prv_1", "prv_2"), "it hears the reports as well"
    assert known.received.payers == (Payer.COMMERCIAL,)
    assert office(known) == "source"


def test_one_that_was_taken_back_fills_in_nothing() -> None:
    brings = co_source(recipients=("prv_2",))
    back = brings.model_copy(update={"retracted": True, "as_of": START + 2 * DAY})
    assert told(brings, back).received.recipients == ("prv_1",)
