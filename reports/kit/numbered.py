"""Pages that know how many they are: header and foot are drawn when the last page is set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from reportlab.pdfgen.canvas import Canvas


class MeasuringCanvas(Canvas):
    """Lays out and throws away: writing the file is most of the cost of a page."""

    def save(self) -> None:
        return


class NumberedCanvas(Canvas):
    """Calls ``dress`` for every page with the number of them all."""

    def __init__(self, dress: Callable[[Canvas, int], None], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dress = dress
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._pages.append(dict(self.__dict__))
        cast(Any, self)._startPage()

    def save(self) -> None:
        pages = self._pages
        for state in pages:
            self.__dict__.update(state)
            self._dress(self, len(pages))
            super().showPage()
        super().save()
