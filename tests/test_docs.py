"""What the documents promise: links that lead somewhere, tables that match, examples that run."""

from __future__ import annotations

import ast
import asyncio
import base64
import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from temporalio import activity
from temporalio.api.history.v1 import History
from temporalio.client import Client

from activities.tenants import Tenants
from cli import doc_tables
from demo.life import ZONE, Life, opening_monday
from demo.lives import SCRIPTS
from engine.codec import KeyRing
from engine.server import Engine
from integrations.emr.events import RECEIVED, milestone
from models.contracts import Answer, DropInput, SendInput, TaskInput
from models.events import Event
from models.facts import AppointmentBooked, Fact, MessageHeld, Payer
from models.ids import referral_workflow_id
from models.kinds import Kind
from models.policy import Rules
from models.policy_file import load
from models.referral import Stage
from models.sending import Hold, Outgoing, Recipient, may_send
from models.tasks import TaskKind
from tests.lesson import Block, apply, blocks, copy_to, keys_of, run
from tests.lives import easy_life, received, rules
from tests.theater import Fakes, Theater, on_stage

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
STORY = DOCS / "one-referral.md"
LESSON = DOCS / "engineers" / "add-a-step.md"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- links ----------------------------------------------------------------------------------------


def prose(text: str) -> str:
    """A page without its code, where brackets mean something else."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The places inside a page that a link may name, as the common renderers make them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, place = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (place and there.suffix == ".md" and place not in anchors(there)):
            dead.append(target)
    assert not dead, f"{name(page)} links to nothing: {dead}"


# --- tables ---------------------------------------------------------------------------------------


def test_the_reference_tables_are_those_of_the_code() -> None:
    written = (DOCS / "reference.md").read_text(encoding="utf-8")
    assert written == doc_tables.page(), (
        "docs/reference.md is out of date: python -m cli.doc_tables > docs/reference.md"
    )


def test_every_kind_stage_and_task_is_explained() -> None:
    rows = set(re.findall(r"^\| `([^`]+)` \|", doc_tables.tables(), flags=re.MULTILINE))
    assert {str(one) for words in (Kind, Stage, TaskKind) for one in words} <= rows


def test_every_rule_and_source_the_code_cites_is_explained() -> None:
    page = (DOCS / "rules.md").read_text(encoding="utf-8")
    numbers = {int(n) for n in re.findall(r"^(\d+)\. \*\*", page, flags=re.MULTILINE)}
    keys = set(re.findall(r"\[([A-Z]\d+)\]", page[page.index("## Sources") :]))
    assert numbers == set(range(1, 25))
    packages = (*doc_tables.PACKAGES, "workflows", "cli", "demo", "clinics")
    for path in (file for package in packages for file in (ROOT / package).rglob("*.*")):
        if path.suffix not in {".py", ".toml", ".j2", ".html"}:
            continue
        text = path.read_text(encoding="utf-8")
        cited = {int(n) for n in re.findall(r"policy\.md rule (\d+)", text)}
        sources = set(re.findall(r"\[([A-Z]\d{1,2})\]", text))
        assert cited <= numbers, f"{name(path)} cites a rule that docs/rules.md lacks"
        assert sources <= keys, f"{name(path)} cites {sources - keys}, not in docs/rules.md"


def test_every_direct_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    page = (DOCS / "adr" / "dependencies.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `([^`]+)` \| .+ \|", page, flags=re.MULTILINE)
    assert sorted(told) == sorted(wanted)


# --- the story ------------------------------------------------------------------------------------


def tracks() -> list[list[str]]:
    """The steps of each row of ``run()``, in order."""
    tree = ast.parse((ROOT / "workflows" / "referral.py").read_text(encoding="utf-8"))
    run = next(n for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef) and n.name == "run")
    rows: list[tuple[int, list[str]]] = []
    for call in ast.walk(run):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr in {"walk", "walk_each", "walk_beside", "since"}:
            rows.append((call.lineno, [a.id for a in call.args if isinstance(a, ast.Name)]))
    return [steps for _, steps in sorted(rows)]


def sections() -> dict[str, str]:
    """The chapters of the story by their titles."""
    parts = re.split(r"^## (.+)$", STORY.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("chapter", ["The easy one", "The hard one"])
def test_the_page_tells_every_step_in_the_order_of_run(chapter: str) -> None:
    told = re.findall(r"^### (\w+)$", sections()[chapter], flags=re.MULTILINE)
    assert told == [*(step for steps in tracks() for step in steps), "farewell"]


def test_the_page_lists_the_tracks_of_run() -> None:
    rows = re.findall(r"^\| \d+ \| ([^|]+) \|", sections()["How to read run()"], flags=re.MULTILINE)
    assert [re.findall(r"`(\w+)`", row) for row in rows] == tracks()


def test_every_step_file_is_walked() -> None:
    files = {path.stem for path in (ROOT / "workflows" / "steps").glob("[!_]*.py")}
    assert files == {step for steps in tracks() for step in steps} | {"farewell"}


class Told(NamedTuple):
    """A line of a life: days since the opening Monday, local time, what, and which."""

    day: int
    clock: str
    what: str
    which: str
    whose: str = ""
    until: str = ""


def told_in(chapter: str) -> list[Told]:
    """The lines of a chapter's table; visits are summed up there and left out."""
    lines = []
    for when, what, which in re.findall(
        r"^\| \w{3} (\d+ \w{3} \d\d:\d\d) \| (\w+) \| (.+) \|$", sections()[chapter], re.MULTILINE
    ):
        at = datetime.strptime(f"2027 {when}", "%Y %d %b %H:%M").replace(tzinfo=UTC)
        day = (at.date() - date(2027, 2, 1)).days
        kind = re.findall(r"`(\w+)`", which)[0]
        until = re.findall(r"(?:until|by) \w{3} (\d+ \w{3} \d\d:\d\d)", which)
        whose = which.split(": ")[1].split(",")[0].replace(" ", "_") if what == "task" else ""
        lines.append(Told(day, f"{at:%H:%M}", what, kind, whose, until[0] if until else ""))
    return sorted(lines)


