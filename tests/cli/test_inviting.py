"""``invite``: one link for one person, and only the newest works."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cli.inviting import invite
from cli.workplace import open_record
from models.errors import NotFound
from settings import Settings
from store import sign_in
from web.desk.door import hash_of


def test_the_newest_link_opens_the_door(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    links = []
    for who in ("dana", "DANA@example.org", "riverside/dana"):
        invite(who)
        links.append(capsys.readouterr().out.strip())
    assert all(link.startswith(f"{settings.base_url}/sign-in/invited/") for link in links)
    now = datetime.now(UTC)
    with open_record(settings).store.read() as session:
        known = [sign_in.invited(session, hash_of(link.rsplit("/", 1)[1]), now) for link in links]
    assert [row is not None and row.staff_id for row in known] == [False, False, "dana"]


@pytest.mark.parametrize("who", ["nobody", "", "other/dana"])
def test_nobody_else_is_invited(settings: Settings, who: str) -> None:
    del settings
    with pytest.raises(NotFound, match="Name one person"):
        invite(who)
