from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from reportlab.platypus import Flowable, Spacer

from models.document_samples import THANK_YOU
from models.errors import BadRequest
from reports.kit.page import Part, typeset
from reports.kit.pen import Pen


def test_documents_are_drawn_one_at_a_time() -> None:
    """A second thread gets in only when the first is out."""
    inside: list[str] = []
    met = Event()

    def page(pen: Pen) -> list[Flowable]:
        inside.append("in")
        if len(inside) > 1:
            met.set()
        met.wait(0.05)  # give the other thread every chance to come in
        inside.pop()
        return [pen.write("x")]

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: typeset(THANK_YOU, Part(page)), range(2))
    assert not met.is_set()
    assert first == second


def test_what_cannot_fit_is_a_clear_error_and_not_a_second_page() -> None:
    def page(_: Pen) -> list[Flowable]:
        return [Spacer(1, 400), Spacer(1, 400)]

    with pytest.raises(BadRequest) as error:
        typeset(THANK_YOU, Part(page))
    assert error.value.code == "does_not_fit"
