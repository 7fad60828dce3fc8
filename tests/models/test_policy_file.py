"""Wrong policy files: each problem told with its line and the way out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from models.errors import ConfigError
from models.kinds import BY_HAND, Kind
from models.policy_file import check, load

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "clinics" / "example.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")


def line(of: str, text: str = TEXT) -> int:
    """The number of the first line that starts with *of*."""
    for number, written in enumerate(text.splitlines(), 1):
        if written.startswith(of):
            return number
    raise AssertionError(of)


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
