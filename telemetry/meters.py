"""What this process counts, in the Prometheus format; labels are words of ours, never ids.

One registry a process. Gauges about the whole record are not here but in ``web.gauges``, because
every process would tell the same.
"""

from __future__ import annotations

import re
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY: Final = CollectorRegistry()
OTHER: Final = "other"
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_MINUTE, _HOUR = 60, 3600

HTTP_REQUESTS: Final = Counter(
    "referral_loop_http_requests",
    "Requests answered, by the route's template and, where refused, our code",
    ("method", "route", "status", "code"),
    registry=REGISTRY,
)
HTTP_SECONDS: Final = Histogram(
    "referral_loop_http_request_seconds",
    "How long an answer took, in real time",
    ("route",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
EVENTS_TAKEN: Final = Counter(
    "referral_loop_events_taken",
    "Events from outside at the door: accepted, repeated, rejected or reused (an id come twice)",
    ("org", "origin", "kind", "outcome"),
    registry=REGISTRY,
)
EVENTS_SETTLED: Final = Counter(
    "referral_loop_events_settled",
    "What became of accepted events: applied, waiting for their referral, a task, or put_off",
    ("org", "outcome"),
    registry=REGISTRY,
)
DECISIONS: Final = Counter(
    "referral_loop_decisions",
    "Staff decisions asked for: done, pending (no worker), or refused",
    ("org", "kind", "outcome"),
    registry=REGISTRY,
)
DECISIONS_REFUSED: Final = Counter(
    "referral_loop_decisions_refused",
    "Staff decisions that the referral's state does not allow, by the code of the refusal",
    ("org", "code"),
    registry=REGISTRY,
)
SENDS: Final = Counter(
    "referral_loop_sends",
    "Turns of the crank: sent, held, failed (one channel is spent) or dropped (for good)",
    ("org", "kind", "channel", "verdict"),
    registry=REGISTRY,
)
ACKNOWLEDGED: Final = Histogram(
    "referral_loop_acknowledgement_seconds",
    "From a referral's arrival to the source's thanks going out; promised within 24 hours",
    ("org",),
    buckets=(
        *(5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
        *(hours * _HOUR for hours in (1, 2, 4, 8, 12, 16, 20, 24, 36, 48, 72)),
    ),
    registry=REGISTRY,
)
ACTIVITY_FAILURES: Final = Counter(
    "referral_loop_activity_failures",
    "Activities that failed and are tried again, by our code or the exception's class",
    ("activity", "code"),
    registry=REGISTRY,
)
CHORES: Final = Counter(
    "referral_loop_chore_runs",
    "Runs of the chores: done or failed",
    ("chore", "outcome"),
    registry=REGISTRY,
)
CHORE_DONE_AT: Final = Gauge(
    "referral_loop_chore_done_timestamp_seconds",
    "When this worker last ended a chore well",
    ("chore",),
    registry=REGISTRY,
)
UNREADABLE_PAYLOADS: Final = Counter(
    "referral_loop_unreadable_payloads",
    "Payloads that could not be decrypted: unknown_key (put it back) or payload_damaged",
    ("code",),
    registry=REGISTRY,
)
POLICY_FILE: Final = Gauge(
    "referral_loop_policy_file",
    "1 for how the policy file stands to what this process runs: current, changed or wrong",
    ("org", "state"),
    registry=REGISTRY,
)
LOG_LINES_LOST: Final = Counter(
    "referral_loop_log_lines_lost",
    "Log lines that could not be written, such as on a full disk",
    registry=REGISTRY,
)


def word(value: object) -> str:
    """A label's value: a word of ours as it is, anything else as ``other``."""
    text = str(value)
    return text if _WORD.fullmatch(text) else OTHER
