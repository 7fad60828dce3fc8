"""The words of patients' pages in both languages, short and at the level of grade six."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

LANGUAGES: Final = {"en": "English", "es": "Español"}

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "hello": "Hello {name}",
        "hello_nobody": "Hello",
        "other_language": "Español",
        "call": "Call {phone}",
        "choose": "Choose a time for your first visit",
        "choose_again": "Choose another time",
        "choose_hint": "You ask for a time. We book it and tell you.",
        "times": "Times",
        "ask": "Ask for this time",
        "none": "There is no time to choose from right now.",
        "write": "Or tell us what suits you",
        "write_only": "Tell us what suits you",
        "write_label": "Days and times that suit you",
        "write_hint": "We read this when we are open. In an emergency call 911.",
        "send": "Send",
        "asked": "You asked for this time",
        "not_booked": "It is not booked yet.",
        "answer_by": "We tell you by {when}.",
        "answer_soon": "We tell you as soon as we can.",
        "turned_down": "That time could not be booked. Please choose another one.",
        "booked": "You are booked",
        "confirm": "I will be there",
        "confirmed": "You told us that you will be there. Thank you.",
        "calendar": "Add to your calendar",
        "forms": "Fill in your forms",
        "forms_hint": "It takes a few minutes and saves you time at the desk.",
        "forms_done": "Your forms are complete. Thank you.",
        "forms_none": "Please come 15 minutes early for the forms.",
        "move": "I need another time",
        "move_hint": "Your visit stays as it is until we have booked another one.",
        "question": "How was it with us?",
        "scale": "From 0 (poor) to 10 (great)",
        "only_team": "Only our team reads your answer.",
        "answer": "Send my answer",
        "thanks": "Thank you for your answer",
        "thanks_more": "If something was not right, we will call you. You can always call us.",
        "review": "Would you like to tell others?",
        "review_link": "Write a public review",
        "change": "Change my answer",
        "said_words": "We have your message. A person will read it.",
        "said_confirm": "Thank you. We look forward to seeing you.",
        "said_answer": "Thank you. We have your answer.",
        "missing_time": "Choose one of the times first.",
        "missing_words": "Write a few words first.",
        "missing_score": "Choose a number first.",
        "gone": "Somebody has just asked for that time, or it is not free any more.",
        "gone_more": "These times are still free.",
        "closed_title": "This link is no longer in use",
        "closed": "We are glad to help you by phone.",
        "unknown_title": "This link does not work",
        "unknown": "Please open the link in our message again, or call the number in it.",
        "busy_title": "Please wait a moment",
        "busy": "This was tried very often. Try again in 15 minutes, or call us.",
        "away_title": "This does not work right now",
        "away": "Please try again in a few minutes, or call the number in our message.",
        "back": "Back",
    },
    "es": {
        "hello": "Hola, {name}",
        "hello_nobody": "Hola",
        "other_language": "English",
        "call": "Llamar al {phone}",
        "choose": "Elija una hora para su primera visita",
        "choose_again": "Elija otra hora",
        "choose_hint": "Usted pide una hora. Nosotros la reservamos y le avisamos.",
        "times": "Horas",
        "ask": "Pedir esta hora",
        "none": "Ahora no hay horas para elegir.",
        "write": "O díganos qué le sirve",
        "write_only": "Díganos qué le sirve",
        "write_label": "Días y horas que le sirven",
        "write_hint": "Lo leemos cuando estamos abiertos. En una emergencia llame al 911.",
        "send": "Enviar",
        "asked": "Usted pidió esta hora",
        "not_booked": "Todavía no está reservada.",
        "answer_by": "Le avisamos antes de: {when}.",
        "answer_soon": "Le avisamos lo antes posible.",
        "turned_down": "No se pudo reservar esa hora. Por favor, elija otra.",
        "booked": "Su cita está reservada",
        "confirm": "Sí, voy a ir",
        "confirmed": "Nos dijo que va a venir. Gracias.",
        "calendar": "Guardar en su calendario",
        "forms": "Llenar sus formularios",
        "forms_hint": "Toma unos minutos y le ahorra tiempo al llegar.",
        "forms_done": "Sus formularios están completos. Gracias.",
        "forms_none": "Por favor, llegue 15 minutos antes para los formularios.",
        "move": "Necesito otra hora",
        "move_hint": "Su cita sigue igual hasta que reservemos otra.",
        "question": "¿Cómo le fue con nosotros?",
        "scale": "De 0 (mal) a 10 (muy bien)",
        "only_team": "Solo nuestro equipo lee su respuesta.",
        "answer": "Enviar mi respuesta",
        "thanks": "Gracias por su respuesta",
        "thanks_more": "Si algo no estuvo bien, le llamaremos. También puede llamarnos.",
        "review": "¿Quiere contarlo a otros?",
        "review_link": "Escribir una reseña pública",
        "change": "Cambiar mi respuesta",
        "said_words": "Tenemos su mensaje. Una persona lo leerá.",
        "said_confirm": "Gracias. Le esperamos.",
        "said_answer": "Gracias. Tenemos su respuesta.",
        "missing_time": "Primero elija una de las horas.",
        "missing_words": "Primero escriba unas palabras.",
        "missing_score": "Primero elija un número.",
        "gone": "Alguien acaba de pedir esa hora, o ya no está libre.",
        "gone_more": "Estas horas siguen libres.",
        "closed_title": "Este enlace ya no se usa",
        "closed": "Con gusto le ayudamos por teléfono.",
        "unknown_title": "Este enlace no funciona",
        "unknown": "Abra otra vez el enlace de nuestro mensaje, o llame al número que está allí.",
        "busy_title": "Espere un momento, por favor",
        "busy": "Se intentó muchas veces. Pruebe otra vez en 15 minutos, o llámenos.",
        "away_title": "Ahora no funciona",
        "away": "Pruebe otra vez en unos minutos, o llame al número de nuestro mensaje.",
        "back": "Volver",
    },
}

_DAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}
_MONTHS: Final = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "es": (
        *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
        *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    ),
}


def day(at: datetime, zone: str, language: str) -> str:
    """A local day: ``Monday, January 12``, ``lunes 12 de enero``."""
    there = at.astimezone(ZoneInfo(zone))
    weekday, month = _DAYS[language][there.weekday()], _MONTHS[language][there.month - 1]
    if language == "es":
        return f"{weekday} {there.day} de {month}"
    return f"{weekday}, {month} {there.day}"


def clock(at: datetime, zone: str) -> str:
    """A local time of day: ``9:30 AM``."""
    there = at.astimezone(ZoneInfo(zone))
    return f"{there.hour % 12 or 12}:{there.minute:02d} {'AM' if there.hour < 12 else 'PM'}"


def moment(at: datetime, zone: str, language: str) -> str:
    """Both: ``Monday, January 12, 9:30 AM``."""
    return f"{day(at, zone, language)}, {clock(at, zone)}"
