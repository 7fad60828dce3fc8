"""Real pages through the real programs: what each bad fax comes to, and that nothing hangs."""

from __future__ import annotations

import io
import random
import struct
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from integrations.reading import ocr, reader, tools
from integrations.reading.pages import Opened, Unopened
from models.document_samples import PLAN_OF_CARE
from models.fax import Media, Trouble, media_of
from models.fax_pages import Reading
from reports.registry import build
from tests.faxes import layouts, spoiling
from tests.faxes.cases import case
from tests.faxes.people import DOCTORS, PEOPLE
from tests.faxes.score import kept, part_of, verdicts
from tests.required import lacking

FORM = layouts.form(PEOPLE[0], DOCTORS[0])
# Eight of the sixty, one for each thing that may go wrong in a way of its own.
FOR_REAL = (
    "form-text-clean",
    "form-tiff98-clean",
    "boxes-pdf-tilted",
    "order-tiff-noisy",
    "letter-png-grey",
    "script-pdf-coloured",
    "form-tiff-upside_down",
    "form-sideways",
)


@pytest.fixture(autouse=True)
def _programs() -> None:
    if tools.lacking():
        lacking(f"not installed: {', '.join(tools.lacking())}")


def read(content: bytes) -> Reading:
    return reader.read(content, media_of(content))


@pytest.mark.parametrize("name", FOR_REAL)
def test_a_fax_is_read(name: str) -> None:
    fax = case(name)
    reading = read(fax.content())
    part = part_of(reading)
    found = verdicts(fax, part)
    assert [page.rotate for page in reading.pages] == [page.rotate for page in kept(fax).pages]
    assert part.kind is fax.kind
    assert [one for one in found if one.outcome == "wrong"] == []
    assert sum(one.same for one in found) >= len(found) - 2


@pytest.mark.parametrize("name", ["form-tiff-upside_down", "form-sideways"])
def test_a_page_is_shown_the_right_way_up(name: str) -> None:
    content = case(name).content()
    [page] = kept(case(name)).pages
    assert page.rotate == {"form-sideways": 90}.get(name, 180)
    upright = Image.open(io.BytesIO(reader.shown(content, Media.TIFF, 1, page.rotate)))
    assert upright.height > upright.width
    top, bottom = (upright.convert("L").crop((0, y, upright.width, y + 100)) for y in (0, 980))
    assert sum(top.histogram()[:128]) > sum(bottom.histogram()[:128])


@pytest.mark.parametrize("name", ["scrawl-tiff-clean", "empty-pdf-noisy"])
def test_what_cannot_be_read_says_so(name: str) -> None:
    wanted = {"scrawl-tiff-clean": Trouble.UNREADABLE, "empty-pdf-noisy": Trouble.BLANK}[name]
    assert read(case(name).content()).trouble is wanted


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # of the TIFF that was cut off
def test_a_locked_pdf_a_damaged_one_and_what_is_no_fax() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(layouts.pdf(FORM))))
    writer.encrypt("a secret of the office", algorithm="AES-256")
    locked = io.BytesIO()
    writer.write(locked)
    assert read(locked.getvalue()).trouble is Trouble.PASSWORD
    assert read(b"%PDF-1.7\nnothing of the kind").trouble is Trouble.DAMAGED
    assert read(layouts.pdf(FORM)[:300]).trouble is Trouble.DAMAGED
    assert read(case("form-tiff-clean").content()[:900]).trouble is Trouble.DAMAGED
    assert read(b"MZ\x90\x00").trouble is Trouble.NOT_A_FAX
    assert read(b"").trouble is Trouble.EMPTY


def test_of_three_hundred_pages_the_first_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MOST_PAGES", 3)  # as with thirty, only sooner
    reading = read(layouts.pdf(FORM, *[layouts.empty(PEOPLE[0], DOCTORS[0])] * 299))
    assert (reading.count, len(reading.pages)) == (300, reader.MOST_PAGES)
    assert reading.trouble is Trouble.TOO_LONG
    assert part_of(reading).fields


def test_a_page_of_any_size_is_drawn_no_larger_than_a_sheet(tmp_path: Path) -> None:
    writer = PdfWriter()
    writer.add_blank_page(width=14_400, height=9_000)  # five metres
    out = io.BytesIO()
    writer.write(out)
    drawn = Opened(out.getvalue(), Media.PDF, tmp_path).picture(1)
    assert max(drawn.size) == 5000
    (tmp_path / "fax").write_bytes(layouts.pdf(FORM))
    assert Opened(layouts.pdf(FORM), Media.PDF, tmp_path).picture(1).size == (1700, 2200)


