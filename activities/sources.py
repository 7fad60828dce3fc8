"""The silence watch's one question to the store: how does this source stand, and what then?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import NamedTuple

from sqlmodel import Session
from temporalio import activity

from activities.tenants import Tenants
from models import re_engagement
from models.clock import ONE_DAY, Calendar
from models.contracts import Look, SourceStart
from models.policy import Policy
from models.re_engagement import Worked
from models.rhythm import SendingDays
from models.roles import Role
from models.source_states import Change, Life, News, SourceState, news
from models.sources import Priority, SourceHistory, asked_about, length, priority
from models.tasks import TaskKind
from store import post, source_states, sources, tasks
from store.engine import Store
from store.tables import SourceRow, SubjectType, TaskRow, TaskState

_AHEAD = timedelta(days=30)  # open days are known for so long past the day silence would begin
_LAPSED = "lapsed"  # the occasion of the second task in one silence


class _Case(NamedTuple):
    """One source at one moment, with all it is judged by."""

    source: SourceRow
    history: SourceHistory
    policy: Policy
    calendar: Calendar
    at: datetime

    @property
    def worth(self) -> Priority:
        return priority(self.history, self.policy)

    @property
    def away_until(self) -> datetime | None:
        """When the leave ends that their physician is on today."""
        today = self.calendar.local_date(self.at)
        paused = "leave" in self.policy.silence.pauses_for
        for one in self.history.away if paused else ():
            if one.first <= today <= one.last:
                return self.calendar.at_local(one.last + ONE_DAY, time(0))
        return None


class Sources:
    """Judges a source, writes how it stands and keeps its task in step, in one transaction."""

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
        """The answer at a moment: states written, a task opened or closed, the CRM told.

        It names the next moment at which anything would change: the next state, a task whose time
        has come, a director who must hear of one that is overdue (policy.md §2 silence.task).
        """
        policy = self._tenants.get(start.org).policy
        with self._store.write() as session:
            source = sources.get(session, start.org, start.source_id)
            sources.locked(session, source)
            if source.merged_into is not None:
                sources.close_quiet(session, source, at=at)
                return Look(closed=True)
            history = sources.history(session, start.org, start.source_id)
            calendar = self._tenants.calendar(start.org, at)
            case = _Case(source, history, policy, calendar, at)
            told = source_states.told(session, source.id)
            found = news(told, history, self._days(start.org, history, policy, at), policy, at)
            self._write(session, case, found)
            now = found.life.now
            source_states.stands(session, source, now)
            if now is None or history.left:
                return self._no_silence(session, case, found.life)
            silent = now.state.silent and asked_about(history, policy)
            if not silent or case.away_until is not None:
                return self._no_silence(session, case, found.life)
            return self._silence(session, case, found.life, now)

    # --- how it stands ---------------------------------------------------------------------------

    def _days(self, org: str, history: SourceHistory, policy: Policy, at: datetime) -> SendingDays:
        """The open days of all its life, and as far ahead as silence is waited for."""
        first, last = min(history.received, default=at), max(history.received, default=at)
        leave = sum((one.last - one.first + ONE_DAY for one in history.away), timedelta())
        until = max(at, last) + length(policy.silence.quiet) + leave + _AHEAD
        calendars = self._tenants.calendars(org, first, at)
        return SendingDays(calendars, (first - ONE_DAY).date(), until.date(), history.away)

    def _write(self, session: Session, case: _Case, found: News) -> None:
        """Add what is new about it, and tell the CRM how it stands now if that is another way."""
        now, before = found.life.now, found.before
        if not found.write or now is None:
            return
        source = case.source
        worked = None
        if now.state is SourceState.RETURNED and before is not None:
            worked = self._named(
                source.org, source_states.worked(session, source, before.last, now.since)
            )
        seen = source_states.days_to_evaluation(session, source.org, source.id, now.last)
        facts = re_engagement.facts(
            case.history, now, case.policy, max(case.at, now.since), seen, worked
        ).model_copy(update={"heard": before is None or now.last > before.last})
        row = source_states.write(session, source, found.write, facts, known_at=self._clock())
        first = before is None and now.state is SourceState.ACTIVE
        if row is None or first or (before is not None and before[:2] == now[:2]):
            return
        if now.state is SourceState.COOLING:
            soon = case.calendar.after(case.at, case.policy.silence.task_high)
            if source.next_touch_at is None or source.next_touch_at > soon:
                sources.set_next_touch(session, source, soon)
        self._tell_crm(
            session,
            case,
            SubjectType.SOURCE_STATE,
            str(row.id),
            {
                "type": "source_state",
                "state": now.state,
                "since": now.since.isoformat(),
                "owner": source.owner_id,
                "says": re_engagement.says(now.state, facts),
            },
        )

    def _named(self, org: str, worked: Worked | None) -> Worked | None:
        """With the name of who did it, as the sentence says it."""
        if worked is None:
            return None
        staff = self._tenants.get(org).staff
        name = next((one.name for one in staff if one.id == worked.by), "")
        return worked.model_copy(update={"who": name})

    def _no_silence(self, session: Session, case: _Case, life: Life) -> Look:
        """Nobody need call: it sends, it has left, or its physician is on leave."""
        if case.source.quiet_since is not None:
            sources.close_quiet(session, case.source, at=case.at)
        state = life.now.state if life.now else None
        if case.history.left:
            return Look(closed=True, state=state)
        dates = [life.next.since] if life.next else []
        away = case.away_until
        if away is not None and state is not None and state.silent:
            dates.append(away)
        return Look(
            again_at=min(dates, default=None),
            state=state,
            then=life.next.state if life.next else None,
            away=away is not None,
        )

    # --- its task --------------------------------------------------------------------------------

    def _silence(self, session: Session, case: _Case, life: Life, now: Change) -> Look:
        """Somebody is asked to call, as soon as the policy lets them be asked."""
        sources.fell_quiet(session, case.source, since=now.since)
        self._renew(session, case, now)
        dates = [life.next.since] if life.next else []
        again = _LAPSED if self._asks_again(session, case, now) else ""
        wait = self._not_before(session, case, again)
        if wait is not None:
            dates.append(wait)
        else:
            task = self._open(session, case, now, again)
            late = self._escalate(session, case, task)
            dates += [late] if late else []
        return Look(
            quiet=True,
            again_at=min(dates, default=None),
            state=now.state,
            then=life.next.state if life.next else None,
            asked=wait is None,
        )

    def _renew(self, session: Session, case: _Case, now: Change) -> None:
        """What was asked follows what became known since, and whom it turned out to be worth.

        A history that is told in one go makes a silence another one while its task stands open.
        """
        urgent = case.calendar.after(case.at, case.policy.silence.task_high)
        says = self._says(session, case, now)
        for task in source_states.asked_now(session, case.source):
            due = min(task.due, urgent) if case.worth == "high" else task.due
            directors = task.key.endswith(source_states.DIRECTORS)
            words = task.says if directors else says
            sources.renew_quiet(session, case.source, task, due=due, says=words, at=case.at)

    def _asks_again(self, session: Session, case: _Case, now: Change) -> bool:
        """Whether a valued source that has lapsed is asked about anew: once the first call is over.

        A one-off sender is asked about once in a silence.
        """
        if now.state is not SourceState.LAPSED or case.worth != "high":
            return False
        asked = source_states.last_asked(session, case.source)
        if asked is None:
            return False
        this = asked.key.partition(":")[2]
        if this == sources.occasion(case.source, _LAPSED):
            return True
        return this == sources.occasion(case.source) and asked.state == TaskState.DONE

    def _not_before(self, session: Session, case: _Case, again: str) -> datetime | None:
        """Until when no new task may be opened: closed days, and so long after the last one."""
        silence, calendar = case.policy.silence, case.calendar
        asked = source_states.last_asked(session, case.source)
        if asked is not None:
            if asked.key.partition(":")[2] == sources.occasion(case.source, again):
                return None
            # In one silence the days count from the call, which may have come late.
            asked_at = (asked.done_at if again else None) or asked.opened_at
            free = asked_at + length(silence.no_repeat_for)
            if free > case.at:
                return free
        shut = not calendar.is_business_day(calendar.local_date(case.at))
        weekly = calendar.hours.on(calendar.local_date(case.at))
        if "closure" in silence.pauses_for and shut and weekly:
            return calendar.next_open(case.at)
        return None

    def _open(self, session: Session, case: _Case, now: Change, again: str) -> TaskRow:
        source, silence, worth = case.source, case.policy.silence, case.worth
        due = case.calendar.after(
            case.at, silence.task_high if worth == "high" else silence.task_low
        )
        task, fresh = sources.open_quiet(
            session,
            source,
            since=now.since,
            at=case.at,
            due=due,
            says=self._says(session, case, now),
            again=again,
        )
        if fresh:
            sources.set_next_touch(session, source, due)
        whole = tasks.get(session, task.org, task.gathered_in) if task.gathered_in else task
        self._tell_crm(
            session,
            case,
            SubjectType.TASK,
            whole.id,
            {
                "type": "task",
                "kind": whole.kind,
                "priority": worth,
                "owner": source.owner_id,
                "due": whole.due.isoformat(),
                "says": whole.says,
            },
        )
        return task

    def _says(self, session: Session, case: _Case, now: Change) -> str:
        seen = source_states.days_to_evaluation(session, case.source.org, case.source.id, now.last)
        facts = re_engagement.facts(case.history, now, case.policy, case.at, seen)
        return f"{re_engagement.says(now.state, facts)}. Call, or write a personal note"

    def _escalate(self, session: Session, case: _Case, task: TaskRow) -> datetime | None:
        """The director's task once the liaison's is overdue; when to look for that, if ever."""
        if case.worth != "high" or task.state != TaskState.OPEN:
            return None
        silence = case.policy.silence
        late = case.calendar.after(task.due, silence.task_high_director)
        if late > case.at:
            return late
        tasks.open_for_source(
            session,
            case.source,
            TaskKind.RE_ENGAGEMENT,
            task.key.partition(":")[2] + source_states.DIRECTORS,
            due=case.calendar.after(case.at, silence.task_high),
            at=case.at,
            role=Role.DIRECTOR,
            says="A valued source is still quiet and nobody has called: decide who does",
        )
        return None

    def _tell_crm(
        self,
        session: Session,
        case: _Case,
        subject: SubjectType,
        subject_id: str,
        payload: dict[str, str | None],
    ) -> None:
        # Source facts only, by id: a CRM is not a place for patients (policy.md rule 23).
        post.queue_crm(
            session,
            org=case.source.org,
            subject_type=subject,
            subject_id=subject_id,
            payload={"source_id": case.source.id, **payload},
            at=case.at,
            recorded_at=self._clock(),
        )
