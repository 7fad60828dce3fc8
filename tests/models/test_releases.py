"""What an authorization lets somebody read, until when, and who gets copies by it."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest

from models.dues import copies
from models.facts import AnyFact, MessageSent, ReleaseRecorded, ReleaseRevoked, Scope
from models.kinds import Kind
from models.referral import MessageRef, Referral
from models.releases import readers, released, standing
from tests.lives import (
    co_source,
    discharged,
    evaluated,
    local,
    monday,
    on,
    received,
    reported,
    rules,
)

START = monday()
RULES = rules()
MAY = date(2026, 5, 31)
REPORT, STATUS = Kind.PROGRESS_REPORT, Kind.UNABLE_TO_REACH


def release(day: int = 0, who: str = "src_adj", **more: Any) -> ReleaseRecorded:
    return ReleaseRecorded(at=on(START, day), release_id="r1", recipient_id=who, **more)


def revoked(day: int) -> ReleaseRevoked:
    return ReleaseRevoked(at=on(START, day), release_id="r1")


@pytest.mark.parametrize(
    ("facts", "kind", "on_day", "may"),
    [
        ([], REPORT, MAY, False),
        ([release()], REPORT, MAY, True),
        ([release()], STATUS, MAY, True),
        ([release(scope=Scope.STATUS)], STATUS, MAY, True),
        ([release(scope=Scope.STATUS)], REPORT, MAY, False),
        ([release(scope=Scope.STATUS)], Kind.DISCHARGE_SUMMARY, MAY, False),
        ([release(ends_on=MAY)], REPORT, MAY, True),
        ([release(ends_on=MAY)], REPORT, date(2026, 6, 1), False),
        ([release(who="src_other")], REPORT, MAY, False),
        ([release(), revoked(5)], REPORT, MAY, False),
        ([release(), revoked(5), release(9)], REPORT, MAY, True),
        ([release(9), revoked(5)], REPORT, MAY, True),
        ([release(), release(3, ends_on=date(2026, 1, 1))], REPORT, MAY, False),
    ],
)
def test_what_may_be_read(facts: list[AnyFact], kind: Kind, on_day: date, may: bool) -> None:
    for order in itertools.permutations(facts):
        assert released(order, "src_adj", kind, on_day) is may


def test_what_was_told_in_error_never_stood() -> None:
    back = release().model_copy(update={"retracted": True, "as_of": on(START, 1)})
    assert standing([release(), back]) == []
    unrevoked = revoked(5).model_copy(update={"retracted": True, "as_of": on(START, 6)})
    assert standing([release(), revoked(5), unrevoked]) == [release()]


# --- copies ---------------------------------------------------------------------------------------


def told(*facts: AnyFact, kind: str = "provider") -> Referral:
    return Referral([received(START, source_kind=kind), *evaluated(START, day=2), *facts])


def sent(day: int, to: str, report: str) -> MessageSent:
    key = MessageRef(Kind.PROGRESS_REPORT, to, report).key
    kind = Kind.PROGRESS_REPORT
    return MessageSent(at=on(START, day), message=key, message_kind=kind, channel="fax")


def test_who_gets_copies() -> None:
    assert copies.names(told()) == ()
    assert copies.names(told(kind="attorney")) == ("prv_1",)
    assert copies.names(told(co_source(START, "src_2", "employer"))) == ("src_2",)
    assert copies.names(told(co_source(START, "src_2", "past_patient"))) == ()
    assert readers(told(release(), revoked(5))) == ("src_adj",), "it still asks for them"
    narrowed = told(release(), release(3, scope=Scope.STATUS))
    assert copies.names(narrowed) == (), "the last word is for the status alone"


def test_a_reader_gets_reports_two_weeks_apart_then_the_summary() -> None:
    r = told(release(), *reported(START, 10, "r1"))
    first = MessageRef(Kind.PROGRESS_REPORT, "source:src_adj", "r1")
    assert copies.owed(r, RULES, "src_adj") == first
    assert copies.promises(r, RULES)[0].at == on(START, 10, "16:00")
    again = told(*r.facts, sent(10, "source:src_adj", "r1"), *reported(START, 17, "r2"))
    (due,) = copies.promises(again, RULES)
    assert local(START, due.at).startswith("day 24")
    end = told(*again.facts, *discharged(START, 20))
    assert copies.owed(end, RULES, "src_adj") == MessageRef(
        Kind.DISCHARGE_SUMMARY, "source:src_adj", "1"
    )
    assert not copies.over(end, RULES, "src_adj")


def test_a_source_without_an_authorization_is_owed_the_summary_alone() -> None:
    r = told(*reported(START, 10), kind="attorney")
    assert copies.owed(r, RULES, "prv_1") is None
    end = told(*r.facts, *discharged(START, 20), kind="attorney")
    assert copies.owed(end, RULES, "prv_1") == MessageRef(Kind.DISCHARGE_SUMMARY, "source", "1")


def test_nothing_is_owed_where_the_emr_sends() -> None:
    theirs = rules(owner={**RULES.policy.owner, Kind.DISCHARGE_SUMMARY: "emr"})
    end = told(release(), *discharged(START, 20))
    assert copies.owed(end, theirs, "src_adj") is None
    assert copies.over(end, theirs, "src_adj")
