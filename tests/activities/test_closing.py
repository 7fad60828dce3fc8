"""Months are closed on their day and the directors told, once, whatever breaks in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select
from temporalio.exceptions import ApplicationError

from activities.closing import Closing
from activities.monthly import KEPT, Monthly
from activities.tenants import Tenants
from models.contracts import MonthsClosed, ReportAsked, ReportMail
from models.errors import BadRequest, CannotTell, ChannelError, NotFound, Verdict
from models.facts import EvaluationCompleted
from models.months import back, closes_at
from models.policy.house import Report
from models.roles import Role
from store import ledger
from store.tables import DeliveryRow, LedgerRow
from tests.activities.office import CLINIC, ORG, Office
from tests.lives import CALENDAR

ALL = "*"
# March 2026 in Albany: April 1 is a Wednesday, so it is closed on Thursday the 2nd at 7:00 (EDT).
DUE = datetime(2026, 4, 2, 11, 0, tzinfo=UTC)
MARCH = "2026-03"


def closing(office: Office) -> Closing:
    return Closing(
        office.store,
        office.tenants,
        office.clients,
        lambda: office.wall,
        "https://desk.example.org",
    )


def asked(scope: str = CLINIC) -> ReportAsked:
    return ReportAsked(org=ORG, scope=scope)


def mail(closed: MonthsClosed) -> ReportMail:
    (only,) = closed.mails
    return only


def test_a_month_is_due_on_its_second_business_day_by_the_clinics_clock(office: Office) -> None:
    monthly = Monthly(office.store, office.tenants)
    assert monthly.due(ORG, CLINIC, MARCH) == DUE
    assert monthly.due(ORG, "west", MARCH) == DUE + timedelta(hours=1)  # Springfield
    assert monthly.due(ORG, ALL, MARCH) == DUE + timedelta(hours=1)
    new_year = closes_at("2026-12", CALENDAR, Report())
    assert CALENDAR.local(new_year).isoformat() == "2027-01-04T07:00:00-05:00"


def test_before_the_day_nothing_is_closed(office: Office) -> None:
    assert closing(office).close_at(asked(), DUE - timedelta(minutes=1)) == MonthsClosed()


def test_on_the_day_it_is_closed_and_the_director_is_told_once(office: Office) -> None:
    closed = closing(office).close_at(asked(), DUE)
    assert closed.months == (MARCH,)
    closing(office).mail(mail(closed))
    closing(office).mail(mail(closed))
    (parcel,) = office.email.accepted
    assert parcel.to == "drew@example.org"
    assert parcel.subject == "Referral report of March 2026"
    assert f"https://desk.example.org/reports/{CLINIC}/{MARCH}" in parcel.body
    again = closing(office).close_at(asked(), DUE + timedelta(days=1))
    assert (again.months, again.mails) == ((MARCH,), ())
    with office.store.read() as session:
        assert ledger.closed_at(session, ORG, CLINIC, MARCH) == DUE


def test_a_run_cut_off_before_the_mail_mails_at_the_next(office: Office) -> None:
    closing(office).close_at(asked(), DUE)
    again = closing(office).close_at(asked(), DUE + timedelta(hours=1))
    closing(office).mail(mail(again))
    assert len(office.email.accepted) == 1


def test_months_before_the_first_referral_are_not_made_up(office: Office) -> None:
    assert closing(office).close_at(asked(), datetime(2026, 3, 4, 15, 0, tzinfo=UTC)).months == ()


def test_an_outage_of_a_month_is_made_up_for(office: Office) -> None:
    closed = closing(office).close_at(asked(), datetime(2026, 5, 20, 15, 0, tzinfo=UTC))
    assert closed.months == (MARCH, "2026-04")


def test_of_the_last_clinic_left_all_is_closed_as_well_with_what_the_others_received(
    office: Office,
) -> None:
    organization = office.tenant.organization
    left = tuple(one for one in organization.clinics if one.id != CLINIC)
    alone = {"organization": organization.model_copy(update={"clinics": left})}
    office.tenants = Tenants([office.tenant.model_copy(update=alone)])
    now = DUE + timedelta(hours=1)  # Springfield
    closed = closing(office).close_at(asked("west"), now)
    assert closed.months == (MARCH,)
    told = Monthly(office.store, office.tenants).report(ORG, ALL, MARCH, now=now)
    assert (told.preliminary, told.figure("received").now.value) == (False, 1)
    assert [one.clinic_id for one in told.clinics] == ["west", CLINIC]
    west = Monthly(office.store, office.tenants).report(ORG, "west", MARCH, now=now)
    assert (west.preliminary, west.figure("received").now.value) == (False, 0)


def test_a_mail_server_that_is_away_is_asked_again(office: Office) -> None:
    closed = closing(office).close_at(asked(), DUE)
    office.email.before = [ChannelError("away", "It is away.", verdict=Verdict.LATER)]
    with pytest.raises(ApplicationError, match="away"):
        closing(office).mail(mail(closed))
    closing(office).mail(mail(closed))
    assert len(office.email.accepted) == 1


def test_a_lost_answer_sends_no_second_notice(office: Office) -> None:
    closed = closing(office).close_at(asked(), DUE)
    office.email.after = [CannotTell("cut off")]
    closing(office).mail(mail(closed))
    closing(office).mail(mail(closed))
    assert len(office.email.accepted) == 1


def test_a_refused_address_ends_it(office: Office) -> None:
    closed = closing(office).close_at(asked(), DUE)
    office.email.before = [ChannelError("no_such", "No.", verdict=Verdict.PERMANENT)]
    closing(office).mail(mail(closed))
    closing(office).mail(mail(closed))
    assert office.email.accepted == []


def test_the_report_of_an_open_month_closes_nothing(office: Office) -> None:
    monthly = Monthly(office.store, office.tenants)
    early = DUE - timedelta(days=3)
    assert monthly.close(ORG, CLINIC, MARCH, now=early, by="drew") is None
    told = monthly.report(ORG, CLINIC, MARCH, now=early)
    assert told.preliminary
    assert told.running
    assert (
        told.verdict
        == "1 referral in March 2026 so far; 0 of 1 have come to evaluation, 1 is still open."
    )
    over = monthly.report(ORG, CLINIC, MARCH, now=DUE - timedelta(days=1))
    assert (over.preliminary, over.running) == (True, False)
    assert told.figure("received").now.value == 1
    with office.store.read() as session:
        assert ledger.closed_at(session, ORG, CLINIC, MARCH) is None


def test_a_closed_month_asked_again_says_the_same_and_counts_what_came_late(office: Office) -> None:
    office.wall = datetime(2026, 3, 2, 15, 1, tzinfo=UTC)
    monthly = Monthly(office.store, office.tenants)
    monthly.close(ORG, CLINIC, MARCH, now=DUE, by="drew")
    first = monthly.report(ORG, CLINIC, MARCH, now=DUE)
    assert not first.preliminary
    at = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
    late = EvaluationCompleted(at=at, day=at.date())
    office.record.write(ORG, office.referral_id, late, recorded_at=DUE + timedelta(days=2))
    office.receive(at=at, patient={"given_name": "Robin", "family_name": "Example"})
    again = monthly.report(ORG, CLINIC, MARCH, now=DUE + timedelta(days=40))
    assert again.model_copy(update={"late": first.late}) == first
    assert (again.late.arrived, again.late.changed) == (1, 1)
    assert again.as_of == DUE


def test_nothing_is_said_of_other_clinics_or_of_no_month(office: Office) -> None:
    monthly = Monthly(office.store, office.tenants)
    with pytest.raises(NotFound):
        monthly.report(ORG, "nowhere", MARCH, now=DUE)
    with pytest.raises(BadRequest):
        monthly.report(ORG, CLINIC, "2026-13", now=DUE)
    empty = monthly.report(ORG, "west", MARCH, now=DUE + timedelta(days=1))
    assert empty.verdict == "No referral was received in March 2026."
    assert empty.figure("converted").now.value is None
    assert empty.things == ()
    assert back(empty.figures[0].months[0].month, -11) == MARCH


def test_the_roll_up_names_every_clinic(office: Office) -> None:
    monthly = Monthly(office.store, office.tenants)
    told = monthly.report(ORG, ALL, MARCH, now=DUE + timedelta(days=1))
    assert [one.clinic_id for one in told.clinics] == ["east", "west"]
    assert [one.amounts[0].value for one in told.clinics] == [1, 0]
    assert told.scope_name == "Riverside Physical Therapy, all 2 clinics"


def without_the_director(office: Office) -> Tenants:
    told = office.tenant
    staff = tuple(one for one in told.staff if one.role is not Role.DIRECTOR)
    return Tenants([told.model_copy(update={"staff": staff})])


def test_a_director_who_left_meanwhile_is_not_mailed(office: Office) -> None:
    closed = closing(office).close_at(asked(), DUE)
    office.tenants = without_the_director(office)
    closing(office).mail(mail(closed))
    assert office.email.accepted == []
    with office.store.read() as session:
        rows = session.exec(select(DeliveryRow)).all()
        assert [(one.state, one.code) for one in rows] == [("failed", "left")]


def test_two_organizations_with_the_same_ids_are_both_told(office: Office) -> None:
    told = office.tenant
    organization = told.organization.model_copy(update={"id": "lakeside"})
    other = told.model_copy(update={"organization": organization})
    office.tenants = Tenants([told, other])
    with office.store.write() as session:
        line = session.exec(select(LedgerRow)).one()
        copied = line.model_dump(exclude={"id"}) | {"org": "lakeside"}
        session.add(LedgerRow(**copied))
    for org in (ORG, "lakeside"):
        closed = closing(office).close_at(ReportAsked(org=org, scope=CLINIC), DUE)
        closing(office).mail(mail(closed))
    assert len(office.email.accepted) == 2


def test_the_roll_up_is_looked_at_by_the_clock_that_comes_last(office: Office) -> None:
    told = office.tenant
    clinics = tuple(reversed(told.organization.clinics))
    organization = told.organization.model_copy(update={"clinics": clinics})
    turned = Tenants([told.model_copy(update={"organization": organization})])
    for tenants in (office.tenants, turned):
        (zone,) = [zone for scope, zone, _ in tenants.report_clocks(ORG) if scope == ALL]
        assert zone == "America/Chicago"


def test_a_closed_report_asked_again_still_hears_of_what_came_late(office: Office) -> None:
    monthly = Monthly(office.store, office.tenants)
    monthly.close(ORG, CLINIC, MARCH, now=DUE, by="drew")
    first = monthly.report(ORG, CLINIC, MARCH, now=DUE)
    assert (first.late.arrived, first.late.changed) == (0, 0)
    office.wall = DUE + timedelta(days=1)
    office.receive(at=datetime(2026, 3, 9, 15, 0, tzinfo=UTC), patient={"given_name": "Robin"})
    again = monthly.report(ORG, CLINIC, MARCH, now=DUE + timedelta(days=2))
    assert again.late.arrived == 1
    assert again.model_copy(update={"late": first.late}) == first


def test_only_a_few_closed_reports_are_kept(office: Office) -> None:
    monthly = Monthly(office.store, office.tenants)
    later = datetime(2027, 3, 9, 15, 0, tzinfo=UTC)
    for ago in range(2 * KEPT):
        month = back("2027-01", ago)
        monthly.close(ORG, CLINIC, month, now=later, by="drew")
        monthly.report(ORG, CLINIC, month, now=later)
    assert len(monthly._kept) == KEPT
