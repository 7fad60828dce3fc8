"""The Standard Webhooks signature with time as an argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.emr.events import EventsReader
from integrations.emr.signature import check_secret, sign, verify
from models.contracts import RawRequest
from models.errors import BadRequest, NotAllowed

AT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=5)
OLD = "whsec_" + "b2xkIHNlY3JldCBvZiB0aGUgb3JnYW5pemF0aW9u"
NEW = "whsec_" + "bmV3IHNlY3JldCBvZiB0aGUgb3JnYW5pemF0aW9u"


def check(
    headers: dict[str, str], body: bytes = b"{}", *, secrets: tuple[str, ...] = (OLD,)
) -> str:
    return verify(headers, body, secrets=secrets, now=AT, window=WINDOW)


def test_both_secrets_sign_while_one_is_rotated() -> None:
    for secret in (OLD, NEW):
        assert check(sign(secret, "e-1", AT, b"{}"), secrets=(NEW, OLD)) == "e-1"
    with pytest.raises(NotAllowed):
        check(sign(OLD, "e-1", AT, b"{}"), secrets=(NEW,))
    with pytest.raises(NotAllowed):
        check(sign(OLD, "e-1", AT, b"{}"), secrets=())


def test_one_good_signature_among_several_is_enough() -> None:
    headers = sign(OLD, "e-1", AT, b"{}")
    headers["webhook-signature"] = f"v1,AAAA v1a,other {headers['webhook-signature']} nonsense"
    assert check(headers) == "e-1"


def test_the_window_is_closed_on_both_sides_and_told_only_to_the_signer() -> None:
    for off in (-300, 300):
        assert check(sign(OLD, "e-1", AT + timedelta(seconds=off), b"{}")) == "e-1"
    for off in (-301, 301):
        with pytest.raises(NotAllowed) as stale:
            check(sign(OLD, "e-1", AT + timedelta(seconds=off), b"{}"))
        assert stale.value.code == "stale_timestamp"
        with pytest.raises(NotAllowed) as forged:
            check(sign(NEW, "e-1", AT + timedelta(seconds=off), b"{}"))
        assert forged.value.code == "bad_signature"


@pytest.mark.parametrize("event_id", ["x" * 101, "a\tb"])
def test_an_id_we_cannot_keep_is_refused(event_id: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check(sign(OLD, event_id, AT, b"{}"))
    assert refused.value.code == "bad_event_id"


@pytest.mark.parametrize("stamp", ["253402300800", "999999999999", "99999999999", "0", "-1", "1e9"])
def test_a_timestamp_no_calendar_has_is_no_signature(stamp: str) -> None:
    headers = sign(OLD, "e-1", AT, b"{}") | {"webhook-timestamp": stamp}
    with pytest.raises(NotAllowed) as refused:
        check(headers)
    assert refused.value.code == "bad_signature"


@given(
    st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]),
        st.text(max_size=30),
    ),
    st.binary(max_size=30),
)
def test_whatever_comes_is_refused_with_an_error_of_ours(
    headers: dict[str, str], body: bytes
) -> None:
    with pytest.raises((NotAllowed, BadRequest)):
        check(headers, body)


def test_the_reader_takes_header_names_in_any_case() -> None:
    body = b'{"type": "patient_died", "at": "2026-01-05T15:00:00Z", "referral": {"id": "ref_1"}}'
    headers = {name.title(): value for name, value in sign(OLD, "e-1", AT, body).items()}
    request = RawRequest(origin="events", headers=headers, body=body, received_at=AT)
    ((event_id, event),) = EventsReader([OLD], WINDOW).read(request)
    assert (event_id, event.type) == ("e-1", "patient_died")


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        (OLD, None),
        ("b2xkIHNlY3JldCBvZiB0aGUgb3JnYW5pemF0aW9u", "must begin"),
        ("whsec_%%%", "not base64"),
        ("whsec_c2hvcnQ=", "24 to 64 bytes"),
    ],
)
def test_a_secret_is_checked_before_it_is_used(secret: str, problem: str | None) -> None:
    found = check_secret(secret)
    assert (found is None) if problem is None else (problem in (found or ""))
