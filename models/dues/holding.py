"""While a referral waits: somebody looks after what it waits for (policy.md rule 15)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time

from models import holds
from models.due import Due
from models.dues.asking import PATIENT, DueRule, asked, key_of, soonest
from models.facts import AuthorizationChanged, AuthorizationStatus, MessageSent
from models.holds import Hold
from models.kinds import Kind
from models.policy import Rules
from models.referral import MessageRef, Referral
from models.roles import Role
from models.tasks import TaskKind, hold_occasion

_SAYS = {
    AuthorizationStatus.REQUIRED: "Ask the insurer for the authorization",
    AuthorizationStatus.REQUESTED: "Wait for the insurer's answer",
    AuthorizationStatus.DENIED: "The insurer said no: the lead tells the patient and decides",
}


def hold_check(r: Referral, rules: Rules) -> Due | None:
    """Its owner looks after a hold on the day that was agreed on."""
    return _first(
        asked(
            r,
            rules,
            Due(
                key=f"hold_check:{hold.hold_id}",
                at=hold.next_check,
                owner=hold.owner,
                task=TaskKind.CHECK_HOLD,
                occasion=hold_occasion(hold.hold_id, hold.next_check),
                says=f"{_waits_for(hold)}: see whether the wait is over",
            ),
        )
        for hold in holds.standing(r)
        if hold.next_check is not None
    )


def hold_limit(r: Referral, rules: Rules) -> Due | None:
    """A hold that stands at its limit is the lead's; an authorization after ten business days."""
    lead_after = rules.policy.authorization.lead_after
    return _first(
        asked(
            r,
            rules,
            Due(
                key=f"hold_limit:{hold.hold_id}",
                at=hold.limit or rules.calendar.after(hold.since, lead_after),
                owner=Role.LEAD,
                task=TaskKind.HOLD_LIMIT,
                occasion=hold_occasion(hold.hold_id, hold.limit or hold.since),
                says=f"{_waits_for(hold)}: too long, and somebody must decide",
            ),
        )
        for hold in holds.standing(r)
        if not hold.denied  # the lead has it already
    )


def authorization(r: Referral, rules: Rules) -> Due | None:
    """Requested within a business day, chased every three; a refusal is the lead's at once."""
    told = [hold.authorization for hold in holds.standing(r) if hold.authorization is not None]
    return _first(_work(r, rules, one) for one in told)


def _work(r: Referral, rules: Rules, told: AuthorizationChanged) -> Due | None:
    policy, cal = rules.policy.authorization, rules.calendar
    ask = Due(
        key=f"authorization:{told.authorization_id}",
        at=told.at,
        owner=holds.AUTHORIZATION_OWNER,
        task=TaskKind.REQUEST_AUTHORIZATION,
        occasion=hold_occasion(told.authorization_id, told.at),
        by=cal.after(told.at, policy.request),
        says=_SAYS[told.status],
    )
    if told.status is AuthorizationStatus.DENIED:
        lead = {"owner": Role.LEAD, "task": TaskKind.AUTHORIZATION_DENIED}
        return asked(r, rules, ask.model_copy(update=lead))
    requested = told.at
    if told.status is AuthorizationStatus.REQUIRED:
        done = r.task_done_at(key_of(ask))  # whoever did it need not wait for the EMR to say so
        if done is None:
            return asked(r, rules, ask)
        requested = done
    chase = ask.model_copy(
        update={
            "at": cal.after(requested, policy.chase_every),
            "task": TaskKind.CHASE_AUTHORIZATION,
            "by": None,
            "says": _SAYS[AuthorizationStatus.REQUESTED],
        }
    )
    return asked(r, rules, chase, comes_again=policy.chase_every)


