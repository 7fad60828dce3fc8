"""What the Temporal UI and CLI ask of a codec server: payloads as JSON in, payloads as JSON out."""

from __future__ import annotations

from typing import Final, NamedTuple

from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

from engine.codec import KeyRing, LoopCodec
from models.errors import BadRequest, LoopError, TooLarge

# The UI asks for one event at a time, the CLI for one message; the engine keeps both below 4 MB,
# which base64 makes a third longer.
MOST_BYTES: Final = 6 * 1024 * 1024
MOST_PAYLOADS: Final = 2000


class Answer(NamedTuple):
    """The JSON to send back, and how many payloads it holds."""

    content: bytes
    number: int


def decode(body: bytes, keyring: KeyRing) -> Answer:
    """Payloads decrypted; those that were never encrypted stay as they are.

    Raises BadRequest ``bad_payloads`` and TooLarge; and BadRequest, with the codec's own code and
    sentence, for a key it has not and for payloads that were altered: here they come from whoever
    asks.
    """
    asked, codec = _read(body), LoopCodec(keyring)
    try:
        return _written([codec.decrypt(one) for one in asked.payloads])
    except LoopError as error:
        raise BadRequest(error.sentence, code=error.code) from None


def encode(body: bytes, keyring: KeyRing) -> Answer:
    """Payloads encrypted with the current key; the UI sends signals with it. Raises as decode."""
    codec = LoopCodec(keyring)
    return _written([codec.encrypt(one) for one in _read(body).payloads])


def _read(body: bytes) -> Payloads:
    if len(body) > MOST_BYTES:
        raise TooLarge(f"Ask for at most {MOST_BYTES // 1024**2} MiB of payloads at a time.")
    try:
        payloads = json_format.Parse(body, Payloads(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, TypeError):
        raise BadRequest("Expected the JSON of Temporal payloads.", code="bad_payloads") from None
    if len(payloads.payloads) > MOST_PAYLOADS:
        raise TooLarge(f"Ask for at most {MOST_PAYLOADS} payloads at a time.")
    return payloads


def _written(payloads: list[Payload]) -> Answer:
    told = json_format.MessageToJson(Payloads(payloads=payloads), indent=None)
    return Answer(told.encode(), len(payloads))
