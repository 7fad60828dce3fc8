"""Every template renders from its sample, fits its medium and keeps the wording rules."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, StrictUndefined, UndefinedError, meta

from activities.wording import _filled, render
from models.errors import ConfigError, NotFound
from models.kinds import BY_HAND, Kind
from models.links import LENGTH
from models.messages import MESSAGES, Audience, Context, Language, ToPatient
from models.texting import fits, never_in_text

TEMPLATES = Path(__file__).parents[2] / "templates" / "messages"
LONGEST = "Riverside Physio Downtown"[:24]


OWN_PAGE = (
    Kind.SCHEDULE_TEXT,
    Kind.REACH_FOLLOWUP,
    Kind.LAST_TEXT,
    Kind.MISSED,
    Kind.BOOKED,
    Kind.INTAKE,
    Kind.INTAKE_REMINDER,
    Kind.REMINDER,
    Kind.CHECK_IN,
)


def _cases() -> list[Any]:
    return [
        pytest.param(kind, channel, language, id=f"{kind}-{channel}-{language}")
        for kind, spec in MESSAGES.items()
        if spec.written
        for channel in spec.channels
        for language in spec.languages
        if channel != "fax"  # the page itself is the fax
    ]


def _texts() -> list[Any]:
    """What goes by itself; a person's own words have rules of their own."""
    return [case for case in _cases() if case.values[1] == "sms" and case.values[0] not in BY_HAND]


def _emails() -> list[Any]:
    return [case for case in _cases() if case.values[1] == "email"]


@pytest.mark.parametrize(("kind", "channel", "language"), _cases())
def test_a_template_renders_from_its_sample(kind: Kind, channel: Any, language: Language) -> None:
    words = render(kind, channel, language, MESSAGES[kind].sample)
    assert words.body.strip()
    assert "{" not in words.body
    assert (TEMPLATES / kind / f"{channel}.{language}.j2").is_file()


@pytest.mark.parametrize(("kind", "channel", "language"), _texts())
@pytest.mark.parametrize("clinic", ["Riverside PT East", LONGEST])
def test_a_text_fits_one_segment_and_keeps_the_rules(
    kind: Kind, channel: Any, language: Language, clinic: str
) -> None:
    sample = MESSAGES[kind].sample.model_copy(update={"clinic": clinic})
    body = render(kind, channel, language, sample).body
    assert len(body) <= 160
    assert fits(body)
    assert never_in_text(body) == []
    assert body.startswith(f"{clinic}: ")
    assert "\n" not in body
    assert "Jordan" not in body  # a text carries no name at all
    if kind not in {Kind.OPT_OUT_CONFIRMATION, Kind.CLOSED_HOURS}:
        assert "STOP" in body


def test_a_persons_words_go_out_as_they_stand_over_three_segments_at_most() -> None:
    sample = MESSAGES[Kind.DESK_TEXT].sample
    long = sample.model_copy(update={"words": "Bring <both> forms & {{ link }}. " + "x" * 420})
    body = render(Kind.DESK_TEXT, "sms", "en", long).body
    assert body.startswith("Bring <both> forms & {{ link }}. xxx")
    with pytest.raises(ConfigError, match="desk_text"):
        render(Kind.DESK_TEXT, "sms", "en", sample.model_copy(update={"words": "x" * 460}))


@pytest.mark.parametrize(("kind", "channel", "language"), _texts())
def test_a_text_survives_any_link_and_any_clinic_name(
    kind: Kind, channel: Any, language: Language
) -> None:
    update: dict[str, Any] = {"clinic": "Clínica Río “Sur” – Ñandú"[:24]}
    if issubclass(MESSAGES[kind].context, ToPatient):
        update["link"] = "https://example.org/" + "long/" * 60
    body = render(kind, channel, language, MESSAGES[kind].sample.model_copy(update=update)).body
    assert len(body) <= 160
    assert body.startswith("Clinica Rio")
    assert "long/" not in body


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_sample_texts_keep_their_link_and_their_number(language: Language) -> None:
    for kind in (Kind.SCHEDULE_TEXT, Kind.REACH_FOLLOWUP, Kind.MISSED, Kind.REBOOK):
        body = render(kind, "sms", language, MESSAGES[kind].sample).body
        assert "example.org/riverside-east/schedule" in body, kind
    body = render(Kind.SCHEDULE_TEXT, "sms", language, MESSAGES[Kind.SCHEDULE_TEXT].sample).body
    assert "518-555-0142" in body
    assert (
        "example.org/riverside-east/schedule"
        in render(Kind.INTAKE, "sms", language, MESSAGES[Kind.INTAKE].sample).body
    )


