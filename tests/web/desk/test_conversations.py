"""Talks by text as the desk has them; the workflow is a stand-in, the rules are the real ones."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import select

from models import written
from models.facts import AnyFact, MessageStopped, TextWritten
from models.kinds import Kind
from models.tasks import TaskKind
from store import consent, conversations, post, settling, tasks
from store.tables import ConsentState, DeskTextRow, FactRow, InboxRow
from tests.doors import ORG, event
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser
from tests.web.desk.working import decided_in_record, task_of

PHONE = "+15185550117"
NEW_YORK = ZoneInfo("America/New_York")
WORDS = "Thursday at 9 works, ask for Zebulon"


async def wrote(site: Site, text: str, reply_id: str = "m1") -> None:
    """A text that a vendor's callback brought."""
    told = event("patient_replied", at=site.door.now.isoformat())
    told.pop("referral", None)
    told["data"] = {"reply_id": reply_id, "text": text, "phone": "518-555-0117"}
    await site.door.tell(told)


async def opened(site: Site, browser: Browser, referral_id: str) -> tuple[str, str]:
    """The address of a patient's talk, and its page."""
    to = (await browser.get(f"/conversations/of/{referral_id}")).headers["location"]
    return to, (await browser.get(to)).text


def nonce(page: str) -> str:
    found = re.search(r'name="nonce" value="(\w+)"', page)
    assert found, page
    return found[1]


def told(site: Site, referral_id: str, kind: type[AnyFact]) -> list[AnyFact]:
    return site.door.referral(referral_id).all(kind)


async def test_a_text_is_unread_until_somebody_has_answered_it(site: Site, dana: Browser) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer()
    await wrote(site, "Can I come <b>earlier</b>?")
    task_id = task_of(site, referral_id, TaskKind.ANSWER_PATIENT, "m1")
    listed = (await dana.get("/conversations")).text
    assert "Can I come &lt;b&gt;earlier&lt;/b&gt;?" in listed
    assert "to answer" in listed
    assert PHONE not in listed.replace("518-555-0117", "")
    assert "to answer</span></span></a>" in (await dana.get("/tasks")).text
    where, page = await opened(site, dana, referral_id)
    assert re.fullmatch(r"/conversations/thr_\w+", where)
    assert "Send now" in page
    site.door.now += timedelta(minutes=1)
    sent = await dana.post(f"{where}/write", nonce=nonce(page), words=WORDS)
    assert sent.headers["location"] == f"{where}?said=sent#end"
    assert "to answer" not in (await dana.get("/conversations")).text
    (text,) = told(site, referral_id, TextWritten)
    assert isinstance(text, TextWritten)
    assert (text.by, text.live) == ("dana", True)
    with site.door.store.read() as session:
        assert tasks.get(session, ORG, task_id).state == "moot"
    assert WORDS in (await dana.get(where)).text


async def test_pressed_twice_it_is_one_text_and_its_words_stay_in_the_store(
    site: Site, dana: Browser
) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer()
    where, page = await opened(site, dana, referral_id)
    for _ in range(3):
        answer = await dana.post(f"{where}/write", nonce=nonce(page), words=WORDS)
        assert answer.status_code == 303
    assert len(told(site, referral_id, TextWritten)) == 1
    with site.door.store.read() as session:
        (row,) = session.exec(select(DeskTextRow)).all()
        assert row.body == WORDS
        assert not any("Zebulon" in str(one.body) for one in session.exec(select(FactRow)))
        assert not any(b"Zebulon" in one.body for one in session.exec(select(InboxRow)))


async def test_with_the_engine_away_the_text_is_kept_and_handed_over_later(
    site: Site, dana: Browser
) -> None:
    referral_id = await site.door.refer()
    where, page = await opened(site, dana, referral_id)
    site.door.engine.down = True
    answer = await dana.post(f"{where}/write", nonce=nonce(page), words=WORDS)
    assert answer.status_code == 303
    assert "on its way" in (await dana.get(where)).text
    site.door.engine.down = False
    decided_in_record(site)
    for _ in range(2):
        await site.door.intake.dispatch_left(site.door.now + timedelta(minutes=1))
    assert len(told(site, referral_id, TextWritten)) == 1
    with site.door.store.read() as session:
        assert conversations.not_handed(session, site.door.now + timedelta(days=1)) == []


