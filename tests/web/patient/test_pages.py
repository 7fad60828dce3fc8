"""The patient's page over HTTP: what it shows, what it takes, and what it tells a stranger."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest

from activities.patient_page import PatientPages
from models.errors import StoreUnavailable
from models.facts import (
    BookingRequested,
    CheckInAnswered,
    IntakeOpened,
    Meaning,
    PatientReplied,
    ReferralWithdrawn,
    TaskCompleted,
)
from models.links import LENGTH, LinkKeys, Pages, Purpose
from store.slots import SlotState
from tests.doors import ORG, START
from tests.web.patient.conftest import DAY, FORMS, HOUR, SOON, Phone

CLINIC_PHONE = "518-555-0142"


def shows(answer: httpx.Response, *words: str) -> None:
    for word in words:
        assert word in answer.text, word


async def ask(phone: Phone, link: str, slot: str, lang: str = "en") -> httpx.Response:
    return await phone.http.post(f"{link}/time", data={"slot": slot, "lang": lang})


# --- choosing a time ------------------------------------------------------------------------------


async def test_a_page_holds_a_first_name_and_times_and_nothing_else(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.offer(SOON, SOON + HOUR, SOON + DAY)
    answer = await phone.http.get(phone.link(ref))
    assert answer.status_code == 200
    shows(answer, "Hello Jordan", "Wednesday, January 7", "10:00 AM", "11:00 AM", CLINIC_PHONE)
    for private in ("Sample", "1961", "555-0117", "Ruiz", "Lakeside", "knee", ref):
        assert private not in answer.text, private
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "noindex" in answer.headers["x-robots-tag"]


async def test_what_is_asked_for_is_a_request_and_no_booking(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.offer(SOON, SOON + HOUR)
    link, (slot, _) = phone.link(ref), phone.slots()
    answer = await ask(phone, link, slot.id)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{link}?lang=en")
    referral = phone.knows(ref)
    (asked,) = referral.all(BookingRequested)
    assert (asked.starts_at, asked.slot_id) == (SOON, slot.id)
    assert referral.appointment() is None
    page = await phone.http.get(link)
    shows(page, "You asked for this time", "It is not booked yet", "We tell you by Monday")
    assert "You are booked" not in page.text
    assert phone.slots()[0].state == SlotState.HELD
    told = phone.door.engine.told(ref)
    assert "booking_requested" in told


async def test_the_emr_s_word_makes_it_a_booking(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.offer(SOON)
    link = phone.link(ref)
    await ask(phone, link, phone.slots()[0].id)
    phone.door.now += HOUR
    phone.book(ref)
    shows(await phone.http.get(link), "You are booked", "Wednesday, January 7,", "10:00 AM")
    assert phone.slots()[0].state == SlotState.TAKEN


async def test_asking_twice_is_asking_once(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.offer(SOON, SOON + HOUR)
    link, slot = phone.link(ref), phone.slots()[0].id
    answers = await asyncio.gather(*(ask(phone, link, slot) for _ in range(4)))
    assert {one.status_code for one in answers} == {303}
    assert len(phone.knows(ref).all(BookingRequested)) == 1
    assert [one.state for one in phone.slots()] == [SlotState.HELD, SlotState.OPEN]


async def test_of_two_people_at_once_one_gets_it_and_the_other_sees_what_is_left(
    phone: Phone,
) -> None:
    refs = [
        await phone.door.refer(external=name, patient={"given_name": name, "phone": number})
        for name, number in (("Ann", "518-555-0118"), ("Bo", "518-555-0119"))
    ]
    phone.offer(SOON, SOON + HOUR)
    slot = phone.slots()[0].id
    answers = await asyncio.gather(*(ask(phone, phone.link(ref), slot) for ref in refs))
    assert sorted(one.status_code for one in answers) == [303, 409]
    late = next(one for one in answers if one.status_code == 409)
    shows(late, "Somebody has just asked for that time", "still free", "11:00 AM")
    assert "10:00 AM" not in late.text
    assert sum(len(phone.knows(ref).all(BookingRequested)) for ref in refs) == 1


async def test_a_tab_from_yesterday_offers_nothing_that_is_gone(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.offer(START + 5 * HOUR, SOON)
    link, early = phone.link(ref), phone.slots()[0].id
    phone.door.now += DAY
    answer = await ask(phone, link, early)
    assert answer.status_code == 409
    shows(answer, "not free any more", "Wednesday, January 7")
    assert phone.knows(ref).all(BookingRequested) == []


async def test_a_time_that_never_was_is_refused_in_plain_words(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.offer(SOON)
    for slot, status in (("", 422), ("slot_unknown", 409), ("x" * 3000, 409)):
        answer = await ask(phone, phone.link(ref), slot)
        assert answer.status_code == status
        shows(answer, 'role="alert"')


async def test_another_clinic_s_time_cannot_be_had(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.offer(SOON, clinic="west")
    page = await phone.http.get(phone.link(ref))
    shows(page, "There is no time to choose from right now")


async def test_times_outside_hours_at_short_notice_or_far_away_are_not_offered(
    phone: Phone,
) -> None:
    ref = await phone.door.refer()
    phone.offer(START + HOUR, SOON + 12 * HOUR, SOON, START + 30 * DAY)
    page = await phone.http.get(phone.link(ref))
    assert len(re.findall('name="slot"', page.text)) == 1


async def test_a_time_that_cannot_be_had_is_said_and_another_chosen(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.offer(SOON, SOON + HOUR)
    link, (first, second) = phone.link(ref), phone.slots()
    await ask(phone, link, first.id)
    (asked,) = phone.knows(ref).all(BookingRequested)
    phone.door.now += HOUR
    phone.door.write(ref, TaskCompleted(
        at=phone.door.now, by="dana", task=f"book_request:{asked.request_id}", outcome="dismissed"
    ))  # fmt: skip
    shows(await phone.http.get(link), "That time could not be booked", "11:00 AM")
    assert (await ask(phone, link, second.id)).status_code == 303
    standing = phone.knows(ref).booking_request()
    assert standing is not None
    assert standing.slot_id == second.id


# --- words, answers to a booking ------------------------------------------------------------------


async def test_words_go_the_way_of_a_text(phone: Phone) -> None:
    ref = await phone.door.refer()
    link = phone.link(ref)
    answer = await phone.http.post(f"{link}/words", data={"words": "Tuesdays\nafter 3"})
    assert answer.status_code == 303
    shows(await phone.http.get(answer.headers["location"]), "We have your message")
    (reply,) = phone.knows(ref).all(PatientReplied)
    assert reply.meaning is Meaning.OTHER
    empty = await phone.http.post(f"{link}/words", data={"words": "  "})
    assert empty.status_code == 422
    shows(empty, "Write a few words first")


async def test_stop_on_the_page_is_a_stop(phone: Phone) -> None:
    ref = await phone.door.refer()
    await phone.http.post(f"{phone.link(ref)}/words", data={"words": "stop texting me"})
    (reply,) = phone.knows(ref).all(PatientReplied)
    assert reply.meaning is Meaning.STOP


async def test_a_visit_is_confirmed_once(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.book(ref)
    link = phone.link(ref)
    shows(await phone.http.get(link), "I will be there")
    phone.door.now += HOUR
    for _ in range(2):
        assert (await phone.http.post(f"{link}/confirm")).status_code == 303
    (reply,) = phone.knows(ref).all(PatientReplied)
    assert reply.meaning is Meaning.CONFIRM
    shows(await phone.http.get(link), "You told us that you will be there")


@pytest.mark.parametrize("lang", ["en", "es"])
async def test_another_time_for_a_visit_is_somebody_s_call(phone: Phone, lang: str) -> None:
    ref = await phone.door.refer()
    phone.book(ref)
    words = {"words": "mornings", "lang": lang}
    await phone.http.post(f"{phone.link(ref)}/words", data=words)
    (reply,) = phone.knows(ref).all(PatientReplied)
    assert reply.meaning is Meaning.RESCHEDULE
    assert phone.knows(ref).appointment() is not None


async def test_a_visit_goes_into_the_calendar_without_a_name(phone: Phone) -> None:
    ref = await phone.door.refer()
    link = phone.link(ref)
    assert (await phone.http.get(f"{link}/visit.ics")).status_code == 303  # nothing booked yet
    phone.book(ref)
    file = await phone.http.get(f"{link}/visit.ics")
    assert file.headers["content-type"].startswith("text/calendar")
    assert "visit.ics" in file.headers["content-disposition"]
    shows(file, "DTSTART:20260107T150000Z", "SUMMARY:Riverside PT East")
    for private in ("Jordan", "Sample", ref):
        assert private not in file.text


async def test_forms_are_opened_and_told_once(phone: Phone) -> None:
    ref = await phone.door.refer()
    link = phone.link(ref)
    assert (await phone.http.get(f"{link}/forms")).headers["location"].startswith("/p/")
    phone.book(ref)
    shows(await phone.http.get(link), "Fill in your forms")
    for _ in range(2):
        answer = await phone.http.get(f"{link}/forms")
        assert (answer.status_code, answer.headers["location"]) == (303, FORMS)
    assert len(phone.knows(ref).all(IntakeOpened)) == 1
    assert phone.door.engine.told(ref).count("intake_opened") == 1
    assert not phone.knows(ref).intake_done()


# --- the one question -----------------------------------------------------------------------------


@pytest.mark.parametrize("score", [0, 10])
async def test_whoever_answers_sees_the_same_public_link(phone: Phone, score: int) -> None:
    ref = await phone.door.refer()
    phone.discharge(ref)
    link = phone.link(ref, Purpose.CHECK_IN)
    shows(await phone.http.get(link), "How was it with us?")
    answer = await phone.http.post(f"{link}/answer", data={"score": str(score)})
    assert answer.status_code == 303
    page = await phone.http.get(link)
    shows(page, "https://example.org/riverside-east/reviews", "Write a public review")
    assert re.sub(r"checked", "", page.text).count("If something was not right") == 1
    (told,) = phone.knows(ref).all(CheckInAnswered)
    assert told.score == score


async def test_a_second_answer_corrects_the_first(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.discharge(ref)
    link = phone.link(ref, Purpose.CHECK_IN)
    for score in ("3", "9"):
        phone.door.now += HOUR
        await phone.http.post(f"{link}/answer", data={"score": score})
    (told,) = phone.knows(ref).all(CheckInAnswered)
    assert told.score == 9


async def test_no_number_is_no_answer(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.discharge(ref)
    link = phone.link(ref, Purpose.CHECK_IN)
    for score in ("", "11", "-1", "ten", "6.5"):
        answer = await phone.http.post(f"{link}/answer", data={"score": score})
        assert answer.status_code == 422
        shows(answer, "Choose a number first")
    assert phone.knows(ref).all(CheckInAnswered) == []


async def test_a_link_opens_what_it_is_for_and_no_more(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.offer(SOON)
    visit, question = phone.link(ref), phone.link(ref, Purpose.CHECK_IN)
    assert (await phone.http.post(f"{visit}/answer", data={"score": "9"})).status_code == 422
    assert (await ask(phone, question, phone.slots()[0].id)).status_code == 422
    assert phone.knows(ref).all(CheckInAnswered) == []
    assert phone.knows(ref).all(BookingRequested) == []


# --- links that open nothing ----------------------------------------------------------------------


async def test_what_is_no_link_of_ours_says_so_and_no_more(phone: Phone) -> None:
    await phone.door.refer()
    for token in ("x", "A" * LENGTH, "z" * LENGTH, "é", "A" * 4000, "%00"):
        answer = await phone.http.get(f"/p/{token}")
        assert answer.status_code == 404
        shows(answer, "This link does not work")
        assert CLINIC_PHONE not in answer.text
        assert "Riverside" not in answer.text


async def test_a_link_signed_by_somebody_else_is_none_of_ours(phone: Phone) -> None:
    ref = await phone.door.refer()
    forged = Pages("", LinkKeys([b"f" * 32])).address(ORG, Purpose.VISIT, ref, START, START + DAY)
    for method in ("GET", "POST"):
        path = forged if method == "GET" else f"{forged}/confirm"
        answer = await phone.http.request(method, path)
        assert answer.status_code == 404
        assert "Jordan" not in answer.text


async def test_an_expired_link_names_the_number_to_call(phone: Phone) -> None:
    ref = await phone.door.refer()
    link = phone.link(ref)
    phone.door.now += 7 * DAY
    answer = await phone.http.get(link)
    assert answer.status_code == 410
    shows(answer, "no longer in use", CLINIC_PHONE)
    assert "Jordan" not in answer.text
    assert (await phone.http.post(f"{link}/words", data={"words": "hello"})).status_code == 410
    assert phone.knows(ref).all(PatientReplied) == []


async def test_a_referral_that_is_over_has_no_page(phone: Phone) -> None:
    ref = await phone.door.refer()
    phone.door.write(ref, ReferralWithdrawn(at=phone.door.now))
    assert (await phone.http.get(phone.link(ref))).status_code == 410


async def test_once_a_stranger_has_the_number_the_link_is_dead(phone: Phone) -> None:
    ref = await phone.door.refer()
    link = phone.link(ref)
    await phone.http.post(f"{link}/words", data={"words": "wrong number"})
    answer = await phone.http.get(link)
    assert answer.status_code == 410
    assert "Jordan" not in answer.text


async def test_who_guesses_on_has_to_wait_and_shuts_nobody_out(phone: Phone) -> None:
    ref = await phone.door.refer()
    guess = "/p/" + "A" * LENGTH
    for _ in range(20):
        assert (await phone.http.get(guess)).status_code == 404
    answer = await phone.http.get(guess)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "900"
    assert (await phone.http.get(phone.link(ref))).status_code == 200  # the same address
    phone.door.now += HOUR
    assert (await phone.http.get(guess)).status_code == 404


async def test_one_link_sends_so_many_forms_and_no_more(phone: Phone) -> None:
    ref = await phone.door.refer()
    link = phone.link(ref)
    seen = {
        (await phone.http.post(f"{link}/words", data={"words": " "})).status_code for _ in range(41)
    }
    assert seen == {422, 429}
    assert (await phone.http.get(link)).status_code == 200  # it may still be read


async def test_a_form_larger_than_ours_is_not_read(phone: Phone) -> None:
    ref = await phone.door.refer()
    answer = await phone.http.post(f"{phone.link(ref)}/words", data={"words": "a" * 9000})
    assert answer.status_code == 413
    shows(answer, "This does not work right now")


async def test_an_address_of_a_form_loaded_again_leads_back(phone: Phone) -> None:
    ref = await phone.door.refer()
    link = phone.link(ref)
    answer = await phone.http.get(f"{link}/time?lang=es")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{link}?lang=es")


# --- whom it speaks to ----------------------------------------------------------------------------


async def test_it_speaks_the_patient_s_language_and_may_be_switched(phone: Phone) -> None:
    ref = await phone.door.refer(patient={"language": "es"})
    phone.offer(SOON)
    link = phone.link(ref)
    spanish = await phone.http.get(link)
    shows(spanish, '<html lang="es">', "Hola, Jordan", "miércoles, 7 de enero".replace(",", ""))
    english = await phone.http.get(f"{link}?lang=en")
    shows(english, '<html lang="en">', "Hello Jordan")
    odd = await phone.http.get(f"{link}?lang=%3Cscript%3E")
    shows(odd, '<html lang="es">')
    assert "<script" not in odd.text


async def test_a_guardian_s_page_does_not_name_the_child(phone: Phone) -> None:
    ref = await phone.door.refer(
        patient={
            "born": "2015-05-05",
            "guardian_name": "Kim Sample",
            "guardian_phone": "518-555-0120",
        }
    )
    page = await phone.http.get(phone.link(ref))
    assert page.status_code == 200
    assert "Jordan" not in page.text
    assert "Kim" not in page.text


async def test_of_two_requests_at_one_moment_the_second_counts(phone: Phone) -> None:
    phone.offer(*(SOON + hours * HOUR for hours in range(6)))
    for number in range(3):  # the ids are random: one order alone would show nothing
        ref = await phone.door.refer(
            external=f"M-{number}", patient={"given_name": f"Kim{number}", "born": "1980-01-01"}
        )
        first, second = phone.slots()[2 * number : 2 * number + 2]
        for slot in (first, second):
            assert (await ask(phone, phone.link(ref), slot.id)).status_code == 303
        standing = phone.knows(ref).booking_request()
        assert standing is not None
        assert standing.slot_id == second.id


async def test_a_time_kept_just_before_we_were_cut_off_is_theirs_when_they_ask_again(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone.offer(*(SOON + hours * HOUR for hours in range(6)))

    async def cut_off(*_: object, **__: object) -> None:
        raise StoreUnavailable("The store is away.")

    for number in range(3):  # the ids are random: one order alone would show nothing
        ref = await phone.door.refer(
            external=f"C-{number}", patient={"given_name": f"Kim{number}", "born": "1980-01-01"}
        )
        first, second = phone.slots()[2 * number : 2 * number + 2]
        assert (await ask(phone, phone.link(ref), first.id)).status_code == 303
        with monkeypatch.context() as broken:
            broken.setattr(PatientPages, "_tell", cut_off)
            assert (await ask(phone, phone.link(ref), second.id)).status_code == 503
        again = await ask(phone, phone.link(ref), second.id)
        assert again.status_code == 303, again.text
        standing = phone.knows(ref).booking_request()
        assert standing is not None
        assert standing.slot_id == second.id
