"""The link in a patient's text: signed, expiring, short, and without a word about the patient.

A token says what the link is for, which referral it belongs to, when it was made and how many days
it lives; an HMAC over all of it and the organization makes it ours. It is 30 letters and digits,
without a sign that a phone would leave out of the link. Nothing is stored when it is made, so the
same message worded twice has the same link. What ends a link before its time follows from the
facts (``usable``): the referral is over, or the number it was sent to proved to be a stranger's
(policy.md rule 17).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from models.answers import number_lost
from models.facts import RequestConfirmed

if TYPE_CHECKING:
    from models.referral import Referral

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ALPHABET: Final = "23456789bcdfghjkmnpqrstvwxyz"  # of models.ids
_REFERRAL: Final = re.compile(rf"ref_[{_ALPHABET}]{{12}}")
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
_ID_BYTES, _MADE_BYTES, _MAC_BYTES = 8, 3, 9
_BYTES: Final = 1 + _ID_BYTES + _MADE_BYTES + 1 + _MAC_BYTES
LENGTH: Final = 30  # letters and digits that 22 bytes take
_MINUTE: Final = timedelta(minutes=1)
_LONGEST: Final = 255  # days
_USE: Final = b"referral-loop: the links of patients, first version\0"


class Purpose(IntEnum):
    """What a link is for; one for another thing opens nothing."""

    VISIT = 1  # choose a time; confirm, move, forms once one is booked
    CHECK_IN = 2  # the one question after discharge


class Link(NamedTuple):
    """What a token says; ``made_at`` to the minute in UTC, ``days`` of 24 hours at most 255."""

    purpose: Purpose
    referral_id: str
    made_at: datetime
    days: int

    @property
    def expires_at(self) -> datetime:
        """When it stops to open anything."""
        return self.made_at + timedelta(days=self.days)

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return now >= self.expires_at


class LinkKeys:
    """Makes and reads tokens; the first key signs, all of them are believed.

    The keys are those that encrypt payloads (REFERRAL_LOOP_CODEC_KEYS), each made over for this
    one use: rotating them rotates links as well, and a link outlives its key by no more than a key
    that is kept for reading.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(hmac.digest(key, _USE, "sha256") for key in keys)
        if not self._keys:
            raise ValueError("links need a key")

    def token(self, org: str, link: Link) -> str:
        """The token of a link; raises ValueError for a referral id that we did not make."""
        body = _packed(link)
        return _spelled(body + self._mac(self._keys[0], org, body))

    def read(self, token: str) -> Link | None:
        """What a token claims, before anybody has checked it; None where it is none of ours."""
        content = _unspelled(token)
        return _unpacked(content[:-_MAC_BYTES]) if content is not None else None

    def verified(self, org: str, token: str) -> bool:
        """Whether we signed it for this organization; compared in constant time."""
        content = _unspelled(token)
        if content is None:
            return False
        body, mac = content[:-_MAC_BYTES], content[-_MAC_BYTES:]
        good = [hmac.compare_digest(self._mac(key, org, body), mac) for key in self._keys]
        return any(good)

    def _mac(self, key: bytes, org: str, body: bytes) -> bytes:
        return hmac.digest(key, org.encode() + b"\0" + body, "sha256")[:_MAC_BYTES]


class Pages:
    """The addresses of patients' pages under the one public address."""

    def __init__(self, base_url: str, keys: LinkKeys) -> None:
        self.base_url = base_url
        self.keys = keys

    def address(
        self, org: str, purpose: Purpose, referral_id: str, at: datetime, until: datetime
    ) -> str:
        """Where a link made at *at* leads; it lives full days, to *until* or a little longer.

        Empty for a referral whose id cannot be put into a link; the text then asks for days.
        """
        if not _REFERRAL.fullmatch(referral_id):
            return ""
        made = at.astimezone(UTC).replace(second=0, microsecond=0)
        days = min(max(1, -((made - until) // timedelta(days=1))), _LONGEST)
        return f"{self.base_url}/p/{self.keys.token(org, Link(purpose, referral_id, made, days))}"


def usable(r: Referral, link: Link, now: datetime) -> bool:
    """Whether a link that has not expired still opens its page.

    Not while a stranger has the number, nor afterwards for a link that may have gone to them: one
    made before the number was corrected. Not once the referral is over; a check-in is asked when
    care has ended, so its link lives on until the referral closes.
    """
    if link.expired(now) or r.over() or r.died() or number_lost(r) is not None:
        return False
    corrected = [c.at for c in r.all(RequestConfirmed) if "patient.phone" in c.corrected]
    if corrected and link.made_at + _MINUTE <= max(corrected):
        return False
    return link.purpose is not Purpose.VISIT or not r.evaluated_or_discharged()


def _packed(link: Link) -> bytes:
    if not _REFERRAL.fullmatch(link.referral_id):
        raise ValueError("a link needs one of our referral ids")
    number = 0
    for letter in link.referral_id.removeprefix("ref_"):
        number = number * len(_ALPHABET) + _ALPHABET.index(letter)
    made = ((link.made_at - _EPOCH) // _MINUTE).to_bytes(_MADE_BYTES, "big")
    return bytes([link.purpose]) + number.to_bytes(_ID_BYTES, "big") + made + bytes([link.days])


def _unpacked(body: bytes) -> Link | None:
    number = int.from_bytes(body[1 : 1 + _ID_BYTES], "big")
    letters = ""
    for _ in range(12):
        number, place = divmod(number, len(_ALPHABET))
        letters = _ALPHABET[place] + letters
    minutes = int.from_bytes(body[1 + _ID_BYTES : -1], "big")
    if number or body[0] not in set(Purpose):
        return None
    return Link(Purpose(body[0]), f"ref_{letters}", _EPOCH + minutes * _MINUTE, body[-1])


def _spelled(content: bytes) -> str:
    number, letters = int.from_bytes(content, "big"), ""
    for _ in range(LENGTH):
        number, place = divmod(number, len(_DIGITS))
        letters = _DIGITS[place] + letters
    return letters


def _unspelled(token: str) -> bytes | None:
    if len(token) != LENGTH or not all(letter in _DIGITS for letter in token):
        return None
    number = 0
    for letter in token:
        number = number * len(_DIGITS) + _DIGITS.index(letter)
    return number.to_bytes(_BYTES, "big") if number < 1 << (8 * _BYTES) else None