async def test_who_wants_no_texts_gets_none_and_the_page_says_so(site: Site, dana: Browser) -> None:
    referral_id = await site.door.refer()
    where, page = await opened(site, dana, referral_id)
    await wrote(site, "STOP")
    refused = await dana.post(f"{where}/write", nonce=nonce(page), words=WORDS)
    assert refused.status_code == 400
    assert "They have asked for no more texts" in refused.text
    shown = (await dana.get(where)).text
    assert "no texts since" in shown
    assert 'name="words"' not in shown
    assert told(site, referral_id, TextWritten) == []


async def test_at_night_it_is_sent_in_the_morning_and_can_be_stopped_before(
    site: Site, dana: Browser
) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer()
    site.door.now += timedelta(hours=11)  # 21:00 in Albany
    await dana.sign_in("dana@example.org")
    where, page = await opened(site, dana, referral_id)
    assert "Send Tue, Jan 6, 9:00 AM" in page
    sent = await dana.post(f"{where}/write", nonce=nonce(page), words=WORDS)
    assert sent.headers["location"].startswith(f"{where}?said=held")


async def test_what_goes_by_itself_is_shown_and_stopped(site: Site, dana: Browser) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer()
    where, page = await opened(site, dana, referral_id)
    assert "First text with the link" in page
    message = f"{Kind.SCHEDULE_TEXT}:patient:bd-0"
    fields = {"referral": referral_id, "message": message}
    assert (await dana.post(f"{where}/stop", **fields)).status_code == 303
    (stopped,) = told(site, referral_id, MessageStopped)
    assert isinstance(stopped, MessageStopped)
    assert (stopped.message, stopped.by) == (message, "dana")
    assert "First text with the link" not in (await dana.get(where)).text
    wrong = await dana.post(f"{where}/stop", referral=referral_id, message="plan_of_care:x:1")
    assert (wrong.status_code, "Only messages to the patient" in wrong.text) == (409, True)
    foreign = await dana.post(f"{where}/stop", referral="ref_none", message=message)
    assert foreign.status_code == 404


async def test_what_anybody_may_read_on_a_locked_phone_is_looked_at_again(
    site: Site, dana: Browser
) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer()
    where, page = await opened(site, dana, referral_id)
    grave = "How is your shoulder today?"
    again = await dana.post(f"{where}/write", nonce=nonce(page), words=grave)
    assert again.status_code == 400
    assert "this may name a body part" in again.text
    assert grave in again.text  # nothing typed is lost
    assert "Send it all the same" in again.text
    found = re.search(r'name="sure" value="([^"]+)"', again.text)
    assert found
    asked = found[1]  # they are sure of this, and of nothing else
    other = await dana.post(
        f"{where}/write", nonce=nonce(again.text), words="Your insurer pays", sure=asked
    )
    assert other.status_code == 400
    assert "this may name a payer" in other.text
    sure = await dana.post(f"{where}/write", nonce=nonce(again.text), words=grave, sure=asked)
    assert sure.status_code == 303
    long = await dana.post(f"{where}/write", nonce=nonce(again.text), words="x" * 460)
    assert (long.status_code, "459 is the most" in long.text) == (400, True)
    empty = await dana.post(f"{where}/write", nonce=nonce(again.text), words="  ")
    assert (empty.status_code, "Write something first" in empty.text) == (400, True)


