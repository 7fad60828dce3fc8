"""The policy: its defaults, its file, and the sentences a wrong file gets."""

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


def line(of: str, text: str = TEXT) -> int:
    """The number of the first line that starts with *of*."""
    for number, written in enumerate(text.splitlines(), 1):
        if written.startswith(of):
            return number
    raise AssertionError(of)


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


# --- wrong files ----------------------------------------------------------------------------------

# what is replaced, by what, the start of the line to be named, what the sentence must hold
WRONG = [
    ('due = "24 wh"', 'due = "25 wh"', "due = ", "ack.due: expected at most 24 hours"),
    ('due = "24 wh"', 'due = "19 wh"', "due = ", "ack.due: 19 hours comes before ack.warn"),
    ('due = "24 wh"', 'due = "1 bd"', "due = ", "ack.due: expected at most 24 hours"),
    ('due = "24 wh"', 'deu = "24 wh"', "deu = ", "ack.deu: unknown key; did you mean due?"),
    ('due = "24 wh"', "due = 24", "due = ", "ack.due: "),
    ('warn = "20 wh"', 'warn = "20 hours"', "warn = ", 'such as "2 bh"'),
    ("[silence]", "[silences]", "[silences]", "silences: unknown key; did you mean silence?"),
    ("cap_per_day = 1 ", "cap_per_day = 0 ", "cap_per_day = 0", "greater than or equal to 1"),
    ("cap_per_week = 3", "cap_per_week = 3.5", "cap_per_week", "text.cap_per_week"),
    ("at_day = 90", "at_day = 91", "at_day", "recert.at_day: expected less than or equal to 90"),
    ("write_by_day = 10", "write_by_day = 11", "write_by_day", "progress.write_by_day"),
    ("prompt_day = 8", "prompt_day = 12", "prompt_day", "later than write_by_day"),
    ("years = 6", "years = 5", "years = ", "retention.years"),
    ("day = 14, do", "day = 6, do", "  { day = 6", "poc.chase[2].day: expected a later day"),
    ("day = 27, do", "day = 30, do", "  { day = 30", "poc.chase[4].day: not before"),
    ("max_faxes = 3", "max_faxes = 2", "max_faxes", "expected at least that many"),
    ('do = ["director_call"]', 'do = ["directors_call"]', "  { day = 27", "poc.chase[4].do[1]"),
    ('do = ["last_text"]', 'todo = ["last_text"]', "  { day = 10", "cadence[7].todo: unknown"),
    ("day = 2, do", "day = 0, do", '  { day = 0, do = ["text"] }', "before the step above"),
    ('after = "5 min"', 'after = "1 d"', "  { day = 0, do", "days belong into day"),
    ("verbal_chase_days = [3, 7, 11]", "verbal_chase_days = [3, 3]", "verbal_chase", "increase"),
    ("verbal_chase_days = [3, 7, 11]", "verbal_chase_days = [15]", "verbal_chase", "later than"),
    ('zone = "America/Chicago"', 'zone = "America/Chicagoo"', 'zone = "America/Chicagoo"',
     "clinics[2].zone: unknown time zone"),
    ('sat = ["09:00-13:00"]', 'sat = ["13:00-09:00"]', 'sat = ["13:00-09:00"]',
     "clinics[2].hours.sat[1]: the closing time must be later"),
    ('fri = ["08:00-12:00", "13:00-17:00"]', 'fri = ["08:00-12:00", "11:00-17:00"]',
     None, "clinics[2].hours: fri: 08:00-12:00 and 11:00-17:00 overlap"),
    ('state = "IL"', 'state = "XX"', 'state = "XX"', "clinics[2].state: Expected a two-letter"),
    ('phone = "+12175550144"', 'phone = "555"', 'phone = "555"', "clinics[2].phone: The phone"),
    ('email = "ada@example.org"', 'email = "ada"', 'email = "ada"', "staff[10].email"),
    ('role = "admin"', 'role = "king"', 'role = "king"', "staff[10].role: expected 'front_desk'"),
    ('id = "ada"', 'id = "cam"', None, "staff[10].id: another member of staff has this id"),
    ('id = "west"', 'id = "east"', None, "clinics[2].id: another clinic has this id"),
    ('clinics = ["west"]', 'clinics = ["south"]', 'clinics = ["south"]',
     "staff[2].clinics[1]: no clinic has this id; expected one of east, west"),
    ('"Casimir Pulaski Day"', '"Casimir Polaski Day"', '  "Casimir Polaski Day"',
     "did you mean Casimir Pulaski Day?"),
    ('public_review_link = "https://example.org/riverside-west/reviews"',
     'public_review_link = "http://example.org/"', 'public_review_link = "http:', "https"),
    ('fax = "outbox"', 'fax = "smtp"', 'fax = "smtp"', "channels.fax: smtp sends e-mail only"),
    ("[text.states.TX]", "[text.states.TEX]", "[text.states.TEX]", "text.states.TEX: expected a"),
    ('re_engagement = "us"', "", "[owner]", "owner.re_engagement: not set"),
    ('reminder = "emr" ', 'reminder = "ehr" ', "reminder = ", "owner.reminder: expected 'us'"),
    ('check_in = "us"', 'chek_in = "us"', "chek_in", "owner.chek_in: unknown key"),
    ('at = "07:00"', 'at = "7am"', "at = ", 'report.at: expected a local time such as "07:00"'),
    ("open_dates = []", 'open_dates = ["Tuesday"]', "open_dates", "expected a date such as"),
    ('short_name = "Riverside PT West"', 'short_name = ""', 'short_name = ""', "expected some"),
    ('id = "riverside"', 'id = "River side"', "id = ", "organization.id: expected lower-case"),
    ('clinics = ["west"]', "clinics = []", "clinics = []", "staff[2].clinics: expected at least"),
    ('id = "west"', 'id = "all"', 'id = "all"', "in addresses this stands for all clinics"),
    ("[feed]", "[[feed]]", "[[feed]]", "feed: expected a table"),
    ("cohort_days = [30, 90]", "cohort_days = 30", "cohort_days", "cohort_days: expected a list"),
    ("[approve]", '[approve]\nlast_text = "boss"', "last_text = \"boss\"", "approve.last_text"),
    ("quiet_chance = 0.01", "quiet_chance = 0.5", "quiet_chance", "not below cooling_chance"),
    ('quiet = "60 d"', 'quiet = "130 d"', "lapsed", "silence.lapsed: 120 days comes before"),
    ("tries = 5", "tries = 4", "tries = ", "fax.tries: fewer than"),
    ("cohort_days = [30, 90]", "cohort_days = [30, 60]", "cohort_days", "expected [30, 90]"),
    ('chase_every = "3 bd"', 'chase_every = "0 bd"', "chase_every", "this repeats"),
    ("voicemail_per_day = 1", "voicemail_per_day = 3", "voicemail_per_day", "more voicemails"),
    ('scheduling_link = "7 d"', "scheduling_link = [", None, "not valid TOML"),
    ('name = "Riverside Physical Therapy"', "", "[organization]", "organization.name: missing"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "starts", "says"), WRONG)
