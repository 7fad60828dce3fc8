"""The codec: what goes in comes out, whoever has the key, and nobody else."""

from __future__ import annotations

import base64

import pytest
from temporalio.api.common.v1 import Payload

from engine.codec import KEY_ID, MARKER, KeyRing, LoopCodec
from models.errors import ConfigError, LoopError

PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"Ramona Sentinel, knee"')
OLD, NEW = KeyRing.generate("k1"), KeyRing.generate("k2")


async def one(codec: LoopCodec, payload: Payload) -> Payload:
    (encoded,) = await codec.encode([payload])
    return encoded


async def test_what_is_encrypted_comes_back_and_is_not_readable() -> None:
    codec = LoopCodec(KeyRing.parse(OLD))
    sealed = await one(codec, PLAIN)
    assert sealed.metadata["encoding"] == MARKER
    assert sealed.metadata[KEY_ID] == b"k1"
    assert b"Sentinel" not in sealed.SerializeToString()
    assert await codec.decode([sealed]) == [PLAIN]


async def test_compresses_before_it_encrypts() -> None:
    long = Payload(metadata={"encoding": b"json/plain"}, data=b"a word and " * 1000)
    assert len((await one(LoopCodec(KeyRing.parse(OLD)), long)).data) < 200


async def test_two_encryptions_of_one_payload_differ() -> None:
    codec = LoopCodec(KeyRing.parse(OLD))
    assert (await one(codec, PLAIN)).data != (await one(codec, PLAIN)).data


async def test_running_twice_changes_nothing() -> None:
    codec = LoopCodec(KeyRing.parse(OLD))
    once = await codec.encode([PLAIN])
    assert await codec.encode(once) == once
    opened = await codec.decode(once)
    assert await codec.decode(opened) == opened == [PLAIN]


async def test_a_payload_without_our_marker_passes_through() -> None:
    assert await LoopCodec(KeyRing.parse(OLD)).decode([PLAIN]) == [PLAIN]


async def test_after_rotation_old_payloads_open_and_new_ones_use_the_new_key() -> None:
    sealed = await one(LoopCodec(KeyRing.parse(OLD)), PLAIN)
    rotated = LoopCodec(KeyRing.parse(f"{NEW},{OLD}"))
    assert await rotated.decode([sealed]) == [PLAIN]
    assert (await one(rotated, PLAIN)).metadata[KEY_ID] == b"k2"


async def test_a_key_that_is_gone_is_named() -> None:
    sealed = await one(LoopCodec(KeyRing.parse(OLD)), PLAIN)
    with pytest.raises(ConfigError, match="'k1'") as caught:
        await LoopCodec(KeyRing.parse(NEW)).decode([sealed])
    assert caught.value.code == "unknown_key"


def flip_data(sealed: Payload) -> None:
    sealed.data = sealed.data[:-1] + bytes([sealed.data[-1] ^ 1])


def flip_nonce(sealed: Payload) -> None:
    sealed.data = bytes([sealed.data[0] ^ 1]) + sealed.data[1:]


def cut_short(sealed: Payload) -> None:
    sealed.data = sealed.data[:5]


def rename_key(sealed: Payload) -> None:
    sealed.metadata[KEY_ID] = b"twin"


@pytest.mark.parametrize("tamper", [flip_data, flip_nonce, cut_short, rename_key])
async def test_tampering_is_noticed(tamper: object) -> None:
    # "twin" is the same key under another name: only the associated data tells them apart.
    _, _, encoded = OLD.partition(":")
    codec = LoopCodec(KeyRing.parse(f"{OLD},twin:{encoded}"))
    sealed = await one(codec, PLAIN)
    tamper(sealed)
    with pytest.raises(LoopError) as caught:
        await codec.decode([sealed])
    assert caught.value.code == "payload_damaged"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "key 1 must be written"),
        ("nocolon", "key 1 must be written"),
        (f"{OLD},bad id:AAAA", "key 2 must be written"),
        ("k1:not*base64", "'k1' is not valid base64"),
        (f"k1:{base64.b64encode(b'short').decode()}", "'k1' must be 32 bytes"),
        (f"{OLD},{OLD}", "'k1' is listed twice"),
    ],
    ids=["empty", "no_name", "bad_name", "not_base64", "short", "twice"],
)
def test_a_wrong_key_ring_is_refused_without_showing_the_key(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        KeyRing.parse(text)
    assert "not*base64" not in str(caught.value)
    assert "bad id" not in str(caught.value)


def test_keys_never_print() -> None:
    _, _, encoded = OLD.partition(":")
    ring = KeyRing.parse(OLD)
    assert encoded not in repr(ring)
    assert repr(base64.b64decode(encoded)) not in repr(ring)
