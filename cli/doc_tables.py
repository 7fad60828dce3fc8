"""The tables of ``docs/reference.md``, made from the code they describe.

``python -m cli.doc_tables > docs/reference.md`` writes the page; a test compares the two, so that
a new message, task, fact or error code cannot go undocumented.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple, get_args

from engine.schedules import CHORES
from models import errors
from models.access import GRANTS, SAYS, May
from models.errors import LoopError
from models.facts import DECISIONS, MILESTONES, AnyFact, Fact
from models.findings import FINDINGS
from models.kinds import BY_HAND, Kind
from models.messages import MESSAGES, Audience
from models.moves import TITLES
from models.policy import Policy
from models.referral import Stage
from models.tasks import SPECS

ROOT: Final = Path(__file__).resolve().parent.parent
# Where errors with a code of their own are raised.
PACKAGES: Final = ("models", "integrations", "reports", "store", "engine", "activities", "web")

# The occasion that asks for each kind of message; the code that waits for it is its step.
WHEN: Final[dict[Kind, str]] = {
    Kind.RECEIPT_NOTICE: "a fax arrives from a verified number",
    Kind.THANK_YOU: "15 minutes after arrival, so that a duplicate can be seen first",
    Kind.THANK_YOU_PAST_PATIENT: "the next business day, where thanking is allowed",
    Kind.NEED_INFORMATION: "the referral lacks something only the office knows",
    Kind.UNABLE_TO_REACH: "closed as unable to reach; from the third missed evaluation",
    Kind.DECLINED: "the clinic cannot take the patient",
    Kind.TRANSFERRED: "the referral moves to another clinic of the organization",
    Kind.PLAN_OF_CARE: "the therapist signs the plan, and again for every new version",
    Kind.PROGRESS_UPDATE: "never alone: it is page 1 of the plan of care",
    Kind.SIGNATURE_REQUEST: "days 7 and 14 of the chase, only while a signature is needed",
    Kind.PROGRESS_REPORT: "the therapist signs one; at most one in 14 days",
    Kind.DISCHARGE_SUMMARY: "the therapist signs it, planned ending or not",
    Kind.RE_ENGAGEMENT: "60 days without a referral from this source: a task, not a letter",
    Kind.SCHEDULE_TEXT: "5 minutes after the referral is confirmed",
    Kind.REACH_FOLLOWUP: "business days 2 and 7 without a booking",
    Kind.LAST_TEXT: "business day 10 without a booking",
    Kind.BOOKED: "the EMR has an evaluation, and the forms are complete or not ours",
    Kind.INTAKE: "the EMR has an evaluation, and forms are open; it confirms the visit as well",
    Kind.INTAKE_REMINDER: "48 hours before the evaluation, while forms are open",
    Kind.REMINDER: "before the visit; most EMRs do this already",
    Kind.MISSED: "the first missed evaluation",
    Kind.WAITING_ON_INSURER: "the second business day of a wait for the insurer, once",
    Kind.NEW_CLINIC: "the referral moves to another clinic, once the patient knows the first one",
    Kind.REBOOK: "a patient stops coming, if the desk chooses to write",
    Kind.PATIENT_THANKS: "one business day after a good ending, once the summary is out",
    Kind.CHECK_IN: "7 days after a good ending",
    Kind.OPT_OUT_CONFIRMATION: "once, in answer to STOP",
    Kind.CLOSED_HOURS: "in answer to a text outside opening hours, once in 12 hours",
    Kind.HELP: "in answer to HELP",
    Kind.MISSED_CALL: "a patient called and nobody answered; within the hour, or not at all",
    Kind.DESK_TEXT: "somebody at the desk writes it, word for word",
    Kind.SCORECARD: "each quarter, once a person has approved it",
}
WHOM: Final[dict[Audience, str]] = {
    Audience.PATIENT: "patient",
    Audience.OFFICE: "office",
    Audience.PAST_PATIENT: "past patient",
    Audience.STAFF: "our liaison",
}
STAGES: Final[dict[Stage, str]] = {
    Stage.RECEIVED: "the request is known, nobody has tried to reach the patient",
    Stage.CONTACTING: "a message was delivered to the patient, or a call was logged",
    Stage.SCHEDULED: "an evaluation stands in the EMR",
    Stage.INTAKE: "and the forms went out or came back",
    Stage.EVALUATED: "the evaluation took place, or something that can only follow it",
    Stage.IN_CARE: "a second treatment day",
    Stage.DISCHARGING: "care ended; letters or last words are still owed",
    Stage.CLOSED: "the story's own end, or a person's decision with a reason",
}
CHORE_SAYS: Final[dict[str, str]] = {
    "inbox": "applies what arrived while the engine was away",
    "faxes": "takes in the watched folder, and starts faxes that came while the engine was away",
    "vendors": "takes in texts and faxes that a vendor could not tell us, our address being away",
    "receipts": "asks vendors what became of messages without a receipt",
    "crm": "hands touches and tasks to the CRM",
    "scorecards": "sends letters to offices that a person has approved; asks what became of them",
    "tasks": "returns tasks whose lease has ended, raises those that lie too long",
    "feeds": "asks an administrator about an EMR feed that has fallen silent",
    "slots": "reads the EMR's free times for patients' pages",
    "verdicts": "says once a week of every source whether it grows, holds or fades",
    "purge": "removes what has passed its retention",
}


class Code(NamedTuple):
    """One code that the source raises, with the sentence next to it."""

    code: str
    error: str
    says: str


def page() -> str:
    """The whole of ``docs/reference.md``."""
    return f"{_HEAD}\n{tables()}"


def tables() -> str:
    """Every table, in Markdown; the same for the same code."""
    return "\n".join(
        _section(title, text, rows)
        for title, text, rows in (
            ("Stages", _STAGES, _stages()),
            ("Roles", _ROLES, _roles()),
            ("Messages", _MESSAGES, _messages()),
            ("Tasks", _TASKS, _tasks()),
            ("Facts heard from outside", _MILESTONES, _facts(MILESTONES.values())),
            ("Decisions of staff", _DECISIONS, _facts(DECISIONS.values())),
            ("Facts learned from our own acts", _OWN, _facts(_own_facts())),
            ("Chores", _CHORES, _chores()),
            ("What doctor finds", _FINDINGS, _findings()),
            ("Errors", _ERRORS, _errors()),
            ("Codes in use", _CODES, _codes()),
        )
    )


def _section(title: str, text: str, rows: Iterable[Sequence[str]]) -> str:
    head, *body = rows
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in body]
    return f"## {title}\n\n{text}\n\n" + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _stages() -> Iterator[Sequence[str]]:
    yield "stage", "board column", "true when"
    for stage in Stage:
        yield f"`{stage}`", TITLES[stage], STAGES[stage]


def _roles() -> Iterator[Sequence[str]]:
    yield "right", *(f"`{role}`" for role in GRANTS)
    for right in May:
        yield SAYS[right], *("yes" if right in rights else "" for rights in GRANTS.values())


def _messages() -> Iterator[Sequence[str]]:
    policy = Policy()
    yield "kind", "to", "channels", "when", "default owner", "state"
    for kind in Kind:
        spec = MESSAGES[kind]
        channels = ", ".join(spec.channels) or "–"
        state = "sent" if kind in sent_kinds() else "not sent yet"
        state = "page 1 of `plan_of_care`" if kind is Kind.PROGRESS_UPDATE else state
        state = "a task for a person" if kind is Kind.RE_ENGAGEMENT else state
        owner = "a person" if kind in BY_HAND else f"`{policy.owner[kind]}`"
        yield f"`{kind}`", WHOM[spec.audience], channels, WHEN[kind], owner, state


def sent_kinds() -> frozenset[Kind]:
    """The kinds that some step or cadence asks for, read from the source."""
    asked: set[str] = set()
    models = [ROOT / "models" / "cadence.py", ROOT / "models" / "written.py"]
    models += (ROOT / "models" / "dues").glob("*.py")
    models.append(ROOT / "activities" / "scorecard_post.py")  # of no referral, so of no workflow
    for path in (*(ROOT / "workflows").rglob("*.py"), *models):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "Kind"
            ):
                asked.add(node.attr)
    return frozenset(kind for kind in Kind if kind.name in asked)


def _tasks() -> Iterator[Sequence[str]]:
    yield "task", "role", "what the board says"
    for kind, spec in SPECS.items():
        yield f"`{kind}`", spec.role.replace("_", " "), spec.says


def _facts(kinds: Iterable[type[Fact]]) -> Iterator[Sequence[str]]:
    yield "kind", "fields beside `at`, `as_of`, `retracted`", "what it says"
    common = set(Fact.model_fields)
    for kind in kinds:
        fields = ", ".join(f"`{name}`" for name in kind.model_fields if name not in common)
        yield f"`{kind.model_fields['kind'].default}`", fields or "–", _first_sentence(kind)


def _own_facts() -> Iterator[type[Fact]]:
    known = {*MILESTONES.values(), *DECISIONS.values()}
    union, *_ = get_args(AnyFact)
    yield from (kind for kind in get_args(union) if kind not in known)


def _chores() -> Iterator[Sequence[str]]:
    yield "schedule", "every", "what it does"
    for chore, every in CHORES.items():
        yield f"`chore-{chore}`", _length(every), CHORE_SAYS[chore]


def _findings() -> Iterator[Sequence[str]]:
    yield "finding", "severity", "says", "do"
    for code, spec in FINDINGS.items():
        yield f"`{code}`", spec.severity, _blanks(spec.says), _blanks(spec.do)


def _blanks(text: str) -> str:
    """A sentence with … where it fills something in."""
    return re.sub(r"\{[^}]*\}", "…", text)


def _length(span: timedelta) -> str:
    for word, seconds in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(round(span.total_seconds()), seconds)
        if count and not rest:
            return f"{count} {word}"
    raise ValueError("a chore needs whole seconds")


def _errors() -> Iterator[Sequence[str]]:
    yield "error", "default code", "HTTP", "again later?", "met when"
    for kind in _leaves(LoopError):
        again = "yes" if kind.retryable else "no"
        again = "as its verdict says" if kind is errors.ChannelError else again
        yield (
            f"`{kind.__name__}`",
            f"`{kind.code}`",
            str(kind.http_status),
            again,
            _first_sentence(kind),
        )


def _leaves(kind: type[LoopError]) -> Iterator[type[LoopError]]:
    children = [c for c in kind.__subclasses__() if c.__module__ == errors.__name__]
    if not children:
        yield kind
    for child in children:
        yield from _leaves(child)


def _codes() -> Iterator[Sequence[str]]:
    yield "code", "error", "one sentence that comes with it"
    for found in codes():
        yield f"`{found.code}`", f"`{found.error}`", found.says


def codes() -> list[Code]:
    """Every code the source spells out, once per kind of error."""
    names = {kind.__name__ for kind in _all(LoopError)} | {"Refusal"}
    files = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    constants = {name: text for tree in trees for name, text in _constants(tree)}
    found: dict[tuple[str, str], Code] = {}
    for tree in trees:
        for node in ast.walk(tree):
            one = _code(node, names, constants)
            if one is not None:
                found.setdefault((one.code, one.error), one)
    return [found[key] for key in sorted(found)]


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """A module's names for texts, as a code may be spelt by its name."""
    for node in tree.body:
        named = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        value = getattr(node, "value", None)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield from ((name.id, value.value) for name in named if isinstance(name, ast.Name))


