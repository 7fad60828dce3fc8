"""What stands behind a letter: documents on file, drawn from fields, or missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader, PdfWriter

from models.facts import (
    DischargeSummarySigned,
    MessageDropped,
    MessageHeld,
    MessageSent,
    PageJudged,
    PageVerdict,
    ProgressReportSigned,
    TaskOpened,
)
from models.kinds import Kind
from models.roles import Role
from tests.activities.office import (
    MONDAY,
    Office,
    report_fields,
    summary_fields,
)
from tests.activities.turns import (
    DAY,
    a_pdf,
    of,
)


def pages(pdf: bytes) -> int:
    return len(PdfReader(BytesIO(pdf)).pages)


def test_a_plan_without_its_document_is_held_and_asked_for_once(office: Office) -> None:
    office.plan_signed(document_id=None)
    first = office.send(Kind.PLAN_OF_CARE, "certifier", "v1")
    assert first.held_until == datetime(2026, 3, 3, 12, 0, tzinfo=UTC)  # Tuesday's opening
    assert of(first, MessageHeld)[0].why == "document_missing"
    (task,) = of(first, TaskOpened)
    assert task.role == Role.THERAPIST
    again = office.send(Kind.PLAN_OF_CARE, "certifier", "v1", at=first.held_until)
    assert of(again, TaskOpened) == [task]
    assert office.fax.accepted == []
    assert again.held_until is not None
    office.put("plan_of_care", pdf=a_pdf())
    sent = office.send(Kind.PLAN_OF_CARE, "certifier", "v1", at=again.held_until)
    assert of(sent, MessageSent)


def test_fields_with_holes_leave_nothing(office: Office) -> None:
    holes = office.put("plan_of_care", content={"plan": {}, "update": {"verdict": "x"}})
    office.plan_signed(document_id=holes)
    answer = office.send(Kind.PLAN_OF_CARE, "certifier", "v1")
    assert of(answer, MessageHeld)[0].why == "document_missing"
    assert office.fax.accepted == []


def test_reports_and_summary_are_drawn_from_the_record(office: Office) -> None:
    office.plan_signed()
    report = office.put("progress_report", content=report_fields())
    summary = office.put("discharge_summary", content=summary_fields())
    office.tell(
        ProgressReportSigned(at=MONDAY, report_id="r1", document_id=report, day=MONDAY.date()),
        DischargeSummarySigned(at=MONDAY, document_id=summary),
    )
    to = f"recipient:{office.certifier_id}"
    assert of(office.send(Kind.PROGRESS_REPORT, to, "r1"), MessageSent)
    assert of(office.send(Kind.DISCHARGE_SUMMARY, to), MessageSent)
    assert [p.attachments[0].filename for p in office.fax.accepted] == [
        "progress-report.pdf",
        "discharge-summary.pdf",
    ]


def test_an_emr_pdf_goes_behind_our_sheet(office: Office) -> None:
    theirs = a_pdf()
    document = office.put("discharge_summary", pdf=theirs)
    office.tell(DischargeSummarySigned(at=MONDAY, document_id=document))
    office.send(Kind.DISCHARGE_SUMMARY, f"recipient:{office.certifier_id}")
    assert pages(office.fax.accepted[-1].attachments[0].content) == 1 + pages(theirs)


def test_a_pdf_that_cannot_be_copied_is_a_persons_and_quotes_nothing(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    page = BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(612, 792)
    writer.write(page)
    torn = page.getvalue().replace(b"/Type /Page\n", b"/Type /Sentinel\n")
    document = office.put("discharge_summary", pdf=torn)
    office.tell(DischargeSummarySigned(at=MONDAY, document_id=document))
    answer = office.send(Kind.DISCHARGE_SUMMARY, f"recipient:{office.certifier_id}")
    assert of(answer, MessageHeld)[0].why == "document_missing"
    assert of(answer, TaskOpened)[0].task.startswith("attach_document:")
    assert "Sentinel" not in caplog.text


def test_the_same_code_is_on_the_plan_and_on_its_reminder(office: Office) -> None:
    office.plan_signed()
    office.send(Kind.PLAN_OF_CARE, "certifier", "v1")
    office.send(Kind.SIGNATURE_REQUEST, "certifier", "v1-day-7", at=MONDAY + 7 * DAY)
    codes = {row.payload["return_code"] for row in office.deliveries() if row.payload}
    assert len(codes) == 1


def test_nothing_quotes_a_plan_the_provider_changed(office: Office) -> None:
    """policy.md rule 4: until the therapist has taken the changes over."""
    office.plan_signed()
    at = MONDAY + timedelta(hours=1)
    office.tell(
        PageJudged(
            at=at,
            as_of=at,
            by="dana",
            verdict=PageVerdict.SIGNED_WITH_CHANGES,
            frequency="1/week",
        )
    )
    office.send(Kind.PLAN_OF_CARE, "certifier", "v1", at=at)
    assert office.fax.accepted == []
    assert [m.why for m in office.referral.all(MessageDropped)] == ["changed_by_provider"]
