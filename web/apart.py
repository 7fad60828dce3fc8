"""Work that takes seconds, in threads of its own.

Every page asks the database in the threads of ``asyncio.to_thread``, which are a few. Reports over
a year of referrals would take all of them as soon as some people, or one BI tool, ask at once, and
the front desk would wait behind them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
AT_ONCE: Final = 2
_THREADS: Final = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="apart")


async def apart(work: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
    """What ``asyncio.to_thread`` does, two at a time; who comes third waits for one of them."""
    told = partial(copy_context().run, work, *args, **named)
    return await asyncio.get_running_loop().run_in_executor(_THREADS, told)
