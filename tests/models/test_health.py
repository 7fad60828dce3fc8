"""What observations mean: the limits of clocks, disks, polls and chores, and sentences that fit."""

from __future__ import annotations

import re
import string
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models import health
from models.findings import FINDINGS, Severity, found
from models.health import Late, Leftover, Schedule, Stuck, Unreadable

NOW = datetime(2027, 2, 1, 15, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ROOT = Path(__file__).parents[2]


def codes(findings: list[health.Finding]) -> list[str]:
    return [one.code for one in findings]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        (timedelta(0), []),
        (30 * SECOND, []),
        (31 * SECOND, ["clock_off"]),
        (5 * MINUTE, ["clock_off"]),
        (5 * MINUTE + SECOND, ["clock_wrong"]),
        (timedelta(days=400), ["clock_wrong"]),
    ],
)
def test_a_clock_half_a_minute_off_is_told_and_five_minutes_are_wrong(
    by: timedelta, wanted: list[str], sign: int
) -> None:
    findings = health.clock("The server's clock", sign * by)
    assert codes(findings) == wanted
    if findings:
        assert ("ahead of" if sign > 0 else "behind") in findings[0].says


def test_rows_from_the_future_mean_a_clock_ahead_and_old_ones_nothing() -> None:
    assert codes(health.written_ahead(NOW + 6 * MINUTE, NOW)) == ["clock_wrong"]
    assert health.written_ahead(NOW - timedelta(days=9), NOW) == []
    assert health.written_ahead(None, NOW) == []


@pytest.mark.parametrize(
    ("mib", "wanted"), [(0, "disk_full"), (255, "disk_full"), (256, "disk_low"), (2047, "disk_low")]
)
def test_a_disk_runs_low_before_it_is_full(mib: int, wanted: str) -> None:
    (finding,) = health.disk("the data directory", mib * 1024**2)
    assert finding.code == wanted
    assert f"{mib} MiB" in finding.says
    assert health.disk("the data directory", 2048 * 1024**2) == []


def test_a_worker_is_there_that_asked_within_a_minute_and_a_half() -> None:
    seen = {"workflow steps": NOW - 90 * SECOND, "activities": NOW - 91 * SECOND}
    (finding,) = health.pollers("q", seen, NOW)
    assert (finding.code, "activities" in finding.says) == ("no_worker", True)
    assert len(health.pollers("q", {"workflow steps": None, "activities": None}, NOW)) == 2


def test_releases_that_differ_are_told() -> None:
    assert health.releases(["a"], "a") == []
    assert health.releases([], "a") == []  # no worker: another finding
    assert codes(health.releases(["b"], "a")) == ["other_release"]
    assert codes(health.releases(["b", "a"], "a")) == ["two_releases"]


def test_each_chore_needs_a_schedule_that_goes_on() -> None:
    there = {
        "inbox": None,
        "receipts": Schedule(paused=True),
        "crm": Schedule(running_since=NOW - 16 * MINUTE),
        "purge": Schedule(running_since=NOW - 15 * MINUTE),
    }
    findings = health.schedules(there, NOW)
    assert codes(findings) == ["schedule_missing", "schedule_paused", "chore_stuck"]
    assert "events left over are not applied" in findings[0].says
    assert "chore-receipts" in findings[1].do


def test_keys_are_told_apart_and_counted() -> None:
    findings = health.keys(
        [
            Unreadable("referral/a/1", "unknown_key", "k0"),
            Unreadable("referral/a/2", "payload_damaged", "k1"),
            Unreadable("referral/a/3", "unknown_key", "k0"),
        ],
        looked=25,
    )
    assert codes(findings) == ["wrong_key", "unknown_key"]
    assert "2 of 25" in findings[1].says
    assert findings[1].about == ("referral/a/1", "referral/a/3")


def test_what_waits_is_told_with_how_long() -> None:
    (late,) = health.overdue([Late("riverside", "front_desk", 3, NOW - 49 * HOUR)], NOW)
    assert late.says == "riverside: 3 tasks of front desk are late, the oldest by 2 days."
    assert late.severity is Severity.WARNING
    (left,) = health.leftovers([Leftover("a", 2, NOW - 10 * MINUTE, ("engine_unavailable",))], NOW)
    assert "2 events of a" in left.says
    assert "10 minutes (engine_unavailable)" in left.says
    (one,) = health.stuck([Stuck("entries for the CRM", "crm", ("rl_1", "rl_2"), NOW - HOUR)], NOW)
    assert one.says == "2 of entries for the CRM (crm), the oldest for 60 minutes."
    assert health.lost([], []) == []
    assert health.lost(["ref_1"], []) == [found("not_running", "ref_1", referrals=1, sources=0)]
    assert codes(health.dead(Counter({("a", "practices"): 2}))) == ["dead_numbers"]


def test_a_finding_names_a_few_examples_and_not_all() -> None:
    assert len(health.lost([f"ref_{n}" for n in range(99)], ["src_1"])[0].about) == 5


def test_every_finding_can_be_found_and_none_is_forgotten() -> None:
    source = "".join(
        (ROOT / "cli" / f"{name}.py").read_text() for name in ("reach", "checks", "doctor")
    )
    source += (ROOT / "models" / "health.py").read_text()
    source += (ROOT / "store" / "examine.py").read_text()
    named = set(re.findall(r'"([a-z]+_[a-z_]+)"', source))
    assert set(FINDINGS) <= named, "told by nothing"


@pytest.mark.parametrize("code", FINDINGS)
def test_every_sentence_can_be_filled_in_and_ends(code: str) -> None:
    spec = FINDINGS[code]
    fields = {name for text in spec[1:] for _, name, _, _ in string.Formatter().parse(text) if name}
    finding = found(code, **dict.fromkeys(fields, "something"))
    assert finding.says
    if not spec.says.endswith("}"):
        assert finding.says.endswith(".")
    assert finding.do
