"""Referral files: every row becomes a referral, or one names itself."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from integrations.emr import referral_file
from integrations.emr.referral_file import COLUMNS, read_referrals
from models.errors import BadRequest, TooLarge
from models.events import NewReferral
from models.people import SourceKind
from web.examples import NEW_REFERRAL

HEADER = "patient_given_name,patient_family_name,patient_born,source_name"
ROW = "Jordan,Sample,1961-01-04,Ana Ruiz"


def csv(*rows: str, header: str = HEADER) -> bytes:
    return "\r\n".join((header, *rows, "")).encode()


def test_a_json_file_holds_one_or_several() -> None:
    one = read_referrals("r.json", json.dumps(NEW_REFERRAL).encode())
    assert one == [NewReferral.model_validate(NEW_REFERRAL)]
    assert read_referrals("R.JSON", json.dumps([NEW_REFERRAL] * 2).encode()) == one * 2


def test_a_csv_row_says_all_that_json_can() -> None:
    values: dict[str, str] = dict.fromkeys(COLUMNS, "")
    values |= {
        "assigner": "example-emr",
        "referral_id": "R-1",
        "clinic": "west",
        "received_at": "2026-01-05T10:00:00-05:00",
        "patient_given_name": "Jo, Ann",
        "patient_family_name": "Sample",
        "patient_born": "1961-01-04",
        "may_text": "false",
        "source_name": "Dr. Ruiz",
        "source_kind": "practice",
        "certifier_name": "Ana Ruiz",
        "payers": "medicare_part_b; commercial",
        "order_signed": "true",
        "urgency": "post_op",
    }
    cells = ",".join(f'"{value}"' for value in values.values())
    (read,) = read_referrals("r.csv", csv(cells, header=",".join(values)))
    assert read.external is not None
    assert (read.external.assigner, read.external.value) == ("example-emr", "R-1")
    assert read.received_at == datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
    assert (read.patient.given_name, read.patient.born) == ("Jo, Ann", date(1961, 1, 4))
    assert read.patient.may_text is False
    assert read.source.kind is SourceKind.PRACTICE
    assert read.certifier is not None
    assert read.payers == ("medicare_part_b", "commercial")
    assert read.order is not None
    assert read.order.signed
    assert not read.order.dated


def test_a_spreadsheets_habits_are_no_mistakes() -> None:
    content = b"\xef\xbb\xbf" + csv(ROW, ",,,", header=HEADER.upper().replace(",", " , "))
    (read,) = read_referrals("r.csv", content)
    assert read.patient.family_name == "Sample"
    assert read.external is None


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("r.xlsx", b"", "unknown_file_type", ".json or .csv"),
        ("r", b"", "unknown_file_type", ".json or .csv"),
        ("r.csv", b"\xff", "malformed_csv", "UTF-8"),
        ("r.csv", b"", "invalid_referral", "no referral"),
        ("r.csv", csv(), "invalid_referral", "no referral"),
        ("r.csv", csv(ROW, header=f"{HEADER},diagnosis"), "malformed_csv", "row 1, column 5"),
        ("r.csv", csv(ROW, header=f"{HEADER},source_name"), "malformed_csv", "source_name"),
        ("r.csv", csv(f"{ROW},more"), "malformed_csv", "row 2: more cells"),
        ("r.csv", csv(ROW, '"open'), "malformed_csv", "row 3"),
        ("r.csv", csv(ROW, "Jo,,1961-01-04,Ana"), "invalid_referral", "patient_family_name"),
        ("r.csv", csv(ROW, "Jo,X,May 1961,Ana"), "invalid_referral", "row 3, column patient_born"),
        (
            "r.csv",
            csv(f"{ROW},medicare", header=f"{HEADER},payers"),
            "invalid_referral",
            "row 2, column payers",
        ),
        ("r.json", b"{\n\n]", "malformed_json", "line 3"),
        ("r.json", b"[]", "invalid_referral", "no referral"),
        ("r.json", b"[1]", "invalid_referral", "referral 1"),
        (
            "r.json",
            json.dumps([NEW_REFERRAL, {**NEW_REFERRAL, "urgency": "soon"}]).encode(),
            "invalid_referral",
            "referral 2, urgency",
        ),
    ],
)
def test_a_mistake_is_named_by_row_and_column(
    name: str, content: bytes, code: str, says: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        read_referrals(name, content)
    assert refused.value.code == code
    assert says in refused.value.sentence


def test_a_mistake_repeats_nothing_of_the_row() -> None:
    with pytest.raises(BadRequest) as refused:
        read_referrals("r.csv", csv("Sentinelle,X,Sentinelle,Ana"))
    assert "Sentinelle" not in str(refused.value)


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(referral_file, "MOST_ROWS", 2)
    assert len(read_referrals("r.csv", csv(ROW, ROW))) == 2
    with pytest.raises(TooLarge):
        read_referrals("r.csv", csv(ROW, ROW, ROW))
    with pytest.raises(TooLarge):
        read_referrals("r.json", json.dumps([NEW_REFERRAL] * 3).encode())


def test_every_column_has_a_place_in_a_referral() -> None:
    def knows(model: Any, path: tuple[str, ...]) -> bool:
        field = model.model_fields.get(path[0])
        if field is None or len(path) == 1:
            return field is not None
        inner = next(
            one
            for one in (field.annotation, *getattr(field.annotation, "__args__", ()))
            if hasattr(one, "model_fields")
        )
        return knows(inner, path[1:])

    for name, path in COLUMNS.items():
        assert knows(NewReferral, path), name
