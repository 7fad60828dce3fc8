"""The parts of the report that are no figures of a month, as questions that open to referrals.

A step of the funnel and an age of the open referrals are asked as a measure is, so that one page
shows who is behind either; what its three lists are called is said here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from models.monthly import AGES
from models.referral import Stage
from store.report.asks import How, Measure, Month
from store.report.behind import Which
from store.report.measures import MEASURES
from store.report.scope import Period
from store.report.shape import BEFORE_CARE, STEPS, far, of_age
from store.tables import LedgerRow as L


class Part(NamedTuple):
    """A question, and what the lists of its answers are called."""

    measure: Measure
    tabs: Mapping[Which, str]


def _step(place: int) -> Part:
    name, says = STEPS[place]
    last = place == len(STEPS) - 1

    def came(_: Period) -> ColumnElement[bool]:
        return far() >= place

    def further(_: Period) -> ColumnElement[bool]:
        return far() > place

    def under_way(_: Period) -> ColumnElement[bool]:
        return and_(col(L.stage) != Stage.CLOSED, col(L.discharged_on).is_(None))

    measure = Measure(
        f"step_{name}",
        says,
        "The referrals received in the month that came this far, whether a later step was told or "
        "not.",
        How.COUNT,
        came,
        "",
        counts=None if last else further,
        still=None if last else under_way,
    )
    tabs = {Which.COUNTED: "Went on", Which.OTHERS: "Lost", Which.OPEN: "Still on the way"}
    return Part(measure, {Which.COUNTED: "Came this far"} if last else tabs)


def _age(place: int) -> Part:
    measure = Measure(
        f"open_{place}",
        f"Open for {AGES[place][2]}",
        "All that are open as of the report, whichever month they came in, by days since then.",
        How.COUNT,
        lambda period: of_age(period, place),
        "",
        month=Month.ANY,
        counts=_waiting,
    )
    return Part(measure, {Which.COUNTED: "Before the first visit", Which.OTHERS: "In care"})


def _waiting(_: Period) -> ColumnElement[bool]:
    return col(L.stage).in_(BEFORE_CARE)


def _figure(measure: Measure) -> Part:
    tabs = {Which.COUNTED: "Counted", Which.OTHERS: "Not counted"}
    if measure.counts is None and measure.column is None:
        return Part(measure, {Which.COUNTED: "Counted"})
    return Part(measure, tabs if measure.still is None else {**tabs, Which.OPEN: "Still open"})


PARTS: Final[Mapping[str, Part]] = {
    part.measure.name: part
    for part in (
        *(_figure(measure) for measure in MEASURES.values()),
        *(_step(place) for place in range(len(STEPS))),
        *(_age(place) for place in range(len(AGES))),
    )
}
