"""How fast work is handed on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.handoffs import FEWEST, HandOff, pace

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)


def done(kind: str, *, taken: int | None, ended: int) -> HandOff:
    taken_at = None if taken is None else AT + taken * HOUR
    return HandOff(kind, AT, taken_at, AT + ended * HOUR)


def test_medians_by_kind_the_busiest_first() -> None:
    calls = [done("call", taken=n, ended=2 * n) for n in (1, 2, 3, 4, 9)]
    more = [done("sign", taken=None, ended=n) for n in range(1, 7)]
    sign, call = pace([*calls, *more])
    assert (call.kind, call.done, call.taken) == ("call", 5, 5)
    assert (call.to_take, call.to_finish) == (3 * HOUR, 6 * HOUR)
    assert (sign.kind, sign.taken, sign.to_take) == ("sign", 0, None)
    assert sign.to_finish == 3.5 * HOUR


def test_too_few_say_nothing() -> None:
    (one,) = pace([done("call", taken=1, ended=2)] * (FEWEST - 1))
    assert (one.done, one.to_take, one.to_finish) == (FEWEST - 1, None, None)
    assert pace([]) == []


def test_a_task_told_late_took_no_time_rather_than_less() -> None:
    (one,) = pace([done("call", taken=-3, ended=-1)] * FEWEST)
    assert (one.to_take, one.to_finish) == (timedelta(0), timedelta(0))
