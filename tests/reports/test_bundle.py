"""Several letters as one fax: marked, countable, the same every time, and fit for one bit."""

from __future__ import annotations

from io import BytesIO

from pypdf import PdfReader

from models.document_samples import PLAN_OF_CARE, THANK_YOU
from reports import bundle
from reports.registry import build

LETTERS = [
    bundle.Part("Ana Alder", build(THANK_YOU)),
    bundle.Part("Bo Birch", build(PLAN_OF_CARE)),
    bundle.Part("C" * 200, build(THANK_YOU)),
]


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


def test_each_letter_says_whose_it_is_and_where_it_ends() -> None:
    drawn = pages(bundle.build(LETTERS))
    plan = len(pages(LETTERS[1].pdf))
    assert len(drawn) == plan + 2
    assert "Attn: Ana Alder" in drawn[0]
    assert f"Letter 1 of 3 in this fax, page 1 of {plan + 2}" in drawn[0]
    assert "Attn: Bo Birch" in drawn[1]
    assert f"Letter 2 of 3 in this fax, pages 2 to {plan + 1} of {plan + 2}" in drawn[1]
    assert "Attn:" not in drawn[2]  # only where a letter begins
    assert f"Letter 3 of 3 in this fax, page {plan + 2} of {plan + 2}" in drawn[-1]


def test_the_letters_themselves_are_not_changed() -> None:
    drawn = pages(bundle.build(LETTERS))
    assert [line for line in pages(LETTERS[0].pdf)[0].splitlines() if line not in drawn[0]] == []


def test_the_same_letters_make_the_same_bytes_and_embed_their_fonts() -> None:
    pdf = bundle.build(LETTERS)
    assert bundle.build(LETTERS) == pdf
    names = {
        str(font.get_object()["/BaseFont"])
        for page in PdfReader(BytesIO(pdf)).pages
        for font in page["/Resources"].get_object()["/Font"].get_object().values()
    }
    assert all("DejaVu" in name for name in names), names


def test_its_metadata_names_nobody() -> None:
    found = PdfReader(BytesIO(bundle.build(LETTERS)))
    assert found.metadata is not None
    assert found.metadata.title == "3 letters"
    assert not any("Alder" in str(value) for value in found.metadata.values())
