from datetime import UTC, date, datetime

import pytest

from models.errors import BadRequest
from reports.kit import fonts
from reports.kit.bidi import visual
from reports.kit.text import BOX, day, drawn, fitted, markup, moment, printable, shortened, tidy


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Zoe\u0308", "Zoë"),
        ("Eve\x00\u202eevil\u200b", "Eveevil"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("  two   spaces\t", "two spaces"),
        ("x\u0337\u0327\u0322\u031b", "x\u0337\u0327"),
    ],
)
def test_tidy(given: str, expected: str) -> None:
    assert tidy(given) == expected


def test_what_the_font_cannot_draw_is_a_visible_box() -> None:
    assert printable("李 Zoë 🦵") == f"{BOX} Zoë {BOX}"
    assert printable("Nguyễn Łukasz Ωмега ≥ → ☐") == "Nguyễn Łukasz Ωмега ≥ → ☐"


def test_text_is_never_markup() -> None:
    assert markup("<b>x</b> & <para>\ny") == "&lt;b&gt;x&lt;/b&gt; &amp; &lt;para&gt;<br/>y"


def test_right_to_left_runs_are_turned_and_the_rest_is_not() -> None:
    assert visual("Mr. דוד 12 end") == "Mr. דוד"[:4] + "דוד"[::-1] + " 12 end"
    assert visual("אב (ג) 345 ד") == "ד 345 (ג) בא"
    assert visual("Jordan Sample") == "Jordan Sample"


def test_arabic_letters_are_joined() -> None:
    # beh initial, alef final; lam-alef is one letter
    assert visual("با") == "\ufe8e\ufe91"
    assert visual("لا") == "\ufefb"


@pytest.mark.parametrize("text", ["W" * 300, "محمد " * 60, "a " * 150, "李" * 300, ""])
def test_fitted_never_exceeds_its_room(text: str) -> None:
    line = fitted(text, fonts.BOLD, 9, 200)
    assert fonts.width(line, fonts.BOLD, 9) <= 200
    if fonts.width(drawn(text), fonts.BOLD, 9) > 200:
        assert line.endswith("…")


def test_a_cut_is_visible() -> None:
    assert shortened("one two three four", 10, " (more)") == "one two… (more)"
    assert shortened("one two", 12, " (more)") == "one two"
    assert shortened("x" * 50, 10) == "x" * 10 + "…"
    assert shortened("x" * 50, None) == "x" * 50


def test_dates_and_moments() -> None:
    assert day(date(2026, 3, 12)) == "Mar 12, 2026"
    at = datetime(2026, 7, 1, 17, 5, tzinfo=UTC)
    assert moment(at, "America/Chicago") == "Jul 1, 2026 at 12:05 PM CDT"
    assert moment(at, "UTC") == "Jul 1, 2026 at 5:05 PM UTC"


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc", ""])
def test_unknown_zone_is_a_clear_error(zone: str) -> None:
    with pytest.raises(BadRequest) as error:
        moment(datetime(2026, 7, 1, tzinfo=UTC), zone)
    assert error.value.code == "unknown_time_zone"