def test_a_wrong_file_is_told_key_line_and_way_out(
    old: str, new: str, starts: str | None, says: str, tmp_path: Path
) -> None:
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    path = tmp_path / "clinic.toml"
    path.write_text(text, encoding="utf-8")
    told = check(path)
    matching = [one for one in told if says in one]
    assert matching, told
    if starts is not None:
        assert matching[0].startswith(f"{path}:{line(starts, text)}: "), matching
    with pytest.raises(ConfigError) as error:
        load(path)
    assert error.value.sentence.startswith(told[0])


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "clinic.toml"
    text = TEXT
    for old, new in (
        ("cap_per_day = 1 ", "cap_per_day = 0 "),
        ('zone = "America/Chicago"', 'zone = "Mars"'),
        ("lease_urgent", "leaseurgent"),
    ):
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    told = check(path)
    assert [one.split(": ")[1] for one in told] == [
        "clinics[2].zone", "text.cap_per_day", "task.leaseurgent",
    ]  # fmt: skip
    with pytest.raises(ConfigError, match=r"\(2 more problems\)"):
        load(path)


def test_a_clinic_without_hours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clinic.toml"
    text = re.sub(r"^(mon|tue|wed|thu|fri|sat|sun) = .*\n", "", TEXT, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    told = check(path)
    assert any("clinics[1].hours: no opening hours on any weekday" in one for one in told)
    assert any("text.window: no text could ever be sent" in one for one in told)


@pytest.mark.parametrize("word", ["re_engagement", "scorecard", "last_text"])
def test_each_unset_owner_is_named(word: str, tmp_path: Path) -> None:
    path = tmp_path / "clinic.toml"
    path.write_text(re.sub(rf'^{word} = "us"$', "", TEXT, flags=re.MULTILINE), encoding="utf-8")
    [told] = check(path)
    assert f":{line('[owner]')}: owner.{word}: not set" in told


def test_a_file_without_owners_is_told_each_of_them(tmp_path: Path) -> None:
    path = tmp_path / "clinic.toml"
    path.write_text(TEXT[: TEXT.index("\n[owner]\n")], encoding="utf-8")
    assert len(check(path)) == len(Kind) - len(BY_HAND)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"organization = 3\nclinics = 4\nack = []",
        b"organization = " + b"[" * 5000,
        b"organization = " + b"9" * 5000,
    ],
    ids=["empty", "binary", "other things", "nested", "digits"],
)
def test_a_file_that_is_no_policy_is_told_so(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clinic.toml"
    path.write_bytes(content)
    assert check(path)
    with pytest.raises(ConfigError):
        load(path)


def test_a_file_without_clinics_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "clinic.toml"
    start, end = TEXT.index("[[clinics]]"), TEXT.index("[[staff]]")
    path.write_text(TEXT[:start] + TEXT[end:], encoding="utf-8")
    assert any("clinics: expected at least one [[clinics]]" in one for one in check(path))


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_steps_are_values() -> None:
    step = CadenceStep.model_validate({"day": 1, "do": ["call"], "half": "other"})
    assert step == CadenceStep(day=1, do=("call",), half="other")
    assert ChaseStep(day=7, do=("fax",)).model_dump(mode="json") == {"day": 7, "do": ["fax"]}
    assert issubclass(ConfigError, Exception)
    assert not issubclass(ConfigError, BadRequest)
