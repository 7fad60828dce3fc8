"""What may stand in a log line: ids, codes and numbers fit; people do not."""

from __future__ import annotations

import re
from itertools import count

import pytest

from models.ids import new_id, referral_workflow_id, source_workflow_id
from telemetry.fields import FIELDS, MASK, fits, tamed

# Who a patient is, as it turns up in error texts and file names; all fictional.
PEOPLE = (
    "Jordan",
    "Jordan Placeholder",
    "jordan.51@example.org",
    "518-555-0151",
    "(518) 555-0151",
    "+15185550151",
    "518.555.0151",
    "5185550151",
    "1961-01-04",
    "01/04/1961",
    "4.1.1961",
    "4 Jan 1961",
    "January 4, 1961",
    "M17.11",
    "MBR-553201-X",
    "12 Sample Street",
)


# One capitalized word may be the name of a class, and of a logger almost anything may: what stands
# in these comes from code, or from the settings, never from a value.
OF_CODE = {"logger", "error", "cause", "workflow_type", "reader"}


@pytest.mark.parametrize("value", PEOPLE)
@pytest.mark.parametrize(
    "name", [name for name, one in FIELDS.items() if one.shape is not str and name not in OF_CODE]
)
def test_no_field_takes_a_person(name: str, value: str) -> None:
    assert not fits(name, value)


@pytest.mark.parametrize("value", [one for one in PEOPLE if one != "Jordan"])
@pytest.mark.parametrize("name", sorted(OF_CODE - {"logger", "reader"}))
def test_a_class_is_one_word(name: str, value: str) -> None:
    assert not fits(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("org", "riverside"),
        ("org", "clinic-42"),
        ("referral_id", new_id("ref")),
        ("row_id", new_id("evt")),
        ("reference", new_id("rl")),
        ("workflow_id", referral_workflow_id("riverside", new_id("ref"))),
        ("workflow_id", source_workflow_id("riverside", new_id("prv"))),
        ("workflow_id", "sweep/inbox-2026-11-22T08:05:45Z"),
        ("run_id", "0192d2aa-1b2c-4d3e-8f90-0192d2aa1b2c"),
        ("request_id", "ed40d9080b1305ed"),
        ("request_id", "0192d2aa-1b2c-4d3e-8f90-0192d2aa1b2c"),
        ("route", "/hooks/{org}/events/{event}"),
        ("at", "post.py:120 < desk.py:4"),
        ("status", 202),
        ("errno", "ENOSPC"),
    ],
    ids=count(),  # those made above differ from process to process
)
def test_what_we_do_log_fits(name: str, value: object) -> None:
    assert fits(name, value)


# Short numbers stay: a sentence of ours names lines, counts and versions.
NUMBERED = [one for one in PEOPLE if re.search(r"@|\d.*\d.*\d.*\d.*\d|1961", one)]


@pytest.mark.parametrize("value", [one for one in NUMBERED if one != "12 Sample Street"])
def test_a_sentence_keeps_no_number_date_or_mailbox(value: str) -> None:
    told = tamed(f"The server said {value} is unknown.")
    assert value not in told
    assert MASK in told
    assert not any(piece in told for piece in ("0151", "1961", "553201", "example.org"))


def test_a_sentence_keeps_what_an_operator_needs() -> None:
    said = (
        "No Temporal server answers at 127.0.0.1:54321; see line 12 of example.toml and run "
        "0192d2aa-1b2c-4d3e-8f90-0192d2aa1b2c."
    )
    assert tamed(said) == said


def test_long_text_is_masked_as_a_whole() -> None:
    assert tamed("word " * 200) == MASK
    assert tamed("first line\nsecond line") == "first line"
