"""What operators see of a turn: one count and one line, and only of what became true."""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from typing import Any

import pytest

from models.errors import ChannelError, StoreUnavailable, Verdict
from models.kinds import Kind
from store.engine import Store, once_true
from telemetry.meters import ACKNOWLEDGED, SENDS
from tests.activities.office import MONDAY, ORG, Office


def sent(kind: Kind, channel: str, verdict: str) -> float:
    return float(SENDS.labels(ORG, kind, channel, verdict)._value.get())


def lines(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, Any]]:
    return [r.msg for r in caplog.records if isinstance(r.msg, dict) and r.msg["event"] == event]


def test_a_thank_you_is_counted_once_with_how_long_it_took(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = sent(Kind.THANK_YOU, "fax", "sent")
    waited = ACKNOWLEDGED.labels(ORG)._sum.get()
    for _ in range(3):  # the crank is turned again by whoever did not hear
        office.send(Kind.THANK_YOU, "source", at=MONDAY + timedelta(hours=2))
    assert sent(Kind.THANK_YOU, "fax", "sent") == before + 1
    assert ACKNOWLEDGED.labels(ORG)._sum.get() - waited == pytest.approx(7200)
    [line] = lines(caplog, "message_sent")
    assert (line["kind"], line["party"], line["channel"]) == ("thank_you", "source", "fax")
    assert line["reference"] == office.deliveries()[0].reference
    assert line["referral_id"] == office.referral_id


def test_a_busy_line_a_dead_one_and_what_follows(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    failed, held = (sent(Kind.THANK_YOU, *one) for one in (("fax", "failed"), ("none", "held")))
    office.fax.before = [
        ChannelError("busy", "The line is busy.", verdict=Verdict.LATER),
        ChannelError("no_such_number", "Nobody there.", verdict=Verdict.PERMANENT),
    ]
    office.send(Kind.THANK_YOU, "source")
    office.send(Kind.THANK_YOU, "source", at=MONDAY + timedelta(hours=1))
    office.send(Kind.THANK_YOU, "source", at=MONDAY + timedelta(hours=1))
    assert sent(Kind.THANK_YOU, "none", "held") == held + 1
    assert sent(Kind.THANK_YOU, "fax", "failed") == failed + 1
    assert [line["code"] for line in lines(caplog, "message_held")] == ["busy"]
    assert [line["code"] for line in lines(caplog, "message_failed")] == ["no_such_number"]
    assert [line["channel"] for line in lines(caplog, "message_sent")] == ["email"]


def test_what_was_rolled_back_was_never_said(store: Store) -> None:
    said: list[str] = []
    with store.write() as session:
        once_true(session, lambda: said.append("true"))
        with session.begin_nested():
            pass
        assert said == [], "a savepoint is not the end"
    with contextlib.suppress(StoreUnavailable), store.write() as session:
        once_true(session, lambda: said.append("false"))
        raise StoreUnavailable("away")
    assert said == ["true"]
