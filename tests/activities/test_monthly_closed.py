"""A closed month stays what it was, whatever becomes of sources, clinics and earlier months."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from activities.monthly import Monthly
from activities.sources import Sources
from activities.tenants import Tenants
from models.contracts import SourceStart
from models.errors import BadRequest
from models.facts import (
    CoSourceAdded,
    Discharged,
    DischargeSummarySigned,
    EvaluationCompleted,
)
from models.linking import Link
from models.monthly import MonthlyReport
from models.re_engagement import Facts
from models.source_states import Change, SourceState
from models.verdicts import Counts, judge
from store import ledger, merges, source_states, verdicts
from store.tables import LedgerRow, ReferralRow, SourceRow, SourceStateRow
from tests.activities.office import CLINIC, MONDAY, ORG, Office

ALL = "*"
MARCH = "2026-03"
DUE = datetime(2026, 4, 2, 12, 0, tzinfo=UTC)  # 7:00 in Springfield, the last of the two clinics
DAY = timedelta(days=1)


@pytest.fixture
def monthly(office: Office) -> Monthly:
    return Monthly(office.store, office.tenants)


def closed(monthly: Monthly, scope: str = CLINIC) -> MonthlyReport:
    monthly.close(ORG, scope, MARCH, now=DUE, by="drew")
    return monthly.report(ORG, scope, MARCH, now=DUE)


def stood(office: Office, state: SourceState, since: datetime, known: datetime) -> None:
    with office.store.write() as session:
        row = SourceStateRow(
            org=ORG,
            source_id=office.source_id,
            state=state,
            since=since,
            last_at=since,
            known_at=known,
        )
        session.add(row)


def lines_at(office: Office, clinic_id: str) -> None:
    """The same referrals, as if they had come to another clinic as well."""
    with office.store.write() as session:
        for line in session.exec(select(LedgerRow)).all():
            session.add(LedgerRow(**line.model_dump(exclude={"id"}) | {"clinic_id": clinic_id}))


def same(first: MonthlyReport, again: MonthlyReport) -> None:
    assert again.model_copy(update={"late": first.late}) == first


@pytest.mark.parametrize(
    "month",
    ["2026-03\n", "２０２６-03", "٢٠٢٦-03", " 2026-03", "2026-3", "0001-01", "1899-12", "9999-12"],
)
def test_only_plain_months_are_months(monthly: Monthly, month: str) -> None:
    with pytest.raises(BadRequest):
        monthly.report(ORG, CLINIC, month, now=DUE)
    with pytest.raises(BadRequest):
        monthly.close(ORG, CLINIC, month, now=DUE, by="drew")


@pytest.mark.parametrize("month", ["1900-01", "1901-01", "2026-02", "8999-12"])
def test_far_months_are_reported_too(monthly: Monthly, month: str) -> None:
    assert monthly.report(ORG, CLINIC, month, now=DUE).figure("received").now.n == 0


def test_an_earlier_month_told_late_is_not_what_a_closed_one_is_compared_with(
    office: Office, monthly: Monthly
) -> None:
    first = closed(monthly)
    assert first.figure("received").before.value is None
    office.wall = DUE + DAY
    long_ago = datetime(2025, 3, 9, 15, 0, tzinfo=UTC)
    office.receive(at=long_ago, patient={"given_name": "Robin", "family_name": "Example"})
    same(first, monthly.report(ORG, CLINIC, MARCH, now=DUE + 2 * DAY))


def test_a_source_merged_later_still_stands_among_the_silent_of_a_closed_month(
    office: Office, monthly: Monthly
) -> None:
    stood(office, SourceState.QUIET, DUE - 10 * DAY, DUE - 10 * DAY)
    first = closed(monthly)
    assert [one.source_id for one in first.silent] == [office.source_id]
    gone = office.source_id
    office.receive(
        patient={"given_name": "Robin", "family_name": "Example"},
        source={"npi": "1558598797", "name": "Bo Sample"},
    )
    with office.store.write() as session:
        merges.merge(session, ORG, gone, office.source_id, by="drew", at=DUE + DAY)
    again = monthly.report(ORG, CLINIC, MARCH, now=DUE + 2 * DAY)
    assert again.silent == first.silent


def test_a_slow_clock_writes_no_state_and_no_verdict_into_a_closed_month(
    office: Office, monthly: Monthly
) -> None:
    other = office.another_source(npi="1558598797", name="Bo Sample")
    week = DUE.date() - timedelta(days=3)  # a Monday

    def verdict(source_id: str) -> None:
        counts = Counts(1, 52, 52, 1.0)
        told = [(verdicts.Sent(source_id, counts), judge(counts))]
        with office.store.write() as session:
            verdicts.keep(session, ORG, week, told, DUE - DAY)

    verdict(other)
    first = closed(monthly)
    assert first.silent == ()
    verdict(office.source_id)
    with office.store.write() as session:
        source = session.get_one(SourceRow, office.source_id)
        fell = Change(SourceState.QUIET, DUE - 10 * DAY, DUE - 70 * DAY)
        facts = Facts(silent=60)
        source_states.write(session, source, [fell], facts, known_at=DUE - DAY)
    again = Monthly(office.store, office.tenants).report(ORG, CLINIC, MARCH, now=DUE + DAY)
    same(first, again)
    open_one = monthly.report(ORG, CLINIC, "2026-04", now=DUE + DAY)
    assert [one.source_id for one in open_one.silent] == [office.source_id]


def test_a_verdict_of_long_ago_is_not_this_months(office: Office, monthly: Monthly) -> None:
    counts = Counts(1, 52, 52, 1.0)
    told = [(verdicts.Sent(office.source_id, counts), judge(counts))]
    for week, shown in ((MONDAY.date() - timedelta(weeks=5), None), (MONDAY.date(), "fading")):
        with office.store.write() as session:
            verdicts.keep(session, ORG, week, told, MONDAY)
        (line,) = monthly.report(ORG, CLINIC, MARCH, now=DUE).sources
        assert line.verdict == shown


def test_sources_are_dated_alike_in_the_report_of_every_clinic(
    office: Office, monthly: Monthly
) -> None:
    """They are the organization's: at midnight in Albany it is still March in Springfield."""
    lines_at(office, "west")
    april = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)
    stood(office, SourceState.QUIET, april, april)
    for scope in (CLINIC, "west", ALL):
        now = monthly.report(ORG, scope, MARCH, now=DUE)
        after = monthly.report(ORG, scope, "2026-04", now=DUE)
        assert now.silent == (), scope
        assert [one.since for one in after.silent] == [april.date()], scope


