"""Consent belongs to an address; the newest word counts, in whatever order it was heard."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlmodel import select

from store import consent
from store.engine import Store
from store.tables import ConsentRow, ConsentState
from tests.store.world import DAY, HOUR, ORG, START

PHONE = "+15185550142"
IN, OUT = ConsentState.OPTED_IN, ConsentState.OPTED_OUT


def say(
    store: Store, state: ConsentState, at: datetime, address: str = PHONE, purpose: str = "all"
) -> None:
    with store.write() as session:
        consent.record(
            session,
            org=ORG,
            address=address,
            state=state,
            at=at,
            why="stop_reply",
            recorded_at=START,
            purpose=purpose,
        )


def out(store: Store, address: str = PHONE, purpose: str = "all", org: str = ORG) -> bool:
    with store.read() as session:
        return consent.opted_out(session, org, address, purpose)


def test_nothing_said_is_neither(store: Store) -> None:
    with store.read() as session:
        assert consent.current(session, ORG, PHONE) is None
    assert not out(store)


@pytest.mark.parametrize("late_first", [False, True])
def test_the_newest_word_counts_however_late_it_is_heard(store: Store, late_first: bool) -> None:
    words = [(OUT, START), (IN, START + HOUR)]
    for state, at in reversed(words) if late_first else words:
        say(store, state, at)
    assert not out(store)
    say(store, OUT, START + DAY)
    assert out(store)


@pytest.mark.parametrize("no_first", [False, True])
def test_at_one_moment_a_no_counts(store: Store, no_first: bool) -> None:
    for state in (OUT, IN) if no_first else (IN, OUT):
        say(store, state, START)
    assert out(store)


def test_a_stop_covers_every_purpose_and_a_purpose_only_itself(store: Store) -> None:
    say(store, OUT, START, purpose="check_in")
    assert out(store, purpose="check_in")
    assert not out(store, purpose="scheduling")
    say(store, OUT, START + HOUR)
    assert out(store, purpose="scheduling")


def test_it_belongs_to_the_address_and_the_organization(store: Store) -> None:
    say(store, OUT, START, address="Ada@Example.org")
    assert out(store, "ada@example.org")
    assert not out(store)
    assert not out(store, "ada@example.org", org="elsewhere")


def test_rows_are_only_added_and_the_same_word_once(store: Store) -> None:
    for state in (IN, OUT, IN, IN):
        say(store, state, START + (HOUR if state is OUT else 0 * HOUR))
    with store.read() as session:
        assert [row.state for row in session.exec(select(ConsentRow))] == [IN, OUT]


def test_a_dead_number_stays_dead_until_a_person_says_otherwise(store: Store) -> None:
    with store.write() as session:
        assert consent.mark_dead(session, org=ORG, address=PHONE, why="no_fax", at=START)
        assert not consent.mark_dead(session, org=ORG, address=PHONE, why="busy", at=START)
        assert consent.is_dead(session, ORG, PHONE)
        assert not consent.is_dead(session, "elsewhere", PHONE)
        consent.revive(session, org=ORG, address=PHONE, since=START + HOUR)
        assert consent.is_dead(session, ORG, PHONE), "another word than the one taken back"
        consent.revive(session, org=ORG, address=PHONE)
        consent.revive(session, org=ORG, address=PHONE)
        assert not consent.is_dead(session, ORG, PHONE)
