"""What a sender must change is refused with its place named, and is kept."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest

from models.errors import BadRequest, UserError
from store.tables import InboxRow
from tests.doors import LATER, ORG, Door
from web.examples import EVENTS

DAY = timedelta(days=1)


def changed(kind: str, **changes: Any) -> dict[str, Any]:
    told = copy.deepcopy(EVENTS[kind])
    for path, value in changes.items():
        *parents, last = path.split("__")
        inner: Any = told
        for parent in parents:
            inner = inner[parent]
        inner[last] = value
    return told


@pytest.mark.parametrize(
    ("content", "code", "field"),
    [
        (b"{", "malformed_json", None),
        (b"\xff", "malformed_json", None),
        (b"[" * 100_000, "malformed_json", None),
        (b'{"type": NaN}', "malformed_json", None),
        ([], "invalid_event", None),
        ({"type": "discharged"}, "invalid_event", "at"),
        (changed("discharged", type="discharge"), "unknown_event_type", "type"),
        (changed("discharged", at="2026-01-05"), "invalid_event", "at"),
        (changed("discharged", at="1899-12-31T00:00:00Z"), "impossible_date", "at"),
        (changed("discharged", at="3000-01-01T00:00:00Z"), "impossible_date", "at"),
        (changed("discharged", at="0001-01-01T00:00:00+14:00"), "impossible_date", None),
        (changed("discharged", at="9999-12-31T23:59:59-14:00"), "impossible_date", None),
        (
            changed("referral_received", data__not_before="9999-12-31T23:59:59-14:00"),
            "impossible_date",
            None,
        ),
        (b'{"type": "outcome_recorded", "score": 1e999}', "malformed_json", None),
        (changed("discharged", referral=None), "invalid_event", "referral"),
        (changed("discharged", data__reason="bored"), "invalid_event", "data.reason"),
        (changed("discharged", data__raeson="goals_met"), "invalid_event", "data"),
        (changed("discharged", data__kind="visit_completed"), "invalid_event", "data"),
        (changed("visit_completed", data__day="1899-01-01"), "impossible_date", "data.day"),
        (changed("visit_completed", data__day="3000-01-01"), "impossible_date", "data.day"),
        (
            changed("appointment_booked", data__starts_at="3000-01-01T00:00:00Z"),
            "impossible_date",
            "data.starts_at",
        ),
        (changed("plan_of_care_signed", data__document_id="doc_1"), "invalid_event", "data"),
        (changed("order_received", data__provider_npi="12"), "invalid_event", "data.provider_npi"),
        (
            changed("referral_received", data__patient__born="1899-12-31"),
            "impossible_date",
            "data.patient.born",
        ),
        (
            changed("referral_received", data__patient__born="3000-01-01"),
            "impossible_date",
            "data.patient.born",
        ),
        (
            changed("referral_received", data__patient__family_name="A" * 301),
            "invalid_event",
            "data.patient.family_name",
        ),
        (
            changed("referral_received", data__patient__family_name="\u202e"),
            "bad_name",
            "data.patient.family_name",
        ),
        (
            changed("referral_received", data__patient__state="XX"),
            "bad_state",
            "data.patient.state",
        ),
        (changed("referral_received", data__clinic="north"), "unknown_clinic", "clinic"),
        (changed("discharged", document={"fields": {}}), "document_not_expected", "document"),
        (changed("plan_of_care_signed", document={}), "invalid_document", "document"),
        (
            changed("plan_of_care_signed", document={"pdf": "aGVsbG8="}),
            "not_a_pdf",
            None,
        ),
        (
            changed("plan_of_care_signed", document__fields__plan__frequency=""),
            "missing_elements",
            None,
        ),
        (
            changed("plan_of_care_signed", document__fields__plan__frequencey="twice"),
            "invalid_document",
            "document.fields.plan",  # a name that is not ours is not repeated
        ),
        (
            changed("progress_report_signed", document__fields__signature=None),
            "unsigned_document",
            "document.fields.signature",
        ),
        (
            changed("progress_report_signed", document__fields__patient={}),
            "invalid_document",
            "document.fields",
        ),
    ],
)
def test_what_the_sender_can_fix_is_refused_and_kept(
    door: Door, content: Any, code: str, field: str | None
) -> None:
    door.now = LATER
    with pytest.raises(UserError) as refused:
        door.accept(content)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert refused.value.http_status == 400
    (kept,) = door.rows(InboxRow)
    assert (kept.state, kept.reason) == ("rejected", code)


def test_a_refusal_repeats_nothing_that_was_sent(door: Door) -> None:
    told = changed("referral_received", data__patient__born="Jordan was born in May")
    with pytest.raises(BadRequest) as refused:
        door.accept(told)
    assert "Jordan" not in str(refused.value)
    assert refused.value.field == "data.patient.born"


async def test_a_rejected_row_stays_rejected(door: Door) -> None:
    for _ in range(2):
        with pytest.raises(BadRequest):
            door.accept({"type": "discharged"}, "e-bad")
    (kept,) = door.rows(InboxRow)
    await door.intake.dispatch(kept.id)
    assert door.intake.status(ORG, kept.id).state == "rejected"


async def test_the_api_names_fields_as_its_sender_wrote_them(door: Door) -> None:
    content = copy.deepcopy(EVENTS["referral_received"]["data"])
    content["patient"]["born"] = "1899-01-01"
    with pytest.raises(BadRequest) as refused:
        door.accept(content, origin="api")
    assert refused.value.field == "patient.born"
    assert refused.value.sentence.startswith("The birth date is impossible")
