"""``/api/v1/reports``, ``/measures`` and ``/lines``: figures and what is behind them, to read only.

Everything is counted by the same entries as the pages of the desk. Answers are never cached.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response

from activities.intake import Intake
from activities.monthly import Monthly
from activities.read_lines import Lines, Question, Told
from models.base import Model
from models.errors import Forbidden, NotFound, TooMany
from models.facts import Id
from models.monthly import ALL_CLINICS, EVERY, MonthlyReport, from_address, in_address
from models.months import first_day
from models.shared_lines import IdentifiedLine, SharedLine, identified, shared
from reports import csv_table, monthly_csv
from settings import Settings
from store import audit, report_keys
from store.engine import Store
from store.report.asks import Measure
from store.report.behind import Narrow, Which
from store.report.measures import MEASURES
from store.report.parts import part
from web.answers import IdentifiedPage, LinesPage, MeasureView
from web.apart import apart
from web.attempts import Attempts
from web.auth import Reader, reader_of
from web.cursors import Cover, Place
from web.openapi import LINES_ANSWER, MEASURES_ANSWER, OFTEN, PROBLEMS, REPORT_ANSWER

USUAL, MOST = 500, 1000  # lines on a page
ANSWERS = 2000  # to one token within fifteen minutes: two million lines
_NO_STORE = {"cache-control": "no-store"}

# What these hold is looked at where it is used, which answers with the code of what is wrong.
Scope = Annotated[str, Query(description="a clinic's id, or `all`")]
MonthText = Annotated[str, Query(description="YYYY-MM")]
After = Annotated[str | None, Query(description="`next` of the page before")]
Of = Annotated[str | None, Query(description="another month the report speaks of, or `year`")]
Limit = Annotated[int, Query(ge=1, le=MOST)]


def router(
    settings: Settings,
    intake: Intake,
    store: Store,
    clock: Callable[[], datetime],
    often: int = ANSWERS,
) -> APIRouter:
    """The routes that read figures; ``often`` answers to one token in fifteen minutes."""
    api = APIRouter(prefix="/api/v1", tags=["figures"])
    figures = Figures(settings, intake, store, clock, often)

    @api.get(
        "/reports/{scope}/{month}",
        response_model=MonthlyReport,
        responses={**PROBLEMS, **OFTEN, 200: REPORT_ANSWER},
        summary="Read a month's report",
    )
    @api.get("/reports/{scope}/{month}.csv", include_in_schema=False)  # asked first: it is longer
    async def report(
        request: Request,
        scope: Annotated[str, Path(description="a clinic's id, or `all`")],
        month: Annotated[str, Path(description="YYYY-MM")],
        table: Literal["figures", "sources"] = "figures",
    ) -> Response:
        """The value that the PDF and the page are drawn from; as CSV one `table` of it.

        A closed month is as of its closing, however late it is read; an open one is `preliminary`.
        """
        reader = figures.reader(request)
        told = await apart(figures.report, reader, scope, month)
        if _csv(request):
            make = monthly_csv.sources if table == "sources" else monthly_csv.figures
            return _table(await apart(make, told), told.as_of)
        return await apart(_json, told, told.as_of)

    @api.get("/measures.csv", include_in_schema=False)
    @api.get(
        "/measures",
        response_model=tuple[MeasureView, ...],
        responses={**PROBLEMS, **OFTEN, 200: MEASURES_ANSWER},
        summary="List the measures",
    )
    async def measures(request: Request) -> Response:
        """Every figure of the reports: its name, title, unit, and its definition in words."""
        figures.reader(request)
        listed = [_view(one) for one in MEASURES.values()]
        if _csv(request):
            return _table(_rows(MeasureView, listed))
        content = "[" + ",".join(one.model_dump_json() for one in listed) + "]"
        return Response(content, media_type="application/json", headers=_NO_STORE)

    @api.get("/measures/{name}/referrals.csv", include_in_schema=False)
    @api.get(
        "/measures/{name}/referrals",
        response_model=LinesPage | IdentifiedPage,
        responses={**PROBLEMS, **OFTEN, 200: LINES_ANSWER},
        summary="Read the lines behind a figure",
    )
    async def behind(
        request: Request,
        name: str,
        month: MonthText,
        scope: Scope = EVERY,
        which: Which = Which.COUNTED,
        source: Id | None = None,
        clinic: Id | None = None,
        of: Of = None,
        after: After = None,
        limit: Limit = USUAL,
    ) -> Response:
        """Who counts (`counted`), who does not (`others`), for whom it may yet (`open`), or `all`.

        The name is a measure's or that of any other number of the report. The month is the one the
        measure counts by: of receipt, of evaluation, of discharge …
        """
        reader = figures.reader(request)
        narrow = Narrow(source, clinic, of)
        question = Question(from_address(scope), month, part(name).measure, which, narrow)
        return await figures.lines(request, reader, question, after, limit)

    @api.get("/lines.csv", include_in_schema=False)
    @api.get(
        "/lines",
        response_model=LinesPage | IdentifiedPage,
        responses={**PROBLEMS, **OFTEN, 200: LINES_ANSWER},
        summary="Read every line of a month",
    )
    async def lines(
        request: Request,
        month: MonthText,
        scope: Scope = EVERY,
        after: After = None,
        limit: Limit = USUAL,
    ) -> Response:
        """What was received in the month, those included that count nowhere (see `counted`)."""
        reader = figures.reader(request)
        question = Question(from_address(scope), month)
        return await figures.lines(request, reader, question, after, limit)

    return api


class Figures:
    """What the routes share: who reads, of which clinics, and how a page is told."""

    def __init__(
        self,
        settings: Settings,
        intake: Intake,
        store: Store,
        clock: Callable[[], datetime],
        often: int,
    ) -> None:
        self._settings = settings
        self._tenants = intake.tenants
        self._store = store
        self._clock = clock
        self._monthly = Monthly(store, intake.tenants)
        self._lines = Lines(store, self._monthly)
        self._often, self._asked = often, Attempts(often)

    def reader(self, request: Request) -> Reader:
        """Who asks; raises NotAllowed ``bad_token``, TooMany from who asks without a pause."""
        reader = reader_of(self._settings, request.headers.get("authorization"))
        now, who = self._clock(), f"{reader.org}/{reader.name}"
        left = self._asked.locked_for(who, now)
        if left is not None:
            raise TooMany(
                f"This token has had {self._often:,} answers in fifteen minutes. Read on in "
                f"{max(1, round(left.total_seconds() / 60))} minutes; larger pages take fewer.",
                code="too_often",
            )
        self._asked.failed(who, now)
        return reader

    def report(self, reader: Reader, scope: str, month: str) -> MonthlyReport:
        """A month's report; raises NotFound, BadRequest, Forbidden."""
        chosen = self._allowed(reader, from_address(scope), month)
        now = self._clock()
        told = self._monthly.report(reader.org, chosen, month, now=now)
        if not reader.identified:
            return without_days(told)
        self._note(reader, "report", chosen, month, now)
        return told

    async def lines(
        self, request: Request, reader: Reader, question: Question, after: str | None, limit: int
    ) -> Response:
        """One page of lines as JSON or CSV, with a link to the next one."""
        page = await asyncio.to_thread(self._page, reader, question, after, limit)
        headers = {}
        if page.next is not None:
            asked = [(k, v) for k, v in request.query_params.multi_items() if k != "after"]
            there = f"{request.url.path}?{urlencode([*asked, ('after', page.next)])}"
            headers["link"] = f'<{there}>; rel="next"'
        if _csv(request):
            model = IdentifiedLine if reader.identified else SharedLine
            content = await asyncio.to_thread(_rows, model, page.lines)
            return _table(content, page.as_of, headers)
        return await asyncio.to_thread(_json, page, page.as_of, headers)

    def _page(
        self, reader: Reader, question: Question, after: str | None, limit: int
    ) -> LinesPage | IdentifiedPage:
        self._allowed(reader, question.scope, question.month)
        cover = Cover(report_keys.key_of(self._store, reader.org))
        asked = repr((question._replace(measure=None), question.measure and question.measure.name))
        place = cover.open(after, asked) if after is not None else None
        now = self._clock()
        told = self._lines.page(reader.org, question, now=now, most=limit, after=place)
        following = None
        if told.more:
            following = cover.seal(Place(told.as_of, told.lines[-1][0]), asked)
        common = {
            "scope": in_address(question.scope),
            "month": question.month,
            "measure": question.measure.name if question.measure else None,
            "which": question.which if question.measure else None,
            "as_of": told.as_of,
            "preliminary": told.preliminary,
            "next": following,
        }
        if not reader.identified:
            return LinesPage(**common, lines=_shared(told, cover))
        what = question.measure.name if question.measure else "lines"
        self._note(reader, what, question.scope, question.month, now)
        return IdentifiedPage(**common, lines=_identified(told, cover))

    def _allowed(self, reader: Reader, scope: str, month: str) -> str:
        """The scope, if the reader may see it; raises Forbidden, NotFound, BadRequest."""
        calendar = self._tenants.calendar(reader.org, self._clock())
        if first_day(month) > calendar.local_date(self._clock()):
            raise NotFound("That month has not begun yet.", code="month_ahead")
        # Of all: those that have left the policy file as well, whose lines are counted.
        wanted = set(self._monthly.period(reader.org, scope, month, self._clock())[0].clinics)
        if reader.clinics and not wanted <= set(reader.clinics):
            every = scope == ALL_CLINICS
            raise Forbidden(
                "This token reads some clinics only; name one of them as the scope."
                if every
                else "This token does not read that clinic.",
                code="not_your_clinic",
                field="scope",
            )
        return scope

    def _note(self, reader: Reader, what: str, scope: str, month: str, now: datetime) -> None:
        """Days and ids are about patients: who has read them is on record, as on the desk."""
        with self._store.write() as session:
            audit.note(
                session,
                org=reader.org,
                who=f"token:{reader.name}",
                what="viewed",
                subject=f"{what}:{in_address(scope)}:{month}",
                at=now,
                recorded_at=now,
            )


