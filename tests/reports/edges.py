"""Months that are awkward to report: nothing came, one came, far too much came, or odd names.

Each is a variation of ``reports.monthly_sample``, under the name of what is awkward in it.
"""

from __future__ import annotations

from models.monthly import (
    AGES,
    Aged,
    Amount,
    ClinicLine,
    Figure,
    Late,
    Lost,
    MonthlyReport,
    Outcome,
    Point,
    SourceLine,
    Step,
    Thing,
    Unit,
    Value,
)
from reports.monthly_sample import SAMPLE

_MARKUP = '<b>Bob</b> & "Eve" <script>alert(1)</script> {{ 7*7 }} =HYPERLINK("http://example.org")'
_BIDI = "د. محمد بن سلمان (أبو علي) \u202eevil\u202c"
_LONG = (
    "The Extraordinarily Long and Entirely Fictional Center for Orthopedic Medicine"
    + " of the Valley" * 16
)


_PARTS = (
    *("things", "ageing", "sources", "silent", "returned", "outcomes", "channels"),
    *("heard", "campaigns", "oddities", "clinics"),
)


def _only(figure: Figure, now: Amount) -> Figure:
    """The figure as if nothing had been before this month."""
    nothing = Amount(value=0.0) if figure.unit is Unit.COUNT else Amount()
    months = [Point(month=one.month, amount=nothing) for one in figure.months[:-1]]
    last = Point(month=figure.months[-1].month, amount=now)
    return figure.model_copy(
        update={
            "now": now,
            "before": nothing,
            "year_ago": nothing,
            "months": (*months, last),
        }
    )


def _steps(*numbers: int) -> tuple[Step, ...]:
    """The funnel's steps with these numbers; who came no further was lost."""
    after = (*numbers[1:], numbers[-1])
    reason = next(why for step in SAMPLE.funnel for why in step.lost)
    return tuple(
        step.model_copy(
            update={
                "number": number,
                "waiting": 0,
                "lost": (reason.model_copy(update={"number": number - further}),)
                if number > further
                else (),
            }
        )
        for step, number, further in zip(SAMPLE.funnel, numbers, after, strict=True)
    )


def _nothing() -> MonthlyReport:
    """A clinic that opened and to whom nobody has sent anybody."""
    empty = dict.fromkeys(_PARTS, ())
    figures = tuple(
        _only(one, Amount(value=0.0) if one.unit is Unit.COUNT else Amount())
        for one in SAMPLE.figures
    )
    return SAMPLE.model_copy(
        update={
            **empty,
            "scope": "east",
            "scope_name": "Riverside Physical Therapy East",
            "verdict": "Nobody was referred in February, nor in the twelve months before.",
            "figures": figures,
            "funnel": _steps(0, 0, 0, 0, 0, 0),
            "late": Late(),
            "value": Value(),
        }
    )


def _one() -> MonthlyReport:
    """The first referral ever: every share is of one, and no trend can be drawn."""
    nothing = _nothing()
    one = Amount(value=1.0, n=1)
    figures = tuple(
        _only(
            figure,
            one
            if figure.unit is Unit.COUNT
            else Amount(value=100.0, n=1, number=1)
            if figure.unit is Unit.PERCENT
            else Amount(value=3.0, n=1),
        )
        for figure in SAMPLE.figures
    )
    share = Amount(value=100.0, n=1, number=1)
    return nothing.model_copy(
        update={
            "verdict": "One referral, the first in twelve months.",
            "figures": figures,
            "funnel": _steps(1, 1, 1, 1, 1, 1),
            "ageing": (Aged(says=AGES[1][2], waiting=0, in_care=1),),
            "sources": (
                SourceLine(
                    source_id="src_001",
                    name="Lakeside Family Medicine",
                    kind="practice",
                    received=1,
                    before=0,
                    year_ago=0,
                    twelve=(0,) * 11 + (1,),
                    contacted=share,
                    evaluated=share,
                    days=Amount(value=3.0, n=1),
                    verdict="too_few_to_say",
                    verdict_says="1 in 13 weeks, nothing before",
                ),
            ),
        }
    )


