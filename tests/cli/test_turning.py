"""``turn-the-page`` wants to know whose page, and refuses while two releases poll."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from cli import turning
from cli.turning import turn
from models.errors import BadRequest, Conflict


@pytest.mark.parametrize(
    ("wanted", "everybody", "org"),
    [([], False, None), (["ref_1"], True, None), ([], True, "x' OR '1'='1")],
)
async def test_what_is_meant_must_be_plain(
    wanted: list[str], everybody: bool, org: str | None
) -> None:
    with pytest.raises(BadRequest):
        await turn(wanted, everybody=everybody, org=org, wait=0, anyway=False, as_json=False)


async def test_no_page_is_turned_while_an_old_release_polls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def lazily(_: object) -> Client:
        return object()  # never asked anything

    async def two(*_: object) -> frozenset[str]:
        return frozenset({"0ddba11e", "5e7f1e55"})

    monkeypatch.setattr(turning, "try_connect", lazily)
    monkeypatch.setattr(turning, "polling", two)
    with pytest.raises(Conflict, match="0ddba11e, 5e7f1e55"):
        await turn([], everybody=True, org=None, wait=0, anyway=False, as_json=False)
