"""The silence watch's one question to the store: is this source quiet, and when to look again?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session
from temporalio import activity

from activities.tenants import Tenants
from models.clock import Calendar
from models.contracts import Look, SourceStart
from models.people import SourceKind
from models.policy import Policy
from models.roles import Role
from models.sources import Priority, SourceHistory, priority, quiet_at
from models.tasks import TaskKind
from store import post, sources, tasks
from store.engine import Store
from store.tables import SourceRow, SubjectType, TaskRow, TaskState


class Sources:
    """Judges a source and keeps its task in step, in one transaction."""

    def __init__(self, store: Store, tenants: Tenants, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._tenants = tenants
        self._clock = clock

    @activity.defn(name="look_at_source")
    def look(self, start: SourceStart) -> Look:
        """Judge the source as of the workflow's own time; twice at one moment changes nothing.

        Raises NotFound for a source that is not in the store.
        """
        return self.judge(start, activity.info().started_time)

    def judge(self, start: SourceStart, at: datetime) -> Look:
        """The answer at a moment: opens or closes the task on the board and in the CRM.

        A quiet source of high worth is looked at again when its task is overdue, because then
        the director hears of it (policy.md §2 silence.task).
        """
        policy = self._tenants.get(start.org).policy
        with self._store.write() as session:
            known = sources.history(session, start.org, start.source_id)
            history = SourceHistory(
                kind=SourceKind(known.kind),
                received=known.received,
                key=known.key_source,
                left=known.left,
            )
            source = sources.get(session, start.org, start.source_id)
            since = quiet_at(history, policy)
            if since is None or since > at:
                if known.quiet_since is not None:
                    sources.close_quiet(session, source, at=at)
                return Look(again_at=since, closed=known.left)
            calendar = self._tenants.calendar(start.org, at)
            worth = priority(history, policy)
            task = self._open(session, source, since, at, worth, calendar, policy)
            return Look(quiet=True, again_at=self._escalate(session, task, worth, at, calendar))

    def _open(
        self,
        session: Session,
        source: SourceRow,
        since: datetime,
        at: datetime,
        worth: Priority,
        calendar: Calendar,
        policy: Policy,
    ) -> TaskRow:
        silence = policy.silence
        due = calendar.after(at, silence.task_high if worth == "high" else silence.task_low)
        task, fresh = sources.open_quiet(session, source, since=since, at=at, due=due)
        if fresh:
            sources.set_next_touch(session, source, due)
        whole = tasks.get(session, task.org, task.gathered_in) if task.gathered_in else task
        self._tell_crm(session, whole, source.id, worth, at)
        return task

    def _escalate(
        self, session: Session, task: TaskRow, worth: Priority, at: datetime, calendar: Calendar
    ) -> datetime | None:
        """The director's task once the liaison's is overdue; when to look for that, if ever."""
        if worth != "high" or task.state != TaskState.OPEN:
            return None
        silence = self._tenants.get(task.org).policy.silence
        late = calendar.after(task.due, silence.task_high_director)
        if late > at:
            return late
        source = sources.get(session, task.org, task.subject)
        occasion = task.key.partition(":")[2]
        tasks.open_for_source(
            session,
            source,
            TaskKind.RE_ENGAGEMENT,
            f"{occasion}-director",
            due=calendar.after(at, silence.task_high),
            at=at,
            role=Role.DIRECTOR,
            says="A valued source is still quiet and nobody has called: decide who does",
        )
        return None

    def _tell_crm(
        self, session: Session, task: TaskRow, source_id: str, worth: Priority, at: datetime
    ) -> None:
        # Source facts only, by id: a CRM is not a place for patients (policy.md rule 23).
        post.queue_crm(
            session,
            org=task.org,
            subject_type=SubjectType.TASK,
            subject_id=task.id,
            payload={
                "type": "task",
                "kind": task.kind,
                "source_id": source_id,
                "priority": worth,
                "due": task.due.isoformat(),
                "says": task.says,
            },
            at=at,
            recorded_at=self._clock(),
        )
