"""Every number of the report as a question that opens to referrals.

A figure of the registry is one already. A step of the funnel, an age of the open referrals, a
channel, a reason, an answer and a group of outcomes are asked as a measure is, so that one page and
one address of the read API show who is behind any of them; what its lists are called is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, true
from sqlmodel import col

from models.errors import NotFound
from models.ids import SLUG
from models.ledger import Counted
from models.monthly import AGES, Unit
from store.ledger import known_at
from store.report import asks, beside, late, outcomes, shape, silence, sources
from store.report.asks import Asks, How, Measure, Month, Shown
from store.report.behind import Which
from store.report.measures import MEASURES
from store.report.scope import Period
from store.report.shape import BEFORE_CARE, CHANNELS, HEARD, LOST, ODD, STEPS
from store.tables import LedgerRow as L


class Part(NamedTuple):
    """A question, and what the lists of its answers are called."""

    measure: Measure
    tabs: Mapping[Which, str]


_COUNTED: Final = {Which.COUNTED: "Counted"}


def part(name: str) -> Part:
    """The part of a name; raises NotFound ``no_figure``.

    Reasons, answers, campaigns and groups of outcomes are named by their codes behind a dot, such
    as ``lost.reached.cost``, ``campaign.knee-week`` and ``outcome.post_op.knee.lefs.35``.
    """
    found = PARTS.get(name)
    family, *codes = name.split(".")
    if found is None and family in _BY_CODE and all(SLUG.fullmatch(one) for one in codes):
        found = _BY_CODE[family](name, codes)
    if found is None:
        raise NotFound("There is no such figure.", code="no_figure")
    return found


# --- of the month's referrals ---------------------------------------------------------------------


def _figure(measure: Measure) -> Part:
    if measure.name in beside.FIGURES:
        measure = measure._replace(shows=asks.always(*beside.FIGURES[measure.name]))
    tabs = {Which.COUNTED: "Counted", Which.OTHERS: "Not counted"}
    if measure.counts is None and measure.column is None:
        return Part(measure, _COUNTED)
    tabs = tabs if measure.still is None else {**tabs, Which.OPEN: "Still open"}
    return Part(measure, {**tabs, Which.ALL: "All who are asked"})


def _step(place: int) -> Part:
    name, says = STEPS[place]
    last = place == len(STEPS) - 1

    def came(_: Period) -> ColumnElement[bool]:
        return shape.far() >= place

    def further(_: Period) -> ColumnElement[bool]:
        return shape.far() > place

    def under_way(_: Period) -> ColumnElement[bool]:
        return ~shape.over()

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
        shows=asks.always(*(() if last else (beside.WHY,))),
    )
    if last:
        return Part(measure, {Which.COUNTED: "Came this far"})
    tabs = {Which.COUNTED: "Went on", Which.OTHERS: "Lost", Which.OPEN: "Still on the way"}
    return Part(measure, {**tabs, Which.ALL: "Came this far"})


def _lost(name: str, codes: list[str]) -> Part | None:
    places = {step: place for place, (step, _) in enumerate(STEPS[:-1])}
    if len(codes) != 2 or codes[0] not in places:
        return None
    place, reason = places[codes[0]], codes[1]

    def here(_: Period) -> ColumnElement[bool]:
        return and_(shape.far() == place, shape.over(), shape.why_lost() == reason)

    title = f"{STEPS[place][1]}, and lost: {LOST.get(reason, reason)}"
    return _received(name, title, "The referrals of the month that came no further.", here)


def _named(column: Any, title: str, words: Mapping[str, str]) -> Callable[..., Part | None]:
    def named(name: str, codes: list[str]) -> Part | None:
        if len(codes) != 1:
            return None
        (code,) = codes

        def said(_: Period) -> ColumnElement[bool]:
            return col(column) == code

        note = "The referrals received in the month of which this is told."
        return _received(name, f"{title}: {words.get(code, code)}", note, said)

    return named


def _odd(code: str, says: str) -> Part:
    return _received(
        f"odd_{code}",
        says.capitalize(),
        "The referrals received in the month of which a feed told what cannot be.",
        lambda _: shape.is_odd(code),
    )


def _received(name: str, title: str, note: str, of: Asks, **more: Any) -> Part:
    return Part(Measure(name, title, note, How.COUNT, of, "", **more), _COUNTED)


# --- what was sent --------------------------------------------------------------------------------


def _channel(channel: str, what: str) -> Part:
    name, says = CHANNELS[channel]
    column: Any = shape.went(name, what)
    measure = Measure(
        f"{channel}_{what}",
        f"{says}: {what}",
        "What went out for the referrals received in the month, whenever that was. The list shows "
        "of each referral how many.",
        How.SUM,
        lambda _: column > 0,
        "",
        column=column,
        shows=asks.always(*beside.CHANNELS[channel]),
    )
    return Part(measure, _COUNTED)


def _answered() -> Part:
    return _received(
        f"{shape.ANSWERS}_answered",
        f"{CHANNELS[shape.ANSWERS][1]}: answered",
        "The referrals received in the month whose patient wrote back.",
        asks.true_in(L.replied),
        shows=asks.always(*beside.CHANNELS[shape.ANSWERS]),
    )


# --- whichever month they came in -----------------------------------------------------------------


def _age(place: int) -> Part:
    measure = Measure(
        f"open_{place}",
        f"Open for {AGES[place][2]}",
        "All that are open as of the report, whichever month they came in, by days since then.",
        How.COUNT,
        lambda period: shape.of_age(period, place),
        "",
        month=Month.ANY,
        counts=lambda _: col(L.stage).in_(BEFORE_CARE),
    )
    tabs = {Which.COUNTED: "Before the first visit", Which.OTHERS: "In care"}
    return Part(measure, {**tabs, Which.ALL: "All"})


def _outcome(name: str, codes: list[str]) -> Part | None:
    """``outcome.<region>.<measure>.<first day>``, with ``post_op`` before the region."""
    windows = {str(first): (first, last) for _, first, last in outcomes.WINDOWS}
    after = codes[:1] == ["post_op"]
    told = codes[1:] if after else codes
    if len(told) != 3 or told[2] not in windows:
        return None
    region, instrument, window = told
    group = f"{outcomes.POST_OP}{region}" if after else region
    first, last = windows[window]

    def read(period: Period) -> outcomes.Reading:
        return outcomes.measured(period, group, instrument, first)

    measure = Measure(
        name,
        f"{outcomes.says(group)}, days {first} to {last}",
        "Those whose window ended in the twelve months that end with the report's, measured in it "
        "or not, and of who was the change from the first reading.",
        How.COUNT,
        lambda period: read(period).of,
        "",
        month=Month.ANY,
        counts=lambda period: read(period).percent.is_not(None),
        among=_standing_by_id,
        shows=lambda period: (
            Shown("Change for the better", read(period).percent, Unit.PERCENT),
            Shown("A meaningful change", read(period).meaningful),
        ),
        withheld=True,
    )
    tabs = {Which.COUNTED: "Measured", Which.OTHERS: "Not measured", Which.ALL: "All"}
    return Part(measure, tabs)


# Found by their ids, which are all of the organization: by its own index all lines would be read.


def _by_id(_: Period) -> ColumnElement[bool]:
    return true()


def _standing_by_id(period: Period) -> ColumnElement[bool]:
    ours = col(L.clinic_id).in_(period.clinics)
    return and_(ours, known_at(period.known), col(L.counted) == Counted.REFERRAL)


_APART: Final = (
    Measure(
        "also_sent",
        "Also sent",
        "Patients received in the month whom a source sent as well, and another is credited with.",
        How.COUNT,
        sources.sent_by_another,
        "",
        among=sources.also_sent,
    ),
    Measure(
        "late_arrived",
        "Became known after the month was closed",
        "Referrals of the month nobody knew of when it was closed, as they stand now. None is in "
        "its figures.",
        How.COUNT,
        late.arrived,
        "",
        month=Month.ANY,
        among=_by_id,
    ),
    Measure(
        "late_changed",
        "Changed after the month was closed",
        "Referrals that count otherwise in the month by what was told after it was closed. Its "
        "figures have them as they were.",
        How.COUNT,
        late.changed,
        "",
        month=Month.ANY,
        among=_by_id,
    ),
    Measure(
        "protected",
        "Brought by sources that came back",
        "Evaluated referrals of the last twelve months, received since their source came back. "
        "Their number times the organization's own value of an episode is the value protected.",
        How.COUNT,
        silence.brought_back,
        "",
        month=Month.ANY,
    ),
)


PARTS: Final[Mapping[str, Part]] = {
    part.measure.name: part
    for part in (
        *(_figure(measure) for measure in MEASURES.values()),
        *(_step(place) for place in range(len(STEPS))),
        *(_age(place) for place in range(len(AGES))),
        *(_channel(channel, what) for channel in CHANNELS for what in shape.WENT),
        _answered(),
        *(_odd(code, says) for code, says in ODD.items()),
        *(Part(measure, _COUNTED) for measure in _APART),
    )
}
_BY_CODE: Final[Mapping[str, Callable[[str, list[str]], Part | None]]] = {
    "lost": _lost,
    "heard": _named(L.heard, "Heard of us through", {str(k): says for k, says in HEARD.items()}),
    "campaign": _named(L.campaign, "Campaign", {}),
    "outcome": _outcome,
}
