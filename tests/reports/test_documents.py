"""Every document: same bytes, promised pages, the ask on top, nothing with a hole in it."""

import re
from html import unescape
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject

from models.document_samples import (
    DISCHARGE_SUMMARY,
    PLAN_OF_CARE,
    PROGRESS_REPORT,
    SAMPLES,
    SIGNATURE_REQUEST,
    THANK_YOU,
    UNPLANNED_DISCHARGE,
)
from models.documents import Attendance, Document, Goal, GoalStatus, PlanOfCare, content_hash
from models.errors import BadRequest, NotFound
from reports import plan_of_care, signature_request
from reports.check_pdf import inspect
from reports.html import render_html
from reports.preview import preview
from reports.registry import BUILDERS, build

PAGES = {
    "thank_you": 1,
    "plan_of_care": 2,
    "signature_request": 1,
    "progress_report": 1,
    "discharge_summary": 1,
    "receipt_notice": 1,
    "scorecard": 1,
}
LONG = "Stairs are easier; however <b>swelling</b> & heat remain after long walks. " * 60
NAMES = {
    "markup": '<b>Bob</b> & "Eve" <para></i> &#60; ${x} {{ 7*7 }}',
    "emoji": "👩🏽‍⚕️ Zoë 🦵",
    "arabic": "محمد بن سلمان (أبو علي) الصغير",
    "long-arabic": "محمد بن سلمان " * 22,
    "hebrew": "דוד לוי 12",
    "chinese": "李小龙",
    "accents": "Z̷̧̢̛̛͓͔͕͖͗͘algo",
    "controls": "Eve\x00\u202eevil\u200b\nline",
    "300": "Maximiliana-Konstantina " * 12,
    "300-in-one-word": "X" * 300,
    "blank": " ",
}


def text_of(pdf: bytes) -> list[str]:
    return [" ".join(p.extract_text().split()) for p in PdfReader(BytesIO(pdf)).pages]


def emr_pdf(pages: int = 3) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def renamed(sample: Document, name: str) -> Document:
    change: dict[str, Any] = {
        "sender": name,
        "to": sample.to.model_copy(update={"name": name, "practice": name}),
        "letterhead": sample.letterhead.model_copy(update={"clinic": name, "address": (name,)}),
    }
    if sample.about is not None:
        change["patient"] = sample.about.model_copy(update={"name": name})
    return sample.model_copy(update=change)


def test_every_kind_has_builder_sample_and_twin() -> None:
    assert set(BUILDERS) == set(SAMPLES) == set(PAGES)
    for kind in SAMPLES:
        pdf, html = preview(kind)
        assert pdf.startswith(b"%PDF-")
        assert html.startswith("<!doctype html>")


def test_the_monthly_report_can_be_previewed_as_well() -> None:
    pdf, html = preview("monthly_report")
    assert pdf.startswith(b"%PDF-")
    assert "February 2027" in html


def test_unknown_kind_is_not_found() -> None:
    with pytest.raises(NotFound):
        preview("love_letter")
    with pytest.raises(NotFound):
        render_html("love_letter", THANK_YOU)
    with pytest.raises(NotFound):
        render_html("progress_report", THANK_YOU)


@pytest.mark.parametrize("kind", PAGES)
def test_same_data_same_bytes_and_promised_pages(kind: str) -> None:
    sample = SAMPLES[kind]
    pdf = build(sample)
    assert pdf == build(type(sample).model_validate_json(sample.model_dump_json()))
    assert pdf != build(sample.model_copy(update={"version": 2}))
    assert inspect(pdf).pages == PAGES[kind]


@pytest.mark.parametrize("kind", PAGES)
def test_every_font_is_embedded_and_the_language_is_set(kind: str) -> None:
    reader = PdfReader(BytesIO(build(SAMPLES[kind])))
    assert reader.trailer["/Root"]["/Lang"] == "en-US"
    fonts = {
        name: font.get_object()
        for page in reader.pages
        for name, font in page["/Resources"]["/Font"].items()
    }
    assert fonts
    for font in fonts.values():
        assert "DejaVuSansCondensed" in font["/BaseFont"]
        assert "/FontFile2" in font["/FontDescriptor"]


