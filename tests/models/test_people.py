"""People and practices: what is read at the edge, and what is refused without repeating it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic.functional_validators import BeforeValidator

from models.errors import BadRequest
from models.people import (
    Certifier,
    Credential,
    Guardian,
    Patient,
    Practice,
    Provider,
    Source,
    SourceKind,
    as_validator,
    birth_date,
    clean_name,
    credential,
    email,
    icd10,
    may_certify,
    npi,
    npi_is_valid,
    phone,
    state,
)

TODAY = date(2026, 11, 6)


def refused(read: Callable[[str], object], code: str, text: str) -> None:
    """Refused with a stable code, and in the words used for any other nonsense."""
    with pytest.raises(BadRequest) as error:
        read(text)
    with pytest.raises(BadRequest) as other:
        read("?")
    assert error.value.code == code
    assert error.value.sentence == other.value.sentence
    assert error.value.field is None


# --- NPI ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["1234567893", "1558598797", "1000000004", "2000000002", "1999999984"]
)
def test_a_valid_npi(text: str) -> None:
    assert npi_is_valid(text)
    assert npi(f" {text[:4]} {text[4:]}\n") == text


@pytest.mark.parametrize(
    "text",
    [
        "1234567890",
        "1111111115",
        "",
        "123456789",
        "12345678930",
        "3234567893",
        "0234567893",
        "123456789X",
        "١٢٣٤٥٦٧٨٩٣",
        "1234567893; DROP",
    ],
)
def test_an_invalid_npi(text: str) -> None:
    assert not npi_is_valid(text)
    refused(npi, "bad_npi", text)


@given(st.integers(100_000_000, 299_999_999))
def test_exactly_one_check_digit_is_right(stem: int) -> None:
    assert sum(npi_is_valid(f"{stem}{digit}") for digit in range(10)) == 1


def test_the_check_digit_is_luhn_plus_24() -> None:
    """The two forms of the rule agree (domain.md §3 [F1][F2])."""

    def plus_24(digits: str) -> bool:
        doubled = [int(d) * (2 - n % 2) for n, d in enumerate(digits[:9])]
        return (24 + sum(n // 10 + n % 10 for n in doubled) + int(digits[9])) % 10 == 0

    numbers = random.Random(7)
    for _ in range(2000):
        digits = f"{numbers.randrange(1_000_000_000, 3_000_000_000)}"
        assert npi_is_valid(digits) is plus_24(digits)


# --- phones ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("(202) 555-0134", "+12025550134"),
        ("202.555.0134", "+12025550134"),
        ("1-202-555-0134", "+12025550134"),
        ("+1 202 555 0134", "+12025550134"),
        ("tel:+1-202-555-0134", "+12025550134"),
        ("  2025550134\n", "+12025550134"),
        ("+44 20 7946 0958", "+442079460958"),
    ],
)
def test_a_phone_number_is_kept_in_e164(text: str, number: str) -> None:
    assert phone(text) == number
    assert phone(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "555-0134",
        "202555013",
        "202 555 01345",
        "(102) 555-0134",
        "+1 555",
        "call me",
        "<script>2025550134</script>🙂🙂",
        "2025550134 ext. 12",
        "9" * 10_000,
        "\x00",
    ],
)
def test_a_number_that_cannot_be_is_refused_and_not_repeated(text: str) -> None:
    refused(phone, "bad_phone", text)


# --- e-mail, codes, states ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("desk@example.org", "desk@example.org"),
        (" First.Last+pt@Mail.EXAMPLE.org ", "First.Last+pt@mail.example.org"),
    ],
)
def test_an_email_address(text: str, address: str) -> None:
    assert email(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "desk",
        "desk@",
        "@example.org",
        "desk@example",
        "a b@example.org",
        "a@b@example.org",
        "desk@example.org\nBcc: x@example.org",
        "desk@exämple.org",
        "a@" + "b" * 300 + ".org",
        "x" * 65 + "@example.org",
        "desk@.org",
        "desk@example.org.",
    ],
)
def test_an_address_that_is_none(text: str) -> None:
    refused(email, "bad_email", text)


@pytest.mark.parametrize(
    "text", ["M54.50", "m54.50 ", "S83.511A", "M1A.0", "C7A.1", "M54", "T84.033D"]
)
def test_an_icd10_shape(text: str) -> None:
    assert icd10(text) == text.strip().upper()


@pytest.mark.parametrize(
    "text", ["", "M5", "54.50", "M54.", "M54.12345", "M5450", "MA4.5", "M54.5-", "M54.50 M54.51"]
)
def test_no_icd10_shape(text: str) -> None:
    refused(icd10, "bad_icd10", text)


def test_states() -> None:
    assert state(" ny") == "NY"
    for text in ("", "New York", "ZZ", "N", "🙂"):
        with pytest.raises(BadRequest) as error:
            state(text)
        assert error.value.code == "bad_state"


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Ana \t María\n Ejemplo ", "Ana María Ejemplo"),
        ("Jose\u0301", "José"),  # composed
        ('<b>Bobby</b> & "Sons"', '<b>Bobby</b> & "Sons"'),  # escaped by whoever prints it
        ("Rosa 🌹 Probe", "Rosa 🌹 Probe"),
        ("👩\u200d⚕️ Nurse", "👩\u200d⚕️ Nurse"),  # joined emoji stay joined
        ("نمونه بیمار", "نمونه بیمار"),
        ("\u202eelpmaxE\u202c \u2067x\u2069", "elpmaxE x"),  # nothing may turn the line around
        ("a\x00b\x07c\x1bd\x7f", "abcd"),
        ("A\u2028B", "A B"),
        ("\ud800Lone", "Lone"),
        ("{{ 7 * 7 }} %s ${x}", "{{ 7 * 7 }} %s ${x}"),
        ("x" * 300, "x" * 300),
        ("x" * 5000, "x" * 300),
        ("e\u200e\u0301", "é"),  # a mark that hid between letter and accent
    ],
)
def test_a_name_is_kept_but_cannot_break_a_page(text: str, name: str) -> None:
    assert clean_name(text) == name
    assert Patient(name=clean_name(text), born=TODAY).name == name


@pytest.mark.parametrize("text", ["", " \t\n", "\u202e\u200f", "\x00\x01"])
def test_a_name_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(BadRequest) as error:
        clean_name(text)
    assert error.value.code == "bad_name"


@given(st.text(min_size=1, max_size=400))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    try:
        once = clean_name(text)
    except BadRequest:
        return
    assert clean_name(once) == once
    assert 0 < len(once) <= 300
    once.encode("utf-8")


# --- dates of birth -------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["1900-01-01", "1960-02-29", TODAY, TODAY.isoformat()])
def test_a_possible_birth_date(value: str | date) -> None:
    assert birth_date(value, TODAY).isoformat() == str(value)


@pytest.mark.parametrize(
    "value",
    [
        "1899-12-31",
        "3000-01-01",
        TODAY + timedelta(days=1),
        "1961-02-29",
        "02/03/1960",
        "0001-01-01",
        "",
        "yesterday",
    ],
)
def test_an_impossible_birth_date(value: str | date) -> None:
    with pytest.raises(BadRequest) as error:
        birth_date(value, TODAY)
    assert error.value.code == "impossible_date"
    assert str(value) == "" or str(value) not in error.value.sentence


# --- who may certify ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "may"),
    [
        ("MD", Certifier.YES),
        ("M.D.", Certifier.YES),
        ("D.O., MPH", Certifier.YES),
        ("FNP-C", Certifier.YES),
        ("DNP, NP", Certifier.YES),
        ("CNS", Certifier.YES),
        ("pa-c", Certifier.YES),
        ("DPM", Certifier.SCOPE),
        ("OD", Certifier.SCOPE),
        ("DC", Certifier.NO),
        ("DDS", Certifier.NO),
        ("DMD", Certifier.NO),
        ("PT, DPT", Certifier.UNKNOWN),
        ("", Certifier.UNKNOWN),
        ("🙂", Certifier.UNKNOWN),
    ],
)
def test_who_may_certify(letters: str, may: Certifier) -> None:
    provider = Provider(id="prv_1", name="Robin Example", credential=credential(letters))
    assert may_certify(provider) is may


def test_every_credential_is_judged() -> None:
    for one in Credential:
        assert may_certify(Provider(id="p", name="n", credential=one)) in Certifier


# --- sources and patients -------------------------------------------------------------------------


def test_the_eight_kinds_of_source() -> None:
    assert {kind.value for kind in SourceKind} == {
        "provider", "practice", "past_patient", "case_manager", "employer", "attorney", "school",
        "self",
    }  # fmt: skip
    assert {kind for kind in SourceKind if kind.treating} == {
        SourceKind.PROVIDER,
        SourceKind.PRACTICE,
    }
    assert {kind for kind in SourceKind if not kind.thanked} == {SourceKind.SELF}


@pytest.mark.parametrize(
    ("born", "minor"),
    [
        (date(2008, 11, 6), False),
        (date(2008, 11, 7), True),
        (date(2008, 2, 29), False),
        (date(2026, 11, 6), True),
    ],
)
def test_under_18_until_the_birthday(born: date, minor: bool) -> None:
    assert Patient(name="Sam Example", born=born).is_minor(TODAY) is minor


def test_values_survive_the_wire() -> None:
    patient = Patient(
        name="Sam Example",
        born=date(2015, 1, 1),
        phone="+12025550134",
        email="sam@example.org",
        language="es",
        state="NY",
        guardian=Guardian(name="Max Example", relationship="parent", phone="+12025550135"),
    )
    assert Patient.model_validate_json(patient.model_dump_json()) == patient
    source = Source(id="src_1", kind=SourceKind.PRACTICE, name="Example Ortho", fax="+12025550136")
    assert Source.model_validate_json(source.model_dump_json()) == source
    practice = Practice(id="pra_1", name="Example Ortho", fax="+12025550136", fax_verified=True)
    assert Practice.model_validate_json(practice.model_dump_json()) == practice


def test_a_value_never_repeats_what_it_refuses() -> None:
    with pytest.raises(ValidationError) as error:
        Patient(name="Sam Example", born=TODAY, phone="202-555-0134")
    assert "555" not in str(error.value)


def test_a_reader_as_validator_keeps_the_code() -> None:
    from typing import Annotated

    class Form(BaseModel):
        fax: Annotated[str, BeforeValidator(as_validator(phone))]

    assert Form(fax="(202) 555-0134").fax == "+12025550134"
    with pytest.raises(ValidationError) as error:
        Form(fax="none")
    [told] = error.value.errors()
    assert told["type"] == "bad_phone"
    with pytest.raises(ValidationError):
        Form.model_validate({"fax": 3})