class Judging(Fakes):
    """Fakes that keep hours and caps by the real judgment, and write down what happens when."""

    def __init__(self, opening: date, judged_by: Rules) -> None:
        super().__init__()
        self.opening = opening
        self.rules = judged_by
        self.seen: dict[str, list[Told]] = {}
        self.texts: dict[str, list[datetime]] = {}
        self.visits: dict[str, datetime] = {}
        self.details = ""

    def note(
        self,
        who: str,
        at: datetime,
        what: str,
        which: str,
        whose: str = "",
        until: datetime | None = None,
    ) -> None:
        local = at.astimezone(ZONE)
        limit = f"{self._in_2027(until):%-d %b %H:%M}" if until else ""
        day = (local.date() - self.opening).days
        self.seen.setdefault(who, []).append(Told(day, f"{local:%H:%M}", what, which, whose, limit))

    def _in_2027(self, at: datetime) -> datetime:
        local = at.astimezone(ZONE)
        day = date(2027, 2, 1) + (local.date() - self.opening)
        return datetime.combine(day, local.time())

    @activity.defn(name="send_message")
    async def send(self, given: SendInput) -> Answer:
        at, who, key = activity.info().started_time, given.referral_id, given.message.key
        if given.to == "patient":
            starts = self.visits.get(given.occasion)
            today = (
                starts is not None and starts.astimezone(ZONE).date() == at.astimezone(ZONE).date()
            )
            said = may_send(
                Outgoing(kind=given.kind, same_day_change=today),
                Recipient(channel="sms", address="x", texts=tuple(self.texts.get(who, ()))),
                at,
                self.rules,
            )
            if isinstance(said, Hold):
                self.note(who, at, "held", given.kind, until=said.until)
                held = MessageHeld(at=at, as_of=at, message=key, until=said.until, why=said.why)
                return Answer(learned=(held,), held_until=said.until)
            self.texts.setdefault(who, []).append(at)
        self.note(who, at, "sent", given.kind)
        return await Fakes.send(self, given)

    @activity.defn(name="drop_message")
    async def drop(self, given: DropInput) -> Answer:
        self.note(given.referral_id, activity.info().started_time, "stopped", given.kind)
        return await Fakes.drop(self, given)

    @activity.defn(name="open_task")
    async def open_task(self, given: TaskInput) -> Answer:
        at = activity.info().started_time
        self.note(given.referral_id, at, "task", given.kind, given.role, given.due)
        return await Fakes.open_task(self, given)


