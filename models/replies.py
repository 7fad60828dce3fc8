"""What a patient's text means, in English and Spanish: a code, never advice (policy.md rule 17).

Carriers know a handful of exact words; people write "stop texting me plz", "no me escriban mas" and
"S T O P". A wish to be left alone counts in any reasonable words [K4][K7]. Where a text may mean
several things all of them are found, the gravest first; what is not surely understood is ``other``,
which a person reads.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from models.facts import Meaning
from models.messages import Language
from models.typos import close_to, typed

__all__ = ["Meaning", "meaning", "meanings", "score"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A phone's "Liked" quotes our own text, in which STOP is an instruction and not a wish.
_TAPBACK = re.compile(
    r"^\W*(liked|loved|disliked|laughed at|emphasized|questioned|reacted\b.{0,20}?\bto"
    r"|removed an? \w+ from|le gust[oó]|le encant[oó]|se ri[oó] de)\s*[“\"«].*",
    re.IGNORECASE | re.DOTALL,
)
_SIGNS = "🛑✋🚫"  # a hand or a sign that says stop, sent without a word
_SPACED = re.compile(r"\b(?:[a-z] ){2,}[a-z]\b")  # s t o p
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")  # stooop

_COURTESY = _words(
    "please pls plz thanks thank you thx ty ok okay yes yeah hi hello hey sorry sir mam maam "
    "kindly por favor gracias si hola buenos dias buenas tardes disculpe"
)
# What may stand around a stop word without changing it.
_AROUND_STOP = _COURTESY | _words(
    "i im we want would like need to can could will you your u just now immediately already "
    "me us my this these those the it all everything any from and or at text texts texting "
    "txt txts message messages messaging msg msgs sms sending contacting calling calls alerts "
    "service list number phone again ever right away quiero deseo ya mis los las estos estas "
    "el la mensajes mensaje textos texto de a"
)
_STOP = _words("stop stopall unsubscribe end quit optout revoke")
_STOP_ES = _words("alto basta parar detener baja")
_ONLY_ES = _words("pare paren para fin")  # English words, or Spanish ones for "for"
_STOP_PHRASES = (
    r"opt(?:ing|ed)? (?:me )?out",
    r"(?:stop|quit|end) (?:texting|messaging|sending|contacting|bothering|the (?:texts|messages))",
    r"(?:cancel|end|stop) (?:all |the |these |those |my |your )*"
    r"(?:texts?|messages?|msgs?|alerts|reminders|subscription)",
    r"(?:do not|dont) (?:ever )?(?:text|message|contact|bother) (?:me|us|this)",
    r"never (?:text|message|contact) (?:me|us) again",
    r"no more (?:texts?|texting|messages?|msgs?)",
    r"(?:remove|delete) (?:me|my number|this number)",
    r"take (?:me|my number|this number) off",
    r"unsubscribe",
    r"leave me alone",
    r"lose (?:my|this) number",
    r"no (?:me|nos) (?:escrib|mand|envi|contact|molest|text)\w*",
    r"no (?:quiero )?mas (?:mensajes|textos|sms)",
    r"no quiero (?:recibir )?(?:mas )?(?:mensajes|textos)",
    r"dej(?:e|en|a|ar) de (?:escrib|mand|envi|text|contact|molest)\w*",
    r"(?:darme|deme|denme|dar) de baja",
    r"(?:quit|borr|sac)\w+me de (?:la|su) lista",
    r"cancel\w* (?:los )?(?:mensajes|textos)",
)
_CANCEL = _words("cancel canceling cancelling cancelar cancela cancele cancelen cancelo")
_CANCELLED = _words("canceled cancelled cancelado cancelada")  # alone; else a question
_NOT = _words("dont not no never didnt wont nunca sin")
_RESCHEDULE = _words("reschedule rescheduling resched reprogramar reagendar postpone")
_RESCHEDULE_PHRASES = (
    r"re schedul\w*",
    r"(?:move|change) (?:my |the |our |an )?(?:appointment|appt|visit|time|day|date)",
    r"(?:another|different|other|new|later|earlier) (?:time|day|date|appointment|appt)",
    r"(?:cant|cannot|can not|wont|will not|unable to|not able to|not going to)"
    r" (?:be able to |to )?(?:make it|make that|make my|come|attend|be there)",
    r"otr[oa] (?:hora|fecha|cita|dia|horario)",
    r"cambiar (?:la |mi |de )*(?:cita|hora|fecha|dia)",
    r"no (?:puedo|podre|voy a poder) (?:ir|asistir|llegar|venir)",
)
_AROUND_ANSWER = _COURTESY | _words(
    "i we ill be there see then my the appointment appt visit great perfect yo la mi cita "
    "perfecto bien"
)
_CONFIRM = _words("c confirm confirmed confirming confirmo confirmado confirmada")
_HELP = _words("help info ayuda informacion")
_AROUND_HELP = _COURTESY | {"me"}
_START = _words("start unstop subscribe resume optin alta reanudar")
_AROUND_START = _COURTESY | _words("texts texting messages again me mensajes textos")
_WRONG = (
    r"wrong (?:number|num|no\b|nbr|person|phone|guy|lady|patient|#)",
    r"not the right (?:number|person)",
    r"(?:nobody|no one|noone|no body) (?:here )?(?:by|with|named|called)",
    r"no such person",
    r"you have the wrong",
    r"not (?:my|his|her|their) (?:number|phone) any ?more",
    r"numero (?:equivocado|incorrecto)",
    r"persona equivocada",
    r"(?:esta|estan) equivocad[oa]s?",
    r"equivocad[oa] de (?:numero|persona)",
)
_NUMBERS = {
    word: number
    for words in (
        "zero one two three four five six seven eight nine ten",
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez",
    )
    for number, word in enumerate(words.split())
}
_OUT_OF_TEN = frozenset({"", "10", "of 10", "out of 10", "out of ten", "de 10", "de diez"})
_FLAGS = _words(
    "calf calfs calves fallen falling wound wounds wounded numb numbness fever fevers "
    "feverish pantorrilla pantorrillas herida heridas fiebre calentura"
)
_FLAG_TYPOS = ("wound", "fever", "numbness", "pantorrilla", "herida", "fiebre")
_FLAG_PHRASES = (
    r"chest\b.*\b(?:pains?|hurt\w*|tight\w*|pressure|ach\w*)",
    r"(?:pains?|tightness|pressure)\b.*\bchest",
    r"fell(?! (?:asleep|behind|through|in love))",
    r"(?:a|bad|had|took|another) fall\b",
    r"(?:blood clot|short(?:ness)? of breath|(?:cant|cannot) breathe?)",
    r"(?:dolor|duele|presion|opresion)\b.*\bpecho",
    r"pecho\b.*\b(?:dolor|duele)",
    r"(?:me|se) (?:he |ha )?ca(?:i|yo|ido|igo)\b",
    r"(?:una|otra) caida",
    r"(?:entumecid|adormecid)[oa]s?",
    r"(?:no puedo respirar|falta de aire)",
)


def meaning(text: str, language: Language = "en") -> Meaning:
    """The gravest thing a text asks of us; pure, never raises."""
    return meanings(text, language)[0]


def meanings(text: str, language: Language = "en") -> tuple[Meaning, ...]:
    """Everything a text asks of us, the gravest first; ``other`` alone where nothing is sure.

    Both languages are read whatever *language* is, because people mix them; it decides only where
    one word means two things.
    """
    sentences = _sentences(text)
    words = [word for sentence in sentences for word in sentence]
    stop = _stops(text, sentences, words, language)
    found = {
        Meaning.RED_FLAG: _flags(sentences, words),
        Meaning.STOP: stop,
        Meaning.WRONG_NUMBER: _says(_WRONG, sentences),
        Meaning.CANCEL: not stop and _cancels(sentences, words),
        Meaning.RESCHEDULE: _reschedules(sentences, words),
        Meaning.HELP: _only(words, _HELP, _AROUND_HELP),
        Meaning.START: _only(words, _START, _AROUND_START),
        Meaning.CONFIRM: _only(words, _CONFIRM, _AROUND_ANSWER),
    }
    return tuple(one for one in Meaning if found.get(one)) or (Meaning.OTHER,)


def score(text: str) -> tuple[int, bool] | None:
    """The number from 0 to 10 that a text begins with, and whether it says nothing else.

    It is an answer only where one was asked for: elsewhere ``10`` may be a day or an hour.
    """
    words = [word for sentence in _sentences(text) for word in sentence]
    told = [word for word in words if word not in _COURTESY]
    if not told:
        return None
    number = int(told[0]) if told[0].isdigit() and len(told[0]) < 3 else _NUMBERS.get(told[0])
    if number is None or number > 10:
        return None
    rest = " ".join(told[1:])
    return number, rest in _OUT_OF_TEN


def _sentences(text: str) -> list[list[str]]:
    """The words of each sentence: lower case, without accents, marks, emoji or our own words."""
    spoken = _TAPBACK.sub("", text)
    bare = "".join(
        char for char in unicodedata.normalize("NFKD", spoken) if not unicodedata.combining(char)
    )
    bare = re.sub(r"['’`´]", "", bare.casefold())
    bare = re.sub(r"\b([a-z])\.(?=[a-z]\b)", r"\1 ", bare)  # s.t.o.p is one word, not four ends
    parts = re.split(r"[.!?;\n¡¿]+", bare)
    found = []
    for part in parts:
        plain = " ".join(re.sub(r"[^a-z0-9#]+", " ", part).split())
        plain = _SPACED.sub(lambda spaced: spaced[0].replace(" ", ""), plain)
        plain = _DRAWN_OUT.sub(r"\1", plain).replace("opt in", "optin")
        if plain:
            found.append(plain.split())
    return found


def _stops(text: str, sentences: list[list[str]], words: list[str], language: Language) -> bool:
    if not words:
        return any(sign in text for sign in _SIGNS)
    known = _STOP | _STOP_ES | (_ONLY_ES if language == "es" else frozenset())
    alone = any(_only(sentence, known, _AROUND_STOP) for sentence in sentences)
    mistyped = len(words) == 1 and close_to(words[0], "stop")
    return alone or mistyped or _says(_STOP_PHRASES, sentences)


def _cancels(sentences: list[list[str]], words: list[str]) -> bool:
    if _only(words, _CANCELLED, _AROUND_ANSWER):
        return True
    for sentence in sentences:
        for place, word in enumerate(sentence):
            meant = word in _CANCEL or typed(word, "cancel") or typed(word, "cancelar")
            if meant and not _NOT & set(sentence[max(0, place - 2) : place]):
                return True
    return False


def _reschedules(sentences: list[list[str]], words: list[str]) -> bool:
    named = any(
        word in _RESCHEDULE or typed(word, "reschedule") or typed(word, "reprogramar")
        for word in words
    )
    return named or _only(words, {"r"}, _AROUND_ANSWER) or _says(_RESCHEDULE_PHRASES, sentences)


def _flags(sentences: list[list[str]], words: list[str]) -> bool:
    named = any(
        word in _FLAGS or any(typed(word, known) for known in _FLAG_TYPOS) for word in words
    )
    return named or _says(_FLAG_PHRASES, sentences)


def _only(words: list[str], wanted: Iterable[str], around: frozenset[str] | set[str]) -> bool:
    """Whether the words are a wanted one and nothing that could mean something else."""
    known = set(wanted)
    return any(word in known for word in words) and all(w in known or w in around for w in words)


def _says(phrases: Iterable[str], sentences: list[list[str]]) -> bool:
    lines = [" ".join(sentence) for sentence in sentences]
    return any(re.search(rf"\b(?:{phrase})", line) for phrase in phrases for line in lines)
