"""What leaves through the read API: every column decided on, days and ids only where allowed."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

from models.ledger import Counted, Line
from models.shared_lines import IdentifiedLine, SharedLine, identified, shared

CAME = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
NOW = CAME + timedelta(days=60)


def a_line(**told: object) -> Line:
    base: dict[str, object] = {
        "clinic_id": "east",
        "counted": Counted.REFERRAL,
        "source_id": "src_1",
        "source_kind": "provider",
        "received_at": CAME,
        "received_on": date(2026, 1, 5),
        "received_month": "2026-01",
        "contact_within": CAME + timedelta(days=1),
        "contact_by": CAME + timedelta(days=1, hours=7),
    }
    return Line.model_validate(base | told)


def test_every_column_of_the_ledger_is_decided_on() -> None:
    decided = set(SharedLine.model_fields) | set(IdentifiedLine.model_fields)
    assert set(Line.model_fields) <= decided, "say in models/shared_lines.py who may see it"
    assert all(field.description for field in IdentifiedLine.model_fields.values())


def test_without_more_no_day_no_moment_and_no_id_is_told() -> None:
    line = a_line(
        attempted_at=CAME + timedelta(hours=2),
        reached_at=CAME + timedelta(hours=3),
        evaluated_at=CAME + timedelta(days=7),
        evaluated_on=date(2026, 1, 12),
        evaluated_month="2026-01",
        discharged_on=date(2026, 2, 20),
        discharged_month="2026-02",
        closed_on=date(2026, 2, 21),
        closed_month="2026-02",
    )
    told = shared(line, "p_1", NOW)
    assert not re.search(r"\d{4}-\d{2}-\d{2}", told.model_dump_json())
    kinds = {type(value) for value in told.model_dump().values()}
    assert not kinds & {date, datetime}
    assert (told.reached_minutes, told.care_days, told.open_days) == (180, 39, 47)
    assert (told.contacted_24h, told.contacted_next_day) == (True, True)
    whole = identified(line, "p_1", NOW, "ref_1")
    assert (whole.referral_id, whole.evaluated_on) == ("ref_1", date(2026, 1, 12))
    assert json.loads(told.model_dump_json()).items() <= json.loads(whole.model_dump_json()).items()


def test_while_there_is_time_a_try_is_neither_in_time_nor_late() -> None:
    line = a_line()
    assert shared(line, "p", CAME + timedelta(hours=23)).contacted_24h is None
    assert shared(line, "p", CAME + timedelta(hours=25)).contacted_24h is False
    late = a_line(attempted_at=CAME + timedelta(hours=25))
    told = shared(late, "p", NOW)
    assert (told.contacted_24h, told.contacted_next_day) == (False, True)
    assert shared(a_line(contact_within=None), "p", NOW).contacted_24h is None


def test_what_is_told_in_the_wrong_order_has_no_length() -> None:
    line = a_line(
        reached_at=CAME - timedelta(days=2),
        evaluated_on=date(2026, 2, 1),
        discharged_on=date(2026, 1, 20),
        closed_on=date(2026, 1, 1),
    )
    told = shared(line, "p", NOW)
    assert (told.reached_minutes, told.care_days, told.open_days) == (None, None, None)
