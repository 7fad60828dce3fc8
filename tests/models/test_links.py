"""The link in a patient's text: ours, for one thing, for a while, and silent about the patient."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.facts import PatientReplied, ReferralWithdrawn, RequestConfirmed
from models.ids import new_id
from models.links import LENGTH, Link, LinkKeys, Pages, Purpose, usable
from models.referral import Referral
from tests.lives import Life, discharged, evaluated, on, received

START = datetime(2026, 1, 12, 15, tzinfo=UTC)
OLD, NEW = b"o" * 32, b"n" * 32
KEYS = LinkKeys([NEW, OLD])
LINK = Link(Purpose.VISIT, "ref_7gk2mz4vhtqp", START, 7)


def test_a_token_says_what_it_was_made_of() -> None:
    token = KEYS.token("riverside", LINK)
    assert KEYS.read(token) == LINK
    assert KEYS.verified("riverside", token)
    assert LINK.expires_at == START + timedelta(days=7)


@given(st.integers(0, 30 * 365 * 24 * 60), st.integers(1, 255))
def test_every_link_comes_back_from_its_token(minutes: int, days: int) -> None:
    made = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    link = Link(Purpose.CHECK_IN, new_id("ref"), made, days)
    token = KEYS.token("riverside", link)
    assert len(token) == LENGTH
    assert token.isalnum()
    assert KEYS.read(token) == link


@pytest.mark.parametrize("place", range(LENGTH))
def test_one_other_letter_and_it_is_not_ours(place: int) -> None:
    token = KEYS.token("riverside", LINK)
    other = "0" if token[place] != "0" else "1"
    assert not KEYS.verified("riverside", token[:place] + other + token[place + 1 :])


@pytest.mark.parametrize(
    "token", ["", "x", "A" * (LENGTH - 1), "z" * LENGTH, "0" * LENGTH, "é" * LENGTH, "-" * LENGTH]
)
def test_what_is_no_token_is_none(token: str) -> None:
    assert not KEYS.verified("riverside", token)
    found = KEYS.read(token)
    assert found is None


def test_a_link_of_another_organization_or_key_is_not_ours() -> None:
    token = KEYS.token("riverside", LINK)
    assert not KEYS.verified("lakeside", token)
    assert not LinkKeys([OLD]).verified("riverside", token)


def test_a_link_lives_through_a_rotation_and_no_longer() -> None:
    token = LinkKeys([OLD]).token("riverside", LINK)
    assert KEYS.verified("riverside", token)
    assert not LinkKeys([NEW]).verified("riverside", token)


def test_the_key_is_made_over_for_this_use() -> None:
    body = b"\1" + b"\0" * 12
    plain = hmac.digest(NEW, b"riverside\0" + body, "sha256")[:9]
    assert KEYS._mac(KEYS._keys[0], "riverside", body) != plain


def test_an_address_lives_full_days_and_is_the_same_within_a_minute() -> None:
    pages = Pages("https://clinic.example", KEYS)
    until = START + timedelta(days=7)
    first = pages.address("riverside", Purpose.VISIT, LINK.referral_id, START, until)
    later = START + timedelta(seconds=50)
    assert first == pages.address("riverside", Purpose.VISIT, LINK.referral_id, later, until)
    assert len(first) == len("https://clinic.example/p/") + LENGTH
    found = KEYS.read(first.rpartition("/")[2])
    assert found is not None
    assert found.expires_at == until
    assert pages.address("riverside", Purpose.VISIT, "R-1", START, until) == ""


def corrected(day: int) -> RequestConfirmed:
    given = {"at": on(START, day), "by": "dana", "corrected": ("patient.phone",), "further": True}
    return RequestConfirmed.model_validate(given)


STRANGER = PatientReplied.model_validate(
    {"at": on(START, 1), "reply_id": "m1", "meaning": "wrong_number"}
)
USE: list[tuple[str, Life, bool, bool]] = [
    ("asked for a time", [], True, True),
    ("a stranger has the number", [STRANGER], False, False),
    ("the number was corrected since", [STRANGER, corrected(1)], False, False),
    ("the number was corrected before", [corrected(-1)], True, True),
    ("taken back by the office", [ReferralWithdrawn(at=on(START, 1))], False, False),
    ("evaluated: nothing to choose", evaluated(START, day=1), False, True),
    ("care has ended", [*evaluated(START, day=1), *discharged(START, 1)], False, True),
]


@pytest.mark.parametrize(("why", "facts", "visit", "check_in"), USE)
def test_what_ends_a_link_before_its_time(
    why: str, facts: Life, visit: bool, check_in: bool
) -> None:
    referral = Referral([received(START), *facts])
    now = on(START, 2)
    assert usable(referral, LINK, now) is visit, why
    assert usable(referral, LINK._replace(purpose=Purpose.CHECK_IN), now) is check_in, why
    assert not usable(referral, LINK, LINK.expires_at)
    assert LINK.expired(LINK.expires_at)