async def test_a_text_is_written_for_another_time_within_texting_hours(
    site: Site, dana: Browser
) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer()
    where, page = await opened(site, dana, referral_id)
    assert "Send then" in page
    day = (site.door.now.astimezone(NEW_YORK) + timedelta(days=1)).date().isoformat()
    form = {"nonce": nonce(page), "words": WORDS}

    async def refused(**fields: str) -> str:
        answer = await dana.post(f"{where}/write", **form, **fields)
        assert answer.status_code == 400
        assert WORDS in answer.text
        return answer.text

    forgotten = await refused(day=day, time="13:00")
    assert "press “Send then”" in forgotten
    assert f'value="{day}"' in forgotten
    assert "Give a date" in await refused(then="1", time="13:00")
    assert "This time has passed" in await refused(then="1", day="2020-01-06", time="13:00")
    assert "within the next 30 days" in await refused(then="1", day="2999-01-06", time="13:00")
    night = await refused(then="1", day=day, time="21:30")
    assert "No texts are sent at that time where the patient lives" in night
    assert "9:00 AM" in night
    assert told(site, referral_id, TextWritten) == []

    done = await dana.post(f"{where}/write", **form, then="1", day=day, time="13:00")
    assert "said=chosen" in done.headers["location"]
    (text,) = told(site, referral_id, TextWritten)
    assert isinstance(text, TextWritten)
    assert text.not_before == datetime.fromisoformat(f"{day}T13:00").replace(tzinfo=NEW_YORK)
    twice = await dana.post(f"{where}/write", **form, then="1", day=day, time="13:00")
    assert twice.status_code == 303
    moved = await dana.post(f"{where}/write", **form, then="1", day=day, time="14:00")
    assert (moved.status_code, "for another time" in moved.text) == (409, True)
    assert len(told(site, referral_id, TextWritten)) == 1


async def test_a_talk_is_somebodys_to_answer(site: Site, dana: Browser) -> None:
    referral_id = await site.door.refer()
    where, _ = await opened(site, dana, referral_id)
    assert (await dana.post(f"{where}/take")).status_code == 303
    assert "You answer." in (await dana.get(where)).text
    assert (await dana.post(f"{where}/hand-over", to="lee")).status_code == 303
    assert "Lee Placeholder answers" in (await dana.get("/conversations")).text
    nobody = await dana.post(f"{where}/hand-over", to="wes")
    assert (nobody.status_code, "Choose a colleague" in nobody.text) == (400, True)
    assert (await dana.post(f"{where}/free")).status_code == 303
    assert (await dana.post(f"{where}/dance")).status_code == 404


async def test_a_closed_referrals_patient_is_answered_as_well(site: Site, dana: Browser) -> None:
    referral_id = await site.door.refer()
    site.door.engine.close(referral_id)
    where, page = await opened(site, dana, referral_id)
    await dana.post(f"{where}/write", nonce=nonce(page), words=WORDS)
    (text,) = told(site, referral_id, TextWritten)
    assert text in site.door.engine.run(referral_id).start.facts, "a run of its own sends it"


async def test_a_strangers_thread_is_seen_by_everybody_and_written_to_by_nobody(
    site: Site, dana: Browser, wes: Browser
) -> None:
    await wrote(site, "Who is this?")
    for browser in (dana, wes):
        listed = (await browser.get("/conversations")).text
        found = re.search(r"/conversations/thr_\w+", listed)
        assert found
        assert "Unknown number" in listed
        page = (await browser.get(found[0])).text
        assert 'name="words"' not in page
        tried = await browser.post(f"{found[0]}/write", nonce="txn_1", words=WORDS)
        assert tried.status_code == 400


async def test_caps_do_not_count_what_answers_a_patient(site: Site) -> None:
    referral_id = await site.door.refer()
    at = site.door.now
    with site.door.store.write() as session:
        for live in (True, False):
            text = conversations.write(
                session,
                org=ORG,
                referral_id=referral_id,
                phone=PHONE,
                body=WORDS,
                by="dana",
                nonce=f"txn_{live}",
                live=live,
                at=at,
                recorded_at=at,
            )
            message, _ = post.queue_message(
                session,
                org=ORG,
                referral_id=referral_id,
                message=written.message(text.id),
                at=at,
                recorded_at=at,
            )
            row, _ = post.queue_delivery(
                session, message, channel="sms", rung=0, address=PHONE, at=at, recorded_at=at
            )
            row.state, row.claimed_at = "delivered", at
            session.add(row)
        session.flush()
        assert settling.texts_to(session, ORG, PHONE, at - timedelta(days=1)) == [at]
        consent.record(
            session,
            org=ORG,
            address=PHONE,
            state=ConsentState.OPTED_OUT,
            at=at,
            why="stop_reply",
            recorded_at=at,
        )


