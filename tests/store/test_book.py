"""The book of sources in the store: pages of a list, touches, gifts, two that are one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, insert
from sqlmodel import Session, col, select

from models.book import Outcome, TouchKind, cents, shares
from models.errors import BadRequest, NotFound, Refused
from models.ids import new_id
from models.policy.house import Gifts
from models.tasks import TaskKind
from store import book, contacts, gifts, ledger, merges, people, sources, tasks, touches
from store.book import Wanted
from store.engine import Store
from store.gifts import Given
from store.tables import (
    GiftRow,
    LedgerRow,
    ReferralRow,
    SourceRow,
    SourceVerdictRow,
    TaskState,
    TouchRow,
)
from store.touches import Touch
from tests.databases import postgres_store
from tests.store.world import DAY, HOUR, ORG, START, a_referral, new_referral, source_of
from tests.store.world import people as everyone

ON = Gifts(enabled=True, cap={2026: Decimal(535)})
OTHER: dict[str, Any] = {"npi": "1558598797", "name": "Dr. Bo Sample"}


def two(store: Store) -> tuple[str, str, str]:
    """Two physicians of one practice, one patient of each; both sources, and the first referral."""
    _, first = a_referral(store)
    _, second = a_referral(store, patient={"given_name": "Bo"}, source=OTHER)
    return source_of(store, first).id, source_of(store, second).id, first


def counts(session: Session, at: datetime | None) -> dict[str, int]:
    query = (
        select(LedgerRow.source_id, func.count())
        .where(ledger.known_at(at))
        .group_by(col(LedgerRow.source_id))
    )
    return dict(session.exec(query).all())


# --- the list -------------------------------------------------------------------------------------


def put(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    told = {"org": ORG, "kind": "provider", "prefers": "fax", "created_at": START}
    flags = {"verified": True, "key_source": False, "wants_thanks": True}
    every = [{**told, **flags, "state": None, "identity": row["id"], **row} for row in rows]
    session.connection().execute(insert(SourceRow), every)


def names(store: Store, **wanted: Any) -> list[str]:
    with store.read() as session:
        rows, _ = book.listed(session, ORG, Wanted(**wanted), ("2026-03",), START)
        return [one.source.id for one in rows]


def test_what_matters_stands_first(store: Store) -> None:
    week = date(2026, 3, 2)
    with store.write() as session:
        stand = {
            "active": "active",
            "quiet-once": "quiet",
            "quiet-often": "lapsed",
            "quiet-key": "quiet",
            "cooling-often": "cooling",
            "back": "returned",
            "new": None,
            "fading": "active",
        }
        put(
            session,
            [
                {"id": name, "name": name, "state": state, "key_source": name == "quiet-key"}
                for name, state in stand.items()
            ],
        )
        put(session, [{"id": "gone", "name": "gone", "state": "quiet", "merged_into": "active"}])
        put(session, [{"id": "robin", "name": "robin", "kind": "past_patient"}])
        for name, verdict in (("quiet-often", "fading"), ("cooling-often", "holding")):
            session.add(verdict_row(name, verdict, week, 20))
        session.add(verdict_row("fading", "fading", week, 1))
        session.add(verdict_row("active", "fading", date(2026, 2, 23), 9))  # last week's is over
    assert names(store) == [
        "quiet-key",
        "quiet-often",
        "cooling-often",
        "fading",
        "quiet-once",
        "back",
        "active",
        "new",
    ]
    assert names(store, state="silent", verdict="fading") == ["quiet-often"]
    assert names(store, kind="past_patient") == ["robin"]
    assert names(store, sort="name")[0] == "active"
    assert names(store, search="QUIET-O") == ["quiet-often", "quiet-once"]
    assert names(store, search="%") == []


def verdict_row(source_id: str, verdict: str, week: date, recent: int) -> SourceVerdictRow:
    return SourceVerdictRow(
        org=ORG,
        week=week,
        source_id=source_id,
        verdict=verdict,
        recent=recent,
        before=0,
        weeks=52,
        known_at=START,
    )


def test_a_list_of_many_comes_in_pages(store: Store) -> None:
    with store.write() as session:
        put(session, [{"id": f"s{n:03}", "name": f"S {n:03}"} for n in range(book.PAGE + 3)])
    with store.read() as session:
        first, more = book.listed(session, ORG, Wanted(sort="name"), (), START)
        second, none = book.listed(session, ORG, Wanted(sort="name", page=2), (), START)
    assert (len(first), more, len(second), none) == (book.PAGE, True, 3, False)
    assert {one.source.id for one in first}.isdisjoint(one.source.id for one in second)


# --- touches --------------------------------------------------------------------------------------


def test_a_touch_under_another_sources_form_is_refused(store: Store) -> None:
    one, other, _ = two(store)
    touch = Touch("tch_1", TouchKind.VISIT, Outcome.WARM, None, START, "lia", START + 30 * DAY)
    with store.write() as session:
        first = touches.log(session, sources.get(session, ORG, one), touch, recorded_at=START)
        again = touches.log(session, sources.get(session, ORG, one), touch, recorded_at=START)
        assert (first.fresh, again.fresh) == (True, False)
        with pytest.raises(NotFound):
            touches.log(session, sources.get(session, ORG, other), touch, recorded_at=START)
        assert len(session.exec(select(TouchRow)).all()) == 1


# --- gifts ----------------------------------------------------------------------------------------


def given(value: int, *among: str, on: date = date(2026, 3, 2)) -> Given:
    return Given(new_id("gift"), on, value, "Lunch", "lia", among)


def test_a_physician_has_one_limit_whoever_gives(store: Store) -> None:
    one, other, _ = two(store)
    with store.write() as session:
        first, second = (sources.get(session, ORG, name) for name in (one, other))
        practice = a_practice(session, first)
        who = [row.provider.id for row in gifts.recipients(session, practice) if row.provider]
        gifts.give(session, first, given(50_000), ON, recorded_at=START)
        with pytest.raises(BadRequest, match="who shares"):
            gifts.give(session, practice, given(100), ON, recorded_at=START)
        with pytest.raises(BadRequest, match="who work there"):
            gifts.give(session, practice, given(100, "prv_else"), ON, recorded_at=START)
        parts = gifts.give(session, practice, given(7_000, *who), ON, recorded_at=START)
        assert sorted(part.cents for part in parts) == [3_500, 3_500]
        assert gifts.total(session, gifts.recipients(session, second)[0], 2026) == 3_500
    with pytest.raises(Refused, match=r"\$0\.00 is left|left\. Nothing"), store.write() as session:
        gifts.give(
            session,
            sources.get(session, ORG, practice.id),
            given(4_000, *who),
            ON,
            recorded_at=START,
        )
    with store.write() as session:  # of the refused one no part was written
        assert len(session.exec(select(GiftRow)).all()) == 3
        back = gifts.take_back(session, ORG, parts[0].id, by="lia", recorded_at=START)
        assert len(back) == 2
        assert gifts.take_back(session, ORG, parts[1].id, by="lia", recorded_at=START) == []
        with pytest.raises(BadRequest):
            gifts.take_back(session, ORG, back[0].id, by="lia", recorded_at=START)


def a_practice(session: Session, of: SourceRow) -> SourceRow:
    """The office itself as a source."""
    told = {"kind": "practice", "name": "Sample Orthopedics", "npi": None, "credential": None}
    told |= {"practice": None}
    new = new_referral(source=told, patient={"given_name": "Cy"})
    found = people.everyone(session, ORG, new, at=START, today=START.date()).source
    assert found.practice_id == of.practice_id
    return found


def test_merged_physicians_share_one_limit(store: Store) -> None:
    one, other, _ = two(store)
    with store.write() as session:
        for name in (one, other):
            source = sources.get(session, ORG, name)
            gifts.give(session, source, given(30_000), ON, recorded_at=START)
        merges.merge(session, ORG, one, other, by="lia", at=START)
        to = gifts.recipients(session, sources.get(session, ORG, other))[0]
        assert gifts.total(session, to, 2026) == 60_000
        with pytest.raises(Refused, match=r"\$0\.00 is left"):
            gifts.give(session, sources.get(session, ORG, one), given(1), ON, recorded_at=START)


@pytest.mark.parametrize("text", ["", "0", "-5", "1.005", "NaN", "Infinity", "1e9", "ten"])
def test_an_amount_that_is_none(text: str) -> None:
    with pytest.raises(BadRequest):
        cents(text)


def test_amounts_are_split_to_the_cent() -> None:
    assert cents(" $1,024.50 ") == 102_450
    assert shares(100, 3) == [34, 33, 33]


# --- two that are one -----------------------------------------------------------------------------


def test_a_merge_moves_what_is_open_and_is_taken_back_whole(store: Store) -> None:
    gone, into, referral = two(store)
    month = f"{START:%Y-%m}"
    closed = ledger.close(store, ORG, "*", month, at=START + 40 * DAY, by="schedule")
    at = START + 41 * DAY
    with store.write() as session:
        quiet, _ = sources.open_quiet(
            session, sources.get(session, ORG, gone), since=at, at=at, due=at
        )
        follows = merges.would_follow(
            session, sources.get(session, ORG, gone), sources.get(session, ORG, into)
        )
        assert (follows.referrals, follows.watch, follows.doubts) == (1, True, ())
        letter = tasks.open_for_source(
            session, sources.get(session, ORG, gone), TaskKind.APPROVE_SCORECARD, "1", due=at, at=at
        )
        sources.get(session, ORG, gone).key_source = True
        for name, day in ((gone, 1), (into, 5)):
            sources.set_next_touch(session, sources.get(session, ORG, name), at + day * DAY)
        merge_id = merges.merge(session, ORG, gone, into, by="lia", at=at)
        assert tasks.get(session, ORG, quiet.id).state == TaskState.MOOT
        assert (letter.source_id, letter.subject) == (into, into)
        assert sources.get(session, ORG, into).key_source
    with store.write() as session:
        assert counts(session, closed) == {gone: 1, into: 1}
        assert counts(session, None) == {into: 2}
        assert sources.history(session, ORG, into).received == (START, START)
        assert everyone(session).source.id == into  # who names the merged one means the other
        with pytest.raises(Refused, match="merged already"):
            merges.merge(session, ORG, gone, into, by="lia", at=at)
    with store.write() as session:
        merges.take_back(session, ORG, merge_id, by="drew", at=at + HOUR)
        merges.take_back(session, ORG, merge_id, by="drew", at=at + HOUR)
        assert counts(session, closed) == counts(session, None) == {gone: 1, into: 1}
        assert everyone(session).source.id == gone
        assert session.get_one(ReferralRow, referral).source_id == gone
        kept = tasks.get(session, ORG, letter.id)
        assert (kept.source_id, kept.subject) == (gone, gone)
        both = [sources.get(session, ORG, one) for one in (gone, into)]
        assert [one.key_source for one in both] == [True, False]
        assert [one.next_touch_at for one in both] == [at + DAY, at + 5 * DAY]


def test_merged_sources_that_are_no_physicians_share_one_limit(store: Store) -> None:
    with store.write() as session:
        put(session, [{"id": name, "name": name, "kind": "employer"} for name in ("a", "b")])
        merges.merge(session, ORG, "a", "b", by="lia", at=START)
        gifts.give(session, sources.get(session, ORG, "b"), given(53_500), ON, recorded_at=START)
        with pytest.raises(Refused, match=r"\$0\.00 is left"):
            gifts.give(session, sources.get(session, ORG, "a"), given(1), ON, recorded_at=START)


def test_numbers_taken_over_by_a_merge_are_given_back(store: Store) -> None:
    fax = {"fax": "+15185550190", "hears": "Knees"}
    one, _, _ = two(store)
    with store.write() as session:
        put(session, [{"id": name, "name": name, "kind": "employer"} for name in ("a", "b")])
        put(session, [{"id": "c", "name": "c", "kind": "employer", "verified": False}])
        for name in ("a", "c"):
            for field, value in fax.items():
                setattr(sources.get(session, ORG, name), field, value)
        office = a_practice(session, sources.get(session, ORG, one))
        office.fax = None  # its practice has one
        into = sources.get(session, ORG, "b")
        unproved = merges.merge(session, ORG, "c", "b", by="lia", at=START)
        assert (into.fax, into.hears) == (None, "Knees")  # nobody has verified that number
        merges.take_back(session, ORG, unproved, by="lia", at=START)
        assert into.hears is None
        merge_id = merges.merge(session, ORG, "a", "b", by="lia", at=START)
        assert (into.fax, into.hears) == (fax["fax"], "Knees")
        into.hears = "Shoulders"
        merges.take_back(session, ORG, merge_id, by="lia", at=START)
        assert (into.fax, into.hears) == (None, "Shoulders")
        merges.merge(session, ORG, "a", office.id, by="lia", at=START)
        assert office.fax is None


@pytest.mark.parametrize("kind", ["self", "past_patient"])
def test_a_patient_is_never_merged_with_somebody_who_sends(store: Store, kind: str) -> None:
    one, _, _ = two(store)
    with store.write() as session:
        put(session, [{"id": "src_p", "name": "Robin", "kind": kind}])
        with pytest.raises(Refused):
            merges.merge(session, ORG, one, "src_p", by="lia", at=START)
        with pytest.raises(Refused):
            merges.merge(session, ORG, one, one, by="lia", at=START)


def test_chains_of_merges_are_walked(store: Store) -> None:
    one, other, _ = two(store)
    with store.write() as session:
        put(session, [{"id": "src_c", "name": "Dr. Cy"}])
        first = merges.merge(session, ORG, one, other, by="lia", at=START)
        merges.merge(session, ORG, other, "src_c", by="lia", at=START + HOUR)
        assert ledger.standing(session, one).id == "src_c"
        assert counts(session, None) == {"src_c": 2}
        with pytest.raises(Refused, match="merged as well"):
            merges.take_back(session, ORG, first, by="lia", at=START + 2 * HOUR)


def test_two_gifts_at_once_do_not_both_fit_under_one_limit() -> None:
    with postgres_store() as store:
        one, _, _ = two(store)
        refused: list[str] = []

        def give() -> None:
            with store.write() as session:
                source = sources.get(session, ORG, one)
                try:
                    gifts.give(session, source, given(30_000), ON, recorded_at=START)
                except Refused as error:
                    refused.append(error.code)

        threads = [threading.Thread(target=give) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert refused == ["gift_over_limit"] * 3


def test_who_wants_no_thanks_gets_none(store: Store) -> None:
    one, _, referral = two(store)
    with store.write() as session:
        assert contacts.contact(session, ORG, referral, "source").wants_thanks
        source = sources.get(session, ORG, one)
        source.wants_thanks = False
        session.add(source)
        session.flush()
        assert not contacts.contact(session, ORG, referral, "source").wants_thanks
