"""Whether a message may go out at this moment: judged live, at the last moment, by ``Post.send``.

Law, consent, caps, opening hours and owners are read when a message is about to leave, never
pinned (policy.md rule 11). Faxes and emails to offices go at any hour, the 24 hours of the
acknowledgement run on the wall clock (rule 8); texts keep the recipient's window. Calls are tasks.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from models import releases
from models.base import Model
from models.clock import Calendar
from models.contracts import Channel
from models.facts import UtcDatetime
from models.hours import Hours
from models.kinds import BY_HAND, Kind
from models.messages import MESSAGES, Audience
from models.policy import Rules

WEEK = timedelta(days=7)
PAUSED = "paused"  # why a message is held while its referral is paused
CAPPED = "cap"  # why it is held until enough time has passed since the others
CHOSEN = "chosen"  # why it is held until the moment a person chose for it

# One answer to somebody who has just written to us; the law asks for it whatever the hour [K5].
REPLIES = {
    Kind.OPT_OUT_CONFIRMATION: "opt_out_confirmation",
    Kind.CLOSED_HOURS: "live_reply",
    Kind.HELP: "live_reply",
}
_APPOINTMENTS = {Kind.BOOKED, Kind.INTAKE}
# What an office or a past patient may switch off (policy.md §3, "who may switch it off").
NO_THANKS = "no_thanks_wanted"  # why a thank-you was dropped
_THANKS = {Kind.THANK_YOU, Kind.THANK_YOU_PAST_PATIENT}


NO_GUARDIAN = "no_guardian"  # why a message waits
_AFTERWARDS = {Kind.PATIENT_THANKS, Kind.CHECK_IN}


class Outgoing(Model):
    """The message as far as the rules depend on it.

    ``same_day_change``: it tells of an appointment that starts today, which the cap lets through.
    ``paused_until``: a person keeps back what no law asks for.
    ``not_before``: the moment a person chose for it.
    ``answers_text_of`` is when the text came that it answers, ``answers_call_of`` the call.
    ``live``: a person answers a patient who has just written; caps are about what nobody waits for
    (policy.md §2 text.cap).
    """

    kind: Kind
    approved: bool = False
    same_day_change: bool = False
    paused_until: UtcDatetime | None = None
    answers_text_of: UtcDatetime | None = None
    answers_call_of: UtcDatetime | None = None
    live: bool = False
    not_before: UtcDatetime | None = None


class Recipient(Model):
    """Who it goes to on one channel, and what is known of that address right now.

    ``texts`` are the moments of automated texts that went to this number, the last seven days at
    least; ``zones`` where its owner may live (models/zones.py), ``state`` by their address.
    ``third_party``: who may read what the patient or a person has ``released``.
    """

    channel: Channel
    address: str | None = None
    consented: bool = True
    opted_out: bool = False
    dead: bool = False
    deceased: bool = False
    minor_without_guardian: bool = False
    wants_thanks: bool = True
    treating: bool = True
    third_party: bool = False
    released: bool = False
    texts: tuple[UtcDatetime, ...] = ()
    stop_confirmed: bool = False  # since this number last wanted texts
    told_closed_at: UtcDatetime | None = None  # when it was last told that nobody reads now
    zones: tuple[str, ...] = ()
    state: str | None = None


class Go(Model):
    """It may leave now."""


class Hold(Model):
    """Not now; ``until`` None waits for a person. ``why`` is a code."""

    until: UtcDatetime | None
    why: str


class Never(Model):
    """Not at all; ``why`` is a code."""

    why: str

    @property
    def only_here(self) -> bool:
        """Whether another channel may still take it."""
        return self.why in _CHANNEL_ONLY


_CHANNEL_ONLY = {
    "wrong_channel",
    "no_address",
    "dead_number",
    "no_consent",
    "opted_out",
    "line_full",  # models/bundling.py
}


def may_send(message: Outgoing, to: Recipient, now: datetime, rules: Rules) -> Go | Hold | Never:
    """Let a message go, hold it until a moment, or stop it for good.

    ``rules`` are the live ones of the clinic. Source: policy.md §1 rules 1, 8, 10, 12, 22 and §2
    text.*; [K1]-[K4] [K11].
    """
    refused = _refused(message, to, rules)
    child = to.minor_without_guardian and MESSAGES[message.kind].audience is Audience.PATIENT
    if child and (refused is None or refused in _CHANNEL_ONLY):
        return _no_guardian(message.kind, now, rules)
    if refused is not None:
        return Never(why=refused)
    if _about_patient(message.kind) and not (to.treating or to.released or message.approved):
        return Hold(until=None, why=releases.HELD)
    paused = message.paused_until
    if paused is not None and now < paused and _may_wait(message.kind):
        return Hold(until=paused, why=PAUSED)
    if message.not_before is not None and now < message.not_before:
        return Hold(until=message.not_before, why=CHOSEN)  # judged anew when it has come
    needless = _needless(message, to, now, rules)
    if needless is not None:
        return Never(why=needless)
    if message.kind in rules.policy.approve and not message.approved:
        return Hold(until=None, why="approval")
    if to.channel == "sms" and message.kind not in REPLIES:
        verdict = _text(message, to, now, rules)
        at = verdict.until if isinstance(verdict, Hold) and verdict.until else now
        return Never(why="too_late") if _no_news(message, at, rules) else verdict
    return Go()


def retry_at(attempt: int, first: datetime, now: datetime, rules: Rules) -> datetime | None:
    """When a line that was busy is tried again after this many attempts; None: no more.

    15 minutes, an hour, three hours, the next morning; five tries within two business days of the
    first (policy.md §2 fax.retry). The same ladder serves every channel.
    """
    fax, calendar = rules.policy.fax, rules.calendar
    if attempt >= fax.tries:
        return None
    if attempt <= len(fax.retry):
        at = calendar.after(now, fax.retry[attempt - 1])
    elif fax.retry_next_morning:
        at = calendar.opening(calendar.next_business_day(calendar.local_date(now)))
    else:
        return None
    return at if at <= calendar.after(first, fax.tries_within) else None


def _no_guardian(kind: Kind, now: datetime, rules: Rules) -> Hold | Never:
    """Under 18 only the guardian is written to (rule 12): it waits until somebody has named one.

    Thanks after the end do not, nor does an answer to a text, nor what a person wrote to another
    number.
    """
    if kind in REPLIES or kind in _AFTERWARDS or kind in BY_HAND:
        return Never(why=NO_GUARDIAN)
    calendar = rules.calendar
    tomorrow = calendar.opening(calendar.next_business_day(calendar.local_date(now)))
    return Hold(until=tomorrow, why=NO_GUARDIAN)


def _about_patient(kind: Kind) -> bool:
    """Patient facts go by themselves to treating providers only (rule 2).

    An acknowledgement says nothing beyond what its reader has told us.
    """
    return MESSAGES[kind].document is not None and kind not in _THANKS


def _may_wait(kind: Kind) -> bool:
    """Patient messages and thanks; no answer, no person's text, nothing that is owed by law."""
    patient = MESSAGES[kind].audience is Audience.PATIENT
    return kind in _THANKS or (patient and kind not in REPLIES and kind not in BY_HAND)