def test_a_clinic_that_left_the_policy_file_still_counts_in_the_roll_up(
    office: Office, monthly: Monthly
) -> None:
    first = closed(monthly, ALL)
    organization = office.tenant.organization
    left = [one for one in organization.clinics if one.id != CLINIC]
    smaller = office.tenant.model_copy(
        update={"organization": organization.model_copy(update={"clinics": tuple(left)})}
    )
    again = Monthly(office.store, Tenants([smaller])).report(ORG, ALL, MARCH, now=DUE + DAY)
    assert again.figure("received") == first.figure("received")
    assert [one.clinic_id for one in again.clinics] == ["west", CLINIC]


def test_before_the_first_referral_sources_have_no_data_and_not_none(
    office: Office, monthly: Monthly
) -> None:
    (line,) = monthly.report(ORG, CLINIC, MARCH, now=DUE).sources
    assert (line.received, line.before, line.year_ago) == (1, None, None)
    assert line.twelve == (*[None] * 11, 1)
    (later,) = monthly.report(ORG, CLINIC, "2026-05", now=DUE).sources
    assert (later.received, later.before, later.year_ago) == (0, 0, None)


def test_who_is_credited_has_not_also_sent(office: Office, monthly: Monthly) -> None:
    office.receive(source={"kind": "self", "npi": None, "practice": None, "name": "Jordan Lee"})
    first = office.referral_id
    other = office.another_source()
    with office.store.write() as session:
        row = session.get_one(ReferralRow, first)
        at = row.received_at + timedelta(hours=3)
        office.record.create(
            session,
            org=ORG,
            clinic_id=CLINIC,
            patient_id=row.patient_id,
            source_id=other,
            received_at=at,
            rules=office.tenants.rules(ORG, CLINIC, at),
            recorded_at=at,
            duplicate_of=first,
            linked_as=Link.CO_SOURCE,
        )
        added = CoSourceAdded(at=at, source_id=other, source_kind="provider", confirmed_at=at)
        office.record.write_in(session, ORG, first, added, recorded_at=at)
    told = monthly.report(ORG, CLINIC, MARCH, now=DUE)
    assert [(one.source_id, one.received, one.also) for one in told.sources] == [(other, 2, 0)]


def test_only_who_came_back_within_the_year_is_value_protected(
    office: Office, monthly: Monthly
) -> None:
    at = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
    office.tell(EvaluationCompleted(at=at, day=at.date()))
    long_ago = datetime(2023, 5, 1, 15, 0, tzinfo=UTC)
    stood(office, SourceState.RETURNED, long_ago, long_ago)
    told = monthly.report(ORG, CLINIC, MARCH, now=DUE).value
    assert told is not None
    assert (told.returned, told.episodes) == (0, 0)


