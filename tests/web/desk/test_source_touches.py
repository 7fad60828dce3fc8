"""Touches, as a liaison logs them from a phone or a desk."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from models.tasks import TaskKind
from store import merges, sources, tasks
from store.tables import (
    DeliveryRow,
    SubjectType,
    TaskState,
    TouchRow,
)
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.book import a_source, form_id, row
from tests.web.desk.conftest import Browser


async def test_three_taps_on_the_phone_answer_the_task(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    site.door.now += timedelta(days=70)
    now = site.door.now
    with site.door.store.write() as session:
        source = sources.get(session, ORG, source_id)
        task, _ = sources.open_quiet(session, source, since=now, at=now, due=now)
        sources.set_next_touch(session, source, now)
    await lia.sign_in("lia@example.org")
    walk = await lia.get("/sources/round")
    assert f'href="/sources/{source_id}/log"' in walk.text  # the first tap
    found = await lia.post("/sources/search", search="Ruiz", then="round")
    assert f'href="/sources/{source_id}/log"' in found.text
    page = await lia.get(f"/sources/{source_id}/log")
    slip = {"then": "round", "in": "", "next": "2020-01-01", "quick": "call-spoke"}
    slipped = await lia.post(f"/sources/{source_id}/touch", words="Asks for cards", **slip)
    assert slipped.status_code == 400
    assert "Asks for cards</textarea>" in slipped.text
    assert 'value="call-spoke" checked' in slipped.text
    told = {"form_id": form_id(page.text), "then": "round", "in": "30", "quick": "call-spoke"}
    first = await lia.post(f"/sources/{source_id}/touch", **told)
    again = await lia.post(f"/sources/{source_id}/touch", **told)  # the thumb was too quick
    assert first.headers["location"] == "/sources/round?said=answered"
    assert "the task that asked for it is done" in (await lia.get(first.headers["location"])).text
    assert again.headers["location"] == "/sources/round?said=touch"
    with site.door.store.read() as session:
        (touch,) = session.exec(select(TouchRow)).all()
        done = tasks.get(session, ORG, task.id)
        crm = session.exec(select(DeliveryRow).where(DeliveryRow.subject_id == touch.id)).all()
    assert (touch.kind, touch.outcome, touch.by) == ("call", "spoke", "lia")
    assert (done.state, done.done_by, done.outcome) == (TaskState.DONE, "lia", "done")
    assert [one.subject_type for one in crm] == [SubjectType.TOUCH]
    assert set(crm[0].payload or {}) == {
        "type",
        "kind",
        "outcome",
        "source_id",
        "by",
        "at",
        "next",
    }
    due = row(site, source_id).next_touch_at
    assert due is not None
    assert (due.date() - now.date()).days in {30, 31, 32}


async def test_nobody_there_leaves_the_task_and_tries_again_soon(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    now = site.door.now
    with site.door.store.write() as session:
        source = sources.get(session, ORG, source_id)
        sources.open_quiet(session, source, since=now, at=now, due=now)
    page = await lia.get(f"/sources/{source_id}")
    told = {"form_id": form_id(page.text), "kind": "call", "outcome": "nobody"}
    assert (await lia.post(f"/sources/{source_id}/touch", **told)).status_code == 303
    with site.door.store.read() as session:
        left = tasks.open_tasks(session, ORG, source_id=source_id, kind=TaskKind.RE_ENGAGEMENT)
    due = row(site, source_id).next_touch_at
    assert len(left) == 1
    assert due is not None
    assert due - now < timedelta(days=9)


async def test_a_note_sets_no_date_and_tells_no_crm(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    before = row(site, source_id).next_touch_at
    await lia.get(f"/sources/{source_id}")
    empty = await lia.post(f"/sources/{source_id}/touch", kind="note", words=" ")
    assert empty.status_code == 400
    assert "Write the note first." in empty.text
    assert '<details class="doing" open>' in empty.text
    await lia.post(f"/sources/{source_id}/touch", kind="note", words="Asks for <b>wound</b> care")
    page = await lia.get(f"/sources/{source_id}")
    assert "Asks for &lt;b&gt;wound&lt;/b&gt; care" in page.text
    assert row(site, source_id).next_touch_at == before
    with site.door.store.read() as session:
        touch = session.exec(select(TouchRow)).one()
        crm = select(DeliveryRow).where(DeliveryRow.subject_id == touch.id)
        assert session.exec(crm).all() == []
    await lia.post(f"/sources/{source_id}/strike", touch=touch.id)
    assert "struck out by Lia Example" in (await lia.get(f"/sources/{source_id}")).text


async def test_a_touch_logged_under_an_old_name_answers_the_task(site: Site, lia: Browser) -> None:
    gone = await a_source(site)
    into = await a_source(site, name="Dr. Sam Other", npi="1558598797", fax="(518) 555-0188")
    page = await lia.get(f"/sources/{gone}/log")  # open on the phone while a colleague merges
    now = site.door.now
    with site.door.store.write() as session:
        merges.merge(session, ORG, gone, into, by="drew", at=now)
        source = sources.get(session, ORG, into)
        task, _ = sources.open_quiet(session, source, since=now, at=now, due=now)
    told = {"form_id": form_id(page.text), "then": "round", "in": "30", "quick": "call-spoke"}
    assert (await lia.post(f"/sources/{gone}/touch", **told)).status_code == 303
    with site.door.store.read() as session:
        assert tasks.get(session, ORG, task.id).state == TaskState.DONE
    assert row(site, gone).next_touch_at is None
    assert row(site, into).next_touch_at is not None
