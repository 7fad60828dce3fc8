"""Every role has its rights, and nobody more of a patient than they work with."""

from __future__ import annotations

import pytest

from models.access import GRANTS, May, masked
from models.roles import Role


def test_every_role_has_a_line_and_sees_the_board() -> None:
    assert set(GRANTS) == set(Role)
    assert all(May.BOARD in rights for rights in GRANTS.values())


@pytest.mark.parametrize("role", [Role.LIAISON, Role.ADMIN])
def test_who_works_with_no_patient_sees_no_names(role: Role) -> None:
    assert not GRANTS[role] & {May.NAMES, May.CHART, May.TALK, May.SORT, May.WORK, May.WAIT}


def test_a_chart_is_never_open_to_who_may_not_know_the_name() -> None:
    for role, rights in GRANTS.items():
        if rights & {May.CHART, May.TALK, May.SORT}:
            assert May.NAMES in rights, role


@pytest.mark.parametrize(
    ("given", "family", "said"),
    [("Ana", "Ortiz", "A. O."), (" ana ", "", "A."), ("", "", "–"), ("Éva", "ōta", "É. Ō.")],
)
def test_a_masked_patient_is_initials(given: str, family: str, said: str) -> None:
    assert masked(given, family) == said