def without_days(report: MonthlyReport) -> MonthlyReport:
    """The day on which a source last sent somebody is a day of a patient's: left out.

    It came back on such a day, and fell silent so many days after one; the facts count from one.
    """
    undated = {"since": None, "last_on": None, "says": ""}
    return report.model_copy(
        update={
            "sources": tuple(one.model_copy(update={"last_on": None}) for one in report.sources),
            "silent": tuple(one.model_copy(update=undated) for one in report.silent),
            "returned": tuple(one.model_copy(update=undated) for one in report.returned),
        }
    )


def _shared(told: Told, cover: Cover) -> tuple[SharedLine, ...]:
    return tuple(
        shared(line, cover.pseudonym(one), told.as_of, value=value)
        for one, line, value in told.lines
    )


def _identified(told: Told, cover: Cover) -> tuple[IdentifiedLine, ...]:
    return tuple(
        identified(line, cover.pseudonym(one), told.as_of, one, value=value)
        for one, line, value in told.lines
    )


def _view(one: Measure) -> MeasureView:
    return MeasureView(
        name=one.name,
        title=one.title,
        note=one.note,
        unit=one.unit,
        how=one.how,
        month=one.month,
        asked=one.asked,
        good=one.good,
        target=one.target,
    )


def _csv(request: Request) -> bool:
    """By the address, or by what the caller would rather have."""
    if request.url.path.endswith(".csv"):
        return True
    return request.headers.get("accept", "").strip().lower().startswith("text/csv")


def _rows(model: type[Model], told: Sequence[Model]) -> bytes:
    """Values of one type as CSV, its fields the columns, each as in JSON."""
    names = list(model.model_fields)
    rows = (one.model_dump(mode="json") for one in told)
    return csv_table.written(names, ([row[name] for name in names] for row in rows))


def _json(told: Model, as_of: datetime, more: dict[str, str] | None = None) -> Response:
    headers = {**_NO_STORE, "x-as-of": as_of.isoformat(), **(more or {})}
    return Response(told.model_dump_json(), media_type="application/json", headers=headers)


def _table(
    content: bytes, as_of: datetime | None = None, more: dict[str, str] | None = None
) -> Response:
    told = {"x-as-of": as_of.isoformat()} if as_of is not None else {}
    return Response(
        content, media_type=csv_table.MEDIA, headers={**_NO_STORE, **told, **(more or {})}
    )