@pytest.mark.parametrize(
    ("other_sent", "protected"),
    [
        (["2025-10-15"], 1),  # both were silent, and one of the two came back
        (["2025-10-15", "2025-11-15", "2025-12-15", "2026-01-15", "2026-02-15"], 0),  # never silent
    ],
)
def test_value_protected_of_an_open_month_follows_a_merge(
    office: Office, monthly: Monthly, other_sent: list[str], protected: int
) -> None:
    """The one that remains is judged by the referrals of both: what was no silence, protects none.

    The look is what the desk asks for after each merge (activities/keeping.py).
    """
    gone = office.source_id
    at = datetime(2026, 3, 12, 15, 0, tzinfo=UTC)
    office.tell(EvaluationCompleted(at=at, day=at.date()))
    looks = Sources(office.store, office.tenants, lambda: DUE)

    def sent(day: str, **source: str) -> str:
        came = datetime.fromisoformat(f"{day}T15:00:00Z")
        office.receive(at=came, patient={"given_name": f"Patient {day}"}, source=source)
        return office.source_id

    assert sent("2025-11-01") == gone
    (other,) = {sent(day, npi="1558598797", name="Bo Sample") for day in other_sent}

    def told(source_id: str) -> tuple[int, int]:
        looks.judge(SourceStart(org=ORG, source_id=source_id), DUE)
        value = monthly.report(ORG, CLINIC, MARCH, now=DUE).value
        return value.returned, value.episodes

    assert told(gone) == (1, 1)
    with office.store.write() as session:
        merges.merge(session, ORG, gone, other, by="drew", at=DUE)
    assert told(other) == (protected, protected)


def test_what_is_told_after_a_closing_ahead_of_the_clock_is_not_lost(
    office: Office, monthly: Monthly
) -> None:
    ledger.close(office.store, ORG, CLINIC, "2026-02", at=DUE + 90 * DAY, by="command")
    office.wall = DUE
    office.receive(patient={"given_name": "Robin", "family_name": "Example"})
    told = monthly.report(ORG, CLINIC, MARCH, now=DUE + timedelta(minutes=1))
    assert told.figure("received").now.value == 2


@pytest.mark.parametrize("kind", ["past_patient", "self"])
def test_no_patient_is_named_though_they_sent_somebody(
    office: Office, monthly: Monthly, kind: str
) -> None:
    nobody = {"npi": None, "practice": None, "credential": None, "fax": None}
    office.receive(
        patient={"given_name": "Robin", "family_name": "Example"},
        source={**nobody, "kind": kind, "name": "Robin Example", "phone": "518-555-0199"},
    )
    stood(office, SourceState.QUIET, DUE - 10 * DAY, DUE - 10 * DAY)
    told = monthly.report(ORG, CLINIC, MARCH, now=DUE)
    assert office.source_id in {one.source_id for one in told.sources}
    assert office.source_id in {one.source_id for one in told.silent}
    assert "Robin" not in told.model_dump_json()


def test_what_may_yet_come_in_time_is_not_held_against_anybody(
    office: Office, monthly: Monthly
) -> None:
    at = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    ended = DischargeSummarySigned(at=at + timedelta(hours=2), document_id="doc_1")
    office.tell(
        EvaluationCompleted(at=at, day=at.date()),
        Discharged(at=at + timedelta(hours=1), reason="goals_met"),
        ended,
    )
    for hours, still in ((3, 1), (27, 0)):
        told = monthly.report(ORG, CLINIC, MARCH, now=at + timedelta(hours=hours))
        for name in ("thanked_24h", "summary_24h"):
            assert told.figure(name).now.open == still, (name, hours)
        assert any("summaries" in one.says for one in told.things) == (not still)


def test_all_of_a_single_clinic_is_that_clinic(office: Office) -> None:
    organization = office.tenant.organization
    only = tuple(one for one in organization.clinics if one.id == CLINIC)
    smaller = office.tenant.model_copy(
        update={"organization": organization.model_copy(update={"clinics": only})}
    )
    monthly = Monthly(office.store, Tenants([smaller]))
    at = monthly.close(ORG, CLINIC, MARCH, now=DUE, by="schedule")
    assert monthly.close(ORG, ALL, MARCH, now=DUE + DAY, by="command") == at
    told = monthly.report(ORG, ALL, MARCH, now=DUE + DAY)
    assert told == monthly.report(ORG, CLINIC, MARCH, now=DUE + DAY)
    assert (told.preliminary, told.scope) == (False, CLINIC)
