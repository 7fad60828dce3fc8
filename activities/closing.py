"""Closing months on the day they are due, and telling the directors by mail: a link, no figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from temporalio import activity

from activities.guard import scrubbed
from activities.monthly import Monthly
from activities.tenants import Tenants
from integrations.registry import Clients
from models.contracts import MonthsClosed, Parcel, ReportAsked, ReportMail
from models.errors import CannotTell, ChannelError, Verdict
from models.monthly import ALL_CLINICS, in_address
from models.months import back, month_of, says
from models.organization import Staff
from models.roles import Role
from store import ledger, post, settling
from store.engine import Store
from store.tables import DeliveryRow, DeliveryState, SubjectType
from telemetry.logs import logger

_LOG = logger(__name__)
LOOK_BACK = 2  # months: an outage may have lasted over a whole one
SCHEDULE = "schedule"


class Closing:
    """The activities of the monthly report; both may run twice without harm."""

    def __init__(
        self,
        store: Store,
        tenants: Tenants,
        channels: Clients,
        clock: Callable[[], datetime],
        address: str,
    ) -> None:
        """*address* is where the desk is reached; the mails lead there."""
        self._store = store
        self._tenants = tenants
        self._channels = channels
        self._clock = clock
        self._address = address
        self._monthly = Monthly(store, tenants)

    @activity.defn(name="close_months")
    def close(self, asked: ReportAsked) -> MonthsClosed:
        """Close what is due by now and say who is told; raises NotFound for an unknown clinic."""
        return self.close_at(asked, self._clock())

    def close_at(self, asked: ReportAsked, now: datetime) -> MonthsClosed:
        """The same at a moment, for drivers with a clock of their own.

        Who is told is worked out again for a month that was closed by schedule before, so that a
        run cut off in between mails the rest: each mail is a row, and goes once.
        """
        calendar = self._tenants.calendar(asked.org, now)
        this = month_of(calendar.local_date(now))
        closed: list[str] = []
        mails: list[ReportMail] = []
        for ago in range(LOOK_BACK, 0, -1):
            month = back(this, ago)
            if self._began_after(asked.org, month):
                continue
            if self._monthly.close(asked.org, asked.scope, month, now=now, by=SCHEDULE) is None:
                continue
            self._close_with_those_that_left(asked.org, month, now)
            closed.append(month)
            mails += self._mails(asked, month, now)
        return MonthsClosed(months=tuple(closed), mails=tuple(mails))

    @activity.defn(name="mail_report")
    def mail(self, given: ReportMail) -> None:
        """Send one notice; once the mail server has it, running again does nothing.

        After a lost answer nothing is sent again: a notice too few does no harm, the report
        stands on the desk. Who is no director there any more is sent nothing. Raises ChannelError
        while the server can be asked again later.
        """
        with scrubbed():
            row = self._claimed(given)
            if row is None:
                return
            asked = ReportAsked(org=given.org, scope=given.scope)
            if any(one.id == given.staff_id for one in self._directors(asked)):
                self._send(given, row)
            else:
                self._settle(row, DeliveryState.FAILED, code="left")

    def _began_after(self, org: str, month: str) -> bool:
        """Whether the organization knew of no referral yet when the month ended."""
        with self._store.read() as session:
            first = ledger.first_month(session, org)
        return first is None or first > month

    def _close_with_those_that_left(self, org: str, month: str, now: datetime) -> None:
        """All of an organization that has one clinic left, which no schedule of its own closes.

        What the others received stands in no report but that one; where there were never others
        it is the one clinic's, closed already.
        """
        if len(self._monthly.clinics(org, ALL_CLINICS)) == 1:
            self._monthly.close(org, ALL_CLINICS, month, now=now, by=SCHEDULE)

    def _mails(self, asked: ReportAsked, month: str, now: datetime) -> Sequence[ReportMail]:
        mails = []
        with self._store.write() as session:
            for one in self._directors(asked):
                given = ReportMail(org=asked.org, scope=asked.scope, month=month, staff_id=one.id)
                row = post.queue_letter(
                    session,
                    subject_type=SubjectType.REPORT,
                    channel="email",
                    rung=0,
                    org=asked.org,
                    subject_id=_subject(given),
                    address=one.email,
                    at=now,
                )
                if row.state == DeliveryState.QUEUED:
                    mails.append(given)
        return mails

    def _directors(self, asked: ReportAsked) -> Sequence[Staff]:
        """Directors of the clinic; of the roll-up those who work at every clinic."""
        clinics = {one.id for one in self._monthly.clinics(asked.org, asked.scope)}
        staff = self._tenants.get(asked.org).staff
        return [one for one in staff if one.role is Role.DIRECTOR and clinics <= set(one.clinics)]

    def _claimed(self, given: ReportMail) -> DeliveryRow | None:
        with self._store.write() as session:
            row = post.notice(session, given.org, _subject(given))
            if row is None or not settling.claim(session, row.id, row.attempt, at=self._clock()):
                return None
            return row

    def _send(self, given: ReportMail, row: DeliveryRow) -> None:
        client = self._channels["email", self._tenants.get(given.org).channels.email]
        try:
            accepted = client.send(self._parcel(given, row))
        except CannotTell:
            self._settle(row, DeliveryState.UNKNOWN, code="uncertain")
        except ChannelError as error:
            if error.verdict is Verdict.LATER:
                with self._store.write() as session:
                    settling.put_off(session, row.id, row.attempt, code=error.code)
                raise
            self._settle(row, DeliveryState.FAILED, code=error.code)
            _LOG.warning("report_not_mailed", code=error.code)
        else:
            self._settle(row, DeliveryState.ACCEPTED, vendor_id=accepted.vendor_id)

    def _parcel(self, given: ReportMail, row: DeliveryRow) -> Parcel:
        clinics = self._monthly.clinics(given.org, given.scope)
        organization = self._tenants.get(given.org).organization
        whole = given.scope == ALL_CLINICS and len(clinics) > 1
        name = organization.name if whole else clinics[0].name
        link = f"{self._address}/reports/{in_address(given.scope)}/{given.month}"
        return Parcel(
            reference=row.reference,
            channel="email",
            org=given.org,
            to=row.address_ref or "",
            sender=organization.name,
            subject=f"Referral report of {says(given.month)}",
            body=f"The report of {says(given.month)} for {name} is ready:\n\n{link}\n",
        )

    def _settle(
        self, row: DeliveryRow, state: DeliveryState, *, vendor_id: str = "", code: str = ""
    ) -> None:
        with self._store.write() as session:
            settling.settle(
                session, row.id, state, at=self._clock(), vendor_id=vendor_id, code=code
            )


def _subject(given: ReportMail) -> str:
    """What the mail is about; organizations may have the same ids for clinics and staff."""
    return f"{given.org}/{given.scope}/{given.month}/{given.staff_id}"
