"""Days no calendar reaches, typed or in a file: said in a sentence, and in no referral."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from integrations.emr.slot_file import read_slots
from models.errors import BadRequest
from models.slot_times import moment
from web.desk import acts
from web.desk.account import safe

NOW = datetime(2026, 1, 5, 15, tzinfo=UTC)
ZONE = "America/New_York"
FORMS = {
    "pause": {"owner": "front_desk", "until": "{day}"},
    "hold": {
        "reason": "authorization",
        "owner": "front_desk",
        "next_check": "2026-01-08",
        "limit": "{day}",
    },
    "book": {"day": "{day}", "time": "23:59"},
}


@pytest.mark.parametrize("day", ["9999-12-31", "2206-01-08"])
@pytest.mark.parametrize("name", FORMS)
def test_nobody_waits_for_a_day_that_is_years_away(name: str, day: str) -> None:
    form = {field: value.format(day=day) for field, value in FORMS[name].items()}
    with pytest.raises(BadRequest):
        acts.act(name, form, by="dana", zone=ZONE, now=NOW, known={})
    near = {field: value.format(day="2026-02-10") for field, value in FORMS[name].items()}
    assert acts.act(name, near, by="dana", zone=ZONE, now=NOW, known={}).data


def test_no_time_is_offered_after_the_last_day() -> None:
    with pytest.raises(BadRequest):
        moment(date(9999, 12, 31), time(23, 59), ZONE)
    for told in ("9999-12-31T23:59", "9999-12-31T23:59-05:00", "0001-01-01T00:00+14:00"):
        with pytest.raises(BadRequest) as caught:
            read_slots(f"starts\n{told}\n".encode(), {"east": ZONE})
        assert caught.value.sentence.startswith("row 2, column starts")


@pytest.mark.parametrize("target", ["//[", "http://[", "/\\[", "https://example.org/["])
def test_an_address_that_is_none_leads_to_the_board(target: str) -> None:
    assert safe(target) == "/board"
