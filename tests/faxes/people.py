"""People and offices that do not exist, for the faxes of the suite."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class Person(NamedTuple):
    """A patient as a form may name them."""

    given: str
    family: str
    born: date
    phone: str
    payer: str
    member: str
    icd: tuple[str, ...]
    reason: str


class Doctor(NamedTuple):
    """Whoever sends the patient."""

    name: str
    letters: str
    npi: str
    practice: str
    phone: str
    fax: str


PEOPLE = (
    Person(
        "Jordan",
        "Sentinel",
        date(1961, 1, 4),
        "(518) 555-0150",
        "Medicare Part B",
        "1EG4TE5MK72",
        ("M54.50",),
        "Low back pain",
    ),
    Person(
        "Maria",
        "Delgado-Ruiz",
        date(1978, 11, 23),
        "518-555-0151",
        "Aetna",
        "W123456789",
        ("M25.561",),
        "Right knee pain",
    ),
    Person(
        "Owen",
        "O'Malley",
        date(1949, 6, 30),
        "518.555.0152",
        "Medicare Part B",
        "2AB3CD4EF56",
        ("Z96.641", "M25.551"),
        "Status post right total hip replacement",
    ),
    Person(
        "Priya",
        "Raman",
        date(1990, 2, 9),
        "(518) 555-0153",
        "Blue Cross Blue Shield",
        "XYP987654321",
        ("M75.41",),
        "Right shoulder impingement",
    ),
    Person(
        "Walter",
        "Brightwater",
        date(1935, 12, 1),
        "(518) 555-0154",
        "Humana Medicare Advantage",
        "H55512345",
        ("R26.89",),
        "Gait instability and falls",
    ),
    Person(
        "Elena",
        "Marchetti",
        date(2001, 8, 17),
        "518-555-0155",
        "Cigna",
        "U7654321001",
        ("S83.511A",),
        "Left ACL tear",
    ),
    Person(
        "Samuel",
        "Thornquist",
        date(1967, 3, 12),
        "(518) 555-0156",
        "UnitedHealthcare",
        "945612378",
        ("M54.2",),
        "Neck pain",
    ),
    Person(
        "Grace",
        "Kimball",
        date(1985, 10, 5),
        "518-555-0157",
        "Medicaid",
        "AB12345C",
        ("M79.671",),
        "Right foot pain",
    ),
    Person(
        "Leonard",
        "Vasquez",
        date(1956, 7, 21),
        "(518) 555-0158",
        "Workers Compensation",
        "WC-2026-0417",
        ("S46.011A",),
        "Right rotator cuff strain",
    ),
    Person(
        "Hannah",
        "Oyelaran",
        date(1973, 4, 28),
        "(518) 555-0159",
        "Aetna",
        "W998877665",
        ("M17.11",),
        "Right knee osteoarthritis",
    ),
)

DOCTORS = (
    Doctor(
        "Ana Ruiz", "MD", "1234567893", "Lakeside Family Medicine", "518-555-0160", "518-555-0161"
    ),
    Doctor(
        "Peter Holloway",
        "DO",
        "2000000002",
        "Hudson Orthopedic Associates",
        "(518) 555-0162",
        "(518) 555-0163",
    ),
    Doctor(
        "Susan Whitfield",
        "NP",
        "1999999984",
        "Capital Spine Center",
        "(518) 555-0164",
        "(518) 555-0165",
    ),
    Doctor(
        "Marcus Lindqvist",
        "PA-C",
        "1000000004",
        "Northway Sports Medicine",
        "518-555-0166",
        "518-555-0167",
    ),
)
