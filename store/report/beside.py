"""What the list behind a figure says of each referral beside the figure's own value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import and_, case

from models.monthly import Unit
from store.report import shape
from store.report.asks import Shown
from store.tables import LedgerRow as L

_OVER: Final = and_(shape.over(), shape.far() < len(shape.STEPS) - 1)
WHY: Final = Shown("Why", case((_OVER, shape.why_lost())), words=shape.LOST)
_TRIED: Final = Shown("Hours to the first try", L.contact_minutes, Unit.HOURS, 60)
_CAME: Final = Shown("Days to evaluation", L.evaluation_days, Unit.DAYS)
_ENDED: Final = Shown("How care ended", L.ending)
_SAID: Final = Shown("Answer", L.score, Unit.SCORE)

#: By the name of a figure that is a count or a share: what its yes or no rests on.
FIGURES: Final[Mapping[str, tuple[Shown, ...]]] = {
    "contacted_24h": (_TRIED,),
    "contacted_next_day": (_TRIED,),
    "converted": (_CAME,),
    "converted_30": (_CAME,),
    "converted_90": (_CAME,),
    "evaluated": (_CAME,),
    "certified": (Shown("Certification", L.certification),),
    "missed": (Shown("Missed", L.missed_evaluations, Unit.COUNT),),
    "thanked_24h": (Shown("Hours to the thank-you", L.thanked_minutes, Unit.HOURS, 60),),
    "summary_24h": (Shown("Hours to the summary", L.summary_minutes, Unit.HOURS, 60),),
    "discharged": (_ENDED,),
    "completed": (_ENDED,),
    "lost": (WHY,),
    "answered": (_SAID,),
    "promoters": (_SAID,),
}
CHANNELS: Final[Mapping[str, tuple[Shown, ...]]] = {
    channel: tuple(
        Shown(what.capitalize(), shape.went(name, what), Unit.COUNT) for what in shape.WENT
    )
    for channel, (name, _) in shape.CHANNELS.items()
}
