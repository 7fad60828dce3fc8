"""The sixty faxes as tesseract read them: what they are, what they say, what nobody believes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.fax import KINDS, FaxKind, Media, Trouble, ladder, media_of
from models.fax_fields import FIELDS, PATIENT, Sure, read
from models.fax_kinds import codes_of
from models.fax_lead import payer, request, urgency, values
from models.fax_pages import PageText, Reading
from models.fax_parts import divide
from models.policy_file import calendar_for, load
from models.roles import Role
from tests.faxes.cases import CASES, Case, case
from tests.faxes.score import OURS, Verdict, kept, part_of, verdicts

EXAMPLE = Path(__file__).parents[2] / "clinics" / "example.toml"
IDENTITY = {*PATIENT, "source.npi"}
EVERY: list[Verdict] = [one for fax in CASES for one in verdicts(fax, part_of(kept(fax)))]


def page(text: str, number: int = 1, **more: object) -> PageText:
    return PageText(number=number, text=text, source="text", quality=100, **more)


# --- the sixty ------------------------------------------------------------------------------------


def test_there_are_sixty_and_each_has_a_name_of_its_own() -> None:
    assert len(CASES) == len({fax.name for fax in CASES}) == 60


@pytest.mark.parametrize("fax", CASES, ids=lambda fax: fax.name)
def test_each_is_what_it_is(fax: Case) -> None:
    assert part_of(kept(fax)).kind is fax.kind


def test_no_wrong_patient_and_no_wrong_npi_is_ever_clear() -> None:
    assert [one for one in EVERY if one.outcome == "wrong" and one.field in IDENTITY] == []


def test_an_npi_that_was_read_is_the_one_on_the_page() -> None:
    read_ones = [one for one in EVERY if one.field == "source.npi" and one.read]
    assert [one for one in read_ones if not one.same] == []
    assert len(read_ones) >= 44


def test_most_of_it_is_right_and_hardly_anything_is_wrong() -> None:
    right = sum(one.same for one in EVERY)
    clear = sum(one.outcome == "right" for one in EVERY)
    assert right / len(EVERY) >= 0.93
    assert clear / len(EVERY) >= 0.60
    assert sum(one.outcome == "wrong" for one in EVERY) == 0


def test_every_referral_that_says_enough_can_be_confirmed_at_once() -> None:
    """One of the 47 is too poor for it: its patient's name was not made out."""
    alone = [fax for fax in CASES if fax.kind is FaxKind.NEW_REFERRAL and fax.second is None]
    ready = [fax for fax in alone if part_of(kept(fax)).trouble is None]
    assert len(ready) >= len(alone) - 2


def test_two_patients_are_seen_and_never_taken_apart_by_a_machine() -> None:
    for fax in CASES:
        if fax.second is not None:
            [part] = divide(kept(fax), OURS, {})
            assert (part.splits, part.trouble) == ((2,), Trouble.TWO_PATIENTS)


@pytest.mark.parametrize(
    ("name", "trouble"),
    [("scrawl-tiff-clean", Trouble.UNREADABLE), ("empty-pdf-noisy", Trouble.BLANK)],
)
def test_what_no_machine_reads_says_why(name: str, trouble: Trouble) -> None:
    part = part_of(kept(case(name)))
    assert (part.kind, part.trouble, part.fields) == (FaxKind.UNCLEAR, trouble, ())


# --- single rules ---------------------------------------------------------------------------------


def test_an_npi_without_its_check_digit_is_nobodys() -> None:
    text = "Referring Provider: Ana Ruiz, MD\nNPI: {}"
    assert values(read([page(text.format("1234567893"))], OURS))["source.npi"] == "1234567893"
    assert "source.npi" not in values(read([page(text.format("1234567890"))], OURS))


def test_two_npis_are_for_a_person() -> None:
    fields = read([page("NPI: 1234567893\nSupervising NPI: 1000000004\nNPI 1000000004")], OURS)
    [npi] = [one for one in fields if one.name == "source.npi"]
    assert npi.sure is Sure.CHECK


def test_our_own_numbers_are_nobody_elses() -> None:
    text = "To: Riverside Physical Therapy\nFax: (518) 555-0143\nPatient Phone: (518) 555-0143"
    assert values(read([page(text)], OURS)) == {}