def fact_of(event: Event) -> Fact:
    if event.type != RECEIVED:
        return milestone(event, document_id="doc_1")
    order = event.data.get("order", {})
    return received(
        event.at,
        payers=tuple(Payer(payer) for payer in event.data["payers"]),
        order_signed_and_dated=bool(order.get("signed") and order.get("dated")),
    )


async def play(theater: Theater, fakes: Judging, lives: list[Life]) -> None:
    """Tell each life's events at their times; the first begins it."""
    lines = sorted(
        (line for life in lives for line in life.lines), key=lambda line: (line.at, line.life)
    )
    for line in lines:
        fact, who = fact_of(Event.model_validate(line.body)), f"ref_{line.life}"
        look_at = lives[0].when(42, "12:00")  # Monday 15 March at noon
        if theater.skipper.now < look_at < line.at:
            await theater.advance(look_at)
            handle = theater.handle("ref_never_signed")
            fakes.details = (await handle.query("__temporal_workflow_metadata")).current_details
        if line.at > theater.skipper.now:
            await theater.advance(line.at)
        if fact.kind != "visit_completed":
            fakes.note(who, line.at, "heard", fact.kind)
        if isinstance(fact, AppointmentBooked):
            fakes.visits[fact.appointment_id] = fact.starts_at
        if fact.kind == RECEIVED:
            await theater.begin(who, fact, fakes.rules)
        else:
            await theater.tell(who, fact)
    await theater.advance(lines[-1].at + timedelta(days=7))