@pytest.mark.parametrize("kind", OWN_PAGE)
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_page_of_ours_fits_into_every_text_that_leads_there(
    kind: Kind, language: Language
) -> None:
    page = f"https://book.riverside.example/p/{'z' * LENGTH}"  # an address of 30 letters
    update: dict[str, Any] = {"clinic": LONGEST, "link": page, "page": page}
    if kind in {Kind.BOOKED, Kind.INTAKE, Kind.INTAKE_REMINDER, Kind.REMINDER}:
        update["when"] = datetime(2026, 9, 30, 10, 30)  # noqa: DTZ001 - the longest date there is
    body = render(kind, "sms", language, MESSAGES[kind].sample.model_copy(update=update)).body
    assert page.removeprefix("https://") in body
    assert fits(body)
    assert never_in_text(body) == []
    assert "STOP" in body


def test_answer_words_are_c_and_r() -> None:
    for kind in (Kind.BOOKED, Kind.INTAKE, Kind.REMINDER):
        for language in MESSAGES[kind].languages:
            words = render(kind, "sms", language, MESSAGES[kind].sample).body.split()
            assert "C" in words
            assert "R" in words


@pytest.mark.parametrize("kind", [Kind.REACH_FOLLOWUP, Kind.LAST_TEXT])
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_whoever_has_booked_may_ignore_it(kind: Kind, channel: Any) -> None:
    assert (
        "If you have booked, ignore this" in render(kind, channel, "en", MESSAGES[kind].sample).body
    )
    assert "Si ya tiene cita, ignore" in render(kind, channel, "es", MESSAGES[kind].sample).body


@pytest.mark.parametrize(("kind", "channel", "language"), _emails())
def test_an_email_says_nothing_about_a_patient(
    kind: Kind, channel: Any, language: Language
) -> None:
    spec = MESSAGES[kind]
    words = render(kind, channel, language, spec.sample)
    assert words.subject
    assert "\n" not in words.subject
    assert never_in_text(words.subject) == []
    assert "Jordan" not in words.subject
    assert "Sample" not in words.subject + words.body  # no family name, no office's patient
    assert "1961" not in words.body
    if spec.audience is Audience.PATIENT:
        assert never_in_text(words.body) == []
        assert "Jordan" in words.body


def test_the_letter_names_the_patient_and_says_why() -> None:
    sample = MESSAGES[Kind.UNABLE_TO_REACH].sample
    seen = set()
    for ending in ("asks", "closed", "no_shows"):
        words = render(
            Kind.UNABLE_TO_REACH, "letter", "en", sample.model_copy(update={"ending": ending})
        )
        assert "Jordan Sample, born Jan 4, 1961" in words.body
        seen.add(words.subject)
    assert len(seen) == 3


def test_the_note_to_a_quiet_source_has_an_address_and_a_way_out() -> None:
    body = render(Kind.RE_ENGAGEMENT, "crm", "en", MESSAGES[Kind.RE_ENGAGEMENT].sample).body
    assert "Lia Example, " in body  # whose relationship it is
    assert "12 Harbor Street, Albany, NY 12207" in body
    assert "rather not get notes" in body


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*/*.j2")), ids=lambda p: str(p.name))
def test_a_template_asks_for_nothing_its_context_lacks(path: Path) -> None:
    kind, language = Kind(path.parent.name), path.name.split(".")[1]
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    environment.filters |= {"moment": str, "moments": str}
    source = path.read_text(encoding="utf-8")
    for partial in TEMPLATES.glob(f"_*.{language}.j2"):
        if f'"{partial.name}"' in source:
            source += partial.read_text(encoding="utf-8")
    asked = meta.find_undeclared_variables(environment.parse(source))
    assert asked <= set(MESSAGES[kind].context.model_fields)


def test_a_missing_variable_is_refused_and_never_left_blank() -> None:

    lacking = Context(clinic="Riverside PT", phone="518-555-0142")
    with pytest.raises(TypeError):
        render(Kind.SCHEDULE_TEXT, "sms", "en", lacking)
    with pytest.raises(UndefinedError):
        _filled(Kind.SCHEDULE_TEXT, "sms", "en", lacking)


def test_an_unknown_template_says_so() -> None:
    with pytest.raises(NotFound) as told:
        render(Kind.NEED_INFORMATION, "email", "en", MESSAGES[Kind.NEED_INFORMATION].sample)
    assert told.value.code == "no_template"


def test_a_text_that_cannot_be_shortened_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.wording._filled", lambda *_: "x" * 161)
    with pytest.raises(ConfigError) as told:
        render(Kind.CHECK_IN, "sms", "en", MESSAGES[Kind.CHECK_IN].sample)
    assert told.value.code == "text_too_long"
