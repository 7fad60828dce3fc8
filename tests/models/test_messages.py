"""The list of messages, their ladders, and what a text may hold."""

from __future__ import annotations

import pytest

from models.kinds import BY_HAND, Kind
from models.messages import MESSAGES, Audience, Contact, Context, ToPatient, first_name, ladder
from models.texting import SEGMENT, fits, gsm7, never_in_text, places


def test_every_kind_has_its_spec() -> None:
    assert set(MESSAGES) == set(Kind)


def test_no_context_of_a_patient_has_room_for_clinical_words() -> None:
    allowed = {"clinic", "phone", "first_name", "link", "page", "when", "also"}
    for kind, spec in MESSAGES.items():
        if spec.audience is Audience.PATIENT and kind not in BY_HAND:
            assert set(spec.context.model_fields) <= allowed, kind


def test_what_carries_patient_facts_is_for_offices() -> None:
    for spec in MESSAGES.values():
        if spec.document is not None:
            assert spec.audience is Audience.OFFICE


@pytest.mark.parametrize(
    ("kind", "contact", "channels"),
    [
        (Kind.THANK_YOU, Contact(), ("fax", "email")),
        (Kind.THANK_YOU, Contact(prefers="email"), ("email", "fax")),
        (Kind.THANK_YOU_PAST_PATIENT, Contact(), ("email",)),
        (Kind.SCHEDULE_TEXT, Contact(may_text=True), ("sms",)),
        (Kind.SCHEDULE_TEXT, Contact(may_text=True, may_email=True), ("sms", "email")),
        (Kind.SCHEDULE_TEXT, Contact(may_email=True), ("email",)),
        (Kind.SCHEDULE_TEXT, Contact(), ()),
        (Kind.OPT_OUT_CONFIRMATION, Contact(may_text=True, may_email=True), ("sms",)),
        (Kind.RE_ENGAGEMENT, Contact(), ()),
        (Kind.PROGRESS_UPDATE, Contact(), ()),
    ],
)
def test_ladders(kind: Kind, contact: Contact, channels: tuple[str, ...]) -> None:
    assert ladder(kind, contact) == channels


def test_the_crm_is_never_a_rung() -> None:
    for kind in Kind:
        everything = Contact(may_text=True, may_email=True)
        assert "crm" not in ladder(kind, everything)


def test_a_clinics_name_in_a_text_is_short() -> None:
    assert Context.model_validate({"clinic": "x" * 24, "phone": "1"})
    with pytest.raises(ValueError, match="clinic"):
        ToPatient(clinic="x" * 25, phone="1")


@pytest.mark.parametrize(
    ("given", "first"),
    [("Jordan Lee", "Jordan"), ("", ""), ("x" * 300, "x" * 40), ("  Zoë\tAnn ", "Zoë")],
)
def test_first_names(given: str, first: str) -> None:
    assert first_name(given) == first


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("It’s “fine” – really…", 'It\'s "fine" - really...'),
        ("Clínica Río: ¿cómo está?", "Clinica Rio: ¿como esta?"),
        ("Ñandú é à ü stay", "Ñandu é à ü stay"),
        ("a\n b\u00a0c  d", "a b c d"),
        ("emoji 🧑🏽‍⚕️ and 李 go", "emoji and go"),
    ],
)
def test_folding_into_the_gsm_alphabet(text: str, folded: str) -> None:
    assert gsm7(text) == folded
    assert gsm7(folded) == folded


def test_places_count_escapes_twice() -> None:
    assert places("a€") == 3
    assert fits("x" * SEGMENT)
    assert not fits("x" * (SEGMENT - 1) + "€")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Reply YES", "an answer word carriers or patients read otherwise"),
        ("to cancel, call", "an answer word carriers or patients read otherwise"),
        ("M17.11 again", "diagnosis"),
        ("about your Knee", "body part"),
        ("su rodilla", "body part"),
        ("Dr. Ruiz sent you", "physician's name"),
        ("Medicare asks", "payer"),
        ("costs $20", "money"),
        ("you missed it", "blame"),
    ],
)
def test_what_no_text_may_say(text: str, what: str) -> None:
    assert what in never_in_text(text)


def test_ordinary_words_pass() -> None:
    assert never_in_text("no le enviamos textos; we send nothing at the weekend") == []
