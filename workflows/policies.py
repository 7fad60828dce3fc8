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

# Longer than every vendor's own time-out (integrations keep theirs at 20 s or less), so that a
# lost answer is met by the adapter, which can look the message up, and not by the engine.
SEND_TIMEOUT = timedelta(seconds=60)
SEND_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=10),
)

CHORE_TIMEOUT = timedelta(minutes=5)
CHORE_RETRY = RetryPolicy(maximum_attempts=3)
