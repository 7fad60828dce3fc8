"""The policy: its defaults, its versions, the example file, and its calendars."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from models.base import Model
from models.errors import BadRequest, ConfigError
from models.holiday_dates import closed_dates
from models.hours import Span
from models.kinds import BY_HAND, Kind
from models.organization import Clinic, holders
from models.policy import CadenceStep, ChaseStep, Policy, Rules
from models.policy_file import calendar_for, check, load
from models.roles import Role

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "clinics" / "example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")


# --- the defaults of policy.md §2 -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("capture.confirm_due", "30 bm"),
        ("capture.lead_after", "2 bh"),
        ("capture.director_after", "4 bh"),
        ("capture.dedupe_window", "14 d"),
        ("ack.due", "24 wh"),
        ("ack.warn", "20 wh"),
        ("ack.wait_for_duplicates", "15 min"),
        ("office.bundle", "2 bh"),
        ("inbound_text.answer", "15 bm"),
        ("inbound_text.lead_after", "1 bh"),
        ("stop_or_cancel.task", "1 bh"),
        ("stop_or_cancel.urgent_task", "15 min"),
        ("evaluation.target_routine", "7 d"),
        ("evaluation.target_urgent", "2 bd"),
        ("evaluation.window", "30 d"),
        ("evaluation.propose_close", "45 d"),
        ("reminders.first_before", "2 bd"),
        ("reminders.second_before", "3 wh"),
        ("intake.reminder_before", "48 wh"),
        ("intake.desk_task_before", "24 wh"),
        ("authorization.request", "1 bd"),
        ("authorization.chase_every", "3 bd"),
        ("authorization.lead_after", "10 bd"),
        ("authorization.warn_before_end", "14 d"),
        ("decline.decide", "1 bd"),
        ("decline.tell_source", "0 bd"),
        ("order.stale_after", "60 d"),
        ("poc.therapist_sign", "1 bd"),
        ("poc.director_after", "3 bd"),
        ("poc.send", "1 bd"),
        ("poc.no_receipt_call", "2 bd"),
        ("poc.no_receipt_director", "10 d"),
        ("poc.fax_gap", "5 bd"),
        ("poc.late_call_every", "7 d"),
        ("poc.verbal_signature", "14 d"),
        ("poc.returned_check", "4 bh"),
        ("poc.change_review", "1 bd"),
        ("recert.prepare_before", "14 d"),
        ("recert.send_before", "10 d"),
        ("recert.director_before", "3 d"),
        ("progress.send", "1 bd"),
        ("progress.min_gap", "14 d"),
        ("progress.before_physician_visit", "2 bd"),
        ("dropout.no_future_visit", "3 bd"),
        ("dropout.no_visit_early", "7 d"),
        ("dropout.no_visit_later", "14 d"),
        ("dropout.propose_discharge", "30 d"),
        ("under_scheduled.check", "1 bd"),
        ("discharge.sign", "3 bd"),
        ("discharge.sign_unplanned", "7 d"),
        ("discharge.director_after", "2 bd"),
        ("discharge.send", "1 bd"),
        ("followup.thank_you", "1 bd"),
        ("followup.check_in", "7 d"),
        ("followup.call_within", "4 bh"),
        ("silence.cooling_min_gap", "14 d"),
        ("silence.quiet", "60 d"),
        ("silence.lapsed", "120 d"),
        ("silence.task_high", "5 bd"),
        ("silence.task_high_director", "5 bd"),
        ("silence.task_low", "20 bd"),
        ("silence.no_repeat_for", "60 d"),
        ("fax.tries_within", "2 bd"),
        ("fax.call", "4 bh"),
        ("task.lease", "1 bd"),
        ("task.lease_urgent", "1 bh"),
        ("feed.silent", "4 bh"),
        ("retention.scheduling_link", "7 d"),
        ("retention.document_link", "72 wh"),
        ("office.max_pages_per_number_day", 15),
        ("text.cap_per_day", 1),
        ("text.cap_per_week", 3),
        ("call.cap_per_day", 2),
        ("call.voicemail_per_day", 1),
        ("call.voicemail_in_all", 3),
        ("intake.max_messages", 2),
        ("authorization.warn_visits_left", 3),
        ("poc.nudge_days", (1, 2)),
        ("poc.max_faxes", 3),
        ("poc.verbal_chase_days", (3, 7, 11)),
        ("recert.at_day", 90),
        ("progress.write_by_day", 10),
        ("progress.prompt_day", 8),
        ("dropout.early_visits", 3),
        ("under_scheduled.below", 0.5),
        ("under_scheduled.weeks", 4),
        ("followup.call_at_or_below", 6),
        ("silence.cooling_chance", 0.05),
        ("silence.quiet_chance", 0.01),
        ("silence.cooling_min_referrals", 3),
        ("silence.min_referrals", 1),
        ("fax.tries", 5),
        ("fax.dead_after_documents", 3),
        ("gifts.enabled", False),
        ("report.business_day", 2),
        ("report.cohort_days", (30, 90)),
        ("report.scorecard_min_referrals", 10),
        ("retention.years", 6),
    ],
)
def test_a_default_is_the_one_settled(key: str, value: object) -> None:
    section, name = key.split(".")
    found = getattr(getattr(Policy(), section), name)
    assert (found.code if isinstance(found, Span) else found) == value


def test_the_cadences_are_the_ones_settled() -> None:
    policy = Policy()
    steps = [(s.day, s.do, s.after.code, s.half) for s in policy.reach.cadence]
    assert steps == [
        (0, ("text",), "5 min", "any"),
        (0, ("call",), "2 bh", "any"),
        (1, ("call",), "0 bm", "other"),
        (2, ("text",), "0 bm", "any"),
        (4, ("call",), "0 bm", "any"),
        (7, ("text", "call", "ask_office"), "0 bm", "any"),
        (10, ("last_text",), "0 bm", "any"),
        (12, ("propose_close",), "0 bm", "any"),
    ]
    assert [(s.day, s.do) for s in policy.poc.chase] == [
        (7, ("fax",)),
        (14, ("fax", "call")),
        (21, ("call",)),
        (27, ("director_call",)),
    ]
    assert [span.code for span in policy.fax.retry] == ["15 min", "1 wh", "3 wh"]


def test_every_kind_has_an_owner_and_only_reminders_are_the_emr_s() -> None:
    policy = Policy()
    assert set(policy.owner) == set(Kind) - BY_HAND
    assert [kind for kind in Kind if not policy.ours(kind)] == [Kind.REMINDER]
    assert policy.approve == {}


def test_a_gift_needs_a_switch_and_a_figure_for_the_year() -> None:
    gifts = Policy().gifts
    assert gifts.limit(2026) is None
    on = gifts.model_copy(update={"enabled": True})
    assert on.limit(2026) == Decimal(535)
    assert on.limit(2027) is None


def test_a_state_left_out_of_the_table_keeps_its_law() -> None:
    text = Policy.model_validate({"text": {"states": {"NY": {"mon": ["10:00-11:00"]}}}}).text
    assert text.hours("RI") == Policy().text.hours("RI") != text.window
    assert [str(window) for window in text.hours("NY").mon] == ["10:00-11:00"]
    assert not text.hours("NY").tue


# --- version, wire --------------------------------------------------------------------------------


def test_the_version_names_the_content() -> None:
    policy = Policy()
    assert re.fullmatch(r"[0-9a-f]{12}", policy.version)
    assert Policy.model_validate_json(policy.model_dump_json()) == policy
    turned = Policy(owner=dict(reversed(policy.owner.items())))
    assert turned.version == policy.version
    other = Policy.model_validate({"silence": {"quiet": "61 d"}})
    assert other.version != policy.version


def test_the_version_is_the_same_in_every_process() -> None:
    code = "from models.policy import Policy; print(Policy().version)"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == Policy().version


def test_pinned_rules_keep_the_version_they_were_pinned_with() -> None:
    example = load(EXAMPLE)
    calendar = calendar_for(example.organization, "east", [2026])
    rules = Rules(policy=example.policy, calendar=calendar)
    assert rules.policy_version == example.policy.version
    wire = json.loads(rules.model_dump_json())
    wire["policy"]["some_day"] = {"new": 1}  # what a newer worker may have written
    wire["policy"]["ack"]["new"] = 1
    wire["policy_version"] = "0123456789ab"
    read = Rules.model_validate(wire)
    assert read.policy == example.policy
    assert read.policy_version == "0123456789ab"


def test_rules_import_neither_holidays_nor_an_engine() -> None:
    code = (
        "import sys, models.policy, models.clock, models.policy_file;"
        "print([m for m in ('holidays', 'temporalio', 'sqlalchemy') if m in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"


# --- the example ----------------------------------------------------------------------------------


def test_the_example_is_right_and_is_the_default() -> None:
    assert check(EXAMPLE) == []
    example = load(EXAMPLE)
    assert example.policy == Policy()
    assert example.policy.version == Policy().version
    assert example.organization.id == "riverside"
    zones = {clinic.zone for clinic in example.organization.clinics}
    assert len(zones) == len(example.organization.clinics) == 2


def test_the_example_spells_out_every_key() -> None:
    content = tomllib.loads(TEXT)

    def missing(model: type[Model], given: Any, path: str) -> list[str]:
        found = []
        for name, field in model.model_fields.items():
            if name not in given:
                found.append(f"{path}{name}")
            elif not isinstance(given[name], dict):
                continue
            elif isinstance(field.annotation, type) and issubclass(field.annotation, Model):
                found += missing(field.annotation, given[name], f"{path}{name}.")
        return found

    assert missing(Policy, content, "") == []
    for clinic in content["clinics"]:
        assert missing(Clinic, clinic, "") == []


def test_the_example_s_people_are_fictional_and_cover_every_role() -> None:
    example = load(EXAMPLE)
    assert {one.role for one in example.staff} == set(Role)
    for clinic in example.organization.clinics:
        assert clinic.phone[5:10] == clinic.fax[5:10] == "55501"
        for role in Role:
            assert holders(example.staff, role, clinic.id)
    assert all(one.email.endswith("@example.org") for one in example.staff)


# --- calendars ------------------------------------------------------------------------------------


def test_a_location_s_calendar_knows_its_holidays() -> None:
    organization = load(EXAMPLE).organization
    east = calendar_for(organization, "east", [2026, 2027])
    west = calendar_for(organization, "west", [2026])
    assert east.known_until == date(2027, 12, 31)
    assert west.known_until == date(2026, 12, 31)
    for day in (date(2026, 11, 26), date(2026, 11, 27), date(2026, 7, 3), date(2027, 12, 31)):
        assert not east.is_business_day(day)
    assert east.is_business_day(date(2026, 10, 12))  # Columbus Day: open anyway
    assert date(2026, 10, 12) in east.holidays
    assert west.is_business_day(date(2026, 11, 21))  # Saturday
    assert not east.is_business_day(date(2026, 11, 21))
    friday = datetime(2026, 7, 2, 20, 50, tzinfo=UTC)  # Thursday 16:50 before a long weekend
    assert east.after(friday, Span.of("3 bh")) == datetime(2026, 7, 6, 11, 50, tzinfo=UTC)


def test_a_date_can_be_opened_and_an_unknown_clinic_is_an_error() -> None:
    organization = load(EXAMPLE).organization
    opened = organization.clinics[0].model_copy(update={"open_dates": (date(2026, 7, 3),)})
    changed = organization.model_copy(update={"clinics": (opened,)})
    assert calendar_for(changed, "east", [2026]).is_business_day(date(2026, 7, 3))
    with pytest.raises(KeyError):
        calendar_for(changed, "north", [2026])


def test_a_day_with_two_holidays_stays_closed_until_both_are_named() -> None:
    day = date(2027, 2, 15)
    one = ["Washington's Birthday"]
    both = ["Washington's Birthday", "Susan B. Anthony Day"]
    assert day in closed_dates("US", "NY", [2027], open_anyway=one)
    assert day not in closed_dates("US", "NY", [2027], open_anyway=both)


def test_a_day_closed_by_hand_is_closed_whatever_is_open() -> None:
    day = date(2026, 11, 11)
    assert day not in closed_dates("US", "NY", [2026], open_anyway=["veterans day"])
    assert day in closed_dates("US", "NY", [2026], [day], ["veterans day", day])


def test_new_year_observed_in_the_old_year_is_closed() -> None:
    assert date(2027, 12, 31) in closed_dates("US", "NY", [2027])
    assert closed_dates("US", "NY", [2027]) == tuple(sorted(closed_dates("US", "NY", [2027])))


def test_steps_are_values() -> None:
    step = CadenceStep.model_validate({"day": 1, "do": ["call"], "half": "other"})
    assert step == CadenceStep(day=1, do=("call",), half="other")
    assert ChaseStep(day=7, do=("fax",)).model_dump(mode="json") == {"day": 7, "do": ["fax"]}
    assert issubclass(ConfigError, Exception)
    assert not issubclass(ConfigError, BadRequest)