def _refused(message: Outgoing, to: Recipient, rules: Rules) -> str | None:
    """The first reason against sending it at all; the gravest first."""
    kind = message.kind
    spec = MESSAGES[kind]
    patient = spec.audience is Audience.PATIENT
    reasons = (
        ("deceased", to.deceased),
        ("not_ours", not rules.policy.ours(kind)),
        ("not_treating", _about_patient(kind) and not (to.treating or to.third_party)),
        (NO_THANKS, kind in _THANKS and not to.wants_thanks),
        ("wrong_channel", to.channel not in spec.channels),
        ("no_address", not to.address),
        ("dead_number", to.dead),
        # The one confirmation of a STOP is the only thing that may follow it [K5].
        ("opted_out", to.opted_out and kind is not Kind.OPT_OUT_CONFIRMATION),
        ("no_consent", patient and not to.consented and kind not in REPLIES),
    )
    return next((why for why, holds in reasons if holds), None)


def _needless(message: Outgoing, to: Recipient, now: datetime, rules: Rules) -> str | None:
    """Why a word that a text gets by itself is not wanted any more.

    A STOP is confirmed once and within five minutes, because a later text would be a new one [K5];
    that nobody reads is said while it is so, and once in twelve hours (rule 17).
    """
    policy, came = rules.policy.inbound_text, message.answers_text_of
    if message.kind is Kind.OPT_OUT_CONFIRMATION:
        if to.stop_confirmed:
            return "confirmed_already"
        late = came is not None and now > rules.calendar.after(came, policy.opt_out_confirmation)
        return "too_late" if late else None
    if message.kind is not Kind.CLOSED_HOURS:
        return None
    if rules.calendar.is_open(now):
        return "open_now"
    told, every = to.told_closed_at, policy.closed_hours_reply_every
    return "told_already" if told and now < rules.calendar.after(told, every) else None


def _text(message: Outgoing, to: Recipient, now: datetime, rules: Rules) -> Go | Hold:
    """The first moment that lies in the window and under both caps."""
    calendar, hours = rules.calendar, rules.policy.text.hours(to.state)
    capped = not (
        message.kind in _APPOINTMENTS
        and message.same_day_change
        and "same_day_change" in rules.policy.text.outside_cap
    )
    capped = capped and not (message.live and "live_reply" in rules.policy.text.outside_cap)
    opens = calendar.text_window(now, hours, to.zones)
    moment = _under_caps(opens, hours, to, rules) if capped else opens
    if moment <= now:
        return Go()
    if moment > opens:
        return Hold(until=moment, why=CAPPED)
    return Hold(until=moment, why=_closed(now, calendar))


def _under_caps(moment: datetime, hours: Hours, to: Recipient, rules: Rules) -> datetime:
    text = rules.policy.text
    while True:
        week = sorted(at for at in to.texts if moment - WEEK < at)
        full = [at + WEEK for at in week[: max(0, len(week) - text.cap_per_week + 1)]]
        days = [_day_after(moment, place) for place in _full_days(moment, to, rules)]
        free = max([moment, *full, *days])
        free = rules.calendar.text_window(free, hours, to.zones)
        if free == moment:
            return moment
        moment = free


def _no_news(message: Outgoing, at: datetime, rules: Rules) -> bool:
    """Whether a word about a missed call would only come when it says nothing any more."""
    came = message.answers_call_of
    limit = rules.policy.missed_call.text_within
    return came is not None and at > rules.calendar.after(came, limit)


def _full_days(moment: datetime, to: Recipient, rules: Rules) -> list[Calendar]:
    """The places the recipient may live in, as calendars, where this day's texts are used up."""
    full = []
    for zone in to.zones or (rules.calendar.zone,):
        place = rules.calendar.model_copy(update={"zone": zone})
        day = place.local_date(moment)
        if sum(place.local_date(at) == day for at in to.texts) >= rules.policy.text.cap_per_day:
            full.append(place)
    return full


def _day_after(moment: datetime, place: Calendar) -> datetime:
    return place.at_local(place.local_date(moment) + timedelta(days=1), time(0))


def _closed(now: datetime, calendar: Calendar) -> str:
    day = calendar.local_date(now)
    return "closed_day" if day in calendar.holidays or day in calendar.closed else "quiet_hours"