def _closed_only() -> MonthlyReport:
    """A source all of whose patients were lost before the first visit."""
    lost = SAMPLE.sources[0].model_copy(
        update={
            "name": "Westlake Urgent Care",
            "received": 12,
            "before": 0,
            "year_ago": 0,
            "twelve": (0,) * 11 + (12,),
            "contacted": Amount(value=0.0, n=12, number=0),
            "evaluated": Amount(value=0.0, n=12, number=0),
            "days": Amount(),
            "verdict": "too_few_to_say",
            "verdict_says": "12 in 13 weeks, nothing before",
        }
    )
    return SAMPLE.model_copy(
        update={
            "sources": (lost,),
            "funnel": _steps(12, 12, 0, 0, 0, 0),
        }
    )


def _few_outcomes() -> MonthlyReport:
    """Outcomes of too few patients to say anything that could not point at one of them."""
    few = tuple(
        Outcome.model_validate(
            {**one.model_dump(), "n": 3 + at % 7, "median_percent": None, "reached": None}
        )
        for at, one in enumerate(SAMPLE.outcomes)
    )
    return SAMPLE.model_copy(update={"outcomes": few})


def _one_clinic() -> MonthlyReport:
    return SAMPLE.model_copy(
        update={"scope": "east", "scope_name": "Riverside Physical Therapy East", "clinics": ()}
    )


def _many() -> MonthlyReport:
    """400 sources and 40 clinics: the pages show the first of them and say how many more."""
    sources = tuple(
        SAMPLE.sources[at % len(SAMPLE.sources)].model_copy(
            update={
                "source_id": f"src_{at:04d}",
                "name": f"Fictional Practice {at + 1}",
                "received": 400 - at,
            }
        )
        for at in range(400)
    )
    clinics = tuple(
        ClinicLine(
            clinic_id=f"clinic-{at}",
            name=f"Riverside Physical Therapy {at + 1}",
            zone=SAMPLE.clinics[at % 3].zone,
            amounts=SAMPLE.clinics[at % 3].amounts,
        )
        for at in range(40)
    )
    silent = tuple(
        SAMPLE.silent[at % len(SAMPLE.silent)].model_copy(update={"source_id": f"src_{500 + at}"})
        for at in range(60)
    )
    return SAMPLE.model_copy(update={"sources": sources, "clinics": clinics, "silent": silent})


def _named(name: str) -> MonthlyReport:
    """Everything that somebody outside may name bears this name."""
    return SAMPLE.model_copy(
        update={
            "org_name": name,
            "scope_name": name,
            "verdict": f"{name} sent 18 patients.",
            "sources": tuple(
                one.model_copy(update={"name": f"{name} {at}"})
                for at, one in enumerate(SAMPLE.sources)
            ),
            "silent": tuple(
                one.model_copy(update={"name": name, "says": f"{name}: last one 70 days ago."})
                for one in SAMPLE.silent
            ),
            "things": tuple(
                Thing(says=f"Call {name}", why=name, number=2, link="/sources")
                for _ in SAMPLE.things
            ),
            "clinics": tuple(one.model_copy(update={"name": name}) for one in SAMPLE.clinics),
            "campaigns": tuple(one.model_copy(update={"says": name}) for one in SAMPLE.campaigns),
            "funnel": tuple(
                step.model_copy(
                    update={
                        "lost": tuple(
                            Lost(reason=why.reason, says=name, number=why.number)
                            for why in step.lost
                        )
                    }
                )
                for step in SAMPLE.funnel
            ),
        }
    )


EDGES: dict[str, MonthlyReport] = {
    "nothing": _nothing(),
    "one_referral": _one(),
    "closed_only": _closed_only(),
    "few_outcomes": _few_outcomes(),
    "one_clinic": _one_clinic(),
    "preliminary": SAMPLE.model_copy(update={"preliminary": True, "late": Late()}),
    "late": SAMPLE.model_copy(update={"late": Late(arrived=14, changed=31)}),
    "many": _many(),
    "long_names": _named(_LONG),
    "markup": _named(_MARKUP),
    "bidi": _named(_BIDI),
    "formula": _named('=HYPERLINK("http://example.org","1+1")'),
}
"""Every awkward month by its name; ``SAMPLE`` itself is the roll-up over three time zones."""
