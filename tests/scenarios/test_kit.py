"""The kit finds what is not as a case says; without it a scenario would prove nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from demo.cast import OKAFOR, patient
from models.errors import ConfigError, NotFound
from models.kinds import Kind
from models.referral import MessageRef
from tests.scenarios.__main__ import Told
from tests.scenarios.kit.case import Case
from tests.scenarios.kit.cases import index, names, scenarios
from tests.scenarios.kit.evidence import End, Evidence, Sent, Task
from tests.scenarios.kit.scene import policy_of
from tests.scenarios.kit.verdict import faults

ROOT = Path(__file__).parents[2]
MONDAY = date(2027, 2, 1)
JO = patient(61, "Jo", "Sample", "1960-05-01")


@pytest.fixture
def case() -> Case:
    """One referral; a fax to its physician and a call that stands a day."""
    case = Case("a_case", MONDAY)
    jo = case.referral("jo")
    jo.received(0, "09:30", JO, OKAFOR)
    jo.called(1, "09:00", "voicemail", refused="over")
    jo.sends(0, "thank_you", OKAFOR, "fax", "09:45")
    jo.asks(0, "call_patient", "front_desk", "11:30-12:00", due=(1, "19:00"), until=(1, "10:00"))
    jo.ends_as("scheduled")
    return case


def as_it_says(case: Case) -> Evidence:
    """What must have happened for the case to be right."""
    thanks = MessageRef(Kind.THANK_YOU, "source", "1")
    sent = Sent("jo", case.when(0, "09:45"), thanks, "fax", OKAFOR["fax"], 1, None)
    begin, due, gone = case.when(0, "11:30"), case.when(1, "19:00"), case.when(1, "10:00")
    task = Task("jo", "call_patient", "call_patient:x", "front_desk", begin, due, gone, "moot")
    ends = {"jo": End("scheduled", "needs_signature", None)}
    return Evidence(sent=[sent], tasks=[task], ends=ends)


REFUSED = {1: "over"}


def test_what_is_as_it_says_has_no_fault(case: Case) -> None:
    assert faults(case, as_it_says(case), REFUSED) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channel": "email"}, "should have gone out"),
        ({"address": "+15185550199"}, "should have gone out"),
        ({"message": MessageRef(Kind.DISCHARGE_SUMMARY, "source", "1")}, "nobody said so"),
        ({"life": "somebody else"}, "nobody said so"),
    ],
)
def test_another_message_is_a_fault(case: Case, change: dict[str, object], said: str) -> None:
    found = as_it_says(case)
    found.sent = [found.sent[0]._replace(**change)]
    assert any(said in fault for fault in faults(case, found, REFUSED))


@pytest.mark.parametrize("clock", ["09:43", "09:47"])
def test_another_time_is_a_fault(case: Case, clock: str) -> None:
    found = as_it_says(case)
    found.sent = [found.sent[0]._replace(at=case.when(0, clock))]
    assert len(faults(case, found, REFUSED)) == 2


def test_a_second_copy_is_a_fault(case: Case) -> None:
    found = as_it_says(case)
    found.sent *= 2
    assert len(faults(case, found, REFUSED)) == 1


@pytest.mark.parametrize(("letters", "faulty"), [((1,), 0), ((1, 1), 1), ((2,), 1), ((), 1)])
def test_how_often_a_fax_line_rings(
    case: Case, tmp_path: Path, letters: tuple[int, ...], faulty: int
) -> None:
    found = as_it_says(case)
    found.sent = [found.sent[0]._replace(paper=tmp_path / "fax.pdf")]
    case.faxes(0, OKAFOR["fax"], *letters)
    assert len(faults(case, found, REFUSED)) == faulty


def test_words_on_the_paper_are_looked_at(case: Case, tmp_path: Path) -> None:
    paper = tmp_path / "text.txt"
    paper.write_text("To: somebody\n\nThank you for\nsending Jo.")
    jo, found = case.lives["jo"], as_it_says(case)
    found.sent = [found.sent[0]._replace(paper=paper)]
    case.sends.clear()
    jo.sends(0, "thank_you", OKAFOR, "fax", with_words=("Thank you for sending",), without=("Jo",))
    assert faults(case, found, REFUSED) == [
        f"jo: thank_you on day 0  by fax to {OKAFOR['fax']}: says “Jo”"
    ]


def test_what_must_never_go_out_is_named_with_its_rule(case: Case) -> None:
    case.lives["jo"].never_sends("thank_you", because="rule 8")
    assert any("rule 8" in fault for fault in faults(case, as_it_says(case), REFUSED))


@pytest.mark.parametrize(
    "change",
    [{"role": "lead"}, {"gone": None, "how": "open"}, {"kind": "ask_office"}],
)
def test_another_task_is_two_faults(case: Case, change: dict[str, object]) -> None:
    found = as_it_says(case)
    found.tasks = [found.tasks[0]._replace(**change)]
    assert len(faults(case, found, REFUSED)) == 2


def test_a_limit_that_is_not_the_one_promised_is_a_fault(case: Case) -> None:
    found = as_it_says(case)
    found.tasks = [found.tasks[0]._replace(due=case.when(2, "19:00"))]
    assert len(faults(case, found, REFUSED)) == 2


@pytest.mark.parametrize("refused", [{}, {1: "closed"}, {1: "over", 0: "unknown_clinic"}])
def test_what_is_refused_is_what_the_case_says(case: Case, refused: dict[int, str]) -> None:
    assert len(faults(case, as_it_says(case), refused)) == 1


def test_an_end_that_is_not_said_or_not_reached_is_a_fault(case: Case) -> None:
    found = as_it_says(case)
    found.ends = {"jo": End("closed", "needs_signature", "withdrawn")}
    assert len(faults(case, found, REFUSED)) == 1
    found.ends = {"jo": End("scheduled", "needs_signature", None, hands="lee")}
    assert len(faults(case, found, REFUSED)) == 1
    case.ends.clear()
    assert len(faults(case, as_it_says(case), REFUSED)) == 1


def test_a_case_changes_the_policy_file_and_its_mistakes_are_named(case: Case) -> None:
    case.overrides(office={"bundle": "0 bh"}, ack={"warn": "10 wh"})
    policy = policy_of(case, "an-org")
    assert (policy.organization.id, str(policy.policy.ack.warn)) == ("an-org", "10 hours")
    case.overrides(office={"bundel": "0 bh"})
    with pytest.raises(ConfigError, match=r"office\.bundel"):
        policy_of(case, "an-org")


def test_every_case_has_a_title_and_a_story_that_names_its_rule() -> None:
    for one in scenarios():
        assert one.title, one.name
        assert "rule" in one.story or "§" in one.story, one.name


def test_the_index_is_up_to_date() -> None:
    assert (ROOT / "docs" / "scenarios.md").read_text() == index()


async def test_the_demo_says_which_scenarios_there_are() -> None:
    from demo import scenario

    with pytest.raises(NotFound, match=names()[0]):
        await scenario.run("no_such_case")


async def test_without_the_source_tree_it_says_where_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from demo import scenario

    monkeypatch.setattr(scenario, "CASES", tmp_path / "scenarios")
    with pytest.raises(ConfigError, match="clone"):
        await scenario.run("patient_dies")
    with pytest.raises(ConfigError, match="clone"):
        scenario.listed()


ORDERED = {"name": "one", "line": "one  as told", "wrong": []}
SHUFFLED = {"name": "one", "shuffled": "one  as it must", "wrong": []}


@pytest.mark.parametrize(
    ("reports", "code"),
    [
        ([ORDERED, SHUFFLED], 0),
        ([ORDERED], 1),  # its process broke before the bad feeds were through
        ([], 1),
        ([ORDERED, {**SHUFFLED, "wrong": ["1 lost"]}], 1),
    ],
)
async def test_only_a_case_that_was_played_to_the_end_is_right(
    reports: list[dict[str, Any]], code: int
) -> None:
    async def part() -> AsyncIterator[dict[str, Any]]:
        for one in reports:
            yield one

    told = Told(["one"], shuffled=True)
    await told.listen(part())
    assert told.sum_up(20, "1 s") == code