@pytest.mark.parametrize("kind", PAGES)
def test_every_page_carries_band_and_foot(kind: str) -> None:
    sample = SAMPLES[kind]
    pages = text_of(build(sample))
    for i, page in enumerate(pages, 1):
        assert f"Page {i} of {len(pages)}" in page
        assert f"Document {sample.document_id}, version 1" in page
        assert "reached you by mistake, please call (512) 555-0142" in page
        assert "Lakeside Family Medicine" in page
        assert ("Jordan Sample" in page and "born Jan 4, 1961" in page) == (
            sample.about is not None
        )


@pytest.mark.parametrize("kind", PAGES)
def test_metadata_holds_the_content_hash_and_no_patient(kind: str) -> None:
    meta = PdfReader(BytesIO(build(SAMPLES[kind]))).metadata
    assert meta is not None
    assert meta["/Keywords"] == f"sha256:{content_hash(SAMPLES[kind])}"
    assert "Sample" not in str(dict(meta))


def test_plan_of_care_has_the_ask_in_front_and_the_box_on_the_last_page() -> None:
    first, last = text_of(build(PLAN_OF_CARE))
    ask = "Please sign and date the box on the last page and fax it to (512) 555-0143"
    assert ask in first
    assert "by Feb 11, 2026" in first
    assert "2 times a week for 10 weeks" in first
    assert "Return code" not in first
    for words in ("Signed as written", "Signed with changes", "Declined", "Date (month"):
        assert words in last
    assert "Return code RL-7K3M-9QXD" in last
    assert "Signed electronically by Priya Raman, PT, DPT" in last


def test_plan_that_needs_no_signature_says_so() -> None:
    first, last = text_of(build(PLAN_OF_CARE.model_copy(update={"signature_needed": False})))
    assert "no signature is needed" in first
    assert "I certify" not in last
    assert "Only if you want a change" in last


def test_emr_pdf_goes_behind_our_sheet_unchanged() -> None:
    sheet = PLAN_OF_CARE.model_copy(
        update={"plan": None, "emr_signature": PROGRESS_REPORT.signature}
    )
    pdf = plan_of_care.build(sheet, emr_pdf())
    assert pdf == plan_of_care.build(sheet, emr_pdf())
    reader = PdfReader(BytesIO(pdf))
    pages = text_of(pdf)
    assert len(pages) == 4
    assert "Page 1 of 4" in pages[0]
    assert "Return code RL-7K3M-9QXD" in pages[0]
    assert "Please sign and date the box below" in pages[0]
    assert pages[1:] == ["", "", ""]
    assert reader.pages[1].mediabox.width == 595
    assert reader.trailer["/Root"]["/Lang"] == "en-US"
    digest = content_hash(sheet, emr_pdf())[:4]
    assert f"Content SHA-256 begins {digest}" in pages[0]
    assert f"begins {digest}" in render_html("plan_of_care", sheet, emr_pdf())


def test_emr_pdf_that_must_not_go_out_is_refused() -> None:
    sheet = PLAN_OF_CARE.model_copy(update={"plan": None})
    locked = PdfWriter(clone_from=PdfReader(BytesIO(emr_pdf())))
    locked.encrypt("secret", algorithm="AES-256")
    scripted = PdfWriter(clone_from=PdfReader(BytesIO(emr_pdf())))
    scripted.root_object[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript")}
    )
    for writer, code in ((locked, "pdf_encrypted"), (scripted, "pdf_has_script")):
        out = BytesIO()
        writer.write(out)
        with pytest.raises(BadRequest) as error:
            plan_of_care.build(sheet, out.getvalue())
        assert error.value.code == code
    with pytest.raises(BadRequest, match="damaged"):
        plan_of_care.build(sheet, emr_pdf()[:300])


def test_neither_or_both_plans_are_refused() -> None:
    for fax, pdf in ((PLAN_OF_CARE, emr_pdf()), (_without_plan(), None)):
        with pytest.raises(BadRequest) as error:
            plan_of_care.build(fax, pdf)
        assert error.value.code == "one_plan"


def _without_plan() -> Any:
    return PLAN_OF_CARE.model_copy(update={"plan": None})


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (PLAN_OF_CARE.model_copy(update={"plan": PlanOfCare(frequency="daily")}), "duration"),
        (PROGRESS_REPORT.model_copy(update={"scores": ()}), "objective measure"),
        (DISCHARGE_SUMMARY.model_copy(update={"goals": (Goal(text="Walk"),)}), "each goal"),
    ],
    ids=["plan", "report", "summary"],
)
def test_nothing_with_a_hole_is_made(document: Document, named: str) -> None:
    with pytest.raises(BadRequest) as error:
        build(document)
    assert error.value.code == "missing_elements"
    assert named in error.value.sentence
    assert "Sample" not in error.value.sentence