def test_a_word_hardly_made_out_is_never_clear() -> None:
    text = "Patient Name: Ann Example\nDate of Birth: 01/02/1970"
    sharp = PageText(number=1, text=text, source="ocr", quality=97)
    doubtful = sharp.model_copy(update={"doubtful": ("example",)})
    poor = sharp.model_copy(update={"quality": 88})
    assert [one.sure for one in read([sharp], OURS)] == [Sure.CLEAR] * 3
    assert Sure.CLEAR not in {one.sure for one in read([doubtful], OURS)[:2]}
    assert {one.sure for one in read([poor], OURS)} == {Sure.CHECK}


@pytest.mark.parametrize(
    ("said", "born"),
    [
        ("DOB: 3/4/51", "1951-03-04"),
        ("DOB 03-04-1951", "1951-03-04"),
        ("Date of birth: March 4, 1951", "1951-03-04"),
        ("DOB: 02/30/1951", None),
        ("DOB: 01/01/2031", None),
        ("DOB: 12/31/1899", None),
    ],
)
def test_birth_dates_as_offices_write_them(said: str, born: str | None) -> None:
    assert values(read([page(f"Patient: Ann Example\n{said}")], OURS)).get("patient.born") == born


def test_a_referral_needs_name_birth_date_and_sender() -> None:
    said = values(part_of(kept(case("form-text-clean"))).fields)
    told = request(said, text="", fax="+15185550161", pages=2, clinic_id="east")
    assert told is not None
    assert told["source"]["verified"] is False
    assert told["machine_read"] == {"fax": "+15185550161", "pages": 2}
    for name in ("patient.born", "source.name", "patient.family_name"):
        without = {key: value for key, value in said.items() if key != name}
        assert request(without, text="", fax=None, pages=1, clinic_id=None) is None


def test_the_insurer_and_the_haste_are_classes() -> None:
    assert payer("Humana Medicare Advantage") == "medicare_advantage"
    assert payer("MEDICARE PART B") == "medicare_part_b"
    assert payer("Workers Compensation") == "workers_comp"
    assert payer("Aetna") == "commercial"
    assert urgency("Status post right total hip") == "post_op"
    assert urgency("STAT") == "urgent"
    assert urgency("Priority: Routine") == "routine"


def test_each_code_of_ours_is_a_part_and_a_strangers_is_none() -> None:
    pages = (
        page("cover"),
        page("Return code RL-7K3M-9QXD", 2, codes=("RL-7K3M-9QXD",)),
        page("another", 3),
        page("x", 4, codes=("RL-4H8T-2WPC",)),
        page("the end", 5),
    )
    reading = Reading(pages=pages, count=5)
    assert codes_of(pages) == {"RL-7K3M-9QXD": 2, "RL-4H8T-2WPC": 4}
    known = {"RL-7K3M-9QXD": "ref_1", "RL-4H8T-2WPC": "ref_2"}
    parts = divide(reading, OURS, known)
    assert [(one.first_page, one.last_page, one.code) for one in parts] == [
        (1, 2, "RL-7K3M-9QXD"),
        (3, 5, "RL-4H8T-2WPC"),
    ]
    [part] = divide(reading, OURS, {})
    assert (part.kind, part.trouble) == (FaxKind.RETURNED_PLAN, Trouble.NO_REFERRAL)


def test_every_kind_has_a_role_and_limits_in_order() -> None:
    policy = load(EXAMPLE)
    calendar = calendar_for(policy.organization, "east", range(2025, 2028))
    friday = datetime(2026, 3, 6, 21, 50, tzinfo=UTC)  # 16:50 in Albany
    for kind in FaxKind:
        limits = ladder(kind, friday, policy.policy, calendar)
        assert friday < limits.due <= limits.lead <= limits.director, kind
        assert limits.raised(limits.due - timedelta(seconds=1)) is None
        assert limits.raised(limits.director) is Role.DIRECTOR
        assert limits.next(limits.director) is None
        assert KINDS[kind].says
    assert set(FIELDS) >= {one.field for one in EVERY}


def test_a_file_is_what_its_first_bytes_say() -> None:
    assert media_of(b"\n\n%PDF-1.7") is Media.PDF
    assert media_of(b"MZ\x90") is Media.UNKNOWN
    assert media_of(b"") is Media.UNKNOWN
