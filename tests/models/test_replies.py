"""What patients write, and what we make of it (policy.md rule 17): one table in two languages."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.replies import Meaning, meaning, meanings, score
from models.typos import close_to, typed

SAID: dict[Meaning, tuple[str, ...]] = {
    Meaning.STOP: (
        "STOP", "stop", "Stop.", "STOP!!!", "stop please", "Please stop", "pls stop texting me",
        "STOP ALL", "stopall", "S T O P", "s.t.o.p", "stooooop", "stopp", "sotp", "stip", "🛑",
        "Unsubscribe", "unsubscribe me from these messages", "QUIT", "End", "end texts", "revoke",
        "opt out", "Opt-out", "OPTOUT", "please opt me out", "I would like to opt out of texts",
        "don’t text me", "Do not contact me again", "no more texts!", "remove me", "REMOVE ME",
        "take me off your list", "take my number off", "leave me alone", "lose my number",
        "cancel texts", "cancel all these messages", "Stop. I already have an appointment",
        "I want you to stop", "stop sending me this", "never text me again", "stop it",
        "Alto", "ALTO por favor", "basta", "baja", "No me escriban más", "no más mensajes",
        "no quiero recibir mensajes", "dejen de mandarme textos", "quiero darme de baja",
        "cancelar los mensajes", "bórrenme de su lista", "no me manden mensajes",
    ),
    Meaning.CANCEL: (
        "cancel", "CANCEL", "Cancel my appointment", "I need to cancel tomorrow", "cancle",
        "please cansel", "canceling, sorry", "Canceled", "can you cancel for me? thx",
        "Cancelar", "quiero cancelar mi cita", "cancele por favor", "necesito canselar",
    ),
    Meaning.RESCHEDULE: (
        "R", "r", "R.", "R please", "reschedule", "Re-schedule please", "can I reschedule?",
        "reshedule", "I can't make it", "cannot come on Monday", "won't be able to make it",
        "another time please", "can we do a different day", "need to move my appointment",
        "change my appt to Friday", "reprogramar", "otra hora por favor", "otro día",
        "no puedo ir el lunes", "quiero cambiar la cita",
    ),
    Meaning.CONFIRM: (
        "C", "c", "C.", "c 👍", "C thanks", "ok c", "Confirm", "confirmed, thank you",
        "I confirm my appointment", "confirmo", "Confirmo la cita, gracias",
    ),
    Meaning.HELP: ("HELP", "help", "Help me please", "INFO", "ayuda", "Ayuda por favor"),
    Meaning.START: ("START", "start", "Start please", "UNSTOP", "opt in", "start texts again",
                    "alta", "resume texting"),
    Meaning.WRONG_NUMBER: (
        "wrong number", "Wrong #", "You have the wrong number", "wrong person sorry",
        "There is no one by that name here", "nobody named that", "not my number anymore",
        "número equivocado", "Está equivocado de número", "persona equivocada",
    ),
    Meaning.RED_FLAG: (
        "my calf is swollen", "Calf hurts", "I have chest pain", "pain in my chest",
        "my chest feels tight", "I fell yesterday", "had a fall last night", "I keep falling",
        "the wound is open", "my wuond looks red", "leg is numb", "numbness in my foot",
        "I have a fever", "fevr since monday", "can't breathe", "is this a blood clot?",
        "me duele el pecho", "dolor en el pecho", "me caí ayer", "se cayó en el baño",
        "tengo fiebre", "la herida está roja", "pierna entumecida", "me duele la pantorrilla",
    ),
    Meaning.OTHER: (
        "", "   ", "?", "👍", "yes", "no", "YES", "Tuesday or Thursday after 3 works",
        "When can I start?", "I'll stop by tomorrow", "can I stop in at 3?", "where do I park?",
        "the pain won't stop", "please don't cancel my appointment", "no cancele mi cita",
        "was my appointment cancelled?", "I feel fine", "I would like Monday", "I fell asleep",
        "can you take me at 3pm?", "why did you not text me", "R u open today?", "I need help "
        "with the forms", "number 4 Harbor Street", "I never got the message", "found the forms",
        "my mother had cancer", "can you confirm my appointment?", "end of the day works",
        "Liked “Riverside PT East: Pick a time. STOP to opt out”",
        "Reacted 👍 to “Riverside PT: ... Reply STOP to opt out”", "gracias", "sí",
        "para cuando es la cita", "step", "see you in the fall", "it ended well",
    ),
}  # fmt: skip
ROWS = [(text, expected) for expected, texts in SAID.items() for text in texts]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_what_a_text_means(text: str, expected: Meaning) -> None:
    assert meaning(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("STOP. I fell and my calf hurts", (Meaning.RED_FLAG, Meaning.STOP)),
        ("Stop texting, wrong number", (Meaning.STOP, Meaning.WRONG_NUMBER)),
        ("I have to cancel and reschedule", (Meaning.CANCEL, Meaning.RESCHEDULE)),
        ("cancel, I have a fever", (Meaning.RED_FLAG, Meaning.CANCEL)),
        ("cancel the texts", (Meaning.STOP,)),
        ("C. What should I wear?", (Meaning.OTHER,)),
    ],
)
def test_the_gravest_comes_first_and_nothing_is_lost(
    text: str, expected: tuple[Meaning, ...]
) -> None:
    assert meanings(text) == expected


@pytest.mark.parametrize("text", ["pare", "Paren", "fin"])
@pytest.mark.parametrize(("language", "expected"), [("es", Meaning.STOP), ("en", Meaning.OTHER)])
def test_a_word_of_two_languages_means_what_it_means_in_the_patients(
    text: str, language: Literal["en", "es"], expected: Meaning
) -> None:
    assert meaning(text, language) is expected


@settings(max_examples=300, deadline=None)
@given(
    words=st.lists(
        st.sampled_from(["please", "PLS", "now", "texting me", "all", "!!", "🙏", "the"])
    ),
    place=st.integers(0, 8),
    stop=st.sampled_from(["STOP", "Stop", "unsubscribe", "opt out"]),
)
def test_stop_is_heard_wherever_it_stands_among_such_words(
    words: list[str], place: int, stop: str
) -> None:
    words.insert(min(place, len(words)), stop)
    assert Meaning.STOP in meanings(" ".join(words))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=2000))
def test_any_text_means_something(text: str) -> None:
    found = meanings(text)
    assert found
    assert list(found) == sorted(found, key=list(Meaning).index)
    assert Meaning.OTHER not in found or found == (Meaning.OTHER,)


def test_a_slip_of_the_thumb_is_no_other_word() -> None:
    for slip in ("fevr", "feevr", "fevver"):
        assert typed(slip, "fever")
    for other in ("never", "fewer", "ever", "would", "round", "found"):
        assert not typed(other, "fever")
        assert not typed(other, "wound")
    assert close_to("stip", "stop")
    assert not close_to("step", "stop")
    assert not close_to("atop", "stop")


SCORES: list[tuple[str, tuple[int, bool] | None]] = [
    ("9", (9, True)),
    (" 10! ", (10, True)),
    ("0", (0, True)),
    ("8/10", (8, True)),
    ("7 out of 10", (7, True)),
    ("nine", (9, True)),
    ("Diez", (10, True)),
    ("8 de 10 gracias", (8, True)),
    ("10, everyone was great", (10, False)),
    ("3 my calf still hurts", (3, False)),
    ("11", None),
    ("100", None),
    ("-", None),
    ("great", None),
    ("I'd come at 9", None),
    ("", None),
    ("👍", None),
]


@pytest.mark.parametrize(("text", "expected"), SCORES)
def test_a_number_that_a_text_begins_with(text: str, expected: tuple[int, bool] | None) -> None:
    assert score(text) == expected


@given(st.text(max_size=200))
def test_any_text_has_a_score_from_0_to_10_or_none(text: str) -> None:
    found = score(text)
    assert found is None or 0 <= found[0] <= 10
