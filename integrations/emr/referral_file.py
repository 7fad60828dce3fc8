"""Referral files: JSON (one referral or a list) and CSV, into the one shape of a new referral.

A file is read whole before anything is taken: one wrong row names itself by row and column, and
nothing of the file is applied.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Final

from integrations.emr.problems import validated
from models.errors import BadRequest, TooLarge
from models.events import NewReferral

MOST_ROWS: Final = 5000
_CODE: Final = "invalid_referral"

#: CSV header -> place in NewReferral. Order and case of headers do not matter; unknown ones are
#: refused, because a column nobody reads is a typing mistake that would lose something.
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "assigner": ("external", "assigner"),
    "referral_id": ("external", "value"),
    "clinic": ("clinic",),
    "received_at": ("received_at",),
    "patient_given_name": ("patient", "given_name"),
    "patient_family_name": ("patient", "family_name"),
    "patient_born": ("patient", "born"),
    "patient_phone": ("patient", "phone"),
    "patient_email": ("patient", "email"),
    "patient_language": ("patient", "language"),
    "patient_state": ("patient", "state"),
    "guardian_name": ("patient", "guardian_name"),
    "guardian_phone": ("patient", "guardian_phone"),
    "guardian_language": ("patient", "guardian_language"),
    "may_text": ("patient", "may_text"),
    "may_email": ("patient", "may_email"),
    "source_kind": ("source", "kind"),
    "source_npi": ("source", "npi"),
    "source_name": ("source", "name"),
    "source_credential": ("source", "credential"),
    "source_practice": ("source", "practice"),
    "source_fax": ("source", "fax"),
    "source_email": ("source", "email"),
    "source_phone": ("source", "phone"),
    "source_prefers": ("source", "prefers"),
    "source_verified": ("source", "verified"),
    "may_thank": ("source", "may_thank"),
    "certifier_npi": ("certifier", "npi"),
    "certifier_name": ("certifier", "name"),
    "certifier_credential": ("certifier", "credential"),
    "certifier_practice": ("certifier", "practice"),
    "certifier_fax": ("certifier", "fax"),
    "certifier_email": ("certifier", "email"),
    "certifier_phone": ("certifier", "phone"),
    "payers": ("payers",),  # separated by semicolons
    "urgency": ("urgency",),
    "region": ("region",),
    "not_before": ("not_before",),
    "order_signed": ("order", "signed"),
    "order_dated": ("order", "dated"),
    "order_holds_full_plan": ("order", "holds_full_plan"),
    "reason": ("reason",),
    "heard": ("heard",),
    "campaign": ("campaign",),
}
_HEADERS = {path: name for name, path in COLUMNS.items()}


def read_referrals(name: str, content: bytes) -> list[NewReferral]:
    """Every referral of a file whose *name* ends in ``.json`` or ``.csv``; pure.

    Raises BadRequest (``unknown_file_type``, ``malformed_json``, ``malformed_csv``,
    ``invalid_referral``) naming row and column, and TooLarge over 5,000 rows. Rows count as a
    spreadsheet shows them: the header is row 1.
    """
    kind = name.lower().rpartition(".")[2]
    if kind not in {"json", "csv"}:
        raise BadRequest("A referral file ends in .json or .csv.", code="unknown_file_type")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequest(
            "The file is not UTF-8 text; save it as CSV UTF-8 or JSON.", code=f"malformed_{kind}"
        ) from None
    return _json(text) if kind == "json" else _csv(text)


def _json(text: str) -> list[NewReferral]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise BadRequest(f"The file is not valid JSON{line}.", code="malformed_json") from None
    several = isinstance(content, list)
    items = content if several else [content]
    if not items:
        raise BadRequest("The file holds no referral.", code="invalid_referral")
    if len(items) > MOST_ROWS:
        raise TooLarge(f"The file holds more than {MOST_ROWS} referrals; split it.")
    found = []
    for place, item in enumerate(items, start=1):
        try:
            found.append(validated(NewReferral, item, code=_CODE))
        except BadRequest as error:
            raise _at(error, [f"referral {place}"] if several else []) from None
    return found


def _csv(text: str) -> list[NewReferral]:
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(lines, [])]
        _check_header(header)
        found: list[NewReferral] = []
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue
            if len(found) >= MOST_ROWS:
                raise TooLarge(f"The file has more than {MOST_ROWS} rows; split it.")
            # A quoted cell may span lines; the line on which its row ends is what editors show.
            found.append(_row(header, cells, lines.line_num))
    except csv.Error:
        raise BadRequest(
            f"row {lines.line_num}: not valid CSV; check its quotation marks.", code="malformed_csv"
        ) from None
    if not found:
        raise BadRequest("The file holds no referral.", code="invalid_referral")
    return found


def _check_header(header: list[str]) -> None:
    unknown = [place for place, name in enumerate(header, start=1) if name not in COLUMNS]
    if unknown:
        raise BadRequest(
            f"row 1, column {unknown[0]}: not a header we know; known: {', '.join(COLUMNS)}.",
            code="malformed_csv",
            field=f"column {unknown[0]}",
        )
    twice = [name for place, name in enumerate(header) if name in header[:place]]
    if twice:
        raise BadRequest(
            f"row 1: the header {twice[0]} is there twice.", code="malformed_csv", field=twice[0]
        )


def _row(header: list[str], cells: list[str], number: int) -> NewReferral:
    if len(cells) > len(header):
        raise BadRequest(
            f"row {number}: more cells than headers; check its commas and quotation marks.",
            code="malformed_csv",
        )
    content: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=False):
        value = cell.strip()
        if not value:
            continue
        *parents, last = COLUMNS[name]
        inner = content
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = [p.strip() for p in value.split(";")] if last == "payers" else value
    try:
        return validated(NewReferral, content, code=_CODE)
    except BadRequest as error:
        raise _at(error, [f"row {number}"], columns=True) from None


def _at(problem: BadRequest, within: list[str], *, columns: bool = False) -> BadRequest:
    """A problem with its row, and its column by header where there is one."""
    path = tuple((problem.field or "").split("."))
    wanted = path[:1] if path[0] == "payers" else path
    place = f"column {_HEADERS[wanted]}" if columns and wanted in _HEADERS else problem.field
    said = problem.sentence.partition(": ")[2] or problem.sentence
    parts = [*within, *([place] if place else [])]
    where = f"{', '.join(parts)}: " if parts else ""
    return BadRequest(f"{where}{said}", code=problem.code, field=place)
