"""Every error this project raises, as one tree.

::

    LoopError
    ├── UserError                 the caller can fix it by changing the request (HTTP 4xx, exit 2)
    │   ├── BadRequest            malformed or impossible content
    │   ├── NotAllowed            signature, token or role does not permit it
    │   │   └── Forbidden         known who asks, and still no
    │   ├── TooMany               asked or tried too often; wait
    │   ├── NotFound              no such organization, referral, task
    │   ├── Conflict              the same id with another body, or a stale version token
    │   ├── TooLarge              over a stated size limit
    │   └── ConfigError           policy file or settings; names key and line
    ├── Refused                   a decision that the referral's state does not allow
    ├── ChannelError              a vendor said no; carries a verdict
    ├── CannotTell                a vendor cannot say whether our message exists; a person decides
    ├── EngineUnavailable         Temporal cannot be reached or had
    └── StoreUnavailable          the database cannot be reached

Each leaf has a stable ``code``, a sentence that says what to do, and ``retryable``.
Sentences never contain facts about a patient.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class LoopError(Exception):
    """Base of the tree; ``code`` is stable, ``sentence`` is for people."""

    code = "internal"
    retryable = False
    http_status = 500

    def __init__(self, sentence: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
        if code is not None:
            self.code = code


class UserError(LoopError):
    """The caller can fix it by changing the request."""

    code = "bad_request"
    http_status = 400


class BadRequest(UserError):
    """The content is malformed or impossible."""


class NotAllowed(UserError):
    """The signature, token or role does not permit it."""

    code = "not_allowed"
    http_status = 401


class Forbidden(NotAllowed):
    """It is known who asks, and this is not for them."""

    code = "forbidden"
    http_status = 403


class TooMany(UserError):
    """Asked or tried too often; it goes on after a wait."""

    code = "too_many"
    http_status = 429
    retryable = True


class NotFound(UserError):
    """There is no such organization, referral, task or document."""

    code = "not_found"
    http_status = 404


class Conflict(UserError):
    """The same id was used for something else, or the version token is stale."""

    code = "conflict"
    http_status = 409


class TooLarge(UserError):
    """The content is over a stated limit."""

    code = "too_large"
    http_status = 413


class ConfigError(UserError):
    """A settings value or a policy key is wrong; the sentence names file, key and line."""

    code = "config"
    http_status = 500


class Refused(LoopError):
    """The referral's state does not allow this decision; nothing was written."""

    code = "refused"
    http_status = 409


class Verdict(StrEnum):
    """What a refused delivery means for the next step."""

    PERMANENT = "permanent"  # this address will never take it: next rung of the ladder
    LATER = "later"  # busy, throttled, temporarily down: same rung again at retry_at
    FIX = "fix"  # our content or account is wrong: a person of ours must act
    PERSON = "person"  # nobody can tell by machine


class ChannelError(LoopError):
    """A vendor answered that it did not take the message."""

    code = "channel"
    http_status = 502

    def __init__(
        self,
        code: str,
        sentence: str,
        *,
        verdict: Verdict,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(sentence, code=code)
        self.verdict = verdict
        self.retry_at = retry_at
        self.retryable = verdict is Verdict.LATER


class CannotTell(LoopError):
    """After a lost answer the vendor cannot say whether it has our message."""

    code = "cannot_tell"
    http_status = 502


class EngineUnavailable(LoopError):
    """Temporal cannot be reached, or no server can be had on this machine."""

    code = "engine_unavailable"
    retryable = True
    http_status = 503


class StoreUnavailable(LoopError):
    """The database cannot be reached."""

    code = "store_unavailable"
    retryable = True
    http_status = 503
