"""The integrators' page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from integrations.emr.events import TYPES
from web.event_docs import PAGE, table, write
from web.examples import EVENTS

ROOT = Path(__file__).parent.parent.parent
# Logins of people, and what is read only: explained on a page of its own (reports.md).
OTHERS = {ROOT / "web" / name for name in ("vouched.py", "reports_api.py", "cursors.py")}
RAISING = [
    *sorted((ROOT / "integrations" / "emr").glob("*.py")),
    *(
        ROOT / "activities" / f"{name}.py"
        for name in ("clinical", "arrivals", "decisions", "intake", "naming", "tenants")
    ),
    *sorted(set((ROOT / "web").glob("*.py")) - OTHERS),
    ROOT / "store" / "inbox.py",
    ROOT / "reports" / "check_pdf.py",
    ROOT / "reports" / "refuse.py",
]
# Met by the command line only, which prints the sentence: the file is in the user's hands.
OF_FILES = {"unknown_file_type", "malformed_csv", "invalid_referral"}
# Values set aside with a task, never an error.
SET_ASIDE = {"bad_npi", "bad_phone", "bad_email"}


def test_the_tables_are_those_of_the_models() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert write(page) == page, "stale: run python -m web.event_docs"


def test_every_type_has_a_row_and_an_example() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", table(), flags=re.MULTILINE)
    assert rows == list(TYPES)
    assert set(EVENTS) == set(TYPES)


def test_every_code_that_can_be_answered_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `([a-z_]+)`[^|]*\| \d{3} \|", page, flags=re.MULTILINE))
    raised = set()
    for path in RAISING:
        raised |= set(re.findall(r"""code=["']([a-z_]+)["']""", path.read_text()))
    assert raised - OF_FILES - SET_ASIDE <= explained, "codes without a row"
    assert {"bad_name", "bad_state", "impossible_date", "event_id_reused"} <= explained