def _all(kind: type[LoopError]) -> Iterator[type[LoopError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _all(child)


def _code(node: ast.AST, names: set[str], constants: dict[str, str]) -> Code | None:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return None
    if node.func.id not in names:
        return None
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    args = list(node.args)
    code = args.pop(0) if node.func.id == "ChannelError" and args else keywords.get("code")
    if isinstance(code, ast.Constant):
        text = str(code.value)
    else:
        name = str(getattr(code, "attr", getattr(code, "id", "")))
        text = constants.get(name, "")
    sentence = keywords.get("sentence") or (args[0] if args else None)
    return Code(text, node.func.id, _words(sentence)) if text else None


def _words(node: ast.expr | None) -> str:
    """A sentence as the source spells it, with … where it fills something in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_words(part) for part in node.values)
    return "…"


def _first_sentence(thing: type[object]) -> str:
    """The first sentence of a docstring, which says what a thing is."""
    lines = (line.strip() for line in (thing.__doc__ or "").strip().splitlines())
    paragraph = " ".join(takewhile(bool, lines))
    sentence, stop, _ = paragraph.replace("``", "`").partition(". ")
    return f"{sentence}." if stop else sentence


_HEAD: Final = """\
# Reference tables

Made from the code by `python -m cli.doc_tables > docs/reference.md`; a test fails when the two
differ. Dates and cadences are defaults of `clinics/example.toml`, where each can be changed.
Rule numbers and keys such as [G9] are explained in [rules.md](rules.md).
"""
_STAGES: Final = """\
Nobody stores a stage. It is folded from the facts (`Referral.stage()`), so it is the same on the
card, in the Temporal search attribute and in a report. The lowest row that is true counts."""
_ROLES: Final = """\
One person has one role (`[[staff]]` of the policy file) and the clinics they work at; nothing of
another clinic is there for them."""
_MESSAGES: Final = """\
Kinds are closed: `models/kinds.py`. The owner is `us`, `emr` or `nobody` and is set for each kind
in `[owner]` of the policy file. Offices are written to by the channel they prefer, then the other;
faxes to one number leave together, up to two business hours later than shown (`[office]`).
Patients by text where they may be texted, then by email where they agreed to it."""
_TASKS: Final = """\
A task has a role, a due time and a reason, and lives until it is done, dismissed, or *moot*: the
facts show that nobody need do it any more (`models/tasks/`). The role is the usual one; an
overdue task may be opened for another, such as the director."""
_MILESTONES: Final = """\
Each kind is also the name of the signal that carries it and the `type` of the event that brings
it. Never refused: early, late, twice or out of order, it is written and takes effect once."""
_DECISIONS: Final = """\
A person's decision comes in as the update `decide` and may be refused with a reason, which leaves
no history. `by` is a staff id, `seen` the version of the card they looked at."""
_OWN: Final = """\
What activities write when they have acted. The workflow learns them from the activity's answer."""
_CHORES: Final = """\
Temporal Schedules of namespace-wide work (`engine/schedules.py`); each can be paused alone."""
_FINDINGS: Final = """\
What `starter.py doctor` may say ([doctor.md](admins/doctor.md)). One that is `wrong` makes it end
with 1; a `warning` does not."""
_ERRORS: Final = """\
One tree, in `models/errors.py`. Every error has a stable code and a sentence that says what to
do."""
_CODES: Final = """\
The finer codes the source uses. `Refusal` is the reason against a staff decision."""


if __name__ == "__main__":
    sys.stdout.write(page())