def test_signature_request_is_one_polite_page_and_may_carry_the_plan() -> None:
    (page,) = text_of(build(SIGNATURE_REQUEST))
    assert "Please sign and date the box below and fax this page to (512) 555-0143" in page
    assert "Return code RL-7K3M-9QXD" in page
    assert not re.search(r"urgent|immediately|overdue|payment|billing|deny|denied", page, re.I)
    with_plan = signature_request.build(SIGNATURE_REQUEST, build(PLAN_OF_CARE))
    assert inspect(with_plan).pages == 3
    assert "Page 1 of 3" in text_of(with_plan)[0]


ADVERTISING = ("best", "trust", "excellen", "proud", "leading", "choose us", "refer more", "great")


def test_a_scorecard_tells_facts_says_how_to_stop_and_names_no_patient() -> None:
    pdf, html = preview("scorecard")
    (page,) = text_of(pdf)
    for told in (page, " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())):
        assert "98" in told
        assert "51 of 52" in told
        assert "Shoulder after surgery, QuickDASH" in told
        assert 'write "no scorecards" on this page' in told
        assert "What stands on fewer than 10 of your patients is left out" in told
        assert "Back, ODI" not in told  # of six patients
        assert "Discharge summaries" not in told  # of eight
        assert "Jordan" not in told
        assert not [word for word in ADVERTISING if word in told.lower()]


def test_thank_you_has_the_next_step_and_no_marketing_words() -> None:
    (page,) = text_of(build(THANK_YOU))
    assert "What happens next" in page
    assert "We call and text your patient today" in page
    assert "What we need from you" in page
    promotion = r"best|leading|award|proud|excellen|premier|special|offer|state-of-the-art|free"
    assert not re.search(rf"\b({promotion})", page, re.I)
    (plain,) = text_of(build(THANK_YOU.model_copy(update={"needs": ()})))
    assert "Nothing. Your referral is complete." in plain


def test_progress_report_opens_with_red_flags_and_says_when_no_action_is_needed() -> None:
    flagged = PROGRESS_REPORT.model_copy(update={"red_flags": ("Calf swollen",), "ask": ""})
    (page,) = text_of(build(flagged))
    assert page.index("Red flag: Calf swollen") < page.index("On track.")
    assert "No action needed." in page
    assert "Only if you want a change" in page


def test_unplanned_discharge_says_so_plainly() -> None:
    (page,) = text_of(build(UNPLANNED_DISCHARGE))
    assert "Unplanned discharge: the patient stopped coming." in page
    assert "This discharge was not planned. The last visit was on Feb 13, 2026" in page
    assert "not planned" not in text_of(build(DISCHARGE_SUMMARY))[0]


def test_receipt_notice_names_no_patient() -> None:
    pdf, html = preview("receipt_notice")
    for text in (text_of(pdf)[0], html):
        assert "2 pages received Jan 9, 2026 at 4:50 PM CST" in text
        assert "Jordan" not in text
        assert "born" not in text


def test_unsigned_is_marked_on_every_page_and_signed_is_not() -> None:
    plan = PLAN_OF_CARE.plan
    assert plan is not None
    draft = PLAN_OF_CARE.model_copy(update={"plan": plan.model_copy(update={"signed_at": None})})
    for page in text_of(build(draft)):
        assert "DRAFT, not signed. Document POC-1001, version 1" in page
    assert "Draft. Not signed" in render_html("plan_of_care", draft)
    for page in text_of(build(PLAN_OF_CARE)):
        assert "DRAFT" not in page


@pytest.mark.parametrize("who", NAMES)
@pytest.mark.parametrize("kind", PAGES)
def test_hostile_names_break_nothing(kind: str, who: str) -> None:
    document = renamed(SAMPLES[kind], NAMES[who])
    assert inspect(build(document)).pages == PAGES[kind]
    html = render_html(kind, document)
    assert "<para>" not in html
    assert "<b>Bob" not in html


def test_a_name_cut_in_the_band_stands_in_full_in_the_body() -> None:
    name = NAMES["300"].strip()
    pages = text_of(build(renamed(PROGRESS_REPORT, name)))
    assert f"Patient: {name}, born Jan 4, 1961" in pages[0].replace("- ", "-")
    assert "…" in pages[0]


def overlong() -> dict[str, Any]:
    goal = Goal(text=LONG, baseline=1, now=2, target=3, status=GoalStatus.MET, why=LONG)
    return {
        "verdict": LONG,
        "ask": LONG,
        "red_flags": (LONG,) * 5,
        "goals": (goal,) * 20,
        "assessment": LONG,
        "plan": LONG,
        "goal_changes": LONG,
        "attendance": Attendance(attended=1, scheduled=60, missed=(LONG,) * 59),
        "diagnoses": PROGRESS_REPORT.diagnoses * 30,
        "treatment_given": LONG,
        "home_program": LONG,
        "patient_status": LONG,
        "next_step": LONG,
        "needs": (LONG,) * 30,
        "plan_line": LONG,
        "therapist": LONG,
    }


@pytest.mark.parametrize(
    ("kind", "pages"),
    [("progress_report", 1), ("discharge_summary", 2), ("thank_you", 1), ("signature_request", 1)],
)
def test_too_much_text_is_cut_visibly_and_never_breaks_the_promise(kind: str, pages: int) -> None:
    sample = SAMPLES[kind]
    fields = {k: v for k, v in overlong().items() if k in type(sample).model_fields}
    document = sample.model_copy(update=fields)
    pdf = build(document)
    assert inspect(pdf).pages == pages
    text = " ".join(text_of(pdf))
    assert "(more in our record)" in text
    assert "more in our record" in text.replace("(more in our record)", "")
    assert LONG.split(" ")[0] in text
    assert len(render_html(kind, document)) > len(LONG)


def test_a_little_too_much_is_only_set_smaller() -> None:
    document = PROGRESS_REPORT.model_copy(update={"assessment": LONG[:1200], "plan": LONG[:500]})
    (page,) = text_of(build(document))
    assert "more in our record" not in page
    assert "…" not in page


def test_a_plan_is_never_shortened() -> None:
    plan = PLAN_OF_CARE.plan
    assert plan is not None
    goals = tuple(Goal(text=f"Goal number {i}: {LONG[:700]}") for i in range(15))
    long_plan = plan.model_copy(update={"long_term_goals": goals, "precautions": LONG})
    pages = text_of(build(PLAN_OF_CARE.model_copy(update={"plan": long_plan})))
    assert len(pages) > 3
    behind = " ".join(pages[1:])
    assert "more in our record" not in behind
    assert all(f"Goal number {i}:" in behind for i in range(15))
    assert "Return code" in pages[-1]
    assert all("Return code" not in page for page in pages[:-1])


def figures_of(text: str) -> set[str]:
    return set(re.findall(r"[+−]?\d+(?:\.\d+)*", text))


@pytest.mark.parametrize("kind", PAGES)
def test_the_twin_has_the_same_figures(kind: str) -> None:
    pdf, html = preview(kind)
    on_screen = figures_of(unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.S)))
    paper = " ".join(text_of(pdf))
    # Paper alone numbers its pages and marks the ends of a chart's axis.
    only_paper = figures_of(paper) - on_screen
    assert only_paper <= {"0", "1", "2", "3", "10", "80"}
    # The twin has a table of measures where the one page has room for the charts only.
    only_screen = on_screen - figures_of(paper)
    assert only_screen <= ({"+9", "−2"} if kind == "progress_report" else set())


@pytest.mark.parametrize("before", [31.25, 32.5])
def test_a_changed_figure_changes_both(before: float) -> None:
    score = PROGRESS_REPORT.scores[0]
    changed = score.model_copy(
        update={"baseline": score.baseline.model_copy(update={"value": before})}
    )
    report = PROGRESS_REPORT.model_copy(update={"scores": (changed,), "verdict": ""})
    (page,) = text_of(build(report))
    html = render_html("progress_report", report)
    for text in (page, html):
        assert f"LEFS {before} → 47" in text
        assert f"+{47 - before}" in text


@pytest.mark.parametrize("kind", PAGES)
def test_the_twin_is_accessible(kind: str) -> None:
    html = render_html(kind, SAMPLES[kind])
    assert '<html lang="en-US">' in html
    assert html.count("<h1>") == 1
    assert html.count("<table>") == html.count("<caption>")
    assert "<td" not in html or 'scope="row"' in html
    levels = [int(n) for n in re.findall(r"<h(\d)", html)]
    assert all(b - a <= 1 for a, b in pairwise(levels))
