"""What we sent and asked, and what came back."""

from __future__ import annotations

from datetime import datetime

from models import tasks
from models.facts import (
    AppointmentBooked,
    BookingRequested,
    CallLogged,
    CallOutcome,
    CheckInAnswered,
    Meaning,
    MessageApproved,
    MessageCameBack,
    MessageDelivered,
    MessageFailed,
    MessageHeld,
    MessageSent,
    MessageSentAgain,
    PatientReplied,
    TaskCompleted,
    TextWritten,
)
from models.kinds import Kind
from models.referral.fold import Fold
from models.referral.message import MessageRef, appointment_of


class Correspondence(Fold):
    """What went to and fro: calls, replies, and messages as they were held, sent or dropped."""

    def calls(self, party: str = "patient") -> list[CallLogged]:
        """Logged calls to one party, oldest first."""
        return [call for call in self.all(CallLogged) if call.party == party]

    def attempted(self) -> bool:
        """A delivered text or a logged call (policy.md rule 19)."""
        return bool(self.attempts())

    def attempts(self) -> list[datetime]:
        """When the patient was tried: texts by their delivery, and logged calls, oldest first."""
        texts = [d.at for d in self.all(MessageDelivered) if _to_patient(d.message)]
        return sorted([*texts, *(call.at for call in self.calls())])

    def reached_at(self) -> datetime | None:
        """The first two-way contact: a reply, a request, a call that reached, or a booking."""
        theirs = [r for r in self.all(PatientReplied) if not r.says(Meaning.WRONG_NUMBER)]
        touches: list[datetime] = [reply.at for reply in theirs]
        touches += [c.at for c in self.calls() if c.outcome is CallOutcome.REACHED]
        touches += [asked.at for asked in self.all(BookingRequested)]
        touches += [booked.at for booked in self.all(AppointmentBooked)]
        return min(touches, default=None)

    def human_touches(self) -> list[datetime]:
        """Replies, requests, calls and texts; each stands in for that day's step (rule 18)."""
        touches = [r.at for r in self.all(PatientReplied)] + [c.at for c in self.calls()]
        touches += [text.at for text in self.all(TextWritten)]
        return touches + [asked.at for asked in self.all(BookingRequested)]

    def asked_for_a_time_since(self, moment: datetime) -> bool:
        """The patient asked for a time on the page at or after a moment."""
        return any(asked.at >= moment for asked in self.all(BookingRequested))

    def told_time(self, appointment_id: str) -> datetime | None:
        """The time that the last message about an appointment named."""
        for sent in reversed(self.all(MessageSent)):
            about = appointment_of(MessageRef.parse(sent.message).occasion)
            if sent.starts_at is not None and about == appointment_id:
                return sent.starts_at
        return None

    def asked_how_it_was(self) -> bool:
        """The one question after discharge went out."""
        return self.sent_kind(Kind.CHECK_IN)

    def check_in_answered(self) -> bool:
        """The patient told us how it went."""
        return bool(self.all(CheckInAnswered))

    def sent(self, message: MessageRef) -> bool:
        """A vendor accepted it."""
        return f"sent:{message.key}" in self._facts

    def sent_kind(self, kind: Kind) -> bool:
        """Some message of this kind went out."""
        return any(m.message_kind is kind for m in self.all(MessageSent))

    def times_sent(self, *kinds: Kind) -> int:
        """How many messages of these kinds went out."""
        return sum(m.message_kind in kinds for m in self.all(MessageSent))

    def settled(self, message: MessageRef) -> bool:
        """It went out, or it is decided that it will not."""
        return self.sent(message) or self.dropped(message)

    def dropped(self, message: MessageRef) -> bool:
        """It is decided that it will not go, or not again."""
        return f"dropped:{message.key}" in self._facts

    def owed(self, message: MessageRef) -> bool:
        """It is still to go out: not settled, or it came back and is tried again."""
        return not self.settled(message) or self.came_back(message) is not None

    def came_back(self, message: MessageRef) -> MessageCameBack | None:
        """The failed try of a message that still asks for another one.

        None once a receipt proves arrival, a later try went out, or it is decided that none will.
        """
        tries = [one for one in self.all(MessageCameBack) if one.message == message.key]
        over = self.knows(f"delivered:{message.key}") or self.dropped(message)
        if over or not tries:
            return None
        last = max(tries, key=lambda one: one.rung)
        later = (one.rung for one in self.all(MessageSentAgain) if one.message == message.key)
        return None if max(later, default=-1) > last.rung else last

    def back(self) -> list[MessageCameBack]:
        """Every failed try that still asks for another one, oldest first."""
        tries = self.all(MessageCameBack)
        return [one for one in tries if self.came_back(MessageRef.parse(one.message)) == one]

    def on_its_way(self, key: str) -> bool:
        """A message arrived, or some channel took it that has not failed since; by its key."""
        took = {one.channel for one in self.all(MessageSent) if one.message == key}
        took |= {one.channel for one in self.all(MessageSentAgain) if one.message == key}
        spent = {one.channel for one in self.all(MessageFailed) if one.message == key}
        return self.knows(f"delivered:{key}") or bool(took - spent)

    def begun(self, message: MessageRef) -> bool:
        """It is settled, or a row that waits for its time."""
        return self.settled(message) or f"held:{message.key}" in self._facts

    def settled_at(self, message: MessageRef) -> datetime | None:
        """When it went out or was dropped."""
        for prefix in ("sent", "dropped"):
            fact = self._facts.get(f"{prefix}:{message.key}")
            if fact is not None:
                return fact.at
        return None

    def rungs_spent(self, message: MessageRef) -> int:
        """How many tries are behind it: channels that failed for good, and faxes that came back."""
        failed = {one.rung for one in self.all(MessageFailed) if one.message == message.key}
        back = {one.rung for one in self.all(MessageCameBack) if one.message == message.key}
        return len(failed | back)

    def approved(self, message: MessageRef) -> bool:
        """The named person let it go."""
        return any(a.message == message.key for a in self.all(MessageApproved))

    def held_until(self, message: MessageRef) -> datetime | None:
        """Until when it is held, as last told; None where it is not, or waits for a person."""
        hold = self._facts.get(f"held:{message.key}")
        return hold.until if isinstance(hold, MessageHeld) else None

    def waits_for_approval(self, message: MessageRef) -> bool:
        """It was held for a person, by the policy of that moment, and nobody let it go since."""
        hold = self._facts.get(f"held:{message.key}")
        asked = isinstance(hold, MessageHeld) and hold.until is None
        return asked and not self.approved(message)

    def held_why(self, message: MessageRef) -> str | None:
        """Why it is held, as last told; a code of ``models.sending``."""
        hold = self._facts.get(f"held:{message.key}")
        return hold.why if isinstance(hold, MessageHeld) else None

    def stopped(self, message: MessageRef) -> bool:
        """The named person dismissed it instead of letting it go."""
        keys = {tasks.task_key(kind, message.key) for kind in tasks.LETS_GO}
        return any(d.task in keys and d.outcome == "dismissed" for d in self.all(TaskCompleted))

    def held(self) -> list[MessageHeld]:
        """Messages that are rows and wait for their time."""
        waiting = []
        for hold in self.all(MessageHeld):
            if not self.settled(MessageRef.parse(hold.message)):
                waiting.append(hold)
        return waiting

    def last_touch_at(self) -> datetime | None:
        """The latest contact with source or patient, in or out."""
        moments = [m.at for m in self.all(MessageSent)]
        moments += [c.at for c in self.all(CallLogged)]
        moments += [p.at for p in self.all(PatientReplied)]
        moments += [asked.at for asked in self.all(BookingRequested)]
        return max(moments, default=None)


def _to_patient(message: str) -> bool:
    return MessageRef.parse(message).to == "patient"
