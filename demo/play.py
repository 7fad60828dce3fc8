"""Plays the script: every event at its virtual time, a worker killed on the way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from demo.crew import Crew
from demo.life import ZONE, Life, Line
from demo.lives import DAYS
from demo.show import Show
from demo.stage import Stage
from models.errors import EngineUnavailable

# The worker dies on this day, while time is passing for everybody.
KILL_ON_DAY = 14
CHORES_EVERY = timedelta(days=7)


@dataclass(frozen=True)
class Moment:
    """One stop of virtual time."""

    at: datetime
    line: Line | None = None
    chores: bool = False
    kill: bool = False


async def play(stage: Stage, crew: Crew, lives: list[Life], show: Show) -> datetime:
    """Play everything and answer the virtual time at which it ended.

    Lines at one moment keep the order in which they were written.
    """
    opening = lives[0].when(0, "00:00")
    end = lives[0].when(DAYS, "12:00")
    for moment in _moments(lives, opening, end):
        if moment.at > stage.skipper.now:
            await _advance(stage, crew, moment, show)
            show.catch_up()
        if moment.line is not None:
            await _happen(stage, moment.line, show)
        if moment.chores:
            await stage.sweep()
        show.catch_up()
    await stage.advance(end)
    await stage.sweep()
    show.catch_up()
    return end


async def _advance(stage: Stage, crew: Crew, moment: Moment, show: Show) -> None:
    if not moment.kill:
        await stage.advance(moment.at)
        return
    passing = asyncio.create_task(stage.advance(moment.at))
    await crew.kill()
    await passing
    show.catch_up()  # what went out before that moment comes first
    show.killed(moment.at)


async def _happen(stage: Stage, line: Line, show: Show) -> None:
    code = await stage.happen(line)
    if code is not None:
        raise EngineUnavailable(f"The HTTP door refused what the script tells: {code}.")
    if line.life in stage.referral_ids:
        show.name(stage.referral_ids[line.life], line.life)
    show.heard(line)
    await stage.settle()


def _moments(lives: list[Life], opening: datetime, end: datetime) -> list[Moment]:
    moments = [Moment(line.at, line=line) for life in lives for line in life.lines]
    day = opening + CHORES_EVERY
    while day < end:
        moments.append(Moment(day, chores=True))
        day += CHORES_EVERY
    kill = datetime.combine(opening.date() + timedelta(days=KILL_ON_DAY), time(10, 30), ZONE)
    moments.append(Moment(kill, kill=True))
    return sorted(moments, key=lambda moment: moment.at)
