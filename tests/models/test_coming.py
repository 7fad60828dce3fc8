"""What the patient gets by itself next."""

from __future__ import annotations

from datetime import UTC, datetime

from models.coming import coming
from models.facts import MessageStopped
from models.kinds import Kind
from models.referral import Referral
from tests.lives import booked, on, received, rules

START = datetime(2026, 1, 12, 15, tzinfo=UTC)  # a Monday, 10:00 in New York
OURS = rules(owner={Kind.REMINDER: "us"})


def test_a_reminder_that_is_ours_is_announced_and_may_be_stopped_before_its_day() -> None:
    r = Referral([received(START), *booked(START)])
    (reminder,) = [one for one in coming(r, OURS) if one.message.kind is Kind.REMINDER]
    assert reminder.at == on(START, 3, "08:00")
    r.learn(MessageStopped(at=START, by="dana", message=reminder.message.key))
    assert [one for one in coming(r, OURS) if one.message.kind is Kind.REMINDER] == []
    emr = Referral([received(START), *booked(START)])
    assert [one for one in coming(emr, rules()) if one.message.kind is Kind.REMINDER] == []
