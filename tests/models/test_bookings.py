"""Booked by phone, and then told by the EMR: one visit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models.facts import AppointmentBooked, AppointmentCancelled
from models.referral import Referral
from tests.lives import on, received

START = datetime(2026, 1, 12, 15, tzinfo=UTC)
TYPED = "apt_23456789bcdf"
HOUR = timedelta(hours=1)


def booked(name: str, hours: float, day: int = 5) -> AppointmentBooked:
    at = START + hours * HOUR
    return AppointmentBooked(at=at, as_of=at, appointment_id=name, starts_at=on(START, day))


def stands(*facts: AppointmentBooked | AppointmentCancelled) -> tuple[str, int] | None:
    """Which appointment stands, and on which day."""
    found = Referral([received(START), *facts]).appointment()
    return (found.appointment_id, (found.starts_at - START).days) if found else None


def test_what_was_typed_stands_until_the_emr_says_otherwise() -> None:
    assert stands(booked(TYPED, 1)) == (TYPED, 5)
    assert stands(booked(TYPED, 1), booked("emr", 2, day=7)) == ("emr", 7)
    assert stands(booked(TYPED, 1), booked("emr", 2, day=3)) == ("emr", 3)


def test_the_same_time_keeps_its_name_so_that_nothing_is_confirmed_twice() -> None:
    assert stands(booked(TYPED, 1), booked("zzz-emr", 2)) == (TYPED, 5)
    assert stands(booked("a-emr", 1), booked(TYPED, 2)) == ("a-emr", 5)


def test_once_the_emr_has_spoken_it_moves_and_cancels_the_visit() -> None:
    first, moved = booked("emr", 2), booked("emr", 3, day=9)
    assert stands(booked(TYPED, 1), first, moved) == ("emr", 9)
    at = START + 4 * HOUR
    gone = AppointmentCancelled(at=at, as_of=at, appointment_id="emr")
    assert stands(booked(TYPED, 1), first, gone) is None


def test_what_is_typed_after_the_emr_counts_where_it_is_another_time() -> None:
    assert stands(booked("emr", 1, day=3), booked(TYPED, 2, day=8)) == (TYPED, 8)
