"""A number is called by one person at a time (policy.md rule 18)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.errors import Refused
from store import calls
from store.engine import Store
from tests.store.world import ORG, START

NUMBER = "+15185550150"
TEN = timedelta(minutes=10)


def test_a_number_is_locked_until_the_call_is_over(store: Store) -> None:
    with store.write() as session:
        lock = calls.lock(session, ORG, NUMBER, by="dana", at=START, until=START + TEN)
        assert (lock.by, lock.until) == ("dana", START + TEN)
    with store.write() as session:
        with pytest.raises(Refused) as refused:
            calls.lock(session, ORG, NUMBER, by="wes", at=START + TEN / 2, until=START + TEN)
        assert refused.value.code == "number_locked"
        assert "dana" in refused.value.sentence
        assert NUMBER not in refused.value.sentence
        again = calls.lock(
            session, ORG, NUMBER, by="dana", at=START + TEN / 2, until=START + 2 * TEN
        )
        assert again.until == START + 2 * TEN
    with store.write() as session:
        assert not calls.unlock(session, ORG, NUMBER, by="wes")
        assert calls.unlock(session, ORG, NUMBER, by="dana")
        assert not calls.unlock(session, ORG, NUMBER, by="dana")
        assert calls.lock(session, ORG, NUMBER, by="wes", at=START, until=START + TEN).by == "wes"


def test_a_lock_that_has_run_out_is_anybodys(store: Store) -> None:
    with store.write() as session:
        calls.lock(session, ORG, NUMBER, by="dana", at=START, until=START + TEN)
        found = calls.lock(session, ORG, NUMBER, by="wes", at=START + TEN, until=START + 2 * TEN)
        assert found.by == "wes"
        assert calls.lock(session, "other", NUMBER, by="dana", at=START, until=START + TEN)
