"""What the Temporal UI and CLI ask of a codec server: payloads as JSON in, payloads as JSON out."""

from __future__ import annotations

from google.protobuf import json_format
from temporalio.api.common.v1 import Payloads

from engine.codec import KeyRing, LoopCodec
from models.errors import BadRequest, LoopError


async def decode(body: bytes, keyring: KeyRing) -> bytes:
    """The payloads of a request, decrypted; those that were never encrypted stay as they are.

    Raises BadRequest for anything but payloads, and, with the codec's own code and sentence, for a
    key it has not and for payloads that were altered: here they come from whoever asks.
    """
    payloads = _read(body)
    try:
        plain = await LoopCodec(keyring).decode(list(payloads.payloads))
    except LoopError as error:
        raise BadRequest(error.sentence, code=error.code) from None
    return json_format.MessageToJson(Payloads(payloads=plain)).encode()


async def encode(body: bytes, keyring: KeyRing) -> bytes:
    """The payloads of a request, encrypted with the current key; the UI sends signals with it."""
    payloads = _read(body)
    hidden = await LoopCodec(keyring).encode(list(payloads.payloads))
    return json_format.MessageToJson(Payloads(payloads=hidden)).encode()


def _read(body: bytes) -> Payloads:
    try:
        return json_format.Parse(body, Payloads(), ignore_unknown_fields=True)
    except (json_format.ParseError, UnicodeDecodeError):
        raise BadRequest("Expected the JSON of Temporal payloads.", code="bad_payloads") from None