def test_a_reading_that_runs_out_of_time_keeps_what_it_has() -> None:
    moments = iter([0.0, 1.0, 10_000.0])
    content = layouts.pdf(FORM, FORM, FORM)
    reading = reader.read(content, Media.PDF, lambda: next(moments))
    assert (len(reading.pages), reading.count, reading.trouble) == (1, 3, Trouble.TOO_SLOW)


def test_scripts_are_neither_run_nor_handed_on() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(layouts.pdf(FORM))))
    alarm = {
        NameObject("/S"): NameObject("/JavaScript"),
        NameObject("/JS"): TextStringObject("x()"),
    }
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(alarm)
    writer.add_attachment("payload.exe", b"MZ")
    armed = io.BytesIO()
    writer.write(armed)
    assert b"/JavaScript" in armed.getvalue()
    assert part_of(read(armed.getvalue())).trouble is None
    flat = reader.flattened(armed.getvalue(), Media.PDF, {1: 0})
    for word in (b"/JavaScript", b"/JS", b"/EmbeddedFile", b"/OpenAction", b"/AA"):
        assert word not in flat
    assert reader.flattened(armed.getvalue(), Media.PDF, {1: 0}) == flat
    assert len(pypdfium2.PdfDocument(flat)) == 1
    shown = reader.shown(armed.getvalue(), Media.PDF, 1)
    assert shown.startswith(b"\x89PNG")
    with pytest.raises(Unopened):
        reader.shown(armed.getvalue(), Media.PDF, 2)


@pytest.mark.parametrize(
    ("spoil", "fine"),
    [
        ("clean", False),
        ("noisy", True),
        ("noisy", False),
        ("coloured", True),
        ("tilted", False),
        ("upside_down", False),
        ("grey", False),
    ],
)
def test_the_code_of_our_own_page_is_read_whatever_the_line_did(
    spoil: str, fine: bool, tmp_path: Path
) -> None:
    sheet = spoiling.drawn(build(PLAN_OF_CARE))[-1]
    content = spoiling.as_tiff([spoiling.SPOILS[spoil](sheet, random.Random(1))], fine=fine)
    picture = Opened(content, Media.TIFF, tmp_path).picture(1)
    assert ocr.codes(picture) == (PLAN_OF_CARE.return_code,)


def test_without_tesseract_pages_are_shown_and_a_person_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tools, "lacking", lambda: ("tesseract",))
    assert read(case("form-tiff-clean").content()).trouble is Trouble.NO_READER
    assert part_of(read(case("form-text-clean").content())).trouble is None  # it carries its text
    monkeypatch.setattr(tools, "lacking", lambda: (*tools.PDF_PROGRAMS, "tesseract"))
    assert read(case("form-pdf-clean").content()).trouble is Trouble.NO_READER


def test_a_program_that_does_not_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(tools.Slow):
        tools.run(("sleep", "60"), tmp_path, timedelta(milliseconds=50))
    assert not tools.run(("false",), tmp_path, timedelta(seconds=5)).ok


def tiff(size: tuple[int, int], dpi: int) -> bytes:
    out = io.BytesIO()
    Image.new("1", size, 1).save(out, "TIFF", compression="group4", dpi=(dpi, dpi))
    return out.getvalue()


@pytest.mark.parametrize("page", [0, -1, 2, 10**12])
def test_a_page_a_picture_does_not_have_cannot_be_drawn(page: int) -> None:
    with pytest.raises(Unopened):  # StopIteration would leave whoever waits for it waiting
        reader.shown(tiff((1700, 2200), 200), Media.TIFF, page)


def test_what_a_picture_says_of_its_dots_makes_no_page_of_gigabytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    resized = Image.Image.resize

    def watched(image: Image.Image, size: tuple[int, int], *more: Any) -> Image.Image:
        sizes.append(size)
        return resized(image, size, *more)

    monkeypatch.setattr(Image.Image, "resize", watched)
    small = tiff((2000, 2500), 25)
    assert len(small) < 5000
    Opened(small, Media.TIFF, tmp_path).picture(1)
    assert sizes == [(4000, 5000)]


def test_a_decoder_that_stumbles_is_a_damaged_page(tmp_path: Path) -> None:
    out = io.BytesIO()
    pages = [Image.new("1", (200, 300), 1) for _ in range(2)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    content = bytearray(out.getvalue())
    at = content.rindex(struct.pack("<HHI", 256, 4, 1))
    content[at : at + 2] = struct.pack("<H", 255)  # the second page says no width any more
    with pytest.raises(Unopened):
        Opened(bytes(content), Media.TIFF, tmp_path)


def test_a_program_writes_no_file_larger_than_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "MOST_WRITTEN", 1024 * 1024)
    command = ("sh", "-c", "sleep 0.2; head -c 3000000 /dev/zero > large")
    assert not tools.run(command, tmp_path, timedelta(seconds=10)).ok
    assert (tmp_path / "large").stat().st_size <= 1024 * 1024
