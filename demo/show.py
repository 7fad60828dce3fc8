"""What the audience sees while the play goes on: each event, message and task as it comes."""

from __future__ import annotations

from datetime import datetime

from rich.console import Console
from sqlmodel import col, select

from cli.showing import words
from demo.life import ZONE, Life, Line
from models.facts import MessageSent, TaskOpened, parse_fact
from models.tasks import SPECS, kind_of
from store.engine import Store
from store.tables import FactRow, TaskRow

_SHOWN = ("message_sent", "task_opened", "referral_closed")


class Show:
    """Prints the story; silent when the answer is JSON."""

    def __init__(self, console: Console, store: Store, lives: list[Life]) -> None:
        self._out = console
        self._store = store
        self._titles = {life.name: life.title for life in lives}
        self._names: dict[str, str] = {}
        self._shown: set[int | str | None] = set()  # ids of facts and of tasks

    def name(self, referral_id: str, life: str) -> None:
        """From now on this referral bears its story's name."""
        self._names[referral_id] = self._titles[life]

    def heard(self, line: Line, refused: str | None = None) -> None:
        """Something was told, or was to be: ``refused`` is the code it was turned away with."""
        says = f"[cyan]{line.says}[/]"
        if refused is not None:
            says += f" [bold red]✗ refused[/] ({words(refused)})"
        self._line(line.at, self._titles.get(line.life, "—"), says)

    def killed(self, at: datetime) -> None:
        """The worker was killed."""
        self._line(at, "—", "[bold red]worker killed (SIGKILL); a new one takes over[/]")

    def catch_up(self) -> None:
        """Print what was sent, asked and closed since the last time."""
        with self._store.read() as session:
            query = select(FactRow).where(col(FactRow.kind).in_(_SHOWN))
            rows = session.exec(query.order_by(col(FactRow.at), col(FactRow.id))).all()
            asked = select(TaskRow).where(col(TaskRow.referral_id).is_(None))
            others = session.exec(asked.order_by(col(TaskRow.opened_at))).all()
        news = [self._fact(row) for row in rows if row.id not in self._shown]
        news += [self._task(task) for task in others if task.id not in self._shown]
        self._shown |= {row.id for row in rows} | {task.id for task in others}
        for at, who, says in sorted(news, key=lambda one: one[0]):
            self._line(at, who, says)

    def _fact(self, row: FactRow) -> tuple[datetime, str, str]:
        fact = parse_fact(row.body)
        if isinstance(fact, MessageSent):
            says = f"[green]→ {words(fact.message_kind)}[/] by {fact.channel}"
        elif isinstance(fact, TaskOpened):
            says = f"[yellow]☐ {words(fact.role)}:[/] {SPECS[kind_of(fact.task)].says}"
        else:
            says = f"[bold]closed[/]: {words(str(row.body.get('reason')))}"
        return fact.at, self._names.get(row.referral_id, row.referral_id), says

    def _task(self, task: TaskRow) -> tuple[datetime, str, str]:
        who = "a source" if task.source_id else "the clinic"
        return task.opened_at, who, f"[yellow]☐ {words(task.role)}:[/] {task.says}"

    def _line(self, at: datetime, who: str, says: str) -> None:
        local = at.astimezone(ZONE)
        self._out.print(f"[dim]{local:%a %d %b %H:%M}[/]  {who:<33} {says}", soft_wrap=True)
