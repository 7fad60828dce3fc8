"""Sends approved scorecard letters: claim, vendor, settle, receipt; no referral is involved.

A run cut off anywhere is made up for by the next. A letter whose answer was lost is asked about and
never sent a second time: one too few does no harm, two would be one more than the rule allows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Final, cast

from sqlmodel import Session

from activities import letter_fate
from activities.letters import printed
from activities.tenants import Tenants
from activities.turns import IN_HAND, sent_as
from activities.wording import render
from integrations.contract import ChannelClient
from integrations.registry import Clients
from models.contracts import Attachment, Channel, Parcel, Receipt, ReceiptState
from models.errors import CannotTell, ChannelError, Verdict
from models.kinds import Kind
from models.messages import ToOffice
from models.organization import Clinic
from models.scorecard import ScorecardLetter
from reports import scorecard
from store import consent, line, scorecards, sent_letters, settling
from store.engine import Store
from store.tables import DeliveryRow, DeliveryState, ScorecardLetterRow
from telemetry.logs import logger

_LOG = logger(__name__)
MOST: Final = 4  # letters of one run: its calls must be over before the chore's time is
_LOOKED_AT: Final = 100  # whose line is full waits, and holds up nobody behind it
_SOON = timedelta(minutes=15)
_AGAIN = timedelta(hours=1)
_LONGEST = timedelta(days=3)  # a mail without a receipt by then gets none (judgment)
_GIVEN_UP = timedelta(days=2)  # of trying to hand it to a vendor that is away


class ScorecardPost:
    """The outbox of letters about scorecards; safe to share between threads."""

    def __init__(
        self,
        store: Store,
        tenants: Tenants,
        channels: Clients,
        clock: Callable[[], datetime],
    ) -> None:
        """``clock`` is the wall clock."""
        self._store = store
        self._tenants = tenants
        self._channels = channels
        self._clock = clock

    def run(self, now: datetime) -> tuple[int, int]:
        """Send what is approved and ask about what is not proved; how many seen, how many moved."""
        ours = list(self._tenants)
        with self._store.read() as session:
            every = scorecards.to_send(session, ours, now, _LOOKED_AT)
            sending = [one for one in every if not self._line_full(session, one)][:MOST]
            asking = scorecards.to_ask(session, ours, now, MOST)
        moved = 0
        for row in sending:
            found = row.state == DeliveryState.SENDING
            moved += self._ask(row) if found else self._send(row)
        for row in asking:
            moved += self._ask(row)
        return len(sending) + len(asking), moved

    def told(self, row: DeliveryRow, receipt: Receipt) -> None:
        """A vendor's callback; a late ``delivered`` outdoes ``failed``, never the reverse."""
        if receipt.state is ReceiptState.DELIVERED:
            self._settle(row, DeliveryState.DELIVERED, vendor_id=receipt.vendor_id)
        elif receipt.state is ReceiptState.FAILED and row.state in {
            DeliveryState.ACCEPTED,
            DeliveryState.UNKNOWN,
        }:
            self._settle(row, DeliveryState.FAILED, code=receipt.code or "failed")

    # --- inside ---------------------------------------------------------------------------------

    def _send(self, row: DeliveryRow) -> bool:
        with self._store.read() as session:
            letter = session.get_one(ScorecardLetterRow, row.subject_id)
            if self._line_full(session, row):
                return False  # by a letter of this very run
            to = row.address_ref or ""
            stopped = consent.opted_out(session, row.org, to, scorecards.PURPOSE)
        if stopped:  # they said so between the approval and now
            return self._settle(row, DeliveryState.FAILED, code=letter_fate.STOPPED)
        parcel = self._parcel(row, ScorecardLetter.model_validate(letter.content))
        until = self._clock() + IN_HAND
        with self._store.write() as session:
            if not settling.claim(session, row.id, row.attempt, at=self._clock(), until=until):
                return False
            sent_letters.keep(session, row.id, parcel.attachments[0].content)
        try:
            accepted = self._client(row).send(parcel)
        except CannotTell:
            return self._settle(row, DeliveryState.UNKNOWN, code="uncertain", prove_in=_SOON)
        except ChannelError as error:
            return self._refused(row, error)
        state = DeliveryState.DELIVERED if accepted.delivered else DeliveryState.ACCEPTED
        return self._settle(row, state, vendor_id=accepted.vendor_id, prove_in=_SOON)

    def _line_full(self, session: Session, row: DeliveryRow) -> bool:
        """Whether the number has had its pages of the day, by the organization's own midnight.

        Then it waits until tomorrow: what is about a patient goes first (policy.md rule 13).
        """
        if row.channel != "fax" or row.state != DeliveryState.QUEUED:
            return False
        now = self._clock()
        calendar = self._tenants.calendar(row.org, now)
        midnight = calendar.at_local(calendar.local_date(now), time(0))
        most = self._tenants.get(row.org).policy.office.max_pages_per_number_day
        return line.pages_to(session, row.org, row.address_ref or "", midnight) >= most

    def _refused(self, row: DeliveryRow, error: ChannelError) -> bool:
        late = self._clock() > row.created_at + _GIVEN_UP
        if error.verdict is Verdict.PERMANENT or late:
            _LOG.warning("scorecard_not_sent", code=error.code)
            return self._settle(row, DeliveryState.FAILED, code=error.code)
        with self._store.write() as session:
            settling.put_off(session, row.id, row.attempt + 1, code=error.code)
        return False

    def _ask(self, row: DeliveryRow) -> bool:
        try:
            receipt = self._client(row).find(sent_as(row))
        except CannotTell:
            if row.state == DeliveryState.SENDING:
                return self._settle(row, DeliveryState.UNKNOWN, code="uncertain")
            return self._no_word(row, None)
        except ChannelError:
            return self._no_word(row, _SOON)
        if receipt is None:
            return self._missing(row)
        if receipt.state is ReceiptState.DELIVERED:
            return self._settle(row, DeliveryState.DELIVERED, vendor_id=receipt.vendor_id)
        if receipt.state is ReceiptState.FAILED:
            return self._settle(row, DeliveryState.FAILED, code=receipt.code or "failed")
        if row.state != DeliveryState.ACCEPTED:
            vendor = receipt.vendor_id
            return self._settle(row, DeliveryState.ACCEPTED, vendor_id=vendor, prove_in=_AGAIN)
        return self._no_word(row, _AGAIN)

    def _no_word(self, row: DeliveryRow, again: timedelta | None) -> bool:
        """Asked once more after a while; without a word by then a person asks the office.

        Two business days for a fax, as with every other one (policy.md §2 poc.no_receipt), and for
        what may not even have left us; some mail servers prove no arrival, ever.
        """
        now, since = self._clock(), row.claimed_at or row.created_at
        fax = row.channel == "fax" and row.state == DeliveryState.ACCEPTED
        if fax or row.state == DeliveryState.SENDING:
            limit = self._tenants.get(row.org).policy.poc.no_receipt_call
            if now >= self._tenants.calendar(row.org, now).after(since, limit):
                return self._settle(row, DeliveryState.UNKNOWN, code="no_receipt")
            again = again or _AGAIN
        elif now > since + _LONGEST:
            again = None
        with self._store.write() as session:
            settling.prove_later(session, row.id, now + again if again else None)
        return False

    def _missing(self, row: DeliveryRow) -> bool:
        """The vendor never had it: tried again where nobody is at it any more, else given up."""
        if row.state == DeliveryState.SENDING:
            with self._store.write() as session:
                return settling.put_off(session, row.id, row.attempt, code="cut_off")
        code = "vendor_forgot" if row.state == DeliveryState.ACCEPTED else "never_went_out"
        return self._settle(row, DeliveryState.FAILED, code=code)

    def _settle(
        self,
        row: DeliveryRow,
        state: DeliveryState,
        *,
        vendor_id: str = "",
        code: str = "",
        prove_in: timedelta | None = None,
    ) -> bool:
        now = self._clock()
        with self._store.write() as session:
            return letter_fate.settle(
                session,
                self._tenants,
                row,
                state,
                at=now,
                vendor_id=vendor_id,
                code=code,
                prove_by=now + prove_in if prove_in is not None else None,
            )

    def _parcel(self, row: DeliveryRow, letter: ScorecardLetter) -> Parcel:
        clinic = self._clinic(row.org, letter)
        page = Attachment(
            filename="scorecard.pdf", media_type="application/pdf", content=scorecard.build(letter)
        )
        fax = row.channel == "fax"
        context = ToOffice(
            clinic=clinic.short_name,
            phone=printed(clinic.phone),
            clinic_name=clinic.name,
            fax=printed(clinic.fax),
            address=clinic.address,
        )
        words = None if fax else render(Kind.SCORECARD, "email", "en", context)
        return Parcel(
            reference=row.reference,
            channel=cast(Channel, row.channel),
            to=row.address_ref or "",
            org=row.org,
            sender=clinic.fax if fax else clinic.short_name,
            subject=words.subject if words else "",
            body=words.body if words else "",
            attachments=(page,),
        )

    def _clinic(self, org: str, letter: ScorecardLetter) -> Clinic:
        """Whose letterhead it has; the first one where that clinic is gone by now."""
        clinics = self._tenants.get(org).organization.clinics
        same = (one for one in clinics if one.name == letter.letterhead.clinic)
        return next(same, clinics[0])

    def _client(self, row: DeliveryRow) -> ChannelClient:
        channel = cast(Channel, row.channel)
        return self._channels[channel, getattr(self._tenants.get(row.org).channels, channel)]
