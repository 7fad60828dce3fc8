from io import BytesIO

import pytest
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from models.document_samples import PROGRESS_REPORT
from models.errors import BadRequest, TooLarge
from reports.check_pdf import inspect, require_plain
from reports.progress_report import build


def written(writer: PdfWriter) -> bytes:
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def blank(pages: int = 1) -> PdfWriter:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(612, 792)
    return writer


def with_action(kind: str) -> bytes:
    """A page that runs something when it is opened, hidden two objects deep."""
    writer = blank()
    action = DictionaryObject(
        {NameObject("/S"): NameObject(kind), NameObject("/F"): TextStringObject("x")}
    )
    opened = DictionaryObject({NameObject("/O"): writer._add_object(action)})
    writer.pages[0][NameObject("/AA")] = writer._add_object(opened)
    return written(writer)


def test_facts_of_our_own_report() -> None:
    facts = inspect(build(PROGRESS_REPORT))
    assert (facts.pages, facts.encrypted, facts.has_script) == (1, False, False)
    assert "Physical therapy progress report" in facts.text


@pytest.mark.parametrize(
    "junk",
    [b"", b"hello", b"%PDF-1.7", b"%PDF-1.7\n" + bytes(range(256)) * 20],
    ids=["empty", "text", "head", "noise"],
)
def test_junk_is_refused(junk: bytes) -> None:
    with pytest.raises(BadRequest) as error:
        inspect(junk)
    assert error.value.code == "not_a_pdf"


def test_cut_off_file_is_read_or_refused_but_never_crashes() -> None:
    whole, refused = build(PROGRESS_REPORT), set()
    for end in range(0, len(whole), 1500):
        try:
            inspect(whole[:end])
        except BadRequest as error:
            refused.add(error.code)
    assert refused == {"not_a_pdf"}


def test_a_pdf_without_pages_is_refused() -> None:
    with pytest.raises(BadRequest):
        inspect(written(PdfWriter()))


def test_limits() -> None:
    pdf = written(blank(3))
    assert inspect(pdf).pages == 3
    with pytest.raises(TooLarge):
        inspect(pdf, max_bytes=len(pdf) - 1)
    with pytest.raises(TooLarge):
        inspect(pdf, max_pages=2)


def test_encrypted_is_a_fact_and_not_passed_on() -> None:
    writer = blank()
    writer.encrypt("secret", algorithm="AES-256")
    pdf = written(writer)
    assert inspect(pdf).encrypted
    with pytest.raises(BadRequest) as error:
        require_plain(pdf)
    assert error.value.code == "pdf_encrypted"


@pytest.mark.parametrize("kind", ["/JavaScript", "/Launch", "/SubmitForm"])
def test_actions_are_found(kind: str) -> None:
    pdf = with_action(kind)
    assert inspect(pdf).has_script
    with pytest.raises(BadRequest) as error:
        require_plain(pdf)
    assert error.value.code == "pdf_has_script"


def test_document_script_is_found_and_a_link_is_not() -> None:
    writer = blank()
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
        {
            NameObject("/S"): NameObject("/JavaScript"),
            NameObject("/JS"): TextStringObject("app.alert(1)"),
        }
    )
    assert inspect(written(writer)).has_script
    assert not inspect(with_action("/URI")).has_script