async def test_a_form_sent_already_does_not_swallow_other_words(site: Site, dana: Browser) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer()
    where, page = await opened(site, dana, referral_id)
    once = nonce(page)
    assert (await dana.post(f"{where}/write", nonce=once, words=WORDS)).status_code == 303
    again = await dana.post(f"{where}/write", nonce=once, words="No, Friday at 10")
    assert again.status_code == 409
    assert "No, Friday at 10" in again.text
    assert "has sent already" in again.text
    sent = await dana.post(f"{where}/write", nonce=nonce(again.text), words="No, Friday at 10")
    assert sent.status_code == 303
    assert len(told(site, referral_id, TextWritten)) == 2


async def test_a_childs_own_number_is_not_written_to(site: Site, dana: Browser) -> None:
    decided_in_record(site)
    child = {"born": "2012-03-04", "phone": "518-555-0117"}
    guardian = {"guardian_name": "Rosa Example", "guardian_phone": "518-555-0118"}
    referral_id = await site.door.refer(patient=child | guardian)
    await wrote(site, "can I come earlier")
    with site.door.store.read() as session:
        (thread,) = conversations.threads(session, ORG, ("east",))
    where = f"/conversations/{thread.id}"
    page = (await dana.get(where)).text
    assert "write to the guardian alone" in page
    form = nonce((await opened(site, dana, referral_id))[1])
    refused = await dana.post(f"{where}/write", nonce=form, words=WORDS)
    assert refused.status_code == 400
    assert told(site, referral_id, TextWritten) == []
    theirs, page = await opened(site, dana, referral_id)  # the guardian's
    assert theirs != where
    sent = await dana.post(f"{theirs}/write", nonce=nonce(page), words=WORDS)
    assert sent.status_code == 303, sent.text


async def test_of_a_shared_number_only_patients_of_ones_own_clinics_are_named(
    site: Site, dana: Browser, wes: Browser
) -> None:
    """A daughter at "west" shares her mother's phone: "east" does not learn of her."""
    await site.door.refer()
    other = {"given_name": "Quilla", "born": "1999-09-09"}
    await site.door.refer(external="R-2002", patient=other, clinic="west")
    await wrote(site, "Which of us is it about?")
    here = (await dana.get("/conversations")).text
    assert "Jordan" in here
    assert "Quilla" not in here
    there = (await wes.get("/conversations")).text
    assert "Quilla" in there
    assert "Jordan" not in there


async def test_who_works_at_no_clinic_sees_empty_pages(site: Site, browser: Browser) -> None:
    policy = site.door.tenants.get(ORG)
    nowhere = tuple(
        one.model_copy(update={"clinics": ()}) if one.id == "drew" else one for one in policy.staff
    )
    site.door.tenants._by_id[ORG] = policy.model_copy(update={"staff": nowhere})
    await site.door.refer()
    await wrote(site, "Hello?")
    assert (await browser.sign_in("drew@example.org")).status_code == 303
    pages = ("board", "tasks", "conversations", "faxes", "waiting", "slots", "today", "audit")
    for page in (*pages, "staff", "tasks/times"):
        answer = await browser.get(f"/{page}")
        assert answer.status_code == (404 if page == "slots" else 200), page
        assert "Jordan" not in answer.text, page


async def test_a_talk_that_was_merely_opened_is_no_talk_yet(site: Site, dana: Browser) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer()
    where, page = await opened(site, dana, referral_id)
    assert where not in (await dana.get("/conversations")).text
    await dana.post(f"{where}/write", nonce=nonce(page), words=WORDS)
    assert where in (await dana.get("/conversations")).text


async def test_a_number_that_only_a_machine_has_read_is_not_written_to(
    site: Site, dana: Browser
) -> None:
    decided_in_record(site)
    referral_id = await site.door.refer(machine_read={"pages": 2})
    where, page = await opened(site, dana, referral_id)
    assert "confirm it</a> before anybody writes or calls" in page
    assert "nonce" not in page
    refused = await dana.post(f"{where}/write", nonce="txn_1", words=WORDS)
    assert refused.status_code == 409
    with site.door.store.read() as session:
        assert session.exec(select(DeskTextRow)).all() == []