@pytest.mark.engine
async def test_both_lives_happen_as_the_page_tells(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = opening_monday(datetime.now(UTC).date())
    easy = Life("straightforward", "", "", "D-1", opening)
    hard = Life("never_signed", "", "", "D-2", opening)
    scripts = {script.__name__: script for script, _, _ in SCRIPTS}
    for life in (easy, hard):
        scripts[life.name](life)
    start = easy.when(0, "09:30").astimezone(UTC)
    pinned = Tenants([load(ROOT / "clinics" / "example.toml")]).rules("riverside", "east", start)
    # Without public holidays, which move about from year to year, every year tells the same story.
    calendar = pinned.calendar.model_copy(update={"holidays": (), "closed": ()})
    fakes = Judging(opening, pinned.model_copy(update={"calendar": calendar}))
    monkeypatch.setattr("tests.theater.Fakes", lambda: fakes)
    async with on_stage(client, start) as theater:
        await play(theater, fakes, [easy, hard])
        for who, chapter in (("straightforward", "The easy one"), ("never_signed", "The hard one")):
            happened, told = set(fakes.seen[f"ref_{who}"]), set(told_in(chapter))
            assert happened == told, (
                f"{chapter}: happened and not told {sorted(happened - told)}, "
                f"told and did not happen {sorted(told - happened)}"
            )
            assert len(fakes.seen[f"ref_{who}"]) == len(told)  # nothing twice
        still_open = [referral_workflow_id(theater.org, "ref_never_signed")]
        assert await theater.open_at_end() == still_open
        shown = [line.removeprefix("  > ") for line in quoted() if line != "  >"]
        assert undated(shown) == undated([line for line in fakes.details.splitlines() if line])
        labels = await summaries(theater, "ref_straightforward")
        begins = sections()["What an admin sees in the Temporal UI"].partition("life begins:")[2]
        told = re.findall(r"\*([^*]+)\*", " ".join(begins.partition("\n- ")[0].split()))
        assert labels[: len(told)] == told


def quoted() -> list[str]:
    """The current details that the page shows."""
    return [line for line in STORY.read_text(encoding="utf-8").splitlines() if line[:3] == "  >"]


def undated(lines: list[str]) -> list[str]:
    """Lines without their dates, which move with the year."""
    return [re.sub(r"\w{3} \d\d \w{3} \d{4}, \d\d:\d\d", "…", line) for line in lines]


async def summaries(theater: Theater, referral_id: str) -> list[str]:
    """The sentences on the bars of the timeline, in order."""
    found = []
    async for event in theater.handle(referral_id).fetch_history_events():
        if event.user_metadata.HasField("summary"):
            [text] = await theater.client.data_converter.decode([event.user_metadata.summary])
            found.append(text)
    return found


# --- the lesson -----------------------------------------------------------------------------------


@pytest.mark.parametrize("block", blocks(), ids=lambda block: f"{block.path} {block.anchor}")
def test_every_block_of_the_lesson_compiles(block: Block) -> None:
    shapes = ("{}", "print(\n{}\n)", "{{\n{}\n}}")  # a statement, an argument, a dictionary entry
    errors = []
    for shape in shapes:
        try:
            ast.parse(shape.format(block.code))
        except SyntaxError as error:
            errors.append(error)
    assert len(errors) < len(shapes), errors[0]


REPLAY = """
import base64, os, sys
from pathlib import Path
from temporalio.api.history.v1 import History
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from engine.client import loop_plugin, run_and_exit
from engine.codec import KeyRing
from workflows.referral import ReferralWorkflow

async def main() -> None:
    raw = History.FromString(base64.b64decode(Path("history.b64").read_bytes()))
    ring = KeyRing.parse(os.environ["KEYS"])
    replayer = Replayer(workflows=[ReferralWorkflow], plugins=[loop_plugin(ring)])
    await replayer.replay_workflow(WorkflowHistory("referral/riverside/ref_old", list(raw.events)))

run_and_exit(main())
"""


@pytest.mark.engine
async def test_the_lesson_works_and_old_histories_still_replay(
    client: Client, engine: Engine, keyring: KeyRing, tmp_path: Path
) -> None:
    copy_to(tmp_path)
    start = datetime.now(UTC) + timedelta(days=1)
    async with on_stage(client, start) as theater:  # a life in the code before the lesson
        await theater.begin("ref_old", received(start), rules())
        script = [(fact.at, "ref_old", fact) for fact in easy_life(start)]
        await theater.play(
            [line for line in script if line[0] < start + timedelta(days=20)],
            start + timedelta(days=20),
        )
        old = await theater.client.get_workflow_handle(theater.ids[0]).fetch_history()
    raw = History(events=old.events).SerializeToString()
    (tmp_path / "history.b64").write_bytes(base64.b64encode(raw))
    (tmp_path / "replay.py").write_text(REPLAY, encoding="utf-8")
    keys = keys_of(keyring)

    for block in blocks():
        apply(block, tmp_path)
    test = next(block.path for block in blocks() if block.path.startswith("tests/"))
    lesson, replay = await asyncio.gather(
        run(tmp_path, "-m", "pytest", "-q", test, TEMPORAL_ADDRESS=engine.address),
        run(tmp_path, "replay.py", KEYS=keys),
    )
    assert lesson.returncode == 0, lesson.stdout + lesson.stderr
    assert "1 passed" in lesson.stdout
    assert replay.returncode == 0, replay.stderr

    story = tmp_path / "workflows" / "referral.py"  # the same line without its marker
    bare = re.sub(
        r"\*self\.since\(\"[^\"]+\", call_caregiver\)",
        "self.walk(call_caregiver)",
        story.read_text(),
    )
    assert bare != story.read_text()
    story.write_text(bare)
    broken = await run(tmp_path, "replay.py", KEYS=keys)
    assert broken.returncode != 0
    assert "Nondeterminism" in broken.stderr or "TMPRL1100" in broken.stderr
