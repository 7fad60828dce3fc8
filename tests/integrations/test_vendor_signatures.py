"""Our signatures before the judges: the verifiers of the vendors' own libraries."""

from __future__ import annotations

import base64
import importlib.util
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from integrations.fax import telnyx_signature
from integrations.sms import twilio_signature
from models.errors import NotAllowed

TOKEN = "0123456789abcdef0123456789abcdef"
ADDRESS = "https://hooks.example.org/callbacks/twilio/riverside/status?ref=rl_1"
FORM = [("To", "+15185550150"), ("Body", "Añ 1+1 & so on"), ("MessageSid", "SM1")]
WINDOW = timedelta(minutes=5)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)


@given(st.dictionaries(WORDS.filter(bool), WORDS, max_size=8))
def test_twilios_own_validator_takes_our_signature(fields: dict[str, str]) -> None:
    from twilio.request_validator import RequestValidator

    made = twilio_signature.sign(TOKEN, ADDRESS, list(fields.items()))
    assert RequestValidator(TOKEN).validate(ADDRESS, fields, made)


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS.replace(".org/", ".org:443/")])
def test_we_take_twilios_own_signature_with_the_port_or_without(address: str) -> None:
    from twilio.request_validator import RequestValidator

    made = RequestValidator(TOKEN).compute_signature(address, dict(FORM))
    twilio_signature.verify(made, ADDRESS, FORM, tokens=["another", TOKEN])


@pytest.mark.parametrize(
    ("address", "form", "token"),
    [
        (ADDRESS + "2", FORM, TOKEN),
        (ADDRESS, [*FORM, ("Body", "STOP")], TOKEN),
        (ADDRESS, FORM[:2], TOKEN),
        (ADDRESS, FORM, TOKEN[::-1]),
        (ADDRESS.replace("https", "http"), FORM, TOKEN),
    ],
)
def test_what_was_changed_on_the_way_is_refused(
    address: str, form: list[tuple[str, str]], token: str
) -> None:
    made = twilio_signature.sign(TOKEN, ADDRESS, FORM)
    with pytest.raises(NotAllowed, match="not signed"):
        twilio_signature.verify(made, address, form, tokens=[token])


@pytest.fixture(scope="module")
def telnyx_verifier() -> Any:
    """Their verifier alone: the package around it takes seconds to import."""
    package = importlib.util.find_spec("telnyx")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "lib" / "webhook_verification.py"
    spec = importlib.util.spec_from_file_location("telnyx_webhook_verification", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@given(st.binary(max_size=300))
def test_telnyx_own_verifier_takes_our_signature(telnyx_verifier: Any, body: bytes) -> None:
    text = body.decode("latin-1")
    headers = telnyx_signature.sign(KEY, text.encode(), datetime.now(UTC))
    telnyx_verifier.verify_webhook_signature(text, headers, PUBLIC)
    with pytest.raises(telnyx_verifier.WebhookVerificationError):
        telnyx_verifier.verify_webhook_signature(text + " ", headers, PUBLIC)


def test_we_take_a_signature_that_was_made_with_their_library() -> None:
    from nacl.signing import SigningKey

    now = datetime.now(UTC)
    stamp = str(int(now.timestamp()))
    made = SigningKey(bytes(range(32))).sign(stamp.encode() + b"|{}").signature
    headers = {
        telnyx_signature.SIGNATURE: base64.b64encode(made).decode(),
        telnyx_signature.TIMESTAMP: stamp,
    }
    telnyx_signature.verify(headers, b"{}", public_key=PUBLIC, now=now, window=WINDOW)


@pytest.mark.parametrize(
    ("changes", "body", "late", "code"),
    [
        ({}, b"{ }", timedelta(), "bad_signature"),
        ({telnyx_signature.TIMESTAMP: "1"}, b"{}", timedelta(), "bad_signature"),
        ({telnyx_signature.TIMESTAMP: "soon"}, b"{}", timedelta(), "bad_signature"),
        ({telnyx_signature.SIGNATURE: "?"}, b"{}", timedelta(), "bad_signature"),
        ({telnyx_signature.SIGNATURE: ""}, b"{}", timedelta(), "bad_signature"),
        ({}, b"{}", timedelta(minutes=6), "stale_timestamp"),
        ({}, b"{}", -timedelta(minutes=6), "stale_timestamp"),
    ],
)
def test_another_body_another_moment_or_an_old_one_is_refused(
    changes: dict[str, str], body: bytes, late: timedelta, code: str
) -> None:
    now = datetime.now(UTC)
    headers = {**telnyx_signature.sign(KEY, b"{}", now), **changes}
    with pytest.raises(NotAllowed) as refused:
        telnyx_signature.verify(headers, body, public_key=PUBLIC, now=now + late, window=WINDOW)
    assert refused.value.code == code


@pytest.mark.parametrize("key", ["", "AAAA", "not base64 at all", PUBLIC + "AAAA"])
def test_a_key_that_is_none_is_found_before_it_is_needed(key: str) -> None:
    assert telnyx_signature.check_key(key) is not None
    assert telnyx_signature.check_key(PUBLIC) is None
