"""How long an activity may take and how it is tried again, by what it touches."""

from __future__ import annotations

from datetime import timedelta

from temporalio.common import RetryPolicy

# Our own store answers in milliseconds; while it is locked or gone the activity simply waits its
# turn again, for as long as it takes: nothing may go quiet because a disk was full.
STORE_TIMEOUT = timedelta(seconds=15)
STORE_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=5),
)

# Longer than the latest start of a vendor's call and the call itself (activities/post.py), so that
# a call is over when the engine gives its turn to another worker; no longer, because a worker that
# died is noticed by this alone. No heartbeats: nothing tells a worker that one has arrived, so a
# call under way could not rely on it, and a shorter limit would let two send.
SEND_TIMEOUT = timedelta(seconds=35)
SEND_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=10),
)

CHORE_TIMEOUT = timedelta(minutes=5)
CHORE_RETRY = RetryPolicy(maximum_attempts=3)

# A month of a large organization is counted in seconds; closing it reads a few rows.
REPORT_TIMEOUT = timedelta(minutes=2)