def authorization_low(r: Referral, rules: Rules) -> Due | None:
    """Three visits or two weeks before an authorization is used up somebody asks for more."""
    held = holds.granted(r) or holds.expired(r)
    if held is None or r.discharged() or any(h.authorization for h in holds.standing(r)):
        return None
    at = _low_at(r, rules, held)
    if at is None:
        return None
    due = Due(
        key="authorization_low",
        at=at,
        owner=holds.AUTHORIZATION_OWNER,
        task=TaskKind.RENEW_AUTHORIZATION,
        occasion=hold_occasion(held.authorization_id, held.at),
        says="Watch that the authorization does not run out",
    )
    return asked(r, rules, due)


def _low_at(r: Referral, rules: Rules, held: AuthorizationChanged) -> datetime | None:
    """When an authorization is nearly used up; None while that cannot be told."""
    if held.status is AuthorizationStatus.EXPIRED:
        return held.at
    policy, cal = rules.policy.authorization, rules.calendar
    found = []
    if held.ends_on is not None:
        found.append(cal.before(cal.at_local(held.ends_on, time(17)), policy.warn_before_end))
    if held.visits is not None:
        used = [day for day in r.treatment_days() if day >= cal.local_date(held.at)]
        few = max(0, held.visits - policy.warn_visits_left)  # so many are used when few are left
        if len(used) >= few:
            found.append(cal.at_local(used[few - 1], time(12)) if few else held.at)
    return max(held.at, min(found)) if found else None


def waiting_word(r: Referral, rules: Rules) -> Due | None:
    """The patient hears once, within two business days, that we wait for the insurer."""
    if r.evaluated_or_discharged() or not rules.policy.ours(Kind.WAITING_ON_INSURER):
        return None
    insurer = [one for one in holds.standing(r) if one.reason.insurer and not one.denied]
    hold = insurer[0] if insurer else None  # that the insurer said no is told by a person
    if hold is None:
        return None
    message = MessageRef(Kind.WAITING_ON_INSURER, PATIENT, hold.hold_id)
    told = [m.at for m in r.all(MessageSent) if m.message_kind is Kind.WAITING_ON_INSURER]
    if r.settled(message) or any(at >= hold.since for at in told):
        return None
    cal = rules.calendar
    day = cal.local_date(cal.after(hold.since, rules.policy.authorization.tell_patient))
    return Due(
        key="waiting_word",
        at=max(hold.since, cal.opening(day)),
        occasion=hold.hold_id,
        says="Tell the patient that we wait for the insurer",
    )


def first_day(r: Referral, rules: Rules) -> Due | None:
    """Nothing is done before the first day of care; nobody waits on it, every date counts from it.

    It stands on the agenda until something that happened later shows that it has passed.
    """
    del rules  # the day stands in the facts
    at = holds.not_before(r)
    if at is None or r.ever_booked() or at <= r.received.at:
        return None
    if any(fact.at >= at for fact in r.facts):
        return None
    return Due(key="first_day", at=at, says="Wait for the first day on which care may begin")


def pause_end(r: Referral, rules: Rules) -> Due | None:
    """A pause ends by itself; nobody waits on it, each message it keeps back goes out then.

    It stands on the agenda until something that happened later shows that it has passed.
    """
    del rules  # its end stands in the facts
    paused = holds.pause(r)
    if paused is None or any(fact.at >= paused.until for fact in r.facts):
        return None
    return Due(
        key="pause_end", at=paused.until, says="Paused until then: nothing goes to the patient"
    )


def _waits_for(hold: Hold) -> str:
    return f"Waits for {holds.WORDS[hold.reason]}"


def _first(found: Iterable[Due | None]) -> Due | None:
    promised = [due for due in found if due is not None]
    return min(promised, key=lambda due: (due.at, due.key), default=None)


watched_holds = soonest(hold_check, hold_limit, authorization, authorization_low)

RULES: tuple[DueRule, ...] = (
    hold_check,
    hold_limit,
    authorization,
    authorization_low,
    waiting_word,
    first_day,
    pause_end,
)
